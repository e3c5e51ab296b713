//! RFC 7517 §5: the public keys of a client, by which its signatures are verified and what is meant for it is encrypted.

use super::jwk::Jwk;
use super::{Algorithm, EncryptionKey, KeyManagement};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::{Map, Value};

/// How many keys are tried for a signature that does not name its key.
const TRIED: usize = 8;

/// The members that only a private or a symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// The keys of a client, from its `jwks` or from behind its `jwks_uri` (RFC 7591 §2).
#[derive(Clone, Debug, Default)]
pub struct ClientKeys(Vec<Jwk>);

/// Why a set of keys was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKeysError {
    /// Longer than [`ClientKeys::LONGEST`].
    TooLong,
    /// Not a JSON object with an array `keys` of objects.
    Malformed,
    /// More than [`ClientKeys::MOST`] keys.
    TooMany,
    /// A private or a symmetric key: whoever published it has to replace it.
    Private,
}

impl ClientKeysError {
    /// What was wrong, and what to do.
    pub const fn description(self) -> &'static str {
        match self {
            Self::TooLong => "the key set is longer than 64 KiB: publish only the keys that are in use",
            Self::Malformed => "the key set must be a JSON object with an array of JWKs as its member keys",
            Self::TooMany => "the key set has more than 50 keys: publish only the keys that are in use",
            Self::Private => {
                "the key set contains a private or symmetric key: replace that key, and publish public ones"
            }
        }
    }
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Map<String, Value>>,
}

impl ClientKeys {
    /// The longest set that is read, in bytes.
    pub const LONGEST: usize = 65_536;

    /// The most keys that a set may have.
    pub const MOST: usize = 50;

    /// Reads a set.
    pub fn parse(json: &[u8]) -> Result<Self, ClientKeysError> {
        if json.len() > Self::LONGEST {
            return Err(ClientKeysError::TooLong);
        }
        let Set { keys } = serde_json::from_slice(json).map_err(|_| ClientKeysError::Malformed)?;
        if keys.len() > Self::MOST {
            return Err(ClientKeysError::TooMany);
        }
        // RFC 7517 §9.2: what can sign or decrypt must not be disclosed, so a key that has been is no proof of anything.
        if keys.iter().any(|key| {
            PRIVATE.iter().any(|member| key.contains_key(*member)) || key.get("kty") == Some(&Value::from("oct"))
        }) {
            return Err(ClientKeysError::Private);
        }
        // RFC 7517 §5: keys of unknown types, without required members or out of range are ignored.
        Ok(Self(keys.iter().filter_map(Jwk::read).collect()))
    }

    /// Whether there is no key that can be used here.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key has this name. If none has, the client may have published it since.
    pub fn know(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// OpenID Connect Core §10.2: the key to encrypt for the client with by this algorithm: the first, and rather one that says
    /// that it is for this.
    pub fn encryption_key(&self, alg: KeyManagement) -> Option<EncryptionKey<'_>> {
        let fitting = self.0.iter().filter_map(|key| Some((key.leaves_open(), key.encryption(alg)?)));
        fitting.min_by_key(|(leaves_open, _)| *leaves_open).map(|(_, key)| key)
    }

    /// RFC 7517 §4.5: the key for this algorithm where there is one alone, and it has no name: then it is meant whatever it is called.
    pub(super) fn only_unnamed(&self, algorithm: Algorithm) -> Option<DecodingKey> {
        let mut fitting = self.0.iter().filter_map(|key| Some((key, key.verification(algorithm)?)));
        match (fitting.next(), fitting.next()) {
            (Some((key, verifying)), None) if key.kid.is_none() => Some(verifying),
            _ => None,
        }
    }

    /// RFC 7515 §6: what may verify a signature by this algorithm: keys of its name, or where it names none, the first few.
    pub(super) fn verifying(&self, kid: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = DecodingKey> {
        let named = self.0.iter().filter(move |key| kid.is_none() || key.kid.as_deref() == kid);
        named.filter_map(move |key| key.verification(algorithm)).take(TRIED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    // RFC 7517 appendix A.1, RFC 8037 appendix A.2.
    fn ec() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "kid": "1", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" })
    }

    fn ed25519() -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
    }

    fn rsa(bits: usize) -> Value {
        let mut modulus = vec![0xff; bits / 8];
        modulus[0] = if bits.is_multiple_of(8) { 0x80 } else { 0x7f };
        json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB" })
    }

    fn parse(keys: &[Value]) -> Result<ClientKeys, ClientKeysError> {
        ClientKeys::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    /// How many of these are used.
    fn used(keys: &[Value]) -> usize {
        parse(keys).unwrap().0.len()
    }

    #[test]
    fn s5_what_is_not_understood_is_ignored() {
        assert_eq!(used(&[ec(), ed25519(), rsa(2048)]), 3);
        let changed = |mut key: Value, member: &str, value: Value| {
            key[member] = value;
            key
        };
        for ignored in [
            json!({}),
            json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA" }),
            json!({ "kty": "made-up" }),
            changed(ec(), "crv", json!("P-384")),
            changed(ec(), "crv", json!("secp256k1")),
            changed(ec(), "kty", json!("ec")),
            changed(ec(), "kid", json!(1)),
            changed(ed25519(), "crv", json!("X25519")),
            changed(ed25519(), "x", json!("AAAA")),
            changed(rsa(2048), "e", json!("")),
            changed(rsa(2048), "n", Value::Null),
        ] {
            assert_eq!(used(&[ignored.clone(), ec()]), 1, "{ignored}");
        }
        let set = json!({ "keys": [ec()], "made-up": 1 });
        assert!(!ClientKeys::parse(set.to_string().as_bytes()).unwrap().is_empty());
        assert!(parse(&[]).unwrap().is_empty());
    }

    #[test]
    fn rfc7518_s6_2_1_a_point_is_on_its_curve() {
        for (member, value) in [
            ("x", json!("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D5")),
            ("y", json!("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyA")),
            ("y", json!("")),
            ("x", json!("ADCgQkzSHClEg4otdckrN-duog2fAIk6O07uijwKr-w-")),
            ("x", json!("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4=")),
            ("y", Value::Null),
        ] {
            let mut key = ec();
            key[member] = value.clone();
            assert_eq!(used(&[key]), 0, "{member} {value}");
        }
        // The same point, cut in two elsewhere.
        let [x, y] = ["x", "y"].map(|member| URL_SAFE_NO_PAD.decode(ec()[member].as_str().unwrap()).unwrap());
        let mut key = ec();
        key["x"] = json!(URL_SAFE_NO_PAD.encode([x, y[..1].to_vec()].concat()));
        key["y"] = json!(URL_SAFE_NO_PAD.encode(&y[1..]));
        assert_eq!(used(&[key]), 0);
    }

    #[test]
    fn rfc7518_s3_3_an_rsa_key_has_2048_bits_and_not_too_many() {
        assert_eq!(used(&[rsa(2048), rsa(3072), rsa(4096), rsa(8192)]), 4);
        for bits in [512, 1024, 2040, 2047, 8200, 16_384] {
            assert_eq!(used(&[rsa(bits)]), 0, "{bits}");
        }
        let mut even = rsa(2048);
        even["n"] = json!(URL_SAFE_NO_PAD.encode([&[0x80; 255][..], &[0xfe]].concat()));
        assert_eq!(used(&[even]), 0, "no product of two primes but 2");
    }

    #[test]
    fn rfc8017_s3_1_an_rsa_key_has_an_odd_exponent_that_is_not_one_and_not_huge() {
        let with = |e: &[u8]| {
            let mut key = rsa(2048);
            key["e"] = json!(URL_SAFE_NO_PAD.encode(e));
            used(&[key])
        };
        for e in [&[3][..], &[17], &[1, 0, 1], &[0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(with(e), 1, "{e:?}");
        }
        for e in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 0, 1], &[0, 1, 0, 1], &[1; 256], &[1; 1_024]] {
            assert_eq!(with(e), 0, "{e:?}");
        }
    }

    #[test]
    fn s9_2_a_set_with_a_private_key_is_refused() {
        for (mut key, member) in [(ec(), "d"), (ed25519(), "d"), (rsa(2048), "d"), (rsa(2048), "qi"), (json!({}), "k")]
        {
            key[member] = json!("AAAA");
            assert_eq!(parse(&[ec(), key]).unwrap_err(), ClientKeysError::Private);
        }
        assert_eq!(parse(&[json!({ "kty": "oct" })]).unwrap_err(), ClientKeysError::Private);
        assert_eq!(parse(&[json!({ "kty": "AKP", "priv": "AAAA" })]).unwrap_err(), ClientKeysError::Private);
    }

    #[test]
    fn a_set_has_limits() {
        assert_eq!(used(&vec![ec(); 50]), 50);
        assert_eq!(parse(&vec![ec(); 51]).unwrap_err(), ClientKeysError::TooMany);
        let padded =
            |length: usize| format!("{}{}", json!({ "keys": [ec()] }), " ".repeat(length))[..length].to_owned();
        assert!(ClientKeys::parse(padded(65_536).as_bytes()).is_ok());
        assert_eq!(ClientKeys::parse(padded(65_537).as_bytes()).unwrap_err(), ClientKeysError::TooLong);
        for json in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[1]}", "{\"keys\":null}", "{\"keys\":[]}x"] {
            assert_eq!(ClientKeys::parse(json.as_bytes()).unwrap_err(), ClientKeysError::Malformed, "{json}");
        }
    }

    #[test]
    fn s4_5_a_name_is_known_or_not() {
        let keys = parse(&[ec(), ed25519()]).unwrap();
        assert!(keys.know("1") && !keys.know("2") && !keys.know(""));
    }
}

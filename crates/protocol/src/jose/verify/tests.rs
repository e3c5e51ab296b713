use super::super::SigningKey;
use super::*;
use crate::types::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

const LONGEST: usize = SignedJwt::LONGEST;
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A client's key, and its public JWK.
struct Key {
    key: SigningKey,
    jwk: Value,
}

impl Key {
    fn new(algorithm: Algorithm) -> Self {
        let key = SigningKey::from_pkcs8(algorithm, &SigningKey::generate(algorithm).unwrap()).unwrap();
        let jwk = key.public().jwk().clone();
        Self { key, jwk }
    }

    fn algorithm(&self) -> Algorithm {
        self.key.public().algorithm()
    }

    fn kid(&self) -> &str {
        self.key.public().kid()
    }

    /// Signs whatever it is given.
    fn sign(&self, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        self.key.signed(message).unwrap()
    }

    fn token(&self) -> String {
        let header = json!({ "alg": self.algorithm().as_str(), "kid": self.kid() });
        self.sign(&header.to_string(), "{\"iss\":\"app\"}")
    }

    /// Its JWK with a member changed, or without it.
    fn with(&self, member: &str, value: Value) -> Value {
        let mut jwk = self.jwk.clone();
        if value.is_null() {
            jwk.as_object_mut().unwrap().remove(member);
        } else {
            jwk[member] = value;
        }
        jwk
    }
}

static ES256: LazyLock<Key> = LazyLock::new(|| Key::new(Algorithm::ES256));
static EDDSA: LazyLock<Key> = LazyLock::new(|| Key::new(Algorithm::EdDSA));
static RS256: LazyLock<Key> = LazyLock::new(|| Key::new(Algorithm::RS256));
static PS256: LazyLock<Key> = LazyLock::new(|| Key::new(Algorithm::PS256));

fn every_key() -> [&'static Key; 4] {
    [&ES256, &EDDSA, &RS256, &PS256]
}

fn es256() -> ClientKeys {
    set(std::slice::from_ref(&ES256.jwk))
}

fn set(keys: &[Value]) -> ClientKeys {
    ClientKeys::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn verify(text: &str, keys: &ClientKeys) -> Result<Claims, VerifyError> {
    SignedJwt::parse(text, LONGEST)?.verify(keys, &Algorithm::ALL).cloned()
}

/// As [`verify`], by what comes out.
fn outcome(text: &str, keys: &ClientKeys) -> Option<VerifyError> {
    verify(text, keys).err()
}

/// A token of the ES256 key with this header, judged with its set.
fn with_header(header: &Value) -> Option<VerifyError> {
    outcome(&ES256.sign(&header.to_string(), "{}"), &es256())
}

fn signed_with_secret(secret: &[u8], header: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{\"iss\":\"app\"}"));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[test]
fn s5_2_every_algorithm_verifies_with_its_own_key_only() {
    let keys = set(&every_key().map(|key| key.jwk.clone()));
    for key in every_key() {
        assert_eq!(verify(&key.token(), &keys).unwrap().iss.as_deref(), Some("app"), "{}", key.algorithm());
        let other = Key::new(key.algorithm());
        assert_eq!(outcome(&other.token(), &keys), Some(VerifyError::UnknownKey), "{}", key.algorithm());
        let header = json!({ "alg": key.algorithm().as_str(), "kid": key.kid() });
        let forged = other.sign(&header.to_string(), "{}");
        assert_eq!(outcome(&forged, &keys), Some(VerifyError::BadSignature), "{}", key.algorithm());
    }
}

#[test]
fn rfc9864_s2_2_ed25519_has_two_names() {
    let named = |alg: &str| EDDSA.sign(&json!({ "alg": alg, "kid": EDDSA.kid() }).to_string(), "{}");
    for of_key in [json!("EdDSA"), json!("Ed25519"), Value::Null] {
        let keys = set(&[EDDSA.with("alg", of_key)]);
        assert_eq!(["EdDSA", "Ed25519"].map(|alg| outcome(&named(alg), &keys)), [None, None]);
        assert_eq!(outcome(&named("Ed448"), &keys), Some(VerifyError::WrongAlgorithm));
    }
}

#[test]
fn rfc7515_a_the_examples_of_the_specification() {
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let check = |claims: &Claims| {
        assert_eq!((claims.iss.as_deref(), claims.exp), (Some("joe"), Some(Timestamp::from_unix(1_300_819_380))));
        assert_eq!(claims.other["http://example.com/is_root"], true);
    };
    // Appendix A.1.
    let text =
        format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let jwt = SignedJwt::parse(&text, LONGEST).unwrap();
    assert_eq!(jwt.typ(), Some("JWT"));
    check(jwt.verify_with_secret(&URL_SAFE_NO_PAD.decode(secret).unwrap()).unwrap());
    // Appendix A.2.
    let keys = set(&[json!({ "kty": "RSA", "e": "AQAB", "n":
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgN\
         MsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xs\
         mtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    })]);
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1d\
         nZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu\
         sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    check(&verify(&format!("eyJhbGciOiJSUzI1NiJ9.{payload}.{signature}"), &keys).unwrap());
    // Appendix A.3.
    let keys = set(&[json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" })]);
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    check(&verify(&format!("eyJhbGciOiJFUzI1NiJ9.{payload}.{signature}"), &keys).unwrap());
}

#[test]
fn rfc8725_s3_1_the_algorithm_is_one_that_was_agreed_on() {
    let keys = set(&every_key().map(|key| key.jwk.clone()));
    for key in every_key() {
        let text = key.token();
        let jwt = SignedJwt::parse(&text, LONGEST).unwrap();
        let others: Vec<Algorithm> = Algorithm::ALL.into_iter().filter(|it| *it != key.algorithm()).collect();
        assert!(jwt.verify(&keys, &[key.algorithm()]).is_ok());
        assert_eq!(jwt.verify(&keys, &others).unwrap_err(), VerifyError::WrongAlgorithm);
        assert_eq!(jwt.verify(&keys, &[]).unwrap_err(), VerifyError::WrongAlgorithm);
    }
    for alg in ["none", "None", "NONE", "", "HS256", "HS512", "ES384", "ES512", "es256", "ES256K", "RSA-OAEP-256"] {
        assert_eq!(with_header(&json!({ "alg": alg })), Some(VerifyError::WrongAlgorithm), "{alg}");
    }
    let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"), URL_SAFE_NO_PAD.encode("{}"));
    assert_eq!(outcome(&unsigned, &keys), Some(VerifyError::WrongAlgorithm));
}

#[test]
fn rfc8725_s2_1_a_public_key_is_no_secret() {
    let key = &*RS256;
    let keys = set(&[key.jwk.clone(), ES256.jwk.clone()]);
    let secrets = [
        key.jwk.to_string().into_bytes(),
        key.jwk["n"].as_str().unwrap().as_bytes().to_vec(),
        URL_SAFE_NO_PAD.decode(key.jwk["n"].as_str().unwrap()).unwrap(),
    ];
    for secret in secrets {
        let text = signed_with_secret(&secret, &json!({ "alg": "HS256", "kid": key.kid() }).to_string());
        assert_eq!(outcome(&text, &keys), Some(VerifyError::WrongAlgorithm));
    }
    // The key that was named is of another type than the algorithm.
    let header = json!({ "alg": "ES256", "kid": key.kid() });
    assert_eq!(outcome(&ES256.sign(&header.to_string(), "{}"), &keys), Some(VerifyError::WrongAlgorithm));
}

#[test]
fn rfc7518_s3_2_a_secret_verifies_hs256_only() {
    let text = signed_with_secret(SECRET, "{\"alg\":\"HS256\"}");
    let jwt = SignedJwt::parse(&text, LONGEST).unwrap();
    assert_eq!(jwt.verify_with_secret(SECRET).unwrap().iss.as_deref(), Some("app"));
    assert_eq!(jwt.verify_with_secret(&[SECRET, b"0"].concat()).unwrap_err(), VerifyError::BadSignature);
    for alg in ["none", "HS384", "HS512", "ES256", "RS256", "hs256"] {
        let text = signed_with_secret(SECRET, &json!({ "alg": alg }).to_string());
        let jwt = SignedJwt::parse(&text, LONGEST).unwrap();
        assert_eq!(jwt.verify_with_secret(SECRET).unwrap_err(), VerifyError::WrongAlgorithm, "{alg}");
    }
    let short = &SECRET[..31];
    let text = signed_with_secret(short, "{\"alg\":\"HS256\"}");
    let jwt = SignedJwt::parse(&text, LONGEST).unwrap();
    assert_eq!(jwt.verify_with_secret(short).unwrap_err(), VerifyError::WrongAlgorithm);
    for signature in ["", "AAAA", "=", "*"] {
        let text = format!("{}.{signature}", text.rsplit_once('.').unwrap().0);
        let jwt = SignedJwt::parse(&text, LONGEST).unwrap();
        assert_eq!(jwt.verify_with_secret(SECRET).unwrap_err(), VerifyError::BadSignature, "{signature}");
    }
}

#[test]
fn s4_1_a_header_brings_no_key_and_nothing_critical() {
    let plain = json!({ "alg": "ES256", "kid": ES256.kid(), "x5t": "AAAA", "typ": "JWT", "made-up": [1] });
    assert_eq!(with_header(&plain), None);
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("jku", json!("https://example.com/jwks")),
        ("jwk", ES256.jwk.clone()),
        ("jwk", json!(null)),
        ("x5u", json!("https://example.com/x5u")),
        ("alg", json!(null)),
        ("alg", json!(["ES256"])),
        ("kid", json!(1)),
        ("kid", json!(null)),
        ("typ", json!(true)),
    ] {
        let mut header = plain.clone();
        header[name] = value;
        assert_eq!(with_header(&header), Some(VerifyError::Malformed), "{name}");
    }
    assert_eq!(with_header(&json!({ "kid": ES256.kid() })), Some(VerifyError::Malformed));
    for header in ["[]", "\"ES256\"", "", "{\"alg\":\"ES256\"}x", "null"] {
        assert_eq!(
            outcome(&ES256.sign(header, "{}"), &ClientKeys::default()),
            Some(VerifyError::Malformed),
            "{header}"
        );
    }
}

#[test]
fn s4_1_4_the_key_that_is_named_or_the_first_few() {
    let (known, foreign) = (&*ES256, Key::new(Algorithm::ES256));
    let keys = set(&[EDDSA.jwk.clone(), foreign.with("kid", Value::Null), known.jwk.clone()]);
    assert_eq!(with_header(&json!({ "alg": "ES256", "kid": known.kid() })), None);
    assert_eq!(with_header(&json!({ "alg": "ES256", "kid": "other" })), Some(VerifyError::UnknownKey));
    let unnamed = |key: &Key, keys: &ClientKeys| outcome(&key.sign("{\"alg\":\"ES256\"}", "{}"), keys);
    assert_eq!(unnamed(known, &keys), None);
    assert_eq!(unnamed(&foreign, &keys), None);
    assert_eq!(unnamed(&Key::new(Algorithm::ES256), &keys), Some(VerifyError::UnknownKey));
    assert_eq!(unnamed(known, &ClientKeys::default()), Some(VerifyError::UnknownKey));
    // Two keys may have one name; all of them are tried.
    let shared = set(&[foreign.with("kid", json!(known.kid())), known.jwk.clone()]);
    assert_eq!(outcome(&known.token(), &shared), None);
    // Whoever has many keys names the one that signed.
    let many = |before| {
        let mut keys = vec![foreign.jwk.clone(); before];
        keys.push(known.jwk.clone());
        set(&keys)
    };
    assert_eq!(unnamed(known, &many(7)), None);
    assert_eq!(unnamed(known, &many(8)), Some(VerifyError::UnknownKey));
    assert_eq!(outcome(&known.token(), &many(49)), None);
}

#[test]
fn core_s10_1_a_client_with_one_key_need_not_name_it() {
    let (known, foreign) = (&*ES256, Key::new(Algorithm::ES256));
    let unnamed = |key: &Key| key.with("kid", Value::Null);
    assert_eq!(outcome(&known.token(), &set(&[unnamed(known)])), None);
    let with_another_type = [EDDSA.jwk.clone(), unnamed(known), unnamed(&RS256)];
    assert_eq!(outcome(&known.token(), &set(&with_another_type)), None, "it is the only one for this algorithm");
    for keys in [
        vec![unnamed(&foreign)],
        vec![unnamed(known), unnamed(&foreign)],
        vec![unnamed(known), foreign.jwk.clone()],
        vec![known.with("kid", json!("another"))],
    ] {
        assert_eq!(outcome(&known.token(), &set(&keys)), Some(VerifyError::UnknownKey), "{keys:?}");
    }
}

#[test]
fn rfc7517_s4_2_a_key_is_for_what_it_says() {
    for key in every_key() {
        let judged = |member: &str, value: Value| outcome(&key.token(), &set(&[key.with(member, value)]));
        for (member, value) in [
            ("use", Value::Null),
            ("alg", Value::Null),
            ("key_ops", json!(["verify"])),
            ("key_ops", json!(["encrypt", "verify"])),
            ("x5c", json!(["AAAA"])),
            ("made-up", json!({})),
        ] {
            assert_eq!(judged(member, value.clone()), None, "{} {member} {value}", key.algorithm());
        }
        for (member, value) in
            [("use", json!("enc")), ("alg", json!("ES384")), ("key_ops", json!([])), ("key_ops", json!(["sign"]))]
        {
            let wrong = Some(VerifyError::WrongAlgorithm);
            assert_eq!(judged(member, value.clone()), wrong, "{} {member} {value}", key.algorithm());
        }
        for (member, value) in [("use", json!(1)), ("alg", json!([])), ("key_ops", json!("verify")), ("kid", json!({}))]
        {
            let ignored = Some(VerifyError::UnknownKey);
            assert_eq!(judged(member, value.clone()), ignored, "{} {member} {value}", key.algorithm());
        }
    }
    assert_eq!(outcome(&RS256.token(), &set(&[RS256.with("alg", json!("PS256"))])), Some(VerifyError::WrongAlgorithm));
}

#[test]
fn s7_1_three_parts_and_not_too_long() {
    let token = ES256.token();
    let keys = es256();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{header}.{payload}.{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!(" {token}"),
        format!("{header}.{payload}\n.{signature}"),
        format!("{header}..{signature}"),
    ] {
        assert_eq!(outcome(&text, &keys), Some(VerifyError::Malformed), "{text}");
    }
    assert!(SignedJwt::parse(&token, token.len()).is_ok());
    assert_eq!(SignedJwt::parse(&token, token.len() - 1).unwrap_err(), VerifyError::Malformed);
    let payload = json!({ "a": "a".repeat(LONGEST) }).to_string();
    let long = ES256.sign(&json!({ "alg": "ES256", "kid": ES256.kid() }).to_string(), &payload);
    assert_eq!(outcome(&long, &keys), Some(VerifyError::Malformed));
    assert!(SignedJwt::parse(&long, long.len()).unwrap().verify(&keys, &Algorithm::ALL).is_ok());
}

#[test]
fn s7_2_claims_are_an_object_with_the_types_of_the_specification() {
    for payload in ["[]", "\"a\"", "", "{\"exp\":\"1\"}", "{\"aud\":1}", "{\"iss\":{}}", "{\"iat\":null}", "\u{feff}{}"]
    {
        let header = json!({ "alg": "ES256", "kid": ES256.kid() }).to_string();
        let text = ES256.sign(&header, payload);
        assert_eq!(outcome(&text, &es256()), Some(VerifyError::Malformed), "{payload}");
    }
    assert_eq!(SignedJwt::parse(&ES256.token(), LONGEST).unwrap().unverified_issuer(), Some("app"));
}

proptest! {
    #[test]
    fn a_changed_bit_verifies_nowhere(position in any::<prop::sample::Index>(), bit in 0..8u32, with_secret: bool) {
        let text = if with_secret { signed_with_secret(SECRET, "{\"alg\":\"HS256\"}") } else { ES256.token() };
        let mut changed = text.into_bytes();
        let position = position.index(changed.len());
        changed[position] ^= 1 << bit;
        let Ok(text) = String::from_utf8(changed) else { return Ok(()) };
        let keys = set(&[ES256.jwk.clone(), ES256.with("kid", Value::Null)]);
        if let Ok(jwt) = SignedJwt::parse(&text, LONGEST) {
            prop_assert!(jwt.verify(&keys, &Algorithm::ALL).is_err());
            prop_assert!(jwt.verify_with_secret(SECRET).is_err());
        }
    }

    #[test]
    fn no_text_is_too_strange_to_refuse(text in "\\PC{0,40}", header in any::<[u8; 20]>()) {
        let encoded = URL_SAFE_NO_PAD.encode(header);
        for text in [text.clone(), format!("{encoded}.{encoded}.{text}")] {
            prop_assert!(SignedJwt::parse(&text, LONGEST).is_err());
        }
    }
}

//! RFC 7517 §4: one public key that somebody else published, and what it may be used for.

use super::{Algorithm, EncryptionKey, KeyManagement};
use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, UnparsedPublicKey};
use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::RsaPublicKeyComponents;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A public key, known to be one that works.
#[derive(Clone, Debug)]
pub(super) struct Jwk {
    pub(super) kid: Option<String>,
    public_key_use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    pub(super) material: Material,
}

/// The types of keys that are used here.
#[derive(Clone, Debug)]
pub(super) enum Material {
    /// RFC 7518 §6.2: the point, uncompressed.
    P256(Vec<u8>),
    /// RFC 8037 §2.
    Ed25519(Vec<u8>),
    /// RFC 7518 §6.3.
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
}

/// RFC 7517 §4, RFC 7518 §6, RFC 8037 §2: the members that are read. Others are ignored.
#[derive(Deserialize)]
struct Members {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    public_key_use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Jwk {
    /// `None`: not a key of a type that is used here, or not a good one.
    pub(super) fn read(members: &Map<String, Value>) -> Option<Self> {
        let members = Members::deserialize(members).ok()?;
        let material = Material::read(&members)?;
        let Members { kid, public_key_use, key_ops, alg, .. } = members;
        // RFC 9864 §2.2: a signature algorithm by either name.
        let alg = alg.map(|alg| Algorithm::parse(&alg).map_or(alg, |it| it.to_string()));
        Some(Self { kid, public_key_use, key_ops, alg, material })
    }

    /// What verifies signatures by this algorithm, if the key is for that.
    pub(super) fn verification(&self, algorithm: Algorithm) -> Option<DecodingKey> {
        if !self.admits("sig", algorithm.as_str(), &["verify"]) {
            return None;
        }
        match (&self.material, algorithm) {
            (Material::P256(point), Algorithm::ES256) => Some(DecodingKey::from_ec_der(point)),
            (Material::Ed25519(x), Algorithm::EdDSA) => Some(DecodingKey::from_ed_der(x)),
            (Material::Rsa(key), Algorithm::RS256 | Algorithm::PS256) => {
                Some(DecodingKey::from_rsa_raw_components(&key.n, &key.e))
            }
            _ => None,
        }
    }

    /// The key to encrypt with by this algorithm, if it is for that.
    pub(super) fn encryption(&self, alg: KeyManagement) -> Option<EncryptionKey<'_>> {
        let operations: &[&str] = match (&self.material, alg) {
            (Material::Rsa(_), KeyManagement::RsaOaep256) => &["encrypt", "wrapKey"],
            (Material::P256(_), KeyManagement::EcdhEs | KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw) => {
                &["deriveKey", "deriveBits"]
            }
            _ => return None,
        };
        let admitted = self.admits("enc", alg.as_str(), operations);
        admitted.then_some(EncryptionKey { alg, kid: self.kid.as_deref(), material: &self.material })
    }

    /// Whether it leaves open what it is for: by which algorithm, and at all.
    pub(super) const fn leaves_open(&self) -> (bool, bool) {
        (self.alg.is_none(), self.public_key_use.is_none())
    }

    /// RFC 7517 §4.2–§4.4: a key is for what its `use`, `key_ops` and `alg` say; for everything where they say nothing.
    fn admits(&self, public_key_use: &str, alg: &str, any_of: &[&str]) -> bool {
        let performs = |key_ops: &Vec<String>| {
            // Agreeing is done with private keys, so the public ones that browsers export list no operation at all.
            let agrees = key_ops.is_empty() && any_of.contains(&"deriveKey");
            agrees || key_ops.iter().any(|operation| any_of.contains(&operation.as_str()))
        };
        self.public_key_use.as_ref().is_none_or(|its| its == public_key_use)
            && self.alg.as_ref().is_none_or(|its| its == alg)
            && self.key_ops.as_ref().is_none_or(performs)
    }
}

impl Material {
    fn read(members: &Members) -> Option<Self> {
        let bytes = |member: &Option<String>| URL_SAFE_NO_PAD.decode(member.as_ref()?).ok();
        match (members.kty.as_str(), members.crv.as_deref()) {
            // RFC 7518 §6.2.1: coordinates have their full length, and the point is on the curve.
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&members.x)?, bytes(&members.y)?);
                let point = [&[4], x.as_slice(), &y].concat();
                let parsed = ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, &point));
                (x.len() == 32 && y.len() == 32 && parsed.is_ok()).then_some(Self::P256(point))
            }
            ("OKP", Some("Ed25519")) => bytes(&members.x).filter(|x| x.len() == 32).map(Self::Ed25519),
            // RFC 7518 §3.3, §3.5: 2048 bits or larger; above 8192 verifying becomes a way to keep us busy.
            ("RSA", _) => {
                let key = RsaPublicKeyComponents { n: bytes(&members.n)?, e: bytes(&members.e)? };
                let parsed: Result<PublicEncryptingKey, _> = key.clone().try_into();
                (parsed.is_ok() && is_odd(&key.n) && is_exponent(&key.e)).then_some(Self::Rsa(key))
            }
            _ => None,
        }
    }
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last % 2 == 1)
}

/// RFC 8017 §3.1: odd and at least 3: with 1, everybody can sign. RFC 7518 §2: without leading zeros. And of at most 32 bits: with
/// a long one verifying becomes a way to keep us busy.
fn is_exponent(e: &[u8]) -> bool {
    is_odd(e) && e[0] != 0 && e.len() <= 4 && !matches!(e, [1])
}

//! RFC 7515: one key that signs, and its public half that verifies. The algorithm belongs to the key, never to a message.

use super::{Algorithm, pkcs8};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use zeroize::Zeroizing;

/// A private key, read once: reading an RSA or Ed25519 key costs as much as signing with it (docs/decisions/0008).
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl SigningKey {
    /// Makes a key: its PKCS#8 (RFC 5208), for the database. RSA takes a good part of a second, so not on a thread that others
    /// wait for. The randomness is the library's own: it takes none from outside.
    pub fn generate(algorithm: Algorithm) -> Option<Zeroizing<Vec<u8>>> {
        match algorithm {
            Algorithm::ES256 => pkcs8::p256(),
            Algorithm::EdDSA => pkcs8::ed25519(),
            Algorithm::RS256 | Algorithm::PS256 => pkcs8::rsa(),
        }
    }

    /// Reads a key from its PKCS#8; `None` if it is not one of this algorithm.
    pub fn from_pkcs8(algorithm: Algorithm, material: &[u8]) -> Option<Self> {
        let rsa = |encoding| RsaKeyPair::from_pkcs8(material).map(|pair| Pair::Rsa(pair, encoding));
        let pair = match algorithm {
            Algorithm::ES256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, material).map(Pair::Ecdsa),
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(material).map(Pair::Ed25519),
            Algorithm::RS256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::PS256 => rsa(&RSA_PSS_SHA256),
        };
        let pair = pair.ok()?;
        Some(Self { public: PublicKey::of(algorithm, pair.verification())?, pair })
    }

    /// The half that everyone may know.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// RFC 7515 §7.1: signs claims as a JWT of this type, in the compact form.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Option<String> {
        let claims = serde_json::to_vec(claims).ok()?;
        let mut message = self.public.header(typ);
        message.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut message);
        self.signed(message)
    }

    /// RFC 7515 §5.1: the message with its signature.
    pub(super) fn signed(&self, mut message: String) -> Option<String> {
        let signature = self.pair.sign(message.as_bytes())?;
        message.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut message);
        Some(message)
    }
}

impl Pair {
    fn verification(&self) -> DecodingKey {
        match self {
            Self::Ecdsa(pair) => DecodingKey::from_ec_der(pair.public_key().as_ref()),
            Self::Ed25519(pair) => DecodingKey::from_ed_der(pair.public_key().as_ref()),
            Self::Rsa(pair, _) => {
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                DecodingKey::from_rsa_raw_components(&parts.n, &parts.e)
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(pair) => pair.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec()),
            Self::Ed25519(pair) => pair.try_sign(message).ok().map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).ok().map(|()| signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

/// The public half of a signing key. It is made of public parts only, so its JWK can hold no others.
#[derive(Clone, Debug)]
pub struct PublicKey {
    algorithm: Algorithm,
    kid: String,
    jwk: Value,
    verification: DecodingKey,
}

/// RFC 7515 §4.1: all that our headers say.
#[derive(Serialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'static str,
    kid: &'a str,
}

impl PublicKey {
    fn of(algorithm: Algorithm, verification: DecodingKey) -> Option<Self> {
        let mut jwk = Jwk::from_decoding_key(&verification, Some(algorithm.in_library())).ok()?;
        // RFC 7638: the thumbprint names a key the same way wherever it is computed.
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(Self { algorithm, kid, jwk: serde_json::to_value(jwk).ok()?, verification })
    }

    /// What it verifies.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its name (RFC 7517 §4.5): its thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) const fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The one header that tokens of this type have which this key signs, encoded.
    pub(super) fn header(&self, typ: &str) -> String {
        let header = Header { typ, alg: self.algorithm.as_str(), kid: &self.kid };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap_or_default())
    }

    /// Whether the signature is this key's, by its own algorithm.
    pub(super) fn verifies(&self, message: &str, signature: &str) -> bool {
        verifies(&self.verification, self.algorithm, message, signature)
    }
}

/// Whether the signature is this key's.
pub(super) fn verifies(key: &DecodingKey, algorithm: Algorithm, message: &str, signature: &str) -> bool {
    jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, algorithm.in_library()).unwrap_or(false)
}

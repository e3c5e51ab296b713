//! A client that signs: keys of its own, and JWTs made with them by a library, well or badly.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantry_protocol::jose::{Algorithm, SigningKey};
use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::Jwk;
use serde_json::{Value, json};

/// Where the PKCS#1 of an RSA key of 2048 bits begins in its PKCS#8.
const PKCS1_IN_PKCS8: usize = 26;

/// A private key of a client.
pub(crate) struct Signer {
    key: EncodingKey,
    algorithm: jsonwebtoken::Algorithm,
    kid: Option<&'static str>,
}

impl Signer {
    pub(crate) fn new(algorithm: Algorithm, kid: Option<&'static str>) -> Self {
        let material = SigningKey::generate(algorithm).unwrap();
        let rsa = || EncodingKey::from_rsa_der(&material[PKCS1_IN_PKCS8..]);
        let (key, algorithm) = match algorithm {
            Algorithm::ES256 => (EncodingKey::from_ec_der(&material), jsonwebtoken::Algorithm::ES256),
            Algorithm::EdDSA => (EncodingKey::from_ed_der(&material), jsonwebtoken::Algorithm::EdDSA),
            Algorithm::RS256 => (rsa(), jsonwebtoken::Algorithm::RS256),
            Algorithm::PS256 => (rsa(), jsonwebtoken::Algorithm::PS256),
        };
        Self { key, algorithm, kid }
    }

    /// Its public half, under its name if it has one.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap()).unwrap();
        if let Some(kid) = self.kid {
            jwk["kid"] = json!(kid);
        }
        jwk
    }

    /// The set of it alone.
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// The header of what it signs.
    pub(crate) fn header(&self) -> Value {
        let mut header = json!({ "alg": format!("{:?}", self.algorithm) });
        if let Some(kid) = self.kid {
            header["kid"] = json!(kid);
        }
        header
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.header(), &claims.to_string())
    }

    /// Signs whatever it is given.
    pub(crate) fn sign_as(&self, header: &Value, payload: &str) -> String {
        let message = unsigned(header, payload);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// Authenticates by HS256 with a secret.
pub(crate) fn hs256(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = unsigned(header, &claims.to_string());
    let key = EncodingKey::from_secret(secret);
    let mac = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    format!("{message}.{mac}")
}

/// A header and a payload without a signature.
pub(crate) fn unsigned(header: &Value, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload))
}

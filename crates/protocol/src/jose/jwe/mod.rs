//! RFC 7516: JWTs encrypted for a client with a key that it published, and JWTs that clients encrypted for us.
//!
//! The cryptography is that of aws-lc-rs; here stands what RFC 7518 §4 and §5 make of it (docs/decisions/0010). What is
//! encrypted is signed as well: encryption alone says nothing of its sender.

mod agreement;
mod content;
mod decrypt;
mod encrypt;

#[cfg(test)]
mod tests;

pub use decrypt::{DecryptionKey, decrypt};
pub use encrypt::EncryptionKey;

use serde::{Deserialize, Serialize};
use std::fmt;

/// RFC 7518 §4.1: how the key of the content is conveyed (the member `alg`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeyManagement {
    /// RFC 7518 §4.3: encrypted with RSAES-OAEP, SHA-256.
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    /// RFC 7518 §4.6: agreed on by Diffie-Hellman on P-256 with a key made for this message.
    #[serde(rename = "ECDH-ES")]
    EcdhEs,
    /// RFC 7518 §4.6: wrapped with AES-128 under a key agreed on.
    #[serde(rename = "ECDH-ES+A128KW")]
    EcdhEsA128Kw,
    /// RFC 7518 §4.6: wrapped with AES-256 under a key agreed on.
    #[serde(rename = "ECDH-ES+A256KW")]
    EcdhEsA256Kw,
}

/// RFC 7518 §5.1: how the content is encrypted (the member `enc`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ContentEncryption {
    /// RFC 7518 §5.2.3: AES-128-CBC, then HMAC-SHA-256. What OpenID Connect Registration §2 means where a client names none.
    #[default]
    #[serde(rename = "A128CBC-HS256")]
    A128CbcHs256,
    /// RFC 7518 §5.3: AES-128-GCM.
    #[serde(rename = "A128GCM")]
    A128Gcm,
    /// RFC 7518 §5.3: AES-256-GCM.
    #[serde(rename = "A256GCM")]
    A256Gcm,
}

impl KeyManagement {
    /// Every algorithm, in the order metadata lists them.
    pub const ALL: [Self; 4] = [Self::RsaOaep256, Self::EcdhEs, Self::EcdhEsA128Kw, Self::EcdhEsA256Kw];

    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    /// The algorithm with this wire value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == text)
    }
}

impl ContentEncryption {
    /// Every algorithm, in the order metadata lists them.
    pub const ALL: [Self; 3] = [Self::A128CbcHs256, Self::A128Gcm, Self::A256Gcm];

    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// The algorithm with this wire value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|enc| enc.as_str() == text)
    }
}

impl fmt::Display for KeyManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ContentEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! RFC 7515, 7517, 7518: the keys that a workspace signs with, the set in which their public halves are published, and JWTs
//! that clients sign with theirs. RFC 7516: JWTs that are encrypted, for clients and for us.
//!
//! It knows nothing of what is signed, nor where keys rest.

mod claims;
mod client_keys;
mod half_hash;
mod header;
mod jwe;
mod jwk;
mod key_set;
mod pkcs8;
mod schedule;
mod sign;
mod verify;

#[cfg(test)]
mod tests;

pub use claims::{Audience, Claims};
pub use client_keys::{ClientKeys, ClientKeysError};
pub use jwe::{ContentEncryption, DecryptionKey, EncryptionKey, KeyManagement, decrypt};
pub use key_set::{KeySet, ScheduledKey, SigningKeys};
pub use schedule::{KeyState, PUBLISHED_AFTER, PUBLISHED_AHEAD, Schedule, beginning_of_first};
pub use sign::{PublicKey, SigningKey};
pub use verify::{SignedJwt, VerifyError};

use serde::{Deserialize, Serialize};
use std::fmt;

/// An algorithm that tokens are signed with (RFC 7518 §3.1, RFC 8037 §3.1). All of them are asymmetric: whoever verifies
/// cannot sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    #[default]
    ES256,
    /// Ed25519.
    EdDSA,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
}

impl Algorithm {
    /// Every algorithm, in the order pages offer them.
    pub const ALL: [Self; 4] = [Self::ES256, Self::EdDSA, Self::RS256, Self::PS256];

    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
        }
    }

    /// The algorithm with this wire value.
    pub fn parse(text: &str) -> Option<Self> {
        // RFC 9864 §2.2: with Ed25519, the only curve of EdDSA here, `Ed25519` is the same algorithm by its newer name.
        let text = if text == "Ed25519" { "EdDSA" } else { text };
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }

    const fn in_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::PS256 => jsonwebtoken::Algorithm::PS256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! RFC 7515 §5.2: JWTs that a client signed: assertions (RFC 7523), request objects (RFC 9101), software statements (RFC 7591).
//!
//! What we signed ourselves is opened by [`SigningKeys`](super::SigningKeys).

use super::header::Header;
use super::sign::verifies;
use super::{Algorithm, Claims, ClientKeys};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// The shortest secret for HS256, in bytes.
const SHORTEST_SECRET: usize = 32;

/// A JWT in the compact form, taken apart and not believed yet.
pub struct SignedJwt<'a> {
    header: Header,
    claims: Claims,
    message: &'a str,
    signature: &'a str,
}

/// Why a signed JWT was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// Not a JWT in the compact form, too long, or with a header or a registered claim that cannot be.
    Malformed,
    /// Its algorithm is not one that the client may sign with, or not one of the key that it names.
    WrongAlgorithm,
    /// The client has no key of this name, or it names none and no key of its algorithm made the signature: reading the client's
    /// keys again may help.
    UnknownKey,
    /// The key that it names did not make its signature.
    BadSignature,
}

impl VerifyError {
    /// What was wrong, and what to do.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Malformed => {
                "the JWT must be in the compact form, without crit, jku, jwk or x5u in its header, and its registered claims \
                 must have their types"
            }
            Self::WrongAlgorithm => {
                "the JWT must be signed by an algorithm that is registered for the app and fits its key"
            }
            Self::UnknownKey => "the JWT must be signed with a registered key of the app and name it as kid",
            Self::BadSignature => "the signature of the JWT is not that of the key it names: sign exactly what is sent",
        }
    }
}

impl<'a> SignedJwt<'a> {
    /// The longest JWT that is usually looked at, in bytes.
    pub const LONGEST: usize = 16_384;

    /// Takes a JWT of at most `longest` bytes apart.
    pub fn parse(text: &'a str, longest: usize) -> Result<Self, VerifyError> {
        Some(text).filter(|text| text.len() <= longest).and_then(Self::take_apart).ok_or(VerifyError::Malformed)
    }

    fn take_apart(text: &'a str) -> Option<Self> {
        // RFC 7515 §7.1: three parts.
        let (message, signature) = text.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let header = Header::parse(header).filter(|header| header.text("alg").is_some())?;
        let claims = Claims::parse(&URL_SAFE_NO_PAD.decode(payload).ok()?)?;
        Some(Self { header, claims, message, signature })
    }

    /// RFC 7515 §4.1.9: what kind of JWT it says it is.
    pub fn typ(&self) -> Option<&str> {
        self.header.text("typ")
    }

    /// Who it says issued it. Whose keys to verify it with is asked by this, and nothing else.
    pub fn unverified_issuer(&self) -> Option<&str> {
        self.claims.iss.as_deref()
    }

    /// Its claims, if one of these keys signed it by one of these algorithms.
    pub fn verify(&self, keys: &ClientKeys, algorithms: &[Algorithm]) -> Result<&Claims, VerifyError> {
        // RFC 8725 §3.1: the algorithm is one that was agreed on; `none` and HMAC are never among these.
        let algorithm = self.header.text("alg").and_then(Algorithm::parse);
        let algorithm = algorithm.filter(|it| algorithms.contains(it)).ok_or(VerifyError::WrongAlgorithm)?;
        // RFC 7515 §4.1.4: the key is the one that is named. OpenID Connect Core §10.1: a client with one key need not name it.
        let kid = self.header.text("kid");
        let is_known = kid.is_some_and(|kid| keys.know(kid));
        let candidates: Vec<_> = match kid {
            Some(_) if !is_known => keys.only_unnamed(algorithm).into_iter().collect(),
            kid => keys.verifying(kid, algorithm).collect(),
        };
        if candidates.iter().any(|key| verifies(key, algorithm, self.message, self.signature)) {
            return Ok(&self.claims);
        }
        Err(match is_known {
            false => VerifyError::UnknownKey,
            true if candidates.is_empty() => VerifyError::WrongAlgorithm,
            true => VerifyError::BadSignature,
        })
    }

    /// RFC 7518 §3.2: its claims, if it was signed by HS256 with this secret.
    pub fn verify_with_secret(&self, secret: &[u8]) -> Result<&Claims, VerifyError> {
        // RFC 7518 §3.2: the secret must be as long as the hash.
        if self.header.text("alg") != Some("HS256") || secret.len() < SHORTEST_SECRET {
            return Err(VerifyError::WrongAlgorithm);
        }
        let signature = URL_SAFE_NO_PAD.decode(self.signature).map_err(|_| VerifyError::BadSignature)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::verify(&key, self.message.as_bytes(), &signature).map_err(|_| VerifyError::BadSignature)?;
        Ok(&self.claims)
    }
}

impl fmt::Debug for SignedJwt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedJwt(***)")
    }
}

#[cfg(test)]
mod tests;

//! RFC 9068: access tokens as signed JWTs, for resource servers that verify them on their own.
//!
//! Such a token says in public claims what the sealed form says in secret, and refers to what it is about by a sealed claim,
//! so that introspection and revocation treat both forms alike (docs/decisions/0008).

use crate::introspect::Holder;
use crate::jose::{SigningKey, SigningKeys};
use crate::scope::Scope;
use crate::sealed::{self, AccessReference, AccessToken, KeyRing};
use crate::types::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// RFC 9068 §2.1: what keeps other JWTs, such as ID tokens, from being taken for access tokens.
const TYP: &str = "at+jwt";

/// RFC 9068 §2.2.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    exp: Timestamp,
    aud: Vec<String>,
    sub: String,
    client_id: String,
    iat: Timestamp,
    jti: String,
    /// RFC 9068 §2.2.3.
    #[serde(default, skip_serializing_if = "Scope::is_empty")]
    scope: Scope,
    /// RFC 9068 §2.2.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<Timestamp>,
    /// Ours (RFC 7519 §4.3): the sealed [`AccessReference`].
    gry: String,
}

/// What an access token says as a JWT, beyond what it says sealed.
#[derive(Debug)]
pub struct Public<'a> {
    /// RFC 8414 §2: the workspace.
    pub issuer: &'a str,
    /// Whose it is.
    pub holder: &'a Holder,
    /// When the user proved who they are; none where the client acts for itself.
    pub auth_time: Option<Timestamp>,
}

/// What a JWT access token says of the thing it is about: for everyone who verifies it nothing, for us where to look.
pub const fn reference(token: &AccessToken) -> AccessReference {
    AccessReference { about: token.about, meant_for_all: token.audience.is_empty() }
}

/// Signs an access token; `reference` is the sealed [`reference()`].
pub fn sign(key: &SigningKey, token: &AccessToken, public: &Public<'_>, reference: String) -> Option<String> {
    // RFC 9068 §3: without a resource the audience is a default one, here the workspace.
    let aud = if token.audience.is_empty() { vec![public.issuer.to_owned()] } else { token.audience.clone() };
    let claims = Claims {
        iss: public.issuer.to_owned(),
        exp: token.expires_at,
        aud,
        sub: public.holder.subject.clone(),
        client_id: public.holder.client_id.clone(),
        iat: token.issued_at,
        jti: URL_SAFE_NO_PAD.encode(token.token_id),
        scope: token.scope.clone(),
        auth_time: public.auth_time,
        gry: reference,
    };
    key.sign(TYP, &claims)
}

/// Whether the text has the outer form of a JWT, and a header that these keys do not know: another process may have made a
/// key just now.
pub fn is_of_unknown_key(text: &str, keys: &SigningKeys, now: Timestamp) -> bool {
    text.starts_with("eyJ") && text.split('.').count() == 3 && !keys.know_header(TYP, text, now)
}

/// Opens a JWT access token of this workspace. Whether it has expired, was revoked, or lost what it is about, is asked of
/// the statement, as with a sealed one.
pub fn open(text: &str, issuer: &str, keys: &SigningKeys, ring: &KeyRing, now: Timestamp) -> Option<AccessToken> {
    let claims: Claims = serde_json::from_slice(&keys.open(TYP, text, now)?).ok()?;
    // RFC 9068 §4: the issuer must be this one.
    if claims.iss != issuer {
        return None;
    }
    let AccessReference { about, meant_for_all } = sealed::open(ring, &claims.gry)?;
    let token_id = URL_SAFE_NO_PAD.decode(&claims.jti).ok()?.try_into().ok()?;
    Some(AccessToken {
        token_id,
        about,
        scope: claims.scope,
        audience: if meant_for_all { Vec::new() } else { claims.aud },
        issued_at: claims.iat,
        expires_at: claims.exp,
    })
}

#[cfg(test)]
mod tests;

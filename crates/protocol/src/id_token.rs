//! OpenID Connect Core §2: ID Tokens, and what one is worth when it comes back as a hint.
//!
//! It knows nothing of how an ID Token is encrypted, nor of which claims about the person go into it.

use crate::grant::{Grant, OpenidGrant};
use crate::jose::{SigningKey, SigningKeys};
use crate::types::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The `typ` of ID Tokens: another than that of access tokens, so neither passes for the other (RFC 8725 §3.11).
const TYP: &str = "JWT";

/// How long an ID Token can be relied upon.
pub const LIFETIME: Seconds = Seconds::hours(1);

/// The authentication context class of a login by password.
pub const ACR_PASSWORD: &str = "urn:grantry:acr:password";

/// The authentication context classes there are.
pub const ACR_VALUES: [&str; 1] = [ACR_PASSWORD];

/// What is issued together with an ID Token, so that it can vouch for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The access token (`at_hash`).
    pub access_token: Option<&'a str>,
    /// The authorization code (`c_hash`).
    pub code: Option<&'a str>,
    /// The `state` of the request (`s_hash`).
    pub state: Option<&'a str>,
}

/// An ID Token about to be written.
#[derive(Clone, Debug)]
pub struct IdToken<'a> {
    /// The workspace.
    pub issuer: &'a str,
    /// The client that it is for.
    pub client_id: &'a str,
    /// The user, as this client knows them.
    pub subject: &'a str,
    /// When the person proved who they are.
    pub auth_time: Timestamp,
    /// What the request asked for.
    pub openid: &'a OpenidGrant,
    /// What is issued with it.
    pub beside: Beside<'a>,
    /// Claims about the person.
    pub claims: Map<String, Value>,
}

#[derive(Serialize)]
struct Claims<'a> {
    /// Claims about the person come first: what is said below cannot be overwritten, for they have none of its names.
    #[serde(flatten)]
    person: &'a Map<String, Value>,
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    azp: &'a str,
    exp: Timestamp,
    iat: Timestamp,
    auth_time: Timestamp,
    acr: &'a str,
    amr: &'a [String],
    sid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s_hash: Option<String>,
}

impl<'a> IdToken<'a> {
    /// The ID Token of a grant; `None` where the grant is not one of an OpenID request.
    pub fn of(grant: &'a Grant, issuer: &'a str, (client_id, subject): (&'a str, &'a str)) -> Option<Self> {
        let openid = grant.openid.as_ref()?;
        let (auth_time, beside, claims) = (grant.auth_time, Beside::default(), Map::new());
        Some(Self { issuer, client_id, subject, auth_time, openid, beside, claims })
    }

    /// Signs it.
    pub fn sign(&self, key: &SigningKey, now: Timestamp) -> Option<String> {
        let algorithm = key.public().algorithm();
        // OpenID Connect Core §3.1.3.6, §3.3.2.11: hashes by the hash algorithm of the signature.
        let hash = |value: Option<&str>| value.map(|value| algorithm.half_hash(value));
        key.sign(
            TYP,
            &Claims {
                person: &self.claims,
                iss: self.issuer,
                sub: self.subject,
                aud: self.client_id,
                azp: self.client_id,
                exp: now.plus(LIFETIME),
                iat: now,
                auth_time: self.auth_time,
                acr: &self.openid.acr,
                amr: &self.openid.amr,
                sid: &self.openid.sid,
                nonce: self.openid.nonce.as_deref(),
                at_hash: hash(self.beside.access_token),
                c_hash: hash(self.beside.code),
                s_hash: hash(self.beside.state),
            },
        )
    }
}

/// An ID Token of ours that came back (`id_token_hint`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// About whom it is, as its client knows them.
    pub sub: String,
    /// The client that it was for.
    pub aud: String,
    /// The session that it was issued in.
    pub sid: String,
    exp: Timestamp,
    iss: String,
}

impl Hint {
    /// Opens an ID Token that this workspace signed; of anything else nothing is believed.
    pub fn open(text: &str, issuer: &str, keys: &SigningKeys, now: Timestamp) -> Option<Self> {
        let hint: Self = serde_json::from_slice(&keys.open(TYP, text, now)?).ok()?;
        (hint.iss == issuer).then_some(hint)
    }

    /// Whether it has expired. It still says who was signed in then.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.exp
    }
}

#[cfg(test)]
mod tests;

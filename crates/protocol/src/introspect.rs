//! RFC 7662: what a token is worth, told to those it concerns.

use crate::client::AuthMethod;
use crate::client_auth::VerifiedClient;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::grant::Grant;
use crate::scope::Scope;
use crate::sealed::AccessToken;
use crate::types::{ClientRow, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// RFC 7662 §2.2: the answer. Inactive says nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Introspection {
    /// Whether the token is good now, for the one who asks.
    pub active: bool,
    /// What it allows.
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// The client it was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `Bearer`, for access tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// When it stops being good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<Timestamp>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<Timestamp>,
    /// The user, or the client itself for the client credentials grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The resource servers it is meant for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// The workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The token's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

impl Introspection {
    /// RFC 7662 §2.2: for every token that is not good, or not the asker's business.
    pub fn inactive() -> Self {
        Self::default()
    }

    /// A good access token.
    pub fn access_token(token: &AccessToken, holder: Holder, issuer: &str) -> Self {
        Self {
            active: true,
            scope: token.scope.clone(),
            client_id: Some(holder.client_id),
            username: holder.username,
            token_type: Some("Bearer"),
            exp: Some(token.expires_at),
            iat: Some(token.issued_at),
            sub: Some(holder.subject),
            aud: token.audience.clone(),
            iss: Some(issuer.to_owned()),
            jti: Some(URL_SAFE_NO_PAD.encode(token.token_id)),
        }
    }

    /// A good refresh token.
    pub fn refresh_token(grant: &Grant, holder: Holder, issuer: &str) -> Self {
        Self {
            active: true,
            scope: grant.scope.clone(),
            client_id: Some(holder.client_id),
            username: holder.username,
            exp: Some(grant.expires_at),
            iat: Some(grant.rotated_at.unwrap_or(grant.created_at)),
            sub: Some(holder.subject),
            iss: Some(issuer.to_owned()),
            ..Self::default()
        }
    }
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The client it was issued to.
    pub client_id: String,
    /// `sub`.
    pub subject: String,
    /// The user's name; none where the client acts for itself.
    pub username: Option<String>,
}

/// Refuses those who cannot prove who they are.
pub fn check_asker(asker: &VerifiedClient) -> Result<(), OAuthError> {
    // RFC 7662 §2.1: the endpoint requires authorization, so that nobody can scan for tokens.
    if asker.client().registration.token_endpoint_auth_method == AuthMethod::None {
        return Err(OAuthError::new(
            ErrorCode::InvalidClient,
            Rule::rfc(7662, "2.1"),
            "introspection is for apps that authenticate with a secret; this app is public",
        ));
    }
    Ok(())
}

/// Whether a token that was issued to `client` for `audience` is the asker's business.
pub fn may_see(asker: &VerifiedClient, client: ClientRow, audience: &[String]) -> bool {
    // A client sees its own tokens; RFC 7662 §4: a resource server sees those that are meant for it.
    let own = asker.client().row == client;
    let meant =
        asker.client().registration.resource.as_ref().is_some_and(|it| audience.is_empty() || audience.contains(it));
    own || meant
}

//! Endpoints for machines, one file each.

pub(crate) mod authorize;
pub(crate) mod health;
pub(crate) mod introspect;
pub(crate) mod logout;
pub(crate) mod metadata;
mod presented;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod session;
pub(crate) mod token;
pub(crate) mod userinfo;

use crate::client_keys;
use crate::here::Here;
use crate::login;
use crate::reply::Failure;
use crate::secrets;
use crate::throttle::{Guesser, place_of};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    AUTHORIZATION, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use grantry_protocol::client::{AuthMethod, Client};
use grantry_protocol::client_auth::{self, AssertionCheck, Check, Credentials, VerifiedClient, invalid_assertion};
use grantry_protocol::jose::ClientKeys;
use grantry_protocol::{ErrorCode, OAuthError, Params, Rule};
use std::sync::Arc;

/// The client that a request names, and whether it proved itself. The client is known even where the proof failed: CORS needs it.
pub(crate) struct Caller {
    pub(crate) verified: Result<VerifiedClient, Failure>,
    client: Option<Arc<Client>>,
}

/// RFC 6749 §2.3: authenticates the client of a request.
pub(crate) async fn authenticate(here: &Here, headers: &HeaderMap, params: &Params) -> Caller {
    let unknown = |failure| Caller { verified: Err(failure), client: None };
    let credentials = match authorization(headers).and_then(|header| Credentials::read(header, params)) {
        Ok(credentials) => credentials,
        Err(error) => return unknown(error.into()),
    };
    let client = match here.client(&credentials.client_id).await {
        Ok(client) => client,
        Err(failure) => return unknown(failure),
    };
    Caller { verified: verify(here, credentials, client.clone()).await, client }
}

async fn verify(here: &Here, credentials: Credentials, client: Option<Arc<Client>>) -> Result<VerifiedClient, Failure> {
    match client_auth::check(credentials, client, here.now)? {
        Check::Verified(client) => Ok(client),
        Check::Slow(slow) => {
            let (secret, digests) = slow.work();
            // RFC 6749 §2.3.1: protected against guessing. Secrets that are random need no such protection.
            let place = place_of(here.address);
            let guessers = [Guesser::Client(here.row().id, slow.client_row(), place), Guesser::Address(place)];
            let checked = here.server.passwords().verify_any(secret, digests);
            let matched = login::throttled(here, &guessers, checked).await?;
            Ok(slow.conclude(matched)?)
        }
        // In a box: few clients have one, and every request would have room for it.
        Check::Assertion(assertion) => Box::pin(prove(here, &assertion)).await,
    }
}

/// OpenID Connect Core §9: by its assertion, which is remembered so that it is good once.
async fn prove(here: &Here, assertion: &AssertionCheck) -> Result<VerifiedClient, Failure> {
    let registered = &assertion.client().registration;
    let (issuer, now) = (here.issuer(), here.now);
    let proven = if registered.token_endpoint_auth_method == AuthMethod::ClientSecretJwt {
        let secrets = secrets::open(here, &assertion.sealed_secrets(now))?;
        assertion.verify_with_secrets(&secrets, issuer, now)?
    } else {
        let check = |keys: &ClientKeys| assertion.verify(keys, issuer, now);
        client_keys::prove(here, &registered.openid, check, invalid_assertion).await?
    };
    let (client, jti_digest, expires_at) = (proven.client().row, proven.jti_digest().to_owned(), proven.expires_at());
    let is_first = here.write(move |tx| tx.insert_used_assertion(client, &jti_digest, expires_at)).await?;
    Ok(proven.conclude(is_first)?)
}

/// The `Authorization` header, of which there may be one.
fn authorization(headers: &HeaderMap) -> Result<Option<&str>, OAuthError> {
    let rule = Rule::rfc(6749, "2.3");
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(OAuthError::new(ErrorCode::InvalidRequest, rule, "there is more than one Authorization header"));
    }
    first
        .map(|value| value.to_str())
        .transpose()
        .map_err(|_| OAuthError::new(ErrorCode::InvalidClient, rule, "the Authorization header is not printable ASCII"))
}

impl Caller {
    /// Lets the pages of the client read the answer, and nobody else's: they are where its redirect URIs are.
    pub(crate) fn share(&self, headers: &HeaderMap, mut response: Response) -> Response {
        response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = headers.get(ORIGIN)
            && let Some(client) = &self.client
            && client
                .registration
                .redirect_uris
                .iter()
                .any(|uri| uri.origin().is_some_and(|own| origin == own.as_str()))
        {
            response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
        response
    }
}

/// The preflight of a request from another origin. It does not name its client yet, so it is told what may be sent;
/// whether the page may read the answer is decided by the answer itself (docs/decisions/0004).
pub(crate) async fn preflight(_here: Here, headers: HeaderMap) -> Response {
    let Some(origin) = headers.get(ORIGIN) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let answer = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()),
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
        (VARY, HeaderValue::from_static("Origin")),
    ];
    (StatusCode::NO_CONTENT, answer).into_response()
}

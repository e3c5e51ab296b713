//! RFC 6749 §3.2: the token endpoint.

pub(crate) mod authorization_code;
mod client_credentials;
mod password;
mod refresh_token;

use super::{Caller, authenticate};
use crate::form::Form;
use crate::here::Here;
use crate::metrics::Issued;
use crate::reply::{Failure, NO_STORE};
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use grantry_protocol::client_auth::VerifiedClient;
use grantry_protocol::entropy;
use grantry_protocol::grant::Grant;
use grantry_protocol::sealed::{AccessSubject, AccessToken, RefreshToken};
use grantry_protocol::token::{self, TokenAnswer};
use grantry_protocol::types::{GrantType, Seconds};
use grantry_protocol::{Params, Scope};

/// `POST W/oauth2/token`.
pub(crate) async fn post(here: Here, headers: HeaderMap, Form(params): Form) -> Response {
    let caller: Caller = authenticate(&here, &headers, &params).await;
    let answer = match &caller.verified {
        Ok(client) => exchange(&here, client, params).await,
        Err(failure) => Err(failure.clone()),
    };
    caller.share(&headers, answer.map_or_else(IntoResponse::into_response, respond))
}

async fn exchange(here: &Here, client: &VerifiedClient, params: Params) -> Result<TokenAnswer, Failure> {
    let grant_type = token::read_grant_type(&params, here.row())?;
    // RFC 6749 §5.2: unauthorized_client.
    client.client().check_grant(grant_type)?;
    let answer = match grant_type {
        GrantType::AuthorizationCode => authorization_code::exchange(here, client, params).await,
        GrantType::Password => password::exchange(here, client, &params).await,
        GrantType::ClientCredentials => client_credentials::exchange(here, client, &params),
        GrantType::RefreshToken => refresh_token::exchange(here, client, params).await,
        // RFC 6749 §4.2: it has no token request; `read_grant_type` refused it.
        GrantType::Implicit => Err(Failure::Internal),
    }?;
    here.server.metrics().tokens.get_or_create(&Issued { grant_type: grant_type.as_str() }).inc();
    Ok(answer)
}

/// RFC 6749 §5.1: never cached.
fn respond(answer: TokenAnswer) -> Response {
    let headers = [(CACHE_CONTROL, NO_STORE), (PRAGMA, HeaderValue::from_static("no-cache"))];
    (headers, axum::Json(answer)).into_response()
}

/// An access token, sealed, with its lifetime in seconds.
pub(crate) struct Sealed {
    pub(crate) access_token: String,
    pub(crate) expires_in: Seconds,
}

/// Seals an access token about a grant.
pub(crate) fn access_token(here: &Here, grant: &Grant, scope: &Scope, lifetime: Seconds) -> Sealed {
    let expires_at = token::access_token_end(lifetime, grant.expires_at, here.now);
    seal(here, AccessSubject::Grant(grant.id), scope, expires_at.since(here.now))
}

fn seal(here: &Here, about: AccessSubject, scope: &Scope, lifetime: Seconds) -> Sealed {
    let statement = AccessToken {
        token_id: entropy::draw(&mut here.server.randomness()),
        about,
        scope: scope.clone(),
        audience: here.row().audience_of(scope),
        issued_at: here.now,
        expires_at: here.now.plus(lifetime),
    };
    Sealed { access_token: here.seal(&statement), expires_in: lifetime }
}

/// The answer for a grant, with its refresh token where it has one.
fn answer_for(here: &Here, client: &VerifiedClient, grant: &Grant, scope: Scope) -> TokenAnswer {
    let lifetimes = client.client().lifetimes(&here.row().policy.lifetimes);
    let Sealed { access_token, expires_in } = access_token(here, grant, &scope, lifetimes.access_token);
    let refresh = RefreshToken { grant: grant.id, generation: grant.generation };
    TokenAnswer {
        access_token,
        token_type: "Bearer",
        expires_in: expires_in.0,
        refresh_token: grant.refresh_until.is_some().then(|| here.seal(&refresh)),
        scope,
    }
}

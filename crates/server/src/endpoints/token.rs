//! RFC 6749 §3.2: the token endpoint.

pub(crate) mod authorization_code;
mod client_credentials;
mod password;
mod refresh_token;
mod tokens;

pub(crate) use tokens::{Granted, Tokens};

use super::{Caller, authenticate};
use crate::form::Form;
use crate::here::Here;
use crate::metrics::Issued;
use crate::reply::{Failure, json};
use axum::http::HeaderValue;
use axum::http::header::PRAGMA;
use axum::response::{IntoResponse, Response};
use grantry_protocol::Params;
use grantry_protocol::client_auth::VerifiedClient;
use grantry_protocol::token::{self, TokenAnswer};
use grantry_protocol::types::GrantType;

/// `POST W/oauth2/token`.
pub(crate) async fn post(here: Here, Form { headers, params }: Form) -> Response {
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
        GrantType::ClientCredentials => client_credentials::exchange(here, client, &params).await,
        GrantType::RefreshToken => refresh_token::exchange(here, client, params).await,
        // RFC 6749 §4.2: it has no token request; `read_grant_type` refused it.
        GrantType::Implicit => Err(Failure::Internal),
    }?;
    here.server.metrics().tokens.get_or_create(&Issued { grant_type: grant_type.as_str() }).inc();
    Ok(answer)
}

/// RFC 6749 §5.1: never cached.
fn respond(answer: TokenAnswer) -> Response {
    ([(PRAGMA, HeaderValue::from_static("no-cache"))], json(&answer)).into_response()
}

//! RFC 6749 §4.4: a client acts for itself. Nothing is written.

use super::Tokens;
use super::tokens::Written;
use crate::here::Here;
use crate::reply::Failure;
use grantry_protocol::Params;
use grantry_protocol::client_auth::VerifiedClient;
use grantry_protocol::token::{TokenAnswer, client_credentials};

/// Issues a token to the client itself.
pub(super) async fn exchange(here: &Here, client: &VerifiedClient, params: &Params) -> Result<TokenAnswer, Failure> {
    let scope = client_credentials::check(params, here.row(), client)?;
    let tokens = Tokens::of(here, client.client()).await?;
    let Written { access_token, expires_in } = tokens.for_client(&scope)?;
    Ok(TokenAnswer {
        access_token,
        token_type: "Bearer",
        expires_in: expires_in.0,
        refresh_token: None,
        id_token: None,
        scope,
    })
}

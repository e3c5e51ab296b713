//! RFC 7009: `POST W/oauth2/revoke`.

use super::{Caller, authenticate, presented};
use crate::form::Form;
use crate::here::Here;
use crate::reply::{Failure, NO_STORE};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use grantry_protocol::Params;
use grantry_protocol::client_auth::VerifiedClient;
use grantry_protocol::revoke::{Presented, is_own, read_token};
use grantry_protocol::sealed::{AccessSubject, RefreshToken};

/// Takes a token back. What is unknown or foreign is answered like what was revoked (RFC 7009 §2.2).
pub(crate) async fn post(here: Here, Form { headers, params }: Form) -> Response {
    let caller: Caller = authenticate(&here, &headers, &params).await;
    let answer = match &caller.verified {
        Ok(client) => revoke(&here, client, &params).await,
        Err(failure) => Err(failure.clone()),
    };
    let answer = answer.map(|()| ([(CACHE_CONTROL, NO_STORE)], ()).into_response());
    caller.share(&headers, answer.unwrap_or_else(IntoResponse::into_response))
}

async fn revoke(here: &Here, client: &VerifiedClient, params: &Params) -> Result<(), Failure> {
    let (client, now) = (client.clone(), here.now);
    let text = read_token(params)?;
    let presented = match here.open::<RefreshToken>(text) {
        Some(token) => Presented::Refresh(token),
        None => presented::access_token(here, text).await?.map_or(Presented::Unknown, Presented::Access),
    };
    match presented {
        Presented::Unknown => Ok(()),
        Presented::Refresh(token) => {
            here.write(move |tx| {
                let grant = tx.find_grant(token.grant)?;
                if grant.is_some_and(|grant| is_own(&client, grant.client)) {
                    // RFC 7009 §2.1: the access tokens of the same grant die with it.
                    tx.revoke_grant(token.grant, now)?;
                }
                Ok(())
            })
            .await
        }
        Presented::Access(token) => {
            here.write(move |tx| {
                let issued_to = match token.about {
                    AccessSubject::Client(row) => Some(row),
                    AccessSubject::Grant(id) => tx.find_grant(id)?.map(|grant| grant.client),
                };
                if issued_to.is_some_and(|row| is_own(&client, row)) {
                    tx.deny_token(&token.token_id, token.expires_at)?;
                }
                Ok(())
            })
            .await
        }
    }
}

//! RFC 7662: `POST W/oauth2/introspect`.

use super::{authenticate, presented};
use crate::form::Form;
use crate::here::Here;
use crate::reply::{Failure, NO_STORE};
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use grantry_protocol::client_auth::VerifiedClient;
use grantry_protocol::introspect::{Holder, Introspection, check_asker, may_see};
use grantry_protocol::sealed::{AccessSubject, AccessToken, RefreshToken};
use grantry_protocol::types::GrantType;
use grantry_protocol::{Params, Rule};

/// Tells a client, or a resource server, what a token is worth.
pub(crate) async fn post(here: Here, headers: HeaderMap, Form(params): Form) -> Result<Response, Failure> {
    let asker = authenticate(&here, &headers, &params).await.verified?;
    check_asker(&asker)?;
    let answer = introspect(&here, &asker, &params).await?.unwrap_or_else(Introspection::inactive);
    Ok(([(CACHE_CONTROL, NO_STORE)], axum::Json(answer)).into_response())
}

/// `None` for everything that is not good or not the asker's business: RFC 7662 §2.2 has one answer for all of it.
async fn introspect(here: &Here, asker: &VerifiedClient, params: &Params) -> Result<Option<Introspection>, Failure> {
    let text = params.require("token", Rule::rfc(7662, "2.1"), "token is missing")?;
    if let Some(token) = presented::access_token(here, text).await? {
        return access_token(here, asker, token).await;
    }
    if let Some(token) = here.open::<RefreshToken>(text) {
        return refresh_token(here, asker, token).await;
    }
    Ok(None)
}

async fn access_token(
    here: &Here,
    asker: &VerifiedClient,
    token: AccessToken,
) -> Result<Option<Introspection>, Failure> {
    if here.now >= token.expires_at {
        return Ok(None);
    }
    let (token_id, about, now) = (token.token_id, token.about, here.now);
    let workspace = std::sync::Arc::clone(&here.workspace);
    let good = here
        .read(move |tx| match about {
            AccessSubject::Grant(id) => {
                let standing = tx.find_standing_of(id, &token_id)?.filter(|it| it.is_good(now));
                Ok(standing.map(|standing| {
                    let (username, subject) = (Some(standing.username), standing.subject.told(&workspace.pairwise));
                    (standing.grant.client, Holder { client_id: standing.client_id, subject, username })
                }))
            }
            AccessSubject::Client(_) if tx.is_denied(&token_id)? => Ok(None),
            AccessSubject::Client(row) => {
                Ok(tx.find_enabled_client_id(row)?.map(|client_id| {
                    // RFC 9068 §2.2: without a resource owner, the subject is the client.
                    (row, Holder { subject: client_id.clone(), client_id, username: None })
                }))
            }
        })
        .await?;
    let seen = good.filter(|(client, _)| may_see(asker, *client, &token.audience));
    Ok(seen.map(|(_, holder)| Introspection::access_token(&token, holder, here.issuer())))
}

async fn refresh_token(
    here: &Here,
    asker: &VerifiedClient,
    token: RefreshToken,
) -> Result<Option<Introspection>, Failure> {
    // RFC 7662 §4: good means that it could be used now.
    if here.row().check_grant(GrantType::RefreshToken).is_err()
        || asker.client().check_grant(GrantType::RefreshToken).is_err()
    {
        return Ok(None);
    }
    let standing = here.read(move |tx| tx.find_standing(token.grant)).await?;
    let seen = standing.filter(|it| {
        let own = it.grant.client == asker.client().row;
        let usable = it.grant.refresh_until.is_some_and(|until| here.now < until);
        own && usable && it.grant.generation == token.generation && it.is_good(here.now)
    });
    Ok(seen.map(|standing| {
        let subject = standing.subject.told(&here.workspace.pairwise);
        Introspection::refresh_token(&standing, subject, here.issuer())
    }))
}

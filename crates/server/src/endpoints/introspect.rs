//! RFC 7662: `POST W/oauth2/introspect`.

use super::{authenticate, presented};
use crate::form::Form;
use crate::here::Here;
use crate::reply::{Failure, json};
use axum::response::Response;
use grantry_protocol::client::Client;
use grantry_protocol::client_auth::VerifiedClient;
use grantry_protocol::introspect::{Holder, Introspection, check_asker, may_see};
use grantry_protocol::sealed::{AccessToken, RefreshToken};
use grantry_protocol::types::GrantType;
use grantry_protocol::{Params, Rule};
use grantry_storage::Backing;

/// Tells a client, or a resource server, what a token is worth.
pub(crate) async fn post(here: Here, Form { headers, params }: Form) -> Result<Response, Failure> {
    let asker = authenticate(&here, &headers, &params).await.verified?;
    check_asker(&asker)?;
    let answer = introspect(&here, &asker, &params).await?.unwrap_or_else(Introspection::inactive);
    Ok(json(&answer))
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
    let found = here.server.store().backing_of(here.row().id, &token, here.now).await?;
    let Some(backing) = found else { return Ok(None) };
    let row = match &backing {
        Backing::Grant(held) => held.vitals.client,
        Backing::Client(row) => *row,
    };
    if !may_see(asker, row, &token.audience) {
        return Ok(None);
    }
    let Some(client) = here.client_by_row(row).await? else { return Ok(None) };
    let (good, person) = match &backing {
        Backing::Grant(held) => (held.vitals.is_good(&client, here.now), Some((&held.subject, &held.username))),
        Backing::Client(_) => (client.disabled_at.is_none(), None),
    };
    Ok(good.then(|| Introspection::access_token(&token, holder(here, &client, person), here.issuer())))
}

/// Whose token it is: that of a user, with this public `sub` and this name, or else the client's own.
fn holder(here: &Here, client: &Client, person: Option<(&String, &String)>) -> Holder {
    let client_id = client.client_id.clone();
    match person {
        Some((sub, name)) => Holder { client_id, subject: here.told(client, sub), username: Some(name.clone()) },
        // RFC 9068 §2.2: without a resource owner, the subject is the client.
        None => Holder { subject: client_id.clone(), client_id, username: None },
    }
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
        let usable = it.grant.refresh_until.is_some_and(|until| here.now < until);
        // A client sees its own.
        usable && it.grant.generation == token.generation && it.is_good(asker.client(), here.now)
    });
    Ok(seen.map(|standing| {
        let holder = holder(here, asker.client(), Some((&standing.subject, &standing.username)));
        Introspection::refresh_token(&standing.grant, holder, here.issuer())
    }))
}

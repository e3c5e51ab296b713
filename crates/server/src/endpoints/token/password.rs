//! RFC 6749 §4.3: a user's name and password buy tokens, where the workspace still allows it.

use super::{Granted, Tokens};
use crate::here::Here;
use crate::login::{self, Attempt};
use crate::reply::Failure;
use grantry_protocol::Params;
use grantry_protocol::client_auth::VerifiedClient;
use grantry_protocol::grant::Grant;
use grantry_protocol::token::{TokenAnswer, password};

/// Exchanges a user's credentials for tokens.
pub(super) async fn exchange(here: &Here, client: &VerifiedClient, params: &Params) -> Result<TokenAnswer, Failure> {
    let request = password::read(params, here.row(), client)?;
    let tokens = Tokens::of(here, client.client()).await?;
    // RFC 6749 §4.3.2: the endpoint must be protected against guessing.
    let attempt = Attempt { username: &request.username, password: request.password.clone(), device: None };
    let proven = login::check(here, attempt).await?.ok_or(password::wrong_credentials())?;
    let new = request.to_grant(proven.user().id, client, here.row(), here.now);
    let (row, subject) = (new.clone(), here.told(client.client(), &proven.user().subject));
    let written =
        here.write(move |tx| if proven.still_holds(tx)? { tx.insert_grant(&row).map(Some) } else { Ok(None) });
    let id = written.await?.ok_or(password::wrong_credentials())?;
    let grant = Grant::written(id, new);
    tokens.answer(Granted { grant: &grant, user: None, subject: &subject, scope: &grant.scope })
}

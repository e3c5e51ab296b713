//! Retiring an old secret before its time, in two steps: `GET, POST /{workspace}/oauth2/apps/{client_id}/secrets/{n}/retire`.

use super::app::OwnApp;
use super::confirm::{Confirmation, Problem, ask};
use crate::asked::Path;
use crate::form::Fields;
use crate::reply::Failure;
use crate::words;
use axum::response::Response;
use grantry_protocol::client::StoredSecret;
use serde::Deserialize;

/// Which secret the path names.
#[derive(Deserialize)]
pub(crate) struct Named {
    number: String,
}

/// `GET W/oauth2/apps/{client_id}/secrets/{n}/retire`.
pub(crate) async fn get(own: OwnApp, Path(named): Path<Named>) -> Result<Response, Failure> {
    let secret = find(&own, &named)?;
    show(own, &secret, None)
}

/// `POST W/oauth2/apps/{client_id}/secrets/{n}/retire`.
pub(crate) async fn post(own: OwnApp, Path(named): Path<Named>, fields: Fields) -> Result<Response, Failure> {
    let secret = find(&own, &named)?;
    if own.reader.check_form(&fields, &action(&own, &secret)).is_err() {
        return show(own, &secret, Some(Problem::STALE));
    }
    let (row, now) = (own.client.row, own.reader.here.now);
    // False where it ended by itself in the meantime: what was wanted is so.
    own.reader.here.write(move |tx| tx.retire_secret(row, secret.number, now)).await?;
    let path = own.path("?done=retired");
    Ok(own.reader.go(&path))
}

/// A secret that works and is not the newest: an app is never left without one.
fn find(own: &OwnApp, named: &Named) -> Result<StoredSecret, Failure> {
    let mut older = own.live_secrets().into_iter().skip(1);
    older.find(|secret| secret.number.to_string() == named.number).ok_or(Failure::NotFound)
}

fn action(own: &OwnApp, secret: &StoredSecret) -> String {
    format!("app:retire:{}:{}", secret.number, own.client.client_id)
}

fn show(own: OwnApp, secret: &StoredSecret, problem: Option<Problem>) -> Result<Response, Failure> {
    let what = Confirmation::Retire {
        number: u64::try_from(secret.number).unwrap_or(0),
        created: words::when(secret.created_at).text,
    };
    let action = action(&own, secret);
    ask(own, what, &action, problem)
}

//! Rotating an app's secret, in two steps: `GET, POST /{workspace}/oauth2/apps/{client_id}/rotate`.

use super::app::OwnApp;
use super::confirm::{Confirmation, Problem, ask};
use super::secret::go_to_secret;
use crate::form::Fields;
use crate::reply::Failure;
use crate::secrets;
use crate::words;
use axum::http::StatusCode;
use axum::response::Response;
use grantry_protocol::client::SECRET_OVERLAP;
use grantry_protocol::entropy;

/// `GET W/oauth2/apps/{client_id}/rotate`.
pub(crate) async fn get(own: OwnApp) -> Result<Response, Failure> {
    check_has_secrets(&own)?;
    show(own, None)
}

/// `POST W/oauth2/apps/{client_id}/rotate`.
pub(crate) async fn post(own: OwnApp, fields: Fields) -> Result<Response, Failure> {
    check_has_secrets(&own)?;
    if own.reader.check_form(&fields, &action(&own)).is_err() {
        return show(own, Some(Problem::STALE));
    }
    let here = &own.reader.here;
    let secret = entropy::draw_text::<32>(&mut here.server.randomness());
    let method = own.client.registration.token_endpoint_auth_method;
    let digest = secrets::at_rest(&here.server, here.row().id, method, &secret);
    let (row, now) = (own.client.row, own.reader.here.now);
    let rotate = own.reader.here.write(move |tx| {
        let number = tx.rotate_secret(row, digest.as_str(), now, now.plus(SECRET_OVERLAP))?;
        Ok((number, tx.find_client_by_row(row)?))
    });
    match rotate.await? {
        (Some(_), _) => Ok(go_to_secret(own.reader, (row, &own.client.client_id), Some(secret))),
        // Rotated in another tab since the page was shown: say what is true now.
        (None, Some(client)) => {
            let problem = Problem(StatusCode::CONFLICT, "No secret was made: two work already.");
            show(OwnApp { client, ..own }, Some(problem))
        }
        (None, None) => Err(Failure::NotFound),
    }
}

fn action(own: &OwnApp) -> String {
    format!("app:rotate:{}", own.client.client_id)
}

/// A public app, and one that has keys of its own, has no secret that could be rotated.
fn check_has_secrets(own: &OwnApp) -> Result<(), Failure> {
    if own.client.registration.token_endpoint_auth_method.has_secret() { Ok(()) } else { Err(Failure::NotFound) }
}

fn show(own: OwnApp, problem: Option<Problem>) -> Result<Response, Failure> {
    let what = match own.live_secrets().as_slice() {
        [] => Confirmation::Rotate { overlap: String::new() },
        [_] => Confirmation::Rotate { overlap: words::duration(SECRET_OVERLAP) },
        [_, .., oldest] => Confirmation::RetireFirst {
            number: u64::try_from(oldest.number).unwrap_or(0),
            created: words::when(oldest.created_at).text,
        },
    };
    let action = action(&own);
    ask(own, what, &action, problem)
}

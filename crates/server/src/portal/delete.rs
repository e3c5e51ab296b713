//! Deleting an app, in two steps: `GET, POST /{workspace}/oauth2/apps/{client_id}/delete`.

use super::app::OwnApp;
use super::confirm::{Confirmation, Problem, ask};
use crate::form::Fields;
use crate::reply::Failure;
use axum::http::StatusCode;
use axum::response::Response;

/// `GET W/oauth2/apps/{client_id}/delete`.
pub(crate) async fn get(own: OwnApp) -> Result<Response, Failure> {
    show(own, None).await
}

/// `POST W/oauth2/apps/{client_id}/delete`.
pub(crate) async fn post(own: OwnApp, fields: Fields) -> Result<Response, Failure> {
    if own.reader.check_form(&fields, &action(&own)).is_err() {
        return show(own, Some(Problem::STALE)).await;
    }
    if fields.get("confirm_name").trim() != own.client.registration.name {
        let problem =
            Problem(StatusCode::UNPROCESSABLE_ENTITY, "That is not the name of the app; nothing was deleted.");
        return show(own, Some(problem)).await;
    }
    let row = own.client.row;
    // False where it was deleted in another tab: what was wanted is so.
    own.reader.here.write(move |tx| tx.delete_client(row)).await?;
    Ok(own.reader.go("/oauth2/apps?deleted=yes"))
}

fn action(own: &OwnApp) -> String {
    format!("app:delete:{}", own.client.client_id)
}

async fn show(own: OwnApp, problem: Option<Problem>) -> Result<Response, Failure> {
    let row = own.client.row;
    let users = own.reader.here.read(move |tx| tx.count_consents_to(row)).await?;
    let action = action(&own);
    ask(own, Confirmation::Delete { users: u64::try_from(users).unwrap_or(0) }, &action, problem)
}

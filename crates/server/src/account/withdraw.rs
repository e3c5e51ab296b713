//! The second step before an app loses its access: `GET, POST /{workspace}/account/apps/{client_id}/withdraw`.

use super::home::{self, ConnectedScope};
use crate::asked::Path;
use crate::form::Fields;
use crate::pages::layout::Frame;
use crate::reader::Reader;
use crate::reply::Failure;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use grantry_storage::ConnectedApp;
use serde::Deserialize;

/// Posts `form_token` to its own URL.
#[derive(Template)]
#[template(path = "en/account/withdraw.html")]
pub(crate) struct WithdrawPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) client_id: String,
    pub(crate) app_name: String,
    pub(crate) scopes: Vec<ConnectedScope>,
    /// What went wrong, e.g. the form was too old.
    pub(crate) error: Option<String>,
}

/// Which app the path names.
#[derive(Deserialize)]
pub(crate) struct Named {
    client_id: String,
}

/// `GET W/account/apps/{client_id}/withdraw`.
pub(crate) async fn get(reader: Reader, Path(named): Path<Named>) -> Result<Response, Failure> {
    let app = find(&reader, &named).await?.ok_or(Failure::NotFound)?;
    show(reader, app, None)
}

/// `POST W/account/apps/{client_id}/withdraw`.
pub(crate) async fn post(reader: Reader, Path(named): Path<Named>, fields: Fields) -> Result<Response, Failure> {
    let Some(app) = find(&reader, &named).await? else {
        // Withdrawn in another tab: what was wanted is so.
        return Ok(reader.go("/account"));
    };
    if reader.check_form(&fields, &action(&app)).is_err() {
        return show(reader, app, Some(super::STALE.to_owned()));
    }
    let (client_id, user, now) = (app.client_id.clone(), reader.user.id, reader.here.now);
    let withdraw = reader.here.write(move |tx| match tx.find_client(&client_id)? {
        Some(client) => tx.withdraw_consent(user, client.row, now),
        None => Ok(false),
    });
    withdraw.await?;
    reader.here.server.signed_out().notify_one();
    let client_id: String = form_urlencoded::byte_serialize(app.client_id.as_bytes()).collect();
    Ok(reader.go(&format!("/account?withdrawn={client_id}")))
}

async fn find(reader: &Reader, named: &Named) -> Result<Option<ConnectedApp>, Failure> {
    let (user, now) = (reader.user.id, reader.here.now);
    let apps = reader.here.read(move |tx| tx.list_connected_apps(user, now)).await?;
    Ok(apps.into_iter().find(|app| app.client_id == named.client_id))
}

fn action(app: &ConnectedApp) -> String {
    format!("withdraw:{}", app.client_id)
}

fn show(reader: Reader, app: ConnectedApp, error: Option<String>) -> Result<Response, Failure> {
    let status = if error.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    let page = WithdrawPage {
        frame: reader.frame(),
        form_token: reader.form_token(&action(&app)),
        scopes: home::scopes(&reader.here, &app.scope),
        client_id: app.client_id,
        app_name: app.name,
        error,
    };
    reader.show(&page, status)
}

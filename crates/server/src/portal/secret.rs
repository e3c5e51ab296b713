//! The page that shows a new secret, once: `GET /{workspace}/oauth2/apps/{client_id}/secret`.

use super::app::OwnApp;
use super::show::curl;
use crate::pages::layout::{Frame, When};
use crate::reader::Reader;
use crate::reply::Failure;
use crate::words;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use grantry_protocol::sealed::FreshSecret;
use grantry_protocol::types::{ClientRow, Seconds};

/// Shown after registering and after rotating.
#[derive(Template)]
#[template(path = "en/apps/secret.html")]
pub(crate) struct SecretPage {
    pub(crate) frame: Frame,
    pub(crate) app_name: String,
    pub(crate) client_id: String,
    pub(crate) secret: ShownSecret,
    /// A command that can be pasted, with the secret in it; may be empty.
    pub(crate) curl: String,
}

/// What the page has to show.
pub(crate) enum ShownSecret {
    /// A new secret.
    Fresh {
        /// The secret.
        value: String,
        /// The app was registered just now; otherwise its secret was rotated.
        registered: bool,
        /// Until when the secret before this one still works.
        previous_until: Option<When>,
    },
    /// It was shown before, or too late.
    Gone,
    /// A public app has none, nor one that has keys of its own.
    None,
}

/// How long a new secret waits for the page that shows it.
const PATIENCE: Seconds = Seconds::minutes(5);

/// `GET W/oauth2/apps/{client_id}/secret`.
pub(crate) async fn get(mut own: OwnApp) -> Result<Response, Failure> {
    let path = own.reader.here.path(&own.path("/secret"));
    let fresh = own.reader.browser.take_over(&own.reader.here, &own.reader.headers, &path);
    let fresh = fresh.filter(|fresh| fresh.client == own.client.row);
    let secret = match fresh {
        Some(fresh) => shown(&own, fresh.secret),
        None if !own.client.registration.token_endpoint_auth_method.has_secret() => ShownSecret::None,
        None => ShownSecret::Gone,
    };
    let OwnApp { reader, client } = own;
    let page = SecretPage {
        frame: reader.frame(),
        curl: match &secret {
            ShownSecret::Fresh { value, .. } => curl(&reader.here, &client, Some(value)),
            ShownSecret::Gone | ShownSecret::None => String::new(),
        },
        app_name: client.registration.name,
        client_id: client.client_id,
        secret,
    };
    reader.show(&page, StatusCode::OK)
}

fn shown(own: &OwnApp, value: String) -> ShownSecret {
    let live = own.live_secrets();
    let registered = live.first().is_some_and(|newest| newest.number == 1);
    let previous_until = live.get(1).and_then(|previous| previous.expires_at).map(words::when);
    ShownSecret::Fresh { value, registered, previous_until }
}

/// Goes to the page that shows a secret, and hands it over in a cookie: a URL would be remembered and logged.
pub(super) fn go_to_secret(mut reader: Reader, client: (ClientRow, &str), secret: Option<String>) -> Response {
    let (client, client_id) = client;
    let rest = super::app::path(client_id, "/secret");
    if let Some(secret) = secret {
        let fresh = FreshSecret { client, secret, expires_at: reader.here.now.plus(PATIENCE) };
        let path = reader.here.path(&rest);
        reader.browser.hand_over(&reader.here, &fresh, &path);
    }
    reader.go(&rest)
}

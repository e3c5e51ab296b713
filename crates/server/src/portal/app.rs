//! An app, before its owner or an admin of its workspace. To everybody else it does not exist.

use crate::reader::Reader;
use crate::reply::Failure;
use crate::server::Server;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use grantry_protocol::Timestamp;
use grantry_protocol::account::User;
use grantry_protocol::client::{Client, StoredSecret};

/// An app that the reader may see and change.
#[derive(Debug)]
pub(crate) struct OwnApp {
    /// The reader.
    pub(crate) reader: Reader,
    /// The app.
    pub(crate) client: Client,
}

impl FromRequestParts<Server> for OwnApp {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Response> {
        let reader = Reader::from_request_parts(parts, server).await?;
        let client = match RawPathParams::from_request_parts(parts, server).await {
            Ok(path) => find(&reader, &path).await,
            Err(_) => Err(Failure::NotFound),
        };
        Ok(Self { client: client.map_err(IntoResponse::into_response)?, reader })
    }
}

impl OwnApp {
    /// The path of something about the app, from the workspace on; `rest` begins with a slash or is empty.
    pub(crate) fn path(&self, rest: &str) -> String {
        path(&self.client.client_id, rest)
    }

    /// The secrets that are good now, newest first.
    pub(crate) fn live_secrets(&self) -> Vec<StoredSecret> {
        live_secrets(&self.client, self.reader.here.now)
    }
}

/// The path of something about an app, from the workspace on.
pub(crate) fn path(client_id: &str, rest: &str) -> String {
    // The encoding of forms differs from that of paths in the space alone.
    let segment: String = form_urlencoded::byte_serialize(client_id.as_bytes()).collect();
    format!("/oauth2/apps/{}{rest}", segment.replace('+', "%20"))
}

/// The secrets of a client that are good at `now`, newest first.
fn live_secrets(client: &Client, now: Timestamp) -> Vec<StoredSecret> {
    client.secrets.iter().filter(|secret| secret.expires_at.is_none_or(|end| now < end)).cloned().collect()
}

async fn find(reader: &Reader, path: &RawPathParams) -> Result<Client, Failure> {
    let client_id = path.iter().find(|(name, _)| *name == "client_id").map(|(_, value)| value.to_owned());
    let client_id = client_id.filter(|id| !id.contains('\0')).ok_or(Failure::NotFound)?;
    let client = reader.here.read(move |tx| tx.find_client(&client_id)).await?;
    // Whether someone else has an app with this client_id is theirs to tell: no app and not your app are one answer.
    client.filter(|client| may_see(&reader.user, client)).ok_or(Failure::NotFound)
}

fn may_see(user: &User, client: &Client) -> bool {
    user.admin_since.is_some() || client.owner == Some(user.id)
}

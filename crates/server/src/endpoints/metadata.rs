//! RFC 8414: metadata, in both URL forms, and the public keys. For everyone, from anywhere.

use crate::here::Here;
use axum::http::HeaderValue;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use axum::response::{IntoResponse, Response};
use grantry_protocol::metadata::Metadata;
use serde::Serialize;

/// `GET W/.well-known/oauth-authorization-server` and `GET /.well-known/oauth-authorization-server/{workspace}`.
pub(crate) async fn get(here: Here) -> Response {
    shared(&Metadata::of(here.row(), here.issuer()))
}

/// RFC 7517 §5: the keys that signed tokens are verified with.
#[derive(Serialize)]
struct KeySet {
    keys: [(); 0],
}

/// `GET W/oauth2/jwks`: every token is sealed so far, none is signed, and the set says so.
pub(crate) async fn jwks(_here: Here) -> Response {
    shared(&KeySet { keys: [] })
}

fn shared(document: &impl Serialize) -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, axum::Json(document)).into_response()
}

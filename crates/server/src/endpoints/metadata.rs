//! RFC 8414: metadata, in both URL forms, and the public keys. For everyone, from anywhere.

use crate::here::Here;
use crate::reply::Failure;
use crate::signing;
use axum::extract::Request;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use grantry_protocol::metadata::Metadata;
use serde::Serialize;
use std::sync::OnceLock;

/// `GET W/.well-known/oauth-authorization-server` and `GET /.well-known/oauth-authorization-server/{workspace}`.
pub(crate) async fn get(here: Here) -> Result<Response, Failure> {
    let write = || written(&Metadata::of(here.row(), here.issuer()));
    Ok(shared(here.workspace.documents.metadata.get_or_init(write).clone()?))
}

/// RFC 7517 §5: `GET W/oauth2/jwks`, the keys that signed tokens are verified with.
pub(crate) async fn jwks(here: Here, request: Request) -> Result<Response, Failure> {
    let open = signing::with_usual_key(&here).await?;
    let write = || {
        let keys = open.signing.key_set(here.now).with_encryption_keys(open.decryption.published());
        Ok((written(&keys)?, HeaderValue::try_from(keys.etag()).map_err(|_| Failure::Internal)?))
    };
    let (keys, etag) = open.documents.key_set.get_or_init(write).clone()?;
    let mut response = if has(request.headers(), &etag) { unchanged() } else { shared(keys) };
    response.headers_mut().insert(ETAG, etag);
    Ok(response)
}

/// What is the same for everyone who asks, written when it is first asked for, and kept for as long as the workspace is
/// served as it was read.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    metadata: OnceLock<Result<Bytes, Failure>>,
    key_set: OnceLock<Result<(Bytes, HeaderValue), Failure>>,
}

fn written(document: &impl Serialize) -> Result<Bytes, Failure> {
    serde_json::to_vec(document).map(Bytes::from).map_err(|_| Failure::Internal)
}

/// RFC 9110 §13.1.2: whether the one who asks has it already.
fn has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == *etag)
}

fn unchanged() -> Response {
    (StatusCode::NOT_MODIFIED, for_everyone()).into_response()
}

fn shared(document: Bytes) -> Response {
    (for_everyone(), [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], document).into_response()
}

fn for_everyone() -> [(HeaderName, HeaderValue); 2] {
    [
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ]
}

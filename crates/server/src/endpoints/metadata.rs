//! RFC 8414: metadata, in both URL forms, and the public keys. For everyone, from anywhere.

use crate::here::Here;
use crate::reply::Failure;
use crate::signing;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use grantry_protocol::metadata::Metadata;
use serde::Serialize;

/// `GET W/.well-known/oauth-authorization-server` and `GET /.well-known/oauth-authorization-server/{workspace}`.
pub(crate) async fn get(here: Here) -> Response {
    shared(&Metadata::of(here.row(), here.issuer()))
}

/// RFC 7517 §5: `GET W/oauth2/jwks`, the keys that signed tokens are verified with.
pub(crate) async fn jwks(here: Here, headers: HeaderMap) -> Result<Response, Failure> {
    let keys = signing::key_set(&here).await?;
    let etag = HeaderValue::try_from(keys.etag()).map_err(|_| Failure::Internal)?;
    let mut response = if has(&headers, keys.etag()) { unchanged() } else { shared(&keys) };
    response.headers_mut().insert(ETAG, etag);
    Ok(response)
}

/// RFC 9110 §13.1.2: whether the one who asks has it already.
fn has(headers: &HeaderMap, etag: &str) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn unchanged() -> Response {
    (StatusCode::NOT_MODIFIED, for_everyone()).into_response()
}

fn shared(document: &impl Serialize) -> Response {
    (for_everyone(), axum::Json(document)).into_response()
}

fn for_everyone() -> [(HeaderName, HeaderValue); 2] {
    [
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ]
}

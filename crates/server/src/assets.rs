//! The stylesheet and the script, compiled in, under names that change with their content and can be cached for ever.

use crate::asked::Path;
use crate::reply::Failure;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::fmt::Write as _;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// The URL of an asset: `/assets/{hash}-{name}`.
pub(crate) fn href(name: &str) -> String {
    Assets::get(name).map(|file| format!("/assets/{}-{name}", short_hash(&file))).unwrap_or_default()
}

/// `GET /assets/{hash}-{name}`.
pub(crate) async fn get(Path(versioned): Path<String>) -> Result<Response, Failure> {
    let (hash, name) = versioned.split_once('-').ok_or(Failure::NotFound)?;
    let file = Assets::get(name).filter(|file| short_hash(file) == hash).ok_or(Failure::NotFound)?;
    let content_type =
        if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, file.data.into_owned()).into_response())
}

fn short_hash(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

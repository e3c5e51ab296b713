//! The root of the host: says that the server runs, and names no workspace.

use super::layout::Frame;
use crate::pages;
use crate::reply::Failure;
use askama::Template;
use axum::response::Response;

/// `GET /`; `frame` is [`Frame::outside`].
#[derive(Template)]
#[template(path = "en/home.html")]
pub(crate) struct RootPage {
    pub(crate) frame: Frame,
    /// E.g. "0.1.0".
    pub(crate) version: String,
}

/// `GET /`.
pub(crate) async fn get() -> Result<Response, Failure> {
    pages::page(&RootPage { frame: pages::frame_outside(), version: env!("CARGO_PKG_VERSION").to_owned() })
}

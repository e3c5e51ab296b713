//! Session Management §3.3: `GET W/oauth2/session`, the frame that pages of clients ask whether the person is still signed in.
//!
//! Any page may frame it, and nothing on it can be clicked. Its script reads one cookie, which says which session this browser
//! has and opens nothing. Browsers that keep the cookies of frames apart, or from scripts in them, show it none: there every
//! answer is `changed`, and a client has to ask by `prompt=none`, or to wait for a logout by another channel
//! (docs/decisions/0012).

use crate::assets;
use crate::browser;
use crate::here::Here;
use crate::reply::{Failure, NO_STORE};
use askama::Template;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

/// A page for scripts.
#[derive(Template)]
#[template(path = "session.html")]
struct SessionFrame {
    script_href: String,
    /// The name of the cookie that says which session this browser has.
    cookie: String,
}

/// The frame.
pub(crate) async fn get(here: Here) -> Result<Response, Failure> {
    let frame = SessionFrame { script_href: assets::href("session.js"), cookie: browser::state_cookie_name(&here) };
    let html = frame.render().map_err(|error| {
        tracing::error!(%error, "the frame of session management could not be rendered");
        Failure::Internal
    })?;
    let policy = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *";
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, NO_STORE),
    ];
    Ok((headers, html).into_response())
}

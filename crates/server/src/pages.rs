//! Pages for people: the view structs that the templates are filled from, one file per page.
//! The structs hold text that is ready to be shown and know nothing of storage or protocol types.

pub(crate) mod app_links;
pub(crate) mod choose;
pub(crate) mod consent;
pub(crate) mod docs;
pub(crate) mod error;
pub(crate) mod form_post;
pub(crate) mod grant;
pub(crate) mod home;
pub(crate) mod layout;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod onward;
#[cfg(test)]
mod preview;
pub(crate) mod sample;
pub(crate) mod sign_up;
pub(crate) mod signed_out;
pub(crate) mod try_it;

use crate::assets;
use crate::browser::Browser;
use crate::here::Here;
use crate::reply::{Failure, NO_STORE, see_other};
use crate::words;
use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use form_post::FormPostPage;
use grantry_protocol::authorize::Answer;
use grantry_protocol::workspace::Workspace;
use layout::{Frame, SignedIn};
use std::collections::BTreeSet;
use url::Url;

/// The frame of a page in a workspace, for this browser.
pub(crate) fn frame(here: &Here, browser: &Browser) -> Frame {
    let signed_in = browser.user().map(|user| SignedIn {
        display_name: user.display_name.clone(),
        username: user.username.clone(),
        is_admin: user.admin_since.is_some(),
    });
    Frame { signed_in, form_token: browser.form_token(here, "sign-out"), ..plain_frame(here.row()) }
}

/// The frame of a page in a workspace, for whoever reads it.
pub(crate) fn plain_frame(workspace: &Workspace) -> Frame {
    Frame { workspace_slug: workspace.slug.to_string(), workspace_name: workspace.name.clone(), ..frame_outside() }
}

/// The frame of a page outside every workspace.
pub(crate) fn frame_outside() -> Frame {
    Frame::outside(assets::href("grantry.css"), assets::href("grantry.js"))
}

/// Where a page may reach beyond this server.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beyond<'a> {
    /// An address that its form may end at: browsers apply `form-action` to redirects after a form, too.
    pub(crate) target: Option<&'a str>,
    /// What it shows in frames.
    pub(crate) frames: &'a [Url],
    /// An image on it.
    pub(crate) image: Option<&'a str>,
}

/// A page, with the headers of every page.
pub(crate) fn page(template: &impl Template) -> Result<Response, Failure> {
    page_that_reaches(template, Beyond::default())
}

/// A page that reaches beyond this server.
pub(crate) fn page_that_reaches(template: &impl Template, beyond: Beyond<'_>) -> Result<Response, Failure> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Failure::Internal
    })?;
    Ok((StatusCode::OK, headers(beyond), html).into_response())
}

/// An answer on its way to an app.
pub(crate) fn answer(answer: Answer, frame: impl FnOnce() -> Frame) -> Result<Response, Failure> {
    match answer {
        Answer::Redirect(location) => Ok(see_other(&location)),
        Answer::FormPost { action, fields } => {
            let page = FormPostPage { frame: frame(), origin: words::origin(&action), action: action.clone(), fields };
            page_that_reaches(&page, Beyond { target: Some(&action), ..Beyond::default() })
        }
    }
}

/// The headers of every page (DESIGN: nothing inline, nothing framed, nothing cached, no referrer).
pub(crate) fn headers(beyond: Beyond<'_>) -> [(HeaderName, HeaderValue); 6] {
    let [target, image] = [beyond.target, beyond.image]
        .map(|uri| uri.and_then(source_of).map(|source| format!(" {source}")).unwrap_or_default());
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:{image}; \
         form-action 'self'{target}; frame-src {}; frame-ancestors 'none'; base-uri 'none'",
        frame_sources(beyond.frames)
    );
    let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, NO_STORE),
    ]
}

/// The origins of addresses, as CSP sources.
fn frame_sources(frames: &[Url]) -> String {
    let origins: BTreeSet<_> = frames.iter().map(|url| url.origin().ascii_serialization()).collect();
    if origins.is_empty() { "'none'".to_owned() } else { Vec::from_iter(origins).join(" ") }
}

/// A URI as a CSP source: its origin, or its scheme where it has none (CSP Level 3 §2.3.1).
fn source_of(uri: &str) -> Option<String> {
    let url = url::Url::parse(uri).ok()?;
    match url.scheme() {
        "http" | "https" => Some(url.origin().ascii_serialization()),
        scheme => Some(format!("{scheme}:")),
    }
}

//! The person in front of a page that is only for people who are signed in; everybody else is sent to sign in first.

use crate::browser::Browser;
use crate::form::Fields;
use crate::here::Here;
use crate::pages;
use crate::pages::layout::Frame;
use crate::reply::{Failure, see_other};
use crate::server::Server;
use askama::Template;
use axum::extract::{FromRequestParts, NestedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use grantry_protocol::account::{Session, User};

/// Someone who is signed in, and what they asked with.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Where they are.
    pub(crate) here: Here,
    /// Who they are.
    pub(crate) user: User,
    /// The session of this browser.
    pub(crate) session: Session,
    /// The browser.
    pub(crate) browser: Browser,
    /// The headers of the request.
    pub(crate) headers: HeaderMap,
    query: String,
}

impl FromRequestParts<Server> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Response> {
        let here = Here::from_request_parts(parts, server).await.map_err(IntoResponse::into_response)?;
        let browser = Browser::read(&here, &parts.headers).await.map_err(IntoResponse::into_response)?;
        match browser.signed_in.clone() {
            Some((session, user)) => {
                let query = parts.uri.query().unwrap_or_default().to_owned();
                Ok(Self { here, user, session, browser, headers: parts.headers.clone(), query })
            }
            None => Err(browser.finish(to_login(&here, &asked_for(&here, parts)))),
        }
    }
}

impl Reader {
    /// Whether they administer the workspace.
    pub(crate) fn is_admin(&self) -> bool {
        self.user.admin_since.is_some()
    }

    /// A parameter of the query; empty where there is none.
    pub(crate) fn asked(&self, name: &str) -> String {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        let value = pairs.find(|(own, _)| own == name).map(|(_, value)| value.into_owned());
        // A NUL is nowhere in what we store, and one of the engines cannot even be asked for it.
        value.filter(|value| !value.contains('\0')).unwrap_or_default()
    }

    /// Whether a posted form is ours and was made for this action.
    pub(crate) fn check_form(&self, fields: &Fields, action: &str) -> Result<(), Failure> {
        self.browser.check_form(&self.here, &self.headers, fields.get("form_token"), action)
    }

    /// A token for a form with this action.
    pub(crate) fn form_token(&self, action: &str) -> String {
        self.browser.form_token(&self.here, action)
    }

    /// What is around the page.
    pub(crate) fn frame(&self) -> Frame {
        pages::frame(&self.here, &self.browser)
    }

    /// Answers with a page.
    pub(crate) fn show(self, page: &impl Template, status: StatusCode) -> Result<Response, Failure> {
        let mut response = pages::page(page)?;
        *response.status_mut() = status;
        Ok(self.browser.finish(response))
    }

    /// Goes on to a path of this workspace; `rest` begins with a slash.
    pub(crate) fn go(self, rest: &str) -> Response {
        self.browser.finish(see_other(&self.here.path(rest)))
    }
}

/// The login page, which then leads back to `path`.
fn to_login(here: &Here, path: &str) -> Response {
    let path: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    see_other(&format!("{}?return_to={path}", here.path("/login")))
}

/// Path and query of the request; a nested router is given only what comes after the place where it is nested.
fn asked_for(here: &Here, parts: &Parts) -> String {
    let nest = parts.extensions.get::<NestedPath>().map_or("", NestedPath::as_str);
    let nest = nest.strip_prefix("/{workspace}").unwrap_or_default();
    let path = if nest.is_empty() { parts.uri.path().to_owned() } else { here.path(nest) + parts.uri.path() };
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", path.trim_end_matches('/'))
}

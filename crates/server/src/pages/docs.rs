//! The docs page: `GET /{workspace}/oauth2`, every grant explained with requests that can be pasted as they stand.

pub(crate) mod app;
mod assertion;
mod libraries;
pub(crate) mod openid;
pub(crate) mod requests;
pub(crate) mod state;

use super::layout::Frame;
use crate::asked::Query;
use crate::browser::Browser;
use crate::here::Here;
use crate::pages::{self, try_it};
use crate::reply::{Failure, see_other};
use crate::words;
use app::Chosen;
use askama::Template;
use axum::http::HeaderMap;
use axum::response::Response;
use grantry_protocol::client::{AuthMethod, Client};
use grantry_protocol::types::GrantType;
use openid::DocsOpenid;
use serde::Deserialize;

/// Everything that differs between workspaces and readers; the requests themselves are made in `requests`.
#[derive(Template)]
#[template(path = "en/docs.html")]
pub(crate) struct DocsPage {
    pub(crate) frame: Frame,
    /// The form token of the *Try it* forms.
    pub(crate) form_token: String,
    /// The workspace's issuer, `{public_url}/{workspace}`.
    pub(crate) issuer: String,
    /// The metadata's other form, `{public_url}/.well-known/oauth-authorization-server/{workspace}`.
    pub(crate) metadata_at_root: String,
    /// The `state` of the live link.
    pub(crate) state: String,
    pub(crate) app: DocsApp,
    /// The reader's own apps, to choose from; empty when not signed in.
    pub(crate) own_apps: Vec<AppChoice>,
    pub(crate) grants: DocsGrants,
    pub(crate) openid: DocsOpenid,
    pub(crate) scopes: Vec<DocsScope>,
    pub(crate) lifetimes: DocsLifetimes,
}

/// The app that the page is filled with.
pub(crate) struct DocsApp {
    pub(crate) origin: AppOrigin,
    pub(crate) name: String,
    pub(crate) client_id: String,
    /// Known for the demo app only.
    pub(crate) client_secret: Option<String>,
    /// How the app proves itself: only the registered method is accepted.
    pub(crate) method: AuthMethod,
    /// By which algorithm it signs, where it proves itself by assertions.
    pub(crate) assertion_algorithm: String,
    /// The redirect URI that the requests show: the docs callback when it is registered, else the app's first one;
    /// `None` for an app that has none, and then the requests leave it out.
    pub(crate) redirect_uri: Option<String>,
    /// How many redirect URIs are registered: with exactly one the parameter may be left out.
    pub(crate) redirect_uri_count: usize,
    /// Whether `W/oauth2/grant` is among them, so that the live links can come back.
    pub(crate) callback_registered: bool,
    /// The scopes that the app may have.
    pub(crate) scopes: Vec<String>,
    /// What the user fields of the password form are filled with (the demo's user), or empty.
    pub(crate) try_username: String,
    /// See `try_username`.
    pub(crate) try_password: String,
}

/// Whose app the page is filled with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AppOrigin {
    /// One of the signed-in reader's.
    Own,
    /// The demo workspace's.
    Demo,
    /// Placeholders.
    Placeholder,
}

/// One of the reader's own apps.
pub(crate) struct AppChoice {
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) selected: bool,
}

/// Which grants can be used, per grant type.
#[derive(Clone, Copy)]
pub(crate) struct DocsGrants {
    pub(crate) authorization_code: GrantState,
    pub(crate) implicit: GrantState,
    pub(crate) password: GrantState,
    pub(crate) client_credentials: GrantState,
    pub(crate) refresh_token: GrantState,
}

/// Whether a grant can be used in this workspace by the app shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantState {
    /// Workspace and app allow it (or no app is known).
    Usable,
    /// The workspace does not allow it.
    OffInWorkspace,
    /// The workspace allows it, the app has not asked for it.
    OffForApp,
}

/// A scope of the workspace.
pub(crate) struct DocsScope {
    pub(crate) name: String,
    pub(crate) description: String,
}

/// The lifetimes in force for the app, in words ("60 seconds"), and in seconds where an answer shows it.
pub(crate) struct DocsLifetimes {
    pub(crate) code: String,
    pub(crate) access_token: String,
    pub(crate) access_token_seconds: u64,
    pub(crate) refresh_token_idle: String,
    pub(crate) refresh_token_absolute: String,
}

/// What the page is asked with.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    app: Option<String>,
}

/// `GET W`: a workspace's front door is its docs page.
pub(crate) async fn to_docs(here: Here) -> Response {
    see_other(&here.path("/oauth2"))
}

/// `GET W/oauth2`.
pub(crate) async fn get(here: Here, headers: HeaderMap, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let chosen = app::choose(&here, &browser, asked.app.as_deref()).await?;
    let openid = DocsOpenid::of(&here, &browser, &chosen)?;
    let Chosen { app, client, choices } = chosen;
    let scope = |scope: &grantry_protocol::workspace::ScopeDefinition| DocsScope {
        name: scope.name.clone(),
        description: scope.description.clone(),
    };
    let page = DocsPage {
        frame: Frame { return_to: Some(here.path("/oauth2")), ..pages::frame(&here, &browser) },
        form_token: browser.form_token(&here, try_it::ACTION),
        issuer: here.issuer().to_owned(),
        metadata_at_root: format!(
            "{}/.well-known/oauth-authorization-server/{}",
            here.server.settings().public_url,
            here.row().slug
        ),
        state: state::make(&here, &browser, &app.client_id),
        app,
        own_apps: choices,
        grants: grants(&here, client.as_ref()),
        openid,
        scopes: here.row().scopes.iter().map(scope).collect(),
        lifetimes: lifetimes(&here, client.as_ref()),
    };
    Ok(browser.finish(pages::page(&page)?))
}

/// The docs page's own callback.
pub(crate) fn callback(issuer: &str) -> String {
    format!("{issuer}/oauth2/grant")
}

fn grants(here: &Here, client: Option<&Client>) -> DocsGrants {
    let state = |grant: GrantType| {
        if here.row().check_grant(grant).is_err() {
            GrantState::OffInWorkspace
        } else if client.is_some_and(|client| client.check_grant(grant).is_err()) {
            GrantState::OffForApp
        } else {
            GrantState::Usable
        }
    };
    DocsGrants {
        authorization_code: state(GrantType::AuthorizationCode),
        implicit: state(GrantType::Implicit),
        password: state(GrantType::Password),
        client_credentials: state(GrantType::ClientCredentials),
        refresh_token: state(GrantType::RefreshToken),
    }
}

/// The lifetimes in force for the app, or for apps without any of their own.
pub(crate) fn lifetimes(here: &Here, client: Option<&Client>) -> DocsLifetimes {
    let usual = &here.row().policy.lifetimes;
    let lifetimes = client.map_or(*usual, |client| client.lifetimes(usual));
    DocsLifetimes {
        code: words::duration(lifetimes.code),
        access_token: words::duration(lifetimes.access_token),
        access_token_seconds: u64::try_from(lifetimes.access_token.0).unwrap_or_default(),
        refresh_token_idle: words::duration(lifetimes.refresh_idle),
        refresh_token_absolute: words::duration(lifetimes.refresh_absolute),
    }
}

impl DocsApp {
    /// An app without a secret: PKCE is required.
    pub(crate) fn is_public(&self) -> bool {
        self.method == AuthMethod::None
    }

    /// An app that sends no secret, but signs an assertion for each request.
    pub(crate) fn signs(&self) -> bool {
        matches!(self.method, AuthMethod::PrivateKeyJwt | AuthMethod::ClientSecretJwt)
    }

    /// An app whose private key only it has.
    pub(crate) fn has_private_key(&self) -> bool {
        self.method == AuthMethod::PrivateKeyJwt
    }
}

impl GrantState {
    /// Whether *Try it* can be offered.
    pub(crate) fn usable(self) -> bool {
        self == Self::Usable
    }
}

impl DocsPage {
    /// The docs page's own callback.
    pub(crate) fn callback(&self) -> String {
        callback(&self.issuer)
    }

    /// Whether *Try it* can be offered at all: there is a real app.
    pub(crate) fn has_app(&self) -> bool {
        self.app.origin != AppOrigin::Placeholder
    }

    /// The secret, or what stands for it.
    fn secret(&self) -> String {
        self.app.client_secret.clone().unwrap_or_else(|| requests::SECRET_PLACEHOLDER.to_owned())
    }
}

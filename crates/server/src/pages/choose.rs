//! The page on which a signed-in person says with which account they go on (OpenID Connect Core §3.1.2.1
//! `prompt=select_account`). It stands at the address of the login page.

use super::layout::Frame;
use super::login::ACTION;
use crate::browser::Browser;
use crate::endpoints::authorize;
use crate::here::Here;
use crate::pages::{self, Beyond};
use crate::reply::Failure;
use askama::Template;
use axum::response::Response;
use grantry_protocol::authorize::{Decision, ValidRequest};
use grantry_protocol::sealed::WaitingRequest;

/// The form posts `form_token`, `request` and `decision` = `continue` or `cancel`.
#[derive(Template)]
#[template(path = "en/choose.html")]
pub(crate) struct ChoosePage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    /// The sealed authorization request that waits for the choice.
    pub(crate) request: String,
    pub(crate) app_name: String,
    /// The user who is signed in.
    pub(crate) username: String,
    pub(crate) display_name: String,
}

/// Whether the request waits for this choice.
pub(super) async fn is_needed(
    here: &Here,
    request: &ValidRequest,
    browser: &Browser,
    waiting: &WaitingRequest,
) -> Result<bool, Failure> {
    match authorize::decision(here, request.clone(), browser, waiting).await {
        Ok(decided) => Ok(matches!(decided, Decision::Choose(_))),
        // Of a refusal the app is told by the authorization endpoint.
        Err(Failure::Redirected(..)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

pub(super) fn show(here: &Here, browser: Browser, request: String, asked: &ValidRequest) -> Result<Response, Failure> {
    let user = browser.user();
    let page = ChoosePage {
        frame: pages::frame(here, &browser),
        form_token: browser.form_token(here, ACTION),
        request,
        app_name: asked.client().registration.name.clone(),
        username: user.map(|user| user.username.clone()).unwrap_or_default(),
        display_name: user.map(|user| user.display_name.clone()).unwrap_or_default(),
    };
    Ok(browser
        .finish(pages::page_that_reaches(&page, Beyond { target: Some(asked.target().uri()), ..Beyond::default() })?))
}

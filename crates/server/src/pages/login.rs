//! The login page: `GET, POST /{workspace}/login`.

use super::app_links::AppLinks;
use super::choose;
use super::layout::Frame;
use super::onward::Onward;
use crate::asked::Query;
use crate::browser::Browser;
use crate::endpoints::authorize::{self, open_waiting};
use crate::form::Fields;
use crate::here::Here;
use crate::login::{self, Attempt, Proven};
use crate::pages::{self, Beyond};
use crate::reply::{Failure, see_other};
use crate::sign_in;
use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use grantry_protocol::sealed::WaitingRequest;
use grantry_protocol::types::Secret;
use grantry_storage::Tx;
use serde::Deserialize;

/// The form posts `form_token`, `request`, `return_to`, `username`, `password` and, from the cancel button, `decision=cancel`.
#[derive(Template)]
#[template(path = "en/login.html")]
pub(crate) struct LoginPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) onward: Onward,
    /// The name of the app that sent the user here; with it the page has a cancel button.
    pub(crate) app_name: Option<String>,
    pub(crate) links: AppLinks,
    /// What the user typed before, or a `login_hint`.
    pub(crate) username: String,
    pub(crate) problem: Option<LoginProblem>,
    /// The address of the page on which a person makes an account, where people do.
    pub(crate) sign_up: Option<String>,
}

/// Why the form is shown again.
pub(crate) enum LoginProblem {
    /// User name unknown or password wrong: one text for both.
    WrongCredentials,
    /// Too many attempts; the user may try again after so many seconds.
    Throttled {
        /// Whole seconds to wait.
        seconds: u64,
    },
    /// The form was too old or came from another browser.
    StaleForm,
    /// The server cannot check a password at the moment.
    Busy,
}

/// What the page is asked with.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    request: Option<String>,
    return_to: Option<String>,
    /// The person wants to use another account than the one they are signed in with.
    another: Option<String>,
}

/// `GET W/login`.
pub(crate) async fn get(here: Here, headers: HeaderMap, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let onward = Onward { request: asked.request, return_to: asked.return_to };
    let Some(sealed) = onward.request.clone().filter(|_| asked.another.is_none()) else {
        return show(&here, browser, onward, String::new(), None).await;
    };
    let waiting = open_waiting(&here, &sealed)?;
    let hint = match authorize::valid_request(&here, &waiting).await {
        Ok(request) if choose::is_needed(&here, &request, &browser, &waiting).await? => {
            return choose::show(&here, browser, sealed, &request);
        }
        // OpenID Connect Core §3.1.2.1: login_hint is the name to sign in with.
        Ok(request) => request.authentication().login_hint.clone(),
        Err(_) => None,
    };
    show(&here, browser, onward, hint.unwrap_or_default(), None).await
}

/// `POST W/login`.
pub(crate) async fn post(here: Here, headers: HeaderMap, fields: Fields) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let onward = Onward::of(&fields);
    let username = fields.get("username").to_owned();
    if browser.check_form(&here, &headers, fields.get("form_token"), ACTION).is_err() {
        return show(&here, browser, onward, username, Some(LoginProblem::StaleForm)).await;
    }
    if fields.get("decision") == "cancel" {
        return onward.cancel(&here, &browser).await;
    }
    if let ("continue", Some(sealed)) = (fields.get("decision"), &onward.request) {
        let chosen = browser.person().map(|person| person.session);
        let waiting = WaitingRequest { chosen, ..open_waiting(&here, sealed)? };
        return Ok(browser.finish(authorize::resume(&here, &waiting)));
    }
    // Before anybody is signed in, so that the page says what is so.
    if let Err(Failure::StaleForm) = onward.errand(&here).await {
        return show(&here, browser, Onward::default(), username, Some(LoginProblem::StaleForm)).await;
    }
    let password = Secret::new(fields.get("password").to_owned());
    let attempt = Attempt { username: &username, password, device: browser.device };
    match login::check(&here, attempt).await {
        Ok(Some(proven)) => sign_in(&here, &headers, browser, (proven, onward)).await,
        Ok(None) => show(&here, browser, onward, username, Some(LoginProblem::WrongCredentials)).await,
        Err(Failure::Throttled(wait)) => {
            let seconds = u64::try_from(wait.0).unwrap_or(1);
            show(&here, browser, onward, username, Some(LoginProblem::Throttled { seconds })).await
        }
        Err(Failure::Busy) => show(&here, browser, onward, username, Some(LoginProblem::Busy)).await,
        Err(failure) => Err(failure),
    }
}

/// The form's action, which its token is bound to.
pub(super) const ACTION: &str = "login";

async fn show(
    here: &Here,
    browser: Browser,
    onward: Onward,
    username: String,
    problem: Option<LoginProblem>,
) -> Result<Response, Failure> {
    let errand = onward.errand(here).await?;
    let status = match problem {
        None => StatusCode::OK,
        Some(LoginProblem::WrongCredentials) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(LoginProblem::StaleForm) => StatusCode::FORBIDDEN,
        Some(LoginProblem::Throttled { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(LoginProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let retry_after = match problem {
        Some(LoginProblem::Throttled { seconds }) => Some(seconds),
        Some(LoginProblem::Busy) => Some(1),
        _ => None,
    };
    let page = LoginPage {
        frame: pages::frame(here, &browser),
        form_token: browser.form_token(here, ACTION),
        sign_up: here.row().policy.sign_up.then(|| onward.by(here, "/sign-up")),
        onward,
        app_name: errand.app_name,
        links: errand.links,
        username,
        problem,
    };
    let beyond = Beyond { target: errand.target.as_deref(), image: page.links.logo.as_deref(), ..Beyond::default() };
    let mut response = pages::page_that_reaches(&page, beyond)?;
    *response.status_mut() = status;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(browser.finish(response))
}

/// A new session, whatever was there before, and on to where the person was going.
async fn sign_in(
    here: &Here,
    headers: &HeaderMap,
    mut browser: Browser,
    (proven, onward): (Proven, Onward),
) -> Result<Response, Failure> {
    let user = proven.user().id;
    let who = move |tx: &mut Tx<'_>| Ok(proven.still_holds(tx)?.then_some(user));
    if !sign_in::begin(here, headers, &mut browser, who).await? {
        return show(here, browser, onward, String::new(), Some(LoginProblem::WrongCredentials)).await;
    }
    Ok(browser.finish(see_other(&onward.goes_to(here))))
}

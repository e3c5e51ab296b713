//! The login page: `GET, POST /{workspace}/login`.

use super::app_links::AppLinks;
use super::choose;
use super::layout::Frame;
use crate::asked::Query;
use crate::browser::Browser;
use crate::endpoints::authorize::{self, open_waiting};
use crate::form::Fields;
use crate::here::Here;
use crate::login::{self, Attempt, Proven};
use crate::pages::{self, Beyond};
use crate::reply::{Failure, see_other};
use askama::Template;
use axum::http::header::{RETRY_AFTER, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use grantry_protocol::authorize::denied;
use grantry_protocol::client::Registration;
use grantry_protocol::entropy::draw_text;
use grantry_protocol::sealed::WaitingRequest;
use grantry_protocol::types::Secret;
use grantry_storage::NewSession;
use serde::Deserialize;

/// The form posts `form_token`, `request`, `return_to`, `username`, `password` and, from the cancel button, `decision=cancel`.
#[derive(Template)]
#[template(path = "en/login.html")]
pub(crate) struct LoginPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    /// The sealed authorization request that waits for this login.
    pub(crate) request: Option<String>,
    /// The path of this workspace to go to after the login, when no request waits.
    pub(crate) return_to: Option<String>,
    /// The name of the app that sent the user here; with it the page has a cancel button.
    pub(crate) app_name: Option<String>,
    pub(crate) links: AppLinks,
    /// What the user typed before, or a `login_hint`.
    pub(crate) username: String,
    pub(crate) problem: Option<LoginProblem>,
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
    pub(super) request: Option<String>,
    return_to: Option<String>,
    /// The person wants to use another account than the one they are signed in with.
    another: Option<String>,
}

/// `GET W/login`.
pub(crate) async fn get(here: Here, headers: HeaderMap, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let Some(sealed) = asked.request.clone().filter(|_| asked.another.is_none()) else {
        return show(&here, browser, asked, String::new(), None).await;
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
    show(&here, browser, asked, hint.unwrap_or_default(), None).await
}

/// `POST W/login`.
pub(crate) async fn post(here: Here, headers: HeaderMap, fields: Fields) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let asked = Asked {
        request: fields.filled("request").map(str::to_owned),
        return_to: fields.filled("return_to").map(str::to_owned),
        another: None,
    };
    let username = fields.get("username").to_owned();
    if browser.check_form(&here, &headers, fields.get("form_token"), ACTION).is_err() {
        return show(&here, browser, asked, username, Some(LoginProblem::StaleForm)).await;
    }
    if fields.get("decision") == "cancel" {
        return cancel(&here, &browser, &asked).await;
    }
    if let ("continue", Some(sealed)) = (fields.get("decision"), &asked.request) {
        let chosen = browser.person().map(|person| person.session);
        let waiting = WaitingRequest { chosen, ..open_waiting(&here, sealed)? };
        return Ok(browser.finish(authorize::resume(&here, &waiting)));
    }
    let password = Secret::new(fields.get("password").to_owned());
    let attempt = Attempt { username: &username, password, device: browser.device };
    match login::check(&here, attempt).await {
        Ok(Some(proven)) => sign_in(&here, &headers, browser, (proven, asked)).await,
        Ok(None) => show(&here, browser, asked, username, Some(LoginProblem::WrongCredentials)).await,
        Err(Failure::Throttled(wait)) => {
            let seconds = u64::try_from(wait.0).unwrap_or(1);
            show(&here, browser, asked, username, Some(LoginProblem::Throttled { seconds })).await
        }
        Err(Failure::Busy) => show(&here, browser, asked, username, Some(LoginProblem::Busy)).await,
        Err(failure) => Err(failure),
    }
}

/// The form's action, which its token is bound to.
pub(super) const ACTION: &str = "login";

async fn show(
    here: &Here,
    browser: Browser,
    asked: Asked,
    username: String,
    problem: Option<LoginProblem>,
) -> Result<Response, Failure> {
    let (app, target) = match &asked.request {
        Some(sealed) => waiting_for(here, sealed).await?,
        None => (None, None),
    };
    let (app_name, links) = app.map(|app| (app.name, AppLinks::of(&app.openid))).unzip();
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
        request: asked.request,
        return_to: asked.return_to,
        app_name,
        links: links.unwrap_or_default(),
        username,
        problem,
    };
    let beyond = Beyond { target: target.as_deref(), image: page.links.logo.as_deref(), ..Beyond::default() };
    let mut response = pages::page_that_reaches(&page, beyond)?;
    *response.status_mut() = status;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(browser.finish(response))
}

/// The app on whose behalf the person signs in, and where they will be sent. A request that has to be refused waits for the person
/// to sign in as well, and has no app to cancel for.
async fn waiting_for(here: &Here, sealed: &str) -> Result<(Option<Registration>, Option<String>), Failure> {
    match authorize::valid_request(here, &open_waiting(here, sealed)?).await {
        Ok(request) => Ok((Some(request.client().registration.clone()), Some(request.target().uri().to_owned()))),
        Err(Failure::Redirected(target, _)) => Ok((None, Some(target.uri().to_owned()))),
        Err(failure) => Err(failure),
    }
}

/// The person goes back to the app, which learns that they said no (RFC 6749 §4.1.2.1).
async fn cancel(here: &Here, browser: &Browser, asked: &Asked) -> Result<Response, Failure> {
    let Some(sealed) = &asked.request else {
        return Ok(see_other(&here.path("/oauth2")));
    };
    match authorize::valid_request(here, &open_waiting(here, sealed)?).await {
        Ok(request) => {
            let answer = request.target().with_error(&denied("the user cancelled at the login page"));
            pages::answer(answer, || pages::frame(here, browser))
        }
        Err(Failure::Redirected(..)) => Ok(see_other(&here.path("/oauth2"))),
        Err(failure) => Err(failure),
    }
}

/// A new session, whatever was there before, and on to where the person was going.
async fn sign_in(
    here: &Here,
    headers: &HeaderMap,
    mut browser: Browser,
    (proven, asked): (Proven, Asked),
) -> Result<Response, Failure> {
    let goes_to = match &asked.request {
        Some(sealed) => authorize::resume_at(here, sealed),
        None => own_path(here, asked.return_to.as_deref()).unwrap_or_else(|| here.path("/oauth2")),
    };
    let user = proven.user().id;
    let previous = browser.person();
    // Clients go on knowing a session in which the same person proves again who they are.
    let known = previous.as_ref().filter(|previous| previous.user == user).map(|previous| previous.sid.clone());
    let sid = known.unwrap_or_else(|| draw_text::<16>(&mut here.server.randomness()));
    let session = NewSession {
        sid: sid.clone(),
        user,
        auth_time: here.now,
        expires_at: here.now.plus(here.row().policy.lifetimes.session),
        user_agent: user_agent(headers),
        address: here.address.to_string(),
    };
    let now = here.now;
    let id = here
        .write(move |tx| {
            if !proven.still_holds(tx)? {
                return Ok(None);
            }
            // The browser has one session: the one before is over, and with another user in it, what was granted there too.
            match &previous {
                Some(previous) if previous.user == session.user => {
                    tx.expire_session(previous.session, previous.user, now)?;
                }
                Some(previous) => drop(tx.end_session(previous.session, previous.user, now)?),
                None => {}
            }
            tx.insert_session(&session, now).map(Some)
        })
        .await?;
    let Some(id) = id else {
        return show(here, browser, asked, String::new(), Some(LoginProblem::WrongCredentials)).await;
    };
    here.server.signed_out().notify_one();
    browser.sign_in(here, (id, &sid), user);
    Ok(browser.finish(see_other(&goes_to)))
}

/// A path of this workspace to come back to; anything else would be an open redirect.
fn own_path(here: &Here, path: Option<&str>) -> Option<String> {
    let path = path?;
    let own = path.strip_prefix(&here.path("/")).is_some();
    let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') && !path.contains("//");
    let segments = || path.split(['?', '#']).next().unwrap_or_default().split('/');
    // Browsers resolve dot segments, in any spelling, and would leave the workspace.
    let dotted =
        segments().any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."));
    (own && plain && !dotted).then(|| path.to_owned())
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().take(300).collect()
}

//! The page on which a person makes an account: `GET, POST /{workspace}/sign-up`, in workspaces whose policy lets people do that.

use super::app_links::AppLinks;
use super::layout::Frame;
use super::onward::Onward;
use crate::asked::Query;
use crate::browser::Browser;
use crate::form::Fields;
use crate::here::Here;
use crate::operator::readable_name;
use crate::pages::{self, Beyond};
use crate::reply::{Failure, see_other};
use crate::sign_in;
use crate::throttle::place_of;
use crate::words;
use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use grantry_protocol::account::{LONGEST_OWN_USERNAME, SHORTEST_PASSWORD, SignUp, SignUpProblems};
use grantry_protocol::types::Seconds;
use grantry_storage::{NewUser, StorageError, Tx};
use serde::Deserialize;

/// The form posts `form_token`, `request`, `return_to`, `username`, `display_name`, `password` and, from the cancel button,
/// `decision=cancel`.
#[derive(Template)]
#[template(path = "en/sign_up.html")]
pub(crate) struct SignUpPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) onward: Onward,
    /// The name of the app that sent the person here; with it the page has a cancel button.
    pub(crate) app_name: Option<String>,
    pub(crate) links: AppLinks,
    pub(crate) username: String,
    pub(crate) display_name: String,
    /// The least length of a password.
    pub(crate) min_length: usize,
    /// The most length of a user name.
    pub(crate) longest_username: usize,
    pub(crate) errors: SignUpErrors,
    /// The address of the login page.
    pub(crate) login: String,
}

/// What is wrong with the form itself, and with each field.
#[derive(Default)]
pub(crate) struct SignUpErrors {
    pub(crate) form: Option<String>,
    pub(crate) fields: SignUpProblems,
}

impl SignUpPage {
    /// What makes the field the first to type in.
    fn focus(&self, field: &str) -> &'static str {
        let wrong = self.errors.fields;
        let wrong = [("display_name", wrong.display_name), ("password", wrong.password)];
        let first = match self.errors.fields.username {
            None => wrong.iter().find(|(_, problem)| problem.is_some()).map_or("username", |(name, _)| name),
            Some(_) => "username",
        };
        if first == field { " autofocus" } else { "" }
    }
}

/// What the page is asked with.
#[derive(Deserialize)]
pub(crate) struct Asked {
    request: Option<String>,
    return_to: Option<String>,
}

/// What a person typed, but for the password.
#[derive(Default)]
struct Typed {
    username: String,
    display_name: String,
}

/// Why an account was not made.
enum Refused {
    /// Beside the fields.
    Fields(SignUpProblems),
    /// The form was too old or came from another browser.
    Stale,
    /// The app's request that waited is over.
    Late,
    /// So many from there; how long to wait.
    TooMany(&'static str, Seconds),
    /// No thread was free to hash the password.
    Busy,
}

/// The form's action, which its token is bound to.
const ACTION: &str = "sign-up";

const TAKEN: &str = "This user name is taken. Choose another one; or if it is yours, sign in below.";

/// `GET W/sign-up`.
pub(crate) async fn get(here: Here, headers: HeaderMap, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let onward = Onward { request: asked.request, return_to: asked.return_to };
    show(&here, browser, onward, Typed::default(), None).await
}

/// `POST W/sign-up`.
pub(crate) async fn post(here: Here, headers: HeaderMap, fields: Fields) -> Result<Response, Failure> {
    let mut browser = Browser::read(&here, &headers).await?;
    let onward = Onward::of(&fields);
    let [username, display_name] = ["username", "display_name"].map(|name| fields.get(name).to_owned());
    let typed = Typed { username, display_name };
    // Before anything is made: what waits may be over.
    match onward.errand(&here).await {
        Ok(_) => {}
        Err(Failure::StaleForm) => {
            let onward = Onward { request: None, ..onward };
            return show(&here, browser, onward, typed, Some(Refused::Late)).await;
        }
        Err(failure) => return Err(failure),
    }
    if browser.check_form(&here, &headers, fields.get("form_token"), ACTION).is_err() {
        return show(&here, browser, onward, typed, Some(Refused::Stale)).await;
    }
    if fields.get("decision") == "cancel" {
        return onward.cancel(&here, &browser).await;
    }
    check_policy(here.row().policy.sign_up)?;
    let made = match SignUp::read(&typed.username, &typed.display_name, fields.get("password")) {
        Ok(wanted) => make(&here, &headers, &mut browser, wanted).await?,
        Err(problems) => Err(Refused::Fields(problems)),
    };
    match made {
        Ok(()) => Ok(browser.finish(see_other(&onward.goes_to(&here)))),
        Err(refused) => show(&here, browser, onward, typed, Some(refused)).await,
    }
}

/// Where nobody makes an account by themselves, there is no such page.
fn check_policy(sign_up: bool) -> Result<(), Failure> {
    if sign_up { Ok(()) } else { Err(Failure::NotFound) }
}

/// Makes the account, and signs this browser in.
async fn make(
    here: &Here,
    headers: &HeaderMap,
    browser: &mut Browser,
    wanted: SignUp,
) -> Result<Result<(), Refused>, Failure> {
    // Whoever asks learns whether a name is taken; so it costs one of what an address has, in any case.
    if let Err(wait) = here.server.sign_ups().use_one(place_of(here.address), here.now) {
        return Ok(Err(Refused::TooMany("from your network", wait)));
    }
    if let Err(wait) = here.server.sign_ups_by_workspace().use_one(here.row().id, here.now) {
        return Ok(Err(Refused::TooMany("in this workspace", wait)));
    }
    let taken = || Ok(Err(Refused::Fields(SignUpProblems { username: Some(TAKEN), ..SignUpProblems::default() })));
    // What is told anyhow costs no hash; whether it is still free is seen when it is written.
    let username = wanted.username().to_owned();
    if here.read(move |tx| tx.find_user_by_username(&username)).await?.is_some() {
        return taken();
    }
    let Ok(digest) = here.server.passwords().hash(wanted.password().clone()).await else {
        return Ok(Err(Refused::Busy));
    };
    let new = NewUser {
        username: wanted.username().to_owned(),
        subject: readable_name(&mut here.server.randomness()),
        display_name: wanted.display_name().to_owned(),
        admin: false,
        claims: "{}".to_owned(),
        password_digest: Some(digest),
    };
    let now = here.now;
    let who = move |tx: &mut Tx<'_>| match tx.hold_policy()? {
        Some(policy) if policy.sign_up => tx.insert_user(&new, now).map(Some),
        _ => Ok(None),
    };
    match sign_in::begin(here, headers, browser, who).await {
        Ok(made) => check_policy(made).map(Ok),
        Err(StorageError::Conflict) => taken(),
        Err(failure) => Err(failure.into()),
    }
}

impl Refused {
    /// The status of the answer, what the page says, and seconds after which to try again.
    fn told(self) -> (StatusCode, SignUpErrors, Option<i64>) {
        let form = |text: String| SignUpErrors { form: Some(text), ..SignUpErrors::default() };
        match self {
            Self::Fields(fields) => (StatusCode::UNPROCESSABLE_ENTITY, SignUpErrors { form: None, fields }, None),
            Self::Stale => {
                let text = "This form was open for too long, or was opened in another browser. Please try again here.";
                (StatusCode::FORBIDDEN, form(text.to_owned()), None)
            }
            Self::Late => {
                let text = "The app that sent you here has waited for too long, and no account was made. Create one here, \
                            then go back to the app.";
                (StatusCode::FORBIDDEN, form(text.to_owned()), None)
            }
            Self::TooMany(place, wait) => {
                let wait_for = words::duration(wait);
                let text = format!("Too many accounts were asked for {place}. Try again in {wait_for}.");
                (StatusCode::TOO_MANY_REQUESTS, form(text), Some(wait.0))
            }
            Self::Busy => {
                let text = "The server is busy, and no account was made. Try again in a few seconds.";
                (StatusCode::SERVICE_UNAVAILABLE, form(text.to_owned()), Some(1))
            }
        }
    }
}

async fn show(
    here: &Here,
    browser: Browser,
    onward: Onward,
    typed: Typed,
    refused: Option<Refused>,
) -> Result<Response, Failure> {
    check_policy(here.row().policy.sign_up)?;
    let errand = onward.errand(here).await?;
    let (status, errors, retry_after) = refused.map_or((StatusCode::OK, SignUpErrors::default(), None), Refused::told);
    let page = SignUpPage {
        frame: pages::frame(here, &browser),
        form_token: browser.form_token(here, ACTION),
        login: onward.by(here, "/login"),
        onward,
        app_name: errand.app_name,
        links: errand.links,
        username: typed.username,
        display_name: typed.display_name,
        min_length: SHORTEST_PASSWORD,
        longest_username: LONGEST_OWN_USERNAME,
        errors,
    };
    let beyond = Beyond { target: errand.target.as_deref(), image: page.links.logo.as_deref(), ..Beyond::default() };
    let mut response = pages::page_that_reaches(&page, beyond)?;
    *response.status_mut() = status;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(browser.finish(response))
}

//! The docs page's own callback: `GET, POST /{workspace}/oauth2/grant`.

use super::docs;
use super::docs::app::{self, Chosen};
use super::docs::requests::{EXAMPLE_NONCE, EXAMPLE_OPENID_STATE, EXAMPLE_STATE, EXAMPLE_VERIFIER};
use super::docs::state::{self, Remembered};
use super::error::Rule;
use super::layout::Frame;
use super::try_it;
use crate::browser::Browser;
use crate::form::Fields;
use crate::here::Here;
use crate::pages;
use crate::reply::{Failure, sentence};
use askama::Template;
use axum::extract::RawQuery;
use axum::http::HeaderMap;
use axum::response::Response;
use grantry_protocol::ErrorCode;
use grantry_protocol::sealed::AuthorizationCode;
use grantry_protocol::types::GrantType;

/// Shows what the authorization response carried. With neither `code` nor `error` the page explains fragments
/// and the script shows what `location.hash` holds. The exchange is answered with [`super::try_it::TryPage`].
#[derive(Template)]
#[template(path = "en/grant.html")]
pub(crate) struct GrantPage {
    pub(crate) frame: Frame,
    pub(crate) code: Option<CodeReceived>,
    pub(crate) error: Option<ErrorReceived>,
    pub(crate) checks: Vec<Check>,
    /// What the form is filled with that sends an ID Token from the fragment here, to be verified: where the query has nothing.
    pub(crate) fragment: Option<FragmentForm>,
}

/// The script adds the ID Token, and what came beside it.
pub(crate) struct FragmentForm {
    pub(crate) form_token: String,
    /// The app that the docs page is filled with.
    pub(crate) client_id: String,
}

/// A code, and what the exchange form is filled with.
pub(crate) struct CodeReceived {
    pub(crate) form_token: String,
    pub(crate) code: String,
    pub(crate) client_id: String,
    /// Whether the app signs an assertion instead of sending a secret.
    pub(crate) signs: bool,
    /// Known for the demo app only; otherwise empty, to be typed.
    pub(crate) client_secret: String,
    pub(crate) redirect_uri: String,
    /// The verifier that belongs to the docs page's own challenge, or empty.
    pub(crate) code_verifier: String,
    /// The `nonce` that the ID Token has to repeat, or empty; `None` where the request is known to have had none.
    pub(crate) nonce: Option<String>,
    /// How long a code lives, e.g. "60 seconds".
    pub(crate) lifetime: String,
}

/// An error response.
pub(crate) struct ErrorReceived {
    /// The OAuth error code.
    pub(crate) code: String,
    /// The `error_description`, or empty.
    pub(crate) description: String,
    pub(crate) rule: Option<Rule>,
}

/// One check of the response that every app should make.
pub(crate) struct Check {
    /// The parameter: `iss` or `state`.
    pub(crate) parameter: String,
    /// What was received; `None` when absent.
    pub(crate) received: Option<String>,
    /// What was expected; `None` when nothing was (no `state` was sent).
    pub(crate) expected: Option<String>,
}

impl Check {
    /// Whether what was received is what was expected.
    pub(crate) fn passed(&self) -> bool {
        self.received == self.expected
    }
}

/// The form's action, which its token is bound to.
const ACTION: &str = "grant";

/// `GET W/oauth2/grant`.
pub(crate) async fn get(here: Here, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let answer = Received::read(&here, &browser, query.unwrap_or_default().as_bytes());
    let page = GrantPage {
        frame: pages::frame(&here, &browser),
        code: match &answer.code {
            Some(code) => Some(code_received(&here, &browser, &answer, code).await?),
            None => None,
        },
        error: answer.error.as_deref().map(|code| error_received(&answer, code)),
        checks: checks(&here, &answer),
        fragment: match (&answer.code, &answer.error) {
            (None, None) => Some(fragment_form(&here, &browser).await?),
            _ => None,
        },
    };
    Ok(browser.finish(pages::page(&page)?))
}

/// `POST W/oauth2/grant`.
pub(crate) async fn post(here: Here, headers: HeaderMap, fields: Fields) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    browser.check_form(&here, &headers, fields.get("form_token"), ACTION)?;
    if let Some(id_token) = fields.filled("id_token") {
        return try_it::examine(&here, browser, &fields, id_token).await;
    }
    try_it::ask(&here, browser, &fields, GrantType::AuthorizationCode.as_str()).await
}

/// The parameters of the response, and whose request it answers.
#[derive(Default)]
struct Received {
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    error_uri: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    /// The request that the `state` was sent with.
    request: Asked,
}

/// Which request of the docs page is answered.
#[derive(Default, PartialEq)]
enum Asked {
    /// A live link, followed in this browser.
    Live(Remembered),
    /// The example with every parameter, sent by hand.
    Example,
    /// The example of an OpenID request, sent by hand.
    OpenidExample,
    /// The shortest form, or a request of the reader's own.
    #[default]
    Unknown,
}

impl Received {
    fn read(here: &Here, browser: &Browser, query: &[u8]) -> Self {
        let mut received = Self::default();
        for (name, value) in form_urlencoded::parse(query).into_owned().filter(|(_, value)| !value.is_empty()) {
            let place = match name.as_str() {
                "code" => &mut received.code,
                "error" => &mut received.error,
                "error_description" => &mut received.error_description,
                "error_uri" => &mut received.error_uri,
                "state" => &mut received.state,
                "iss" => &mut received.iss,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        // Anyone can make a link to this page: what is not of the form that it should have is not repeated.
        received.code = received.code.filter(|code| here.open::<AuthorizationCode>(code).is_some());
        received.error = received.error.filter(|code| ErrorCode::parse(code).is_some());
        received.request = match received.state.as_deref() {
            Some(EXAMPLE_STATE) => Asked::Example,
            Some(EXAMPLE_OPENID_STATE) => Asked::OpenidExample,
            Some(state) => state::read(here, browser, state).map_or(Asked::Unknown, Asked::Live),
            None => Asked::Unknown,
        };
        received
    }
}

/// What the exchange form is filled with: the code belongs to the app that asked, which the response does not name.
async fn code_received(here: &Here, browser: &Browser, answer: &Received, code: &str) -> Result<CodeReceived, Failure> {
    let live = if let Asked::Live(remembered) = &answer.request { Some(remembered) } else { None };
    let Chosen { app, client, .. } = app::choose(here, browser, live.map(|live| live.client_id.as_str())).await?;
    let example = matches!(answer.request, Asked::Example | Asked::OpenidExample);
    let nonce = match &answer.request {
        Asked::Live(remembered) => remembered.nonce.clone(),
        Asked::OpenidExample => Some(EXAMPLE_NONCE.to_owned()),
        Asked::Example => None,
        Asked::Unknown => Some(String::new()),
    };
    // The same conditions as those of the requests on the docs page.
    let openid = live.is_some_and(|live| live.nonce.is_some());
    let with_redirect_uri = app.callback_registered && (example || openid || app.redirect_uri_count > 1);
    let with_verifier = app.is_public() || example;
    Ok(CodeReceived {
        form_token: browser.form_token(here, ACTION),
        code: code.to_owned(),
        signs: app.signs(),
        client_id: if client.is_some() { app.client_id } else { String::new() },
        client_secret: app.client_secret.unwrap_or_default(),
        redirect_uri: app.redirect_uri.filter(|_| with_redirect_uri).unwrap_or_default(),
        code_verifier: if with_verifier { EXAMPLE_VERIFIER.to_owned() } else { String::new() },
        nonce,
        lifetime: docs::lifetimes(here, client.as_ref()).code,
    })
}

async fn fragment_form(here: &Here, browser: &Browser) -> Result<FragmentForm, Failure> {
    let Chosen { app, client, .. } = app::choose(here, browser, None).await?;
    let client_id = client.map(|_| app.client_id).unwrap_or_default();
    Ok(FragmentForm { form_token: browser.form_token(here, ACTION), client_id })
}

fn error_received(answer: &Received, code: &str) -> ErrorReceived {
    let rule = answer.error_uri.as_deref().and_then(Rule::at);
    // A description is free text. Without our `state` it may be anybody's, and would stand here in our name.
    let ours = matches!(answer.request, Asked::Live(_));
    let description = answer.error_description.as_deref().filter(|_| ours);
    let description = description.map(|text| sentence(&Rule::without(text, rule.as_ref()))).unwrap_or_default();
    ErrorReceived { code: code.to_owned(), description, rule }
}

fn checks(here: &Here, answer: &Received) -> Vec<Check> {
    if answer.code.is_none() && answer.error.is_none() {
        return Vec::new();
    }
    let check = |parameter: &str, received: &Option<String>, expected: Option<String>| Check {
        parameter: parameter.to_owned(),
        received: received.clone(),
        expected,
    };
    // What the docs page sent is not stored: a `state` that is known again is the one that was sent.
    let expected = answer.state.clone().filter(|_| answer.request != Asked::Unknown);
    vec![check("iss", &answer.iss, Some(here.issuer().to_owned())), check("state", &answer.state, expected)]
}

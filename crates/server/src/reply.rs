//! From failures to responses: the only place. Machines get the JSON of RFC 6749 §5.2, people a page, both with a request id.

use crate::pages::error::{ErrorPage, Rule as PageRule};
use crate::pages::{self, layout::Frame};
use crate::server::Server;
use crate::slow::Busy;
use askama::Template;
use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use grantry_protocol::authorize::{RedirectTarget, Refusal};
use grantry_protocol::register::RegistrationError;
use grantry_protocol::types::Seconds;
use grantry_protocol::{ErrorCode, OAuthError, Rule, bearer};
use grantry_storage::StorageError;
use serde::Serialize;

/// The header that carries the id under which a request is logged.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why a request is not answered as it wished.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The protocol refuses; the one who asked is told.
    Refused(OAuthError),
    /// The protocol refuses at the authorization endpoint; the app is told by redirect.
    Redirected(Box<RedirectTarget>, OAuthError),
    /// What an app says about itself cannot be registered; it is told.
    Unregistrable(Box<RegistrationError>),
    /// There is no such page, or no such workspace: uniform.
    NotFound,
    /// The method does not exist at this URL.
    WrongMethod,
    /// It exists, and is not for this person.
    Forbidden(&'static str),
    /// A form of ours that did not come from our page, or came too late.
    StaleForm,
    /// The form itself is broken.
    BadForm(&'static str),
    /// Not a form.
    WrongContentType,
    /// More than the limit.
    TooLarge,
    /// Too many guesses, or more than one address may do.
    Throttled(Seconds),
    /// Something that it needs is full or away; worth trying again.
    Busy,
    /// Something broke; it was logged where it happened.
    Internal,
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error)
    }
}

impl From<RegistrationError> for Failure {
    fn from(error: RegistrationError) -> Self {
        Self::Unregistrable(Box::new(error))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Show(error) => Self::Refused(error),
            Refusal::Redirect(target, error) => Self::Redirected(target, error),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Busy | StorageError::Unavailable => Self::Busy,
            StorageError::Conflict => Self::Internal,
        }
    }
}

impl From<Busy> for Failure {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl IntoResponse for Failure {
    /// Carries itself to the layer that knows who asked.
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A redirect after a form: the browser goes on with a GET.
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location), (CACHE_CONTROL, NO_STORE)]).into_response(),
        // A registered URI is printable ASCII, and everything else here is percent-encoded.
        Err(_) => Failure::Internal.into_response(),
    }
}

pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Room for nearly every answer, in bytes.
const USUAL_ANSWER: usize = 1_024;

/// JSON for the one who asked, which is never cached.
pub(crate) fn json(answer: &impl Serialize) -> Response {
    let mut body = Vec::with_capacity(USUAL_ANSWER);
    match serde_json::to_writer(&mut body, answer) {
        Ok(()) => {
            let json = HeaderValue::from_static("application/json");
            ([(CONTENT_TYPE, json), (CACHE_CONTROL, NO_STORE)], Body::from(body)).into_response()
        }
        Err(_) => Failure::Internal.into_response(),
    }
}

/// What a failure is told with: the id of the request, and where it went.
pub(crate) struct Asked<'a> {
    pub(crate) id: &'a str,
    pub(crate) uri: Uri,
}

impl Asked<'_> {
    /// The first segment of the path, which names a workspace where there is one.
    pub(crate) fn slug(&self) -> &str {
        self.uri.path().split('/').nth(1).unwrap_or_default()
    }
}

/// Tells a machine, instead of `response`.
pub(crate) fn to_machines(failure: Failure, asked: &Asked<'_>, response: Response) -> Response {
    if matches!(failure, Failure::NotFound) {
        return error_page(None, failure, asked.id);
    }
    let mut answer = refusal(&failure, asked.slug(), asked.id);
    keep_headers(&response, &mut answer);
    answer
}

/// Tells a person, instead of `response`.
pub(crate) async fn to_people(server: &Server, failure: Failure, asked: &Asked<'_>, response: Response) -> Response {
    let workspace = server.workspaces().find(server, asked.slug()).await.ok();
    let frame = workspace.map(|open| pages::plain_frame(&open.row));
    if let Failure::Redirected(target, error) = &failure {
        let frame = || frame.unwrap_or_else(pages::frame_outside);
        return pages::answer(target.with_error(error), frame).unwrap_or_else(IntoResponse::into_response);
    }
    let mut answer = error_page(frame, failure, asked.id);
    keep_headers(&response, &mut answer);
    answer
}

/// What inner layers had to say stays: CORS, `Allow`, cookies.
fn keep_headers(from: &Response, to: &mut Response) {
    for (name, value) in from.headers() {
        let about_body = name == CONTENT_TYPE || name == "content-length";
        if !about_body
            && (name == ALLOW || name.as_str().starts_with("access-control-") || name == "vary" || name == "set-cookie")
        {
            to.headers_mut().append(name.clone(), value.clone());
        }
    }
}

/// What a failure is in the terms of RFC 6749, for whoever has to be told in them.
fn as_oauth(failure: &Failure) -> (StatusCode, OAuthError) {
    let told = |status, code, rule, description| (status, OAuthError::new(code, rule, description));
    let http = |status, code, section, description| told(status, code, Rule::rfc(9110, section), description);
    match failure {
        Failure::Refused(error) | Failure::Redirected(_, error) => {
            (StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST), *error)
        }
        Failure::Unregistrable(error) => {
            told(StatusCode::BAD_REQUEST, error.code, error.rule, "what the app says about itself cannot be registered")
        }
        Failure::NotFound => {
            http(StatusCode::NOT_FOUND, ErrorCode::InvalidRequest, "15.5.5", "there is nothing at this URL")
        }
        Failure::WrongMethod => http(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::InvalidRequest,
            "15.5.6",
            "this URL does not have this method; see Allow",
        ),
        Failure::Forbidden(why) => http(StatusCode::FORBIDDEN, ErrorCode::AccessDenied, "15.5.4", why),
        Failure::StaleForm => http(
            StatusCode::FORBIDDEN,
            ErrorCode::InvalidRequest,
            "15.5.4",
            "the form did not come from a page of this site that was opened lately in this browser; open the page again",
        ),
        Failure::BadForm(what) => http(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest, "15.5.1", what),
        Failure::WrongContentType => told(
            StatusCode::BAD_REQUEST,
            ErrorCode::InvalidRequest,
            Rule::rfc(6749, "3.2"),
            "the body must be application/x-www-form-urlencoded, and Content-Type must say so",
        ),
        Failure::TooLarge => http(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::InvalidRequest,
            "15.5.14",
            "the body is larger than this URL takes",
        ),
        Failure::Throttled(_) => told(
            StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::TemporarilyUnavailable,
            Rule::rfc(6585, "4"),
            "too many attempts; wait as long as Retry-After says",
        ),
        Failure::Busy => http(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::TemporarilyUnavailable,
            "15.6.4",
            "the server cannot do this at the moment; try again after Retry-After seconds",
        ),
        Failure::Internal => http(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::ServerError,
            "15.6.1",
            "something went wrong in the server; its operator finds the cause under the request id",
        ),
    }
}

#[derive(Serialize)]
struct ErrorAnswer<'a> {
    error: &'static str,
    error_description: String,
    error_uri: String,
    request_id: &'a str,
}

fn refusal(failure: &Failure, slug: &str, request_id: &str) -> Response {
    let (status, error) = as_oauth(failure);
    let body = ErrorAnswer {
        error: error.code.as_str(),
        error_description: match failure {
            Failure::Unregistrable(error) => format!("{} ({})", error.description, error.rule),
            _ => error.wire_description(),
        },
        error_uri: error.rule.url(),
        request_id,
    };
    let mut response = (status, json(&body)).into_response();
    // RFC 6749 §5.2: a client that failed to authenticate is told which scheme to use.
    if error.code == ErrorCode::InvalidClient
        && let Ok(challenge) = HeaderValue::try_from(format!("Basic realm=\"{slug}\", charset=\"UTF-8\""))
    {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    // RFC 6750 §3: a protected resource says what was wrong with the token in the challenge. The texts are plain ASCII without quotes.
    if matches!(error.code, ErrorCode::InvalidToken | ErrorCode::InsufficientScope) {
        let (code, description) = (error.code.as_str(), error.wire_description());
        let challenge = match error == bearer::missing() {
            // RFC 6750 §3.1: who sent no token has not sent a wrong one.
            true => format!("Bearer realm=\"{slug}\""),
            false => format!("Bearer realm=\"{slug}\", error=\"{code}\", error_description=\"{description}\""),
        };
        if let Ok(challenge) = HeaderValue::try_from(challenge) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
    }
    add_retry_after(failure, &mut response);
    response
}

fn add_retry_after(failure: &Failure, response: &mut Response) {
    let seconds = match failure {
        Failure::Throttled(wait) => wait.0,
        Failure::Busy => 1,
        _ => return,
    };
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
}

fn error_page(frame: Option<Frame>, failure: Failure, request_id: &str) -> Response {
    let (status, error) = as_oauth(&failure);
    // RFC 6749 §4.1.2.1: what is shown to a person is not an answer to a client: 401 would ask the browser for a password.
    let status = if status == StatusCode::UNAUTHORIZED { StatusCode::BAD_REQUEST } else { status };
    let of_protocol = matches!(failure, Failure::Refused(_) | Failure::Redirected(..) | Failure::WrongContentType);
    let (title, what_to_do) = words(&failure);
    let page = ErrorPage {
        frame: frame.unwrap_or_else(pages::frame_outside),
        status: status.as_u16(),
        title: title.to_owned(),
        code: of_protocol.then(|| error.code.as_str().to_owned()),
        explanation: sentence(error.description),
        rule: of_protocol.then(|| PageRule { text: error.rule.to_string(), href: error.rule.url() }),
        what_to_do: Some(what_to_do.to_owned()),
        request_id: request_id.to_owned(),
    };
    let mut response = match page.render() {
        Ok(html) => (status, pages::headers(pages::Beyond::default()), html).into_response(),
        Err(_) => status.into_response(),
    };
    add_retry_after(&failure, &mut response);
    response
}

/// Descriptions are phrases, as in `error_description`; on a page they stand as a sentence.
pub(crate) fn sentence(description: &str) -> String {
    // Names of parameters are written as they are, also in front.
    if description.split(' ').next().is_some_and(|word| word.contains('_')) {
        return format!("{description}.");
    }
    let mut characters = description.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

/// The heading of an error page, and what its reader can do.
const fn words(failure: &Failure) -> (&'static str, &'static str) {
    match failure {
        Failure::Refused(_) | Failure::Redirected(..) | Failure::Unregistrable(_) => (
            "This request cannot go on",
            "If you came here from an app, go back to it and try again; if that does not help, tell its developer what this page says.",
        ),
        Failure::NotFound => {
            ("There is nothing here", "Check the address. The workspace may have another name, or may be gone.")
        }
        Failure::WrongMethod => ("This address cannot be used like this", "Open it from the page that links to it."),
        Failure::Forbidden(_) => {
            ("This is not for you", "Sign in as someone who may see it, or ask an admin of the workspace.")
        }
        Failure::StaleForm => (
            "This form cannot be used any more",
            "Nothing was changed. Go back, load the page again, and send the form from there.",
        ),
        Failure::BadForm(_) | Failure::WrongContentType | Failure::TooLarge => {
            ("This form cannot be read", "Go back, load the page again, and send the form from there.")
        }
        Failure::Throttled(_) => ("Too many attempts", "Wait a little, then try again."),
        Failure::Busy => ("The server is busy", "Try again in a few seconds."),
        Failure::Internal => {
            ("Something went wrong", "Try again. If it happens again, give the request id to whoever runs this server.")
        }
    }
}

//! RFC 6749 §3.1, OpenID Connect Core §3.1.2: `GET, POST W/oauth2/authorize`. No page is rendered here: it answers, or sends
//! the person to one that asks.

mod issue;
mod request_object;

pub(crate) use issue::{Consent, issue};

use crate::browser::Browser;
use crate::form::RawForm;
use crate::here::Here;
use crate::reply::{Failure, see_other};
use axum::extract::RawQuery;
use axum::http::HeaderMap;
use axum::response::Response;
use grantry_protocol::authorize::{Decision, Known, Refusal, ValidRequest, Waited, decide, validate};
use grantry_protocol::client::Client;
use grantry_protocol::id_token::Hint;
use grantry_protocol::sealed::WaitingRequest;
use grantry_protocol::types::Seconds;
use grantry_protocol::{ErrorCode, OAuthError, Params, Rule};
use std::sync::Arc;

/// Longest request, in bytes.
const LONGEST: usize = 8 * 1024;
/// How long a request waits for a person to sign in and decide.
const PATIENCE: Seconds = Seconds::hours(1);

/// The parameter by which our own pages give a request back. It holds what was sealed for them.
const RESUME: &str = "resume";

/// The request in the query, or one that comes back from a page.
pub(crate) async fn get(here: Here, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let browser = Browser::read(&here, &headers).await?;
    let (waiting, params) = match query.strip_prefix(RESUME).and_then(|rest| rest.strip_prefix('=')) {
        Some(sealed) => {
            let waiting = open_waiting(&here, sealed)?;
            let params = Params::parse_telling(waiting.query.as_bytes())?;
            (waiting, params)
        }
        None => begin(&here, &browser, query).await?,
    };
    let response = answer(&here, &browser, (&waiting, &params)).await?;
    Ok(browser.finish(response))
}

/// The request in the body (RFC 6749 §3.1: POST may be supported). It becomes one by GET, because on a form that another site
/// posts browsers send no `SameSite=Lax` cookies.
pub(crate) async fn post(here: Here, RawForm(body): RawForm) -> Result<Response, Failure> {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(form_urlencoded::parse(&body)).finish();
    check_length(&query)?;
    Ok(see_other(&format!("{}?{query}", here.path("/oauth2/authorize"))))
}

/// A request has to fit into a URL, sealed, on the pages where it waits.
fn check_length(encoded: &str) -> Result<(), Failure> {
    if encoded.len() > LONGEST { Err(Failure::TooLarge) } else { Ok(()) }
}

/// A request that has just arrived, with all of its parameters.
async fn begin(here: &Here, browser: &Browser, query: String) -> Result<(WaitingRequest, Params), Failure> {
    check_length(&query)?;
    if !query.is_ascii() {
        return Err(Failure::BadForm("the request is not percent-encoded"));
    }
    let outer = Params::parse_telling(query.as_bytes())?;
    let (query, params) = match request_object::resolve(here, browser, &outer).await? {
        Some(query) => {
            let params = Params::parse_telling(query.as_bytes())?;
            (query, params)
        }
        None => (query, outer),
    };
    let session = browser.person().map(|person| person.session);
    let waiting =
        WaitingRequest { query, asked_at: here.now, expires_at: here.now.plus(PATIENCE), session, chosen: None };
    Ok((waiting, params))
}

async fn answer(
    here: &Here,
    browser: &Browser,
    (waiting, params): (&WaitingRequest, &Params),
) -> Result<Response, Failure> {
    let decided = match validated(here, params).await {
        Ok(request) => decision(here, request, browser, waiting).await,
        Err(refused) => Err(refused),
    };
    let decided = match decided {
        // RFC 9700 §4.11.2: the person is authenticated before any redirect to an app, which anyone may have registered.
        // OpenID Connect Core §3.1.2.1: but for prompt=none, where no page may be shown.
        Err(Failure::Redirected(..)) if browser.person().is_none() && !is_silent(&waiting.query) => {
            return Ok(see_other(&to_page(here, "/login", waiting)));
        }
        decided => decided?,
    };
    match decided {
        Decision::SignIn(_) | Decision::Choose(_) => Ok(see_other(&to_page(here, "/login", waiting))),
        Decision::SignUp(_) => Ok(see_other(&to_page(here, "/sign-up", waiting))),
        Decision::Ask(_) => Ok(see_other(&to_page(here, "/consent", waiting))),
        Decision::Refuse(target, error) => Err(Failure::Redirected(target, error)),
        // Withdrawn in this very moment: it has to be asked for again.
        Decision::Answer(authorized) => match issue(here, browser, (authorized, Consent::Remembered)).await? {
            Some(answer) => Ok(answer),
            None => Ok(see_other(&to_page(here, "/consent", waiting))),
        },
    }
}

fn is_silent(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "prompt" && value == "none")
}

/// Reads and checks a request; also used when the person comes back to it.
pub(crate) async fn valid_request(here: &Here, waiting: &WaitingRequest) -> Result<ValidRequest, Failure> {
    validated(here, &Params::parse_telling(waiting.query.as_bytes())?).await
}

async fn validated(here: &Here, params: &Params) -> Result<ValidRequest, Failure> {
    let client = client_of(here, params).await?;
    Ok(validate(params, here.row(), client, here.issuer())?)
}

/// The client that a request names.
async fn client_of(here: &Here, params: &Params) -> Result<Option<Arc<Client>>, Failure> {
    match params.get("client_id") {
        Some(id) => here.client(id).await,
        None => Ok(None),
    }
}

/// What a valid request needs next, with this browser in front of it.
pub(crate) async fn decision(
    here: &Here,
    request: ValidRequest,
    browser: &Browser,
    waiting: &WaitingRequest,
) -> Result<Decision, Failure> {
    let person = browser.person();
    let consent = match &person {
        Some(person) => {
            let (user, client) = (person.user, request.client().row);
            here.read(move |tx| tx.find_consent(user, client)).await?
        }
        None => None,
    };
    let expected = expected(here, &request)?;
    let subject = browser.user().map(|user| here.told(request.client(), &user.subject));
    // OpenID Connect Core §5.5.1: so does a value of sub among the claims.
    let claims = &request.authentication().claims;
    let another = subject.as_ref().is_some_and(|subject| !claims.permits_subject(subject));
    let waited = Waited { since: waiting.asked_at, session: waiting.session, chosen: waiting.chosen };
    let known = Known {
        person: person.as_ref(),
        consent: consent.as_ref(),
        expects_another: another || expected.is_some() && expected != subject,
        waited: Some(waited),
        now: here.now,
    };
    Ok(decide(request, known))
}

/// The `sub` of the one person whom the request is about, if it says so.
fn expected(here: &Here, request: &ValidRequest) -> Result<Option<String>, Refusal> {
    let refuse = |code, description| {
        let error = OAuthError::new(code, Rule::oidc_core("3.1.2.2"), description);
        Refusal::Redirect(Box::new(request.target().clone()), error)
    };
    let Some(text) = &request.authentication().id_token_hint else { return Ok(None) };
    let hint = Hint::open(text, here.issuer(), &here.workspace.signing, here.now)
        .filter(|hint| hint.aud == request.client().client_id);
    // OpenID Connect Core §3.1.2.2: the hint must have been issued by this provider; and here, to this client.
    let hint = hint.ok_or_else(|| {
        refuse(ErrorCode::InvalidRequest, "id_token_hint is not an ID Token that this workspace issued to this app")
    })?;
    // OpenID Connect Core §3.1.2.1: where nobody can be asked, a login of long ago is none.
    if hint.has_expired(here.now) && request.authentication().prompt.none {
        return Err(refuse(ErrorCode::LoginRequired, "id_token_hint has expired; sign in again without prompt=none"));
    }
    Ok(Some(hint.sub))
}

/// Where the person goes with the request: sealed into the URL, so that waiting costs no row (docs/decisions/0002).
fn to_page(here: &Here, page: &str, waiting: &WaitingRequest) -> String {
    format!("{}?request={}", here.path(page), here.seal(waiting))
}

/// Back from a page to the authorization endpoint, which knows what is needed now.
pub(crate) fn resume(here: &Here, waiting: &WaitingRequest) -> Response {
    see_other(&resume_at(here, &here.seal(waiting)))
}

/// The address at which a sealed request goes on.
pub(crate) fn resume_at(here: &Here, sealed: &str) -> String {
    format!("{}?{RESUME}={sealed}", here.path("/oauth2/authorize"))
}

/// Opens a request that waited.
pub(crate) fn open_waiting(here: &Here, sealed: &str) -> Result<WaitingRequest, Failure> {
    here.open::<WaitingRequest>(sealed).filter(|request| here.now < request.expires_at).ok_or(Failure::StaleForm)
}

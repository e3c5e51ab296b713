//! RFC 6749 §3.1: `GET, POST W/oauth2/authorize`. No page is rendered here: it answers, or sends the person to one that asks.

use super::token::{AccessTokens, Granted};
use crate::browser::Browser;
use crate::form::RawForm;
use crate::here::Here;
use crate::reply::{Failure, see_other};
use axum::extract::RawQuery;
use axum::http::HeaderMap;
use axum::response::Response;
use grantry_protocol::Params;
use grantry_protocol::authorize::{Authorized, Decision, ResponseType, ValidRequest, decide, validate};
use grantry_protocol::grant::Grant;
use grantry_protocol::sealed::{AuthorizationCode, WaitingRequest};
use grantry_protocol::types::Seconds;
use grantry_storage::StorageError;

/// Longest request, in bytes.
const LONGEST: usize = 8 * 1024;
/// How long a request waits for a person to sign in and decide.
const PATIENCE: Seconds = Seconds::hours(1);

/// The request in the query.
pub(crate) async fn get(here: Here, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    answer(&here, &headers, query.unwrap_or_default().as_bytes()).await
}

/// The request in the body (RFC 6749 §3.1: POST may be supported). It becomes one by GET, because on a form that another site
/// posts browsers send no `SameSite=Lax` cookies.
pub(crate) async fn post(here: Here, RawForm(body): RawForm) -> Result<Response, Failure> {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(form_urlencoded::parse(&body)).finish();
    check_length(query.as_bytes())?;
    Ok(see_other(&format!("{}?{query}", here.path("/oauth2/authorize"))))
}

/// A request has to fit into a URL, sealed, on the pages where it waits.
fn check_length(encoded: &[u8]) -> Result<(), Failure> {
    if encoded.len() > LONGEST { Err(Failure::TooLarge) } else { Ok(()) }
}

async fn answer(here: &Here, headers: &HeaderMap, encoded: &[u8]) -> Result<Response, Failure> {
    check_length(encoded)?;
    if !encoded.is_ascii() {
        return Err(Failure::BadForm("the request is not percent-encoded"));
    }
    let browser = Browser::read(here, headers).await?;
    let request = match valid_request(here, encoded).await {
        // RFC 9700 §4.11.2: the person is authenticated before any redirect to an app, which anyone may have registered.
        Err(Failure::Redirected(..)) if browser.person().is_none() => {
            return Ok(browser.finish(see_other(&waiting(here, "/login", encoded)?)));
        }
        request => request?,
    };
    let response = match decision(here, request, &browser).await? {
        Decision::SignIn(_) => see_other(&waiting(here, "/login", encoded)?),
        Decision::Ask(_) => see_other(&waiting(here, "/consent", encoded)?),
        // Withdrawn in this very moment: it has to be asked for again.
        Decision::Answer(authorized) => match issue(here, authorized, Consent::Remembered).await? {
            Some(answer) => answer,
            None => see_other(&waiting(here, "/consent", encoded)?),
        },
    };
    Ok(browser.finish(response))
}

/// Reads and checks a request; also used when the person comes back to it.
pub(crate) async fn valid_request(here: &Here, encoded: &[u8]) -> Result<ValidRequest, Failure> {
    let params = Params::parse_telling(encoded)?;
    let client = match params.get("client_id").map(str::to_owned) {
        Some(id) => here.read(move |tx| tx.find_client(&id)).await?,
        None => None,
    };
    Ok(validate(&params, here.row(), client, here.issuer())?)
}

/// What a valid request needs next, with this browser in front of it.
pub(crate) async fn decision(here: &Here, request: ValidRequest, browser: &Browser) -> Result<Decision, Failure> {
    let person = browser.person();
    let consent = match person {
        Some(person) => {
            let client = request.client().row;
            here.read(move |tx| tx.find_consent(person.user, client)).await?
        }
        None => None,
    };
    Ok(decide(request, person, consent.as_ref()))
}

/// Where the person goes with the request: sealed into the URL, so that waiting costs no row (docs/decisions/0002).
fn waiting(here: &Here, page: &str, encoded: &[u8]) -> Result<String, Failure> {
    let query = std::str::from_utf8(encoded).map_err(|_| Failure::BadForm("the request is not ASCII"))?.to_owned();
    let request = WaitingRequest { query, asked_at: here.now, expires_at: here.now.plus(PATIENCE) };
    Ok(format!("{}?request={}", here.path(page), here.seal(&request)))
}

/// Opens a request that waited.
pub(crate) fn open_waiting(here: &Here, sealed: &str) -> Result<WaitingRequest, Failure> {
    here.open::<WaitingRequest>(sealed).filter(|request| here.now < request.expires_at).ok_or(Failure::StaleForm)
}

/// Where the person's consent comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// They have just agreed, and are not asked again.
    Given,
    /// They agreed earlier; it has to be so still when the grant is written.
    Remembered,
}

/// Writes the grant and answers with its code or token. `None`: what was remembered has just been withdrawn.
pub(crate) async fn issue(here: &Here, authorized: Authorized, consent: Consent) -> Result<Option<Response>, Failure> {
    let lifetimes = authorized.client().lifetimes(&here.row().policy.lifetimes);
    let new = authorized.to_grant(&lifetimes, here.now);
    let tokens = match authorized.response_type() {
        ResponseType::Code => None,
        ResponseType::Token => Some(AccessTokens::of(here, authorized.client()).await?),
    };
    let (row, now) = (new.clone(), here.now);
    let written = here
        .write(move |tx| {
            match consent {
                Consent::Given => tx.remember_consent(row.user, row.client, &row.scope, now)?,
                Consent::Remembered => {
                    let held = tx.hold_consent(row.user, row.client)?;
                    if !held.is_some_and(|held| row.scope.is_within(&held.scope)) {
                        return Ok(None);
                    }
                }
            }
            // They were there a moment ago.
            let user = tx.find_user(row.user)?.ok_or(StorageError::Unavailable)?;
            Ok(Some((tx.insert_grant(&row)?, user.subject)))
        })
        .await?;
    let Some((id, subject)) = written else { return Ok(None) };
    let grant = Grant::written(id, new);
    Ok(Some(match tokens {
        None => {
            let code = here.seal(&AuthorizationCode { grant: id, expires_at: grant.expires_at });
            see_other(&authorized.target().with_code(&code))
        }
        Some(tokens) => {
            let written = tokens.for_grant(Granted { grant: &grant, subject: &subject, scope: &grant.scope })?;
            let scope = grant.scope.to_string();
            see_other(&authorized.target().with_token(&written.access_token, written.expires_in.0, &scope))
        }
    }))
}

//! RFC 6749 §3.1: `GET, POST W/oauth2/authorize`. No page is rendered here: it answers, or sends the person to one that asks.

use super::token;
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

/// How long a request waits for a person to sign in and decide.
const PATIENCE: Seconds = Seconds::hours(1);

/// The request in the query.
pub(crate) async fn get(here: Here, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    answer(&here, &headers, query.unwrap_or_default().as_bytes()).await
}

/// The request in the body (RFC 6749 §3.1: POST may be supported).
pub(crate) async fn post(here: Here, headers: HeaderMap, RawForm(body): RawForm) -> Result<Response, Failure> {
    answer(&here, &headers, &body).await
}

async fn answer(here: &Here, headers: &HeaderMap, encoded: &[u8]) -> Result<Response, Failure> {
    let request = valid_request(here, encoded).await?;
    let browser = Browser::read(here, headers).await?;
    let response = match decision(here, request, &browser).await? {
        Decision::SignIn(_) => see_other(&waiting(here, "/login", encoded)?),
        Decision::Ask(_) => see_other(&waiting(here, "/consent", encoded)?),
        Decision::Answer(authorized) => issue(here, authorized, false).await?,
    };
    Ok(browser.finish(response))
}

/// Reads and checks a request; also used when the person comes back to it.
pub(crate) async fn valid_request(here: &Here, encoded: &[u8]) -> Result<ValidRequest, Failure> {
    let params = Params::parse(encoded)?;
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

/// Writes the grant and answers with its code or token. `remember`: the person has just agreed, and is not asked again.
pub(crate) async fn issue(here: &Here, authorized: Authorized, remember: bool) -> Result<Response, Failure> {
    let lifetimes = authorized.client().lifetimes(&here.row().policy.lifetimes);
    let new = authorized.to_grant(&lifetimes, here.now);
    let (row, now) = (new.clone(), here.now);
    let id = here
        .write(move |tx| {
            if remember {
                tx.remember_consent(row.user, row.client, &row.scope, now)?;
            }
            tx.insert_grant(&row)
        })
        .await?;
    let grant = Grant::written(id, new);
    Ok(match authorized.response_type() {
        ResponseType::Code => {
            let code = here.seal(&AuthorizationCode { grant: id, expires_at: grant.expires_at });
            see_other(&authorized.target().with_code(&code))
        }
        ResponseType::Token => {
            let sealed = token::access_token(here, &grant, &grant.scope, lifetimes.access_token);
            let scope = grant.scope.to_string();
            see_other(&authorized.target().with_token(&sealed.access_token, sealed.expires_in.0, &scope))
        }
    })
}

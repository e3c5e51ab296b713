//! RFC 6749 §3.1, OpenID Connect Core §3.1.2: `GET, POST W/oauth2/authorize`. No page is rendered here: it answers, or sends
//! the person to one that asks.

mod request_object;

use super::token::{Granted, Tokens};
use crate::browser::Browser;
use crate::form::RawForm;
use crate::here::Here;
use crate::pages;
use crate::reply::{Failure, see_other};
use axum::extract::RawQuery;
use axum::http::HeaderMap;
use axum::response::Response;
use grantry_protocol::account::User;
use grantry_protocol::authorize::{
    Authorized, Decision, Issued, Known, Refusal, ValidRequest, Waited, decide, validate,
};
use grantry_protocol::client::Client;
use grantry_protocol::grant::{Grant, NewGrant};
use grantry_protocol::id_token::{Beside, Hint};
use grantry_protocol::sealed::{AuthorizationCode, WaitingRequest};
use grantry_protocol::session_management;
use grantry_protocol::subject::Subject;
use grantry_protocol::types::Seconds;
use grantry_protocol::{ErrorCode, OAuthError, Params, Rule, Timestamp};
use grantry_storage::{StorageError, Tx};
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
    let waiting = match query.strip_prefix(RESUME).and_then(|rest| rest.strip_prefix('=')) {
        Some(sealed) => open_waiting(&here, sealed)?,
        None => begin(&here, &browser, query).await?,
    };
    let response = answer(&here, &browser, &waiting).await?;
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
async fn begin(here: &Here, browser: &Browser, query: String) -> Result<WaitingRequest, Failure> {
    check_length(&query)?;
    if !query.is_ascii() {
        return Err(Failure::BadForm("the request is not percent-encoded"));
    }
    let query = request_object::resolve(here, browser, &query).await?.unwrap_or(query);
    let session = browser.person().map(|person| person.session);
    Ok(WaitingRequest { query, asked_at: here.now, expires_at: here.now.plus(PATIENCE), session, chosen: None })
}

async fn answer(here: &Here, browser: &Browser, waiting: &WaitingRequest) -> Result<Response, Failure> {
    let decided = match valid_request(here, waiting).await {
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
    let params = Params::parse_telling(waiting.query.as_bytes())?;
    let client = client_of(here, &params).await?.map(Arc::unwrap_or_clone);
    Ok(validate(&params, here.row(), client, here.issuer())?)
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
    let subject = browser.user().map(|user| told(here, request.client(), &user.subject));
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

/// The `sub` that this client is told for a user.
pub(crate) fn told(here: &Here, client: &Client, subject: &str) -> String {
    Subject::of(subject, &client.registration).told(&here.workspace.pairwise)
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

/// Where the person's consent comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// They have just agreed, and are not asked again.
    Given,
    /// They agreed earlier; it has to be so still when the grant is written.
    Remembered,
}

/// Writes the grants and answers with what they are for. `None`: what was remembered, or the session, has just ended.
pub(crate) async fn issue(
    here: &Here,
    browser: &Browser,
    (authorized, consent): (Authorized, Consent),
) -> Result<Option<Response>, Failure> {
    let client = authorized.client();
    let lifetimes = client.lifetimes(&here.row().policy.lifetimes);
    let writing = Writing {
        consent,
        code: authorized.to_code_grant(&lifetimes, here.now),
        token: authorized.to_token_grant(&lifetimes, here.now),
        authorized: authorized.clone(),
        session_ends_at: browser.signed_in.as_ref().map_or(here.now, |(session, _)| session.expires_at),
    };
    // Before anything is written: where a first key is needed, it is there by then.
    let tokens = match authorized.is_openid() {
        true => Tokens::with_id_tokens(here, client).await?,
        false => Tokens::of(here, client).await?,
    };
    let now = here.now;
    let Some(written) = here.write(move |tx| writing.write(tx, now)).await? else { return Ok(None) };
    let subject = told(here, client, &written.user.subject);
    let code =
        written.code.map(|grant| here.seal(&AuthorizationCode { grant: grant.id, expires_at: grant.expires_at }));
    let scope = authorized.scope();
    let granted = |grant| Granted { grant, user: None, subject: &subject, scope: &scope };
    let access_token = written.token.as_ref().map(|grant| tokens.for_grant(granted(grant))).transpose()?;
    let scope = scope.to_string();
    let access_token = access_token.as_ref().map(|it| (it.access_token.as_str(), it.expires_in.0, scope.as_str()));
    let target = authorized.target();
    let beside = Beside { access_token: access_token.map(|it| it.0), code: code.as_deref(), state: target.state() };
    let id_token = match authorized.response_type().has_id_token() {
        true => Some(tokens.id_token(&authorized, (&written.user, &subject), beside)?),
        false => None,
    };
    let session_state = session_state(here, &authorized);
    let issued = Issued {
        code: code.as_deref(),
        access_token,
        id_token: id_token.as_deref(),
        session_state: session_state.as_deref(),
    };
    pages::answer(target.with(&issued), || pages::frame(here, browser)).map(Some)
}

/// Session Management §2: in the answer to every OpenID request.
fn session_state(here: &Here, authorized: &Authorized) -> Option<String> {
    if !authorized.is_openid() {
        return None;
    }
    let (client_id, sid) = (&authorized.client().client_id, &authorized.by().sid);
    session_management::session_state(client_id, authorized.target().uri(), sid, &mut here.server.randomness())
}

/// What is written before the answer, as one unit of work.
struct Writing {
    consent: Consent,
    code: Option<NewGrant>,
    token: Option<NewGrant>,
    authorized: Authorized,
    session_ends_at: Timestamp,
}

/// What was written.
struct Written {
    code: Option<Grant>,
    token: Option<Grant>,
    user: User,
}

impl Writing {
    fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<Option<Written>, StorageError> {
        let (by, client, agreed) = (self.authorized.by(), self.authorized.client().row, self.authorized.agreed());
        match self.consent {
            Consent::Given => tx.remember_consent(by.user, client, agreed, now)?,
            Consent::Remembered => {
                let held = tx.hold_consent(by.user, client)?;
                if !held.is_some_and(|held| agreed.is_within(&held.scope)) {
                    return Ok(None);
                }
            }
        }
        // Whoever signs out in this moment ends what would be written here.
        if self.authorized.is_openid() && !tx.note_session_client(by, client, self.session_ends_at)? {
            return Ok(None);
        }
        // They were there a moment ago.
        let user = tx.find_user(by.user)?.ok_or(StorageError::Unavailable)?;
        let mut insert = |new: &Option<NewGrant>| match new {
            Some(new) => tx.insert_grant(new).map(|id| Some(Grant::written(id, new.clone()))),
            None => Ok(None),
        };
        Ok(Some(Written { code: insert(&self.code)?, token: insert(&self.token)?, user }))
    }
}

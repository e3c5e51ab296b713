//! RP-Initiated Logout §2: `GET, POST W/oauth2/logout`.

use crate::browser::Browser;
use crate::form::RawForm;
use crate::here::Here;
use crate::pages::logout::LogoutPage;
use crate::pages::signed_out::{GoesOn, SignedOutPage};
use crate::pages::{self, Beyond};
use crate::reply::{Failure, see_other};
use crate::{sign_out, words};
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use grantry_protocol::Params;
use grantry_protocol::client::Client;
use grantry_protocol::logout::{Decision, Known, LogoutRequest, Person, PostLogoutRedirect};

/// Longest request that waits in an address, sealed, in bytes.
const LONGEST: usize = 8 * 1024;
/// What the form of the page that asks is bound to.
const ACTION: &str = "logout";

/// What the person said on the page that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// They have not been asked.
    None,
    /// To sign out.
    Yes,
    /// Something, on a form that cannot be used any more.
    Stale,
}

/// The request in the query, or one that was posted before.
pub(crate) async fn get(here: Here, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let browser = Browser::read(&here, &headers).await?;
    let request = match query.strip_prefix("request=") {
        Some(sealed) => open(&here, sealed)?,
        None => read(&here, &Params::parse(query.as_bytes())?)?,
    };
    proceed(&here, browser, &request, Answer::None).await
}

/// The request in the body, or what the person said on our page.
///
/// A request becomes one by GET, because with a form that another site posts browsers send no `SameSite=Lax` cookies. It is
/// sealed: its ID Token, as long as a body may be, is opened here and left out, and so is in no address, history or log.
pub(crate) async fn post(here: Here, headers: HeaderMap, RawForm(body): RawForm) -> Result<Response, Failure> {
    let params = Params::parse(&body)?;
    let Some(token) = params.get("form_token") else {
        let sealed = here.seal(&read(&here, &params)?);
        if sealed.len() > LONGEST {
            return Err(Failure::TooLarge);
        }
        return Ok(see_other(&format!("{}?request={sealed}", here.path("/oauth2/logout"))));
    };
    let browser = Browser::read(&here, &headers).await?;
    let request = open(&here, params.get("request").unwrap_or_default())?;
    let answer = match browser.check_form(&here, &headers, token, ACTION) {
        Ok(()) => Answer::Yes,
        Err(_) => Answer::Stale,
    };
    proceed(&here, browser, &request, answer).await
}

fn read(here: &Here, params: &Params) -> Result<LogoutRequest, Failure> {
    Ok(LogoutRequest::read(params, here.issuer(), &here.workspace.signing, here.now)?)
}

fn open(here: &Here, sealed: &str) -> Result<LogoutRequest, Failure> {
    here.open::<LogoutRequest>(sealed).filter(|request| here.now < request.expires_at).ok_or(Failure::StaleForm)
}

async fn proceed(here: &Here, browser: Browser, request: &LogoutRequest, answer: Answer) -> Result<Response, Failure> {
    let client = match request.client_id().map(str::to_owned) {
        Some(client_id) => here.read(move |tx| tx.find_client(&client_id)).await?,
        None => None,
    };
    let subject = client.as_ref().zip(browser.user()).map(|(client, user)| here.told(client, &user.subject));
    let person = browser.signed_in.as_ref();
    let person = person.map(|(session, _)| Person { sid: &session.sid, subject: subject.as_deref() });
    let known = Known { client: client.as_ref(), person, confirmed: answer == Answer::Yes, now: here.now };
    match request.decide(known)? {
        Decision::Ask(redirect) => ask(here, browser, (request, client), redirect, answer),
        Decision::End(redirect) => end(here, browser, redirect).await,
        Decision::Offer(redirect) => {
            let goes_on = Some(GoesOn { href: redirect.location(), by_itself: false });
            let page = SignedOutPage::new(pages::frame(here, &browser), goes_on);
            Ok(browser.finish(pages::page(&page)?))
        }
    }
}

async fn end(here: &Here, browser: Browser, redirect: Option<PostLogoutRedirect>) -> Result<Response, Failure> {
    let clients = match browser.person() {
        Some(person) => {
            let now = here.now;
            here.write(move |tx| tx.end_session(person.session, person.user, now)).await?
        }
        None => None,
    };
    let goes_on = redirect.map(|redirect| redirect.location());
    Ok(sign_out::leave(here, browser, &clients.unwrap_or_default(), goes_on))
}

fn ask(
    here: &Here,
    browser: Browser,
    (request, client): (&LogoutRequest, Option<Client>),
    redirect: Option<PostLogoutRedirect>,
    answer: Answer,
) -> Result<Response, Failure> {
    let location = redirect.map(|redirect| redirect.location());
    let page = LogoutPage {
        frame: pages::frame(here, &browser),
        form_token: browser.form_token(here, ACTION),
        request: here.seal(request),
        app_name: client.map(|client| client.registration.name),
        goes_to: location.as_deref().map(words::origin),
        asks_in_vain: request.asks_for_redirect() && location.is_none(),
        is_stale: answer == Answer::Stale,
    };
    let mut response = pages::page_that_reaches(&page, Beyond { target: location.as_deref(), ..Beyond::default() })?;
    if page.is_stale {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    Ok(browser.finish(response))
}

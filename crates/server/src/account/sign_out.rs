//! Signing out: `POST /{workspace}/account/sign-out` from the header of every page, and the page after it.

use crate::asked::Query;
use crate::browser::Browser;
use crate::form::Fields;
use crate::here::Here;
use crate::pages::signed_out::{GoesOn, SignedOutPage};
use crate::pages::{self, Beyond};
use crate::reply::{Failure, see_other};
use crate::sign_out;
use axum::http::HeaderMap;
use axum::response::Response;
use grantry_protocol::logout::front_channel::frame;
use grantry_protocol::sealed::SignedOut;
use serde::Deserialize;
use url::Url;

/// Ends the session of this browser. Whoever is signed out already only sees the page.
pub(crate) async fn post(here: Here, headers: HeaderMap, fields: Fields) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let clients = match browser.person() {
        Some(person) => {
            browser.check_form(&here, &headers, fields.get("form_token"), "sign-out")?;
            let now = here.now;
            here.write(move |tx| tx.end_session(person.session, person.user, now)).await?
        }
        None => None,
    };
    Ok(sign_out::leave(&here, browser, &clients.unwrap_or_default(), None))
}

/// What the page is asked with.
#[derive(Deserialize)]
pub(crate) struct Asked {
    /// What this browser has to do, sealed.
    end: Option<String>,
}

/// `GET W/account/signed-out`; needs no session.
pub(crate) async fn get(here: Here, headers: HeaderMap, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let end = asked.end.and_then(|sealed| here.open::<SignedOut>(&sealed));
    // RFC 9700 §4.11.2: a link to this page leads nobody on but whoever signed out.
    let end = end.filter(|end| end.browser == browser.id() && here.now < end.expires_at);
    if browser.user().is_some() {
        // Signed in again since: the page would say what is not so.
        return Ok(see_other(&end.and_then(|end| end.goes_on).unwrap_or_else(|| here.path("/account"))));
    }
    let mut page = SignedOutPage::new(pages::frame(&here, &browser), None);
    if let Some(end) = end {
        page.frames = frames(&here, &end).await?;
        page.goes_on = end.goes_on.map(|href| GoesOn { href, by_itself: true });
    }
    let response = pages::page_that_reaches(&page, Beyond { frames: &page.frames, ..Beyond::default() })?;
    Ok(browser.finish(response))
}

/// What tells the clients of the session that it is over.
async fn frames(here: &Here, end: &SignedOut) -> Result<Vec<Url>, Failure> {
    let rows = end.clients.clone();
    let clients =
        here.read(move |tx| rows.iter().map(|row| tx.find_client_by_row(*row)).collect::<Result<Vec<_>, _>>());
    let enabled = clients.await?.into_iter().flatten().filter(|client| client.disabled_at.is_none());
    Ok(enabled.filter_map(|client| frame(&client.registration.openid, here.issuer(), &end.sid)).collect())
}

//! Signing out: `POST /{workspace}/account/sign-out` from the header of every page, and the page after it.

use crate::browser::Browser;
use crate::form::Fields;
use crate::here::Here;
use crate::pages::{self, signed_out::SignedOutPage};
use crate::reply::{Failure, see_other};
use axum::http::HeaderMap;
use axum::response::Response;

/// Ends the session of this browser. Whoever is signed out already only sees the page.
pub(crate) async fn post(here: Here, headers: HeaderMap, fields: Fields) -> Result<Response, Failure> {
    let mut browser = Browser::read(&here, &headers).await?;
    if let Some(person) = browser.person() {
        browser.check_form(&here, &headers, fields.get("form_token"), "sign-out")?;
        let now = here.now;
        here.write(move |tx| tx.end_session(person.session, person.user, now)).await?;
        browser.sign_out(&here);
    }
    Ok(browser.finish(see_other(&here.path("/account/signed-out"))))
}

/// `GET W/account/signed-out`; needs no session.
pub(crate) async fn get(here: Here, headers: HeaderMap) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    if browser.user().is_some() {
        // Signed in again since: the page would say what is not so.
        return Ok(see_other(&here.path("/account")));
    }
    let page = SignedOutPage { frame: pages::frame(&here, &browser) };
    Ok(browser.finish(pages::page(&page)?))
}

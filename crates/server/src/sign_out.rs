//! Signing this browser out: what its answer does, however the session was ended.

use crate::browser::Browser;
use crate::here::Here;
use crate::reply::see_other;
use axum::response::Response;
use grantry_protocol::client::Client;
use grantry_protocol::sealed::SignedOut;
use grantry_protocol::types::Seconds;

/// How long the page after the logout tells clients by frames.
const PATIENCE: Seconds = Seconds::minutes(10);

/// The answer to a browser whose session has just ended, if it had one: to `goes_on`, or to a page that says so. Where clients
/// are told by frames, to that page in any case.
pub(crate) fn leave(here: &Here, mut browser: Browser, clients: &[Client], goes_on: Option<String>) -> Response {
    let sid = browser.person().map(|person| person.sid).unwrap_or_default();
    browser.sign_out(here);
    here.server.signed_out().notify_one();
    let by_frame = |client: &&Client| client.registration.openid.frontchannel_logout_uri.is_some();
    let clients: Vec<_> = clients.iter().filter(by_frame).map(|client| client.row).collect();
    let page = here.path("/account/signed-out");
    let location = match goes_on {
        Some(location) if clients.is_empty() => location,
        None if clients.is_empty() => page,
        goes_on => {
            let end = SignedOut { browser: browser.id(), sid, clients, goes_on, expires_at: here.now.plus(PATIENCE) };
            format!("{page}?end={}", here.seal(&end))
        }
    };
    browser.finish(see_other(&location))
}

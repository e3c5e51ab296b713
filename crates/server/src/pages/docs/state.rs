//! The `state` of the docs page's own links: sealed, bound to the browser, and naming the app and the `nonce` of the request, so
//! that nothing has to be stored.

use crate::browser::Browser;
use crate::here::Here;
use grantry_protocol::entropy;

/// What the action of such a token begins with; the `nonce`, which has no spaces, and the app's `client_id` follow.
const ACTION: &str = "docs-state ";

/// A request of the docs page, as its `state` remembers it.
#[derive(PartialEq, Eq)]
pub(crate) struct Remembered {
    /// Which app asked.
    pub(crate) client_id: String,
    /// The `nonce` that it sent; none where the request was not an OpenID one.
    pub(crate) nonce: Option<String>,
}

/// A `state` for a request of this app by this browser (RFC 6749 §10.12).
pub(crate) fn make(here: &Here, browser: &Browser, client_id: &str) -> String {
    seal(here, browser, ("", client_id))
}

/// A `state` and a `nonce` for an OpenID request of this app by this browser (OpenID Connect Core §15.5.2).
pub(crate) fn make_with_nonce(here: &Here, browser: &Browser, client_id: &str) -> (String, String) {
    let nonce = entropy::draw_text::<16>(&mut here.server.randomness());
    (seal(here, browser, (&nonce, client_id)), nonce)
}

fn seal(here: &Here, browser: &Browser, (nonce, client_id): (&str, &str)) -> String {
    browser.form_token(here, &format!("{ACTION}{nonce} {client_id}"))
}

/// The request that came back, if its `state` was made for this browser.
pub(crate) fn read(here: &Here, browser: &Browser, state: &str) -> Option<Remembered> {
    let action = browser.open_form_token(here, state)?;
    let (nonce, client_id) = action.strip_prefix(ACTION)?.split_once(' ')?;
    let nonce = Some(nonce.to_owned()).filter(|nonce| !nonce.is_empty());
    Some(Remembered { client_id: client_id.to_owned(), nonce })
}

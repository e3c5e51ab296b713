//! The `state` of the docs page's own link: sealed, bound to the browser, and naming the app, so that nothing has to be stored.

use crate::browser::Browser;
use crate::here::Here;

/// What the action of such a token begins with; the app's `client_id` follows.
const ACTION: &str = "docs-state ";

/// A `state` for a request of this app by this browser (RFC 6749 §10.12).
pub(crate) fn make(here: &Here, browser: &Browser, client_id: &str) -> String {
    browser.form_token(here, &format!("{ACTION}{client_id}"))
}

/// The `client_id` of the request that came back, if its `state` was made for this browser.
pub(crate) fn read(here: &Here, browser: &Browser, state: &str) -> Option<String> {
    let action = browser.open_form_token(here, state)?;
    action.strip_prefix(ACTION).map(str::to_owned)
}

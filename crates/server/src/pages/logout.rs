//! The page that asks whether to sign out: `GET /{workspace}/oauth2/logout`.

use super::layout::Frame;
use askama::Template;

/// Posts `form_token` and `request` to its own URL.
#[derive(Template)]
#[template(path = "en/logout.html")]
pub(crate) struct LogoutPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    /// The sealed request.
    pub(crate) request: String,
    /// The app that asks, where it can be told.
    pub(crate) app_name: Option<String>,
    /// Scheme and host of where the person goes from here.
    pub(crate) goes_to: Option<String>,
    /// The request says where to go on to, but not who says so.
    pub(crate) asks_in_vain: bool,
    /// The form was too old or came from another browser.
    pub(crate) is_stale: bool,
}

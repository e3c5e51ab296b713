//! Form Post Response Mode §2: an answer that the browser posts to the app.

use super::layout::Frame;
use askama::Template;

/// Posts itself where scripts run, and has a button where they do not.
#[derive(Template)]
#[template(path = "en/form_post.html")]
pub(crate) struct FormPostPage {
    pub(crate) frame: Frame,
    /// The redirect URI.
    pub(crate) action: String,
    /// Names and values of the answer.
    pub(crate) fields: Vec<(String, String)>,
    /// Scheme and host of the redirect URI.
    pub(crate) origin: String,
}

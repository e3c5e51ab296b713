//! The page after signing out.

use super::layout::Frame;
use askama::Template;

/// Shown by `POST /{workspace}/account/sign-out` (after its 303) and by the logout endpoint.
#[derive(Template)]
#[template(path = "en/signed_out.html")]
pub(crate) struct SignedOutPage {
    pub(crate) frame: Frame,
}

//! The page after signing out.

use super::layout::Frame;
use crate::words;
use askama::Template;
use url::Url;

/// Shown by `W/account/signed-out`, where every logout leads, and by the logout endpoint to whom nobody is signed in for.
#[derive(Template)]
#[template(path = "en/signed_out.html")]
pub(crate) struct SignedOutPage {
    pub(crate) frame: Frame,
    /// What tells clients that the person signed out (Front-Channel Logout §2).
    pub(crate) frames: Vec<Url>,
    pub(crate) goes_on: Option<GoesOn>,
}

/// Where the person came from, and can go back to.
pub(crate) struct GoesOn {
    /// A URI that a client registered.
    pub(crate) href: String,
    /// Whether a script follows it when the frames have loaded.
    pub(crate) by_itself: bool,
}

impl SignedOutPage {
    /// A page that tells nobody else.
    pub(crate) fn new(frame: Frame, goes_on: Option<GoesOn>) -> Self {
        Self { frame, frames: Vec::new(), goes_on }
    }
}

impl GoesOn {
    /// Scheme and host.
    pub(crate) fn origin(&self) -> String {
        words::origin(&self.href)
    }
}

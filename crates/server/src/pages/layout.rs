//! What every page has around its own text: workspace, navigation, who is signed in.

/// The frame of a page. A page outside any workspace has an empty `workspace_slug`, see [`Frame::outside`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    /// The path segment of the workspace; empty where no workspace is known.
    pub(crate) workspace_slug: String,
    /// The name shown in the header.
    pub(crate) workspace_name: String,
    /// Who is signed in to this workspace in this browser.
    pub(crate) signed_in: Option<SignedIn>,
    /// The form token of the header's sign-out form.
    pub(crate) form_token: String,
    /// The path to come back to after "Sign in" in the header was followed.
    pub(crate) return_to: Option<String>,
    /// The URL of the stylesheet.
    pub(crate) css_href: String,
    /// The URL of the script, which only adds conveniences.
    pub(crate) script_href: String,
}

/// The signed-in user as the header names them.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) display_name: String,
    pub(crate) username: String,
    pub(crate) is_admin: bool,
}

/// A moment: `iso` for the machine-readable attribute, `text` for the reader.
#[derive(Clone, Debug)]
pub(crate) struct When {
    pub(crate) iso: String,
    pub(crate) text: String,
}

impl Frame {
    /// The frame of a page that belongs to no workspace.
    pub(crate) fn outside(css_href: String, script_href: String) -> Self {
        Self { css_href, script_href, ..Self::default() }
    }

    /// The path that every URL of this workspace begins with, without a slash at its end.
    pub(crate) fn base(&self) -> String {
        format!("/{}", self.workspace_slug)
    }

    /// Whether the reader administers this workspace.
    pub(crate) fn is_admin(&self) -> bool {
        self.signed_in.as_ref().is_some_and(|user| user.is_admin)
    }
}

//! The second step before something that cannot be taken back: rotate, retire, delete.

use super::app::{self, OwnApp};
use crate::pages::layout::Frame;
use crate::reply::Failure;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

/// Posts `form_token` (and for a deletion `confirm_name`) to its own URL.
#[derive(Template)]
#[template(path = "en/apps/confirm.html")]
pub(crate) struct ConfirmPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) client_id: String,
    pub(crate) app_name: String,
    pub(crate) what: Confirmation,
    /// What is wrong with the answer, e.g. the name typed is another.
    pub(crate) error: Option<String>,
}

/// What is to be confirmed.
pub(crate) enum Confirmation {
    /// Make a new secret.
    Rotate {
        /// How long the present one goes on working, e.g. "7 days"; empty where there is none.
        overlap: String,
    },
    /// Two secrets work already: the older one has to be retired before there can be a new one.
    RetireFirst {
        /// The `n` of the older one's URL.
        number: u64,
        /// When it was made.
        created: String,
    },
    /// End a secret before its time.
    Retire {
        /// The `n` of the URL.
        number: u64,
        /// When it was made.
        created: String,
    },
    /// Delete the app.
    Delete {
        /// How many users have let it in.
        users: u64,
    },
}

impl ConfirmPage {
    /// The URL that the form posts to: the page's own.
    pub(crate) fn action(&self) -> String {
        let app = format!("{}{}", self.frame.base(), app::path(&self.client_id, ""));
        match &self.what {
            Confirmation::Rotate { .. } | Confirmation::RetireFirst { .. } => format!("{app}/rotate"),
            Confirmation::Retire { number, .. } => format!("{app}/secrets/{number}/retire"),
            Confirmation::Delete { .. } => format!("{app}/delete"),
        }
    }
}

/// What was wrong with the answer to the question, and with which status it is asked again.
pub(super) struct Problem(pub(super) StatusCode, pub(super) &'static str);

impl Problem {
    /// The form was too old or came from elsewhere.
    pub(super) const STALE: Self = Self(StatusCode::FORBIDDEN, super::STALE);
}

/// Asks whether something shall be done to an app. `action`: what the form's token is bound to.
pub(super) fn ask(
    own: OwnApp,
    what: Confirmation,
    action: &str,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.0);
    let page = ConfirmPage {
        frame: own.reader.frame(),
        form_token: own.reader.form_token(action),
        client_id: own.client.client_id,
        app_name: own.client.registration.name,
        what,
        error: problem.map(|problem| problem.1.to_owned()),
    };
    own.reader.show(&page, status)
}

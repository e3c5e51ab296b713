//! Where a person goes on to who signs in or signs up: to the request that waits for them, or to a page of this workspace.

use super::app_links::AppLinks;
use crate::browser::Browser;
use crate::endpoints::authorize::{self, open_waiting};
use crate::form::Fields;
use crate::here::Here;
use crate::pages;
use crate::reply::{Failure, see_other};
use axum::response::Response;
use grantry_protocol::authorize::denied;

/// What both pages carry from one step to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Onward {
    /// The sealed authorization request that waits.
    pub(crate) request: Option<String>,
    /// The path of this workspace to go to, when no request waits.
    pub(crate) return_to: Option<String>,
}

/// Who sent the person here, and where they will be sent.
#[derive(Default)]
pub(super) struct Errand {
    /// The name of the app; with it the page has a cancel button.
    pub(super) app_name: Option<String>,
    pub(super) links: AppLinks,
    pub(super) target: Option<String>,
}

impl Onward {
    /// What a form carried.
    pub(super) fn of(fields: &Fields) -> Self {
        let filled = |name| fields.filled(name).map(str::to_owned);
        Self { request: filled("request"), return_to: filled("return_to") }
    }

    /// The address of a page of this workspace that goes on to the same place.
    pub(super) fn by(&self, here: &Here, page: &str) -> String {
        let carried = [("request", &self.request), ("return_to", &self.return_to)];
        let carried = carried.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(carried).finish();
        let separator = if query.is_empty() { "" } else { "?" };
        format!("{}{separator}{query}", here.path(page))
    }

    /// Where the browser goes when the person is signed in.
    pub(super) fn goes_to(&self, here: &Here) -> String {
        match &self.request {
            Some(sealed) => authorize::resume_at(here, sealed),
            None => own_path(here, self.return_to.as_deref()).unwrap_or_else(|| here.path("/oauth2")),
        }
    }

    /// The app that waits. A request that has to be refused waits for the person to sign in as well, and has no app to cancel for.
    pub(super) async fn errand(&self, here: &Here) -> Result<Errand, Failure> {
        let Some(sealed) = &self.request else { return Ok(Errand::default()) };
        match authorize::valid_request(here, &open_waiting(here, sealed)?).await {
            Ok(request) => Ok(Errand {
                app_name: Some(request.client().registration.name.clone()),
                links: AppLinks::of(&request.client().registration.openid),
                target: Some(request.target().uri().to_owned()),
            }),
            Err(Failure::Redirected(target, _)) => {
                Ok(Errand { target: Some(target.uri().to_owned()), ..Errand::default() })
            }
            Err(failure) => Err(failure),
        }
    }

    /// The person goes back to the app, which learns that they said no (RFC 6749 §4.1.2.1).
    pub(super) async fn cancel(&self, here: &Here, browser: &Browser) -> Result<Response, Failure> {
        let Some(sealed) = &self.request else {
            return Ok(see_other(&here.path("/oauth2")));
        };
        match authorize::valid_request(here, &open_waiting(here, sealed)?).await {
            Ok(request) => {
                let answer = request.target().with_error(&denied("the user cancelled instead of signing in"));
                pages::answer(answer, || pages::frame(here, browser))
            }
            Err(Failure::Redirected(..)) => Ok(see_other(&here.path("/oauth2"))),
            Err(failure) => Err(failure),
        }
    }
}

/// A path of this workspace to come back to; anything else would be an open redirect.
fn own_path(here: &Here, path: Option<&str>) -> Option<String> {
    let path = path?;
    let own = path.strip_prefix(&here.path("/")).is_some();
    let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') && !path.contains("//");
    let segments = || path.split(['?', '#']).next().unwrap_or_default().split('/');
    // Browsers resolve dot segments, in any spelling, and would leave the workspace.
    let dotted =
        segments().any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."));
    (own && plain && !dotted).then(|| path.to_owned())
}

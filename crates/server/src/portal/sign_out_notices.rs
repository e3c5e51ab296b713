//! What an app was told of people who signed out, and how that went (Back-Channel Logout): a part of the app's page.

use crate::here::Here;
use crate::pages::layout::When;
use crate::reply::Failure;
use crate::words;
use grantry_protocol::client::Client;
use grantry_storage::LogoutDelivery;

/// Most notices that are shown.
const MOST: i64 = 10;

/// Where the app is told, and what it was told lately.
pub(crate) struct SignOutNotices {
    pub(crate) uri: String,
    /// Newest first.
    pub(crate) notices: Vec<SignOutNotice>,
}

/// That a person signed out.
pub(crate) struct SignOutNotice {
    pub(crate) signed_out: When,
    pub(crate) attempts: i64,
    pub(crate) outcome: NoticeOutcome,
    /// Why the last attempt failed.
    pub(crate) problem: Option<String>,
}

/// How it went.
pub(crate) enum NoticeOutcome {
    /// The app took it.
    Delivered(When),
    /// It will be tried, or tried again.
    Next(When),
    /// It was tried often enough.
    GivenUp,
}

/// The notices of an app; none where it is not told.
pub(super) async fn find(here: &Here, client: &Client) -> Result<Option<SignOutNotices>, Failure> {
    let Some(uri) = client.registration.openid.backchannel_logout_uri.clone() else { return Ok(None) };
    let client = client.row;
    let notices = here.read(move |tx| tx.list_deliveries(client, MOST)).await?;
    Ok(Some(SignOutNotices { uri, notices: notices.into_iter().map(notice).collect() }))
}

fn notice(delivery: LogoutDelivery) -> SignOutNotice {
    let outcome = match (delivery.delivered_at, delivery.next_attempt_at) {
        (Some(at), _) => NoticeOutcome::Delivered(words::when(at)),
        (None, Some(at)) => NoticeOutcome::Next(words::when(at)),
        (None, None) => NoticeOutcome::GivenUp,
    };
    SignOutNotice {
        signed_out: words::when(delivery.created_at),
        attempts: delivery.attempts,
        outcome,
        problem: delivery.last_problem,
    }
}

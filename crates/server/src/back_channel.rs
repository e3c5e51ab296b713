//! Back-Channel Logout §2.5, §2.8: tells clients that a person signed out, until they take it or have been told often enough.
//! Whom to tell was written down with the end of the session; so a restart forgets nothing.

use crate::endpoints::authorize::told;
use crate::here::Here;
use crate::outbound::Unreachable;
use crate::reply::Failure;
use crate::server::Server;
use crate::signing;
use axum::http::StatusCode;
use grantry_protocol::WorkspaceId;
use grantry_protocol::client::Client;
use grantry_protocol::entropy::draw_text;
use grantry_protocol::logout::back_channel::{LogoutToken, wait_after};
use grantry_protocol::types::Seconds;
use grantry_storage::{LogoutDelivery, StorageError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

/// Most clients that are told at once.
const AT_ONCE: usize = 32;
/// Rows that are looked at together.
const BATCH: i64 = 64;
/// The pause when nothing is due, unless somebody signs out.
const PAUSE: Duration = Duration::from_secs(5);
/// How much longer than the request itself an attempt can take.
const MARGIN: Seconds = Seconds(5);
/// How long after an attempt for which there was no place the next one is made.
const WAIT_FOR_PLACE: Seconds = Seconds(10);

/// An attempt that was claimed: in which workspace, what, and which one.
struct Attempt {
    server: Server,
    workspace: WorkspaceId,
    slug: String,
    delivery: LogoutDelivery,
    number: i64,
}

/// What is said of a delivery without anybody to tell.
const NOBODY: &str = "the app has no backchannel_logout_uri any more, or was switched off";

/// What became of an attempt.
enum Outcome {
    Delivered,
    /// Worth trying again.
    Failed(String),
    /// There was no place for the request.
    NotTried,
    /// There is nobody to tell any more.
    Pointless,
}

/// Tells clients for as long as the server runs.
pub(crate) async fn run(server: Server) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        if !begin_due(&server, &places).await {
            // However this ends, it is time to look again: another process, or the command line, may have written something.
            let _ = timeout(PAUSE, server.signed_out().notified()).await;
        }
    }
}

/// Begins what is due. Whether there was anything.
async fn begin_due(server: &Server, places: &Arc<Semaphore>) -> bool {
    let now = server.clock().now();
    // What could not be read now, the storage logged; it is tried again like everything else.
    let due = server.store().read_instance(move |instance| instance.list_due_deliveries(now, BATCH)).await;
    let mut begun = false;
    for (workspace, slug, delivery) in due.unwrap_or_default() {
        let Ok(place) = Arc::clone(places).acquire_owned().await else { return false };
        let Ok(Some(attempt)) = Attempt::claim(server, (workspace, slug), delivery).await else { continue };
        begun = true;
        tokio::spawn(async move {
            if attempt.make().await.is_err() {
                tracing::warn!("what came of telling a client that a person signed out could not be written down");
            }
            drop(place);
        });
    }
    begun
}

impl Attempt {
    /// Takes a delivery in hand; `None`: another process did. First of all, so that what fails then is not the oldest any more.
    async fn claim(
        server: &Server,
        (workspace, slug): (WorkspaceId, String),
        delivery: LogoutDelivery,
    ) -> Result<Option<Self>, StorageError> {
        let number = delivery.attempts + 1;
        let request = i64::try_from(server.settings().outbound.timeout.as_secs()).unwrap_or(i64::MAX);
        let until = server.clock().now().plus(Seconds(request)).plus(MARGIN);
        let due = delivery.clone();
        let claimed = server.store().write(workspace, move |tx| tx.claim_delivery(&due, until)).await?;
        Ok(claimed.then(|| Self { server: server.clone(), workspace, slug, delivery, number }))
    }

    /// Tells the client, and writes down what came of it.
    async fn make(&self) -> Result<(), Failure> {
        let here = Here::within(&self.server, &self.slug).await?;
        let outcome = self.tell(&here).await?;
        let (attempt, now) = ((self.delivery.id, self.number), self.server.clock().now());
        let wait = wait_after(self.number).map(|wait| now.plus(wait));
        let written = self.server.store().write(self.workspace, move |tx| match &outcome {
            Outcome::Delivered => tx.finish_delivery(attempt.0, now),
            Outcome::NotTried => tx.release_delivery(attempt, now.plus(WAIT_FOR_PLACE)),
            Outcome::Failed(problem) => tx.postpone_delivery(attempt, problem, wait),
            Outcome::Pointless => tx.postpone_delivery(attempt, NOBODY, None),
        });
        Ok(written.await?)
    }

    async fn tell(&self, here: &Here) -> Result<Outcome, Failure> {
        let (client, user) = (self.delivery.client, self.delivery.user);
        let found = here.read(move |tx| Ok((tx.find_client_by_row(client)?, tx.find_user(user)?)));
        let (client, user) = found.await?;
        let Some(client) = client.filter(|client| client.disabled_at.is_none()) else { return Ok(Outcome::Pointless) };
        let uri = client.registration.openid.backchannel_logout_uri.as_deref().map(Url::parse);
        let Some(Ok(uri)) = uri else { return Ok(Outcome::Pointless) };
        let subject = user.map(|user| told(here, &client, &user.subject));
        let logout_token = self.sign(here, &client, subject.as_deref()).await?;
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &logout_token).finish();
        Ok(match self.server.outbound().post_form(&uri, form).await {
            // Back-Channel Logout §2.8: 200, and 204 for the frameworks that make it of an empty answer.
            Ok(StatusCode::OK | StatusCode::NO_CONTENT) => Outcome::Delivered,
            Ok(status) => Outcome::Failed(format!("the URL answers with status {}, not 200", status.as_u16())),
            // Many of one app at once, say after it was away for a while, or other requests: it is not to blame.
            Err(Unreachable::Busy) => Outcome::NotTried,
            Err(why) => Outcome::Failed(why.as_str().to_owned()),
        })
    }

    async fn sign(&self, here: &Here, client: &Client, subject: Option<&str>) -> Result<String, Failure> {
        // Back-Channel Logout §2.6: by the algorithm of the client's ID Tokens.
        let key = signing::key(here, client.registration.openid.id_token_signed_response_alg).await?;
        let (issuer, client_id, sid) = (here.issuer(), client.client_id.as_str(), self.delivery.sid.as_str());
        let jti = draw_text::<16>(&mut here.server.randomness());
        let token = LogoutToken { issuer, client_id, subject, sid }.sign(&key, &jti, here.now);
        token.ok_or_else(|| {
            tracing::error!("a Logout Token could not be signed");
            Failure::Internal
        })
    }
}

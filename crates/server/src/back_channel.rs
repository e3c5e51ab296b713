//! Back-Channel Logout §2.5, §2.8: tells clients that a person signed out, until they take it or have been told often enough.
//! Whom to tell was written down with the end of the session; so a restart forgets nothing.

use crate::endpoints::authorize::told;
use crate::here::Here;
use crate::reply::Failure;
use crate::server::Server;
use crate::signing;
use axum::http::StatusCode;
use grantry_protocol::client::Client;
use grantry_protocol::entropy::draw_text;
use grantry_protocol::logout::back_channel::{LogoutToken, wait_after};
use grantry_protocol::types::Seconds;
use grantry_storage::LogoutDelivery;
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

/// An attempt that was claimed, or more: where, what, and which one.
struct Attempt {
    here: Here,
    delivery: LogoutDelivery,
    number: i64,
}

/// What became of an attempt.
enum Outcome {
    Delivered,
    /// Worth trying again.
    Failed(String),
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
    for (_, slug, delivery) in due.unwrap_or_default() {
        let Ok(place) = Arc::clone(places).acquire_owned().await else { return false };
        let Ok(Some(attempt)) = Attempt::claim(server, &slug, delivery).await else { continue };
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
    /// Takes a delivery in hand; `None`: another process did.
    async fn claim(server: &Server, slug: &str, delivery: LogoutDelivery) -> Result<Option<Self>, Failure> {
        let here = Here::within(server, slug).await?;
        let number = delivery.attempts + 1;
        let request = i64::try_from(server.settings().outbound.timeout.as_secs()).unwrap_or(i64::MAX);
        let until = here.now.plus(Seconds(request)).plus(MARGIN);
        let due = delivery.clone();
        let claimed = here.write(move |tx| tx.claim_delivery(&due, until)).await?;
        Ok(claimed.then_some(Self { here, delivery, number }))
    }

    /// Tells the client, and writes down what came of it.
    async fn make(&self) -> Result<(), Failure> {
        let id = self.delivery.id;
        let outcome = self.tell().await?;
        let now = self.here.server.clock().now();
        let (problem, next) = match outcome {
            Outcome::Delivered => return self.here.write(move |tx| tx.finish_delivery(id, now)).await,
            Outcome::Failed(problem) => (problem, wait_after(self.number).map(|wait| now.plus(wait))),
            Outcome::Pointless => {
                ("the app has no backchannel_logout_uri any more, or was switched off".to_owned(), None)
            }
        };
        let attempt = (id, self.number);
        self.here.write(move |tx| tx.postpone_delivery(attempt, &problem, next)).await
    }

    async fn tell(&self) -> Result<Outcome, Failure> {
        let (client, user) = (self.delivery.client, self.delivery.user);
        let found = self.here.read(move |tx| Ok((tx.find_client_by_row(client)?, tx.find_user(user)?)));
        let (client, user) = found.await?;
        let Some(client) = client.filter(|client| client.disabled_at.is_none()) else { return Ok(Outcome::Pointless) };
        let uri = client.registration.openid.backchannel_logout_uri.as_deref().map(Url::parse);
        let Some(Ok(uri)) = uri else { return Ok(Outcome::Pointless) };
        let subject = user.map(|user| told(&self.here, &client, &user.subject));
        let logout_token = self.sign(&client, subject.as_deref()).await?;
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &logout_token).finish();
        Ok(match self.here.server.outbound().post_form(&uri, form).await {
            // Back-Channel Logout §2.8: 200, and 204 for the frameworks that make it of an empty answer.
            Ok(StatusCode::OK | StatusCode::NO_CONTENT) => Outcome::Delivered,
            Ok(status) => Outcome::Failed(format!("the URL answers with status {}, not 200", status.as_u16())),
            Err(why) => Outcome::Failed(why.as_str().to_owned()),
        })
    }

    async fn sign(&self, client: &Client, subject: Option<&str>) -> Result<String, Failure> {
        let here = &self.here;
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

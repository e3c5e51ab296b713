//! Back-Channel Logout §2.5, §2.8: tells clients that a person signed out, until they take it or have been told often enough.
//! Whom to tell was written down with the end of the session; so a restart forgets nothing.

use crate::here::Here;
use crate::outbound::{Recipient, Unreachable};
use crate::reply::Failure;
use crate::server::Server;
use crate::shares::{Shares, Taken};
use crate::signing;
use axum::http::StatusCode;
use grantry_protocol::client::Client;
use grantry_protocol::entropy::draw_text;
use grantry_protocol::logout::back_channel::{LogoutToken, wait_after};
use grantry_protocol::types::Seconds;
use grantry_protocol::{UserId, WorkspaceId};
use grantry_storage::{DueDelivery, Instance, PassedBy, StorageError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

/// Most clients that are told at once.
const AT_ONCE: usize = 32;
/// Most of them about one person, who may have signed in to many that are slow.
const ABOUT_ONE_PERSON: usize = 8;
/// Most of them for one workspace.
const FOR_ONE_WORKSPACE: usize = 16;
/// Rows that are looked at together.
const BATCH: i64 = 64;
/// The pause when nothing is due, unless somebody signs out.
const PAUSE: Duration = Duration::from_secs(5);
/// How much longer than the request itself an attempt can take.
const MARGIN: Seconds = Seconds(5);

/// Who has a share of those that are told at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Of {
    Person(WorkspaceId, UserId),
    Workspace(WorkspaceId),
}

/// The clients that are being told.
#[derive(Clone)]
struct Places {
    all: Arc<Semaphore>,
    shares: Arc<Shares<Of>>,
}

/// An attempt that was claimed: what, and which one.
struct Attempt {
    server: Server,
    due: DueDelivery,
    number: i64,
    to: Option<Addressee>,
}

/// A client that is to be told, and its place among the requests to other servers, or why there is none.
type Addressee = (Client, Result<Recipient, Unreachable>);

/// What is said of a delivery without anybody to tell.
const NOBODY: &str = "the app has no backchannel_logout_uri any more, or was switched off";

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
    let places = Places { all: Arc::new(Semaphore::new(AT_ONCE)), shares: Arc::default() };
    loop {
        if !begin_due(&server, &places).await {
            // However this ends, it is time to look again: another process, or the command line, may have written something.
            let _ = timeout(PAUSE, server.signed_out().notified()).await;
        }
    }
}

/// Begins what is due, the oldest first, but for those for whom there is no place. Whether there may be more to begin.
async fn begin_due(server: &Server, places: &Places) -> bool {
    let (mut begun, mut after, mut passed) = (0, None, PassedBy::default());
    // Not too many, so that whoever was passed by is soon looked at again.
    while begun < AT_ONCE {
        let (now, by) = (server.clock().now(), passed.clone());
        let next = move |instance: &mut Instance<'_>| instance.list_due_deliveries(now, (after.as_ref(), &by), BATCH);
        // What could not be read now, the storage logged; it is tried again like everything else.
        let due = server.store().read_instance(next).await.unwrap_or_default();
        let Some(last) = due.last().cloned() else { return begun > 0 };
        after = Some(last);
        for due in due {
            match begin(server, places, &mut passed, due).await {
                Ok(it_was) => begun += usize::from(it_was),
                // Nothing else can be written now, either.
                Err(_) => return false,
            }
        }
    }
    true
}

/// Begins an attempt, if there is a place for it and no other process makes it. Without a place nothing is written or signed.
async fn begin(
    server: &Server,
    places: &Places,
    passed: &mut PassedBy,
    due: DueDelivery,
) -> Result<bool, StorageError> {
    if passed.includes(&due) {
        return Ok(false);
    }
    let share = match places.share_for(&due) {
        Ok(share) => share,
        Err(Of::Person(_, user)) => return Ok(pass_by(&mut passed.people, user)),
        Err(Of::Workspace(workspace)) => return Ok(pass_by(&mut passed.workspaces, workspace)),
    };
    let Ok(place) = Arc::clone(&places.all).acquire_owned().await else { return Ok(false) };
    let to = addressee(server, &due).await?;
    if let Some((client, Err(Unreachable::Busy))) = &to {
        return Ok(pass_by(&mut passed.clients, client.row));
    }
    let Some(attempt) = Attempt::claim(server, due, to).await? else { return Ok(false) };
    let server = server.clone();
    tokio::spawn(async move {
        if attempt.make().await.is_err() {
            tracing::warn!("what came of telling a client that a person signed out could not be written down");
        }
        drop((place, share));
        // Whoever waits for a place has it now.
        server.signed_out().notify_one();
    });
    Ok(true)
}

/// Nothing of theirs is begun before the next look.
fn pass_by<T>(those: &mut Vec<T>, whom: T) -> bool {
    those.push(whom);
    false
}

/// Whom to tell, if there still is anybody.
async fn addressee(server: &Server, due: &DueDelivery) -> Result<Option<Addressee>, StorageError> {
    let client = due.delivery.client;
    let client = server.store().read(due.workspace, move |tx| tx.find_client_by_row(client)).await?;
    let Some(client) = client.filter(|client| client.disabled_at.is_none()) else { return Ok(None) };
    let uri = client.registration.openid.backchannel_logout_uri.as_deref().map(Url::parse);
    let Some(Ok(uri)) = uri else { return Ok(None) };
    Ok(Some((client, server.outbound().recipient(&uri))))
}

impl Places {
    /// A share of the places; the error says who has all of theirs.
    fn share_for(&self, due: &DueDelivery) -> Result<Taken<Of>, Of> {
        let person = Of::Person(due.workspace, due.delivery.user);
        self.shares.take([(person, ABOUT_ONE_PERSON), (Of::Workspace(due.workspace), FOR_ONE_WORKSPACE)])
    }
}

impl Attempt {
    /// Takes a delivery in hand; `None`: another process did. First of all, so that what fails then is not the oldest any more.
    async fn claim(server: &Server, due: DueDelivery, to: Option<Addressee>) -> Result<Option<Self>, StorageError> {
        let number = due.delivery.attempts + 1;
        let request = i64::try_from(server.settings().outbound.timeout.as_secs()).unwrap_or(i64::MAX);
        let until = server.clock().now().plus(Seconds(request)).plus(MARGIN);
        let delivery = due.delivery.clone();
        let claimed = server.store().write(due.workspace, move |tx| tx.claim_delivery(&delivery, until)).await?;
        Ok(claimed.then(|| Self { server: server.clone(), due, number, to }))
    }

    /// Tells the client, and writes down what came of it.
    async fn make(mut self) -> Result<(), Failure> {
        let here = Here::within(&self.server, &self.due.slug).await?;
        let outcome = match self.to.take() {
            Some(to) => self.tell(&here, to).await?,
            None => Outcome::Pointless,
        };
        let (attempt, now) = ((self.due.delivery.id, self.number), self.server.clock().now());
        let wait = wait_after(self.number).map(|wait| now.plus(wait));
        let written = self.server.store().write(self.due.workspace, move |tx| match &outcome {
            Outcome::Delivered => tx.finish_delivery(attempt.0, now),
            Outcome::Failed(problem) => tx.postpone_delivery(attempt, problem, wait),
            Outcome::Pointless => tx.postpone_delivery(attempt, NOBODY, None),
        });
        Ok(written.await?)
    }

    async fn tell(&self, here: &Here, (client, recipient): Addressee) -> Result<Outcome, Failure> {
        let recipient = match recipient {
            Ok(recipient) => recipient,
            Err(why) => return Ok(Outcome::Failed(why.as_str().to_owned())),
        };
        let user = self.due.delivery.user;
        let user = here.read(move |tx| tx.find_user(user)).await?;
        let subject = user.map(|user| here.told(&client, &user.subject));
        let logout_token = self.sign(here, &client, subject.as_deref()).await?;
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &logout_token).finish();
        Ok(match self.server.outbound().post_form(recipient, form).await {
            // Back-Channel Logout §2.8: 200, and 204 for the frameworks that make it of an empty answer.
            Ok(StatusCode::OK | StatusCode::NO_CONTENT) => Outcome::Delivered,
            Ok(status) => Outcome::Failed(format!("the URL answers with status {}, not 200", status.as_u16())),
            Err(why) => Outcome::Failed(why.as_str().to_owned()),
        })
    }

    async fn sign(&self, here: &Here, client: &Client, subject: Option<&str>) -> Result<String, Failure> {
        // Back-Channel Logout §2.6: by the algorithm of the client's ID Tokens.
        let key = signing::key(here, client.registration.openid.id_token_signed_response_alg).await?;
        let (issuer, client_id, sid) = (here.issuer(), client.client_id.as_str(), self.due.delivery.sid.as_str());
        let jti = draw_text::<16>(&mut here.server.randomness());
        let token = LogoutToken { issuer, client_id, subject, sid }.sign(&key, &jti, here.now);
        token.ok_or_else(|| {
            tracing::error!("a Logout Token could not be signed");
            Failure::Internal
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantry_protocol::{ClientRow, Timestamp};
    use grantry_storage::LogoutDelivery;

    #[test]
    fn neither_a_person_nor_a_workspace_takes_every_place() {
        let places = Places { all: Arc::new(Semaphore::new(AT_ONCE)), shares: Arc::default() };
        let due = |workspace, user| DueDelivery {
            workspace: WorkspaceId(workspace),
            slug: "acme".to_owned(),
            delivery: LogoutDelivery {
                id: 1,
                client: ClientRow(1),
                user: UserId(user),
                sid: "sid".to_owned(),
                created_at: Timestamp::from_unix(0),
                next_attempt_at: None,
                attempts: 0,
                last_problem: None,
                delivered_at: None,
            },
        };
        let taken = |workspace, user| -> Vec<_> {
            (0..AT_ONCE).map_while(|_| places.share_for(&due(workspace, user)).ok()).collect()
        };
        let bob = taken(1, 1);
        assert_eq!(bob.len(), ABOUT_ONE_PERSON);
        let others: Vec<_> = (2..10).flat_map(|user| taken(1, user)).collect();
        assert_eq!(bob.len() + others.len(), FOR_ONE_WORKSPACE);
        assert_eq!(taken(2, 1).len(), ABOUT_ONE_PERSON, "another workspace, where somebody has the same number");
    }
}

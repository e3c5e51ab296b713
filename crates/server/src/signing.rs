//! The signing keys of a workspace: opened from the database, and made on first need, away from the threads that answer.

use crate::decryption;
use crate::here::Here;
use crate::reply::Failure;
use crate::server::Server;
use crate::workspace::OpenWorkspace;
use grantry_protocol::WorkspaceId;
use grantry_protocol::client::{ChosenAlgorithms, ID_TOKEN_ALGORITHM};
use grantry_protocol::jose::{
    Algorithm, KeyState, PUBLISHED_AHEAD, Schedule, ScheduledKey, SigningKey, SigningKeys, beginning_of_first,
};
use grantry_protocol::sealed::KeyPurpose;
use grantry_protocol::types::Timestamp;
use grantry_storage::{Key, NewSigningKey};
use std::sync::Arc;

/// The key set of a workspace is never empty: whoever reads it before they send anyone here has the usual key by then.
pub(crate) async fn with_usual_key(here: &Here) -> Result<Arc<OpenWorkspace>, Failure> {
    if here.workspace.signing.active(ID_TOKEN_ALGORITHM, here.now).is_some() {
        return Ok(Arc::clone(&here.workspace));
    }
    let slug = here.row().slug.as_str();
    Box::pin(first(&here.server, slug, ID_TOKEN_ALGORITHM)).await?;
    here.server.workspaces().find(&here.server, slug).await
}

/// The key that signs by this algorithm now. The first one of an algorithm is made here, and whoever needs it meanwhile waits.
pub(crate) async fn key(here: &Here, algorithm: Algorithm) -> Result<Arc<SigningKey>, Failure> {
    match here.workspace.signing.active(algorithm, here.now) {
        Some(key) => Ok(Arc::clone(key)),
        // In a box, so that not every request has room for what happens once.
        None => Box::pin(first(&here.server, here.row().slug.as_str(), algorithm)).await,
    }
}

/// Makes the keys that an app chose when it is registered, so that they are published before they sign. Where that cannot be,
/// the app's first token makes them. The usual key for ID Tokens is made when somebody first asks for the key set.
pub(crate) async fn prepare(server: &Server, slug: &str, chosen: &ChosenAlgorithms) {
    for algorithm in &chosen.signing {
        if first(server, slug, *algorithm).await.is_err() {
            tracing::warn!(workspace = slug, %algorithm, "a signing key is not made yet");
        }
    }
    if let Some(alg) = chosen.decryption
        && decryption::prepare(server, slug, alg).await.is_err()
    {
        tracing::warn!(workspace = slug, %alg, "a key to decrypt with is not made yet");
    }
}

async fn first(server: &Server, slug: &str, algorithm: Algorithm) -> Result<Arc<SigningKey>, Failure> {
    let turn = Arc::clone(&server.workspaces().find(server, slug).await?.making_keys);
    let _turn = turn.lock().await;
    let now = server.clock().now();
    let known = |open: &OpenWorkspace| open.signing.active(algorithm, now).cloned();
    let open = server.workspaces().find_as_it_is_now(server, slug).await?;
    if let Some(key) = known(&open) {
        return Ok(key);
    }
    let sealed = make(server, open.row.id, algorithm).await?;
    let new = NewSigningKey { algorithm, sealed, active_at: beginning_of_first(now) };
    // Another process may have been faster; its key is as good.
    server.store().write(open.row.id, move |tx| tx.insert_first_signing_key(&new, now)).await?;
    known(&*server.workspaces().find_as_it_is_now(server, slug).await?).ok_or_else(|| {
        tracing::error!(workspace = slug, %algorithm, "a signing key was made and cannot be used");
        Failure::Internal
    })
}

/// Starts successors of keys that have signed for as long as the workspace wants, beside whatever the workspace was opened for.
/// So keys are renewed where they are used, and no job has to look for them.
pub(crate) fn renew(server: &Server, open: &Arc<OpenWorkspace>) {
    let now = server.clock().now();
    let due = open.signing.due(open.row.policy.lifetimes.signing_key, now);
    if due.is_empty() {
        return;
    }
    // Whoever is at it already, or makes a first key, is not waited for: when that is written, the workspace is read again.
    let Ok(turn) = Arc::clone(&open.making_keys).try_lock_owned() else { return };
    let (server, workspace) = (server.clone(), open.row.id);
    tokio::spawn(async move {
        let _turn = turn;
        for algorithm in due {
            let Ok(sealed) = make(&server, workspace, algorithm).await else { return };
            let new = NewSigningKey { algorithm, sealed, active_at: now.plus(PUBLISHED_AHEAD) };
            // What could not be written now, the storage logged; of two processes, one writes.
            let written = server.store().write(workspace, move |tx| tx.insert_next_signing_key(&new, now)).await;
            if let Ok(Some(number)) = written {
                tracing::info!(%workspace, %algorithm, number, "the successor of a signing key was made");
            }
        }
    });
}

/// Makes a key and seals it for the database. An RSA key takes long, so it is made on threads for that; when their queue is
/// full, the answer is 503.
pub(crate) async fn make(server: &Server, workspace: WorkspaceId, algorithm: Algorithm) -> Result<Vec<u8>, Failure> {
    let made = match algorithm {
        Algorithm::RS256 | Algorithm::PS256 => server.key_makers().run(move || SigningKey::generate(algorithm)).await?,
        Algorithm::ES256 | Algorithm::EdDSA => SigningKey::generate(algorithm),
    };
    let material = made.ok_or_else(|| {
        tracing::error!(%algorithm, "a signing key cannot be made");
        Failure::Internal
    })?;
    Ok(server.master_key().seal(workspace, KeyPurpose::Signing, &material, &mut server.randomness()))
}

/// Opens the signing keys that are not over. What was opened `before` is not read a second time: numbers are never reused.
/// `None`: one of them does not open.
pub(crate) fn open(
    server: &Server,
    workspace: WorkspaceId,
    keys: &[Key],
    before: Option<&SigningKeys>,
) -> Option<SigningKeys> {
    let now = server.clock().now();
    let needed = keys.iter().filter(|key| key.purpose == KeyPurpose::Signing && state(key, now) != KeyState::Retired);
    let opened = needed.map(|key| {
        let known = before.and_then(|before| before.numbered(key.number)).cloned();
        let opened = known.or_else(|| open_one(server, workspace, key).map(Arc::new))?;
        Some(ScheduledKey { number: key.number, key: opened, schedule: schedule(key) })
    });
    opened.collect::<Option<Vec<_>>>().map(SigningKeys::new)
}

/// Opens one signing key.
pub(crate) fn open_one(server: &Server, workspace: WorkspaceId, key: &Key) -> Option<SigningKey> {
    let material = server.master_key().open(workspace, KeyPurpose::Signing, &key.sealed)?;
    SigningKey::from_pkcs8(key.algorithm?, &material)
}

/// Where a key of an algorithm stands.
pub(crate) fn state(key: &Key, now: Timestamp) -> KeyState {
    schedule(key).state(now)
}

/// When it is over, if that is known.
pub(crate) fn end(key: &Key) -> Option<Timestamp> {
    schedule(key).ends_at()
}

const fn schedule(key: &Key) -> Schedule {
    Schedule { active_at: key.active_at, retired_at: key.retired_at }
}

//! The keys of a workspace that clients encrypt request objects for: made when an app registers that it does, opened from
//! the database, and kept for a while after their successors are published.

use crate::reply::Failure;
use crate::server::Server;
use crate::signing;
use grantry_protocol::WorkspaceId;
use grantry_protocol::jose::{DecryptionKey, KeyManagement, KeyState};
use grantry_protocol::sealed::KeyPurpose;
use grantry_storage::Key;
use std::sync::Arc;

/// The keys of a workspace: for each algorithm that an app chose one, and those that it followed lately.
#[derive(Debug, Default)]
pub(crate) struct DecryptionKeys(Vec<NumberedKey>);

#[derive(Debug)]
struct NumberedKey {
    number: i64,
    key: Arc<DecryptionKey>,
    has_successor: bool,
}

impl DecryptionKeys {
    /// All of them: they open what was encrypted for them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &DecryptionKey> {
        self.0.iter().map(|numbered| &*numbered.key)
    }

    /// Those that are published, for clients to encrypt for.
    pub(crate) fn published(&self) -> impl Iterator<Item = &DecryptionKey> {
        self.0.iter().filter(|numbered| !numbered.has_successor).map(|numbered| &*numbered.key)
    }

    fn numbered(&self, number: i64) -> Option<&Arc<DecryptionKey>> {
        self.0.iter().find(|numbered| numbered.number == number).map(|numbered| &numbered.key)
    }
}

/// Makes the key of an algorithm if there is none, away from the threads that answer: RSA takes long.
pub(crate) async fn prepare(server: &Server, slug: &str, alg: KeyManagement) -> Result<(), Failure> {
    let turn = Arc::clone(&server.workspaces().find(server, slug).await?.making_keys);
    let _turn = turn.lock().await;
    let open = server.workspaces().find_as_it_is_now(server, slug).await?;
    if open.decryption.iter().any(|key| key.alg() == alg) {
        return Ok(());
    }
    let (workspace, now) = (open.row.id, server.clock().now());
    let sealed = make(server, workspace, alg).await?;
    // Another process may have been faster; its key is as good.
    server.store().write(workspace, move |tx| tx.insert_encryption_key(alg, &sealed, now)).await?;
    server.workspaces().find_as_it_is_now(server, slug).await.map(drop)
}

/// Makes a key and seals it for the database, as those are made that sign.
pub(crate) async fn make(server: &Server, workspace: WorkspaceId, alg: KeyManagement) -> Result<Vec<u8>, Failure> {
    let made = match alg {
        KeyManagement::RsaOaep256 => server.key_makers().run(move || DecryptionKey::generate(alg)).await?,
        _ => DecryptionKey::generate(alg),
    };
    let material = made.ok_or_else(|| {
        tracing::error!(%alg, "a key to decrypt with cannot be made");
        Failure::Internal
    })?;
    Ok(server.master_key().seal(workspace, KeyPurpose::Encryption, &material, &mut server.randomness()))
}

/// Opens the keys that are not over. What was opened `before` is not read a second time: numbers are never reused. `None`: one
/// of them does not open.
pub(crate) fn open(
    server: &Server,
    workspace: WorkspaceId,
    keys: &[Key],
    before: Option<&DecryptionKeys>,
) -> Option<DecryptionKeys> {
    let now = server.clock().now();
    let needed =
        keys.iter().filter(|key| key.key_management.is_some() && signing::state(key, now) != KeyState::Retired);
    let opened = needed.map(|key| {
        let known = before.and_then(|before| before.numbered(key.number)).cloned();
        let opened = known.or_else(|| open_one(server, workspace, key).map(Arc::new))?;
        Some(NumberedKey { number: key.number, key: opened, has_successor: key.retired_at.is_some() })
    });
    opened.collect::<Option<Vec<_>>>().map(DecryptionKeys)
}

/// Opens one key.
pub(crate) fn open_one(server: &Server, workspace: WorkspaceId, key: &Key) -> Option<DecryptionKey> {
    let material = server.master_key().open(workspace, KeyPurpose::Encryption, &key.sealed)?;
    DecryptionKey::from_pkcs8(key.key_management?, &material)
}

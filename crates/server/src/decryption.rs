//! The keys of a workspace that clients encrypt request objects for: made when an app registers that it does, and opened from
//! the database.

use crate::reply::Failure;
use crate::server::Server;
use grantry_protocol::WorkspaceId;
use grantry_protocol::jose::{DecryptionKey, KeyManagement};
use grantry_protocol::sealed::KeyPurpose;
use grantry_storage::Key;
use std::sync::Arc;

/// The keys of a workspace with their numbers: one for each algorithm that an app chose.
#[derive(Debug, Default)]
pub(crate) struct DecryptionKeys(Vec<(i64, Arc<DecryptionKey>)>);

impl DecryptionKeys {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &DecryptionKey> {
        self.0.iter().map(|(_, key)| &**key)
    }

    fn numbered(&self, number: i64) -> Option<&Arc<DecryptionKey>> {
        self.0.iter().find(|(own, _)| *own == number).map(|(_, key)| key)
    }
}

/// Makes the key of an algorithm if there is none, away from the threads that answer: RSA takes long.
pub(crate) async fn prepare(server: &Server, slug: &str, alg: KeyManagement) -> Result<(), Failure> {
    let turn = Arc::clone(&server.workspaces().find(server, slug).await?.making_keys);
    let _turn = turn.lock().await;
    let open = server.workspaces().read_again(server, slug).await?;
    if open.decryption.iter().any(|key| key.alg() == alg) {
        return Ok(());
    }
    let made = match alg {
        KeyManagement::RsaOaep256 => server.key_makers().run(move || DecryptionKey::generate(alg)).await?,
        _ => DecryptionKey::generate(alg),
    };
    let material = made.ok_or_else(|| {
        tracing::error!(%alg, "a key to decrypt with cannot be made");
        Failure::Internal
    })?;
    let (workspace, now) = (open.row.id, server.clock().now());
    let sealed = server.master_key().seal(workspace, KeyPurpose::Encryption, &material, &mut server.randomness());
    // Another process may have been faster; its key is as good.
    server.store().write(workspace, move |tx| tx.insert_encryption_key(alg, &sealed, now)).await?;
    server.workspaces().read_again(server, slug).await.map(drop)
}

/// Opens the keys. What was opened `before` is not read a second time: numbers are never reused. `None`: one of them does
/// not open.
pub(crate) fn open(
    server: &Server,
    workspace: WorkspaceId,
    keys: &[Key],
    before: Option<&DecryptionKeys>,
) -> Option<DecryptionKeys> {
    let needed = keys.iter().filter_map(|key| Some((key, key.key_management?)));
    let opened = needed.map(|(key, alg)| {
        let open = || {
            let material = server.master_key().open(workspace, KeyPurpose::Encryption, &key.sealed)?;
            DecryptionKey::from_pkcs8(alg, &material).map(Arc::new)
        };
        let known = before.and_then(|before| before.numbered(key.number)).cloned();
        Some((key.number, known.or_else(open)?))
    });
    opened.collect::<Option<Vec<_>>>().map(DecryptionKeys)
}

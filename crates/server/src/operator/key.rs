//! The keys of a workspace: those that seal, those that sign, and those that apps encrypt for.

use super::{Answer, OperatorError, Outcome, find_workspace, proceed};
use crate::decryption;
use crate::server::Server;
use crate::signing;
use crate::slow::Busy;
use grantry_protocol::WorkspaceId;
use grantry_protocol::jose::{Algorithm, KeyManagement, KeyState, PUBLISHED_AHEAD, beginning_of_first};
use grantry_protocol::sealed::KeyPurpose;
use grantry_protocol::types::Timestamp;
use grantry_storage::{Instance, Key, NewKey, NewSigningKey};
use serde::{Deserialize, Serialize};

/// What to do to the keys of a workspace.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// List them, or those of one purpose.
    List(Option<KeyPurpose>),
    /// Add one that seals from now on; the others still open what they sealed.
    RotateSealing,
    /// Publish a successor of the key that signs by this algorithm, or of each that signs by any; it signs from tomorrow on.
    RotateSigning(Option<Algorithm>),
    /// Publish successors of the keys that apps encrypt for, at once; the ones before still open for a day.
    RotateEncryption,
}

/// A key as operators see it: everything but the key.
#[derive(Debug, Serialize)]
pub struct Shown {
    number: i64,
    purpose: KeyPurpose,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<KeyState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_at: Option<Timestamp>,
}

impl Shown {
    fn new(server: &Server, workspace: WorkspaceId, key: &Key) -> Self {
        let is_scheduled = matches!(key.purpose, KeyPurpose::Signing | KeyPurpose::Encryption);
        Self {
            number: key.number,
            purpose: key.purpose,
            algorithm: key.algorithm.map(Algorithm::as_str).or(key.key_management.map(KeyManagement::as_str)),
            state: is_scheduled.then(|| signing::state(key, server.clock().now())),
            kid: kid(server, workspace, key),
            created_at: key.created_at,
            active_at: is_scheduled.then_some(key.active_at),
            retired_at: key.retired_at,
        }
    }
}

/// The name under which a key is published.
fn kid(server: &Server, workspace: WorkspaceId, key: &Key) -> Option<String> {
    match key.purpose {
        KeyPurpose::Signing => Some(signing::open_one(server, workspace, key)?.public().kid().to_owned()),
        KeyPurpose::Encryption => Some(decryption::open_one(server, workspace, key)?.kid().to_owned()),
        _ => None,
    }
}

pub(super) async fn execute(server: &Server, slug: String, command: Command) -> Outcome<Answer> {
    let within = server.clone();
    match command {
        Command::List(purpose) => {
            server.store().read_instance(move |instance| list(&within, instance, &slug, purpose)).await?
        }
        Command::RotateSealing => {
            server.store().write_instance(move |instance| rotate_sealing(&within, instance, &slug)).await?
        }
        Command::RotateSigning(algorithm) => rotate_signing(server, slug, algorithm).await,
        Command::RotateEncryption => rotate_encryption(server, slug).await,
    }
}

fn list(
    server: &Server,
    instance: &mut Instance<'_>,
    slug: &str,
    purpose: Option<KeyPurpose>,
) -> grantry_storage::Result<Outcome<Answer>> {
    let workspace = proceed!(find_workspace(instance, slug)?);
    let keys = instance.within(workspace.id).list_every_key()?;
    let asked = keys.iter().filter(|key| purpose.is_none_or(|purpose| key.purpose == purpose));
    let keys = asked.map(|key| Shown::new(server, workspace.id, key)).collect();
    Ok(Ok(Answer::Keys { workspace: slug.to_owned(), keys }))
}

fn rotate_sealing(
    server: &Server,
    instance: &mut Instance<'_>,
    slug: &str,
) -> grantry_storage::Result<Outcome<Answer>> {
    let workspace = proceed!(find_workspace(instance, slug)?);
    let mut tx = instance.within(workspace.id);
    let newest = tx.list_keys(KeyPurpose::Sealing)?.first().map_or(0, |key| key.number);
    // A sealed text begins with the number of its key in two bytes.
    if newest >= i64::from(u16::MAX) {
        return Ok(Err(OperatorError::refused("this workspace has used up all numbers that its keys can have")));
    }
    let sealed = server.master_key().generate(workspace.id, KeyPurpose::Sealing, &mut server.randomness());
    tx.insert_key(&NewKey { purpose: KeyPurpose::Sealing, sealed }, server.clock().now())?;
    list(server, instance, slug, Some(KeyPurpose::Sealing))
}

/// The workspace, and its keys of a purpose.
async fn keys(server: &Server, slug: &str, purpose: KeyPurpose) -> Outcome<(WorkspaceId, Vec<Key>)> {
    let slug = slug.to_owned();
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        Ok(Ok((workspace.id, instance.within(workspace.id).list_keys(purpose)?)))
    };
    server.store().read_instance(work).await?
}

async fn rotate_encryption(server: &Server, slug: String) -> Outcome<Answer> {
    let now = server.clock().now();
    let (workspace, current) = keys(server, &slug, KeyPurpose::Encryption).await?;
    let mut successors = Vec::new();
    for (alg, key) in
        current.iter().filter(|key| key.retired_at.is_none()).filter_map(|key| Some((key.key_management?, key)))
    {
        successors.push(((alg, key.number), decryption::make(server, workspace, alg).await.map_err(|_| Busy)?));
    }
    if successors.is_empty() {
        return Err(OperatorError::refused(format!(
            "workspace `{slug}` has no encryption key yet: the first is made when an app registers that it encrypts its request objects"
        )));
    }
    let within = server.clone();
    let work = move |instance: &mut Instance<'_>| {
        for (key, sealed) in &successors {
            instance.within(workspace).insert_next_encryption_key(*key, sealed, now)?;
        }
        list(&within, instance, &slug, Some(KeyPurpose::Encryption))
    };
    server.store().write_instance(work).await?
}

async fn rotate_signing(server: &Server, slug: String, algorithm: Option<Algorithm>) -> Outcome<Answer> {
    let now = server.clock().now();
    let (workspace, current) = keys(server, &slug, KeyPurpose::Signing).await?;
    let rotating = rotating(&slug, &current, algorithm, now)?;
    let mut successors = Vec::new();
    for algorithm in rotating {
        let sealed = signing::make(server, workspace, algorithm).await.map_err(|_| Busy)?;
        // The first key of an algorithm has nobody to wait for.
        let signs = current.iter().any(|key| key.algorithm == Some(algorithm) && key.retired_at.is_none());
        let active_at = if signs { now.plus(PUBLISHED_AHEAD) } else { beginning_of_first(now) };
        successors.push(NewSigningKey { algorithm, sealed, active_at });
    }
    let within = server.clone();
    let work = move |instance: &mut Instance<'_>| {
        for new in &successors {
            instance.within(workspace).insert_next_signing_key(new, now)?;
        }
        list(&within, instance, &slug, Some(KeyPurpose::Signing))
    };
    server.store().write_instance(work).await?
}

/// The algorithms whose keys get a successor.
fn rotating(slug: &str, keys: &[Key], asked: Option<Algorithm>, now: Timestamp) -> Outcome<Vec<Algorithm>> {
    let waits = |algorithm: &Algorithm| {
        keys.iter().any(|key| key.algorithm == Some(*algorithm) && signing::state(key, now) == KeyState::Next)
    };
    let mut algorithms = match asked {
        Some(algorithm) => vec![algorithm],
        None => keys.iter().filter(|key| key.retired_at.is_none()).filter_map(|key| key.algorithm).collect(),
    };
    if algorithms.is_empty() {
        return Err(OperatorError::refused(format!(
            "workspace `{slug}` has no signing key yet: the first is made when an app first needs it; --algorithm makes one now"
        )));
    }
    algorithms.sort_unstable();
    algorithms.dedup();
    match algorithms.iter().find(|algorithm| waits(algorithm)) {
        Some(algorithm) => Err(OperatorError::refused(format!(
            "the key that signs by {algorithm} has a successor already; `grantry key list --workspace {slug}` shows when it begins"
        ))),
        None => Ok(algorithms),
    }
}

//! From the path to a workspace with its keys opened, or the uniform 404.

use crate::decryption::{self, DecryptionKeys};
use crate::endpoints::metadata::Documents;
use crate::reply::Failure;
use crate::server::Server;
use crate::signing;
use grantry_protocol::client::Client;
use grantry_protocol::jose::SigningKeys;
use grantry_protocol::sealed::{KeyPurpose, KeyRing, SealingKey};
use grantry_protocol::subject::PairwiseKey;
use grantry_protocol::types::{Seconds, Timestamp};
use grantry_protocol::workspace::{Slug, Workspace};
use grantry_protocol::{ClientRow, WorkspaceId};
use grantry_storage::{Key, Moment, NewKey, Store, Tx};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A workspace that is being served: its settings, its keys, its issuer.
#[derive(Debug)]
pub(crate) struct OpenWorkspace {
    /// The settings.
    pub(crate) row: Workspace,
    /// The keys that seal its tokens.
    pub(crate) ring: KeyRing,
    /// The keys that sign those of its tokens that others verify.
    pub(crate) signing: SigningKeys,
    /// The keys that its clients encrypt for.
    pub(crate) decryption: DecryptionKeys,
    /// What pairwise `sub`s are computed with (OpenID Connect Core §8.1).
    pub(crate) pairwise: PairwiseKey,
    /// Held by whoever makes a key: making one costs more than waiting for it.
    pub(crate) making_keys: Arc<tokio::sync::Mutex<()>>,
    /// `{public_url}/{workspace}` (RFC 8414 §2).
    pub(crate) issuer: String,
    /// Those of its clients that were asked for.
    pub(crate) clients: KnownClients,
    /// What everyone is told about it.
    pub(crate) documents: Documents,
    /// When a key of it is over, though nobody changes anything.
    until: Option<Timestamp>,
}

/// Clients, kept for as long as the workspace is served as it was read.
#[derive(Debug, Default)]
pub(crate) struct KnownClients(RwLock<ByNameAndRow>);

#[derive(Debug, Default)]
struct ByNameAndRow {
    names: HashMap<String, Arc<Client>>,
    rows: HashMap<ClientRow, Arc<Client>>,
}

impl KnownClients {
    /// The client with this identifier, if it was asked for.
    pub(crate) fn find(&self, client_id: &str) -> Option<Arc<Client>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).names.get(client_id).map(Arc::clone)
    }

    /// The client in this row, if it was asked for.
    pub(crate) fn find_by_row(&self, row: ClientRow) -> Option<Arc<Client>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).rows.get(&row).map(Arc::clone)
    }

    /// Keeps a client; where there are too many, instead of all others.
    pub(crate) fn keep(&self, client: Client) -> Arc<Client> {
        let client = Arc::new(client);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.names.len() >= MOST {
            *known = ByNameAndRow::default();
        }
        known.names.insert(client.client_id.clone(), Arc::clone(&client));
        known.rows.insert(client.row, Arc::clone(&client));
        client
    }
}

/// How long a workspace is served as it was read, if other processes may change it: the longest that a change there is unseen here.
const FRESH: Seconds = Seconds(1);
/// How long at most, if only this process may: then clients that nobody asks for any more are let go, and keys are looked at, which
/// may have to be renewed.
const LONGEST: Seconds = Seconds::hours(1);
/// How long one that nobody asks for any more is kept.
const KEPT: Seconds = Seconds::minutes(1);
/// Most workspaces kept open, and most clients of each.
const MOST: usize = 20_000;

/// The workspaces that were asked for lately.
#[derive(Debug, Default)]
pub(crate) struct OpenWorkspaces(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    open: HashMap<String, Kept>,
    /// When those that nobody asks for were let go.
    swept_at: Option<Timestamp>,
}

/// A workspace, and when it was read and asked for.
#[derive(Debug)]
struct Kept {
    open: Arc<OpenWorkspace>,
    /// Both are from before its first row was read. So a change that it may lack is noted after that moment, and before the change
    /// is answered: whoever asks then has it read again.
    moment: Moment,
    read_at: Timestamp,
    used_at: AtomicI64,
}

impl Kept {
    /// The workspace, if it is still as it was read; `age`: how old that may be, if other processes may have changed it.
    fn still(&self, store: &Store, age: Seconds, now: Timestamp) -> Option<Arc<OpenWorkspace>> {
        let age = if store.is_shared() { age } else { LONGEST };
        let is_over = self.open.until.is_some_and(|until| until <= now);
        if is_over || !self.read_at.is_within(age, now) || !store.is_unchanged(self.open.row.id, self.moment) {
            return None;
        }
        // Others read it, too, so it is written no more often than it changes.
        if self.used_at.load(Ordering::Relaxed) != now.as_unix() {
            self.used_at.store(now.as_unix(), Ordering::Relaxed);
        }
        Some(Arc::clone(&self.open))
    }
}

impl Known {
    /// Lets go of those that were not asked for lately: when one more is opened, now and then, and when there are too many.
    fn sweep(&mut self, now: Timestamp) {
        let full = self.open.len() >= MOST;
        if full || !self.swept_at.is_some_and(|at| at.is_within(KEPT, now)) {
            let time = if full { FRESH } else { KEPT };
            let used_at = |kept: &Kept| Timestamp::from_unix(kept.used_at.load(Ordering::Relaxed));
            self.open.retain(|_, kept| used_at(kept).is_within(time, now));
            self.swept_at = Some(now);
        }
    }
}

impl OpenWorkspaces {
    /// The workspace with this slug.
    pub(crate) async fn find(&self, server: &Server, slug: &str) -> Result<Arc<OpenWorkspace>, Failure> {
        self.of_age(server, slug, FRESH).await
    }

    /// The workspace as it is now, whichever process changed it.
    pub(crate) async fn find_as_it_is_now(&self, server: &Server, slug: &str) -> Result<Arc<OpenWorkspace>, Failure> {
        self.of_age(server, slug, Seconds(0)).await
    }

    async fn of_age(&self, server: &Server, slug: &str, age: Seconds) -> Result<Arc<OpenWorkspace>, Failure> {
        let (moment, now) = (server.store().moment(), server.clock().now());
        let before = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let kept = known.open.get(slug);
            if let Some(open) = kept.and_then(|kept| kept.still(server.store(), age, now)) {
                return Ok(open);
            }
            kept.map(|kept| Arc::clone(&kept.open))
        };
        // What cannot be a slug is not asked for: one of the engines could not even be asked for some of it.
        let slug = Slug::parse(slug).map_err(|_| Failure::NotFound)?;
        // In a box, so that not every request has room for what most find done.
        let open = Arc::new(Box::pin(open(server, slug.as_str(), before.as_deref())).await?);
        signing::renew(server, &open);
        let kept = Kept { open: Arc::clone(&open), moment, read_at: now, used_at: AtomicI64::new(now.as_unix()) };
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.sweep(now);
        known.open.insert(slug.to_string(), kept);
        server.metrics().workspaces.set(i64::try_from(known.open.len()).unwrap_or(i64::MAX));
        Ok(open)
    }
}

async fn open(server: &Server, slug: &str, before: Option<&OpenWorkspace>) -> Result<OpenWorkspace, Failure> {
    let (wanted, now) = (slug.to_owned(), server.clock().now());
    let (row, mut keys) = server
        .store()
        .read_instance(move |instance| {
            let Some(row) = instance.find_workspace(&wanted)? else { return Ok(None) };
            let keys = instance.within(row.id).list_every_key()?;
            Ok(Some((row, keys)))
        })
        .await?
        .ok_or(Failure::NotFound)?;
    if row.disabled_at.is_some() {
        return Err(Failure::NotFound);
    }
    if keys.iter().all(|key| key.purpose != KeyPurpose::Pairwise) {
        keys = with_pairwise_key(server, row.id).await?;
    }
    let sealing = keys.iter().filter(|key| key.purpose == KeyPurpose::Sealing && key.retired_at.is_none());
    let opened = sealing.map(|key| {
        let material = server.master_key().open(row.id, KeyPurpose::Sealing, &key.sealed)?;
        SealingKey::new(u16::try_from(key.number).ok()?, &material)
    });
    // A key that does not open is a wrong master key or a damaged row: fail closed rather than with part of the keys.
    let ring = opened.collect::<Option<Vec<_>>>().and_then(|keys| KeyRing::new(row.id, keys));
    let before = before.filter(|before| before.row.id == row.id);
    let pairwise = keys.iter().find(|key| key.purpose == KeyPurpose::Pairwise);
    let pairwise = pairwise.and_then(|key| server.master_key().open(row.id, KeyPurpose::Pairwise, &key.sealed));
    let until = keys.iter().filter_map(signing::end).filter(|end| now < *end).min();
    let signing = signing::open(server, row.id, &keys, before.map(|before| &before.signing));
    let decryption = decryption::open(server, row.id, &keys, before.map(|before| &before.decryption));
    let opened = ring.zip(signing).zip(decryption).zip(pairwise);
    let (((ring, signing), decryption), pairwise) = opened.ok_or_else(|| {
        tracing::error!(workspace = %row.slug, "the keys of the workspace do not open under this master key");
        Failure::Internal
    })?;
    let issuer = format!("{}/{}", server.settings().public_url, row.slug);
    let (clients, documents) = (KnownClients::default(), Documents::default());
    let pairwise = PairwiseKey::new(&pairwise);
    let making_keys = before.map(|before| Arc::clone(&before.making_keys)).unwrap_or_default();
    Ok(OpenWorkspace { row, ring, signing, decryption, pairwise, making_keys, issuer, clients, documents, until })
}

/// Makes the key of a workspace that has none yet; whoever is faster, there is one.
async fn with_pairwise_key(server: &Server, workspace: WorkspaceId) -> Result<Vec<Key>, Failure> {
    let now = server.clock().now();
    let sealed = server.master_key().generate(workspace, KeyPurpose::Pairwise, &mut server.randomness());
    let new = NewKey { purpose: KeyPurpose::Pairwise, sealed };
    let work = move |tx: &mut Tx<'_>| {
        tx.insert_only_key(&new, now)?;
        tx.list_every_key()
    };
    Ok(server.store().write(workspace, work).await?)
}

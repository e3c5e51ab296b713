//! Opening a database, and making sure that the master key is the one that it was made with.

use crate::config::Config;
use crate::failure::Failure;
use crate::{master_key, outside};
use grantry_protocol::sealed::{KeyPurpose, MasterKey};
use grantry_protocol::types::WorkspaceId;
use grantry_server::server::{Parts, Server};
use grantry_server::settings::Settings;
use grantry_storage::{OpenError, Options, StorageError, Store};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Work that may wait for the database.
const QUEUE: usize = 4_096;
/// What the database keeps to know its master key by: something sealed that only the right key opens.
const KEY_CHECK: &str = "master_key";
/// No workspace has this id, so nothing else is ever sealed like the check.
const NOBODY: WorkspaceId = WorkspaceId(0);

/// What to do about a database that is not there, or not up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// Nothing: that is an error.
    Expected,
    /// Make it if it is embedded and not there.
    Created,
    /// Make it if it is embedded, and bring it up to date.
    Migrated,
}

/// Opens the store. Blocks.
pub(crate) fn store(config: &Config, readiness: Readiness) -> Result<Store, OpenError> {
    let file = config.sqlite_file();
    let fresh = file.is_some_and(is_fresh) && readiness != Readiness::Expected;
    if let Some(file) = file.filter(|_| fresh) {
        create_directory(file)?;
    }
    let options = Options {
        migrate: fresh || readiness == Readiness::Migrated,
        create: fresh,
        postgres_connections: config.postgres_connections,
        node_seed: outside::seed(),
        queue: QUEUE,
    };
    Store::open(&config.database, options, outside::clock())
}

/// Whether there is no database in this file yet.
fn is_fresh(file: &Path) -> bool {
    file.metadata().map_or(true, |file| file.len() == 0)
}

fn create_directory(file: &Path) -> Result<(), OpenError> {
    let Some(directory) = file.parent().filter(|directory| !directory.as_os_str().is_empty()) else { return Ok(()) };
    let created = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    created.map_err(|cause| OpenError::File { path: directory.to_owned(), cause })
}

/// A server on this store, with the master key that belongs to it.
pub(crate) async fn server(config: &Config, store: Store, settings: Settings) -> Result<Server, Failure> {
    let master_key = master_key(config, &store).await?;
    Ok(Server::new(settings, Parts { store, master_key, clock: outside::clock(), randomness: outside::randomness() }))
}

/// The master key of this database. The first one that meets it becomes it.
async fn master_key(config: &Config, store: &Store) -> Result<MasterKey, Failure> {
    let known = key_check(store).await?;
    let key = if known.is_some() { master_key::load(config)? } else { master_key::load_or_make(config)? };
    let check = match known {
        Some(check) => check,
        None => {
            let new = key.generate(NOBODY, KeyPurpose::Sealing, &mut outside::randomness());
            let put = store.write_instance(move |instance| instance.put_meta_once(KEY_CHECK, &new)).await;
            put.map_err(unavailable)?
        }
    };
    if !opens(&key, &check) {
        let path = config.master_key_path().unwrap_or_default();
        return Err(Failure::failed(format!(
            "the master key {} is not the one that {} was made with; name the right one with --master-key-file",
            path.display(),
            config.database
        )));
    }
    Ok(key)
}

/// What the database knows its master key by; none before the first one met it.
pub(crate) async fn key_check(store: &Store) -> Result<Option<Vec<u8>>, Failure> {
    store.read_instance(|instance| instance.meta(KEY_CHECK)).await.map_err(unavailable)
}

/// Whether this is the key that the check was made with.
pub(crate) fn opens(key: &MasterKey, check: &[u8]) -> bool {
    key.open(NOBODY, KeyPurpose::Sealing, check).is_some()
}

/// The database did not answer, in words.
pub(crate) fn unavailable(error: StorageError) -> Failure {
    Failure::failed(format!("{error}; `grantry doctor` and the log say more"))
}

/// Why it could not be opened, in words, and what to do.
pub(crate) fn explain(error: &OpenError, config: &Config) -> Failure {
    Failure::failed(match error {
        OpenError::Missing(path) => format!(
            "there is no database at {}; `grantry serve` and `grantry workspace create` make one, and --data-dir names \
             another place",
            path.display()
        ),
        OpenError::Locked(_) => {
            format!("another process has {} open; stop it, or name another place with --data-dir", config.database)
        }
        OpenError::NeedsMigration { .. } | OpenError::Newer { .. } | OpenError::File { .. } | OpenError::Engine(_) => {
            error.to_string()
        }
    })
}

/// A runtime for this thread.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))
}

//! The two engines. Nothing outside this module knows which one it is.

mod postgres;
mod sqlite;

use crate::database::Database;
use crate::error::{BackupError, OpenError, Result};
use crate::instance::Instance;
use crate::job::{Durability, Job, awaited};
use crate::node::Node;
use crate::store::Options;
use grantry_protocol::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// An open engine.
pub(crate) enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Engine {
    pub(crate) fn open(
        database: &Database,
        options: &Options,
        node: &Arc<Node>,
        now: Timestamp,
    ) -> std::result::Result<Self, OpenError> {
        match database {
            Database::Sqlite(path) => sqlite::Sqlite::open(path, options, node, now).map(Self::Sqlite),
            Database::Postgres(url) => postgres::Postgres::open(url, options, node, now).map(Self::Postgres),
        }
    }

    /// Whether other processes may change the database.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Whether every changed row of a grant, a user or a session is noted.
    pub(crate) const fn notes_rows(&self) -> bool {
        match self {
            Self::Sqlite(sqlite) => sqlite.notes_rows(),
            Self::Postgres(_) => false,
        }
    }

    /// Runs work that only reads.
    pub(crate) async fn read<T, W>(&self, mut work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnMut(&mut Instance<'_>) -> Result<T> + Send + 'static,
    {
        match self {
            Self::Sqlite(sqlite) => sqlite.read(|connection| work(&mut Instance::new(connection))),
            Self::Postgres(postgres) => awaited(work, Durability::Repeatable, |job| postgres.read(job)).await,
        }
    }

    /// Puts a job in line, to be answered when it is durable.
    pub(crate) fn write(&self, job: Box<dyn Job>) {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(job),
            Self::Postgres(postgres) => postgres.write(job),
        }
    }

    pub(crate) fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close(),
            Self::Postgres(postgres) => postgres.close(),
        }
    }

    pub(crate) async fn backup(&self, to: PathBuf) -> std::result::Result<(), BackupError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.backup(to).await,
            Self::Postgres(_) => Err(BackupError::UsePgDump),
        }
    }
}

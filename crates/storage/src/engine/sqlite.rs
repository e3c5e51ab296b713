//! SQLite: one file, one writer thread, and readers where they are needed.

mod backup;
mod changed_rows;
mod checkpoints;
mod driver;
mod files;
mod plans;
mod readers;
mod writer;

use crate::connection::{Connection, Mode};
use crate::error::{BackupError, OpenError, StorageError};
use crate::job::Job;
use crate::node::Node;
use crate::queue::{Queue, Refused};
use crate::schema::{self, Dialect};
use crate::store::Options;
use changed_rows::ChangedRows;
use checkpoints::Checkpoints;
use driver::Access;
use grantry_protocol::Timestamp;
use readers::Readers;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

const DIALECT: Dialect = Dialect {
    begin: "BEGIN EXCLUSIVE",
    is_set_up: "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'grantry_schema'",
    words: &[
        ("BIGINT", "INTEGER"),
        // A row id alone is the key: SQLite finds rows by one number in half the time (docs/decisions/0024).
        ("PRIMARY KEY (workspace_id, id)\n);", "PRIMARY KEY (id)\n) STRICT;"),
        ("\n);", "\n) STRICT, WITHOUT ROWID;"),
    ],
    afterwards: plans::FIGURES,
};

/// An open SQLite database.
pub(crate) struct Sqlite {
    path: PathBuf,
    /// To close a file lets go of what SQLite locks in it, so this one stays open for as long as anyone may read:
    /// <https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_>
    database: Arc<File>,
    waiting: Arc<Queue<Box<dyn Job>>>,
    readers: Readers,
    notes_rows: bool,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, options: &Options, node: &Arc<Node>, now: Timestamp) -> Result<Self, OpenError> {
        let lock = files::claim(path, options.create)?;
        let mut writer = driver::connect(path, Access::Write).map_err(|error| OpenError::Engine(error.to_string()))?;
        let database = File::open(path).map_err(|cause| OpenError::File { path: path.to_owned(), cause })?;
        let database = Arc::new(database);
        let checkpoints = Checkpoints::start(path, Arc::clone(&database), &mut writer)?;
        let changed = ChangedRows::of(&mut writer, node).map_err(|error| OpenError::Engine(error.to_string()))?;
        let mut connection = Connection::new(driver::drive(writer), node.clone());
        schema::prepare(&mut connection, &DIALECT, options.migrate, now)?;
        let notes_rows = changed_rows::are_told(&mut connection);

        let waiting = Arc::new(Queue::new(options.queue));
        let line = waiting.clone();
        let writers = Arc::clone(&database);
        let write = move || {
            writer::run(connection, &line, (checkpoints, changed));
            // Only now that the connection is closed may another process have the database.
            drop((writers, lock));
        };
        let writer = thread::Builder::new().name("sqlite-writer".to_owned()).spawn(write);
        let writer = writer.map_err(|cause| OpenError::File { path: path.to_owned(), cause })?;
        Ok(Self {
            path: path.to_owned(),
            database,
            waiting,
            readers: Readers::new(path.to_owned(), node.clone()),
            notes_rows,
            writer: Mutex::new(Some(writer)),
        })
    }

    pub(crate) const fn notes_rows(&self) -> bool {
        self.notes_rows
    }

    /// Reads at once, in the caller's thread: a point read costs less than handing it over.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let outcome = self.readers.with(|connection| connection.attempt(Mode::Read, work));
        outcome.map_err(StorageError::from)
    }

    pub(crate) fn write(&self, job: Box<dyn Job>) {
        match self.waiting.push(job) {
            Ok(()) => {}
            Err(Refused::Full(job)) => job.answer(Err(StorageError::Busy)),
            Err(Refused::Closed(job)) => job.answer(Err(StorageError::Unavailable)),
        }
    }

    pub(crate) fn close(&self) {
        // Readers first: the last connection to close, the writer's, leaves a single file behind.
        self.readers.close();
        self.waiting.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last clone of a store may go with a job, in the writer's own thread, which cannot wait for itself.
        if let Some(writer) = writer.filter(|writer| writer.thread().id() != thread::current().id()) {
            // The writer contains the panics of its jobs; of its own there is nothing to tell here.
            let _ = writer.join();
        }
    }

    pub(crate) async fn backup(&self, to: PathBuf) -> Result<(), BackupError> {
        backup::copy((self.path.clone(), Arc::clone(&self.database)), to).await
    }
}

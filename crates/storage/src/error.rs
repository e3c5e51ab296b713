//! What can go wrong, as far as a caller may know. The cause is logged once, where it happens.

use std::path::PathBuf;

/// What a unit of work comes to.
pub type Result<T> = std::result::Result<T, StorageError>;

/// A unit of work did not happen. Nothing of it remains, unless an outage hid whether the last step was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// A name that must be unique is taken. Ends the unit of work: there is no going on after it.
    #[error("a name that must be unique is taken")]
    Conflict,
    /// Too much work is waiting already.
    #[error("too much work is waiting for the database")]
    Busy,
    /// The database could not do it.
    #[error("the database is unavailable")]
    Unavailable,
}

/// A store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no database file.
    #[error("there is no database at {}", .0.display())]
    Missing(PathBuf),
    /// Another process has it open.
    #[error("another process has this database open (it holds {}); only one may", .0.display())]
    Locked(PathBuf),
    /// It was never set up, or by an older version.
    #[error("the database has schema version {found}, this program needs {needed}: run `grantry migrate`")]
    NeedsMigration {
        /// The version of the database; 0 when it is empty.
        found: i64,
        /// The version this program needs.
        needed: i64,
    },
    /// It was set up by a newer version.
    #[error("the database has schema version {found}, and this program knows {known} at most: use a newer program")]
    Newer {
        /// The version of the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The file system refused.
    #[error("cannot open {}: {cause}", .path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the file system said.
        cause: std::io::Error,
    },
    /// The engine refused.
    #[error("cannot open the database: {0}")]
    Engine(String),
}

/// A backup was not made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// PostgreSQL has its own tool.
    #[error("a PostgreSQL database is backed up with its own tools: use pg_dump")]
    UsePgDump,
    /// Nothing is written over.
    #[error("{} exists already, and a backup writes over nothing", .0.display())]
    Exists(PathBuf),
    /// The file could not be written.
    #[error("cannot write {}: {cause}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        cause: std::io::Error,
    },
    /// The engine refused.
    #[error("the backup failed: {0}")]
    Engine(String),
}

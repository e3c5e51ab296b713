//! One connection to a database, whichever it is: statements in, rows out, and what became of a unit of work.

use crate::changes::Source;
use crate::error::{Result, StorageError};
use crate::node::Node;
use crate::value::{FromRow, Row, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How a statement ends whose rows stay as they are until the unit of work ends. PostgreSQL locks them; in SQLite one writes at a
/// time, so it is left out there.
pub(crate) const HELD: &str = "\n             FOR NO KEY UPDATE";

/// Reads a row while its engine has it.
pub(crate) type Reading<'a> = &'a mut dyn FnMut(Row<'_>) -> Result<()>;

/// What each engine can do.
pub(crate) trait Driver: Send {
    /// Runs a statement and hands each of its rows to `read`.
    fn query(&mut self, sql: &'static str, values: &[Value<'_>], read: Reading<'_>)
    -> std::result::Result<(), Failure>;
    /// Runs a statement and counts the rows it changed.
    fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> std::result::Result<u64, Failure>;
    /// Runs statements without parameters.
    fn script(&mut self, sql: &str) -> std::result::Result<(), Failure>;
}

/// Why a unit of work did not happen. What is not the caller's doing was logged when it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The work itself said so, or a unique name is taken.
    Refused(StorageError),
    /// Another process took the same row id: run the work again with others.
    IdTaken,
    /// The engine asks to run it again: a serialization failure, a deadlock.
    Again,
    /// The connection is gone, and with it everything that was not committed.
    Closed,
    /// The database could not do it.
    Broken,
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::IdTaken | Failure::Again | Failure::Closed | Failure::Broken => Self::Unavailable,
        }
    }
}

/// What a unit of work may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
}

/// A connection, and how its current unit of work fares: a failed statement fails the unit, whatever the work makes of it.
pub(crate) struct Connection {
    driver: Box<dyn Driver>,
    node: Arc<Node>,
    mode: Mode,
    failure: Option<Failure>,
    changed: Vec<Source>,
}

impl Connection {
    pub(crate) fn new(driver: Box<dyn Driver>, node: Arc<Node>) -> Self {
        Self { driver, node, mode: Mode::Read, failure: None, changed: Vec::new() }
    }

    /// A new row id.
    pub(crate) fn next_id(&self) -> i64 {
        self.node.ids.next()
    }

    /// All rows of a statement.
    pub(crate) fn rows<T: FromRow>(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.query(sql, values, &mut |mut row| T::from_row(&mut row).map(|row| rows.push(row)))?;
        Ok(rows)
    }

    /// The row of a statement that finds one at most.
    pub(crate) fn row<T: FromRow>(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Option<T>> {
        let mut found = None;
        self.query(sql, values, &mut |mut row| T::from_row(&mut row).map(|row| found = Some(row)))?;
        Ok(found)
    }

    fn query(&mut self, sql: &'static str, values: &[Value<'_>], read: Reading<'_>) -> Result<()> {
        let found = self.allow(sql).and_then(|()| self.driver.query(sql, values, read));
        found.map_err(|failure| self.failed(failure))
    }

    /// How many rows a statement changed.
    pub(crate) fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64> {
        let changed = self.allow(sql).and_then(|()| self.driver.execute(sql, values));
        changed.map_err(|failure| self.failed(failure))
    }

    /// Runs statements of the store itself, such as `BEGIN`.
    pub(crate) fn script(&mut self, sql: &str) -> std::result::Result<(), Failure> {
        self.driver.script(sql)
    }

    /// Runs a unit of work once, between a beginning and an end that the engine sees to.
    pub(crate) fn attempt<T>(
        &mut self,
        mode: Mode,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> std::result::Result<T, Failure> {
        self.mode = mode;
        self.failure = None;
        let ran = catch_unwind(AssertUnwindSafe(|| work(self)));
        if self.failure == Some(Failure::IdTaken) {
            self.node.ids.leap();
        }
        match (self.failure, ran) {
            (Some(failure), _) => Err(failure),
            (None, Ok(outcome)) => outcome.map_err(Failure::Refused),
            (None, Err(_)) => {
                tracing::error!("a unit of work panicked; nothing of it was kept");
                Err(Failure::Broken)
            }
        }
    }

    /// This unit of work changes what something in memory may have been read from.
    pub(crate) fn changes(&mut self, source: Source) {
        self.changed.push(source);
    }

    /// Notes what was changed: once that has ended, however it did, and before anybody is told.
    pub(crate) fn note_changes(&mut self) {
        for source in self.changed.drain(..) {
            self.node.changes.note(source);
        }
    }

    fn allow(&self, sql: &'static str) -> std::result::Result<(), Failure> {
        if self.mode == Mode::Write || sql.starts_with("SELECT") && !sql.ends_with(HELD) {
            return Ok(());
        }
        tracing::error!(sql, "a unit of work that reads tried to write");
        Err(Failure::Broken)
    }

    /// Keeps the first failure: those that follow are its consequence.
    fn failed(&mut self, failure: Failure) -> StorageError {
        StorageError::from(*self.failure.get_or_insert(failure))
    }
}

//! A worker: a thread with a connection of its own, which it makes again when it is lost.

use super::Task;
use super::connect::{Connector, explain};
use super::reach::Reach;
use crate::connection::{Connection, Failure, Mode};
use crate::error::{Result, StorageError};
use crate::queue::Queue;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How often a unit of work may run; each time but the last the engine had asked for it.
const ATTEMPTS: u32 = 10;

pub(super) struct Worker {
    number: usize,
    connector: Connector,
    reach: Arc<Reach>,
    connection: Option<Connection>,
}

impl Worker {
    pub(super) fn new(number: usize, connector: Connector, reach: Arc<Reach>) -> Self {
        Self { number, connector, reach, connection: None }
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(mut self, waiting: &Queue<Task>) {
        while let Some(mut task) = waiting.take(1).pop() {
            let outcome = self.work(&mut task);
            task.job.answer(outcome);
        }
    }

    fn work(&mut self, task: &mut Task) -> Result<()> {
        for attempt in 0..ATTEMPTS {
            if !task.job.is_wanted() {
                return Err(StorageError::Unavailable);
            }
            let Some(mut connection) = self.connection() else {
                return Err(StorageError::Unavailable);
            };
            let outcome = once(&mut connection, task);
            connection.note_changes();
            if outcome != Err(Failure::Closed) && outcome != Err(Failure::Broken) {
                self.connection = Some(connection);
            }
            match outcome {
                Ok(()) => return Ok(()),
                Err(Failure::Closed | Failure::IdTaken) => {}
                Err(Failure::Again) => thread::sleep(self.apart(attempt)),
                Err(failure) => return Err(failure.into()),
            }
        }
        tracing::error!("a unit of work did not get through, as often as it was tried");
        Err(StorageError::Unavailable)
    }

    /// Different for each worker, so that those who met do not meet again.
    fn apart(&self, attempt: u32) -> Duration {
        Duration::from_millis((1 << attempt.min(6)) + self.number as u64 % 16)
    }

    /// None: the server is away. Then work is answered at once, but for the one that found it out.
    fn connection(&mut self) -> Option<Connection> {
        if let Some(connection) = self.connection.take() {
            return Some(connection);
        }
        if !self.reach.may_try(Instant::now()) {
            return None;
        }
        match self.connector.connect() {
            Ok(connection) => {
                self.reach.found();
                Some(connection)
            }
            Err(error) => {
                tracing::error!(cause = explain(&error), "PostgreSQL cannot be reached");
                self.reach.missed(Instant::now());
                None
            }
        }
    }
}

/// Runs a unit of work once. Statements that only read need no transaction around them.
fn once(connection: &mut Connection, task: &mut Task) -> std::result::Result<(), Failure> {
    if task.mode == Mode::Read {
        return connection.attempt(Mode::Read, |connection| task.job.run(connection));
    }
    connection.script("BEGIN")?;
    if let Err(failure) = connection.attempt(Mode::Write, |connection| task.job.run(connection)) {
        // Where this fails the connection is gone, and the server rolls back by itself.
        return connection.script("ROLLBACK").and(Err(failure));
    }
    connection.script("COMMIT").map_err(|failure| match failure {
        Failure::Closed => {
            // It may have happened: to run it again could do it twice.
            tracing::error!("the connection was lost during a commit");
            Failure::Broken
        }
        other => other,
    })
}

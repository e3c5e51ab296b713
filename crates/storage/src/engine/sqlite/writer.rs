//! Group commit: all writes that wait go into one transaction, and are answered after one commit. Where one of them fails, they
//! are run again, each in a savepoint.

use super::changed_rows::ChangedRows;
use super::checkpoints::Checkpoints;
use crate::connection::{Connection, Failure, Mode};
use crate::error::{Result, StorageError};
use crate::job::{Durability, Job};
use crate::queue::Queue;
use std::thread;

/// Enough to share a commit among many, few enough that the first does not wait long for the last.
const MOST_TOGETHER: usize = 256;
/// How often a job may run when row ids collide.
const ATTEMPTS: usize = 8;

/// Writes until the queue is closed and empty.
pub(super) fn run(
    mut connection: Connection,
    waiting: &Queue<Box<dyn Job>>,
    (checkpoints, changed): (Checkpoints, ChangedRows),
) {
    loop {
        // Where those who bring jobs share this core, they get to bring more of them to one commit.
        thread::yield_now();
        let mut jobs = waiting.take(MOST_TOGETHER);
        if jobs.is_empty() {
            break;
        }
        // Who was told that it could not be done may try again: then it must not be done twice.
        jobs.retain(|job| job.is_wanted());
        if !jobs.is_empty() {
            write(&mut connection, jobs, &changed);
        }
    }
    // Two do not do it at once.
    drop(checkpoints);
    // What is in the log is durable; this only puts it where it belongs. A failure was logged.
    let _ = connection.script("PRAGMA wal_checkpoint(TRUNCATE)");
}

fn write(connection: &mut Connection, mut jobs: Vec<Box<dyn Job>>, changed: &ChangedRows) {
    let ran = match run_together(connection, &mut jobs) {
        Ok(()) => Ok(vec![Ok(()); jobs.len()]),
        Err(_) => {
            undo(connection);
            run_one_by_one(connection, &mut jobs)
        }
    };
    let outcomes = ran.and_then(|outcomes| connection.script("COMMIT").map(|()| outcomes));
    if outcomes.is_err() {
        undo(connection);
    }
    connection.note_changes();
    changed.note();
    let mut outcomes = outcomes.unwrap_or_default().into_iter();
    for job in jobs {
        job.answer(outcomes.next().unwrap_or(Err(StorageError::Unavailable)));
    }
}

/// Where SQLite has rolled back by itself there is nothing to roll back.
fn undo(connection: &mut Connection) {
    let _ = connection.script("ROLLBACK");
}

/// Begins a transaction, whose commit waits for the disk where one of the jobs has to last.
fn begin(connection: &mut Connection, jobs: &[Box<dyn Job>]) -> std::result::Result<(), Failure> {
    let lasting = jobs.iter().any(|job| job.durability() == Durability::Lasting);
    connection.script(match lasting {
        true => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
        false => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
    })
}

/// Runs all jobs as if they were one: nearly always none of them fails.
fn run_together(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> std::result::Result<(), Failure> {
    begin(connection, jobs)?;
    jobs.iter_mut().try_for_each(|job| connection.attempt(Mode::Write, |connection| job.run(connection)))
}

/// Runs each job so that only its own failure undoes it, and says what became of each.
fn run_one_by_one(
    connection: &mut Connection,
    jobs: &mut [Box<dyn Job>],
) -> std::result::Result<Vec<Result<()>>, Failure> {
    begin(connection, jobs)?;
    jobs.iter_mut().map(|job| Ok(in_savepoint(connection, job.as_mut())?.map_err(StorageError::from))).collect()
}

/// Runs a job such that its failure leaves its neighbours alone. The outer error: the whole transaction is lost.
fn in_savepoint(
    connection: &mut Connection,
    job: &mut dyn Job,
) -> std::result::Result<std::result::Result<(), Failure>, Failure> {
    let mut outcome = Ok(());
    for _ in 0..ATTEMPTS {
        connection.script("SAVEPOINT job")?;
        outcome = connection.attempt(Mode::Write, |connection| job.run(connection));
        connection.script(if outcome.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" })?;
        if outcome != Err(Failure::IdTaken) {
            break;
        }
    }
    Ok(outcome)
}

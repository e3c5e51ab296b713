//! PostgreSQL: a bounded line of work, and workers that each own a connection.

mod connect;
mod driver;
mod reach;
mod worker;

use crate::connection::Mode;
use crate::error::{OpenError, StorageError};
use crate::job::Job;
use crate::node::Node;
use crate::queue::{Queue, Refused};
use crate::schema::{self, Dialect};
use crate::store::Options;
use connect::Connector;
use grantry_protocol::Timestamp;
use grantry_protocol::types::Secret;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use worker::Worker;

const DIALECT: Dialect = Dialect {
    begin: "BEGIN",
    is_set_up: "SELECT COUNT(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('grantry_schema')",
    words: &[("BLOB", "BYTEA")],
    afterwards: "",
};
/// One process at a time changes the schema; the others wait, and then find it done. The number is Grantry's own.
const LOCK_SCHEMA: &str = "SELECT pg_advisory_lock(7453010359171)";

/// A unit of work, and what it may do.
struct Task {
    job: Box<dyn Job>,
    mode: Mode,
}

/// An open PostgreSQL database.
pub(crate) struct Postgres {
    waiting: Arc<Queue<Task>>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl Postgres {
    pub(crate) fn open(
        url: &Secret<String>,
        options: &Options,
        node: &Arc<Node>,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let connector = Connector::new(url, node.clone())?;
        prepare_schema(&connector, options.migrate, now)?;
        let waiting = Arc::new(Queue::new(options.queue));
        let reach = Arc::default();
        let start = |number| {
            let worker = Worker::new(number, connector.clone(), Arc::clone(&reach));
            let waiting = waiting.clone();
            thread::Builder::new().name(format!("postgres-{number}")).spawn(move || worker.run(&waiting))
        };
        let workers = (0..options.postgres_connections.max(1)).map(start).collect::<io::Result<_>>();
        let workers = workers.map_err(|cause| {
            waiting.close();
            OpenError::Engine(cause.to_string())
        })?;
        Ok(Self { waiting, workers: Mutex::new(workers) })
    }

    pub(crate) fn read(&self, job: Box<dyn Job>) {
        self.enqueue(Task { job, mode: Mode::Read });
    }

    pub(crate) fn write(&self, job: Box<dyn Job>) {
        self.enqueue(Task { job, mode: Mode::Write });
    }

    pub(crate) fn close(&self) {
        self.waiting.close();
        let workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        let me = thread::current().id();
        // The last clone of a store may go with a job, in a worker's own thread, which cannot wait for itself.
        for worker in workers.into_iter().filter(|worker| worker.thread().id() != me) {
            // Workers contain the panics of their jobs; of their own there is nothing to tell here.
            let _ = worker.join();
        }
    }

    fn enqueue(&self, task: Task) {
        match self.waiting.push(task) {
            Ok(()) => {}
            Err(Refused::Full(task)) => task.job.answer(Err(StorageError::Busy)),
            Err(Refused::Closed(task)) => task.job.answer(Err(StorageError::Unavailable)),
        }
    }
}

/// In a thread of its own: the client blocks, which a thread of an async runtime must not.
fn prepare_schema(connector: &Connector, migrate: bool, now: Timestamp) -> Result<(), OpenError> {
    let prepare = || {
        let mut connection = connector.connect().map_err(|error| OpenError::Engine(connect::explain(&error)))?;
        if migrate {
            let unlocked = |_| OpenError::Engine("another process is changing its schema".to_owned());
            connection.script(LOCK_SCHEMA).map_err(unlocked)?;
        }
        // The lock goes with the connection.
        schema::prepare(&mut connection, &DIALECT, migrate, now)
    };
    let ended = thread::scope(|scope| scope.spawn(prepare).join());
    ended.unwrap_or_else(|_| Err(OpenError::Engine("its schema cannot be read".to_owned())))
}

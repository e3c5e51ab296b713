//! Connections for reading: as many as there are threads that read at the same time.

use super::driver::{self, Access};
use crate::connection::{Connection, Failure};
use crate::node::Node;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections that nobody uses just now; none at all once it is closed.
pub(super) struct Readers {
    path: PathBuf,
    node: Arc<Node>,
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, node: Arc<Node>) -> Self {
        Self { path, node, idle: Mutex::new(Some(Vec::new())) }
    }

    /// Lends a connection to `work`. One that broke is not lent again.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let idle = self.idle().as_mut().ok_or(Failure::Closed)?.pop();
        let mut connection = idle.map_or_else(|| self.open(), Ok)?;
        let outcome = work(&mut connection);
        if !matches!(outcome, Err(Failure::Broken))
            && let Some(idle) = self.idle().as_mut()
        {
            idle.push(connection);
        }
        outcome
    }

    pub(super) fn close(&self) {
        self.idle().take();
    }

    fn open(&self) -> Result<Connection, Failure> {
        match driver::connect(&self.path, Access::Read) {
            Ok(connection) => Ok(Connection::new(driver::drive(connection), self.node.clone())),
            Err(error) => {
                tracing::error!(cause = %error, "SQLite could not open a connection for reading");
                Err(Failure::Broken)
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A unit of work in one workspace.

use crate::changes::{self, Source};
use crate::connection::Connection;
use crate::error::Result;
use crate::value::{FromRow, Value};
use grantry_protocol::WorkspaceId;

/// Work bound to one workspace. `$1` of every statement is that workspace, bound here and nowhere else; an engine refuses
/// a statement that leaves it out.
///
/// Each statement sees what is committed when it begins. A failed statement fails the whole unit of work.
pub struct Tx<'a> {
    connection: &'a mut Connection,
    workspace_id: WorkspaceId,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a mut Connection, workspace_id: WorkspaceId) -> Self {
        Self { connection, workspace_id }
    }

    pub(crate) fn next_id(&self) -> i64 {
        self.connection.next_id()
    }

    pub(crate) fn rows<T: FromRow>(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<T>> {
        let values = self.here(sql, values);
        self.connection.rows(sql, &values)
    }

    pub(crate) fn row<T: FromRow>(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Option<T>> {
        let values = self.here(sql, values);
        self.connection.row(sql, &values)
    }

    pub(crate) fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64> {
        let values = self.here(sql, values);
        self.connection.execute(sql, &values)
    }

    pub(crate) fn count(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<i64> {
        Ok(self.row(sql, values)?.unwrap_or_default())
    }

    /// Has it noted that this unit of work changes what something in memory may have been read from.
    pub(crate) fn changes(&mut self, source: Source) {
        self.connection.changes(source);
    }

    /// Binds the workspace to a statement, and has it noted where the statement may change what is kept of it.
    fn here<'v>(&mut self, sql: &str, values: &[Value<'v>]) -> Vec<Value<'v>> {
        if changes::is_change(sql) {
            self.connection.changes(Source::Workspace(self.workspace_id));
        }
        let mut all = Vec::with_capacity(values.len() + 1);
        all.push(self.workspace_id.into());
        all.extend_from_slice(values);
        all
    }
}

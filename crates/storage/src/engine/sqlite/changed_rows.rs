//! Which rows of grants, users and sessions a commit changed or removed: SQLite says it of each, whatever statement did it.

use crate::changes::Source;
use crate::connection::Connection;
use crate::node::Node;
use rusqlite::hooks::Action;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// The tables that answers about tokens are read from, but for those denied one by one.
const TABLES: [&str; 3] = ["grants", "users", "sessions"];

/// Whether SQLite says it of those tables: of trees of whole rows it does not, which they are in databases from before row ids were
/// their keys (docs/decisions/0024).
pub(super) fn are_told(connection: &mut Connection) -> bool {
    let found = connection.row::<i64>(
        "SELECT COUNT(*) FROM pragma_table_list WHERE name IN ('grants', 'users', 'sessions') AND type = 'table' AND wr = 0",
        &[],
    );
    found.is_ok_and(|count| count == Some(TABLES.len() as i64))
}

/// What was changed since the last commit.
pub(super) struct ChangedRows {
    node: Arc<Node>,
    rows: Arc<Mutex<Vec<i64>>>,
}

impl ChangedRows {
    /// Begins to listen to what `writer` changes.
    pub(super) fn of(writer: &mut rusqlite::Connection, node: &Arc<Node>) -> rusqlite::Result<Self> {
        let rows = Arc::new(Mutex::new(Vec::new()));
        let changed = Arc::clone(&rows);
        writer.update_hook(Some(move |action, _: &str, table: &str, row| {
            // Of a new row nothing is kept yet: no id is given out twice.
            if action != Action::SQLITE_INSERT && TABLES.contains(&table) {
                changed.lock().unwrap_or_else(PoisonError::into_inner).push(row);
            }
        }))?;
        Ok(Self { node: Arc::clone(node), rows })
    }

    /// Notes it: once the commit is over, however it ended, and before anybody is told.
    pub(super) fn note(&self) {
        let rows = mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner));
        rows.into_iter().for_each(|row| self.node.changes.note(Source::Row(row)));
    }
}

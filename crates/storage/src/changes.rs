//! Which workspaces this process changed, so that what is kept of one in memory is good until then.

use grantry_protocol::WorkspaceId;
use std::array;
use std::sync::atomic::{AtomicU64, Ordering};

/// Workspaces are told apart by the rest of their ids; those that share one are read again together, for nothing. A prime, as the last
/// bits of ids are often the same.
const PLACES: u64 = 1_021;

/// A moment between two changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(u64);

/// How many changes there were, and which of them was the last of each workspace.
#[derive(Debug)]
pub(crate) struct Changes {
    count: AtomicU64,
    last: [AtomicU64; PLACES as usize],
}

impl Default for Changes {
    fn default() -> Self {
        Self { count: AtomicU64::new(0), last: array::from_fn(|_| AtomicU64::new(0)) }
    }
}

impl Changes {
    /// Before whatever changes from here on.
    pub(crate) fn now(&self) -> Moment {
        Moment(self.count.load(Ordering::SeqCst))
    }

    /// A change of this workspace has been committed, or not: then it is read again for nothing.
    pub(crate) fn note(&self, workspace: WorkspaceId) {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        self.last_of(workspace).fetch_max(number, Ordering::SeqCst);
    }

    /// Whether nothing was noted of it since.
    pub(crate) fn is_unchanged(&self, workspace: WorkspaceId, since: Moment) -> bool {
        self.last_of(workspace).load(Ordering::SeqCst) <= since.0
    }

    fn last_of(&self, workspace: WorkspaceId) -> &AtomicU64 {
        &self.last[(workspace.0.unsigned_abs() % PLACES) as usize]
    }
}

/// Tables of which nothing is kept in memory: they are written all the time. Of any other, a change is noted.
const READ_EACH_TIME: [&str; 8] = [
    "grants",
    "sessions",
    "session_clients",
    "consents",
    "revoked_tokens",
    "used_assertions",
    "logout_deliveries",
    "users",
];

/// Whether a statement may change what is kept in memory of its workspace.
pub(crate) fn is_change(sql: &str) -> bool {
    let mut words = sql.split_ascii_whitespace();
    let table = match words.next() {
        Some("SELECT") => return false,
        Some("UPDATE") => words.next(),
        // INSERT INTO, DELETE FROM.
        _ => words.nth(1),
    };
    table.is_none_or(|table| !READ_EACH_TIME.contains(&table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_noted_of_its_workspace_alone() {
        let changes = Changes::default();
        // As they come: one in each millisecond.
        let ids: Vec<_> = (0..100).map(|millis| WorkspaceId((millis << 22) + 77)).collect();
        let before = changes.now();
        assert!(ids.iter().all(|id| changes.is_unchanged(*id, before)));
        changes.note(ids[7]);
        assert!(!changes.is_unchanged(ids[7], before));
        assert_eq!(ids.iter().filter(|id| changes.is_unchanged(**id, before)).count(), 99);
        assert!(changes.is_unchanged(ids[7], changes.now()));
    }

    #[test]
    fn statements_are_told_apart_by_their_table() {
        for sql in [
            "SELECT id FROM clients",
            "UPDATE grants SET state",
            "INSERT INTO used_assertions (workspace_id",
            "DELETE FROM session_clients WHERE",
        ] {
            assert!(!is_change(sql), "{sql}");
        }
        for sql in [
            "UPDATE clients SET name",
            "INSERT INTO keys (workspace_id",
            "DELETE FROM client_secrets WHERE",
            "UPDATE workspaces SET slug",
            "WITH something AS (SELECT 1) DELETE FROM grants",
            "UPDATE",
        ] {
            assert!(is_change(sql), "{sql}");
        }
    }
}

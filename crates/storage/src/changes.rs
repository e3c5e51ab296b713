//! What this process changed, so that what is kept of it in memory is good until then.

use grantry_protocol::WorkspaceId;
use std::sync::atomic::{AtomicU64, Ordering};

/// Workspaces are told apart by the rest of their ids; those that share one are read again together, for nothing. A prime, as the last
/// bits of ids are often the same.
const WORKSPACES: usize = 1_021;
/// The same of rows, which change all the time.
const ROWS: usize = 65_521;

/// What something in memory was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A workspace, its keys and its clients.
    Workspace(WorkspaceId),
    /// A grant, a user or a session.
    Row(i64),
    /// Whether a token is denied.
    Token([u8; 16]),
}

/// A moment between two changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(u64);

/// How many changes there were, and which of them was the last of each source.
#[derive(Debug)]
pub(crate) struct Changes {
    count: AtomicU64,
    workspaces: Box<[AtomicU64]>,
    rows: Box<[AtomicU64]>,
}

impl Default for Changes {
    fn default() -> Self {
        let none_of = |places| (0..places).map(|_| AtomicU64::new(0)).collect();
        Self { count: AtomicU64::new(0), workspaces: none_of(WORKSPACES), rows: none_of(ROWS) }
    }
}

impl Changes {
    /// Before whatever changes from here on.
    pub(crate) fn now(&self) -> Moment {
        Moment(self.count.load(Ordering::SeqCst))
    }

    /// A change of this source has been committed, or not: then it is read again for nothing.
    pub(crate) fn note(&self, source: Source) {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        self.last_of(source).fetch_max(number, Ordering::SeqCst);
    }

    /// Whether nothing was noted of it since.
    pub(crate) fn is_unchanged(&self, source: Source, since: Moment) -> bool {
        self.last_of(source).load(Ordering::SeqCst) <= since.0
    }

    fn last_of(&self, source: Source) -> &AtomicU64 {
        let (places, number) = match source {
            Source::Workspace(id) => (&self.workspaces, id.0.unsigned_abs()),
            Source::Row(id) => (&self.rows, id.unsigned_abs()),
            Source::Token([a, b, c, d, e, f, g, h, ..]) => (&self.rows, u64::from_le_bytes([a, b, c, d, e, f, g, h])),
        };
        &places[(number % places.len() as u64) as usize]
    }
}

/// Tables of which nothing is kept with the workspace: they are written all the time. Of any other, a change is noted.
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
    fn a_change_is_noted_of_its_source_alone() {
        let changes = Changes::default();
        // Ids as they come: one in each millisecond.
        let ids = || (0..50).map(|millis| (millis << 22) + 77);
        let tokens = (0..50).map(|first| Source::Token([first; 16]));
        let workspaces = ids().map(|id| Source::Workspace(WorkspaceId(id)));
        let sources: Vec<_> = ids().map(Source::Row).chain(workspaces).chain(tokens).collect();
        for source in &sources {
            let before = changes.now();
            assert!(sources.iter().all(|source| changes.is_unchanged(*source, before)));
            changes.note(*source);
            assert!(!changes.is_unchanged(*source, before));
            assert_eq!(
                sources.iter().filter(|source| changes.is_unchanged(**source, before)).count(),
                sources.len() - 1
            );
            assert!(changes.is_unchanged(*source, changes.now()));
        }
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

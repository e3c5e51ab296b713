//! Clean-up: removes what is over, a little at a time. Nothing is right or wrong because of it.

use crate::error::Result;
use crate::instance::Instance;
use crate::value::{FromRow, Row, Value};
use grantry_protocol::types::Seconds;
use grantry_protocol::{ClientRow, Timestamp, WorkspaceId};

/// The most rows that one clean-up looks at, so that nobody waits long behind it.
pub(crate) const CLEAN_UP_MOST: i64 = 100;
/// For clocks that differ, and for people who ask why.
const MARGIN: i64 = 1;
/// Longer than a signing key is published after its last signature.
const KEY_MARGIN: i64 = 2;

// SQLite finds rows by all columns of a list of rows only where the first is not a number, or all are.

const REVOKED_TOKENS: &str = "DELETE FROM revoked_tokens WHERE (token_id, workspace_id) IN (
    SELECT token_id, workspace_id FROM revoked_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

const SECRETS: &str = "DELETE FROM client_secrets WHERE (workspace_id, client_row, number) IN (
    SELECT workspace_id, client_row, number FROM client_secrets WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

/// A sealing key opens what it sealed for as long as it is there; a signing key is of no use when nothing it signed can live, and
/// one that others encrypted for when they know its successor. What it is for is no way to find it: every workspace has keys for that.
const KEYS_OF_ALGORITHMS: &str = "DELETE FROM keys WHERE (purpose, workspace_id, number) IN (
    SELECT purpose, workspace_id, number FROM keys WHERE retired_at < $1 AND COALESCE(purpose, '') IN ('signing', 'encryption')
    ORDER BY retired_at LIMIT $2)";

const GRANTS: &str = "DELETE FROM grants WHERE expires_at < $1 AND (workspace_id, id) IN (
    SELECT workspace_id, id FROM grants WHERE sweep_at < $1 ORDER BY sweep_at LIMIT $2)";

/// Grants that were refreshed since: not to be looked at before they can be over.
const GRANTS_LATER: &str = "UPDATE grants SET sweep_at = expires_at WHERE expires_at >= $1 AND (workspace_id, id) IN (
    SELECT workspace_id, id FROM grants WHERE sweep_at < $1 ORDER BY sweep_at LIMIT $2)";

/// Whoever ends a session ends what was given in it, and in those it took over. So it stays for as long as there is any of that.
const SESSIONS: &str = "DELETE FROM sessions WHERE NOT EXISTS (
    SELECT 1 FROM grants WHERE grants.workspace_id = sessions.workspace_id AND grants.user_id = sessions.user_id
    AND grants.session_id = sessions.id AND grants.state <> 'revoked')
    AND (workspace_id, id) IN (
    SELECT workspace_id, id FROM sessions WHERE sweep_at < $1 ORDER BY sweep_at LIMIT $2)";

/// Sessions of which something lives: not to be looked at before that can be over.
const SESSIONS_LATER: &str = "UPDATE sessions SET sweep_at = (
    SELECT MAX(expires_at) FROM grants WHERE grants.workspace_id = sessions.workspace_id
    AND grants.user_id = sessions.user_id AND grants.session_id = sessions.id AND grants.state <> 'revoked')
    WHERE EXISTS (
    SELECT 1 FROM grants WHERE grants.workspace_id = sessions.workspace_id AND grants.user_id = sessions.user_id
    AND grants.session_id = sessions.id AND grants.state <> 'revoked')
    AND (workspace_id, id) IN (
    SELECT workspace_id, id FROM sessions WHERE sweep_at < $1 ORDER BY sweep_at LIMIT $2)";

const SESSION_CLIENTS: &str = "DELETE FROM session_clients WHERE (sid, workspace_id, client_row) IN (
    SELECT sid, workspace_id, client_row FROM session_clients WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

const USED_ASSERTIONS: &str = "DELETE FROM used_assertions WHERE (jti_digest, workspace_id, client_row) IN (
    SELECT jti_digest, workspace_id, client_row FROM used_assertions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

const LOGOUT_DELIVERIES: &str = "DELETE FROM logout_deliveries WHERE (workspace_id, id) IN (
    SELECT workspace_id, id FROM logout_deliveries WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

/// Clients that registered themselves and were never used. Looked at once more where it is removed: it may be used by now.
const UNUSED_CLIENTS: &str = "DELETE FROM clients WHERE unused_until < $1 AND (workspace_id, id) IN (
    SELECT workspace_id, id FROM clients WHERE unused_until < $1 ORDER BY unused_until LIMIT $2)
    RETURNING workspace_id, id";

/// A client that is gone.
struct Unused(WorkspaceId, ClientRow);

impl FromRow for Unused {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self(row.take()?, row.take()?))
    }
}

impl Instance<'_> {
    /// Looks at up to `limit` rows, and never more than 100, that may not be needed any more: removes them, or puts off when to look
    /// at them again. Says at how many: fewer than `limit` means that it is done for now.
    pub fn clean_up(&mut self, now: Timestamp, limit: i64) -> Result<u64> {
        let limit = limit.clamp(0, CLEAN_UP_MOST);
        let ago = |days: i64| now.plus(Seconds(-Seconds::days(days).0));
        let mut done = 0;
        for (sql, before) in [
            (REVOKED_TOKENS, now),
            (SECRETS, ago(MARGIN)),
            (KEYS_OF_ALGORITHMS, ago(KEY_MARGIN)),
            (GRANTS, ago(MARGIN)),
            (GRANTS_LATER, ago(MARGIN)),
            (SESSIONS, ago(MARGIN)),
            (SESSIONS_LATER, ago(MARGIN)),
            (SESSION_CLIENTS, ago(MARGIN)),
            (USED_ASSERTIONS, now),
            (LOGOUT_DELIVERIES, now),
        ] {
            let left = limit.saturating_sub_unsigned(done);
            done += self.execute(sql, &[before.into(), Value::Integer(left)])?;
        }
        done += self.remove_unused_clients(now, limit.saturating_sub_unsigned(done))?;
        Ok(done)
    }

    /// A client is kept before it gets its first consent or grant, so there are none of these to remove with it. What it has goes within
    /// its workspace, which is noted there; all else that goes here has been of no use to anybody for a day.
    fn remove_unused_clients(&mut self, now: Timestamp, limit: i64) -> Result<u64> {
        let unused: Vec<Unused> = self.rows(UNUSED_CLIENTS, &[now.into(), limit.into()])?;
        for Unused(workspace, row) in &unused {
            self.within(*workspace).forget_client(*row)?;
        }
        Ok(unused.len() as u64)
    }
}

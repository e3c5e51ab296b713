//! Sessions: browsers signed in to a workspace.

use crate::error::Result;
use crate::tx::Tx;
use crate::value::{FromRow, Row};
use grantry_protocol::account::{Session, User};
use grantry_protocol::client::Client;
use grantry_protocol::types::Seconds;
use grantry_protocol::{SessionId, Timestamp, UserId};

/// A session about to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// What clients call it: random, or that of the session it takes over.
    pub sid: String,
    /// Who signs in.
    pub user: UserId,
    /// When they proved who they are.
    pub auth_time: Timestamp,
    /// When the session ends by itself.
    pub expires_at: Timestamp,
    /// The browser, as it calls itself.
    pub user_agent: String,
    /// The address it signs in from.
    pub address: String,
}

/// A session is seen to the nearest five minutes: more would be a write with every page.
const SEEN_EVERY: Seconds = Seconds::minutes(5);

macro_rules! select_sessions {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT sessions.id, sessions.sid, sessions.user_id, sessions.auth_time, sessions.last_seen_at, sessions.expires_at,
             sessions.ended_at, sessions.user_agent, sessions.address",
            $more,
            " FROM sessions ",
            $rest
        )
    };
}

impl FromRow for Session {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            sid: row.take()?,
            user: row.take()?,
            auth_time: row.take()?,
            last_seen_at: row.take()?,
            expires_at: row.take()?,
            ended_at: row.take()?,
            user_agent: row.take()?,
            address: row.take()?,
        })
    }
}

struct WithUser(Session, User);

impl FromRow for WithUser {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self(Session::from_row(row)?, User::from_row(row)?))
    }
}

impl Tx<'_> {
    /// Begins a session.
    pub fn insert_session(&mut self, new: &NewSession, now: Timestamp) -> Result<SessionId> {
        let id = SessionId(self.next_id());
        self.execute(
            "INSERT INTO sessions (workspace_id, id, user_id, auth_time, last_seen_at, expires_at, sweep_at, user_agent,
             address, sid) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)",
            &[
                id.into(),
                new.user.into(),
                new.auth_time.into(),
                now.into(),
                new.expires_at.into(),
                (&new.user_agent).into(),
                (&new.address).into(),
                (&new.sid).into(),
            ],
        )?;
        // Clients that know the session it takes over hear of the end of this one.
        self.execute(
            "UPDATE session_clients SET expires_at = $3 WHERE workspace_id = $1 AND sid = $2 AND expires_at < $3",
            &[(&new.sid).into(), new.expires_at.into()],
        )?;
        Ok(id)
    }

    /// The session with this id and its user, whether it is live or not.
    pub fn find_session(&mut self, id: SessionId) -> Result<Option<(Session, User)>> {
        let found = self.row(
            select_sessions!(
                ", users.id, users.subject, users.username, users.display_name, users.admin_since, users.disabled_at,
                 users.created_at, users.claims",
                "JOIN users ON users.workspace_id = $1 AND users.id = sessions.user_id
                 WHERE sessions.workspace_id = $1 AND sessions.id = $2"
            ),
            &[id.into()],
        )?;
        Ok(found.map(|WithUser(session, user)| (session, user)))
    }

    /// Notes that a session was seen, unless that was noted a moment ago.
    pub fn touch_session(&mut self, id: SessionId, now: Timestamp) -> Result<()> {
        let long_ago = now.plus(Seconds(-SEEN_EVERY.0));
        let sql = "UPDATE sessions SET last_seen_at = $3 WHERE workspace_id = $1 AND id = $2 AND last_seen_at < $4";
        self.execute(sql, &[id.into(), now.into(), long_ago.into()]).map(drop)
    }

    /// Ends a session of this user, and the grants that were given in it, but for those that are for use while the person is away;
    /// the clients they signed in to within it will be told. Which clients; none: it had ended, or is not theirs.
    pub fn end_session(&mut self, id: SessionId, user: UserId, now: Timestamp) -> Result<Option<Vec<Client>>> {
        // Those that it took over in the same browser have its name among clients, and end with it.
        let ended = self.execute(
            "UPDATE sessions SET ended_at = $4 WHERE workspace_id = $1 AND user_id = $3 AND ended_at IS NULL
             AND sid IN (SELECT sid FROM sessions WHERE workspace_id = $1 AND id = $2 AND user_id = $3)",
            &[id.into(), user.into(), now.into()],
        )?;
        self.revoke_grants_of_ended_sessions(user, now)?;
        if ended > 0 { self.leave_session(id, user, now).map(Some) } else { Ok(None) }
    }

    /// Lets a session of this user run out now, because another took its place in the same browser. Its grants live on.
    pub fn expire_session(&mut self, id: SessionId, user: UserId, now: Timestamp) -> Result<bool> {
        let expired = self.execute(
            "UPDATE sessions SET expires_at = $4 WHERE workspace_id = $1 AND id = $2 AND user_id = $3
             AND ended_at IS NULL AND expires_at > $4",
            &[id.into(), user.into(), now.into()],
        )?;
        Ok(expired > 0)
    }

    /// Ends every session of this user that still runs, but for one, and every grant that was not given in that one: those of
    /// sessions that ran out long ago, those given by password, and those for use while the person is away, too. The clients they
    /// signed in to will be told. How many sessions.
    pub fn end_sessions_of(&mut self, user: UserId, except: Option<SessionId>, now: Timestamp) -> Result<u64> {
        let ended = self.execute(
            "UPDATE sessions SET ended_at = $4 WHERE workspace_id = $1 AND user_id = $2
             AND (id <> $3 OR CAST($3 AS BIGINT) IS NULL) AND ended_at IS NULL AND expires_at > $4",
            &[user.into(), except.into(), now.into()],
        )?;
        self.execute(
            "UPDATE grants SET state = 'revoked', expires_at = CASE WHEN expires_at < $4 THEN expires_at ELSE $4 END
             WHERE workspace_id = $1 AND user_id = $2 AND state <> 'revoked'
             AND (session_id IS NULL OR session_id <> $3 OR CAST($3 AS BIGINT) IS NULL)",
            &[user.into(), except.into(), now.into()],
        )?;
        self.leave_sessions_of(user, except, now)?;
        Ok(ended)
    }

    /// The live sessions of a user, newest first.
    pub fn list_sessions(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>> {
        self.rows(
            select_sessions!(
                "",
                "WHERE workspace_id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3 ORDER BY id DESC"
            ),
            &[user.into(), now.into()],
        )
    }

    /// Back-Channel Logout §2.7: not those that have `offline_access`; but a code that nobody redeemed yet ends all the same.
    fn revoke_grants_of_ended_sessions(&mut self, user: UserId, now: Timestamp) -> Result<u64> {
        self.execute(
            "UPDATE grants SET state = 'revoked', expires_at = CASE WHEN expires_at < $3 THEN expires_at ELSE $3 END
             WHERE workspace_id = $1 AND user_id = $2 AND state <> 'revoked'
             AND (state = 'pending' OR ' ' || scope || ' ' NOT LIKE '% offline\\_access %' ESCAPE '\\') AND session_id IN
             (SELECT id FROM sessions WHERE workspace_id = $1 AND user_id = $2 AND ended_at IS NOT NULL)",
            &[user.into(), now.into()],
        )
    }
}

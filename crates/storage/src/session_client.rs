//! Which clients a person signed in to within a session: those that hear of its end (Front-Channel and Back-Channel Logout).

use crate::error::Result;
use crate::tx::Tx;
use crate::value::{FromRow, Row};
use grantry_protocol::authorize::SignedIn;
use grantry_protocol::client::Client;
use grantry_protocol::{ClientRow, SessionId, Timestamp, UserId};

/// A client that a person is not signed in to any more, and in which session that was.
struct Left {
    sid: String,
    client: ClientRow,
}

impl FromRow for Left {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { sid: row.take()?, client: row.take()? })
    }
}

impl Tx<'_> {
    /// Notes that a person signed in to a client within their session, which ends by itself at `expires_at`. False: somebody has
    /// ended it just now; otherwise it goes on until the unit of work ends.
    pub fn note_session_client(&mut self, by: &SignedIn, client: ClientRow, expires_at: Timestamp) -> Result<bool> {
        let held: Option<SessionId> = self.row(
            "SELECT id FROM sessions WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL
             FOR NO KEY UPDATE",
            &[by.session.into()],
        )?;
        if held.is_none() {
            return Ok(false);
        }
        self.execute(
            "INSERT INTO session_clients (workspace_id, sid, client_row, expires_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (workspace_id, sid, client_row) DO UPDATE SET expires_at = excluded.expires_at
             WHERE session_clients.expires_at <> excluded.expires_at",
            &[(&by.sid).into(), client.into(), expires_at.into()],
        )?;
        Ok(true)
    }

    /// Signs a person out of the clients of this session of theirs, and tells those: once, since whoever removes the row tells.
    pub(crate) fn leave_session(&mut self, id: SessionId, user: UserId, now: Timestamp) -> Result<Vec<Client>> {
        let left = self.rows(
            "DELETE FROM session_clients WHERE workspace_id = $1 AND sid IN
             (SELECT sid FROM sessions WHERE workspace_id = $1 AND id = $2 AND user_id = $3) RETURNING sid, client_row",
            &[id.into(), user.into()],
        )?;
        self.tell(user, &left, now)
    }

    /// Signs a person out of the clients of all their sessions but one, and tells those.
    pub(crate) fn leave_sessions_of(&mut self, user: UserId, except: Option<SessionId>, now: Timestamp) -> Result<()> {
        let left = self.rows(
            "DELETE FROM session_clients WHERE workspace_id = $1
             AND sid IN (SELECT sid FROM sessions WHERE workspace_id = $1 AND user_id = $2)
             AND sid NOT IN (SELECT sid FROM sessions WHERE workspace_id = $1 AND user_id = $2 AND id = $3)
             RETURNING sid, client_row",
            &[user.into(), except.into()],
        )?;
        self.tell(user, &left, now).map(drop)
    }

    /// Signs a person out of one client, in all their sessions, and tells it.
    pub(crate) fn leave_client(&mut self, user: UserId, client: ClientRow, now: Timestamp) -> Result<()> {
        let left = self.rows(
            "DELETE FROM session_clients WHERE workspace_id = $1 AND client_row = $3
             AND sid IN (SELECT sid FROM sessions WHERE workspace_id = $1 AND user_id = $2) RETURNING sid, client_row",
            &[user.into(), client.into()],
        )?;
        self.tell(user, &left, now).map(drop)
    }

    /// Writes down whom to tell by the back channel. The clients, for those that are told by other ways.
    fn tell(&mut self, user: UserId, left: &[Left], now: Timestamp) -> Result<Vec<Client>> {
        let mut clients = Vec::new();
        for Left { sid, client } in left {
            let Some(client) = self.find_client_by_row(*client)? else { continue };
            if client.registration.openid.backchannel_logout_uri.is_some() {
                self.insert_delivery(&client, (user, sid), now)?;
            }
            clients.push(client);
        }
        Ok(clients)
    }
}

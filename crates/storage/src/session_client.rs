//! Which clients a person signed in to within a session: those that hear of its end (Front-Channel and Back-Channel Logout).

use crate::error::Result;
use crate::tx::Tx;
use grantry_protocol::{ClientRow, Timestamp, UserId};

impl Tx<'_> {
    /// Notes that a person signed in to a client within a session, which ends by itself at `expires_at`.
    pub fn note_session_client(
        &mut self,
        sid: &str,
        (user, client): (UserId, ClientRow),
        expires_at: Timestamp,
    ) -> Result<()> {
        self.execute(
            "INSERT INTO session_clients (workspace_id, sid, client_row, user_id, expires_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (workspace_id, sid, client_row) DO UPDATE SET expires_at = excluded.expires_at",
            &[sid.into(), client.into(), user.into(), expires_at.into()],
        )
        .map(drop)
    }
}

//! Assertions that clients proved themselves with (RFC 7523): each is good once, however many processes it is shown to.

use crate::error::Result;
use crate::tx::Tx;
use grantry_protocol::{ClientRow, Timestamp};

impl Tx<'_> {
    /// Remembers an assertion of a client by the digest of its `jti`. False: it was used before.
    pub fn insert_used_assertion(
        &mut self,
        client: ClientRow,
        jti_digest: &[u8],
        expires_at: Timestamp,
    ) -> Result<bool> {
        let inserted = self.execute(
            "INSERT INTO used_assertions (workspace_id, client_row, jti_digest, expires_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (workspace_id, client_row, jti_digest) DO NOTHING",
            &[client.into(), jti_digest.into(), expires_at.into()],
        )?;
        Ok(inserted > 0)
    }
}

//! Client secrets: at most two good ones at a time, and never fewer than one through a retirement.
//!
//! Two statements that look at different secrets could each leave the other's alone and both be wrong, so those that
//! change secrets first take a number from the client's row: who comes second waits there, and then sees what was done.

use crate::error::Result;
use crate::tx::Tx;
use crate::value::Value;
use grantry_protocol::{ClientRow, Timestamp};

impl Tx<'_> {
    /// Adds a secret and sets the end of those before it. The new one's number; none when two are good already and would stay so,
    /// or when there is no such client.
    pub fn rotate_secret(
        &mut self,
        row: ClientRow,
        digest: &str,
        now: Timestamp,
        old_expires_at: Timestamp,
    ) -> Result<Option<i64>> {
        let Some(number) = self.next_secret_number(row)? else {
            return Ok(None);
        };
        // Where the old ones end now, it does not matter how many they are.
        let too_many = if old_expires_at > now { 2 } else { i64::MAX };
        let added = self.execute(
            "INSERT INTO client_secrets (workspace_id, client_row, number, digest, created_at)
             SELECT $1, $2, $3, $4, $5 WHERE $6 > (SELECT COUNT(*) FROM client_secrets
             WHERE workspace_id = $1 AND client_row = $2 AND (expires_at IS NULL OR expires_at > $5))",
            &[row.into(), number.into(), digest.into(), now.into(), Value::Integer(too_many)],
        )?;
        if added == 0 {
            return Ok(None);
        }
        self.execute(
            "UPDATE client_secrets SET expires_at = $4 WHERE workspace_id = $1 AND client_row = $2 AND number < $3
             AND (expires_at IS NULL OR expires_at > $4)",
            &[row.into(), number.into(), old_expires_at.into()],
        )?;
        Ok(Some(number))
    }

    /// Ends a secret now. False: it is not good any more, or the only good one of its client.
    pub fn retire_secret(&mut self, row: ClientRow, number: i64, now: Timestamp) -> Result<bool> {
        if self.next_secret_number(row)?.is_none() {
            return Ok(false);
        }
        let retired = self.execute(
            "UPDATE client_secrets SET expires_at = $4 WHERE workspace_id = $1 AND client_row = $2 AND number = $3
             AND (expires_at IS NULL OR expires_at > $4) AND 1 < (SELECT COUNT(*) FROM client_secrets
             WHERE workspace_id = $1 AND client_row = $2 AND (expires_at IS NULL OR expires_at > $4))",
            &[row.into(), number.into(), now.into()],
        )?;
        Ok(retired > 0)
    }

    /// A number no secret of this client ever had, and until the end of the unit of work its secrets to ourselves.
    fn next_secret_number(&mut self, row: ClientRow) -> Result<Option<i64>> {
        self.row(
            "UPDATE clients SET last_secret = last_secret + 1 WHERE workspace_id = $1 AND id = $2 RETURNING last_secret",
            &[row.into()],
        )
    }
}

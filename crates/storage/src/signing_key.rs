//! Signing keys: made once however many processes need one, and followed by one successor at a time.

use crate::error::{Result, StorageError};
use crate::key::ATTEMPTS;
use crate::tx::Tx;
use grantry_protocol::Timestamp;
use grantry_protocol::jose::Algorithm;

/// A signing key about to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSigningKey {
    /// By which algorithm it signs.
    pub algorithm: Algorithm,
    /// The key, sealed under the master key.
    pub sealed: Vec<u8>,
    /// It signs from then on.
    pub active_at: Timestamp,
}

impl Tx<'_> {
    /// Writes the first key of an algorithm. None: there is one already, another request was faster.
    pub fn insert_first_signing_key(&mut self, new: &NewSigningKey, now: Timestamp) -> Result<Option<i64>> {
        self.insert_signing_key(new, now, Timestamp::from_unix(i64::MIN))
    }

    /// Writes the successor of the key that signs, which then ends when the successor begins. None: a successor waits already.
    pub fn insert_next_signing_key(&mut self, new: &NewSigningKey, now: Timestamp) -> Result<Option<i64>> {
        let Some(number) = self.insert_signing_key(new, now, now)? else { return Ok(None) };
        self.execute(
            "UPDATE keys SET retired_at = $4 WHERE workspace_id = $1 AND purpose = 'signing' AND algorithm = $2
             AND number < $3 AND retired_at IS NULL",
            &[new.algorithm.as_str().into(), number.into(), new.active_at.into()],
        )?;
        Ok(Some(number))
    }

    /// Writes a key unless one without a successor begins after `after`. Two that try at once get the same number, which only
    /// one of them can have.
    fn insert_signing_key(&mut self, new: &NewSigningKey, now: Timestamp, after: Timestamp) -> Result<Option<i64>> {
        for _ in 0..ATTEMPTS {
            let number = self.row(
                "INSERT INTO keys (workspace_id, purpose, number, algorithm, sealed, created_at, active_at)
                 SELECT $1, 'signing', COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5 FROM keys
                 WHERE workspace_id = $1 AND purpose = 'signing'
                 HAVING NOT EXISTS (SELECT 1 FROM keys WHERE workspace_id = $1 AND purpose = 'signing'
                     AND algorithm = $2 AND retired_at IS NULL AND active_at > $6)
                 ON CONFLICT (workspace_id, purpose, number) DO NOTHING RETURNING number",
                &[
                    new.algorithm.as_str().into(),
                    new.sealed.as_slice().into(),
                    now.into(),
                    new.active_at.into(),
                    after.into(),
                ],
            )?;
            // No number: either there is such a key, or a key of another algorithm took the number.
            if number.is_some() || self.has_signing_key(new.algorithm, after)? {
                return Ok(number);
            }
        }
        tracing::error!("a signing key found no number, as often as it was tried");
        Err(StorageError::Unavailable)
    }

    fn has_signing_key(&mut self, algorithm: Algorithm, after: Timestamp) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM keys WHERE workspace_id = $1 AND purpose = 'signing' AND algorithm = $2
                   AND retired_at IS NULL AND active_at > $3";
        Ok(self.count(sql, &[algorithm.as_str().into(), after.into()])? > 0)
    }
}

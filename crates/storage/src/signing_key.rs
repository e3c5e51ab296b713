//! Keys of an algorithm: made once however many processes need one, and followed by one successor at a time.

use crate::error::{Result, StorageError};
use crate::key::ATTEMPTS;
use crate::tx::Tx;
use grantry_protocol::Timestamp;
use grantry_protocol::jose::{Algorithm, KeyManagement};
use grantry_protocol::sealed::KeyPurpose;

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

/// What both kinds have.
struct Row<'a> {
    purpose: KeyPurpose,
    algorithm: &'a str,
    sealed: &'a [u8],
    active_at: Timestamp,
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

    /// Writes the first key that others encrypt for by this algorithm. None: there is one already, another request was faster.
    pub fn insert_encryption_key(&mut self, alg: KeyManagement, sealed: &[u8], now: Timestamp) -> Result<Option<i64>> {
        let new = Row { purpose: KeyPurpose::Encryption, algorithm: alg.as_str(), sealed, active_at: now };
        self.insert_unless_there(&new, now, Timestamp::from_unix(i64::MIN))
    }

    /// Writes the successor of the key with this number: others encrypt for it from now on, and the one before only opens any
    /// more. None: it has one already.
    pub fn insert_next_encryption_key(
        &mut self,
        (alg, before): (KeyManagement, i64),
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let retired = self.execute(
            "UPDATE keys SET retired_at = $4 WHERE workspace_id = $1 AND purpose = 'encryption' AND algorithm = $2
             AND number = $3 AND retired_at IS NULL",
            &[alg.as_str().into(), before.into(), now.into()],
        )?;
        if retired > 0 { self.insert_encryption_key(alg, sealed, now) } else { Ok(None) }
    }

    fn insert_signing_key(&mut self, new: &NewSigningKey, now: Timestamp, after: Timestamp) -> Result<Option<i64>> {
        let NewSigningKey { algorithm, sealed, active_at } = new;
        let purpose = KeyPurpose::Signing;
        self.insert_unless_there(
            &Row { purpose, algorithm: algorithm.as_str(), sealed, active_at: *active_at },
            now,
            after,
        )
    }

    /// Writes a key unless one without a successor begins after `after`. Two that try at once get the same number, which only
    /// one of them can have.
    fn insert_unless_there(&mut self, new: &Row<'_>, now: Timestamp, after: Timestamp) -> Result<Option<i64>> {
        for _ in 0..ATTEMPTS {
            let number = self.row(
                "INSERT INTO keys (workspace_id, purpose, number, algorithm, sealed, created_at, active_at)
                 SELECT $1, $2, COALESCE(MAX(number), 0) + 1, $3, $4, $5, $6 FROM keys
                 WHERE workspace_id = $1 AND purpose = $2
                 HAVING NOT EXISTS (SELECT 1 FROM keys WHERE workspace_id = $1 AND purpose = $2
                     AND algorithm = $3 AND retired_at IS NULL AND active_at > $7)
                 ON CONFLICT (workspace_id, purpose, number) DO NOTHING RETURNING number",
                &[
                    new.purpose.as_str().into(),
                    new.algorithm.into(),
                    new.sealed.into(),
                    now.into(),
                    new.active_at.into(),
                    after.into(),
                ],
            )?;
            // No number: either there is such a key, or a key of another algorithm took the number.
            if number.is_some() || self.is_there(new, after)? {
                return Ok(number);
            }
        }
        tracing::error!("a key found no number, as often as it was tried");
        Err(StorageError::Unavailable)
    }

    fn is_there(&mut self, new: &Row<'_>, after: Timestamp) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM keys WHERE workspace_id = $1 AND purpose = $2 AND algorithm = $3
                   AND retired_at IS NULL AND active_at > $4";
        Ok(self.count(sql, &[new.purpose.as_str().into(), new.algorithm.into(), after.into()])? > 0)
    }
}

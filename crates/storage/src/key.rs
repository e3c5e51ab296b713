//! Keys of a workspace, sealed under the master key before they come here.

use crate::error::{Result, StorageError};
use crate::tx::Tx;
use crate::value::{FromRow, Row, unreadable};
use grantry_protocol::Timestamp;
use grantry_protocol::jose::{Algorithm, KeyManagement};
use grantry_protocol::sealed::KeyPurpose;

/// A key about to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// The key, sealed under the master key.
    pub sealed: Vec<u8>,
}

/// A key at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Its number among those of its workspace and purpose, counted up from 1.
    pub number: i64,
    /// By which algorithm it signs, where that is its purpose.
    pub algorithm: Option<Algorithm>,
    /// By which algorithm others encrypt for it, where that is its purpose.
    pub key_management: Option<KeyManagement>,
    /// The key, sealed under the master key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it makes the first of what it is for.
    pub active_at: Timestamp,
    /// Set when it makes nothing new any more.
    pub retired_at: Option<Timestamp>,
}

/// Others can be faster, but each only by adding a key.
pub(crate) const ATTEMPTS: usize = 100;

macro_rules! select_keys {
    ($rest:literal) => {
        concat!(
            "SELECT purpose, number, algorithm, sealed, created_at, active_at, retired_at FROM keys WHERE workspace_id = $1 ",
            $rest
        )
    };
}

impl FromRow for Key {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        let (purpose, number) = (row.take_as(KeyPurpose::parse)?, row.take()?);
        let algorithm = row.take::<Option<String>>()?.unwrap_or_default();
        Ok(Self {
            purpose,
            number,
            algorithm: match purpose {
                KeyPurpose::Signing => Some(Algorithm::parse(&algorithm).ok_or_else(unreadable)?),
                _ => None,
            },
            key_management: match purpose {
                KeyPurpose::Encryption => Some(KeyManagement::parse(&algorithm).ok_or_else(unreadable)?),
                _ => None,
            },
            sealed: row.take()?,
            created_at: row.take()?,
            active_at: row.take()?,
            retired_at: row.take()?,
        })
    }
}

impl Tx<'_> {
    /// Writes a key and gives it the next number.
    pub fn insert_key(&mut self, new: &NewKey, now: Timestamp) -> Result<i64> {
        for _ in 0..ATTEMPTS {
            let number = self.row(
                "INSERT INTO keys (workspace_id, purpose, number, sealed, created_at, active_at)
                 SELECT $1, $2, COALESCE(MAX(number), 0) + 1, $3, $4, $4 FROM keys WHERE workspace_id = $1 AND purpose = $2
                 ON CONFLICT (workspace_id, purpose, number) DO NOTHING RETURNING number",
                &[new.purpose.as_str().into(), new.sealed.as_slice().into(), now.into()],
            )?;
            if let Some(number) = number {
                return Ok(number);
            }
        }
        tracing::error!("a key found no number, as often as it was tried");
        Err(StorageError::Unavailable)
    }

    /// Writes the one key of a purpose that has no second. False: it is there already.
    pub fn insert_only_key(&mut self, new: &NewKey, now: Timestamp) -> Result<bool> {
        let inserted = self.execute(
            "INSERT INTO keys (workspace_id, purpose, number, sealed, created_at, active_at)
             VALUES ($1, $2, 1, $3, $4, $4) ON CONFLICT (workspace_id, purpose, number) DO NOTHING",
            &[new.purpose.as_str().into(), new.sealed.as_slice().into(), now.into()],
        )?;
        Ok(inserted > 0)
    }

    /// The keys of this purpose, newest first.
    pub fn list_keys(&mut self, purpose: KeyPurpose) -> Result<Vec<Key>> {
        self.rows(select_keys!("AND purpose = $2 ORDER BY number DESC"), &[purpose.as_str().into()])
    }

    /// The keys of every purpose, newest first within each.
    pub fn list_every_key(&mut self) -> Result<Vec<Key>> {
        self.rows(select_keys!("ORDER BY purpose, number DESC"), &[])
    }

    /// Retires every key of this purpose that is older than `number`. How many.
    pub fn retire_keys_before(&mut self, purpose: KeyPurpose, number: i64, now: Timestamp) -> Result<u64> {
        self.execute(
            "UPDATE keys SET retired_at = $4
             WHERE workspace_id = $1 AND purpose = $2 AND number < $3 AND retired_at IS NULL",
            &[purpose.as_str().into(), number.into(), now.into()],
        )
    }

    /// Removes a key; what it sealed can't be opened any more. False: there is no such key.
    pub fn delete_key(&mut self, purpose: KeyPurpose, number: i64) -> Result<bool> {
        let sql = "DELETE FROM keys WHERE workspace_id = $1 AND purpose = $2 AND number = $3";
        Ok(self.execute(sql, &[purpose.as_str().into(), number.into()])? > 0)
    }
}

//! Why an operator's wish was not done: what was wrong, and what to do.

use crate::slow::Busy;
use grantry_storage::StorageError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The wish makes no sense as it was put.
    Usage,
    /// What it is about does not exist.
    NotFound,
    /// A rule is against it.
    Refused,
    /// Something that it needs is full or away.
    Unavailable,
}

/// A wish that was not done. Nothing of it remains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorError {
    /// What kind of trouble it is.
    pub kind: ErrorKind,
    /// What was wrong and what to do, in one line.
    pub message: String,
}

impl OperatorError {
    /// The wish makes no sense as it was put.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Usage, message: message.into() }
    }

    /// What it is about does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::NotFound, message: message.into() }
    }

    /// A rule is against it.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Refused, message: message.into() }
    }
}

impl fmt::Display for OperatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OperatorError {}

impl From<StorageError> for OperatorError {
    fn from(error: StorageError) -> Self {
        let message = match error {
            StorageError::Conflict => "a name that must be unique is taken; choose another one",
            StorageError::Busy => "the database has too much to do; try again in a moment",
            StorageError::Unavailable => "the database could not do it; `grantry doctor` and the log say more",
        };
        Self { kind: ErrorKind::Unavailable, message: message.to_owned() }
    }
}

impl From<Busy> for OperatorError {
    fn from(_: Busy) -> Self {
        let message = "too many passwords are waiting to be hashed; try again in a moment".to_owned();
        Self { kind: ErrorKind::Unavailable, message }
    }
}

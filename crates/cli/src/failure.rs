//! How a command fails: with one line on standard error, and a status.

use grantry_server::operator::{ErrorKind, OperatorError};

/// Why a command ends without having done its work.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The status of the process: 1 when it was refused or failed, 2 when it was used or configured wrongly.
    pub(crate) exit: u8,
    /// What was wrong and what to do, in one line; empty when that was said already.
    pub(crate) message: String,
}

impl Failure {
    /// It was refused, or it failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: 1, message: message.into() }
    }

    /// It was used or configured wrongly.
    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self { exit: 2, message: message.into() }
    }
}

impl From<OperatorError> for Failure {
    fn from(error: OperatorError) -> Self {
        let exit = if error.kind == ErrorKind::Usage { 2 } else { 1 };
        Self { exit, message: error.message }
    }
}

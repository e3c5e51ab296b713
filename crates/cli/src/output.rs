//! The only place that prints: answers to standard output, everything else to standard error.

use crate::failure::Failure;
use crate::render;
use serde_json::Value;
use std::io::{ErrorKind, Write as _};

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object, for programs.
    Json,
}

/// Prints what came of a command.
pub(crate) fn answer(answer: &Value, format: Format) -> Result<(), Failure> {
    let text = match format {
        Format::Json => format!("{answer:#}"),
        Format::Text => render::answer(answer),
    };
    line(&text)
}

/// Prints a line of an answer.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // Whoever read it has seen enough: `grantry user list | head`.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("it was done, but the answer cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Says something beside the answer.
pub(crate) fn note(text: &str) {
    // With standard error closed there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Says what went wrong.
pub(crate) fn complain(message: &str) {
    if !message.is_empty() {
        note(&format!("grantry: {message}"));
    }
}

//! Secrets come in by standard input, or are typed without being seen. Never by arguments, which everyone on the machine can read.

use crate::failure::Failure;
use grantry_protocol::types::Secret;
use std::io::{IsTerminal as _, Read as _};

/// Most that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A new password: asked for twice at a terminal, read from standard input otherwise, if `from_stdin` says that it is there.
pub(crate) fn new_password(from_stdin: bool) -> Result<Secret<String>, Failure> {
    if std::io::stdin().is_terminal() {
        return typed_twice();
    }
    if from_stdin {
        return stdin("the password");
    }
    Err(Failure::wrong(
        "a password is needed: pass it on standard input with --password-stdin, or run this at a terminal",
    ))
}

/// The hash of a password, which nobody types.
pub(crate) fn password_hash() -> Result<Secret<String>, Failure> {
    stdin("the hash of a password")
}

/// A secret that somebody made elsewhere.
pub(crate) fn existing_secret() -> Result<Secret<String>, Failure> {
    if std::io::stdin().is_terminal() {
        return typed("Client secret: ");
    }
    stdin("the client secret")
}

/// Everything on standard input but one line break at its end.
fn stdin(what: &str) -> Result<Secret<String>, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text).map_err(|error| {
        Failure::failed(format!("{what} cannot be read from standard input as UTF-8 text: {error}"))
    })?;
    if text.len() as u64 > LONGEST {
        return Err(Failure::failed(format!("{what} on standard input is longer than {LONGEST} bytes")));
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(Failure::wrong(format!("standard input is empty, where {what} is expected")));
    }
    Ok(Secret::new(text))
}

fn typed_twice() -> Result<Secret<String>, Failure> {
    let password = typed("New password: ")?;
    if typed("The same again: ")? != password {
        return Err(Failure::failed("the two passwords differ; nothing was done"));
    }
    Ok(password)
}

fn typed(prompt: &str) -> Result<Secret<String>, Failure> {
    let text = rpassword::prompt_password(prompt);
    text.map(Secret::new).map_err(|error| Failure::failed(format!("nothing can be read from the terminal: {error}")))
}

//! Rules that several commands share.

use super::OperatorError;
use grantry_protocol::register::{Field, Problem};
use grantry_protocol::types::{Seconds, Secret};

/// Longest name of anything, in characters.
const LONGEST_NAME: usize = 100;
/// Longest password, in bytes: more would only make hashing slow.
const LONGEST_PASSWORD: usize = 1_024;
/// Ten years: longer is a mistake.
const LONGEST_LIFETIME: Seconds = Seconds::days(3_650);

/// A name that people see.
pub(super) fn name(what: &str, text: &str) -> Result<(), OperatorError> {
    if is_plain(text) && text.chars().count() <= LONGEST_NAME {
        return Ok(());
    }
    Err(OperatorError::refused(format!(
        "{what} is 1 to {LONGEST_NAME} characters, without control characters and without spaces at its ends"
    )))
}

/// Something in it, no control characters, and no spaces at the ends.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control)
}

/// A password, as far as a rule can tell.
pub(super) fn password(password: &Secret<String>) -> Result<(), OperatorError> {
    match password.expose().len() {
        1..=LONGEST_PASSWORD => Ok(()),
        _ => Err(OperatorError::refused(format!("a password is 1 to {LONGEST_PASSWORD} bytes"))),
    }
}

/// A lifetime that was asked for.
pub(super) fn lifetime(what: &str, lifetime: Option<Seconds>) -> Result<(), OperatorError> {
    if lifetime.is_none_or(|lifetime| (Seconds(1)..=LONGEST_LIFETIME).contains(&lifetime)) {
        return Ok(());
    }
    let longest = LONGEST_LIFETIME.0;
    Err(OperatorError::refused(format!("the lifetime of {what} is 1 to {longest} seconds")))
}

/// A refusal because of this problem; the hint says what an operator can do.
pub(super) fn refused(problem: &Problem, hint: &str) -> OperatorError {
    let rule = problem.rule.map(|rule| format!(" ({rule})")).unwrap_or_default();
    // The messages of these do not say whose they are: there are many alike.
    let member = if let Field::Other(member) = problem.field { format!("{member}: ") } else { String::new() };
    OperatorError::refused(format!("{member}{}{hint}{rule}", problem.message))
}

/// The names in backquotes, separated by commas.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") }
}

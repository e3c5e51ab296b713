//! The single-line texts of the app form.

use url::Url;

/// Longest name, in characters.
const LONGEST_NAME: usize = 100;
/// Longest description, in characters.
const LONGEST_DESCRIPTION: usize = 300;
/// Longest identifier of a resource server, in bytes.
const LONGEST_RESOURCE: usize = 300;

/// Why somebody cannot make an app a resource server.
pub(super) const ADMINS_ONLY: &str = "Only an admin of the workspace can make an app a resource server.";

/// What people see on the consent page.
pub(super) fn name(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("Give the app a name.".to_owned()),
        count if count > LONGEST_NAME => {
            Err(format!("A name has at most {LONGEST_NAME} characters, this one has {count}."))
        }
        _ => on_one_line(text),
    }
}

/// What the app does.
pub(super) fn description(text: &str) -> Result<String, String> {
    match text.chars().count() {
        count if count > LONGEST_DESCRIPTION => {
            Err(format!("A description has at most {LONGEST_DESCRIPTION} characters, this one has {count}."))
        }
        _ => on_one_line(text),
    }
}

/// The identifier by which scopes name a resource server as their audience.
pub(super) fn resource(text: &str) -> Result<String, String> {
    let printable = text.bytes().all(|b| b.is_ascii_graphic());
    if text.is_empty() {
        return Err("Give the address of the API, such as https://api.example.".to_owned());
    }
    // RFC 8707 §2: an absolute URI without a fragment.
    if text.len() > LONGEST_RESOURCE || !printable || text.contains('#') || Url::parse(text).is_err() {
        return Err(format!(
            "An identifier is an absolute address of at most {LONGEST_RESOURCE} characters without a fragment, such as https://api.example."
        ));
    }
    Ok(text.to_owned())
}

fn on_one_line(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("Use one line of plain text, without control characters.".to_owned());
    }
    Ok(text.to_owned())
}

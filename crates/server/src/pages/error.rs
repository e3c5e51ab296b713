//! The page for failures that may not or cannot be sent to the app: what happened, which rule, what to do.

use super::layout::Frame;
use askama::Template;

/// Used at the URL that was asked, with the status of the failure. `frame` may be [`Frame::outside`].
#[derive(Template)]
#[template(path = "en/error.html")]
pub(crate) struct ErrorPage {
    pub(crate) frame: Frame,
    /// The HTTP status, e.g. 400.
    pub(crate) status: u16,
    /// The heading, e.g. "This sign-in link does not work".
    pub(crate) title: String,
    /// The OAuth error code, e.g. `invalid_request`, where there is one.
    pub(crate) code: Option<String>,
    /// What went wrong, in plain words.
    pub(crate) explanation: String,
    pub(crate) rule: Option<Rule>,
    /// What the reader can do now.
    pub(crate) what_to_do: Option<String>,
    pub(crate) request_id: String,
}

/// The rule that a request broke.
#[derive(Clone)]
pub(crate) struct Rule {
    /// E.g. "RFC 6749 section 4.1.2.1".
    pub(crate) text: String,
    /// E.g. `https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1`.
    pub(crate) href: String,
}

impl Rule {
    /// The rule that an `error_uri` of this server points to; `None` for every other address.
    pub(crate) fn at(uri: &str) -> Option<Self> {
        let (number, section) = uri.strip_prefix("https://www.rfc-editor.org/rfc/rfc")?.split_once("#section-")?;
        let is_number = !number.is_empty() && number.len() <= 5 && number.bytes().all(|b| b.is_ascii_digit());
        let is_section = section.len() <= 16 && section.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
        let text = format!("RFC {number} section {section}");
        (is_number && is_section).then(|| Self { text, href: uri.to_owned() })
    }

    /// An `error_description` without the rule at its end, for a page that shows the rule apart.
    pub(crate) fn without(description: &str, rule: Option<&Self>) -> String {
        let named = rule.map(|rule| format!(" ({})", rule.text)).unwrap_or_default();
        description.strip_suffix(&named).unwrap_or(description).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_by_the_address_of_an_error() {
        let error = grantry_protocol::Rule::rfc(6749, "4.1.2.1");
        let rule = Rule::at(&error.url()).expect("a rule");
        assert_eq!(rule.text, error.to_string());
        assert_eq!(Rule::without("no (RFC 6749 section 4.1.2.1)", Some(&rule)), "no");
        for other in
            ["javascript:alert(1)", "https://evil.example/rfc6749#section-1", "https://www.rfc-editor.org/rfc/rfc6749"]
        {
            assert!(Rule::at(other).is_none(), "{other}");
        }
    }
}

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
        grantry_protocol::Rule::name_at(uri).map(|text| Self { text, href: uri.to_owned() })
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
        for error in [grantry_protocol::Rule::rfc(6749, "4.1.2.1"), grantry_protocol::Rule::oidc_core("5.5")] {
            let rule = Rule::at(&error.url()).expect("a rule");
            assert_eq!((&rule.text, &rule.href), (&error.to_string(), &error.url()));
            assert_eq!(Rule::without(&format!("no ({error})"), Some(&rule)), "no");
        }
        assert!(Rule::at("javascript:alert(1)").is_none());
    }
}

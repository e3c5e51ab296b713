//! Where a rule is written: the section of an RFC or of a specification of the OpenID Foundation.

use std::fmt;

/// Where a rule is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    specification: Specification,
    section: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Specification {
    Rfc(u16),
    OpenId(OpenId),
}

/// The specifications of the OpenID Foundation whose rules are kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenId {
    /// OpenID Connect Core 1.0.
    Core,
    /// OpenID Connect Discovery 1.0.
    Discovery,
    /// OpenID Connect Dynamic Client Registration 1.0.
    Registration,
    /// OpenID Connect RP-Initiated Logout 1.0.
    RpInitiatedLogout,
    /// OpenID Connect Front-Channel Logout 1.0.
    FrontChannelLogout,
    /// OpenID Connect Back-Channel Logout 1.0.
    BackChannelLogout,
    /// OpenID Connect Session Management 1.0.
    SessionManagement,
    /// Initiating User Registration via OpenID Connect 1.0.
    PromptCreate,
    /// OAuth 2.0 Form Post Response Mode.
    FormPost,
    /// OAuth 2.0 Multiple Response Type Encoding Practices.
    MultipleResponseTypes,
}

impl Rule {
    /// Section `section` of RFC `number`.
    pub const fn rfc(number: u16, section: &'static str) -> Self {
        Self { specification: Specification::Rfc(number), section }
    }

    /// Section `section` of a specification of the OpenID Foundation.
    pub const fn openid(specification: OpenId, section: &'static str) -> Self {
        Self { specification: Specification::OpenId(specification), section }
    }

    /// Section `section` of OpenID Connect Core.
    pub const fn oidc_core(section: &'static str) -> Self {
        Self::openid(OpenId::Core, section)
    }

    /// The published text of the rule (the `error_uri` of RFC 6749 §5.2).
    pub fn url(self) -> String {
        format!("{}{}", self.specification.sections(), self.section)
    }

    /// How the rule is named whose published text is at this address; none where it is not an address of [`url`](Self::url).
    pub fn name_at(url: &str) -> Option<String> {
        let specification = Specification::at(url)?;
        let section = url.strip_prefix(&specification.sections())?;
        let is_section = section.len() <= 16 && section.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
        is_section.then(|| format!("{specification} section {section}"))
    }
}

impl fmt::Display for Rule {
    /// In ASCII, because `error_description` admits nothing else (RFC 6749 §5.2).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} section {}", self.specification, self.section)
    }
}

/// Before the number of an RFC.
const RFCS: &str = "https://www.rfc-editor.org/rfc/rfc";

impl Specification {
    /// The specification whose published text is at this address.
    fn at(url: &str) -> Option<Self> {
        if let Some((number, _)) = url.strip_prefix(RFCS).and_then(|rest| rest.split_once('#')) {
            return number.parse().ok().map(Self::Rfc);
        }
        OpenId::ALL.into_iter().map(Self::OpenId).find(|specification| url.starts_with(&specification.sections()))
    }

    /// The address of its sections, before their number.
    fn sections(self) -> String {
        match self {
            Self::Rfc(number) => format!("{RFCS}{number}#section-"),
            Self::OpenId(openid) => format!("https://openid.net/specs/{}.html#rfc.section.", openid.row().1),
        }
    }
}

impl fmt::Display for Specification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rfc(number) => write!(f, "RFC {number}"),
            Self::OpenId(openid) => f.write_str(openid.row().0),
        }
    }
}

impl OpenId {
    const ALL: [Self; 10] = [
        Self::Core,
        Self::Discovery,
        Self::Registration,
        Self::RpInitiatedLogout,
        Self::FrontChannelLogout,
        Self::BackChannelLogout,
        Self::SessionManagement,
        Self::PromptCreate,
        Self::FormPost,
        Self::MultipleResponseTypes,
    ];

    /// What it is called, and the file with its text.
    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Core => ("OpenID Connect Core", "openid-connect-core-1_0"),
            Self::Discovery => ("OpenID Connect Discovery", "openid-connect-discovery-1_0"),
            Self::Registration => ("OpenID Connect Registration", "openid-connect-registration-1_0"),
            Self::RpInitiatedLogout => ("OpenID Connect RP-Initiated Logout", "openid-connect-rpinitiated-1_0"),
            Self::FrontChannelLogout => ("OpenID Connect Front-Channel Logout", "openid-connect-frontchannel-1_0"),
            Self::BackChannelLogout => ("OpenID Connect Back-Channel Logout", "openid-connect-backchannel-1_0"),
            Self::SessionManagement => ("OpenID Connect Session Management", "openid-connect-session-1_0"),
            Self::PromptCreate => ("Initiating User Registration", "openid-connect-prompt-create-1_0"),
            Self::FormPost => ("OAuth 2.0 Form Post Response Mode", "oauth-v2-form-post-response-mode-1_0"),
            Self::MultipleResponseTypes => {
                ("OAuth 2.0 Multiple Response Types", "oauth-v2-multiple-response-types-1_0")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_an_address() {
        let rule = Rule::rfc(6749, "4.1.3");
        assert_eq!(rule.url(), "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3");
        assert_eq!(rule.to_string(), "RFC 6749 section 4.1.3");
        let rule = Rule::oidc_core("5.5");
        assert_eq!(rule.url(), "https://openid.net/specs/openid-connect-core-1_0.html#rfc.section.5.5");
        assert_eq!(rule.to_string(), "OpenID Connect Core section 5.5");
    }

    #[test]
    fn a_rule_is_named_by_its_address() {
        let openid = OpenId::ALL.map(|specification| Rule::openid(specification, "2.1"));
        for rule in openid.into_iter().chain([Rule::rfc(6749, "4.1.3"), Rule::rfc(9068, "2")]) {
            assert_eq!(Rule::name_at(&rule.url()), Some(rule.to_string()));
            assert!(rule.to_string().is_ascii());
        }
        for other in [
            "",
            "javascript:alert(1)",
            "https://evil.example/rfc6749#section-1",
            "https://www.rfc-editor.org/rfc/rfc6749",
            "https://www.rfc-editor.org/rfc/rfc+6749#section-1",
            "https://www.rfc-editor.org/rfc/rfc06749#section-1",
            "https://www.rfc-editor.org/rfc/rfc6749#section-call 555",
            "https://openid.net/specs/openid-connect-core-1_0.html",
            "https://openid.net/specs/other-1_0.html#rfc.section.1",
        ] {
            assert_eq!(Rule::name_at(other), None, "{other}");
        }
    }
}

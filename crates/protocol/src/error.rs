//! OAuth errors as values: the registered code, what was wrong, and the rule it broke (RFC 6749 §4.1.2.1, §5.2).

pub use crate::rule::Rule;

/// The registered error codes that this server answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// RFC 6749 §4.1.2.1, §5.2.
    InvalidRequest,
    /// RFC 6749 §5.2.
    InvalidClient,
    /// RFC 6749 §5.2.
    InvalidGrant,
    /// RFC 6749 §4.1.2.1, §5.2.
    UnauthorizedClient,
    /// RFC 6749 §5.2.
    UnsupportedGrantType,
    /// RFC 6749 §4.1.2.1, §5.2.
    InvalidScope,
    /// RFC 6749 §4.1.2.1.
    AccessDenied,
    /// RFC 6749 §4.1.2.1.
    UnsupportedResponseType,
    /// RFC 6749 §4.1.2.1.
    ServerError,
    /// RFC 6749 §4.1.2.1.
    TemporarilyUnavailable,
    /// OpenID Connect Core §3.1.2.6.
    LoginRequired,
    /// OpenID Connect Core §3.1.2.6.
    InteractionRequired,
    /// OpenID Connect Core §3.1.2.6.
    AccountSelectionRequired,
    /// OpenID Connect Core §3.1.2.6.
    ConsentRequired,
    /// OpenID Connect Core §3.1.2.6.
    InvalidRequestUri,
    /// OpenID Connect Core §3.1.2.6.
    InvalidRequestObject,
    /// OpenID Connect Core §3.1.2.6.
    RequestNotSupported,
    /// OpenID Connect Core §3.1.2.6.
    RequestUriNotSupported,
    /// OpenID Connect Core §3.1.2.6.
    RegistrationNotSupported,
    /// OpenID Connect Core Error Code unmet_authentication_requirements §2.
    UnmetAuthenticationRequirements,
    /// RFC 6750 §3.1.
    InvalidToken,
    /// RFC 6750 §3.1.
    InsufficientScope,
    /// RFC 7591 §3.2.2.
    InvalidRedirectUri,
    /// RFC 7591 §3.2.2.
    InvalidClientMetadata,
    /// RFC 7591 §3.2.2.
    InvalidSoftwareStatement,
    /// RFC 7591 §3.2.2.
    UnapprovedSoftwareStatement,
}

impl ErrorCode {
    /// Every code.
    const ALL: [Self; 26] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::AccessDenied,
        Self::UnsupportedResponseType,
        Self::ServerError,
        Self::TemporarilyUnavailable,
        Self::LoginRequired,
        Self::InteractionRequired,
        Self::AccountSelectionRequired,
        Self::ConsentRequired,
        Self::InvalidRequestUri,
        Self::InvalidRequestObject,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::RegistrationNotSupported,
        Self::UnmetAuthenticationRequirements,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::InvalidRedirectUri,
        Self::InvalidClientMetadata,
        Self::InvalidSoftwareStatement,
        Self::UnapprovedSoftwareStatement,
    ];

    /// The code with this text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The code on the wire and the HTTP status of a direct (not redirected) answer: one table.
    const fn row(self) -> (&'static str, u16) {
        match self {
            Self::InvalidRequest => ("invalid_request", 400),
            Self::InvalidClient => ("invalid_client", 401),
            Self::InvalidGrant => ("invalid_grant", 400),
            Self::UnauthorizedClient => ("unauthorized_client", 400),
            Self::UnsupportedGrantType => ("unsupported_grant_type", 400),
            Self::InvalidScope => ("invalid_scope", 400),
            Self::AccessDenied => ("access_denied", 403),
            Self::UnsupportedResponseType => ("unsupported_response_type", 400),
            Self::ServerError => ("server_error", 500),
            Self::TemporarilyUnavailable => ("temporarily_unavailable", 503),
            Self::LoginRequired => ("login_required", 400),
            Self::InteractionRequired => ("interaction_required", 400),
            Self::AccountSelectionRequired => ("account_selection_required", 400),
            Self::ConsentRequired => ("consent_required", 400),
            Self::InvalidRequestUri => ("invalid_request_uri", 400),
            Self::InvalidRequestObject => ("invalid_request_object", 400),
            Self::RequestNotSupported => ("request_not_supported", 400),
            Self::RequestUriNotSupported => ("request_uri_not_supported", 400),
            Self::RegistrationNotSupported => ("registration_not_supported", 400),
            Self::UnmetAuthenticationRequirements => ("unmet_authentication_requirements", 400),
            Self::InvalidToken => ("invalid_token", 401),
            Self::InsufficientScope => ("insufficient_scope", 403),
            Self::InvalidRedirectUri => ("invalid_redirect_uri", 400),
            Self::InvalidClientMetadata => ("invalid_client_metadata", 400),
            Self::InvalidSoftwareStatement => ("invalid_software_statement", 400),
            Self::UnapprovedSoftwareStatement => ("unapproved_software_statement", 400),
        }
    }

    /// The registered code.
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status of a direct answer.
    pub const fn status(self) -> u16 {
        self.row().1
    }
}

/// A refusal in the protocol's own terms. The description speaks to the developer of the app and
/// is a fixed text, so nothing that was presented can leak into an answer or a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// The registered code.
    pub code: ErrorCode,
    /// What was wrong and what to do about it.
    pub description: &'static str,
    /// The rule that was broken.
    pub rule: Rule,
}

impl OAuthError {
    /// A refusal with `code`, because `rule` was broken as `description` says.
    pub const fn new(code: ErrorCode, rule: Rule, description: &'static str) -> Self {
        Self { code, description, rule }
    }

    /// The `error_description` on the wire: the text and its rule.
    pub fn wire_description(&self) -> String {
        // RFC 6749 §4.1.2.1, §5.2: neither a quotation mark nor a backslash.
        format!("{} ({})", self.description.replace('"', "'"), self.rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_2_no_quotation_mark_is_on_the_wire() {
        let error = OAuthError::new(ErrorCode::InvalidRequest, Rule::rfc(6749, "5.2"), "such as {\"a\":1}");
        assert_eq!(error.wire_description(), "such as {'a':1} (RFC 6749 section 5.2)");
    }
}

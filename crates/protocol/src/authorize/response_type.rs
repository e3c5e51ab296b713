//! RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Types §2–§5, Form Post Response Mode §2: what the client wants back, and how.

use crate::types::GrantType;
use serde::{Deserialize, Serialize};

/// What the client wants back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum ResponseType {
    /// An authorization code.
    Code,
    /// An access token, by the implicit grant.
    Token,
    /// An ID Token.
    IdToken,
    /// An ID Token and an access token.
    IdTokenToken,
    /// A code and an ID Token.
    CodeIdToken,
    /// A code and an access token.
    CodeToken,
    /// A code, an ID Token and an access token.
    CodeIdTokenToken,
    /// Nothing but the news that the person agreed.
    None,
}

impl ResponseType {
    /// Every response type, in the order metadata lists them.
    pub const ALL: [Self; 8] = [
        Self::Code,
        Self::IdToken,
        Self::IdTokenToken,
        Self::CodeIdToken,
        Self::CodeToken,
        Self::CodeIdTokenToken,
        Self::Token,
        Self::None,
    ];

    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
            Self::None => "none",
        }
    }

    /// The response type with this wire value. RFC 6749 §3.1.1: the order of its words does not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let words = sorted(text);
        Self::ALL.into_iter().find(|known| sorted(known.as_str()) == words)
    }

    /// Whether a code is part of it.
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Code | Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Whether an access token is part of it.
    pub const fn has_token(self) -> bool {
        matches!(self, Self::Token | Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Whether an ID Token is part of it.
    pub const fn has_id_token(self) -> bool {
        matches!(self, Self::IdToken | Self::IdTokenToken | Self::CodeIdToken | Self::CodeIdTokenToken)
    }

    /// The grant types that it takes (OpenID Connect Registration §2).
    pub const fn grant_types(self) -> &'static [GrantType] {
        match (self.has_code(), self.has_token() || self.has_id_token()) {
            (true, true) => &[GrantType::AuthorizationCode, GrantType::Implicit],
            (false, true) => &[GrantType::Implicit],
            (_, false) => &[GrantType::AuthorizationCode],
        }
    }

    /// How its answer travels where the request does not say.
    pub const fn usual_mode(self) -> ResponseMode {
        // Multiple Response Types §3, §5: what must not end up in a server's log travels in the fragment.
        if self.has_token() || self.has_id_token() { ResponseMode::Fragment } else { ResponseMode::Query }
    }
}

impl TryFrom<String> for ResponseType {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("this response type is not supported")
    }
}

impl From<ResponseType> for &'static str {
    fn from(response_type: ResponseType) -> Self {
        response_type.as_str()
    }
}

/// How an answer travels to the redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query (Multiple Response Types §2.1).
    Query,
    /// In the fragment (Multiple Response Types §2.1).
    Fragment,
    /// In the body of a form that the browser posts (Form Post Response Mode §2).
    FormPost,
}

impl ResponseMode {
    /// Every mode, in the order metadata lists them.
    pub const ALL: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    /// The mode with this wire value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6749_s3_1_1_the_order_of_the_words_does_not_matter() {
        assert_eq!(ResponseType::parse("token code id_token"), Some(ResponseType::CodeIdTokenToken));
        assert_eq!(ResponseType::parse("id_token code"), Some(ResponseType::CodeIdToken));
        for bad in ["", " code", "code  token", "code code", "none code", "Code", "id_token none"] {
            assert_eq!(ResponseType::parse(bad), None, "{bad:?}");
        }
        for known in ResponseType::ALL {
            assert_eq!(ResponseType::parse(known.as_str()), Some(known));
        }
    }
}

//! RFC 6749 §4.1.2, §4.2.2, OpenID Connect Core §3.1.2.5, §3.2.2.5, §3.3.2.5 and RFC 9207: the answer, and how it travels.

use super::response_type::ResponseMode;
use crate::error::OAuthError;

/// A place that an answer may be sent to: the redirect URI of a known client, matched exactly.
///
/// Its fields are private and only [`super::validate`] makes one, so an open redirect cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectTarget {
    uri: String,
    mode: ResponseMode,
    state: Option<String>,
    issuer: String,
}

/// What the authorization endpoint issued, in the order in which it is answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Issued<'a> {
    /// An authorization code.
    pub code: Option<&'a str>,
    /// An access token, its lifetime in seconds, and what it allows.
    pub access_token: Option<(&'a str, i64, &'a str)>,
    /// An ID Token.
    pub id_token: Option<&'a str>,
    /// What a page of the client can ask for changes of (Session Management §2).
    pub session_state: Option<&'a str>,
}

/// An answer on its way to the redirect URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The browser goes to this address.
    Redirect(String),
    /// The browser posts these fields to this address (Form Post Response Mode §2).
    FormPost {
        /// The redirect URI.
        action: String,
        /// Names and values.
        fields: Vec<(String, String)>,
    },
}

impl RedirectTarget {
    pub(super) fn new(uri: String, mode: ResponseMode, state: Option<&str>, issuer: &str) -> Self {
        Self { uri, mode, state: state.map(str::to_owned), issuer: issuer.to_owned() }
    }

    /// The redirect URI without an answer, for the page that asks for consent to show.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The client's own value, given back in every answer.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The answer to a request that was granted.
    pub fn with(&self, issued: &Issued<'_>) -> Answer {
        let mut fields = Vec::new();
        let mut add = |name, value: &str| fields.push((name, value.to_owned()));
        // RFC 6749 §4.1.2.
        if let Some(code) = issued.code {
            add("code", code);
        }
        // RFC 6749 §4.2.2.
        if let Some((access_token, expires_in, scope)) = issued.access_token {
            add("access_token", access_token);
            add("token_type", "Bearer");
            add("expires_in", &expires_in.to_string());
            if !scope.is_empty() {
                add("scope", scope);
            }
        }
        // OpenID Connect Core §3.2.2.5.
        if let Some(id_token) = issued.id_token {
            add("id_token", id_token);
        }
        if let Some(session_state) = issued.session_state {
            add("session_state", session_state);
        }
        self.answer(fields)
    }

    /// The answer to a request that was refused (RFC 6749 §4.1.2.1, §4.2.2.1).
    pub fn with_error(&self, error: &OAuthError) -> Answer {
        let code = error.code.as_str().to_owned();
        self.answer(vec![
            ("error", code),
            ("error_description", error.wire_description()),
            ("error_uri", error.rule.url()),
        ])
    }

    fn answer(&self, mut fields: Vec<(&str, String)>) -> Answer {
        if let Some(state) = &self.state {
            fields.push(("state", state.clone()));
        }
        // RFC 9207 §2: iss in every response, so that a client of several servers knows who answered.
        fields.push(("iss", self.issuer.clone()));
        // RFC 6749 §3.1.2: a query that the URI already has is kept.
        let separator = match (self.mode, self.uri.contains('?')) {
            (ResponseMode::FormPost, _) => {
                let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                return Answer::FormPost { action: self.uri.clone(), fields };
            }
            (ResponseMode::Fragment, _) => '#',
            (ResponseMode::Query, false) => '?',
            (ResponseMode::Query, true) => '&',
        };
        let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Answer::Redirect(format!("{}{separator}{encoded}", self.uri))
    }
}

//! RFC 6749 §4.1.2, §4.2.2 and RFC 9207: the answer in the redirect URI.

use crate::error::OAuthError;

/// A place that an answer may be sent to: the redirect URI of a known client, matched exactly.
///
/// Its fields are private and only [`super::validate`] makes one, so an open redirect cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectTarget {
    uri: String,
    in_fragment: bool,
    state: Option<String>,
    issuer: String,
}

impl RedirectTarget {
    pub(super) fn new(uri: String, in_fragment: bool, state: Option<&str>, issuer: &str) -> Self {
        Self { uri, in_fragment, state: state.map(str::to_owned), issuer: issuer.to_owned() }
    }

    /// The redirect URI without an answer, for the page that asks for consent to show.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Where to send the browser with an authorization code (RFC 6749 §4.1.2).
    pub fn with_code(&self, code: &str) -> String {
        self.with(&[("code", code)])
    }

    /// Where to send the browser with an access token (RFC 6749 §4.2.2).
    pub fn with_token(&self, token: &str, expires_in: i64, scope: &str) -> String {
        let expires_in = expires_in.to_string();
        let mut answer = vec![("access_token", token), ("token_type", "Bearer"), ("expires_in", expires_in.as_str())];
        if !scope.is_empty() {
            answer.push(("scope", scope));
        }
        self.with(&answer)
    }

    /// Where to send the browser with an error (RFC 6749 §4.1.2.1, §4.2.2.1).
    pub fn with_error(&self, error: &OAuthError) -> String {
        let (description, uri) = (error.wire_description(), error.rule.url());
        self.with(&[("error", error.code.as_str()), ("error_description", &description), ("error_uri", &uri)])
    }

    fn with(&self, answer: &[(&str, &str)]) -> String {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(answer);
        if let Some(state) = &self.state {
            encoded.append_pair("state", state);
        }
        // RFC 9207 §2: iss in every response, so that a client of several servers knows who answered.
        encoded.append_pair("iss", &self.issuer);
        let encoded = encoded.finish();
        // RFC 6749 §3.1.2: a query that the URI already has is kept.
        let separator = match (self.in_fragment, self.uri.contains('?')) {
            (true, _) => '#',
            (false, false) => '?',
            (false, true) => '&',
        };
        format!("{}{separator}{encoded}", self.uri)
    }
}

//! RFC 6749 §3.1, §3.2 and appendix B: the parameters of a request, read once and strictly.

use crate::error::{ErrorCode, OAuthError, Rule};
use std::collections::BTreeMap;
use std::fmt;

const RULE: Rule = Rule::rfc(6749, "3.1");

/// Most parameters that one request may carry.
const MOST: usize = 64;

/// The parameters of one request. Values are secrets until a rule says otherwise, so they are never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads an `application/x-www-form-urlencoded` body or a query component.
    pub fn parse(encoded: &[u8]) -> Result<Self, OAuthError> {
        let mut params = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            // RFC 6749 appendix B: values are UTF-8; a decoder's replacement character marks what was not.
            if [&name, &value].iter().any(|text| text.contains(['\0', '\u{FFFD}'])) {
                return Err(refuse("a parameter is not percent-encoded UTF-8, or contains a NUL character"));
            }
            if is_array_style(&name) {
                return Err(refuse(
                    "a parameter is written as an array (name[]); parameters are plain names with one value",
                ));
            }
            // RFC 6749 §3.1: parameters sent without a value are treated as if they were omitted.
            // RFC 6749 §3.1: parameters must not be included more than once.
            if params.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(refuse("a parameter is included more than once"));
            }
            if params.len() > MOST {
                return Err(refuse("the request has more than 64 parameters"));
            }
        }
        params.retain(|_, value| !value.is_empty());
        Ok(Self(params))
    }

    /// The value of a parameter that was sent with one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a parameter that the rule `rule` requires.
    pub fn require(&self, name: &str, rule: Rule, missing: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or(OAuthError::new(ErrorCode::InvalidRequest, rule, missing))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn refuse(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, RULE, description)
}

/// `scope[]=a`, `code[0]=x`: some frameworks would take these for the parameter; other unknown names are ignored.
fn is_array_style(name: &str) -> bool {
    const KNOWN: [&str; 16] = [
        "client_id",
        "client_secret",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "grant_type",
        "password",
        "redirect_uri",
        "refresh_token",
        "response_type",
        "scope",
        "state",
        "token",
        "token_type_hint",
        "username",
    ];
    name.split_once('[').is_some_and(|(base, _)| KNOWN.contains(&base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn s3_1_a_parameter_stands_once() {
        for bad in ["a=1&a=2", "a=1&a=", "scope[]=x", "code[0]=x", "a=%ff", "a=%00", "%00=a"] {
            assert_eq!(Params::parse(bad.as_bytes()).map_err(|e| e.code), Err(ErrorCode::InvalidRequest), "{bad}");
        }
    }

    #[test]
    fn s3_1_without_a_value_is_omitted_and_unknown_is_ignored() {
        let params = Params::parse(b"scope=&x[]=1&state=a+b%2B").unwrap();
        assert_eq!(params.get("scope"), None);
        assert_eq!(params.get("state"), Some("a b+"));
    }

    #[test]
    fn values_are_never_printed() {
        let params = Params::parse(b"password=hunter2").unwrap();
        assert_eq!(format!("{params:?}"), r#"{"password"}"#);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(params) = Params::parse(&bytes) {
                prop_assert!(params.0.len() <= MOST);
            }
        }
    }
}

//! RFC 6749 §3.1, §3.2 and appendix B: the parameters of a request, read once and strictly.

use crate::error::{ErrorCode, OAuthError, Rule};
use percent_encoding::percent_decode;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

const RULE: Rule = Rule::rfc(6749, "3.2");

/// Most parameters that one request may carry.
const MOST: usize = 64;

/// The parameters of one request. Values are secrets until a rule says otherwise, so they are never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    values: BTreeMap<String, String>,
    /// Parameters of ours that stand there more than once; they have no value.
    repeated: BTreeSet<String>,
}

impl Params {
    /// Reads an `application/x-www-form-urlencoded` body: what is repeated is refused.
    pub fn parse(encoded: &[u8]) -> Result<Self, OAuthError> {
        let params = Self::parse_telling(encoded)?;
        params.check_repeated().map(|()| params)
    }

    /// Reads the parameters of an authorization request: of what is repeated there, the client may have to be told by redirect.
    pub fn parse_telling(encoded: &[u8]) -> Result<Self, OAuthError> {
        let mut params = Self::default();
        let pairs = encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        for (position, pair) in pairs.enumerate() {
            if position >= MOST {
                return Err(refuse("the request has more than 64 parameters"));
            }
            let (name, value) = pair.split_at(pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len()));
            let name = form_decode(name).ok_or(NO_TEXT)?;
            let value = form_decode(value.get(1..).unwrap_or_default()).ok_or(NO_TEXT)?;
            if is_array(&name) {
                return Err(refuse(
                    "a parameter is written as an array (name[]); parameters are plain names with one value",
                ));
            }
            // RFC 6749 §3.1, §3.2: parameters sent without a value are treated as if they were omitted.
            if !value.is_empty() {
                params.insert(name, value);
            }
        }
        Ok(params)
    }

    /// Gives a parameter this value, whatever it had before.
    pub(crate) fn put(&mut self, name: &str, value: &str) -> Result<(), OAuthError> {
        if value.contains('\0') {
            return Err(NO_TEXT);
        }
        self.values.remove(name);
        if !value.is_empty() {
            self.values.insert(name.to_owned(), value.to_owned());
        }
        Ok(())
    }

    /// The parameters that have a value, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn insert(&mut self, name: String, value: String) {
        // RFC 6749 §3.1, §3.2: unrecognized parameters are ignored, repeated or not.
        if self.repeated.contains(&name) {
            return;
        }
        if self.values.contains_key(&name) && KNOWN.contains(&name.as_str()) {
            self.values.remove(&name);
            self.repeated.insert(name);
            return;
        }
        self.values.insert(name, value);
    }

    /// RFC 6749 §3.1, §3.2: parameters must not be included more than once.
    pub fn check_repeated(&self) -> Result<(), OAuthError> {
        if self.repeated.is_empty() { Ok(()) } else { Err(refuse("a parameter is included more than once")) }
    }

    /// Whether this parameter stands there more than once.
    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.contains(name)
    }

    /// The value of a parameter that was sent with one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of a parameter that the rule `rule` requires.
    pub fn require(&self, name: &str, rule: Rule, missing: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or(OAuthError::new(ErrorCode::InvalidRequest, rule, missing))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// Whether a parameter of ours is written as an array.
fn is_array(name: &str) -> bool {
    name.as_bytes().contains(&b'[') && name.split('[').next().is_some_and(is_known)
}

/// RFC 6749 appendix B: a name or a value, or a part of Basic credentials. None: it is no UTF-8, or contains a NUL, which one of
/// the databases cannot store.
pub(crate) fn form_decode(encoded: &[u8]) -> Option<String> {
    let mut decoded: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    if decoded.contains(&b'%') {
        decoded = percent_decode(&decoded).collect();
    }
    let text = String::from_utf8(decoded).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// Whether a rule here reads a parameter with this name.
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

const NO_TEXT: OAuthError = refuse("a parameter is not percent-encoded UTF-8, or contains a NUL character");

const fn refuse(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, RULE, description)
}

/// The parameters that a rule here reads. As `scope[]=a` or `code[0]=x` some frameworks would take them for arrays.
const KNOWN: [&str; 35] = [
    "access_token",
    "acr_values",
    "claims",
    "claims_locales",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "display",
    "grant_type",
    "id_token_hint",
    "login_hint",
    "logout_hint",
    "max_age",
    "nonce",
    "password",
    "post_logout_redirect_uri",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "registration",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "token",
    "token_type_hint",
    "ui_locales",
    "username",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn s3_1_a_parameter_stands_once() {
        for bad in ["scope=1&scope=2", "scope=1&scope=1&scope=1", "scope[]=x", "code[0]=x", "a=%ff", "a=%00", "%00=a"] {
            assert_eq!(Params::parse(bad.as_bytes()).map_err(|e| e.code), Err(ErrorCode::InvalidRequest), "{bad}");
        }
    }

    #[test]
    fn s3_1_without_a_value_is_omitted_and_unknown_is_ignored() {
        let params = Params::parse(b"scope=&scope=&&scope&x[]=1&resource=a&resource=b&state=&state=a+b%2B").unwrap();
        assert_eq!(params.get("scope"), None);
        assert_eq!(params.get("state"), Some("a b+"));
    }

    #[test]
    fn appendix_b_values_are_percent_encoded_utf_8() {
        let params = Params::parse("state=%C3%A4%2b=%3D%&%63ode=1%zz&nonce=ä&login_hint=%EF%BF%BD".as_bytes()).unwrap();
        let values = ["state", "code", "nonce", "login_hint"].map(|name| params.get(name));
        assert_eq!(values, [Some("ä+==%"), Some("1%zz"), Some("ä"), Some("\u{FFFD}")]);
    }

    #[test]
    fn s4_1_2_1_what_is_repeated_can_be_told_and_has_no_value() {
        let params = Params::parse_telling(b"state=a&state=b&client_id=c").unwrap();
        assert!(params.is_repeated("state") && !params.is_repeated("client_id"));
        assert_eq!((params.get("state"), params.get("client_id")), (None, Some("c")));
        assert!(params.check_repeated().is_err());
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
                prop_assert!(params.values.len() <= MOST);
            }
        }
    }
}

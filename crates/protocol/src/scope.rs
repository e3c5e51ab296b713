//! RFC 6749 §3.3: scope, a set of case-sensitive names in a space-separated list.

use crate::error::{ErrorCode, OAuthError, Rule};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

const RULE: Rule = Rule::rfc(6749, "3.3");

/// A set of scope names. Order has no meaning (RFC 6749 §3.3), so the list is kept as it is written: sorted, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Scope(String);

impl Scope {
    /// Reads a space-separated list. The empty text is the empty set.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        // RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), one space between two.
        if !text.is_empty() && !text.split(' ').all(is_scope_token) {
            return Err(OAuthError::new(
                ErrorCode::InvalidScope,
                RULE,
                "scope must be names of printable ASCII without quotes or backslashes, separated by single spaces",
            ));
        }
        if text.split(' ').is_sorted_by(|one, next| one < next) {
            return Ok(Self(text.to_owned()));
        }
        Ok(text.split(' ').collect())
    }

    /// Whether no name is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The space-separated list.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_ascii_whitespace()
    }

    /// Whether `name` is in the set.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|own| own == name)
    }

    /// Whether every name of this set is in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.iter().all(|name| other.contains(name))
    }

    /// The names that `keep` says yes to.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        let mut kept = String::with_capacity(self.0.len());
        for name in self.iter().filter(|name| keep(name)) {
            if !kept.is_empty() {
                kept.push(' ');
            }
            kept.push_str(name);
        }
        Self(kept)
    }

    /// The names that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.filter(|name| other.contains(name))
    }

    /// The names but this one.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        self.filter(|own| own != name)
    }

    /// The names that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.filter(|name| !other.contains(name))
    }

    /// The names that are in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Scope {
    /// Collects names that are known to be scope tokens.
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let names: Vec<S> = names.into_iter().collect();
        let mut names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        names.sort_unstable();
        names.dedup();
        Self(names.join(" "))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Scope {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).map_err(|error| error.description)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Whether `text` is a `scope-token` of RFC 6749 §3.3.
pub fn is_scope_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedScope {
    /// `scope=*`, or no scope at all: everything the app may have. The answer names what was granted.
    Everything,
    /// These names.
    Names(Scope),
}

impl RequestedScope {
    /// Reads the `scope` parameter.
    pub fn parse(parameter: Option<&str>) -> Result<Self, OAuthError> {
        match parameter {
            // RFC 6749 §3.3: an omitted scope is processed with a pre-defined default value, here all of the app's.
            None | Some("*") => Ok(Self::Everything),
            Some(text) => Scope::parse(text).map(Self::Names),
        }
    }

    /// The requested names if each of them is in `allowed`.
    pub fn within(self, allowed: &Scope) -> Result<Scope, OAuthError> {
        match self {
            Self::Everything => Ok(allowed.clone()),
            Self::Names(names) if names.is_within(allowed) => Ok(names),
            // RFC 6749 §5.2: invalid_scope when the scope exceeds what the app or the grant may have.
            Self::Names(_) => Err(OAuthError::new(
                ErrorCode::InvalidScope,
                RULE,
                "a requested scope is unknown or more than this app may have; ask for less, or for * to get everything it may have",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_3_the_grammar_is_strict() {
        for good in ["a", "a b", "read:all write", "!#[]~"] {
            assert!(Scope::parse(good).is_ok(), "{good}");
        }
        for bad in [" ", "a  b", " a", "a ", "a\tb", "a\"b", "a\\b", "é"] {
            assert!(Scope::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn s3_3_order_and_repetition_have_no_meaning() {
        assert_eq!(Scope::parse("b a b"), Scope::parse("a b"));
        assert_eq!(Scope::parse("a a"), Scope::parse("a"));
        assert_eq!(Scope::parse("b a").map(|s| s.to_string()), Ok("a b".to_owned()));
        assert_eq!(["b", "a", "b"].into_iter().collect::<Scope>().as_str(), "a b");
    }

    #[test]
    fn sets_are_compared_name_by_name() {
        let set = |text| Scope::parse(text).unwrap();
        let (some, other) = (set("a ab c"), set("a b c"));
        assert_eq!(some.intersection(&other), set("a c"));
        assert_eq!(some.difference(&other), set("ab"));
        assert_eq!(some.union(&other), set("a ab b c"));
        assert_eq!(some.without("a"), set("ab c"));
        assert!(set("a c").is_within(&some) && !other.is_within(&some) && set("").is_within(&some));
        assert!(!some.contains("") && !some.contains("a ab") && set("").iter().next().is_none());
    }

    #[test]
    fn a_star_means_everything_and_names_must_be_allowed() {
        let allowed: Scope = ["read", "write"].into_iter().collect();
        let ask = |text| RequestedScope::parse(text).and_then(|asked| asked.within(&allowed));
        assert_eq!(ask(None), Ok(allowed.clone()));
        assert_eq!(ask(Some("*")), Ok(allowed.clone()));
        assert_eq!(ask(Some("read")), Ok(["read"].into_iter().collect()));
        assert_eq!(ask(Some("read admin")).map_err(|e| e.code), Err(ErrorCode::InvalidScope));
    }
}

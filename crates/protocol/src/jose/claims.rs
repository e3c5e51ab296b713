//! RFC 7519 §4.1: the registered claims of a JWT, read strictly: a claim of another type than its own is no claim.

use crate::types::Timestamp;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Number, Value};
use std::fmt;

/// What integers every JSON library represents alike (RFC 8259 §6); in seconds, 285 million years.
const LARGEST: f64 = 9_007_199_254_740_991.0;

/// The claims of a JWT. They are read, not judged: whether it is expired or meant for us, its reader asks.
#[derive(Clone, Deserialize)]
pub struct Claims {
    /// RFC 7519 §4.1.1: who issued it.
    #[serde(default, deserialize_with = "present")]
    pub iss: Option<String>,
    /// RFC 7519 §4.1.2: whom it is about.
    #[serde(default, deserialize_with = "present")]
    pub sub: Option<String>,
    /// RFC 7519 §4.1.3: whom it is meant for.
    #[serde(default, deserialize_with = "present")]
    pub aud: Option<Audience>,
    /// RFC 7519 §4.1.4: it is over from then on.
    #[serde(default, deserialize_with = "numeric_date")]
    pub exp: Option<Timestamp>,
    /// RFC 7519 §4.1.5: it is good from then on.
    #[serde(default, deserialize_with = "numeric_date")]
    pub nbf: Option<Timestamp>,
    /// RFC 7519 §4.1.6: when it was issued.
    #[serde(default, deserialize_with = "numeric_date")]
    pub iat: Option<Timestamp>,
    /// RFC 7519 §4.1.7: its own name.
    #[serde(default, deserialize_with = "present")]
    pub jti: Option<String>,
    /// RFC 7519 §4.2, §4.3: all others.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// RFC 7519 §4.1.3: one text is not the same as an array with one text: client assertions need the former.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One text.
    One(String),
    /// An array of texts.
    Many(Vec<String>),
}

impl Claims {
    /// Reads a payload; `None` if it is not a JSON object, or a registered claim is not of its type.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }
}

/// Claims say things about people, and a request object is a request: neither is for logs.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(***)")
    }
}

impl Audience {
    /// Whether it is this audience alone, as one text.
    pub fn is(&self, audience: &str) -> bool {
        matches!(self, Self::One(one) if one == audience)
    }

    /// Whether it has this audience, alone or among others.
    pub fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// A claim that is there has its type; `null` is not a way to leave it out.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(claim: D) -> Result<Option<T>, D::Error> {
    T::deserialize(claim).map(Some)
}

/// RFC 7519 §2 `NumericDate`: a number of seconds, which may have a fraction. Fractions are cut off.
fn numeric_date<'de, D: Deserializer<'de>>(claim: D) -> Result<Option<Timestamp>, D::Error> {
    let number = Number::deserialize(claim)?;
    let seconds = number.as_f64().filter(|seconds| seconds.abs() <= LARGEST);
    let seconds = seconds.ok_or_else(|| de::Error::custom("not a moment"))?;
    Ok(Some(Timestamp::from_unix(seconds.floor() as i64)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(claims: &Value) -> Option<Claims> {
        Claims::parse(claims.to_string().as_bytes())
    }

    #[test]
    fn rfc7519_s2_a_date_is_a_number_of_seconds() {
        let at = |json: &str| {
            let claims = ["exp", "nbf", "iat"].map(|name| Claims::parse(format!("{{\"{name}\":{json}}}").as_bytes()));
            let [Some(exp), Some(nbf), Some(iat)] = claims else { return None };
            assert_eq!((exp.exp, exp.nbf), (nbf.nbf, nbf.exp));
            assert_eq!(exp.exp, iat.iat);
            exp.exp.map(Timestamp::as_unix)
        };
        for (json, seconds) in [
            ("1800000000", 1_800_000_000),
            ("1800000000.9", 1_800_000_000),
            ("1.8e9", 1_800_000_000),
            ("0", 0),
            ("-1", -1),
            ("-1.5", -2),
            ("9007199254740991", 9_007_199_254_740_991),
        ] {
            assert_eq!(at(json), Some(seconds), "{json}");
        }
        for json in [
            "\"1800000000\"",
            "null",
            "true",
            "[1800000000]",
            "{}",
            "1e17",
            "-1e17",
            "18446744073709551615",
            "1e999",
            "NaN",
        ] {
            assert_eq!(at(json), None, "{json}");
        }
    }

    #[test]
    fn rfc7519_s4_1_3_one_audience_is_not_an_array_of_one() {
        let audience = |aud: Value| claims(&json!({ "aud": aud })).map(|claims| claims.aud.unwrap());
        let one = audience(json!("us")).unwrap();
        assert!(one.is("us") && one.contains("us") && !one.is("them") && !one.contains("u"));
        let many = audience(json!(["us", "them"])).unwrap();
        assert!(!many.is("us") && many.contains("us") && many.contains("them") && !many.contains("others"));
        assert!(!audience(json!(["us"])).unwrap().is("us"));
        assert!(!audience(json!([])).unwrap().contains("us"));
        for aud in [json!(1), json!(null), json!(["us", 1]), json!({ "us": 1 }), json!([["us"]])] {
            assert_eq!(audience(aud.clone()), None, "{aud}");
        }
    }

    #[test]
    fn rfc7519_s4_1_texts_are_texts_and_others_are_kept() {
        let read = claims(&json!({ "iss": "a", "sub": "b", "jti": "c", "scope": "read", "max_age": 5 })).unwrap();
        assert_eq!((read.iss.as_deref(), read.sub.as_deref(), read.jti.as_deref()), (Some("a"), Some("b"), Some("c")));
        assert_eq!(Value::from(read.other), json!({ "scope": "read", "max_age": 5 }));
        assert_eq!((read.aud, read.exp, read.nbf, read.iat), (None, None, None, None));
        for name in ["iss", "sub", "jti"] {
            for value in [json!(1), json!(null), json!(["a"]), json!({})] {
                assert!(claims(&json!({ name: value })).is_none(), "{name} {value}");
            }
        }
    }

    #[test]
    fn rfc7519_s4_a_registered_claim_stands_once_in_an_object() {
        for json in ["{\"iss\":\"a\",\"iss\":\"b\"}", "[]", "\"a\"", "", "{} {}", "{\"iss\":\"\\ud800\"}"] {
            assert!(Claims::parse(json.as_bytes()).is_none(), "{json}");
        }
        assert!(Claims::parse(&[&b"{\"a\":"[..], &[b'['; 200], &[b']'; 200], b"}"].concat()).is_none());
    }
}

//! OpenID Connect Core §5.1: the standard claims about a person, each with its type.

use crate::operator::{OperatorError, check};
use serde_json::{Map, Value};

/// Standard claims that are text.
const TEXTS: [&str; 14] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
];
/// Longest value, in bytes.
const LONGEST: usize = 2_000;

/// Claims as they rest; what cannot be read counts as none.
pub(super) fn read(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Claims as they rest.
pub(super) fn write(claims: &Map<String, Value>) -> String {
    Value::Object(claims.clone()).to_string()
}

/// The claims with these changed; an empty value takes one away.
pub(super) fn change(
    mut claims: Map<String, Value>,
    changes: &[(String, String)],
) -> Result<Map<String, Value>, OperatorError> {
    for (name, text) in changes {
        if text.is_empty() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value(name, text)?);
        }
    }
    Ok(claims)
}

fn value(name: &str, text: &str) -> Result<Value, OperatorError> {
    let wrong = |accepted: &str| OperatorError::refused(format!("claim `{name}` is {accepted}"));
    if text.len() > LONGEST {
        return Err(wrong("too long"));
    }
    match name {
        "email_verified" | "phone_number_verified" => text.parse().map(Value::Bool).map_err(|_| wrong("true or false")),
        "updated_at" => {
            text.parse::<i64>().map(Value::from).map_err(|_| wrong("a moment in seconds since 1970-01-01T00:00:00Z"))
        }
        "address" => {
            let object = serde_json::from_str::<Map<String, Value>>(text);
            object.map(Value::Object).map_err(|_| wrong("a JSON object, such as {\"formatted\": \"…\"}"))
        }
        "phone_number" => Ok(Value::from(text)),
        _ if TEXTS.contains(&name) => Ok(Value::from(text)),
        _ => {
            let others = ["email_verified", "phone_number", "phone_number_verified", "updated_at", "address"];
            let known = check::listed(TEXTS.into_iter().chain(others));
            Err(OperatorError::refused(format!("`{name}` is not a standard claim; those are {known}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(changes: &[(&str, &str)]) -> Result<String, String> {
        let changes: Vec<_> = changes.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        change(read(r#"{"email":"old@example.com"}"#), &changes).map(|claims| write(&claims)).map_err(|e| e.message)
    }

    #[test]
    fn s5_1_claims_have_their_types() {
        assert_eq!(changed(&[("email", "")]), Ok("{}".to_owned()));
        assert_eq!(changed(&[("email", ""), ("email_verified", "true")]), Ok(r#"{"email_verified":true}"#.to_owned()));
        assert_eq!(changed(&[("email", ""), ("updated_at", "7")]), Ok(r#"{"updated_at":7}"#.to_owned()));
        assert_eq!(changed(&[("email", ""), ("nickname", "42")]), Ok(r#"{"nickname":"42"}"#.to_owned()));
        for bad in
            [("email_verified", "yes"), ("updated_at", "now"), ("address", "Main St"), ("sub", "x"), ("iss", "x")]
        {
            assert!(changed(&[bad]).is_err(), "{bad:?}");
        }
    }
}

//! The standard claims of a user, as operators change them.

use crate::operator::{OperatorError, check};
use grantry_protocol::Timestamp;
use grantry_protocol::claims::{Claims, STANDARD, find};

/// The claims with these changed; an empty value takes one away. Changing them is an update, unless the changes say when that was.
pub(super) fn change(
    mut claims: Claims,
    changes: &[(String, String)],
    now: Option<Timestamp>,
) -> Result<Claims, OperatorError> {
    if let Some(now) = now.filter(|_| !changes.is_empty()) {
        claims.insert("updated_at".to_owned(), now.as_unix().into());
    }
    for (name, text) in changes {
        let claim = find(name).ok_or_else(|| unknown(name))?;
        if text.is_empty() {
            claims.remove(name);
        } else {
            let wrong = |accepted| OperatorError::refused(format!("claim `{name}` is {accepted}"));
            claims.insert(name.clone(), claim.kind.read(text).map_err(wrong)?);
        }
    }
    Ok(claims)
}

fn unknown(name: &str) -> OperatorError {
    let known = check::listed(STANDARD.iter().map(|claim| claim.name));
    OperatorError::refused(format!("`{name}` is not a standard claim; those are {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantry_protocol::claims::{read, write};

    fn changed(changes: &[(&str, &str)]) -> Result<String, String> {
        let changes: Vec<_> = changes.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        let now = Some(Timestamp::from_unix(60));
        change(read(r#"{"email":"old@example.com"}"#), &changes, now).map(write).map_err(|e| e.message)
    }

    #[test]
    fn s5_1_claims_have_their_types() {
        assert_eq!(changed(&[]), Ok(r#"{"email":"old@example.com"}"#.to_owned()));
        assert_eq!(changed(&[("email", "")]), Ok(r#"{"updated_at":60}"#.to_owned()));
        let verified = [("email_verified", "true"), ("updated_at", "7"), ("email", "")];
        assert_eq!(changed(&verified), Ok(r#"{"email_verified":true,"updated_at":7}"#.to_owned()));
        let japanese = [("email", ""), ("updated_at", ""), ("name#ja", "ボブ")];
        assert_eq!(changed(&japanese), Ok(r#"{"name#ja":"ボブ"}"#.to_owned()));
        for (name, text, said) in [
            ("email_verified", "yes", "is true or false"),
            ("picture", "javascript:alert(1)", "begins with https://"),
            ("sub", "x", "not a standard claim; those are `name`"),
            ("iss", "x", "not a standard claim"),
        ] {
            assert!(changed(&[(name, text)]).is_err_and(|message| message.contains(said)), "{name}");
        }
    }
}

//! RFC 6750: an access token that is presented to a protected resource of ours.

use crate::error::{ErrorCode, OAuthError, Rule};
use crate::params::Params;

/// Reads the access token of a request: from its `Authorization` header, or from its form.
pub fn read<'a>(authorization: Option<&'a str>, form: &'a Params) -> Result<&'a str, OAuthError> {
    match (authorization, form.get("access_token")) {
        // RFC 6750 §2: not more than one method to transmit the token in each request.
        (Some(_), Some(_)) => Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            Rule::rfc(6750, "2"),
            "the access token is sent twice; send it in the Authorization header or in the form, not in both",
        )),
        // RFC 6750 §2.2: as a form parameter.
        (None, Some(token)) => Ok(token),
        (authorization, None) => read_header(authorization),
    }
}

/// Reads the access token of a request that has no form.
pub fn read_header(authorization: Option<&str>) -> Result<&str, OAuthError> {
    // RFC 6750 §2.1: in the header; RFC 9110 §11.1: the scheme in any case.
    match authorization.and_then(|header| header.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim_start_matches(' ')),
        _ => Err(missing()),
    }
}

/// Nobody sent an access token.
pub const fn missing() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidToken,
        Rule::rfc(6750, "2"),
        "there is no access token; send Authorization: Bearer, or access_token in a form",
    )
}

/// What everybody hears whose access token is not good, whatever the reason.
pub const fn not_good() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidToken,
        Rule::rfc(6750, "3.1"),
        "the access token is invalid, expired or revoked, or was issued by another workspace",
    )
}

/// The token is good, and allows something else.
pub const fn insufficient_scope(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InsufficientScope, Rule::rfc(6750, "3.1"), description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s2_a_token_is_sent_one_way() {
        let form = |text: &str| Params::parse(text.as_bytes()).unwrap();
        assert_eq!(read(Some("Bearer abc"), &form("")), Ok("abc"));
        assert_eq!(read(Some("bearer  abc"), &form("")), Ok("abc"));
        assert_eq!(read(None, &form("access_token=abc")), Ok("abc"));
        let code = |header, text: &str| read(header, &form(text)).map_err(|error| error.code).unwrap_err();
        assert_eq!(code(Some("Bearer abc"), "access_token=abc"), ErrorCode::InvalidRequest);
        for header in [None, Some("Basic abc"), Some("Bearer")] {
            assert_eq!(code(header, ""), ErrorCode::InvalidToken, "{header:?}");
        }
    }
}

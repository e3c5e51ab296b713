//! RFC 7636: proof key for code exchange, method S256 only (RFC 9700 §2.1.1).

use crate::error::{ErrorCode, OAuthError, Rule};
use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Reads the challenge of an authorization request.
pub fn read_challenge(challenge: Option<&str>, method: Option<&str>) -> Result<Option<String>, OAuthError> {
    let refuse =
        |section, description| OAuthError::new(ErrorCode::InvalidRequest, Rule::rfc(7636, section), description);
    match (challenge, method) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(refuse("4.3", "code_challenge_method was sent without a code_challenge")),
        // RFC 7636 §4.3: an absent method means plain, which RFC 9700 §2.1.1 advises against and we do not offer.
        (Some(_), None) => Err(refuse("4.3", "code_challenge needs code_challenge_method=S256; plain is not accepted")),
        (Some(challenge), Some("S256")) => {
            // RFC 7636 §4.2: the base64url form of a SHA-256 digest has 43 characters.
            if challenge.len() != 43 || URL_SAFE_NO_PAD.decode(challenge).is_err() {
                return Err(refuse(
                    "4.2",
                    "code_challenge must be the base64url form of a SHA-256 digest, 43 characters",
                ));
            }
            Ok(Some(challenge.to_owned()))
        }
        (Some(_), Some(_)) => Err(refuse("4.3", "code_challenge_method must be S256")),
    }
}

/// Checks what a token request proves about the challenge of its authorization request.
pub fn check_verifier(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), OAuthError> {
    let refuse = |rule, description| Err(OAuthError::new(ErrorCode::InvalidGrant, rule, description));
    match (challenge, verifier) {
        (None, None) => Ok(()),
        // RFC 9700 §4.8.2: a verifier without a challenge is a sign of a downgrade.
        (None, Some(_)) => refuse(
            Rule::rfc(9700, "4.8.2"),
            "code_verifier was sent, but the authorization request had no code_challenge; start again with one",
        ),
        (Some(_), None) => refuse(
            Rule::rfc(7636, "4.5"),
            "code_verifier is missing; the authorization request had a code_challenge, so start again and send both",
        ),
        // RFC 7636 §4.6: BASE64URL-ENCODE(SHA256(ASCII(code_verifier))) == code_challenge.
        (Some(challenge), Some(verifier)) if is_verifier(verifier) && digest_matches(challenge, verifier) => Ok(()),
        (Some(_), Some(_)) => refuse(
            Rule::rfc(7636, "4.6"),
            "code_verifier does not match the code_challenge; the code is used up, start again",
        ),
    }
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}

fn digest_matches(challenge: &str, verifier: &str) -> bool {
    let computed = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    constant_time::verify_slices_are_equal(computed.as_bytes(), challenge.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn appendix_b_the_pair_of_the_rfc_matches() {
        assert_eq!(check_verifier(Some(CHALLENGE), Some(VERIFIER)), Ok(()));
    }

    #[test]
    fn s4_6_everything_else_fails() {
        let off_by_one = VERIFIER.replace('d', "e");
        let long = "a".repeat(129);
        for (challenge, verifier) in [
            (Some(CHALLENGE), Some(off_by_one.as_str())),
            (Some(CHALLENGE), Some("short")),
            (Some(CHALLENGE), Some(long.as_str())),
            (Some(CHALLENGE), None),
            (None, Some(VERIFIER)),
        ] {
            assert_eq!(check_verifier(challenge, verifier).map_err(|e| e.code), Err(ErrorCode::InvalidGrant));
        }
    }

    #[test]
    fn s4_1_a_text_that_is_no_verifier_proves_nothing_even_if_its_digest_is_the_challenge() {
        let check = |verifier: &str| {
            let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
            check_verifier(Some(&challenge), Some(verifier)).map_err(|error| error.code)
        };
        for good in ["a".repeat(43), "-._~09AZaz".repeat(5), "a".repeat(128)] {
            assert_eq!(check(&good), Ok(()), "{good}");
        }
        for bad in [String::new(), "a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43)), "ä".repeat(30)] {
            assert_eq!(check(&bad), Err(ErrorCode::InvalidGrant), "{bad}");
        }
    }

    #[test]
    fn s4_2_a_challenge_has_the_form_of_a_digest() {
        let longer = format!("{CHALLENGE}A");
        for bad in [&CHALLENGE[..42], &longer, &CHALLENGE.replace('-', "+"), &CHALLENGE.replace('-', "="), ""] {
            assert!(read_challenge(Some(bad), Some("S256")).is_err(), "{bad}");
        }
    }

    #[test]
    fn s4_3_only_s256_is_read() {
        assert_eq!(read_challenge(Some(CHALLENGE), Some("S256")), Ok(Some(CHALLENGE.to_owned())));
        assert_eq!(read_challenge(None, None), Ok(None));
        for (challenge, method) in [
            (Some(CHALLENGE), None),
            (Some(CHALLENGE), Some("plain")),
            (Some("short"), Some("S256")),
            (None, Some("S256")),
        ] {
            assert!(read_challenge(challenge, method).is_err());
        }
    }
}

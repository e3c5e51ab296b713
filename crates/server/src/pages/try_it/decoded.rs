//! RFC 7515 §7.1: a signed JWT taken apart for reading. Nothing of it is believed here.

use super::answer::Members;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What a JWT says, with its members in the order in which they were signed.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(super) header: Members,
    pub(super) claims: Members,
}

impl Decoded {
    /// Takes a JWT apart; `None` for everything that is no signed JWT, such as an opaque or an encrypted token.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let [header, claims, _signature] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
        Some(Self { header: part(header)?, claims: part(claims)? })
    }

    /// The header, indented.
    pub(crate) fn header(&self) -> String {
        self.header.indented().unwrap_or_default()
    }

    /// The claims, indented.
    pub(crate) fn claims(&self) -> String {
        self.claims.indented().unwrap_or_default()
    }
}

fn part(encoded: &str) -> Option<Members> {
    let decoded = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    Members::read(std::str::from_utf8(&decoded).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_signed_jwt_is_taken_apart() {
        let encoded = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let jwt = format!("{}.{}.c2ln", encoded(r#"{"typ":"JWT","alg":"ES256"}"#), encoded(r#"{"sub":"b","aud":"a"}"#));
        let decoded = Decoded::read(&jwt).expect("a JWT");
        assert_eq!(decoded.header(), "{\n  \"typ\": \"JWT\",\n  \"alg\": \"ES256\"\n}");
        assert_eq!(decoded.claims(), "{\n  \"sub\": \"b\",\n  \"aud\": \"a\"\n}");
        for other in ["", "gry_at_x", "a.b.c", &jwt.replace("c2ln", "c2ln.e30.e30"), &jwt[1..]] {
            assert!(Decoded::read(other).is_none(), "{other}");
        }
    }
}

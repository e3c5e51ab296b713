//! OpenID Connect Session Management §2, §3: what tells a page of a client whether the person is still signed in.
//!
//! The script of the provider's frame computes the same (`assets/session.js` of the server).

use crate::entropy::{Entropy, draw_text};
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

/// §2: what a cookie tells the provider's frame of the session in this browser. Nothing can be done with it, and it is another
/// one when another session begins.
pub fn browser_state(sid: &str) -> String {
    hash(&["browser state ", sid])
}

/// §3.2: the `session_state` of a client whose answer goes to `redirect_uri`, in a browser in this state; none where pages there
/// have no origin.
pub fn session_state(
    client_id: &str,
    redirect_uri: &str,
    browser_state: &str,
    entropy: &mut dyn Entropy,
) -> Option<String> {
    let origin = Url::parse(redirect_uri).ok()?.origin();
    let salt = draw_text::<16>(entropy);
    let origin = origin.is_tuple().then(|| origin.ascii_serialization())?;
    Some(salted(client_id, &origin, browser_state, &salt))
}

/// §3.2: hashed with a salt, so that two clients cannot compare; without a space, since the frame is asked by
/// `{client_id} {session_state}`.
fn salted(client_id: &str, origin: &str, browser_state: &str, salt: &str) -> String {
    hash(&[client_id, " ", origin, " ", browser_state, " ", salt]) + "." + salt
}

fn hash(parts: &[&str]) -> String {
    let mut digest = Context::new(&SHA256);
    parts.iter().for_each(|part| digest.update(part.as_bytes()));
    URL_SAFE_NO_PAD.encode(digest.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn s3_2_a_session_state_is_of_one_client_one_origin_one_session_and_one_answer() {
        let state = |client_id, uri, sid, salt| session_state(client_id, uri, &browser_state(sid), &mut Fixed(salt));
        let usual = state("app", "https://app.test/cb", "sid", 1).unwrap();
        assert_eq!(usual, state("app", "https://app.test/another?page", "sid", 1).unwrap());
        for other in [
            state("other", "https://app.test/cb", "sid", 1),
            state("app", "https://app.test:8443/cb", "sid", 1),
            state("app", "https://app.test/cb", "another", 1),
            state("app", "https://app.test/cb", "sid", 2),
        ] {
            assert_ne!(other.unwrap(), usual);
        }
        assert_eq!(state("app", "com.example.app:/cb", "sid", 1), None);
        assert!(!usual.contains(' ') && !usual.contains(&browser_state("sid")));
        // What the script computes, by another implementation.
        assert_eq!(
            salted("app", "https://app.test", &browser_state("sid"), "salt"),
            "hiIREVVToWWeCI7EnUCflXcftXQCGo3hHfmyO1uEhXE.salt"
        );
    }
}

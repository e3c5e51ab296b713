//! OpenID Connect Back-Channel Logout §2.4: Logout Tokens, and how often a client that does not take one is told again.

use crate::jose::SigningKey;
use crate::types::{Seconds, Timestamp};
use serde::Serialize;

/// §2.4: its own type, so that no other token passes for one (RFC 8725 §3.11).
const TYP: &str = "logout+jwt";
/// §2.4: at most two minutes.
const LIFETIME: Seconds = Seconds::minutes(2);

/// How long after each attempt that failed the next one is made. After the last, none is.
const WAITS: [Seconds; 5] =
    [Seconds(10), Seconds::minutes(1), Seconds::minutes(5), Seconds::minutes(30), Seconds::hours(2)];

/// When to try again after the attempt with this number, the first being 1; none: that was the last.
pub fn wait_after(attempt: i64) -> Option<Seconds> {
    let before = usize::try_from(attempt.saturating_sub(1)).ok()?;
    WAITS.get(before).copied()
}

/// A Logout Token about to be written.
#[derive(Clone, Copy, Debug)]
pub struct LogoutToken<'a> {
    /// The workspace.
    pub issuer: &'a str,
    /// The client that it is for.
    pub client_id: &'a str,
    /// The user, as this client knows them; none where they are gone.
    pub subject: Option<&'a str>,
    /// The session.
    pub sid: &'a str,
}

/// §2.4: there is no `nonce`, so that it cannot be taken for an ID Token.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    aud: &'a str,
    iat: Timestamp,
    exp: Timestamp,
    jti: &'a str,
    events: Events,
    sid: &'a str,
}

/// §2.4: the member that makes it a Logout Token, and it alone.
#[derive(Serialize)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: Empty,
}

#[derive(Serialize)]
struct Empty {}

impl LogoutToken<'_> {
    /// Signs it under an identifier of its own.
    pub fn sign(&self, key: &SigningKey, jti: &str, now: Timestamp) -> Option<String> {
        key.sign(
            TYP,
            &Claims {
                iss: self.issuer,
                sub: self.subject,
                aud: self.client_id,
                iat: now,
                exp: now.plus(LIFETIME),
                jti,
                events: Events { logout: Empty {} },
                sid: self.sid,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::Algorithm;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    #[test]
    fn s2_4_a_logout_token_says_who_and_which_session_and_nothing_else() {
        let material = SigningKey::generate(Algorithm::EdDSA).unwrap();
        let key = SigningKey::from_pkcs8(Algorithm::EdDSA, &material).unwrap();
        let now = Timestamp::from_unix(1_800_000_000);
        let mut token =
            LogoutToken { issuer: "https://grantry.test/acme", client_id: "app", subject: Some("sub"), sid: "sid" };
        let part = |text: &str, number| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.split('.').nth(number).unwrap()).unwrap()).unwrap()
        };
        let text = token.sign(&key, "one", now).unwrap();
        assert_eq!(part(&text, 0)["typ"], "logout+jwt");
        let mut expected = json!({
            "iss": "https://grantry.test/acme", "sub": "sub", "aud": "app", "iat": 1_800_000_000_i64,
            "exp": 1_800_000_120_i64, "jti": "one", "sid": "sid",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(part(&text, 1), expected);
        token.subject = None;
        expected.as_object_mut().unwrap().remove("sub");
        assert_eq!(part(&token.sign(&key, "one", now).unwrap(), 1), expected);
    }

    #[test]
    fn s2_8_a_client_is_told_six_times_in_all() {
        let waits: Vec<_> = (1..=7).map(|attempt| wait_after(attempt).map(|wait| wait.0)).collect();
        assert_eq!(waits, [Some(10), Some(60), Some(300), Some(1_800), Some(7_200), None, None]);
    }
}

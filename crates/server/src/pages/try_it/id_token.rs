//! OpenID Connect Core §3.1.3.7: an ID Token, verified in front of the reader as its app would do it: from the published keys,
//! and from nothing that only the server knows.

use super::answer::Members;
use super::decoded::Decoded;
use crate::words;
use grantry_protocol::Timestamp;
use grantry_protocol::jose::{Algorithm, ClientKeys, SignedJwt};
use serde_json::Value;

/// An ID Token, and what became of each check.
pub(crate) struct IdToken {
    /// `None`: it is no signed JWT; an encrypted one is for the app's eyes only.
    pub(crate) decoded: Option<Decoded>,
    /// Empty where there is nothing to check.
    pub(crate) checks: Vec<Check>,
}

/// One check of an ID Token or of a UserInfo answer; the template has the words.
pub(crate) struct Check {
    pub(crate) kind: CheckKind,
    /// `None`: nothing should be there.
    pub(crate) expected: Option<String>,
    /// `None`: nothing was there.
    pub(crate) found: Option<String>,
    pub(crate) passed: bool,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckKind {
    /// `alg`.
    Algorithm,
    /// By the key that `kid` names; *found* is that name.
    Signature,
    /// `iss`.
    Issuer,
    /// `aud`.
    Audience,
    /// `nonce`.
    Nonce,
    /// `exp`: *expected* is the time of the check.
    Expiry,
    /// `at_hash`.
    AccessTokenHash,
    /// `c_hash`.
    CodeHash,
    /// The `sub` of a UserInfo answer.
    Subject,
}

/// What an app knows when it verifies an ID Token.
pub(super) struct Known<'a> {
    /// From the metadata.
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    /// As registered.
    pub(super) algorithm: Algorithm,
    /// As it sent it.
    pub(super) nonce: Option<&'a str>,
    pub(super) beside: Beside<'a>,
    pub(super) now: Timestamp,
}

/// What came with an ID Token, which vouches for it.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    pub(super) access_token: Option<&'a str>,
    pub(super) code: Option<&'a str>,
}

impl Check {
    /// Passes if what was found is what was expected.
    pub(super) fn equal(kind: CheckKind, expected: Option<String>, found: Option<String>) -> Self {
        let passed = expected == found;
        Self { kind, expected, found, passed }
    }
}

impl IdToken {
    /// Decodes and checks it; `key_set` is the document that the workspace publishes.
    pub(super) fn verify(text: &str, key_set: &str, known: &Known<'_>) -> Self {
        let Some(decoded) = Decoded::read(text) else { return Self { decoded: None, checks: Vec::new() } };
        let (header, claims) = (&decoded.header, &decoded.claims);
        let equal = |kind, expected: Option<&str>, found: Option<&str>| {
            Check::equal(kind, expected.map(str::to_owned), found.map(str::to_owned))
        };
        let mut checks = vec![
            equal(CheckKind::Algorithm, Some(known.algorithm.as_str()), header.text("alg")),
            signature(text, header, (key_set, known.algorithm)),
            equal(CheckKind::Issuer, Some(known.issuer), claims.text("iss")),
            audience(claims, known.client_id),
            equal(CheckKind::Nonce, known.nonce, claims.text("nonce")),
            expiry(claims, known.now),
        ];
        // OpenID Connect Core §3.1.3.8, §3.3.2.10: what came with it is what it was made for.
        let Beside { access_token, code } = known.beside;
        let vouched = [(CheckKind::AccessTokenHash, access_token, "at_hash"), (CheckKind::CodeHash, code, "c_hash")];
        for (kind, value, claim) in vouched {
            let Some(value) = value else { continue };
            checks.push(equal(kind, Some(&known.algorithm.half_hash(value)), claims.text(claim)));
        }
        Self { decoded: Some(decoded), checks }
    }

    /// Whether all checks passed.
    pub(crate) fn is_good(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    /// About whom it is.
    pub(super) fn subject(&self) -> Option<&str> {
        self.decoded.as_ref()?.claims.text("sub")
    }
}

/// OpenID Connect Core §3.1.3.7: made by a published key, by the algorithm that the app is registered for.
fn signature(text: &str, header: &Members, (key_set, algorithm): (&str, Algorithm)) -> Check {
    let keys = ClientKeys::parse(key_set.as_bytes()).unwrap_or_default();
    let jwt = SignedJwt::parse(text, SignedJwt::LONGEST);
    let passed = jwt.is_ok_and(|jwt| jwt.verify(&keys, &[algorithm]).is_ok());
    Check { kind: CheckKind::Signature, expected: None, found: header.text("kid").map(str::to_owned), passed }
}

/// OpenID Connect Core §3.1.3.7: meant for this app, and for no other that it does not trust.
fn audience(claims: &Members, client_id: &str) -> Check {
    let names = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().map(|name| name.as_str().unwrap_or_default().to_owned()).collect(),
        _ => Vec::new(),
    };
    let found = Some(names.join(", ")).filter(|names| !names.is_empty());
    Check::equal(CheckKind::Audience, Some(client_id.to_owned()), found)
}

/// OpenID Connect Core §3.1.3.7: not over.
fn expiry(claims: &Members, now: Timestamp) -> Check {
    let expires_at = claims.get("exp").and_then(Value::as_i64).map(Timestamp::from_unix);
    Check {
        kind: CheckKind::Expiry,
        expected: Some(words::when(now).text),
        found: expires_at.map(|moment| words::when(moment).text),
        passed: expires_at.is_some_and(|moment| now < moment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use grantry_protocol::jose::{Schedule, ScheduledKey, SigningKey, SigningKeys};
    use serde_json::{Value, json};
    use std::sync::Arc;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn key() -> Arc<SigningKey> {
        let material = SigningKey::generate(Algorithm::ES256).expect("a key");
        Arc::new(SigningKey::from_pkcs8(Algorithm::ES256, &material).expect("a key"))
    }

    fn key_set(key: &Arc<SigningKey>) -> String {
        let schedule = Schedule { active_at: NOW, retired_at: None };
        let keys = SigningKeys::new(vec![ScheduledKey { number: 1, key: Arc::clone(key), schedule }]);
        serde_json::to_string(&keys.key_set(NOW)).expect("JSON")
    }

    fn good() -> Value {
        json!({ "iss": "https://h/w", "sub": "bob", "aud": "app", "exp": NOW.as_unix() + 1, "nonce": "n",
                "at_hash": Algorithm::ES256.half_hash("gry_at_x"), "c_hash": Algorithm::ES256.half_hash("gry_ac_x") })
    }

    fn known() -> Known<'static> {
        let (issuer, client_id, algorithm) = ("https://h/w", "app", Algorithm::ES256);
        let beside = Beside { access_token: Some("gry_at_x"), code: Some("gry_ac_x") };
        Known { issuer, client_id, algorithm, nonce: Some("n"), beside, now: NOW }
    }

    /// The checks that did not pass.
    fn failed(text: &str, key_set: &str, known: &Known<'_>) -> Vec<CheckKind> {
        let token = IdToken::verify(text, key_set, known);
        assert!(token.decoded.is_some());
        token.checks.iter().filter(|check| !check.passed).map(|check| check.kind).collect()
    }

    #[test]
    fn s3_1_3_7_each_check_fails_by_itself() {
        let key = key();
        let keys = key_set(&key);
        let text = |claims: &Value| key.sign("JWT", claims).expect("signed");
        assert_eq!(failed(&text(&good()), &keys, &known()), []);
        for (claim, value, kind) in [
            ("iss", json!("https://h/other"), CheckKind::Issuer),
            ("aud", json!("other"), CheckKind::Audience),
            ("aud", json!(["app", "other"]), CheckKind::Audience),
            ("aud", json!([]), CheckKind::Audience),
            ("nonce", json!("m"), CheckKind::Nonce),
            ("nonce", json!(null), CheckKind::Nonce),
            ("exp", json!(NOW.as_unix()), CheckKind::Expiry),
            ("at_hash", json!("x"), CheckKind::AccessTokenHash),
            ("c_hash", json!(null), CheckKind::CodeHash),
        ] {
            let mut claims = good();
            claims[claim] = value.clone();
            assert_eq!(failed(&text(&claims), &keys, &known()), [kind], "{claim} {value}");
        }
        let mut claims = good();
        claims["aud"] = json!(["app"]);
        assert_eq!(failed(&text(&claims), &keys, &known()), []);
        assert_eq!(failed(&text(&good()), &keys, &Known { nonce: None, ..known() }), [CheckKind::Nonce]);
    }

    #[test]
    fn s3_1_3_7_a_signature_is_of_a_published_key_and_the_registered_algorithm() {
        let (ours, others) = (key(), key());
        let text = ours.sign("JWT", &good()).expect("signed");
        assert_eq!(failed(&text, &key_set(&others), &known()), [CheckKind::Signature]);
        assert_eq!(failed(&text, "not a key set", &known()), [CheckKind::Signature]);
        let registered = Known { algorithm: Algorithm::RS256, ..known() };
        assert_eq!(failed(&text, &key_set(&ours), &registered), [CheckKind::Algorithm, CheckKind::Signature]);
        // One claim changed after signing.
        let (message, signature) = text.rsplit_once('.').expect("a JWT");
        let (header, _) = message.split_once('.').expect("a JWT");
        let mut claims = good();
        claims["sub"] = json!("ann");
        let changed = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        assert_eq!(failed(&changed, &key_set(&ours), &known()), [CheckKind::Signature]);
    }
}

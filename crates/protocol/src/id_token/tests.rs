//! What an ID Token says, and what of it is believed when it comes back.

use super::*;
use crate::jose::{Algorithm, Schedule, ScheduledKey};
use crate::sample::{NOW, active};
use std::sync::Arc;

const ISSUER: &str = "https://grantry.test/acme";

fn key(algorithm: Algorithm) -> Arc<SigningKey> {
    let material = SigningKey::generate(algorithm).unwrap();
    Arc::new(SigningKey::from_pkcs8(algorithm, &material).unwrap())
}

fn keys(key: &Arc<SigningKey>) -> SigningKeys {
    let schedule = Schedule { active_at: NOW, retired_at: None };
    SigningKeys::new(vec![ScheduledKey { number: 1, key: Arc::clone(key), schedule }])
}

fn grant() -> Grant {
    let openid = OpenidGrant {
        nonce: Some("n-0S6".to_owned()),
        sid: "sid".to_owned(),
        acr: ACR_PASSWORD.to_owned(),
        amr: vec!["pwd".to_owned()],
        claims: Default::default(),
    };
    Grant { openid: Some(openid), ..active().grant }
}

fn payload(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn s2_an_id_token_says_who_signed_in_where_and_when() {
    let (key, grant) = (key(Algorithm::EdDSA), grant());
    let token = IdToken::of(&grant, ISSUER, ("app", "sub")).unwrap();
    let claims = payload(&token.sign(&key, NOW).unwrap());
    let now = NOW.as_unix();
    let expected = serde_json::json!({
        "iss": ISSUER, "sub": "sub", "aud": "app", "azp": "app", "exp": now + 3_600, "iat": now,
        "auth_time": now, "acr": ACR_PASSWORD, "amr": ["pwd"], "sid": "sid", "nonce": "n-0S6",
    });
    assert_eq!(claims, expected);
}

#[test]
fn s3_3_2_11_it_vouches_for_what_is_issued_beside_it() {
    let (key, grant) = (key(Algorithm::ES256), grant());
    let mut token = IdToken::of(&grant, ISSUER, ("app", "sub")).unwrap();
    token.beside = Beside { access_token: Some("at"), code: Some("code"), state: Some("state") };
    let claims = payload(&token.sign(&key, NOW).unwrap());
    for (name, value) in [("at_hash", "at"), ("c_hash", "code"), ("s_hash", "state")] {
        assert_eq!(claims[name], Algorithm::ES256.half_hash(value), "{name}");
    }
}

#[test]
fn s3_1_2_1_a_hint_is_believed_if_this_workspace_signed_it() {
    let (key, grant) = (key(Algorithm::EdDSA), grant());
    let text = IdToken::of(&grant, ISSUER, ("app", "sub")).unwrap().sign(&key, NOW).unwrap();
    let hint = Hint::open(&text, ISSUER, &keys(&key), NOW).unwrap();
    assert_eq!((hint.sub.as_str(), hint.aud.as_str(), hint.sid.as_str()), ("sub", "app", "sid"));
    assert!(!hint.has_expired(NOW.plus(Seconds(3_599))) && hint.has_expired(NOW.plus(Seconds(3_600))));
    assert_eq!(Hint::open(&text, "https://grantry.test/other", &keys(&key), NOW), None);
    assert_eq!(Hint::open(&text, ISSUER, &keys(&self::key(Algorithm::EdDSA)), NOW), None);
    let access_token = key.sign("at+jwt", &payload(&text)).unwrap();
    assert_eq!(Hint::open(&access_token, ISSUER, &keys(&key), NOW), None, "an access token is no ID Token");
}

#[test]
fn s3_1_2_1_a_grant_without_openid_has_no_id_token() {
    assert!(IdToken::of(&active().grant, ISSUER, ("app", "sub")).is_none());
}

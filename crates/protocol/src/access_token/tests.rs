use super::*;
use crate::entropy::Entropy;
use crate::jose::{Algorithm, Schedule, ScheduledKey};
use crate::sample::NOW;
use crate::sealed::{AccessSubject, SealingKey};
use crate::types::{GrantId, Seconds, WorkspaceId};
use serde_json::{Value, json};
use std::sync::Arc;

const ISSUER: &str = "https://grantry.test/acme";

struct Counting(u8);
impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

fn ring(workspace: i64) -> KeyRing {
    KeyRing::new(WorkspaceId(workspace), vec![SealingKey::new(1, &[1; 32]).unwrap()]).unwrap()
}

fn key() -> Arc<SigningKey> {
    let algorithm = Algorithm::EdDSA;
    Arc::new(SigningKey::from_pkcs8(algorithm, &SigningKey::generate(algorithm).unwrap()).unwrap())
}

fn keys(key: &Arc<SigningKey>) -> SigningKeys {
    let schedule = Schedule { active_at: NOW, retired_at: None };
    SigningKeys::new(vec![ScheduledKey { number: 1, key: Arc::clone(key), schedule }])
}

fn token() -> AccessToken {
    AccessToken {
        token_id: [9; 16],
        about: AccessSubject::Grant(GrantId(7_001)),
        scope: Scope::parse("read write").unwrap(),
        audience: vec!["https://api.test".to_owned()],
        issued_at: NOW,
        expires_at: NOW.plus(Seconds(3_600)),
    }
}

fn signed_for(key: &SigningKey, token: &AccessToken, issuer: &str) -> String {
    let holder = Holder { client_id: "app".to_owned(), subject: "sub-bob".to_owned(), username: None };
    let public = Public { issuer, holder: &holder, auth_time: Some(NOW) };
    let reference = sealed::seal(&ring(1), &reference(token), &mut Counting(0));
    sign(key, token, &public, reference).unwrap()
}

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn s2_header_and_claims_are_those_of_the_specification() {
    let key = key();
    let token = signed_for(&key, &token(), ISSUER);
    assert_eq!(part(&token, 0), json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": key.public().kid() }));
    let mut claims = part(&token, 1);
    let reference = claims.as_object_mut().unwrap().remove("gry").unwrap();
    assert!(reference.as_str().unwrap().starts_with("gry_ar_"));
    assert_eq!(
        claims,
        json!({
            "iss": ISSUER,
            "exp": NOW.as_unix() + 3_600,
            "aud": ["https://api.test"],
            "sub": "sub-bob",
            "client_id": "app",
            "iat": NOW.as_unix(),
            "jti": "CQkJCQkJCQkJCQkJCQkJCQ",
            "scope": "read write",
            "auth_time": NOW.as_unix(),
        })
    );
}

#[test]
fn what_was_signed_opens_as_the_statement_it_was() {
    let key = key();
    let for_all = AccessToken { audience: Vec::new(), ..token() };
    for statement in [token(), for_all] {
        let text = signed_for(&key, &statement, ISSUER);
        assert_eq!(open(&text, ISSUER, &keys(&key), &ring(1), NOW), Some(statement));
    }
    let text = signed_for(&key, &AccessToken { audience: Vec::new(), ..token() }, ISSUER);
    assert_eq!(part(&text, 1)["aud"], json!([ISSUER]), "RFC 9068 §3: a default audience");
}

#[test]
fn s4_what_is_not_ours_does_not_open() {
    let key = key();
    let good = signed_for(&key, &token(), ISSUER);
    let opens = |text: &str| open(text, ISSUER, &keys(&key), &ring(1), NOW).is_some();
    assert!(opens(&good));
    assert!(!opens(&signed_for(&self::key(), &token(), ISSUER)), "a foreign key");
    assert!(!opens(&signed_for(&key, &token(), "https://grantry.test/other")), "another issuer");
    assert!(open(&good, ISSUER, &keys(&key), &ring(2), NOW).is_none(), "a reference of another workspace");
    assert!(!opens(&key.sign("JWT", &part(&good, 1)).unwrap()), "an ID token of the same key");
    let (header, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let headed = |header: Value| format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header.to_string()));
    let kid = key.public().kid();
    for header in [
        json!({ "typ": "at+jwt", "alg": "none" }),
        json!({ "typ": "at+jwt", "alg": "HS256", "kid": kid }),
        json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": kid, "crit": ["exp"] }),
        json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": kid, "jku": "https://evil.test/jwks" }),
        json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": "another" }),
        json!({ "typ": "at+jwt", "alg": "EdDSA" }),
        json!({ "alg": "EdDSA", "kid": kid }),
    ] {
        assert!(!opens(&headed(header.clone())), "{header}");
    }
    for text in [
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{good} "),
        format!("{header}..{signature}"),
        format!("{header}.{}.{signature}", "A".repeat(20_000)),
        String::new(),
    ] {
        assert!(!opens(&text), "{text}");
    }
}

#[test]
fn only_a_jwt_with_a_strange_header_is_worth_a_second_look() {
    let key = key();
    let (good, foreign) = (signed_for(&key, &token(), ISSUER), signed_for(&self::key(), &token(), ISSUER));
    assert!(!is_of_unknown_key(&good, &keys(&key), NOW));
    assert!(is_of_unknown_key(&foreign, &keys(&key), NOW));
    for text in ["", "gry_at_x", "eyJ", "eyJ.x", "eyJ.a.b.c"] {
        assert!(!is_of_unknown_key(text, &keys(&key), NOW), "{text}");
    }
}

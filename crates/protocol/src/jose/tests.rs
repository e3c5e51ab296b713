use super::*;
use crate::types::{Seconds, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8(algorithm, &SigningKey::generate(algorithm).unwrap()).unwrap()
}

fn scheduled(number: i64, key: SigningKey, active_at: i64, retired_at: Option<i64>) -> ScheduledKey {
    let at = |offset| NOW.plus(Seconds(offset));
    let schedule = Schedule { active_at: at(active_at), retired_at: retired_at.map(at) };
    ScheduledKey { number, key: Arc::new(key), schedule }
}

fn one(algorithm: Algorithm) -> SigningKeys {
    SigningKeys::new(vec![scheduled(1, key(algorithm), 0, None)])
}

fn kids(keys: &SigningKeys, now: Timestamp) -> Vec<String> {
    let set = serde_json::to_value(keys.key_set(now)).unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_key_signed_opens_under_its_set_and_under_no_other() {
    for algorithm in Algorithm::ALL {
        let (keys, others) = (one(algorithm), one(algorithm));
        let token = keys.active(algorithm, NOW).unwrap().sign("at+jwt", &json!({ "a": 1 })).unwrap();
        let payload = keys.open("at+jwt", &token, NOW).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap(), json!({ "a": 1 }), "{algorithm}");
        assert_eq!(keys.open("JWT", &token, NOW), None, "the type belongs to the signature");
        assert_eq!(others.open("at+jwt", &token, NOW), None);
        for (number, _) in token.match_indices('.') {
            let mut changed = token.clone().into_bytes();
            changed[number + 3] ^= 1;
            assert_eq!(keys.open("at+jwt", &String::from_utf8(changed).unwrap(), NOW), None, "{algorithm}");
        }
    }
}

#[test]
fn rfc7517_s4_a_published_key_has_public_parts_only() {
    for (algorithm, members) in [
        (Algorithm::ES256, "alg crv kid kty use x y"),
        (Algorithm::EdDSA, "alg crv kid kty use x"),
        (Algorithm::RS256, "alg e kid kty n use"),
        (Algorithm::PS256, "alg e kid kty n use"),
    ] {
        let set = serde_json::to_value(one(algorithm).key_set(NOW)).unwrap();
        let key = set["keys"][0].as_object().unwrap();
        let mut names: Vec<&str> = key.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names.join(" "), members);
        assert_eq!((&key["alg"], &key["use"]), (&json!(algorithm.as_str()), &json!("sig")));
    }
}

#[test]
fn rfc8037_a_key_of_the_specification_has_its_public_part_and_its_thumbprint() {
    // RFC 8037 appendix A.1 (the seed, here as PKCS#8), A.2 and A.3.
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let seed = (0..32).map(|i| u8::from_str_radix(&seed[2 * i..2 * i + 2], 16).unwrap());
    let head = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let pkcs8: Vec<u8> = head.into_iter().chain(seed).collect();
    let key = SigningKey::from_pkcs8(Algorithm::EdDSA, &pkcs8).unwrap();
    assert_eq!(key.public().kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let set = SigningKeys::new(vec![scheduled(1, key, 0, None)]).key_set(NOW);
    assert_eq!(serde_json::to_value(&set).unwrap()["keys"][0]["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
}

#[test]
fn a_key_reads_as_its_own_algorithm_only() {
    let material = SigningKey::generate(Algorithm::ES256).unwrap();
    for other in [Algorithm::EdDSA, Algorithm::RS256, Algorithm::PS256] {
        assert!(SigningKey::from_pkcs8(other, &material).is_none());
    }
}

#[test]
fn the_set_holds_what_may_come_up_and_its_tag_follows_it() {
    let over = -PUBLISHED_AFTER.0;
    let keys = SigningKeys::new(vec![
        scheduled(4, key(Algorithm::ES256), 60, None),
        scheduled(3, key(Algorithm::ES256), -50, Some(60)),
        scheduled(2, key(Algorithm::ES256), over, Some(-50)),
        scheduled(1, key(Algorithm::ES256), over - 100, Some(over)),
    ]);
    let kid = |number| keys.numbered(number).unwrap().public().kid().to_owned();
    let active = |now| keys.active(Algorithm::ES256, now).unwrap().public().kid().to_owned();
    assert_eq!(kids(&keys, NOW), [kid(4), kid(3), kid(2)]);
    assert_eq!(active(NOW), kid(3));
    let later = NOW.plus(Seconds(60));
    assert_eq!(active(later), kid(4));
    assert!(keys.active(Algorithm::EdDSA, NOW).is_none());
    assert_eq!(keys.key_set(NOW).etag(), keys.key_set(later).etag());
    let much_later = NOW.plus(PUBLISHED_AFTER);
    assert_ne!(keys.key_set(NOW).etag(), keys.key_set(much_later).etag());
    let old = keys.numbered(2).unwrap().sign("at+jwt", &json!({})).unwrap();
    assert!(keys.open("at+jwt", &old, NOW).is_some());
    assert!(keys.open("at+jwt", &old, much_later).is_none());
}

#[test]
fn what_is_too_long_is_not_looked_at() {
    let keys = one(Algorithm::EdDSA);
    let signed = |length: usize| {
        keys.active(Algorithm::EdDSA, NOW).unwrap().sign("at+jwt", &json!({ "a": "a".repeat(length) })).unwrap()
    };
    assert!(keys.open("at+jwt", &signed(11_000), NOW).is_some());
    assert!(keys.open("at+jwt", &signed(13_000), NOW).is_none());
}

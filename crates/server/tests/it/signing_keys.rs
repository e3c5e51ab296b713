//! RFC 7517: the published keys, through their states, and however many processes need them at once.

use crate::harness::{Engine, SECRET, World, basic, wait};
use grantry_protocol::client::AccessTokenFormat;
use grantry_protocol::jose::Algorithm;
use grantry_server::operator::{self, Command, key};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::mpsc;

const JWKS: &str = "/acme/oauth2/jwks";
const DAY: i64 = 86_400;

fn world(engine: Engine, algorithm: Algorithm) -> World {
    let world = World::on(engine);
    world.register("jwt", |registration| {
        registration.access_token.format = AccessTokenFormat::Jwt;
        registration.access_token.signing_alg = algorithm;
    });
    world
}

fn token(world: &World) -> String {
    world.token_as("jwt", "grant_type=client_credentials").text("access_token")
}

fn is_active(world: &World, token: &str) -> bool {
    let headers = [("authorization", &*basic("jwt", SECRET))];
    world.post("/acme/oauth2/introspect", &format!("token={token}"), &headers).json()["active"] == true
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

/// The names of the published keys that an app chose, newest first: not the usual one for ID Tokens.
fn published(world: &World) -> Vec<String> {
    let keys = world.get(JWKS, &[]).json()["keys"].clone();
    let keys = keys.as_array().unwrap().iter().filter(|key| key["alg"] != "RS256");
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn operate(world: &World, command: key::Command) -> Result<Value, String> {
    let done = wait(operator::execute(world.server(), Command::Key("acme".to_owned(), command)));
    done.map(|answer| serde_json::to_value(answer).unwrap()["keys"].clone()).map_err(|error| error.to_string())
}

fn states(world: &World) -> Vec<String> {
    let purpose = Some(grantry_protocol::sealed::KeyPurpose::Signing);
    let keys = operate(world, key::Command::List(purpose)).unwrap();
    let keys = keys.as_array().unwrap().iter().filter(|key| key["algorithm"] != "RS256");
    keys.map(|key| key["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn workspaces_that_make_rsa_keys_hold_up_no_other() {
    const MAKING: usize = 12;
    let world = world(Engine::Sqlite, Algorithm::ES256);
    let paths: Vec<_> = (0..MAKING).map(|n| format!("rsa-{n}")).collect();
    for slug in &paths {
        world.create_workspace(slug);
    }
    let (tell, made) = mpsc::channel();
    std::thread::scope(|scope| {
        for slug in &paths {
            let (world, tell) = (&world, tell.clone());
            scope.spawn(move || {
                let answer = world.get(&format!("/{slug}/oauth2/jwks"), &[]);
                assert_eq!(answer.json()["keys"].as_array().unwrap().len(), 1);
                tell.send(()).unwrap();
            });
        }
        made.recv().unwrap();
        token(&world);
        let others = made.try_iter().count();
        assert!(others < MAKING / 2, "it waited for {others} others");
    });
}

#[test]
fn rfc7517_s5_a_successor_is_published_before_it_signs_and_its_predecessor_for_as_long_as_its_tokens_live() {
    let world = world(Engine::Sqlite, Algorithm::ES256);
    let rotate = || operate(&world, key::Command::RotateSigning(None));
    assert!(rotate().unwrap_err().contains("has no signing key yet"));
    let first = token(&world);
    assert_eq!(states(&world), ["active"]);
    rotate().unwrap();
    assert_eq!(states(&world), ["next", "active"]);
    assert!(rotate().unwrap_err().contains("has a successor already"));
    let [next, active] = published(&world).try_into().unwrap();
    assert_eq!((kid(&first), kid(&token(&world))), (active.clone(), active.clone()), "it does not sign yet");
    world.pass(DAY - 1);
    let late = token(&world);
    assert_eq!(kid(&late), active);
    world.pass(2);
    assert_eq!(states(&world), ["active", "retiring"]);
    assert_eq!(kid(&token(&world)), next);
    assert!(is_active(&world, &late) && is_active(&world, &token(&world)));
    assert_eq!(published(&world), [next.clone(), active]);
    world.pass(DAY + 3_600);
    assert_eq!(states(&world), ["active", "retired"]);
    assert_eq!(published(&world), [next]);
    assert!(is_active(&world, &token(&world)));
}

#[test]
fn rfc9110_s13_1_2_the_set_is_sent_once() {
    let world = world(Engine::Sqlite, Algorithm::EdDSA);
    let empty = world.get(JWKS, &[]);
    token(&world);
    let answer = world.get(JWKS, &[]);
    assert_ne!(answer.header("etag"), empty.header("etag"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let etag = answer.header("etag").unwrap();
    for given in [etag.to_owned(), format!("\"x\", W/{etag}"), "*".to_owned()] {
        let unchanged = world.get(JWKS, &[("if-none-match", &given)]);
        assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""), "{given}");
        assert_eq!(unchanged.header("etag"), Some(etag));
        assert_eq!(unchanged.header("access-control-allow-origin"), Some("*"));
    }
    assert_eq!(world.get(JWKS, &[("if-none-match", empty.header("etag").unwrap())]).status, 200);
}

/// Many first tokens at once, on every server, come from one key.
fn race(servers: &[&World], algorithm: Algorithm) {
    let tokens: Vec<String> = std::thread::scope(|scope| {
        let ask = |server: &&'_ World| token(server);
        let threads: Vec<_> = (0..8).map(|i| scope.spawn(move || ask(&servers[i % servers.len()]))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let kids: BTreeSet<String> = tokens.iter().map(|token| kid(token)).collect();
    assert_eq!(kids.len(), 1, "{algorithm}");
    for server in servers {
        assert!(tokens.iter().all(|token| is_active(server, token)), "whoever signed it, every server knows it");
    }
    for server in servers {
        assert_eq!(published(server), Vec::from_iter(kids.iter().cloned()));
    }
}

#[test]
fn requests_at_once_make_one_first_key() {
    race(&[&world(Engine::Sqlite, Algorithm::PS256)], Algorithm::PS256);
}

#[test]
fn two_servers_on_one_database_sign_with_the_same_key() {
    for algorithm in [Algorithm::PS256, Algorithm::ES256] {
        let one = world(Engine::Postgres, algorithm);
        let other = one.another();
        // Both have the workspace in memory, without a key.
        assert!(published(&one).is_empty() && published(&other).is_empty());
        race(&[&one, &other], algorithm);
    }
}

#[test]
fn a_first_key_is_known_elsewhere_at_once() {
    let one = world(Engine::Postgres, Algorithm::ES256);
    let other = one.another();
    assert!(published(&other).is_empty());
    assert!(is_active(&other, &token(&one)), "within the second for which a workspace is kept");
}

#[test]
fn a_key_is_renewed_after_its_lifetime_and_its_successor_published_a_day_ahead() {
    let world = world(Engine::Sqlite, Algorithm::ES256);
    let old = kid(&token(&world));
    world.pass(88 * DAY);
    assert_eq!(published(&world), std::slice::from_ref(&old), "not before its time");
    world.pass(DAY);
    // It is made beside the requests that find it due.
    let renewed = (0..1_000).map(|_| (world.pass(2), published(&world)).1).find(|keys| keys.len() == 2);
    let [next, active] = renewed.expect("a successor").try_into().unwrap();
    assert_eq!((&active, &kid(&token(&world))), (&old, &old));
    world.pass(DAY);
    assert_eq!(kid(&token(&world)), next);
    world.pass(3 * DAY);
    assert_eq!(published(&world), [next], "one successor, and its predecessor is over");
}

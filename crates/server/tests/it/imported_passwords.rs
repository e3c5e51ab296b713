//! Passwords that another system kept: their hashes are taken over, and replaced when they are first given.

use crate::harness::{Browser, World, dear_digest, wait};
use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use grantry_protocol::types::Secret;
use grantry_server::operator::{self, Command, OperatorError, user};
use std::thread;

/// `correct horse` as the bcrypt package of Python keeps it, at a cost that tests can wait for.
const BCRYPT: &str = "$2b$04$BfDQNY.sfTFyrPjzEtny5.LiZLsUn/KlAYtw2pz3rn.GkDlm81SgK";

fn argon2(algorithm: Algorithm, (memory, passes): (u32, u32)) -> String {
    let params = Params::new(memory, passes, 1, None).unwrap();
    let hasher = Argon2::new(algorithm, Version::V0x13, params);
    hasher.hash_password_with_salt(b"correct horse", b"saltsaltsaltsalt").unwrap().to_string()
}

fn import(world: &World, username: &str, hash: &str) -> Result<(), OperatorError> {
    let changes = user::Changes { password_hash: Some(Secret::new(hash.to_owned())), ..user::Changes::default() };
    let create = user::Command::Create(username.to_owned(), Box::new(changes));
    wait(operator::execute(world.server(), Command::User("acme".to_owned(), create))).map(drop)
}

fn digest(world: &World, username: &'static str) -> String {
    let read = world.server().store().read(world.workspace, move |tx| tx.find_password(username));
    wait(read).unwrap().unwrap().1.unwrap()
}

#[test]
fn a_hash_from_elsewhere_signs_in_and_then_rests_as_ours_do() {
    let world = World::new();
    for (username, hash) in [("ann", BCRYPT.to_owned()), ("eve", argon2(Algorithm::Argon2id, (64, 3)))] {
        import(&world, username, &hash).unwrap();
        let sign_in = |password| Browser::new(&world).sign_in("/acme/login", username, password).status;
        assert_eq!((sign_in("correct house"), digest(&world, username)), (422, hash));
        assert_eq!(sign_in("correct horse"), 303, "{username}");
        let rests = digest(&world, username);
        assert!(rests.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{rests}");
        // Once: another login finds it as it should be.
        assert_eq!((sign_in("correct horse"), digest(&world, username)), (303, rests));
        assert_eq!(sign_in("correct house"), 422, "{username}");
    }
}

#[test]
fn logins_at_the_same_time_all_succeed() {
    let world = World::new();
    import(&world, "ann", BCRYPT).unwrap();
    thread::scope(|scope| {
        let sign_in = || Browser::new(&world).sign_in("/acme/login", "ann", "correct horse").status;
        let logins: Vec<_> = (0..4).map(|_| scope.spawn(sign_in)).collect();
        for login in logins {
            assert_eq!(login.join().unwrap(), 303);
        }
    });
}

#[test]
fn what_cannot_be_verified_or_takes_too_long_is_refused() {
    let world = World::new();
    let ours = dear_digest("correct horse");
    for (hash, why) in [
        ("correct horse".to_owned(), "neither"),
        ("$1$salt$qJH7.N4xYta3aEG/dfqo/0".to_owned(), "neither"),
        (ours.rsplit_once('$').unwrap().0.to_owned(), "neither"),
        (argon2(Algorithm::Argon2i, (64, 1)), "neither"),
        (BCRYPT[..50].to_owned(), "bcrypt"),
        (BCRYPT.replacen("$04$", "$15$", 1), "at most 14"),
        (ours.replacen("m=19456", "m=65537", 1), "at most 64 MiB"),
        (ours.replacen("t=2", "t=9", 1), "8 passes"),
        (ours.replacen("p=1", "p=5", 1), "4 lanes"),
    ] {
        let error = import(&world, "ann", &hash).unwrap_err().to_string();
        assert!(error.contains(why) && !error.contains(&hash), "{hash}: {error}");
    }
    import(&world, "ann", &ours).unwrap();
}

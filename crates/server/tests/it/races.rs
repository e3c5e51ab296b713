//! What may happen once happens once, under 64 parallel requests, on both engines and across two processes.

use crate::harness::{Answer, Engine, VERIFIER, World, dear_digest, wait};
use std::sync::Barrier;

const PARALLEL: usize = 64;

/// Sends the same token request from 64 threads at once, in turn to each of the servers.
fn at_once(worlds: &[&World], form: &str) -> Vec<Answer> {
    let barrier = Barrier::new(PARALLEL);
    std::thread::scope(|scope| {
        let requests: Vec<_> = (0..PARALLEL)
            .map(|number| {
                let (world, barrier) = (worlds[number % worlds.len()], &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    world.post("/acme/oauth2/token", form, &[])
                })
            })
            .collect();
        requests.into_iter().map(|request| request.join().unwrap()).collect()
    })
}

fn one_code_one_success(worlds: &[&World]) {
    let world = worlds[0];
    world.register_public("public");
    let challenge = format!("&code_challenge={}&code_challenge_method=S256", crate::harness::CHALLENGE);
    for _ in 0..3 {
        let code = world.code_for("public", &challenge);
        let form = format!("grant_type=authorization_code&code={code}&client_id=public&code_verifier={VERIFIER}");
        let answers = at_once(worlds, &form);
        let successes = answers.iter().filter(|answer| answer.status == 200).count();
        assert!(successes <= 1, "{successes} of {PARALLEL} succeeded");
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.error() == "invalid_grant"));
    }
}

fn one_family_and_nobody_logged_out(worlds: &[&World]) {
    let world = worlds[0];
    world.register_public("public");
    let token = world.public_tokens("public")["refresh_token"].as_str().unwrap().to_owned();
    let refresh = |token: &str| format!("grant_type=refresh_token&refresh_token={token}&client_id=public");
    let answers = at_once(worlds, &refresh(&token));
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    // Whichever successor the client kept, it is the family's one successor: it works, and so does what follows it.
    let next = world.post("/acme/oauth2/token", &refresh(&answers[PARALLEL / 2].text("refresh_token")), &[]);
    assert_eq!(next.status, 200, "{}", next.body);
    let again = world.post("/acme/oauth2/token", &refresh(&next.text("refresh_token")), &[]);
    assert_eq!(again.status, 200, "{}", again.body);
}

#[test]
fn sqlite_a_code_is_redeemed_at_most_once() {
    one_code_one_success(&[&World::new()]);
}

#[test]
fn postgres_a_code_is_redeemed_at_most_once_across_two_processes() {
    let world = World::on(Engine::Postgres);
    let other = world.another();
    one_code_one_success(&[&world, &other]);
}

#[test]
fn sqlite_parallel_refreshes_are_one_family() {
    one_family_and_nobody_logged_out(&[&World::new()]);
}

#[test]
fn postgres_parallel_refreshes_are_one_family_across_two_processes() {
    let world = World::on(Engine::Postgres);
    let other = world.another();
    one_family_and_nobody_logged_out(&[&world, &other]);
}

#[test]
fn postgres_two_processes_behave_as_one() {
    let world = World::on(Engine::Postgres);
    let other = world.another();
    let code = world.code();
    let answer = other.token(&format!("grant_type=authorization_code&code={code}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.text("access_token");
    assert!(world.is_active(&token));
    let header = crate::harness::basic("app", crate::harness::SECRET);
    world.post("/acme/oauth2/revoke", &format!("token={token}"), &[("authorization", &header)]);
    assert!(!other.is_active(&token));
    let mut browser = other.bob();
    browser.world = &world;
    assert_eq!(browser.get("/acme/account").status, 200, "a session is good at every node");
}

fn a_withdrawal_leaves_no_code_behind(world: &World) {
    let mut bob = world.bob();
    let path = "/acme/oauth2/authorize?response_type=code&client_id=app&scope=read";
    for _ in 0..5 {
        bob.authorize(path.split_once('?').unwrap().1);
        let cookie = bob.cookie_header();
        let barrier = Barrier::new(9);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        world.get(path, &[("cookie", &cookie)])
                    })
                })
                .collect();
            barrier.wait();
            let now = world.server().clock().now();
            let withdraw = world.server().store().write(world.workspace, move |tx| {
                let (bob, app) = (tx.find_user_by_username("bob")?.unwrap(), tx.find_client("app")?.unwrap());
                tx.withdraw_consent(bob.id, app.row, now)
            });
            wait(withdraw).unwrap();
            asking.into_iter().map(|asking| asking.join().unwrap()).collect()
        });
        for code in answers.iter().filter_map(|answer| answer.answer_parameter("code")) {
            let answer = world.token(&format!("grant_type=authorization_code&code={code}"));
            assert_eq!(answer.status, 400, "a grant without consent: {}", answer.body);
        }
    }
}

#[test]
fn sqlite_a_withdrawal_leaves_no_code_behind() {
    a_withdrawal_leaves_no_code_behind(&World::new());
}

#[test]
fn postgres_a_withdrawal_leaves_no_code_behind() {
    a_withdrawal_leaves_no_code_behind(&World::on(Engine::Postgres));
}

#[test]
fn a_changed_password_beats_logins_that_are_being_checked() {
    let world = World::new();
    let slow = world.create_user_with("slow", dear_digest("old"));
    let logins: Vec<u16> = std::thread::scope(|scope| {
        let logins: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| crate::harness::Browser::new(&world).sign_in("/acme/login", "slow", "old").status))
            .collect();
        // Some of them wait for the hashing threads now: the first that is done says so.
        let grant = world.token("grant_type=password&username=slow&password=old");
        let now = world.server().clock().now();
        let digest = dear_digest("new");
        let reset = world.server().store().write(world.workspace, move |tx| {
            tx.set_password(slow, &digest)?;
            tx.end_sessions_of(slow, None, now)
        });
        wait(reset).unwrap();
        let refreshed = grant.json()["refresh_token"]
            .as_str()
            .map(|token| world.token(&format!("grant_type=refresh_token&refresh_token={token}")).status);
        assert!(refreshed.is_none_or(|status| status == 400));
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    });
    assert!(logins.iter().all(|status| [303, 422].contains(status)), "{logins:?}");
    let now = world.server().clock().now();
    let sessions = wait(world.server().store().read(world.workspace, move |tx| tx.list_sessions(slow, now))).unwrap();
    assert_eq!(sessions, [], "the old password signed in after the reset");
}

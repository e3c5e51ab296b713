//! What is kept of a workspace in memory (docs/decisions/0005): until it is changed, and, where no other process can change it, hardly
//! shorter.

use crate::harness::{Engine, SECRET, World, basic, wait};
use grantry_protocol::client::DynamicRegistration;
use grantry_protocol::types::Seconds;
use grantry_server::operator::{self, Command, app, key, workspace};
use grantry_storage::NewClient;
use std::sync::atomic::{AtomicBool, Ordering};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn operate(world: &World, command: Command) {
    wait(operator::execute(world.server(), command)).unwrap();
}

fn switch(world: &World, disabled: bool) {
    let changes = app::Changes { disabled: Some(disabled), ..app::Changes::default() };
    operate(world, Command::App("acme".to_owned(), app::Command::Update("app".to_owned(), Box::new(changes))));
}

/// How an app authenticates now.
fn status_of(world: &World, client_id: &str) -> u16 {
    world.post("/acme/oauth2/revoke", "token=x", &[("authorization", &basic(client_id, SECRET))]).status
}

fn status(world: &World) -> u16 {
    status_of(world, "app")
}

fn published(world: &World) -> usize {
    world.get("/acme/oauth2/jwks", &[]).json()["keys"].as_array().unwrap().len()
}

/// The clock stands still, so nothing is read again because of its age.
fn whatever_changes_is_seen_by_the_next_request(engine: Engine) {
    let world = World::on(engine);
    let acme = || "acme".to_owned();
    assert_eq!([status(&world), status(&world)], [200, 200]);
    switch(&world, true);
    assert_eq!(status(&world), 401);
    switch(&world, false);
    assert_eq!(status(&world), 200);

    let row = world.register("public", |_| ());
    assert_eq!(status_of(&world, "public"), 200);
    wait(world.server().store().write(world.workspace, move |tx| tx.delete_client(row))).unwrap();
    assert_eq!(status_of(&world, "public"), 401);

    let change = |changes| operate(&world, Command::Workspace(workspace::Command::Update(acme(), Box::new(changes))));
    change(workspace::Changes { disabled: Some(true), ..Default::default() });
    assert_eq!(status(&world), 404);
    change(workspace::Changes { disabled: Some(false), ..Default::default() });
    assert_eq!(status(&world), 200);

    assert_eq!([published(&world), published(&world)], [1, 1]);
    operate(&world, Command::Key(acme(), key::Command::RotateSigning(None)));
    assert_eq!(published(&world), 2);

    operate(&world, Command::Workspace(workspace::Command::Delete(acme())));
    assert_eq!(status(&world), 404);
    world.create_workspace("acme");
    assert_eq!(status(&world), 401, "another workspace, without that app");
}

#[test]
fn sqlite_whatever_changes_is_seen_by_the_next_request() {
    whatever_changes_is_seen_by_the_next_request(Engine::Sqlite);
}

#[test]
fn postgres_whatever_changes_is_seen_by_the_next_request() {
    whatever_changes_is_seen_by_the_next_request(Engine::Postgres);
}

fn an_app_that_is_cleaned_up_is_gone_for_the_next_request(engine: Engine) {
    let world = World::on(engine);
    let now = world.server().clock().now();
    // As it would be a month after it registered itself.
    let insert = world.server().store().write(world.workspace, move |tx| {
        let app = tx.find_client("app")?.unwrap();
        let new = NewClient {
            client_id: "unused".to_owned(),
            digest: Some(app.secrets[0].digest.clone()),
            registration: app.registration,
            owner: None,
            dynamic: Some(DynamicRegistration { generation: 0, unused_until: Some(now) }),
        };
        tx.insert_client(&new, now)
    });
    wait(insert).unwrap();
    world.pass(1);
    assert_eq!([status_of(&world, "unused"), status_of(&world, "unused")], [200, 200]);
    let now = world.server().clock().now();
    assert!(wait(world.server().store().write_instance(move |instance| instance.clean_up(now, 500))).unwrap() > 0);
    assert_eq!(status_of(&world, "unused"), 401);
    assert_eq!(status(&world), 200);
}

#[test]
fn sqlite_an_app_that_is_cleaned_up_is_gone_for_the_next_request() {
    an_app_that_is_cleaned_up_is_gone_for_the_next_request(Engine::Sqlite);
}

#[test]
fn postgres_an_app_that_is_cleaned_up_is_gone_for_the_next_request() {
    an_app_that_is_cleaned_up_is_gone_for_the_next_request(Engine::Postgres);
}

#[test]
fn on_sqlite_nothing_is_read_again_for_an_hour_unless_it_changes() {
    let world = World::new();
    assert_eq!([status(&world), status(&world)], [200, 200]);
    world.change_behind_its_back("UPDATE clients SET disabled_at = 1; UPDATE workspaces SET disabled_at = 1;");
    for _ in 0..59 {
        world.pass(60);
        assert_eq!(status(&world), 200, "it is kept while it is used");
    }
    world.pass(60);
    assert_eq!(status(&world), 404, "and not forever");

    world.change_behind_its_back("UPDATE workspaces SET disabled_at = NULL;");
    assert_eq!(status(&world), 401);
    world.change_behind_its_back("UPDATE clients SET disabled_at = NULL;");
    assert_eq!(status(&world), 401);
    // A change of something else brings the truth to light.
    world.create_user("carol", "secret");
    assert_eq!(status(&world), 401, "users are not kept, so theirs is none");
    world.register("other", |_| ());
    assert_eq!(status(&world), 200);
}

#[test]
fn a_secret_ends_in_time_though_nothing_changes() {
    let world = World::new();
    let rotate = app::Command::RotateSecret { client_id: "app".to_owned(), secret: None, keep_old: Seconds(600) };
    operate(&world, Command::App("acme".to_owned(), rotate));
    for _ in 0..600 {
        assert_eq!(status(&world), 200);
        world.pass(1);
    }
    assert_eq!(status(&world), 401);
}

#[test]
fn a_key_that_is_over_leaves_the_published_set_in_time_though_nothing_changes() {
    let world = World::new();
    assert_eq!(published(&world), 1);
    operate(&world, Command::Key("acme".to_owned(), key::Command::RotateSigning(None)));
    assert_eq!(published(&world), 2);
    // It signs for a day more, and what it signs lives for a day and an hour at most.
    let end = 2 * DAY + HOUR;
    for passed in [end - 1_000, 999] {
        world.pass(passed);
        assert_eq!(published(&world), 2);
    }
    world.pass(1);
    assert_eq!(published(&world), 1);
}

#[test]
fn a_key_is_renewed_though_nothing_changes_and_nobody_ever_stops_asking() {
    let world = World::new();
    assert_eq!(published(&world), 1);
    world.pass(89 * DAY - HOUR);
    let mut asked = 0;
    while published(&world) == 1 {
        // Half a minute apart for as long as the workspace may be kept, and then until the key is made, beside those who ask.
        world.pass(if asked < 240 { 30 } else { 0 });
        asked += 1;
        assert!(asked < 10_000, "no successor");
    }
}

/// What was read before a change is not kept after it, however often it is read while it changes.
fn a_change_is_not_lost_on_those_who_read_meanwhile(engine: Engine) {
    let (world, done) = (World::on(engine), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    status(&world);
                }
            });
        }
        let seen: Vec<_> = (100..160)
            .map(|turn| {
                world.change_workspace(|row| row.policy.lifetimes.access_token = Seconds(turn));
                let told = world.token("grant_type=client_credentials").json()["expires_in"].as_i64();
                switch(&world, true);
                let off = status(&world);
                switch(&world, false);
                (told, Some(turn), off, status(&world))
            })
            .collect();
        done.store(true, Ordering::SeqCst);
        let lost: Vec<_> = seen.iter().filter(|(told, turn, off, on)| (told, *off, *on) != (turn, 401, 200)).collect();
        assert!(lost.is_empty(), "{lost:?}");
    });
}

#[test]
fn sqlite_a_change_is_not_lost_on_those_who_read_meanwhile() {
    a_change_is_not_lost_on_those_who_read_meanwhile(Engine::Sqlite);
}

#[test]
fn postgres_a_change_is_not_lost_on_those_who_read_meanwhile() {
    a_change_is_not_lost_on_those_who_read_meanwhile(Engine::Postgres);
}

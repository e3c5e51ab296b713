//! Several processes on one PostgreSQL, and a PostgreSQL that goes away.

use crate::harness::{Engine, World, wait};
use crate::line::Line;
use grantry_server::operator::{self, Command, app};
use std::time::{Duration, Instant};

/// The longest that anyone waits to be told that the database is away, and that a database which is back is not noticed.
const SOON: Duration = Duration::from_secs(2);

#[test]
fn rfc9110_s15_6_4_while_postgres_is_away_everyone_is_put_off_at_once_and_soon_after_nobody_is() {
    let world = World::on(Engine::Postgres);
    let line = Line::to(world.postgres_address());
    let other = world.another_over(&line);
    let token = world.token("grant_type=password&username=bob&password=secret").text("access_token");
    let code = world.code();
    assert_eq!(other.introspect(&token).status, 200);

    line.cut();
    // Long enough for the pauses between two looks to grow as long as they get.
    let cut = Instant::now();
    while cut.elapsed() < Duration::from_secs(4) {
        let asked = Instant::now();
        let answers = [other.introspect(&token), other.token(&format!("grant_type=authorization_code&code={code}"))];
        for answer in answers {
            assert_eq!((answer.status, answer.error().as_str()), (503, "temporarily_unavailable"), "{}", answer.body);
            assert!(answer.header("retry-after").is_some());
        }
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    }
    // What was not answered with success did not happen.
    assert_eq!(world.token(&format!("grant_type=authorization_code&code={code}")).status, 200);

    line.mend();
    let mended = Instant::now();
    let mut row = 0;
    // Every connection of the process is good again, not only one of them.
    while row < 32 {
        assert!(mended.elapsed() < SOON, "after {:?} not every request is answered", mended.elapsed());
        row = if other.introspect(&token).status == 200 { row + 1 } else { 0 };
    }
}

#[test]
fn what_an_operator_changes_is_seen_here_at_once_and_at_other_processes_within_a_second() {
    let world = World::on(Engine::Postgres);
    let other = world.another();
    let ask = |world: &World| world.token("grant_type=client_credentials").status;
    assert_eq!([ask(&world), ask(&other)], [200, 200]);
    let changes = app::Changes { disabled: Some(true), ..app::Changes::default() };
    let switch_off = app::Command::Update("app".to_owned(), Box::new(changes));
    wait(operator::execute(world.server(), Command::App("acme".to_owned(), switch_off))).unwrap();
    assert_eq!(ask(&world), 401);
    world.pass(1);
    assert_eq!(ask(&other), 401);
}

//! Users and their sessions.

use crate::world::{NOW, World, active, days, later, on_both_engines, session, user};
use grantry_protocol::account::User;
use grantry_protocol::grant::GrantState;
use grantry_storage::{NewUser, Page, StorageError};

on_both_engines!(
    a_user_is_found_by_every_name,
    a_taken_name_is_a_conflict_and_nothing_else_happens,
    a_user_can_change_and_go,
    a_search_takes_wildcards_literally,
    a_session_ends_once_with_its_grants,
    all_sessions_but_one_can_be_ended,
    a_session_is_touched_rarely,
);

const ALL: Page = Page { limit: 100, offset: 0 };

fn a_user_is_found_by_every_name(world: &World) {
    let id = world.write(|tx| tx.insert_user(&NewUser { admin: true, ..user("bob") }, NOW));
    let expected = User {
        id,
        subject: "sub-bob".to_owned(),
        username: "bob".to_owned(),
        display_name: "bob of Test".to_owned(),
        admin_since: Some(NOW),
        disabled_at: None,
        created_at: NOW,
        claims: "{}".to_owned(),
    };
    assert_eq!(world.read(move |tx| tx.find_user(id)), Some(expected.clone()));
    assert_eq!(world.read(|tx| tx.find_user_by_username("bob")), Some(expected.clone()));
    assert_eq!(world.read(|tx| tx.find_user_by_username("Bob")), None);
    assert_eq!(world.read(|tx| tx.find_user_by_subject("sub-bob")), Some(expected.clone()));
    let with_password = (expected, Some("digest of bob".to_owned()));
    assert_eq!(world.read(|tx| tx.find_password("bob")), Some(with_password));
}

fn a_taken_name_is_a_conflict_and_nothing_else_happens(world: &World) {
    world.user("bob");
    let taken = world.try_write(|tx| {
        tx.insert_user(&user("alice"), NOW)?;
        tx.insert_user(&NewUser { subject: "other".to_owned(), ..user("bob") }, NOW)
    });
    assert_eq!(taken, Err(StorageError::Conflict));
    let subject_taken =
        world.try_write(|tx| tx.insert_user(&NewUser { username: "other".to_owned(), ..user("bob") }, NOW));
    assert_eq!(subject_taken, Err(StorageError::Conflict));
    assert_eq!(world.read(|tx| tx.count_users("")), 1);
}

fn a_user_can_change_and_go(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    world.user("alice");
    assert!(world.write(move |tx| tx.set_password(bob, "new digest")));
    let (mut changed, digest) = world.read(|tx| tx.find_password("bob")).unwrap();
    assert_eq!(digest.as_deref(), Some("new digest"));

    changed.display_name = "Robert".to_owned();
    changed.disabled_at = Some(NOW);
    let written = changed.clone();
    assert!(world.write(move |tx| tx.update_user(&written)));
    assert_eq!(world.read(move |tx| tx.find_user(bob)), Some(changed.clone()));
    let (known, said) = (changed.clone(), User { display_name: "Rob".to_owned(), ..changed.clone() });
    assert!(!world.write(move |tx| tx.change_profile(&known, &said)), "whoever is switched off says nothing any more");
    changed.username = "alice".to_owned();
    assert_eq!(world.try_write(move |tx| tx.update_user(&changed)), Err(StorageError::Conflict));

    let began = world.write(move |tx| tx.insert_session(&session(bob), NOW));
    let grant = world.grant(active(bob, app));
    let registered = world.write(move |tx| {
        tx.remember_consent(bob, app, &crate::world::scope("read"), NOW)?;
        tx.insert_client(&grantry_storage::NewClient { owner: Some(bob), ..crate::world::client("bobs") }, NOW)
    });
    assert!(world.write(move |tx| tx.delete_user(bob, NOW)));
    assert!(!world.write(move |tx| tx.delete_user(bob, NOW)));
    assert_eq!(world.read(move |tx| tx.find_user(bob)), None);
    assert_eq!(world.read(move |tx| tx.find_session(began)), None);
    assert_eq!(world.read(move |tx| tx.find_grant(grant)), None);
    assert_eq!(world.read(move |tx| tx.find_consent(bob, app)), None);
    assert_eq!(world.read(move |tx| tx.find_client_by_row(registered)).unwrap().owner, None);
}

fn a_search_takes_wildcards_literally(world: &World) {
    for name in ["100%", "1000", "a_b", "axb", "back\\slash", "Müller"] {
        world.user(name);
    }
    let found = |search: &'static str| -> Vec<String> {
        let users = world.read(move |tx| tx.list_users(search, ALL));
        assert_eq!(world.read(move |tx| tx.count_users(search)), users.len() as i64);
        users.into_iter().map(|user| user.username).collect()
    };
    assert_eq!(found("100%"), ["100%"]);
    assert_eq!(found("A_B"), ["a_b"]);
    assert_eq!(found("\\"), ["back\\slash"]);
    assert_eq!(found("MüLL"), ["Müller"]);
    assert_eq!(found("OF TEST").len(), 6);
    assert_eq!(found("'; --"), [""; 0]);
    let page = |limit, offset| world.read(move |tx| tx.list_users("", Page { limit, offset })).len();
    assert_eq!((page(4, 0), page(4, 4), page(4, 8)), (4, 2, 0));
}

fn a_session_ends_once_with_its_grants(world: &World) {
    let (bob, alice, app) = (world.user("bob"), world.user("alice"), world.client("app"));
    let id = world.write(move |tx| tx.insert_session(&session(bob), NOW));
    let mut given = active(bob, app);
    given.session = Some(id);
    let (inside, outside) = (world.grant(given), world.grant(active(bob, app)));

    let (found, its_user) = world.read(move |tx| tx.find_session(id)).unwrap();
    assert_eq!((found.user, its_user.id, found.last_seen_at), (bob, bob, NOW));
    assert!(found.is_live(NOW) && !found.is_live(later(3_600)));

    assert!(world.write(move |tx| tx.end_session(id, alice, NOW)).is_none());
    assert_eq!(world.write(move |tx| tx.end_session(id, bob, later(1))), Some(vec![]));
    assert!(world.write(move |tx| tx.end_session(id, bob, later(2))).is_none());
    assert_eq!(world.read(move |tx| tx.find_session(id)).unwrap().0.ended_at, Some(later(1)));
    let state = |grant| world.read(move |tx| tx.find_grant(grant)).unwrap().state;
    assert_eq!((state(inside), state(outside)), (GrantState::Revoked, GrantState::Active));
}

fn all_sessions_but_one_can_be_ended(world: &World) {
    let (bob, alice) = (world.user("bob"), world.user("alice"));
    let begin = |user| world.write(move |tx| tx.insert_session(&session(user), NOW));
    let (first, second, third, hers) = (begin(bob), begin(bob), begin(bob), begin(alice));
    let list = |user, now| -> Vec<_> {
        world.read(move |tx| tx.list_sessions(user, now)).into_iter().map(|session| session.id).collect()
    };
    assert_eq!(list(bob, NOW), [third, second, first]);
    assert_eq!(list(bob, later(3_600)), []);
    assert_eq!(world.write(move |tx| tx.end_sessions_of(bob, Some(second), NOW)), 2);
    assert_eq!(list(bob, NOW), [second]);
    assert_eq!(world.write(move |tx| tx.end_sessions_of(bob, None, NOW)), 1);
    assert_eq!((list(bob, NOW), list(alice, NOW)), (vec![], vec![hers]));
}

fn a_session_is_touched_rarely(world: &World) {
    let bob = world.user("bob");
    let id = world.write(move |tx| tx.insert_session(&session(bob), NOW));
    let seen_after = |now| {
        world.write(move |tx| tx.touch_session(id, now));
        world.read(move |tx| tx.find_session(id)).unwrap().0.last_seen_at
    };
    assert_eq!(seen_after(later(300)), NOW);
    assert_eq!(seen_after(later(301)), later(301));
    assert_eq!(seen_after(days(-1)), later(301));
}

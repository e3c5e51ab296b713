//! What access tokens rest on: whether it is kept in memory or not, it is what would be read now.

use crate::world::{NOW, OPTIONS, World, active, days, later, on_both_engines, scope, session, wait};
use grantry_protocol::grant::NewGrant;
use grantry_protocol::sealed::{AccessSubject, AccessToken};
use grantry_protocol::{ClientRow, GrantId, SessionId, Timestamp, UserId};
use grantry_storage::{Backing, Database, Result, StorageError, Tx};

on_both_engines!(
    whatever_changes_counts_from_the_next_look,
    what_was_read_before_a_change_is_not_kept_after_it,
    a_change_counts_that_was_committed_beside_a_failure,
    nobody_sees_what_is_kept_of_another_token,
);

fn token(about: AccessSubject, id: u8) -> AccessToken {
    AccessToken {
        token_id: [id; 16],
        about,
        scope: scope("read"),
        audience: Vec::new(),
        issued_at: NOW,
        expires_at: days(1),
    }
}

fn look_at(world: &World, token: &AccessToken, now: Timestamp) -> Option<Backing> {
    wait(world.store.backing_of(world.here, token, now)).unwrap()
}

fn look(world: &World, token: &AccessToken) -> Option<Backing> {
    look_at(world, token, NOW)
}

/// What the database says now.
fn is_so(world: &World, token: &AccessToken) -> Option<Backing> {
    let (about, id) = (token.about, token.token_id);
    world.read(move |tx| tx.find_backing(about, &id))
}

/// A user, signed in, who granted something to a client, which also acts for itself.
#[derive(Clone)]
struct Given {
    user: UserId,
    client: ClientRow,
    session: SessionId,
    grant: GrantId,
    token: AccessToken,
    of_client: AccessToken,
}

fn given(world: &World, name: &'static str) -> Given {
    let (user, client) = (world.user(name), world.client(name));
    let session = world.write(move |tx| tx.insert_session(&session(user), NOW));
    let grant =
        world.grant(NewGrant { session: Some(session), scope: scope("read offline_access"), ..active(user, client) });
    let (token, of_client) = (token(AccessSubject::Grant(grant), 1), token(AccessSubject::Client(client), 2));
    Given { user, client, session, grant, token, of_client }
}

/// A change, made by `work`, after which one of the tokens rests on something else.
fn counts<T: Send + 'static>(world: &mut World, name: &'static str, work: fn(&mut Tx<'_>, &Given) -> Result<T>) {
    let given = given(world, name);
    let Given { user, client, token, of_client, .. } = given.clone();
    let before = [look(world, &token), look(world, &of_client)];
    assert!(before.iter().all(Option::is_some));
    // What is kept, where something is, is the same.
    assert_eq!([look(world, &token), look(world, &of_client)], before);
    world.write(move |tx| work(tx, &given));
    let after = [look(world, &token), look(world, &of_client)];
    assert_eq!(after, [is_so(world, &token), is_so(world, &of_client)]);
    assert_ne!(after, before, "{name}");
    world.write(move |tx| tx.delete_client(client));
    assert_eq!(look(world, &token), None);
    let _ = world.write(move |tx| tx.delete_user(user, NOW));
}

fn whatever_changes_counts_from_the_next_look(world: &mut World) {
    counts(world, "deny", |tx, _| tx.deny_token(&[1; 16], days(1)));
    world.instance(|instance| instance.clean_up(days(2), 100));
    counts(world, "deny_of_client", |tx, _| tx.deny_token(&[2; 16], days(1)));
    world.instance(|instance| instance.clean_up(days(2), 100));
    counts(world, "revoke", |tx, it| tx.revoke_grant(it.grant, NOW));
    counts(world, "revoke_all", |tx, it| tx.revoke_grants_of(it.user, it.client, NOW));
    counts(world, "withdraw", |tx, it| {
        tx.remember_consent(it.user, it.client, &scope("read"), NOW)?;
        tx.withdraw_consent(it.user, it.client, NOW)
    });
    counts(world, "use", |tx, it| tx.touch_grant(it.grant, later(9), days(40)));
    counts(world, "sign_out", |tx, it| tx.end_session(it.session, it.user, NOW));
    counts(world, "sign_out_everywhere", |tx, it| tx.end_sessions_of(it.user, None, NOW));
    counts(world, "disable", |tx, it| {
        let mut disabled = tx.find_user(it.user)?.ok_or(StorageError::Unavailable)?;
        disabled.disabled_at = Some(NOW);
        tx.update_user(&disabled)
    });
    counts(world, "rename", |tx, it| {
        let mut renamed = tx.find_user(it.user)?.ok_or(StorageError::Unavailable)?;
        renamed.username = "renamed".to_owned();
        tx.update_user(&renamed)
    });
    counts(world, "delete_user", |tx, it| tx.delete_user(it.user, NOW));
    counts(world, "delete_client", |tx, it| tx.delete_client(it.client));

    let Given { token, .. } = given(world, "clean_up");
    assert!(look(world, &token).is_some());
    // What is over is removed across workspaces.
    assert!(look_at(world, &token, days(200)).is_some());
    while world.instance(|instance| instance.clean_up(days(200), 100)) > 0 {}
    assert_eq!(look_at(world, &token, days(200)), None);

    let Given { token, .. } = given(world, "workspace");
    assert!(look(world, &token).is_some());
    let here = world.here;
    world.instance(move |instance| instance.delete_workspace(here));
    assert_eq!(look(world, &token), None);
}

/// Those who look while something changes see it before or after, and what they saw before is nobody's answer after.
fn what_was_read_before_a_change_is_not_kept_after_it(world: &mut World) {
    let world = &*world;
    let Given { user, client, token: first, .. } = given(world, "bob");
    for id in 3..200 {
        let grant = world.grant(active(user, client));
        let token = token(AccessSubject::Grant(grant), id);
        std::thread::scope(|threads| {
            let looking = threads.spawn(|| (0..50).for_each(|_| drop(look(world, &token))));
            world.write(move |tx| tx.revoke_grant(grant, NOW));
            assert_eq!(look(world, &token), is_so(world, &token));
            looking.join().unwrap();
        });
        assert_eq!(look(world, &token), is_so(world, &token));
    }
    assert!(look(world, &first).is_some());
}

fn a_change_counts_that_was_committed_beside_a_failure(world: &mut World) {
    let Given { grant, token, .. } = given(world, "bob");
    assert!(look(world, &token).is_some());
    // Where both are in one transaction, they are run again, one by one.
    let refused = world.store.write(world.here, |_| Err::<(), _>(StorageError::Busy));
    let revoked = world.store.write(world.here, move |tx| tx.revoke_grant(grant, NOW));
    let outcomes = wait(async { tokio::join!(refused, revoked) });
    assert_eq!(outcomes, (Err(StorageError::Busy), Ok(true)));
    assert_eq!(look(world, &token), is_so(world, &token));
}

fn nobody_sees_what_is_kept_of_another_token(world: &mut World) {
    let Given { client, token: own, .. } = given(world, "bob");
    assert!(look(world, &own).is_some());
    let elsewhere = wait(world.store.backing_of(world.elsewhere, &own, NOW)).unwrap();
    assert_eq!(elsewhere, None);
    let same_id = token(AccessSubject::Client(client), 1);
    assert_eq!(look(world, &same_id), Some(Backing::Client(client)));
}

#[test]
fn sqlite_keeps_nothing_where_it_does_not_tell_of_each_row() {
    let mut world = World::on_sqlite();
    let Database::Sqlite(path) = world.database.clone() else { panic!("it is a file") };
    world.store.close();
    let connection = rusqlite::Connection::open(path).unwrap();
    let table: String =
        connection.query_one("SELECT sql FROM sqlite_schema WHERE name = 'grants'", [], |row| row.get(0)).unwrap();
    let tree = table.replace("PRIMARY KEY (id)\n) STRICT", "PRIMARY KEY (workspace_id, id)\n) STRICT, WITHOUT ROWID");
    assert_ne!(table, tree);
    connection.execute_batch(&format!("DROP TABLE grants; {tree}")).unwrap();
    drop(connection);
    world.reopen(OPTIONS);
    counts(&mut world, "bob", |tx, it| tx.revoke_grant(it.grant, NOW));
}

//! Opening, closing, and copying a database.

use crate::world::{NOW, OPTIONS, Place, World, on_both_engines, open, user, wait};
use grantry_storage::{BackupError, Database, OpenError, Options, Page, StorageError, Store};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;

on_both_engines!(
    a_closed_store_has_kept_everything,
    a_newer_schema_is_refused,
    a_schema_is_made_only_when_asked,
    a_store_answers_whether_it_can_write,
);

fn a_closed_store_has_kept_everything(world: &mut World) {
    for number in 0..20 {
        let work = move |tx: &mut grantry_storage::Tx| tx.insert_user(&user(&format!("user-{number}")), NOW).map(drop);
        world.store.write_later(world.here, work);
    }
    world.store.close();
    world.store.close();
    let closed = Err(StorageError::Unavailable);
    assert_eq!(wait(world.store.read(world.here, |tx| tx.count_users("").map(drop))), closed);
    assert_eq!(world.try_write(|_| Ok(())), closed);
    assert_eq!(wait(world.store.ping()), closed);
    world.reopen(Options { migrate: false, create: false, ..OPTIONS });
    assert_eq!(world.read(|tx| tx.count_users("")), 20);
}

fn a_newer_schema_is_refused(world: &mut World) {
    world.store.close();
    world.run_sql("INSERT INTO grantry_schema (version, applied_at) VALUES (99, 0)");
    let refused = open(&world.database, OPTIONS).err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 99, known: 3 }));
    assert!(refused.to_string().contains("use a newer program"));
}

fn a_schema_is_made_only_when_asked(world: &mut World) {
    let on_sqlite = matches!(world.database, Database::Sqlite(_));
    let (database, _place) = if on_sqlite { Place::on_sqlite() } else { Place::on_postgres() };
    let only_look = Options { migrate: false, ..OPTIONS };
    let refused = open(&database, only_look).err().unwrap();
    assert!(matches!(refused, OpenError::NeedsMigration { found: 0, needed: 3 }), "{refused}");
    drop(open(&database, OPTIONS).unwrap());
    open(&database, only_look).unwrap();
}

fn a_store_answers_whether_it_can_write(world: &World) {
    assert_eq!(wait(world.store.ping()), Ok(()));
}

#[test]
fn processes_that_start_together_make_one_schema_on_postgres() {
    let (database, _place) = Place::on_postgres();
    let stores: Vec<Store> = thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&database, OPTIONS).unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(stores.iter().all(|store| wait(store.ping()).is_ok()));
}

#[test]
fn a_lost_connection_is_made_again_on_postgres() {
    let world = World::on_postgres();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for name in ["a", "b", "c"] {
        world.run_sql(cut);
        world.user(name);
        world.run_sql(cut);
        assert!(world.read(move |tx| tx.find_user_by_username(name)).is_some());
    }
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    let database = Database::parse("postgres://grantry:hunter2@127.0.0.1:1/grantry").unwrap();
    let refused = open(&database, OPTIONS).err().unwrap().to_string();
    assert!(refused.contains("cannot open the database") && !refused.contains("hunter2"), "{refused}");
}

#[test]
fn one_process_has_the_file_to_itself() {
    let world = World::on_sqlite();
    let refused = open(&world.database, OPTIONS).err().unwrap();
    assert!(matches!(&refused, OpenError::Locked(lock) if lock.ends_with("grantry.lock")), "{refused}");
    world.store.close();
    open(&world.database, OPTIONS).unwrap();
}

#[test]
fn a_file_that_is_missing_is_made_only_when_asked() {
    let (database, _place) = Place::on_sqlite();
    let refused = open(&database, Options { create: false, ..OPTIONS }).err().unwrap();
    assert!(matches!(refused, OpenError::Missing(_)));
    let nowhere = Database::Sqlite("/nonexistent/grantry.db".into());
    assert!(matches!(open(&nowhere, OPTIONS).err().unwrap(), OpenError::File { .. }));
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let (database, _place) = Place::on_sqlite();
    let Database::Sqlite(path) = &database else { unreachable!() };
    fs::write(path, "not a database, but a poem").unwrap();
    assert!(matches!(open(&database, OPTIONS).err().unwrap(), OpenError::Engine(_)));
    assert_eq!(fs::read_to_string(path).unwrap(), "not a database, but a poem");
}

#[test]
fn its_files_are_for_the_owner_only() {
    let world = World::on_sqlite();
    let Database::Sqlite(path) = &world.database else { unreachable!() };
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
}

#[test]
fn a_copy_is_a_database_of_its_own() {
    let world = World::on_sqlite();
    world.user("bob");
    let (copy, _place) = Place::on_sqlite();
    let Database::Sqlite(to) = &copy else { unreachable!() };
    wait(world.store.backup(to.clone())).unwrap();
    world.user("alice");
    let opened = open(&copy, OPTIONS).unwrap();
    let users = wait(opened.read(world.here, |tx| tx.list_users("", Page { limit: 9, offset: 0 }))).unwrap();
    assert_eq!(users.into_iter().map(|user| user.username).collect::<Vec<_>>(), ["bob"]);
    assert!(matches!(wait(world.store.backup(to.clone())), Err(BackupError::Exists(_))));
    assert!(matches!(wait(world.store.backup("/nonexistent/copy".into())), Err(BackupError::File { .. })));
}

#[test]
fn postgres_is_copied_with_its_own_tools() {
    let world = World::on_postgres();
    let refused = wait(world.store.backup("copy".into())).unwrap_err();
    assert!(refused.to_string().contains("pg_dump"));
}

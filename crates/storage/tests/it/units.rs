//! Units of work: all or nothing, whatever happens to their neighbours.

use crate::world::{NOW, OPTIONS, World, on_both_engines, user, wait};
use grantry_storage::{NewUser, Options, StorageError};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

on_both_engines!(
    a_failing_job_harms_no_neighbour,
    a_failure_cannot_be_overlooked,
    work_that_reads_cannot_write,
    too_much_work_is_refused,
    work_in_the_way_of_each_other_gets_through,
    ids_that_collide_are_given_anew,
    ids_follow_time,
    text_may_hold_anything,
);

/// Puts work behind a unit of work that waits, so that SQLite takes it into one transaction.
fn behind_a_busy_writer<T>(world: &World, run: impl FnOnce() -> T) -> T {
    let (release, released) = mpsc::channel::<()>();
    let (started, starting) = mpsc::channel::<()>();
    let (store, here) = (world.store.clone(), world.here);
    let writer = thread::spawn(move || {
        let mut once = Some((started, released));
        wait(store.write(here, move |_| {
            if let Some((started, released)) = once.take() {
                started.send(()).unwrap();
                released.recv().unwrap();
            }
            Ok(())
        }))
    });
    starting.recv().unwrap();
    let done = run();
    release.send(()).unwrap();
    writer.join().unwrap().unwrap();
    done
}

fn a_failing_job_harms_no_neighbour(world: &World) {
    world.user("taken");
    let jobs: Vec<_> = behind_a_busy_writer(world, || {
        let names = ["good-1", "refused", "good-2", "taken", "good-3", "panics", "good-4"];
        let jobs = names.map(|name| {
            let (store, here) = (world.store.clone(), world.here);
            let job = thread::spawn(move || {
                wait(store.write(here, move |tx| {
                    tx.insert_user(&NewUser { subject: format!("first-{name}"), ..user(&format!("{name}-too")) }, NOW)?;
                    match name {
                        "refused" => Err(StorageError::Busy),
                        "panics" => panic!("as it was told"),
                        _ => tx.insert_user(&user(name), NOW),
                    }
                }))
            });
            thread::sleep(Duration::from_millis(20));
            (name, job)
        });
        jobs.into_iter().collect()
    });
    for (name, job) in jobs {
        let outcome = job.join().unwrap();
        match name {
            "refused" => assert_eq!(outcome, Err(StorageError::Busy)),
            "taken" => assert_eq!(outcome, Err(StorageError::Conflict)),
            "panics" => assert_eq!(outcome, Err(StorageError::Unavailable)),
            _ => assert!(outcome.is_ok()),
        }
        let trace = format!("{name}-too");
        let kept = world.read(move |tx| tx.find_user_by_username(&trace)).is_some();
        assert_eq!(kept, outcome.is_ok(), "{name}");
    }
    world.user("later");
}

fn a_failure_cannot_be_overlooked(world: &World) {
    world.user("bob");
    let outcome = world.try_write(|tx| {
        tx.insert_user(&user("alice"), NOW)?;
        let _ = tx.insert_user(&user("bob"), NOW);
        Ok(())
    });
    assert_eq!(outcome, Err(StorageError::Conflict));
    assert_eq!(world.read(|tx| tx.count_users("")), 1);
}

fn work_that_reads_cannot_write(world: &World) {
    let outcome = wait(world.store.read(world.here, |tx| tx.insert_user(&user("bob"), NOW)));
    assert_eq!(outcome, Err(StorageError::Unavailable));
    assert_eq!(world.read(|tx| tx.count_users("")), 0);
}

fn too_much_work_is_refused(world: &mut World) {
    world.reopen(Options { queue: 2, postgres_connections: 1, ..OPTIONS });
    let world = &*world;
    let jobs = behind_a_busy_writer(world, || {
        let start = |_| {
            let (store, here) = (world.store.clone(), world.here);
            let job = thread::spawn(move || wait(store.write(here, |_| Ok(()))));
            thread::sleep(Duration::from_millis(50));
            job
        };
        let jobs = [0, 1, 2, 3].map(start);
        world.store.write_later(world.here, |_| Ok(()));
        jobs
    });
    let busy = Err(StorageError::Busy);
    assert_eq!(jobs.map(|job| job.join().unwrap()), [Ok(()), Ok(()), busy, busy]);
}

/// Two units of work that take two rows in opposite order: PostgreSQL breaks the deadlock, and the store tries again.
fn work_in_the_way_of_each_other_gets_through(world: &World) {
    let (bob, alice) = (world.user("bob"), world.user("alice"));
    let jobs = [[bob, alice], [alice, bob]].map(|order| {
        let (store, here) = (world.store.clone(), world.here);
        thread::spawn(move || {
            wait(store.write(here, move |tx| {
                tx.set_password(order[0], "first")?;
                thread::sleep(Duration::from_millis(200));
                tx.set_password(order[1], "second")
            }))
        })
    });
    for job in jobs {
        assert_eq!(job.join().unwrap(), Ok(true));
    }
}

/// A process that starts at the same moment and with the same seed as another gets the same ids.
fn ids_that_collide_are_given_anew(world: &mut World) {
    let insert = |world: &World, process: &'static str| {
        for number in 0..50 {
            world.write(move |tx| tx.insert_user(&user(&format!("{process}-{number}")), NOW));
        }
    };
    insert(world, "one");
    let [one, other] = world.two_stores();
    insert(&*world, "two");
    drop((one, other));
    world.reopen(OPTIONS);
    insert(world, "three");
    assert_eq!(world.read(|tx| tx.count_users("")), 150);
}

fn ids_follow_time(world: &World) {
    let ids: Vec<_> = ["a", "b", "c", "d"].map(|name| world.user(name)).into();
    assert!(ids.is_sorted() && ids[0].0 > 0);
}

/// What a server must refuse earlier is still no reason to fall over.
fn text_may_hold_anything(world: &World) {
    let strange = "\u{1F980} '; DROP TABLE users; -- \u{FFFF} $1 ?1";
    world.write(move |tx| tx.insert_user(&NewUser { display_name: strange.to_owned(), ..user("bob") }, NOW));
    assert_eq!(world.read(|tx| tx.find_user_by_username("bob")).unwrap().display_name, strange);
    // PostgreSQL has no NUL in text.
    let outcome = world.try_write(|tx| tx.insert_user(&user("nul\0"), NOW));
    assert!(matches!(outcome, Ok(_) | Err(StorageError::Unavailable)));
    world.user("alice");
}

//! What was answered is true after a crash, and on a full disk nothing is answered that is not.

use crate::world::{NOW, OPTIONS, Place, active, client, open, user, wait, workspace};
use grantry_protocol::grant::GrantState;
use grantry_protocol::{ClientRow, GrantId, UserId, WorkspaceId};
use grantry_storage::{Database, NewUser, Store};
use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// Tells a child process where to write; without it the tests that are its programs have nothing to do.
const DATABASE: &str = "GRANTRY_TEST_CHILD_DATABASE";

/// This test binary as a program that runs one test only, under `prefix` of a shell line.
fn child(prefix: &str, program: &str, database: &Path) -> Command {
    let mut command = Command::new("sh");
    let test = env::current_exe().unwrap();
    command.args(["-c", &format!("{prefix} exec \"$0\" --exact --nocapture \"$1\"")]).arg(test).arg(program);
    command.env(DATABASE, database).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn set_up(store: &Store) -> (WorkspaceId, UserId, ClientRow) {
    let set_up = store.write_instance(|instance| {
        let id = instance.create_workspace(&workspace("here"), NOW)?;
        let mut tx = instance.within(id);
        Ok((id, tx.insert_user(&user("bob"), NOW)?, tx.insert_client(&client("app"), NOW)?))
    });
    wait(set_up).unwrap()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

/// The numbers behind a word in what a child said.
fn said(lines: &[String], word: &str) -> BTreeSet<i64> {
    lines.iter().filter_map(|line| line.strip_prefix(word)).map(|number| number.trim().parse().unwrap()).collect()
}

/// A program: gives grants and revokes every other one, in eight threads, and says what was answered.
#[test]
fn child_writes_until_it_is_killed() {
    let Some(path) = env::var_os(DATABASE) else { return };
    let store = open(&Database::Sqlite(path.into()), OPTIONS).unwrap();
    let (here, bob, app) = set_up(&store);
    say(&format!("workspace {here}"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for round in 0.. {
                    let id = wait(store.write(here, move |tx| tx.insert_grant(&active(bob, app)))).unwrap();
                    say(&format!("given {id}"));
                    if round % 2 == 0 {
                        assert_eq!(wait(store.write(here, move |tx| tx.revoke_grant(id, NOW))), Ok(true));
                        say(&format!("revoked {id}"));
                    }
                }
            });
        }
    });
}

#[test]
fn a_killed_process_has_lost_nothing_it_answered() {
    let (database, _place) = Place::on_sqlite();
    let Database::Sqlite(path) = &database else { unreachable!() };
    let mut child = child("", "durability::child_writes_until_it_is_killed", path).spawn().unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        lines.push(line.unwrap());
        if lines.len() == 600 {
            // SIGKILL; what the child had said by then is still read.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    let (given, revoked) = (said(&lines, "given "), said(&lines, "revoked "));
    let here = WorkspaceId(*said(&lines, "workspace ").first().unwrap());
    assert!(given.len() > 200 && revoked.len() > 100);

    let store = open(&database, OPTIONS).unwrap();
    for id in given {
        let grant = wait(store.read(here, move |tx| tx.find_grant(GrantId(id)))).unwrap().expect("it was answered");
        assert!(grant.state == GrantState::Revoked || !revoked.contains(&id), "{id} is alive again");
    }
}

/// A program: writes users that fill the disk, and says what was answered, until nothing is taken any more.
#[test]
fn child_writes_until_the_disk_is_full() {
    let Some(path) = env::var_os(DATABASE) else { return };
    let store = open(&Database::Sqlite(path.into()), OPTIONS).unwrap();
    let (here, bob, _) = set_up(&store);
    say(&format!("workspace {here}"));
    for number in 0..1_000 {
        let claims = format!("{{\"x\":\"{}\"}}", "x".repeat(40_000));
        let new = NewUser { claims, ..user(&format!("user-{number}")) };
        match wait(store.write(here, move |tx| tx.insert_user(&new, NOW))) {
            Ok(id) => say(&format!("written {id}")),
            Err(_) => {
                say(&format!("refused {number}"));
                break;
            }
        }
    }
    // What is there can still be read, and nobody is told that the store is ready.
    assert!(wait(store.read(here, move |tx| tx.find_user(bob))).unwrap().is_some());
    assert!(wait(store.ping()).is_err());
}

#[test]
fn a_full_disk_is_never_a_success() {
    let (database, _place) = Place::on_sqlite();
    let Database::Sqlite(path) = &database else { unreachable!() };
    // No file may be longer than 2 MiB, and to try is an error instead of a signal.
    let limited = "trap '' XFSZ; ulimit -f 4096;";
    let output = child(limited, "durability::child_writes_until_the_disk_is_full", path).output().unwrap();
    let lines: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert!(output.status.success(), "{lines:?}");
    let (written, refused) = (said(&lines, "written "), said(&lines, "refused "));
    let here = WorkspaceId(*said(&lines, "workspace ").first().unwrap());
    assert_eq!(refused.len(), 1);
    assert!(written.len() > 10);

    let store = open(&database, OPTIONS).unwrap();
    let count = written.len() as i64;
    for id in written {
        assert!(wait(store.read(here, move |tx| tx.find_user(UserId(id)))).unwrap().is_some());
    }
    assert_eq!(wait(store.read(here, |tx| tx.count_users("user-"))), Ok(count));
    assert!(wait(store.write(here, |tx| tx.insert_user(&user("there is room again"), NOW))).is_ok());
}

//! A database that is missing, in use, too new, or not this key's; and copies of it.

use crate::world::Home;
use serde_json::json;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_missing_database_is_not_made_by_looking() {
    let home = Home::new();
    for words in ["workspace list", "user list --workspace a", "app list --workspace a", "key list --workspace a"] {
        let said = home.fails(1, words);
        assert!(said.starts_with("there is no database at ") && said.contains("grantry serve"), "{said}");
    }
    assert!(!home.data("").exists());
}

#[test]
fn what_is_made_belongs_to_its_owner() {
    let home = Home::new();
    home.json("workspace create acme");
    assert_eq!(mode(&home.data("")), 0o700);
    assert_eq!(mode(&home.data("grantry.db")), 0o600);
    assert_eq!(mode(&home.data("master.key")), 0o600);
    let server = home.start("serve --listen 127.0.0.1:0");
    assert_eq!(mode(&home.data("control.sock")), 0o600);
    drop(server);
}

#[test]
fn a_database_in_use_says_so() {
    let home = Home::new();
    home.json("workspace create acme");
    let lock = File::options().write(true).open(home.data("grantry.lock")).unwrap();
    lock.try_lock().unwrap();
    assert!(home.fails(1, "serve --listen 127.0.0.1:0 --log-level error").contains("another process has sqlite:"));
    let said = home.fails(1, "workspace list");
    assert!(said.contains("does not answer at its control socket"), "{said}");
}

#[test]
fn two_servers_do_not_share_a_port() {
    let (home, other) = (Home::new(), Home::new());
    let server = home.start("serve --listen 127.0.0.1:0");
    let address = server.ready["listen"].as_str().unwrap();
    let said = other.fails(1, &format!("serve --listen {address}"));
    assert!(said.starts_with(&format!("cannot listen on {address}: Address already in use")), "{said}");
}

#[test]
fn a_newer_database_is_left_alone() {
    let home = Home::new();
    home.json("workspace create acme");
    let database = rusqlite::Connection::open(home.data("grantry.db")).unwrap();
    database.execute("INSERT INTO grantry_schema (version, applied_at) VALUES (999, 0)", []).unwrap();
    database.close().unwrap();
    for words in ["workspace list", "migrate", "serve --listen 127.0.0.1:0"] {
        let said = home.fails(1, words);
        assert!(said.contains("schema version 999") && said.contains("use a newer program"), "{said}");
    }
}

#[test]
fn the_master_key_must_be_the_right_one() {
    let home = Home::new();
    home.json("workspace create acme");
    let key = home.data("master.key");
    let right = fs::read_to_string(&key).unwrap();

    let generated = home.run("key generate-master", "").stdout;
    assert_eq!(generated.len(), 44);
    fs::write(&key, generated).unwrap();
    for words in ["workspace list", "serve --listen 127.0.0.1:0"] {
        assert!(home.fails(1, words).contains("is not the one that sqlite:"));
    }
    fs::write(&key, "short\n").unwrap();
    assert!(home.fails(1, "workspace list").contains("one line of 43 base64url characters"));
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    assert!(home.fails(1, "workspace list").contains("can be read by others than its owner: chmod 600"));
    fs::remove_file(&key).unwrap();
    assert!(home.fails(1, "serve --listen 127.0.0.1:0").contains("is missing, and nothing in sqlite:"));
    assert!(!key.exists(), "a new one would hide that the right one is gone");

    fs::write(&key, right).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o400)).unwrap();
    assert_eq!(home.json("workspace list")["total"], 1);
}

#[test]
fn migrate_says_what_it_did() {
    let home = Home::new();
    assert_eq!(home.json("migrate")["migrated"], true);
    assert_eq!(home.json("migrate"), json!({"migrated": false}));
    // The key of a database comes with its first use, not with its schema.
    home.json("workspace create acme");
}

#[test]
fn a_backup_is_a_database() {
    let home = Home::new();
    home.json("workspace create one");
    home.json("backup --to first.db");
    let server = home.start("serve --listen 127.0.0.1:0");
    home.json("workspace create two");
    home.json("backup --to second.db");
    drop(server);
    assert!(home.fails(1, "backup --to second.db").contains("exists already"));
    assert_eq!(mode(&home.path("second.db")), 0o600);
    let key = home.data("master.key");
    for (file, total) in [("first.db", 1), ("second.db", 2)] {
        let words = format!("workspace list --database sqlite:{file} --master-key-file {}", key.display());
        assert_eq!(home.json(&words)["total"], total);
    }
}

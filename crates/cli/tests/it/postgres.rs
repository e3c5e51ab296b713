//! The same on PostgreSQL, where commands and servers share the database.

use crate::data::everything;
use crate::world::Home;
use ::postgres::{Client, NoTls};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty database on the throw-away server.
struct Fresh {
    admin: String,
    name: String,
}

impl Fresh {
    #[expect(clippy::disallowed_methods, reason = "tests find their PostgreSQL through the environment")]
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let admin = std::env::var("GRANTRY_TEST_POSTGRES")
            .expect("GRANTRY_TEST_POSTGRES is not set: run ./test, which starts a throw-away PostgreSQL");
        let name = format!("cli_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Client::connect(&admin, NoTls).unwrap().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Self { admin, name }
    }

    fn url(&self) -> String {
        format!("{}/{}", self.admin.rsplit_once('/').unwrap().0, self.name)
    }

    /// A home that uses it, with a master key.
    fn home(&self) -> Home {
        let mut home = Home::new().with_flags(&[]);
        home.set("GRANTRY_DATABASE", &self.url());
        home.set("GRANTRY_POSTGRES_CONNECTIONS", "2");
        home.set("GRANTRY_MASTER_KEY_FILE", "master.key");
        new_key(&home);
        home
    }
}

fn new_key(home: &Home) {
    fs::write(home.path("master.key"), home.run("key generate-master", "").stdout).unwrap();
    fs::set_permissions(home.path("master.key"), Permissions::from_mode(0o600)).unwrap();
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(&self.admin, NoTls) {
            let _ = client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

#[test]
fn while_no_server_runs() {
    let database = Fresh::new();
    let home = database.home();
    let said = home.fails(1, "serve --listen 127.0.0.1:0");
    assert!(said.contains("schema version 0") && said.contains("run `grantry migrate`"), "{said}");
    let migrated = home.json("migrate");
    assert_eq!((&migrated["migrated"], &migrated["from"]), (&true.into(), &0.into()));
    everything(&home, None);
}

#[test]
fn while_a_server_runs() {
    let database = Fresh::new();
    let home = database.home();
    let server = home.start("serve --listen 127.0.0.1:0 --migrate");
    let mut beside = database.home();
    beside.set("GRANTRY_MASTER_KEY_FILE", home.path("master.key").to_str().unwrap());
    beside.set("GRANTRY_PUBLIC_URL", &server.url());
    beside.json("workspace create acme");
    beside.run("app create --workspace acme --name A --type service --client-id a --auth-method client_secret_post --secret-stdin", "179ad45c6ce2cb97cf1029e212046e81");
    let (status, answer) =
        server.token("acme", "a", "179ad45c6ce2cb97cf1029e212046e81", "grant_type=client_credentials");
    assert_eq!(status, 200, "{answer}");
    assert!(beside.fails(1, "backup --to x.db").contains("use pg_dump"));
    let (status, said) = server.stop();
    assert_eq!(status, Some(0), "{said}");
}

#[test]
fn every_node_needs_the_same_master_key() {
    let database = Fresh::new();
    let home = database.home();
    home.json("migrate");
    home.json("workspace create acme");
    let said = database.home().fails(1, "workspace list");
    assert!(said.contains("the master key master.key is not the one that postgres://"), "{said}");

    let mut bare = Home::new().with_flags(&[]);
    bare.set("GRANTRY_DATABASE", &database.url());
    assert!(bare.fails(2, "workspace list").contains("grantry key generate-master > master.key"));
}

#[test]
fn a_server_that_is_away_is_named_without_its_password() {
    let mut home = Home::new().with_flags(&[]);
    home.set("GRANTRY_DATABASE", "postgres://grantry:hunter2@127.0.0.1:1/grantry");
    home.set("GRANTRY_MASTER_KEY_FILE", "master.key");
    new_key(&home);
    let said = home.fails(1, "workspace list");
    assert!(!said.contains("hunter2"), "{said}");
}

//! A running server of its own for each test: own database, own clock, real sockets; and the browser that walks there.

mod browser;

pub(crate) use browser::{Answer, Browser, openid_request};

use crate::line::Line;
use crate::site;
use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use grantry_protocol::Scope;
use grantry_protocol::account::User;
use grantry_protocol::client::{AccessTokenChoice, ApplicationType, AuthMethod, LifetimeOverrides, Registration};
use grantry_protocol::client_auth::SecretDigest;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::sealed::{KeyPurpose, MasterKey};
use grantry_protocol::types::{GrantType, Secret};
use grantry_protocol::workspace::{Policy, ScopeDefinition, Slug};
use grantry_protocol::{ClientRow, UserId, WorkspaceId};
use grantry_server::listen;
use grantry_server::random::Randomness;
use grantry_server::server::{Parts, Server};
use grantry_server::settings::{Demo, PublicUrl, Settings};
use grantry_storage::{Clock, Database, NewClient, NewKey, NewUser, NewWorkspace, Options, Store};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;

/// What the tests' servers are called, wherever they listen.
pub(crate) const PUBLIC_URL: &str = "https://grantry.test";
/// The issuer of the workspace of every test.
pub(crate) const ISSUER: &str = "https://grantry.test/acme";
/// A registered redirect URI.
pub(crate) const CALLBACK: &str = "https://app.test/cb";
/// The secret of every confidential client here.
pub(crate) const SECRET: &str = "0c5bd1ffbc6b4e5f9a3d7e2c1b0a9f8e";
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636 appendix B.
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Makes `acme` a demo in the tests that register its app.
const DEMO: Demo = Demo {
    workspace: "acme",
    client_id: "demo",
    client_secret: Secret::new(SECRET),
    username: "bob",
    password: Secret::new("secret"),
};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A server and its database.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) workspace: WorkspaceId,
    pub(crate) serving: Serving,
    clock: Arc<AtomicI64>,
    database: Database,
    agent: ureq::Agent,
    _directory: TempDir,
}

impl World {
    /// A server on SQLite with workspace `acme`, user `bob` / `secret`, and the confidential client `app`.
    pub(crate) fn new() -> Self {
        Self::on(Engine::Sqlite)
    }

    pub(crate) fn on(engine: Engine) -> Self {
        Self::with(engine, |_| ())
    }

    /// With other settings than usual.
    pub(crate) fn with(engine: Engine, change: impl Fn(&mut Settings)) -> Self {
        let directory = TempDir::new().unwrap();
        let database = match engine {
            Engine::Sqlite => Database::Sqlite(directory.path().join("grantry.db")),
            Engine::Postgres => fresh_postgres(),
        };
        let clock = Arc::new(AtomicI64::new(1_800_000_000_000));
        let mut world = Self::start(directory, database, clock, change);
        world.workspace = world.create_workspace("acme");
        world.create_user("bob", "secret");
        world.register("app", |_| ());
        world
    }

    /// Another process on the same database, as far as a test can have one.
    pub(crate) fn another(&self) -> Self {
        let started = Self::start(TempDir::new().unwrap(), self.database.clone(), Arc::clone(&self.clock), |_| ());
        Self { workspace: self.workspace, ..started }
    }

    /// Another process, which reaches the same database of PostgreSQL by this line.
    pub(crate) fn another_over(&self, line: &Line) -> Self {
        let Database::Postgres(url) = &self.database else { panic!("only PostgreSQL is reached over a line") };
        let (server, name) = url.expose().rsplit_once('/').unwrap();
        let user = server.rsplit_once('@').map(|(user, _)| format!("{user}@")).unwrap_or("postgres://".to_owned());
        let database = Database::Postgres(Secret::new(format!("{user}{}/{name}", line.address)));
        let started = Self::start(TempDir::new().unwrap(), database, Arc::clone(&self.clock), |_| ());
        Self { workspace: self.workspace, ..started }
    }

    /// Where PostgreSQL is.
    pub(crate) fn postgres_address(&self) -> String {
        let Database::Postgres(url) = &self.database else { panic!("it is embedded") };
        let (server, _) = url.expose().rsplit_once('/').unwrap();
        server.rsplit_once(['@', '/']).unwrap().1.to_owned()
    }

    fn start(directory: TempDir, database: Database, clock: Arc<AtomicI64>, change: impl Fn(&mut Settings)) -> Self {
        let moving = Arc::clone(&clock);
        let time = Clock::new(move || moving.load(Ordering::SeqCst));
        let randomness = Randomness::new(|bytes| aws_lc_rs::rand::fill(bytes).unwrap());
        static SEED: AtomicU64 = AtomicU64::new(1);
        let options = Options {
            migrate: true,
            create: true,
            postgres_connections: 8,
            node_seed: SEED.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst),
            queue: 4_096,
        };
        let store = Store::open(&database, options, time.clone()).unwrap();
        let master_key = MasterKey::new(&[7; MasterKey::LENGTH]).unwrap();
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: PublicUrl::parse(PUBLIC_URL).unwrap(),
            tls: None,
            trusted_proxies: Vec::new(),
            outbound: site::reach(),
            workers: 2,
            password_queue: 64,
            control_socket: None,
            demo: Some(DEMO),
        };
        change(&mut settings);
        let server = Server::new(settings, Parts { store, master_key, clock: time, randomness });
        let (stop, stopped) = watch::channel(false);
        let (tell, told) = mpsc::channel();
        let serving = std::thread::spawn({
            let server = server.clone();
            move || listen::serve(&server, |address| tell.send(address).unwrap(), || {}, stopped)
        });
        let address = told.recv_timeout(Duration::from_secs(20)).unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        let serving = Serving { server, stop, thread: Some(serving) };
        Self { address, serving, workspace: WorkspaceId(0), clock, database, agent, _directory: directory }
    }

    /// The server.
    pub(crate) fn server(&self) -> &Server {
        &self.serving.server
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    pub(crate) fn create_workspace(&self, slug: &str) -> WorkspaceId {
        let now = self.server().clock().now();
        let scope = |name: &str, optional| ScopeDefinition {
            name: name.to_owned(),
            description: format!("What {name} does"),
            optional,
            audience: None,
        };
        let policy = Policy { grant_types: GrantType::ALL.into(), ..Policy::default() };
        let new = NewWorkspace {
            slug: Slug::parse(slug).unwrap(),
            name: slug.to_owned(),
            policy,
            scopes: vec![scope("read", false), scope("write", true), scope("profile", true)],
        };
        let master_key = MasterKey::new(&[7; MasterKey::LENGTH]).unwrap();
        let mut randomness = self.server().randomness();
        wait(self.server().store().write_instance(move |instance| {
            let id = instance.create_workspace(&new, now)?;
            let sealed = master_key.generate(id, KeyPurpose::Sealing, &mut randomness);
            instance.within(id).insert_key(&NewKey { purpose: KeyPurpose::Sealing, sealed }, now)?;
            Ok(id)
        }))
        .unwrap()
    }

    /// Changes the workspace's row.
    pub(crate) fn change_workspace(&self, change: impl Fn(&mut grantry_protocol::workspace::Workspace)) {
        let id = self.workspace;
        let mut row = wait(self.server().store().read_instance(move |instance| instance.find_workspace_by_id(id)))
            .unwrap()
            .unwrap();
        change(&mut row);
        wait(self.server().store().write_instance(move |instance| instance.update_workspace(&row))).unwrap();
    }

    /// Changes the database of a server on SQLite as no server or tool can: within its process, and beside its store.
    pub(crate) fn change_behind_its_back(&self, sql: &str) {
        let Database::Sqlite(path) = &self.database else { panic!("others may change it, which is tested elsewhere") };
        rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
    }

    /// Changes what is known about a user.
    pub(crate) fn change_user(&self, username: &'static str, change: impl Fn(&mut User)) {
        let store = self.server().store();
        let found = wait(store.read(self.workspace, move |tx| tx.find_user_by_username(username)));
        let mut user = found.unwrap().unwrap();
        change(&mut user);
        wait(store.write(self.workspace, move |tx| tx.update_user(&user))).unwrap();
    }

    pub(crate) fn create_user(&self, username: &str, password: &str) -> UserId {
        self.create_user_with(username, cheap_digest(password))
    }

    pub(crate) fn create_user_with(&self, username: &str, digest: String) -> UserId {
        let now = self.server().clock().now();
        let new = NewUser {
            username: username.to_owned(),
            subject: format!("sub-{username}"),
            display_name: username.to_uppercase(),
            admin: username == "admin",
            claims: "{}".to_owned(),
            password_digest: Some(digest.clone()),
        };
        wait(self.server().store().write(self.workspace, move |tx| tx.insert_user(&new, now))).unwrap()
    }

    /// Registers a client: `app`-like by default, and changed by `change`. Public ones get no secret.
    pub(crate) fn register(&self, client_id: &str, change: impl Fn(&mut Registration)) -> ClientRow {
        self.register_with(client_id, SecretDigest::of_random(SECRET).as_str().to_owned(), change)
    }

    pub(crate) fn register_with(
        &self,
        client_id: &str,
        digest: String,
        change: impl Fn(&mut Registration),
    ) -> ClientRow {
        let now = self.server().clock().now();
        let mut registration = Registration {
            name: format!("The {client_id}"),
            description: String::new(),
            application_type: ApplicationType::Web,
            token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
            redirect_uris: vec![RedirectUri::register(CALLBACK).unwrap()],
            grant_types: GrantType::ALL.into(),
            scope: Scope::parse("read write profile").unwrap(),
            lifetimes: LifetimeOverrides::default(),
            access_token: AccessTokenChoice::default(),
            openid: Default::default(),
            resource: None,
        };
        change(&mut registration);
        let secret = registration.token_endpoint_auth_method != AuthMethod::None;
        let digest = secret.then_some(digest);
        let new = NewClient { client_id: client_id.to_owned(), registration, digest, owner: None, dynamic: None };
        wait(self.server().store().write(self.workspace, move |tx| tx.insert_client(&new, now))).unwrap()
    }

    /// Changes what is registered about a client.
    pub(crate) fn change_registration(&self, client_id: &'static str, change: impl Fn(&mut Registration)) {
        let client =
            wait(self.server().store().read(self.workspace, move |tx| tx.find_client(client_id))).unwrap().unwrap();
        let mut registration = client.registration;
        change(&mut registration);
        let update = self.server().store();
        wait(update.write(self.workspace, move |tx| tx.update_registration(client.row, &registration))).unwrap();
    }

    /// A public client with PKCE.
    pub(crate) fn register_public(&self, client_id: &str) -> ClientRow {
        self.register(client_id, |registration| {
            registration.application_type = ApplicationType::Spa;
            registration.token_endpoint_auth_method = AuthMethod::None;
        })
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.call().unwrap())
    }

    pub(crate) fn post(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        self.post_as("application/x-www-form-urlencoded", path, form, headers)
    }

    pub(crate) fn post_as(&self, content_type: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request =
            self.agent.post(format!("http://{}{path}", self.address)).header("content-type", content_type);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send(body).unwrap())
    }

    /// JSON, as an app sends it that registers itself.
    pub(crate) fn post_json(&self, path: &str, body: &serde_json::Value, headers: &[(&str, &str)]) -> Answer {
        self.post_as("application/json", path, &body.to_string(), headers)
    }

    pub(crate) fn put_json(&self, path: &str, body: &serde_json::Value, headers: &[(&str, &str)]) -> Answer {
        let mut request =
            self.agent.put(format!("http://{}{path}", self.address)).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send(body.to_string()).unwrap())
    }

    pub(crate) fn delete(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.delete(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.call().unwrap())
    }

    /// A token request of the client `app`.
    pub(crate) fn token(&self, form: &str) -> Answer {
        self.token_as("app", form)
    }

    /// A token request of a confidential client.
    pub(crate) fn token_as(&self, client_id: &str, form: &str) -> Answer {
        self.post("/acme/oauth2/token", form, &[("authorization", &basic(client_id, SECRET))])
    }

    /// Introspection by the client `app`.
    pub(crate) fn introspect(&self, token: &str) -> Answer {
        let form = format!("token={token}");
        self.post("/acme/oauth2/introspect", &form, &[("authorization", &basic("app", SECRET))])
    }

    pub(crate) fn is_active(&self, token: &str) -> bool {
        let answer = self.introspect(token);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["active"].as_bool().unwrap()
    }

    /// A browser in which `bob` is signed in.
    pub(crate) fn bob(&self) -> Browser<'_> {
        let mut browser = Browser::new(self);
        let answer = browser.sign_in("/acme/login", "bob", "secret");
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }

    /// A code for the client, by the whole way: request, login, consent.
    pub(crate) fn code_for(&self, client_id: &str, more: &str) -> String {
        let answer = self.bob().authorize(&format!("response_type=code&client_id={client_id}{more}"));
        answer.answer_parameter("code").unwrap_or_else(|| panic!("{answer:?}"))
    }

    /// A code for the client `app`.
    pub(crate) fn code(&self) -> String {
        self.code_for("app", "")
    }

    /// The tokens of a public client with PKCE.
    pub(crate) fn public_tokens(&self, client_id: &str) -> serde_json::Value {
        let code = self.code_for(client_id, &format!("&code_challenge={CHALLENGE}&code_challenge_method=S256"));
        let form = format!("grant_type=authorization_code&code={code}&client_id={client_id}&code_verifier={VERIFIER}");
        let answer = self.post("/acme/oauth2/token", &form, &[]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }
}

/// A server that serves until it is stopped, or dropped.
pub(crate) struct Serving {
    server: Server,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl Serving {
    /// Asks the server to finish.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until it has.
    pub(crate) fn finish(&mut self) -> std::io::Result<()> {
        self.stop();
        self.thread.take().map_or(Ok(()), |thread| thread.join().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.finish();
        self.server.store().close();
    }
}

/// A part of a JWT: 0 is the header, 1 the claims.
pub(crate) fn jwt_part(token: &str, number: usize) -> serde_json::Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// An `Authorization` header.
pub(crate) fn basic(client_id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}")))
}

/// Waits for a piece of storage work.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A PHC string as the server makes them.
pub(crate) fn dear_digest(password: &str) -> String {
    Argon2::default().hash_password_with_salt(password.as_bytes(), b"a salt for tests").unwrap().to_string()
}

/// A PHC string that verifies in no time: what is tested here is not how slow Argon2id is.
fn cheap_digest(password: &str) -> String {
    let params = Params::new(8, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_with_salt(password.as_bytes(), b"a salt for tests").unwrap().to_string()
}

/// A new database on the PostgreSQL that the test command started.
fn fresh_postgres() -> Database {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    #[expect(clippy::disallowed_methods, reason = "the test command hands the address over in the environment")]
    let admin = std::env::var("GRANTRY_TEST_POSTGRES")
        .expect("GRANTRY_TEST_POSTGRES is not set: run ./test, which starts a throw-away PostgreSQL");
    let name = format!("door_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    let mut client = postgres::Client::connect(&admin, postgres::NoTls).unwrap();
    client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let (server, _) = admin.rsplit_once('/').unwrap();
    Database::Postgres(Secret::new(format!("{server}/{name}")))
}

//! A fresh database for each test, with two workspaces in it, on either engine.

use grantry_protocol::authorize::SignedIn;
use grantry_protocol::client::{ApplicationType, AuthMethod, OpenidRegistration, Registration};
use grantry_protocol::grant::{GrantState, NewGrant};
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::types::{GrantType, Seconds};
use grantry_protocol::workspace::{Policy, ScopeDefinition, Slug};
use grantry_protocol::{ClientRow, GrantId, Scope, SessionId, Timestamp, UserId, WorkspaceId};
use grantry_storage::{
    Clock, Database, Instance, NewClient, NewSession, NewUser, NewWorkspace, OpenError, Options, Result, Store, Tx,
};
use postgres::{Client, NoTls};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// The clock of every test stands still at this second.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
/// A mistake shows as a failure, not as a test that never ends.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const OPTIONS: Options =
    Options { migrate: true, create: true, postgres_connections: 6, node_seed: 0x1234_5678_9ABC_DEF0, queue: 1_000 };

/// Runs each test of the module on both engines.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&mut crate::world::World::on_sqlite()); })*
        }
        mod postgres {
            $(#[test] fn $name() { super::$name(&mut crate::world::World::on_postgres()); })*
        }
    };
}
pub(crate) use on_both_engines;

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) store: Store,
    pub(crate) here: WorkspaceId,
    pub(crate) elsewhere: WorkspaceId,
    place: Place,
}

pub(crate) enum Place {
    Directory(#[expect(dead_code, reason = "it goes with its files when it is dropped")] TempDir),
    Server { admin: String, name: String },
}

impl Place {
    /// An empty directory.
    pub(crate) fn on_sqlite() -> (Database, Self) {
        let directory = tempfile::tempdir().unwrap();
        (Database::Sqlite(directory.path().join("grantry.db")), Self::Directory(directory))
    }

    /// An empty database on the throw-away server.
    #[expect(clippy::disallowed_methods, reason = "tests find their PostgreSQL through the environment")]
    pub(crate) fn on_postgres() -> (Database, Self) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(admin) = std::env::var("GRANTRY_TEST_POSTGRES") else {
            panic!("GRANTRY_TEST_POSTGRES is not set: run ./test, which starts a throw-away PostgreSQL");
        };
        let name = format!("storage_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut client = Client::connect(&admin, NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let (server, _) = admin.rsplit_once('/').unwrap();
        let database = Database::parse(&format!("{server}/{name}")).unwrap();
        (database, Self::Server { admin, name })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Server { admin, name } = self
            && let Ok(mut client) = Client::connect(admin, NoTls)
        {
            let _ = client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

impl World {
    pub(crate) fn on_sqlite() -> Self {
        Self::new(Place::on_sqlite())
    }

    pub(crate) fn on_postgres() -> Self {
        Self::new(Place::on_postgres())
    }

    fn new((database, place): (Database, Place)) -> Self {
        let store = open(&database, OPTIONS).unwrap();
        let create = |slug: &'static str| {
            wait(store.write_instance(move |instance| instance.create_workspace(&workspace(slug), NOW))).unwrap()
        };
        let (here, elsewhere) = (create("here"), create("elsewhere"));
        Self { database, store, here, elsewhere, place }
    }

    /// Two stores on one database where the engine allows it, as two server processes have; else one store twice.
    pub(crate) fn two_stores(&self) -> [Store; 2] {
        let other = match self.place {
            Place::Directory(_) => self.store.clone(),
            Place::Server { .. } => open(&self.database, OPTIONS).unwrap(),
        };
        [self.store.clone(), other]
    }

    /// What a restart does.
    pub(crate) fn reopen(&mut self, options: Options) {
        self.store.close();
        self.store = open(&self.database, options).unwrap();
    }

    pub(crate) fn read<T: Send + 'static>(&self, work: impl FnMut(&mut Tx) -> Result<T> + Send + 'static) -> T {
        wait(self.store.read(self.here, work)).unwrap()
    }

    pub(crate) fn write<T: Send + 'static>(&self, work: impl FnMut(&mut Tx) -> Result<T> + Send + 'static) -> T {
        self.try_write(work).unwrap()
    }

    pub(crate) fn try_write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        wait(self.store.write(self.here, work))
    }

    pub(crate) fn instance<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Instance) -> Result<T> + Send + 'static,
    ) -> T {
        wait(self.store.write_instance(work)).unwrap()
    }

    /// Runs SQL behind the store's back.
    pub(crate) fn run_sql(&self, sql: &str) {
        match &self.database {
            Database::Sqlite(path) => rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap(),
            Database::Postgres(url) => Client::connect(url.expose(), NoTls).unwrap().batch_execute(sql).unwrap(),
        }
    }

    pub(crate) fn user(&self, username: &'static str) -> UserId {
        self.write(move |tx| tx.insert_user(&user(username), NOW))
    }

    pub(crate) fn client(&self, client_id: &'static str) -> ClientRow {
        self.write(move |tx| tx.insert_client(&client(client_id), NOW))
    }

    /// A client that hears of logouts by the back channel.
    pub(crate) fn logout_client(&self, client_id: &'static str) -> ClientRow {
        let mut new = client(client_id);
        new.registration.openid.backchannel_logout_uri = Some("https://app.example/logout".to_owned());
        self.write(move |tx| tx.insert_client(&new, NOW))
    }

    /// A session in which the user signed in to the client.
    pub(crate) fn signed_in(&self, user: UserId, client: ClientRow, sid: &str) -> SessionId {
        let new = NewSession { sid: sid.to_owned(), ..session(user) };
        self.write(move |tx| {
            let id = tx.insert_session(&new, NOW)?;
            let by = SignedIn { user, session: id, sid: new.sid.clone(), auth_time: NOW };
            assert!(tx.note_session_client(&by, client, later(3_600))?);
            Ok(id)
        })
    }

    /// Such a session, which has ended.
    pub(crate) fn signed_out(&self, user: UserId, client: ClientRow, sid: &str) {
        let id = self.signed_in(user, client, sid);
        self.write(move |tx| tx.end_session(id, user, NOW));
    }

    pub(crate) fn grant(&self, new: NewGrant) -> GrantId {
        self.write(move |tx| tx.insert_grant(&new))
    }
}

pub(crate) fn open(database: &Database, options: Options) -> std::result::Result<Store, OpenError> {
    Store::open(database, options, Clock::new(|| NOW.as_unix() * 1_000))
}

/// Waits for a future in this thread.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await }).unwrap()
}

pub(crate) fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    NOW.plus(Seconds(seconds))
}

pub(crate) fn days(days: i64) -> Timestamp {
    later(days * 86_400)
}

pub(crate) fn workspace(slug: &str) -> NewWorkspace {
    let read = ScopeDefinition { name: "read".into(), description: "Read".into(), optional: true, audience: None };
    NewWorkspace {
        slug: Slug::parse(slug).unwrap(),
        name: format!("The {slug}"),
        policy: Policy::default(),
        scopes: vec![read],
    }
}

pub(crate) fn user(username: &str) -> NewUser {
    NewUser {
        username: username.to_owned(),
        subject: format!("sub-{username}"),
        display_name: format!("{username} of Test"),
        admin: false,
        claims: "{}".to_owned(),
        password_digest: Some(format!("digest of {username}")),
    }
}

pub(crate) fn registration(name: &str) -> Registration {
    Registration {
        name: name.to_owned(),
        description: String::new(),
        application_type: ApplicationType::Spa,
        token_endpoint_auth_method: AuthMethod::None,
        redirect_uris: vec![RedirectUri::register("https://app.example/callback").unwrap()],
        grant_types: GrantType::ALL.into(),
        scope: scope("read write"),
        lifetimes: Default::default(),
        access_token: Default::default(),
        openid: OpenidRegistration::default(),
        resource: None,
    }
}

pub(crate) fn client(client_id: &str) -> NewClient {
    NewClient {
        client_id: client_id.to_owned(),
        registration: registration(&format!("App {client_id}")),
        digest: Some("digest 1".to_owned()),
        owner: None,
        dynamic: None,
    }
}

pub(crate) fn session(user: UserId) -> NewSession {
    NewSession {
        sid: "sid".to_owned(),
        user,
        auth_time: NOW,
        expires_at: later(3_600),
        user_agent: "Browser".to_owned(),
        address: "192.0.2.1".to_owned(),
    }
}

/// A grant that waits for its code to be redeemed.
pub(crate) fn pending(user: UserId, client: ClientRow) -> NewGrant {
    NewGrant {
        user,
        client,
        session: None,
        grant_type: GrantType::AuthorizationCode,
        scope: scope("read"),
        auth_time: NOW,
        redirect_uri: Some("https://app.example/callback".to_owned()),
        code_challenge: None,
        openid: None,
        state: GrantState::Pending,
        created_at: NOW,
        refresh_until: None,
        expires_at: later(60),
    }
}

/// A grant with a refresh token.
pub(crate) fn active(user: UserId, client: ClientRow) -> NewGrant {
    NewGrant {
        grant_type: GrantType::Password,
        redirect_uri: None,
        state: GrantState::Active,
        refresh_until: Some(days(180)),
        expires_at: days(30),
        ..pending(user, client)
    }
}

/// What the protocol says of a code, or of a refresh token, that is in order. It can't be made in any other way.
pub(crate) mod approved {
    use super::{NOW, World};
    use grantry_protocol::client_auth::{self, Check, Credentials, VerifiedClient};
    use grantry_protocol::grant::Standing;
    use grantry_protocol::sealed::{AuthorizationCode, RefreshToken};
    use grantry_protocol::token::{authorization_code, refresh_token};
    use grantry_protocol::workspace::Workspace;
    use grantry_protocol::{GrantId, Params};

    struct Known {
        standing: Standing,
        client: VerifiedClient,
        params: Params,
        workspace: Workspace,
    }

    fn known(world: &World, grant: GrantId) -> Known {
        let here = world.here;
        let workspace = world.instance(move |instance| instance.find_workspace_by_id(here)).unwrap();
        let standing = world.read(move |tx| tx.find_standing(grant)).unwrap();
        let row = standing.grant.client;
        let client = world.read(move |tx| tx.find_client_by_row(row)).unwrap();
        let form = format!("client_id={}&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback", client.client_id);
        let params = Params::parse(form.as_bytes()).unwrap();
        let credentials = Credentials::read(None, &params).unwrap();
        let Ok(Check::Verified(client)) = client_auth::check(credentials, Some(client.into()), NOW) else {
            panic!("the client is public");
        };
        Known { standing, client, params, workspace }
    }

    pub(crate) fn code(world: &World, grant: GrantId) -> authorization_code::Approved {
        let Known { standing, client, params, workspace } = known(world, grant);
        let code = AuthorizationCode { grant, expires_at: standing.grant.expires_at };
        let presented =
            authorization_code::Presented { code, standing: Some(&standing), client: &client, params: &params };
        match authorization_code::check(presented, &workspace, NOW) {
            authorization_code::Verdict::Approved(approved) => *approved,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn refresh(world: &World, grant: GrantId, generation: i64) -> refresh_token::Approved {
        let Known { standing, client, params, workspace } = known(world, grant);
        let token = RefreshToken { grant, generation };
        let presented = refresh_token::Presented { token, standing: Some(&standing), client: &client, params: &params };
        match refresh_token::check(presented, &workspace, NOW) {
            refresh_token::Verdict::Rotate(approved) | refresh_token::Verdict::Again(approved) => approved,
            other => panic!("{other:?}"),
        }
    }
}

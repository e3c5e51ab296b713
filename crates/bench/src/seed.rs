//! Writes the world into a database, through the store of the server.

use crate::Outcome;
use crate::servers::Place;
use crate::world::{
    CLIENTS, CODE_CHALLENGE, JWT_CLIENTS, PASSWORD, REDIRECT_URI, Randomness, SECRET, SLUG, USERS, World, client_id,
    jwt_client_id, username,
};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use grantry_protocol::client::{
    AccessTokenChoice, AccessTokenFormat, ApplicationType, AuthMethod, LifetimeOverrides, OpenidRegistration,
    Registration,
};
use grantry_protocol::client_auth::SecretDigest;
use grantry_protocol::entropy;
use grantry_protocol::grant::{GrantState, NewGrant, OpenidGrant};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::sealed::{KeyPurpose, KeyRing, MasterKey, SealingKey};
use grantry_protocol::types::{GrantType, Seconds, SessionId};
use grantry_protocol::{ClientRow, GrantId, Scope, Timestamp, UserId, WorkspaceId};
use grantry_storage::{Clock, NewClient, NewSession, NewUser, Options, Store};
use std::time::SystemTime;

/// Rows that are written together.
const BATCH: usize = 5_000;

/// Algorithms of clients whose access tokens are JWTs.
pub(crate) const ALGORITHMS: [Algorithm; 3] = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256];

/// How many grants are written.
#[derive(Clone, Copy)]
pub(crate) struct Amount {
    /// Live ones.
    pub(crate) grants: usize,
    /// Those whose code is not redeemed yet.
    pub(crate) pending: usize,
}

/// Opens the store of a place where no server has it open.
pub(crate) fn open(place: &Place, clock: Clock) -> Outcome<Store> {
    let options = Options {
        migrate: false,
        create: false,
        postgres_connections: 1,
        node_seed: u64::from_le_bytes(entropy::draw(&mut Randomness)),
        queue: 64,
    };
    Ok(Store::open(&place.database, options, clock)?)
}

/// Fills a database, in which the workspace is already. `openid`: users grant that scope too.
pub(crate) fn seed(place: &Place, openid: bool, amount: Amount) -> Outcome<World> {
    let scope = if openid { "openid read" } else { "read" };
    let scope = Scope::parse(scope).map_err(|error| error.description)?;
    let store = open(place, clock())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let world = runtime.block_on(write(&store, &place.master_key()?, scope, amount))?;
    store.close();
    Ok(world)
}

pub(crate) fn clock() -> Clock {
    Clock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "the rows that are measured are as old as they say")]
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
    })
}

async fn write(store: &Store, master: &MasterKey, scope: Scope, amount: Amount) -> Outcome<World> {
    let now = clock().now();
    let row = store.read_instance(|instance| instance.find_workspace(SLUG)).await?.ok_or("there is no workspace")?;
    let workspace = row.id;
    let clients = write_clients(store, workspace, &scope, now).await?;
    let users = write_users(store, workspace, now).await?;
    let sessions = write_sessions(store, workspace, (&users, &clients), (&scope, now)).await?;
    let refreshed = Scope::parse("read").map_err(|error| error.description)?;
    let lives = Lives { users, clients, scope: scope.clone(), refreshed, now };
    let active = |n: usize| (n / (2 * CLIENTS) % USERS, n % (2 * CLIENTS), GrantState::Active);
    let grants = lives.write(store, workspace, amount.grants, active).await?;
    let waiting = |n: usize| (n % USERS, CLIENTS + n % CLIENTS, GrantState::Pending);
    let pending = lives.write(store, workspace, amount.pending, waiting).await?;
    let ring = ring(store, workspace, master).await?;
    Ok(World { ring, scope, grants, pending, sessions, now })
}

/// What seals the tokens of a workspace.
pub(crate) async fn ring(store: &Store, workspace: WorkspaceId, master: &MasterKey) -> Outcome<KeyRing> {
    let keys = store.read(workspace, |tx| tx.list_keys(KeyPurpose::Sealing)).await?;
    let opened = keys.iter().map(|key| {
        let material = master.open(workspace, KeyPurpose::Sealing, &key.sealed)?;
        SealingKey::new(u16::try_from(key.number).ok()?, &material)
    });
    let keys = opened.collect::<Option<Vec<_>>>().ok_or("a sealing key does not open")?;
    Ok(KeyRing::new(workspace, keys).ok_or("there is no sealing key")?)
}

/// The clients with and without a secret; those of JWTs and the resource server are needed by name only.
async fn write_clients(
    store: &Store,
    workspace: WorkspaceId,
    scope: &Scope,
    now: Timestamp,
) -> Outcome<Vec<ClientRow>> {
    let ordinary = (0..2 * CLIENTS).map(|n| client(client_id(n), n < CLIENTS, scope));
    let mut all = ordinary.collect::<Outcome<Vec<_>>>()?;
    for algorithm in ALGORITHMS {
        for n in 0..JWT_CLIENTS {
            let mut one = client(jwt_client_id(algorithm, n), true, scope)?;
            one.registration.access_token =
                AccessTokenChoice { format: AccessTokenFormat::Jwt, signing_alg: algorithm };
            all.push(one);
        }
    }
    let mut api = client("api".to_owned(), true, scope)?;
    api.registration.resource = Some("https://api.example".to_owned());
    all.push(api);
    let mut rows = store
        .write(workspace, move |tx| all.iter().map(|new| tx.insert_client(new, now)).collect::<Result<Vec<_>, _>>())
        .await?;
    rows.truncate(2 * CLIENTS);
    Ok(rows)
}

pub(crate) fn client(client_id: String, confidential: bool, scope: &Scope) -> Outcome<NewClient> {
    let grants = [GrantType::AuthorizationCode, GrantType::RefreshToken];
    let more = [GrantType::ClientCredentials, GrantType::Password];
    Ok(NewClient {
        registration: Registration {
            name: format!("App {client_id}"),
            description: String::new(),
            application_type: if confidential { ApplicationType::Web } else { ApplicationType::Spa },
            token_endpoint_auth_method: if confidential { AuthMethod::ClientSecretBasic } else { AuthMethod::None },
            redirect_uris: vec![RedirectUri::register(REDIRECT_URI)?],
            grant_types: grants.into_iter().chain(more.into_iter().filter(|_| confidential)).collect(),
            scope: scope.clone(),
            lifetimes: LifetimeOverrides::default(),
            access_token: AccessTokenChoice::default(),
            openid: OpenidRegistration {
                id_token_signed_response_alg: Algorithm::ES256,
                ..OpenidRegistration::default()
            },
            resource: None,
        },
        client_id,
        digest: confidential.then(|| SecretDigest::of_random(SECRET).as_str().to_owned()),
        owner: None,
        dynamic: None,
    })
}

/// What the password of everyone rests as.
pub(crate) fn password_digest() -> Outcome<String> {
    let salt: [u8; 16] = entropy::draw(&mut Randomness);
    let digest = Argon2::default().hash_password_with_salt(PASSWORD.as_bytes(), &salt);
    Ok(digest.map_err(|error| error.to_string())?.to_string())
}

/// All have one password, under one salt: to the server that makes no difference.
async fn write_users(store: &Store, workspace: WorkspaceId, now: Timestamp) -> Outcome<Vec<UserId>> {
    let digest = password_digest()?;
    let user = move |n| NewUser {
        username: username(n),
        subject: format!("{n:016x}"),
        display_name: format!("User {n}"),
        admin: false,
        claims: "{}".to_owned(),
        password_digest: Some(digest.clone()),
    };
    let write = move |tx: &mut grantry_storage::Tx<'_>| (0..USERS).map(|n| tx.insert_user(&user(n), now)).collect();
    Ok(store.write(workspace, write).await?)
}

/// A session of every user, who agreed to one client.
async fn write_sessions(
    store: &Store,
    workspace: WorkspaceId,
    (users, clients): (&[UserId], &[ClientRow]),
    (scope, now): (&Scope, Timestamp),
) -> Outcome<Vec<SessionId>> {
    let (users, clients, scope) = (users.to_vec(), clients.to_vec(), scope.clone());
    let write = move |tx: &mut grantry_storage::Tx<'_>| {
        let begin = |(n, user): (usize, &UserId)| {
            tx.remember_consent(*user, clients[n % CLIENTS], &scope, now)?;
            let session = NewSession {
                sid: entropy::draw_text::<16>(&mut Randomness),
                user: *user,
                auth_time: now,
                expires_at: now.plus(Seconds::hours(12)),
                user_agent: "Mozilla/5.0".to_owned(),
                address: "127.0.0.1".to_owned(),
            };
            tx.insert_session(&session, now)
        };
        users.iter().enumerate().map(begin).collect()
    };
    Ok(store.write(workspace, write).await?)
}

/// Whose grants are written.
#[derive(Clone)]
struct Lives {
    users: Vec<UserId>,
    clients: Vec<ClientRow>,
    scope: Scope,
    /// What the grants are for that are refreshed.
    refreshed: Scope,
    now: Timestamp,
}

impl Lives {
    /// Writes grants; `whose` says of each its user, its client, and where it stands.
    async fn write(
        &self,
        store: &Store,
        workspace: WorkspaceId,
        count: usize,
        whose: impl Fn(usize) -> (usize, usize, GrantState) + Copy + Send + 'static,
    ) -> Outcome<Vec<GrantId>> {
        let mut ids = Vec::with_capacity(count);
        for first in (0..count).step_by(BATCH) {
            let lives = self.clone();
            let batch = store.write(workspace, move |tx| {
                (first..count.min(first + BATCH))
                    .map(|n| tx.insert_grant(&lives.grant(whose(n))))
                    .collect::<Result<Vec<_>, _>>()
            });
            ids.extend(batch.await?);
        }
        Ok(ids)
    }

    fn grant(&self, (user, client, state): (usize, usize, GrantState)) -> NewGrant {
        let waits = state == GrantState::Pending;
        NewGrant {
            user: self.users[user],
            client: self.clients[client],
            session: None,
            grant_type: GrantType::AuthorizationCode,
            // Only code exchange issues ID Tokens: refreshing is measured without a signature.
            scope: if waits { self.scope.clone() } else { self.refreshed.clone() },
            auth_time: self.now,
            redirect_uri: Some(REDIRECT_URI.to_owned()),
            code_challenge: Some(CODE_CHALLENGE.to_owned()),
            openid: (waits && self.scope.contains("openid")).then(OpenidGrant::default),
            state,
            created_at: self.now,
            refresh_until: (!waits).then(|| self.now.plus(Seconds::days(180))),
            expires_at: self.now.plus(if waits { Seconds::hours(1) } else { Seconds::days(30) }),
        }
    }
}

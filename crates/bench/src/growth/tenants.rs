//! Many workspaces, each with an app and a user: made as an operator's program makes them, through the control socket of
//! a running server, and what can be asked of each.

use super::figures::{Figure, Figures};
use crate::Outcome;
use crate::process::SERVER_CORE;
use crate::seed::{self, clock, password_digest};
use crate::servers::{Place, fresh};
use crate::world::{PASSWORD, REDIRECT_URI, Randomness, SECRET, authorize, client_credentials};
use grantry_protocol::entropy;
use grantry_protocol::sealed::MasterKey;
use grantry_protocol::types::{Seconds, SessionId};
use grantry_protocol::{Scope, WorkspaceId};
use grantry_storage::{Instance, NewSession, StorageError, Store};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many users are made with a password, which is one Argon2id hash each. The others bring their hash along, as those do who come
/// from another system.
const HASHED: usize = 200;
/// Workspaces that are filled together.
const TOGETHER: usize = 500;
const CLIENT_ID: &str = "app";
const USERNAME: &str = "user";

/// A database of many workspaces, and requests about each in turn.
pub(crate) struct Tenants {
    pub(crate) place: Place,
    file: PathBuf,
    pub(crate) tokens: Vec<String>,
    pub(crate) authorizations: Vec<String>,
}

fn slug(number: usize) -> String {
    format!("ws-{number:05}")
}

impl Tenants {
    /// Makes them; how long that takes is told where figures are wanted.
    pub(crate) fn make(directory: &Path, count: usize, figures: Option<&mut Figures>) -> Outcome<Self> {
        let directory = fresh(directory)?;
        let place = Place::embedded(&directory);
        let server = place.start(SERVER_CORE)?;
        let times = create(&directory.join("control.sock"), count)?;
        if let Some(figures) = figures {
            times.tell(figures);
        }
        drop(server);
        let store = seed::open(&place, clock())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let authorizations = runtime.block_on(fill(&store, &place.master_key()?, count))?;
        store.close();
        let tokens = (0..count).map(|number| client_credentials(&slug(number), CLIENT_ID)).collect();
        Ok(Self { place, file: directory.join("grantry.db"), tokens, authorizations })
    }

    /// The size of the database, in bytes.
    pub(crate) fn size(&self) -> Outcome<u64> {
        Ok(self.file.metadata()?.len())
    }
}

/// How long each step took, in the server, one after the other.
#[derive(Default)]
struct Times {
    workspaces: Vec<Duration>,
    apps: Vec<Duration>,
    users: Vec<Duration>,
    hashed: Vec<Duration>,
}

impl Times {
    fn tell(&self, figures: &mut Figures) {
        let mean =
            |all: &[Duration]| all.iter().sum::<Duration>() / u32::try_from(all.len()).unwrap_or(u32::MAX).max(1);
        let [workspace, app, user] = [&self.workspaces, &self.apps, &self.users].map(|all| mean(all));
        let hashed = mean(&self.hashed);
        let last = |all: &[Duration]| mean(&all[all.len() * 9 / 10..]);
        figures.add(
            Figure::millis("to make a workspace and its app, through the control socket", workspace + app)
                .at_most(10.0),
        );
        let late = last(&self.workspaces) + last(&self.apps);
        figures.add(Figure::millis("  the last tenth of them", late).at_most(10.0));
        figures.add(
            Figure::millis("with a user who brings the hash of a password along", workspace + app + user).at_most(10.0),
        );
        figures.add(Figure::millis("  the last tenth of them", late + last(&self.users)).at_most(10.0));
        figures.add(Figure::millis("to hash a password here instead, by Argon2id, takes in all", hashed));
    }
}

fn create(socket: &Path, count: usize) -> Outcome<Times> {
    let mut times = Times::default();
    let hash = password_digest()?;
    for number in 0..count {
        let slug = slug(number);
        let workspace = json!({ "workspace": { "create": [slug, {}] } });
        let changes = json!({
            "name": "App",
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": "read",
        });
        let app = json!({ "application_type": "web", "client_id": CLIENT_ID, "secret": SECRET, "changes": changes });
        times.workspaces.push(operate(socket, &workspace)?);
        times.apps.push(operate(socket, &json!({ "app": [slug, { "create": app }] }))?);
        let user = |password| json!({ "user": [slug, { "create": [USERNAME, password] }] });
        if number < HASHED {
            times.hashed.push(operate(socket, &user(json!({ "password": PASSWORD })))?);
        } else {
            times.users.push(operate(socket, &user(json!({ "password_hash": hash })))?);
        }
    }
    Ok(times)
}

/// Has the server execute a command, as `grantry` does from another process. How long it took.
fn operate(socket: &Path, command: &Value) -> Outcome<Duration> {
    let started = Instant::now();
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(format!("{command}\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let took = started.elapsed();
    let reply: Value = serde_json::from_str(&line)?;
    if reply.get("answer").is_some() { Ok(took) } else { Err(format!("{command} was answered {reply}").into()) }
}

/// Gives every workspace a user who is signed in and agreed to the app. Their authorization requests.
async fn fill(store: &Store, master: &MasterKey, count: usize) -> Outcome<Vec<String>> {
    let mut requests = Vec::with_capacity(count);
    for first in (0..count).step_by(TOGETHER) {
        let work = move |instance: &mut Instance<'_>| {
            (first..count.min(first + TOGETHER)).map(|number| fill_one(instance, &slug(number))).collect()
        };
        let filled: Vec<(WorkspaceId, SessionId)> = store.write_instance(work).await?;
        for (number, (workspace, session)) in (first..).zip(filled) {
            let ring = seed::ring(store, workspace, master).await?;
            requests.push(authorize((&slug(number), &ring), session, CLIENT_ID, "read"));
        }
    }
    Ok(requests)
}

fn fill_one(instance: &mut Instance<'_>, slug: &str) -> Result<(WorkspaceId, SessionId), StorageError> {
    let now = clock().now();
    let workspace = instance.find_workspace(slug)?.ok_or(StorageError::Unavailable)?;
    let mut tx = instance.within(workspace.id);
    let client = tx.find_client(CLIENT_ID)?.ok_or(StorageError::Unavailable)?;
    let user = tx.find_user_by_username(USERNAME)?.ok_or(StorageError::Unavailable)?.id;
    let scope = Scope::parse("read").map_err(|_| StorageError::Unavailable)?;
    tx.remember_consent(user, client.row, &scope, now)?;
    let session = NewSession {
        sid: entropy::draw_text::<16>(&mut Randomness),
        user,
        auth_time: now,
        expires_at: now.plus(Seconds::hours(12)),
        user_agent: "Mozilla/5.0".to_owned(),
        address: "127.0.0.1".to_owned(),
    };
    Ok((workspace.id, tx.insert_session(&session, now)?))
}

//! What an operator can do to the data, and the only place that does it. The command line calls it in its own process, or
//! in the server's through the control socket; it cannot tell which.

pub mod app;
mod check;
mod error;
pub mod key;
pub mod socket;
pub mod user;
pub mod workspace;

pub use error::{ErrorKind, OperatorError};

use crate::server::Server;
use grantry_protocol::entropy::{self, Entropy};
use grantry_protocol::types::Secret;
use grantry_protocol::workspace::Workspace;
use grantry_storage::{Instance, Page};
use serde::{Deserialize, Serialize, Serializer};
use std::path::PathBuf;

/// What an operator wants done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// To a workspace.
    Workspace(workspace::Command),
    /// To a user of this workspace.
    User(String, user::Command),
    /// To an app of this workspace.
    App(String, app::Command),
    /// To the keys of this workspace.
    Key(String, key::Command),
    /// A copy of the database into a new file.
    Backup {
        /// The file; absolute, since the server may run elsewhere.
        to: PathBuf,
    },
    /// Nothing but an answer.
    Status,
}

/// What came of it: serializes to the object of `--json`, with the names of the wire.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// One workspace.
    Workspace(Box<workspace::Shown>),
    /// Some workspaces.
    Workspaces {
        /// These.
        workspaces: Vec<workspace::Shown>,
        /// Of so many.
        total: i64,
    },
    /// What lets apps register themselves.
    RegistrationToken(Box<workspace::RegistrationToken>),
    /// One user.
    User(Box<user::Shown>),
    /// Some users.
    Users {
        /// These.
        users: Vec<user::Shown>,
        /// Of so many.
        total: i64,
    },
    /// One app.
    App(Box<app::Shown>),
    /// Some apps.
    Apps {
        /// These.
        apps: Vec<app::Shown>,
        /// Of so many.
        total: i64,
    },
    /// The keys of a workspace.
    Keys {
        /// The workspace.
        workspace: String,
        /// Newest first.
        keys: Vec<key::Shown>,
    },
    /// Something is gone.
    Deleted {
        /// What it was.
        deleted: String,
    },
    /// There is a copy.
    Backup {
        /// The file.
        backup: PathBuf,
    },
    /// There is a process.
    Status {
        /// Its version.
        version: String,
        /// Its process id.
        pid: u32,
        /// What it calls itself.
        public_url: String,
        /// How many workspaces it has.
        workspaces: i64,
    },
}

/// Which part of a list.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Find {
    /// What the names contain; empty: anything.
    pub search: String,
    /// How many at most.
    pub limit: u32,
    /// How many come before.
    pub offset: u32,
}

impl Find {
    fn page(&self) -> Page {
        Page { limit: self.limit.into(), offset: self.offset.into() }
    }
}

/// Does what the operator wants, or says why not. Refusals leave nothing behind.
pub async fn execute(server: &Server, command: Command) -> Result<Answer, OperatorError> {
    let answer = match command {
        Command::Workspace(command) => workspace::execute(server, command).await,
        Command::User(workspace, command) => user::execute(server, workspace, command).await,
        Command::App(workspace, command) => app::execute(server, workspace, command).await,
        Command::Key(workspace, command) => key::execute(server, workspace, command).await,
        Command::Backup { to } => backup(server, to).await,
        Command::Status => status(server).await,
    };
    server.signed_out().notify_one();
    answer
}

async fn backup(server: &Server, to: PathBuf) -> Result<Answer, OperatorError> {
    server.store().backup(to.clone()).await.map_err(|error| OperatorError::refused(error.to_string()))?;
    Ok(Answer::Backup { backup: to })
}

async fn status(server: &Server) -> Result<Answer, OperatorError> {
    let workspaces = server.store().read_instance(|instance| instance.count_workspaces("")).await?;
    Ok(Answer::Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        public_url: server.settings().public_url.to_string(),
        workspaces,
    })
}

fn find_workspace(instance: &mut Instance<'_>, slug: &str) -> grantry_storage::Result<Outcome<Workspace>> {
    let found = instance.find_workspace(slug)?;
    Ok(found.ok_or_else(|| {
        OperatorError::not_found(format!(
            "workspace `{slug}` does not exist; `grantry workspace list` shows those that do"
        ))
    }))
}

/// What a unit of work comes to when it can also refuse, which it does before it writes.
type Outcome<T> = Result<T, OperatorError>;

/// Goes on inside a unit of work, or ends it with the refusal.
macro_rules! proceed {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}
use proceed;

/// Characters of made-up names: no upper case, nothing that looks like something else.
const READABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A name that nobody else has: 20 characters, 100 random bits.
pub(crate) fn readable_name(entropy: &mut dyn Entropy) -> String {
    let bytes: [u8; 20] = entropy::draw(entropy);
    bytes.iter().map(|byte| char::from(READABLE[usize::from(byte % 32)])).collect()
}

/// Writes a secret in the clear: on the control socket, and where it is shown once.
fn exposed<S: Serializer>(secret: &Option<Secret<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

//! Commands on data: in this process when it can have the database, otherwise in the server that has it.

use crate::args::Globals;
use crate::config::Config;
use crate::failure::Failure;
use crate::open::{self, Readiness};
use crate::{logs, output};
use grantry_server::operator::socket::{self, CallError};
use grantry_server::operator::{self, Command};
use grantry_server::settings::PublicUrl;
use grantry_storage::{OpenError, Store};
use serde_json::Value;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};
use tracing::level_filters::LevelFilter;

/// How long to wait for a process that has the database open and does not listen: a server that starts or ends, or
/// another command.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(25);

/// Does it and prints what came of it.
pub(crate) fn run(globals: &Globals, command: Command) -> Result<(), Failure> {
    let readiness = match command {
        Command::Workspace(operator::workspace::Command::Create(..)) => Readiness::Created,
        _ => Readiness::Expected,
    };
    let config = Config::read(&globals.layers()?)?;
    logs::start(&config, LevelFilter::WARN);
    let answer = execute(&config, readiness, command)?;
    output::answer(&answer, globals.format())?;
    if answer.get("client_secret").is_some() {
        output::note("The secret is shown only now: keep it safe, it cannot be shown again.");
    }
    Ok(())
}

/// Does it wherever the database can be had.
pub(crate) fn execute(config: &Config, readiness: Readiness, command: Command) -> Result<Value, Failure> {
    match reach(config, readiness, &command)? {
        Reached::Server(answer) => Ok(answer),
        Reached::Store(store) => {
            let answer = open::runtime()?.block_on(execute_here(config, store.clone(), command));
            store.close();
            answer
        }
    }
}

enum Reached {
    /// A running server did it.
    Server(Value),
    /// The database is ours for now.
    Store(Store),
}

fn reach(config: &Config, readiness: Readiness, command: &Command) -> Result<Reached, Failure> {
    let started = Instant::now();
    loop {
        let locked = match open::store(config, readiness) {
            Ok(store) => return Ok(Reached::Store(store)),
            Err(error @ OpenError::Locked(_)) => error,
            Err(error) => return Err(open::explain(&error, config)),
        };
        let Some(path) = config.control_socket() else { return Err(open::explain(&locked, config)) };
        match socket::call(&path, command) {
            Ok(answer) => return Ok(Reached::Server(answer)),
            Err(CallError::NotThere(_)) if started.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(error) => return Err(unreachable(&error, &path, config)),
        }
    }
}

fn unreachable(error: &CallError, path: &Path, config: &Config) -> Failure {
    match error {
        CallError::Refused(error) => error.clone().into(),
        CallError::NotThere(cause) if cause.kind() == io::ErrorKind::PermissionDenied => Failure::failed(format!(
            "a server has {} open, and its control socket {} belongs to another user: run this as the user that the \
             server runs as",
            config.database,
            path.display()
        )),
        CallError::NotThere(cause) => Failure::failed(format!(
            "another process has {} open, and does not answer at its control socket {} ({cause}); wait until it is done, \
             or stop it",
            config.database,
            path.display()
        )),
        CallError::NoAnswer(cause) => Failure::failed(format!(
            "the server was asked at {}, and went away before it answered ({cause}); look whether it was done",
            path.display()
        )),
    }
}

async fn execute_here(config: &Config, store: Store, command: Command) -> Result<Value, Failure> {
    let mut settings = config.settings(public_url(config)?);
    settings.workers = 1;
    let server = open::server(config, store, settings).await?;
    let answer = operator::execute(&server, command).await?;
    serde_json::to_value(answer).map_err(|error| Failure::failed(format!("it was done, but: {error}")))
}

/// What `serve` would call itself. Where that takes flags that are not ours to know, the machine's own name for itself.
fn public_url(config: &Config) -> Result<PublicUrl, Failure> {
    let local = || PublicUrl::parse(&format!("http://localhost:{}", config.listen.port()));
    config.public_url().or_else(|_| local().map_err(Failure::failed))
}

//! The control socket: how commands reach the process that has an embedded database open. One line of JSON in, one out.
//! Who may open the file may do everything, so only its owner may.

use super::{Command, OperatorError, execute};
use crate::server::Server;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Longest command, in bytes.
const LONGEST_COMMAND: u64 = 256 * 1024;
/// Longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 64 * 1024 * 1024;
/// How long a command may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long commands in flight may take when the server goes.
const GRACE: Duration = Duration::from_secs(20);
/// What surely fits into the address of a socket, in bytes.
const SHORT: usize = 90;

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Answer(serde_json::Value),
    Error(OperatorError),
}

/// A socket that nobody answers yet. The file goes when this goes.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Makes the socket, in place of one that a dead process left behind. Only for the process that holds the database.
    pub fn bind(path: &Path) -> io::Result<Self> {
        // It is never there with more rights than it ends up with: made in a closed directory, and moved when it is ready.
        let closed = path.with_extension(format!("{}.new", std::process::id()));
        let _ = fs::remove_dir_all(&closed);
        DirBuilder::new().mode(0o700).create(&closed)?;
        let made = Self::bind_in(&closed, path);
        let _ = fs::remove_dir_all(&closed);
        made
    }

    fn bind_in(closed: &Path, path: &Path) -> io::Result<Self> {
        let inside = closed.join("socket");
        let listener = UnixListener::bind(&Address::of(&inside)?.path)?;
        fs::set_permissions(&inside, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        fs::rename(&inside, path)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Answers until `stop` turns true, then finishes what was begun.
    pub async fn serve(self, server: Server, mut stop: watch::Receiver<bool>) -> io::Result<()> {
        let listener = tokio::net::UnixListener::from_std(self.listener.try_clone()?)?;
        let mut calls = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => drop(calls.spawn(answer(server.clone(), stream))),
                    // Out of file descriptors, say: wait for some to come back rather than spin.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(_) = calls.join_next() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        drop((listener, self));
        let rest = async { while calls.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, rest).await.is_err() {
            tracing::warn!("a command on the control socket was still running when the grace period ended");
        }
        Ok(())
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // If it is gone already, so much the better.
        let _ = fs::remove_file(&self.path);
    }
}

async fn answer(server: Server, mut stream: tokio::net::UnixStream) {
    let Some(reply) = reply(&server, &mut stream).await else { return };
    let Ok(mut line) = serde_json::to_vec(&reply) else { return };
    line.push(b'\n');
    // Who does not wait for the answer does not get it.
    let _ = stream.write_all(&line).await;
}

/// What to answer; nothing to someone who hung up without a word.
async fn reply(server: &Server, stream: &mut tokio::net::UnixStream) -> Option<Reply> {
    let mut line = Vec::new();
    let mut limited = tokio::io::BufReader::new(stream.take(LONGEST_COMMAND));
    let read = tokio::time::timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await.ok()?.ok()?;
    if read == 0 {
        return None;
    }
    let Ok(command) = serde_json::from_slice::<Command>(&line) else {
        let version = env!("CARGO_PKG_VERSION");
        return Some(Reply::Error(OperatorError::usage(format!(
            "the running server (version {version}) does not understand this command; use the same version of grantry"
        ))));
    };
    Some(match execute(server, command).await {
        Ok(answer) => serde_json::to_value(answer).map_or_else(unwritable, Reply::Answer),
        Err(error) => Reply::Error(error),
    })
}

fn unwritable(error: serde_json::Error) -> Reply {
    Reply::Error(OperatorError::refused(format!("it was done, but the answer cannot be written: {error}")))
}

/// Why a running server could not be asked.
#[derive(Debug)]
pub enum CallError {
    /// Nobody answers there.
    NotThere(io::Error),
    /// The server was asked, and did not answer: whether it was done is not known.
    NoAnswer(io::Error),
    /// The server answered that it was not done.
    Refused(OperatorError),
}

/// Has the server behind a control socket execute a command. Blocks.
pub fn call(path: &Path, command: &Command) -> Result<serde_json::Value, CallError> {
    let mut stream =
        Address::of(path).and_then(|address| UnixStream::connect(address.path)).map_err(CallError::NotThere)?;
    match exchange(&mut stream, command) {
        Ok(Reply::Answer(answer)) => Ok(answer),
        Ok(Reply::Error(error)) => Err(CallError::Refused(error)),
        Err(error) => Err(CallError::NoAnswer(error)),
    }
}

fn exchange(stream: &mut UnixStream, command: &Command) -> io::Result<Reply> {
    let mut line = serde_json::to_vec(command)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = Vec::new();
    BufReader::new(stream.take(LONGEST_ANSWER)).read_until(b'\n', &mut answer)?;
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&answer)?)
}

/// A path that fits into the address of a socket, which takes about a hundred bytes.
struct Address {
    path: PathBuf,
    /// Where the path leads through; it must stay open.
    _directory: Option<File>,
}

impl Address {
    fn of(path: &Path) -> io::Result<Self> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if path.as_os_str().len() <= SHORT || !cfg!(target_os = "linux") {
            return Ok(Self { path: path.to_owned(), _directory: None });
        }
        // Linux: the same file, by way of the open directory.
        let directory = File::open(directory)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
        Ok(Self { path, _directory: Some(directory) })
    }
}

//! A copy of a SQLite database while it is in use.

use super::driver::{self, Access};
use super::files;
use crate::error::BackupError;
use rusqlite::backup::{Backup, StepResult};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use tokio::sync::oneshot;

/// Copies in a thread of its own, so that nobody's work is held up. The file stays open until it is done.
pub(super) async fn copy((from, database): (PathBuf, Arc<File>), to: PathBuf) -> Result<(), BackupError> {
    let (reply, answer) = oneshot::channel();
    let work = move || {
        // An error here means that nobody waits any more.
        let _ = reply.send(copy_to_new(&from, &to));
        drop(database);
    };
    if thread::Builder::new().name("sqlite-backup".to_owned()).spawn(work).is_err() {
        return Err(BackupError::Engine("no thread to run it".to_owned()));
    }
    answer.await.unwrap_or_else(|_| Err(BackupError::Engine("it was given up".to_owned())))
}

/// The copy gets its name when it is complete, so that half a copy is never taken for one.
fn copy_to_new(from: &Path, to: &Path) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let in_the_way = |cause| BackupError::File { path: partial.clone(), cause };
    match fs::remove_file(&partial) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(in_the_way(cause)),
        Ok(()) | Err(_) => files::create_new(&partial).map_err(in_the_way)?,
    }
    let copied = copy_pages(from, &partial).and_then(|()| fs::rename(&partial, to).map_err(in_the_way));
    if copied.is_err() {
        // What is left of it is in the way of nothing; the next backup removes it too.
        let _ = fs::remove_file(&partial);
    }
    copied
}

/// All pages in one step: one moment, and in WAL mode no writer waits for it.
fn copy_pages(from: &Path, to: &Path) -> Result<(), BackupError> {
    let refused = |error: rusqlite::Error| BackupError::Engine(error.to_string());
    let source = driver::connect(from, Access::Read).map_err(refused)?;
    let mut target = rusqlite::Connection::open(to).map_err(refused)?;
    let step = Backup::new(&source, &mut target).and_then(|copy| copy.step(-1)).map_err(refused)?;
    if step != StepResult::Done {
        return Err(BackupError::Engine("the database is held by a foreign process".to_owned()));
    }
    target.close().map_err(|(_, error)| refused(error))
}

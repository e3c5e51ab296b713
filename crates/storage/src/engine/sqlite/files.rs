//! The files of a SQLite database: who may read them, and who has them open.

use crate::error::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const LOCK: &str = "grantry.lock";
const OWNER_ONLY: u32 = 0o600;

/// Makes the database this process's own for as long as the answer lives, and creates an empty file if it may.
pub(super) fn claim(path: &Path, create: bool) -> Result<File, OpenError> {
    if !create && !path.exists() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    // Of a file that is reached by a link, too, there is one directory, and one lock.
    let there = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let lock = lock(&directory(&there).join(LOCK))?;
    if !path.exists() {
        create_new(path).map_err(|cause| OpenError::File { path: path.to_owned(), cause })?;
    }
    Ok(lock)
}

/// An empty file that only its owner may read, and its name in the directory, both durable.
pub(super) fn create_new(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?.sync_all()?;
    File::open(directory(path))?.sync_all()
}

pub(super) fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let in_the_way = |cause| OpenError::File { path: path.to_owned(), cause };
    let open = OpenOptions::new().write(true).create(true).truncate(false).mode(OWNER_ONLY).open(path);
    let file = open.map_err(in_the_way)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(path.to_owned())),
        Err(TryLockError::Error(cause)) => Err(in_the_way(cause)),
    }
}

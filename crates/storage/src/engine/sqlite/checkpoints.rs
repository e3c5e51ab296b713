//! Checkpoints: what was committed moves from the log to its place in the database. That happens beside the writer, so that no commit
//! waits for a thousand pages, nor for the disk to take them. What was committed meanwhile is little; the writer moves that, after
//! which the log begins anew.

use super::driver::{self, Access};
use crate::error::OpenError;
use crate::queue::Queue;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};
use std::ffi::c_int;
use std::fmt::Display;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// Pages of the log from which on they are moved: as many as SQLite takes by itself, 4 MiB.
const PAGES: c_int = 1_000;

/// The thread that moves them.
pub(super) struct Checkpoints {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// What it is asked for.
    asked: Queue<()>,
    /// It has done that; the writer goes on.
    is_done: AtomicBool,
}

impl Checkpoints {
    /// Starts moving what `writer` commits to the database at `path`, which is also open as `database`.
    pub(super) fn start(path: &Path, database: Arc<File>, writer: &mut Connection) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared { asked: Queue::new(1), is_done: AtomicBool::new(false) });
        let hooked = writer.pragma_update(None, "wal_autocheckpoint", 0);
        let hooked = hooked.and_then(|()| writer.wal_hook(Some(after_commit(Arc::clone(&shared)))));
        hooked.map_err(|error| OpenError::Engine(error.to_string()))?;
        let (file, own) = (path.to_owned(), Arc::clone(&shared));
        let thread =
            thread::Builder::new().name("sqlite-checkpoint".to_owned()).spawn(move || run(&file, &database, &own));
        let thread = thread.map_err(|cause| OpenError::File { path: path.to_owned(), cause })?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

/// Finishes what is being moved, and lets go of the database.
impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.shared.asked.close();
        // If it panicked, that was told; what is in the log is safe there.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What happens after each commit, in the writer's thread. Whatever becomes of it, the commit has happened.
fn after_commit(shared: Arc<Shared>) -> impl FnMut(&mut Wal, c_int) -> rusqlite::Result<()> {
    let mut is_asked = false;
    move |log, pages| {
        if !is_asked {
            is_asked = pages >= PAGES && shared.asked.push(()).is_ok();
        } else if shared.is_done.swap(false, Ordering::AcqRel) {
            is_asked = false;
            noted(log.checkpoint_v2(CheckpointMode::PASSIVE));
        }
        Ok(())
    }
}

fn run(path: &Path, database: &File, shared: &Shared) {
    let mut connection = None;
    while !shared.asked.take(1).is_empty() {
        let open = connection.take().map_or_else(|| driver::connect(path, Access::Write), Ok);
        connection = noted(open.and_then(|open| {
            open.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE)?;
            Ok(open)
        }));
        // SQLite does this where nothing was committed meanwhile; else the writer would do it, for all that was moved here.
        noted(database.sync_data());
        shared.is_done.store(true, Ordering::Release);
    }
}

/// What cannot be moved now stays in the log, and is moved later.
fn noted<T, E: Display>(outcome: Result<T, E>) -> Option<T> {
    outcome.inspect_err(|error| tracing::error!(cause = %error, "SQLite could not move commits to their place")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_log_begins_anew_while_commits_go_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        fs::write(&path, "").unwrap();
        let mut writer = driver::connect(&path, Access::Write).unwrap();
        let checkpoints = Checkpoints::start(&path, Arc::new(File::open(&path).unwrap()), &mut writer).unwrap();
        writer.execute_batch("CREATE TABLE pages (page BLOB)").unwrap();
        let commit = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
                      INSERT INTO pages SELECT zeroblob(4000) FROM n";
        for _ in 0..200 {
            writer.execute_batch(commit).unwrap();
        }
        drop(checkpoints);
        let written = 200 * 100 * 4_096;
        let log = fs::metadata(directory.path().join("a.db-wal")).unwrap().len();
        assert!(log < written / 2, "{log} bytes of {written}");
        assert_eq!(writer.query_one("SELECT COUNT(*) FROM pages", [], |row| row.get::<_, i64>(0)), Ok(20_000));
        drop(writer);
        assert!(!fs::exists(directory.path().join("a.db-wal")).unwrap());
    }
}

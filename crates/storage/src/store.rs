//! The store: takes units of work and has an engine do them.

use crate::backing::{Backing, Backings};
use crate::changes::{Changes, Moment, Source};
use crate::cleanup::CLEAN_UP_MOST;
use crate::clock::Clock;
use crate::database::Database;
use crate::engine::Engine;
use crate::error::{BackupError, OpenError, Result};
use crate::ids::Ids;
use crate::instance::Instance;
use crate::job::{Durability, Unawaited, awaited};
use crate::node::Node;
use crate::tx::Tx;
use grantry_protocol::sealed::AccessToken;
use grantry_protocol::{Timestamp, WorkspaceId};
use std::path::PathBuf;
use std::sync::Arc;

/// How to open a store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bring the schema up to date; otherwise an older one is an error.
    pub migrate: bool,
    /// Create the database file if there is none.
    pub create: bool,
    /// How many connections to PostgreSQL.
    pub postgres_connections: usize,
    /// Random, so that row ids of different processes rarely meet.
    pub node_seed: u64,
    /// How much work may wait; more is answered with [`StorageError::Busy`](crate::StorageError::Busy).
    pub queue: usize,
}

/// An open database. Clones are the same store; the last one closes it.
#[derive(Clone)]
pub struct Store(Arc<Open>);

struct Open {
    engine: Engine,
    node: Arc<Node>,
    backings: Backings,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.engine.close();
    }
}

impl Store {
    /// Opens a database and checks its schema. Blocks: call it before there is anything to hold up.
    pub fn open(database: &Database, options: Options, clock: Clock) -> std::result::Result<Self, OpenError> {
        let ids = Ids::new(clock.clone(), options.node_seed);
        let node = Arc::new(Node { ids, changes: Changes::default() });
        let engine = Engine::open(database, &options, &node, clock.now())?;
        Ok(Self(Arc::new(Open { engine, node, backings: Backings::default() })))
    }

    /// Runs work that only reads, in one workspace.
    pub fn read<T, W>(&self, workspace: WorkspaceId, mut work: W) -> impl Future<Output = Result<T>>
    where
        T: Send + 'static,
        W: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.read_instance(move |instance| work(&mut instance.within(workspace)))
    }

    /// Runs work in one workspace as one transaction. The answer comes when it is durable; an error leaves nothing behind.
    pub fn write<T, W>(&self, workspace: WorkspaceId, mut work: W) -> impl Future<Output = Result<T>>
    where
        T: Send + 'static,
        W: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.write_instance(move |instance| work(&mut instance.within(workspace)))
    }

    /// Hands over work that nobody waits for. It is dropped, with a warning, when too much is waiting or when it fails, and may be
    /// undone when the power fails.
    pub fn write_later<W>(&self, workspace: WorkspaceId, mut work: W)
    where
        W: FnMut(&mut Tx<'_>) -> Result<()> + Send + 'static,
    {
        let work = move |instance: &mut Instance<'_>| work(&mut instance.within(workspace));
        self.0.engine.write(Box::new(Unawaited(work)));
    }

    /// Runs work across workspaces that only reads.
    pub fn read_instance<T, W>(&self, work: W) -> impl Future<Output = Result<T>>
    where
        T: Send + 'static,
        W: FnMut(&mut Instance<'_>) -> Result<T> + Send + 'static,
    {
        self.0.engine.read(work)
    }

    /// Runs work across workspaces as one transaction.
    pub fn write_instance<T, W>(&self, work: W) -> impl Future<Output = Result<T>>
    where
        T: Send + 'static,
        W: FnMut(&mut Instance<'_>) -> Result<T> + Send + 'static,
    {
        awaited(work, Durability::Lasting, |job| self.0.engine.write(job))
    }

    /// Removes some of what is over ([`Instance::clean_up`]). True: there may be more of it. It waits for no disk: what a failure of
    /// the power brings back is removed again.
    pub async fn clean_up(&self, now: Timestamp) -> Result<bool> {
        let work = move |instance: &mut Instance<'_>| instance.clean_up(now, CLEAN_UP_MOST);
        let looked_at = awaited(work, Durability::Repeatable, |job| self.0.engine.write(job)).await?;
        Ok(i64::try_from(looked_at).is_ok_and(|rows| rows >= CLEAN_UP_MOST))
    }

    /// What an access token rests on; none: it is denied, or its grant is gone.
    pub async fn backing_of(
        &self,
        workspace: WorkspaceId,
        token: &AccessToken,
        now: Timestamp,
    ) -> Result<Option<Backing>> {
        let Open { engine, node, backings } = &*self.0;
        let kept = engine.notes_rows().then_some(backings);
        if let Some(known) = kept.and_then(|kept| kept.find((workspace, token), &node.changes, now)) {
            return Ok(Some(known));
        }
        let (moment, about, token_id) = (node.changes.now(), token.about, token.token_id);
        let found = self.read(workspace, move |tx| tx.find_backing(about, &token_id)).await?;
        if let (Some(kept), Some(backing)) = (kept, &found) {
            kept.keep((workspace, token), backing.clone(), (moment, now));
        }
        Ok(found)
    }

    /// Before whatever this process changes from here on.
    pub fn moment(&self) -> Moment {
        self.0.node.changes.now()
    }

    /// Whether this process has changed neither the workspace, nor its keys or clients, since then. It has before a change is answered.
    pub fn is_unchanged(&self, workspace: WorkspaceId, since: Moment) -> bool {
        self.0.node.changes.is_unchanged(Source::Workspace(workspace), since)
    }

    /// Whether other processes may change the database, too.
    pub fn is_shared(&self) -> bool {
        self.0.engine.is_shared()
    }

    /// Whether the database takes writes, in the time that the work before it needs.
    pub async fn ping(&self) -> Result<()> {
        self.write_instance(|instance| instance.ping()).await
    }

    /// Finishes the writes that wait, and lets go of the database. Later work is answered with
    /// [`StorageError::Unavailable`](crate::StorageError::Unavailable). Blocks until it is done.
    pub fn close(&self) {
        self.0.engine.close();
    }

    /// Writes a copy of the database, as it is at one moment, to a new file. Work goes on meanwhile.
    pub async fn backup(&self, to: PathBuf) -> std::result::Result<(), BackupError> {
        self.0.engine.backup(to).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_has_to_last_waits_for_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(directory.path().join("a.db"));
        let options = Options { migrate: true, create: true, postgres_connections: 1, node_seed: 7, queue: 8 };
        let store = Store::open(&database, options, Clock::new(|| 0)).unwrap();
        let level = |instance: &mut Instance<'_>| {
            instance.rows::<i64>("SELECT synchronous FROM pragma_synchronous WHERE $1 = $1", &[0.into()])
        };
        let repeatable = || awaited(level, Durability::Repeatable, |job| store.0.engine.write(job));
        for _ in 0..2 {
            // https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL, 1 is NORMAL.
            assert_eq!(store.write_instance(level).await, Ok(vec![2]));
            assert_eq!(repeatable().await, Ok(vec![1]));
        }
        let (repeatable, lasting) = tokio::join!(repeatable(), store.write_instance(level));
        assert_eq!(lasting, Ok(vec![2]));
        assert!(repeatable.is_ok());
    }
}

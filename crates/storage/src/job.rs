//! A unit of work, and the one who waits for it.

use crate::connection::Connection;
use crate::error::{Result, StorageError};
use crate::instance::Instance;
use std::time::Duration;
use tokio::sync::oneshot;

/// The longest that anyone waits for the database.
const PATIENCE: Duration = Duration::from_secs(10);

/// Work that an engine runs, more than once if it must, and answers when it is certain.
pub(crate) trait Job: Send {
    fn run(&mut self, connection: &mut Connection) -> Result<()>;
    fn answer(self: Box<Self>, outcome: Result<()>);
    /// Whether anyone still waits for it. What nobody waits for any more need not be begun.
    fn is_wanted(&self) -> bool;
    /// What it asks of its commit.
    fn durability(&self) -> Durability;
}

/// What a commit has to come to before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It is on the disk.
    Lasting,
    /// It may be undone when the power fails: it goes to the disk with what follows.
    Repeatable,
}

struct Awaited<T, W> {
    work: W,
    durability: Durability,
    value: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

/// Has work done elsewhere, and waits for its answer; not too long: a database that hangs is one that is away. Whether a write was
/// done is not known then.
pub(crate) async fn awaited<T, W>(work: W, durability: Durability, hand_over: impl FnOnce(Box<dyn Job>)) -> Result<T>
where
    T: Send + 'static,
    W: FnMut(&mut Instance<'_>) -> Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    hand_over(Box::new(Awaited { work, durability, value: None, reply }));
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(StorageError::Unavailable),
        Err(_) => {
            tracing::error!("the database took too long to answer");
            Err(StorageError::Unavailable)
        }
    }
}

impl<T: Send, W: FnMut(&mut Instance<'_>) -> Result<T> + Send> Job for Awaited<T, W> {
    fn run(&mut self, connection: &mut Connection) -> Result<()> {
        self.value = Some((self.work)(&mut Instance::new(connection))?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<()>) {
        let Self { value, reply, .. } = *self;
        // An error here means that nobody waits any more.
        let _ = reply.send(outcome.and_then(|()| value.ok_or(StorageError::Unavailable)));
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn durability(&self) -> Durability {
        self.durability
    }
}

/// A job that nobody waits for.
pub(crate) struct Unawaited<W>(pub(crate) W);

impl<W: FnMut(&mut Instance<'_>) -> Result<()> + Send> Job for Unawaited<W> {
    fn run(&mut self, connection: &mut Connection) -> Result<()> {
        (self.0)(&mut Instance::new(connection))
    }

    fn answer(self: Box<Self>, outcome: Result<()>) {
        if let Err(error) = outcome {
            tracing::warn!(%error, "a write that nobody waits for was dropped");
        }
    }

    fn is_wanted(&self) -> bool {
        true
    }

    fn durability(&self) -> Durability {
        Durability::Repeatable
    }
}

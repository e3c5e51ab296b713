//! A unit of work, and the one who waits for it.

use crate::connection::Connection;
use crate::error::{Result, StorageError};
use crate::instance::Instance;
use tokio::sync::oneshot;

/// Work that an engine runs, more than once if it must, and answers when it is certain.
pub(crate) trait Job: Send {
    fn run(&mut self, connection: &mut Connection) -> Result<()>;
    fn answer(self: Box<Self>, outcome: Result<()>);
    /// Whether anyone still waits for it. What nobody waits for any more need not be begun.
    fn is_wanted(&self) -> bool;
}

struct Awaited<T, W> {
    work: W,
    value: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

/// A job, and where its answer arrives.
pub(crate) fn awaited<T, W>(work: W) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    W: FnMut(&mut Instance<'_>) -> Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Awaited { work, value: None, reply }), answer)
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
}

//! Threads for work that takes long: behind those that answer, and bounded.

use rustix::process::setpriority_process;
use rustix::thread::gettid;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Every place in the queue is taken: try again in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// The nice value of the threads: low, and yet not so low that logins would starve beside tokens.
const BEHIND: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// Some threads, and the queue before them.
pub(crate) struct SlowThreads(SyncSender<Job>);

impl SlowThreads {
    pub(crate) fn start(threads: usize, waiting: usize) -> Self {
        let (queue, jobs) = sync_channel(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads.max(1) {
            let jobs = Arc::clone(&jobs);
            std::thread::spawn(move || work(&jobs));
        }
        Self(queue)
    }

    /// Does work there.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || {
            // The one who asked may have gone away, before or meanwhile; then nobody needs the answer.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        });
        match self.0.try_send(job) {
            Ok(()) => answered.await.map_err(|_| Busy),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Busy),
        }
    }
}

/// Takes jobs from the queue, behind the threads that answer: a hash takes long anyway, a token should not.
fn work(jobs: &Mutex<Receiver<Job>>) {
    // setpriority(2): on Linux, of this thread alone. Where it is not allowed, everything works as before.
    let _ = setpriority_process(Some(gettid()), BEHIND);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            // A panic in one job must not take the thread from the others: whoever waits hears that their answer was dropped.
            Ok(job) => {
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    tracing::error!("slow work panicked");
                }
            }
            Err(_) => return,
        }
    }
}

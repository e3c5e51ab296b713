//! Argon2id (RFC 9106) on threads of its own: bounded, so that logins cannot starve tokens, and never cheaper for unknown users.

use crate::random::Randomness;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use grantry_protocol::entropy;
use grantry_protocol::types::Secret;
use rustix::process::setpriority_process;
use rustix::thread::gettid;
use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// Every place in the queue is taken: try again in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// The nice value of the threads that hash: low, and yet not so low that logins would starve beside tokens.
const BEHIND: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// The threads that hash. The parameters are the library's defaults: 19 MiB, two passes, one lane.
pub struct Passwords {
    queue: SyncSender<Job>,
    randomness: Randomness,
    /// Verified in place of the digest that an unknown user does not have. Made when it is first needed.
    nobody: Arc<OnceLock<String>>,
}

impl Passwords {
    pub(crate) fn start(threads: usize, waiting: usize, randomness: &Randomness) -> Self {
        let (queue, jobs) = sync_channel(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads.max(1) {
            let jobs = Arc::clone(&jobs);
            std::thread::spawn(move || work(&jobs));
        }
        Self { queue, randomness: randomness.clone(), nobody: Arc::default() }
    }

    /// The PHC string under which a password rests.
    pub async fn hash(&self, password: Secret<String>) -> Result<String, Busy> {
        let mut randomness = self.randomness.clone();
        self.run(move || digest(password.expose(), &mut randomness)).await?.ok_or(Busy)
    }

    /// Whether a password is the one that rests as `digest`. Without a digest the answer is no, and takes as long.
    pub async fn verify(&self, password: Secret<String>, digest: Option<String>) -> Result<bool, Busy> {
        let (nobody, mut randomness) = (Arc::clone(&self.nobody), self.randomness.clone());
        self.run(move || match digest {
            Some(digest) => matches(password.expose(), &digest),
            None => {
                let nobody = nobody.get_or_init(|| {
                    let unknown = entropy::draw_text::<32>(&mut randomness);
                    self::digest(&unknown, &mut randomness).unwrap_or_default()
                });
                // The work is the point, not its outcome.
                let _ = matches(password.expose(), nobody);
                false
            }
        })
        .await
    }

    /// Whether a secret is one of those that rest as `digests`.
    pub async fn verify_any(&self, secret: Secret<String>, digests: Vec<String>) -> Result<bool, Busy> {
        self.run(move || digests.iter().any(|digest| matches(secret.expose(), digest))).await
    }

    /// Does slow work on the threads that hash.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || {
            // The one who asked may have gone away, before or meanwhile; then nobody needs the answer.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        });
        match self.queue.try_send(job) {
            Ok(()) => answered.await.map_err(|_| Busy),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Busy),
        }
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

/// Takes jobs from the queue, behind the threads that answer: a hash takes long anyway, a token should not.
fn work(jobs: &Mutex<Receiver<Job>>) {
    // setpriority(2): on Linux, of this thread alone. Where it is not allowed, everything works as before.
    let _ = setpriority_process(Some(gettid()), BEHIND);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

fn digest(password: &str, randomness: &mut Randomness) -> Option<String> {
    let salt: [u8; 16] = entropy::draw(randomness);
    Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

fn matches(password: &str, digest: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), digest).is_ok()
}

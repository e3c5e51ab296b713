//! Argon2id (RFC 9106) on threads of its own, so that logins cannot starve tokens, and never cheaper for unknown users.

use crate::random::Randomness;
use crate::slow::{Busy, SlowThreads};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, Params};
use grantry_protocol::entropy;
use grantry_protocol::types::Secret;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The threads that hash. The parameters are the library's defaults: 19 MiB, two passes, one lane.
pub struct Passwords {
    threads: SlowThreads,
    randomness: Randomness,
    /// Verified in place of the digest that an unknown user does not have. Made when it is first needed.
    nobody: Arc<OnceLock<String>>,
}

impl Passwords {
    pub(crate) fn start(threads: usize, waiting: usize, randomness: &Randomness) -> Self {
        let threads = SlowThreads::start(threads, waiting);
        Self { threads, randomness: randomness.clone(), nobody: Arc::default() }
    }

    /// The PHC string under which a password rests.
    pub async fn hash(&self, password: Secret<String>) -> Result<String, Busy> {
        let mut randomness = self.randomness.clone();
        self.threads.run(move || digest(password.expose(), &mut randomness)).await?.ok_or(Busy)
    }

    /// Whether a password is the one that rests as `digest`. Without a digest the answer is no, and takes as long.
    pub async fn verify(&self, password: Secret<String>, digest: Option<String>) -> Result<bool, Busy> {
        let (nobody, mut randomness) = (Arc::clone(&self.nobody), self.randomness.clone());
        self.threads
            .run(move || match digest {
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
        self.threads.run(move || digests.iter().any(|digest| matches(secret.expose(), digest))).await
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

fn digest(password: &str, randomness: &mut Randomness) -> Option<String> {
    let salt: [u8; 16] = entropy::draw(randomness);
    Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

/// How a bcrypt hash begins, whichever variant it is of.
const BCRYPT: &str = "$2";

fn matches(password: &str, digest: &str) -> bool {
    if digest.starts_with(BCRYPT) {
        return bcrypt::verify(password, digest).unwrap_or(false);
    }
    Argon2::default().verify_password(password.as_bytes(), digest).is_ok()
}

/// Whether a digest costs what ours do. One that was brought along does not; it is replaced when its password is next given.
pub(crate) fn is_ours(digest: &str) -> bool {
    let costs = |it: &Params| (it.m_cost(), it.t_cost(), it.p_cost());
    parameters(digest).is_some_and(|parameters| costs(&parameters) == costs(&Params::default()))
}

/// The parameters of a complete Argon2id hash in PHC form.
fn parameters(digest: &str) -> Option<Params> {
    let hash = PasswordHash::new(digest).ok()?;
    let complete = hash.algorithm.as_str() == "argon2id" && hash.salt.is_some() && hash.hash.is_some();
    Params::try_from(&hash).ok().filter(|_| complete)
}

/// Refuses what is no hash that could be verified here in reasonable time: nobody shall be able to hold up logins with one.
pub(crate) fn check_imported(digest: &str) -> Result<(), &'static str> {
    if digest.starts_with(BCRYPT) {
        let parts: bcrypt::HashParts = digest.parse().map_err(|_| "it begins like a bcrypt hash, and is none")?;
        let few = parts.get_cost() <= MOST_BCRYPT;
        return if few { Ok(()) } else { Err("the cost of a bcrypt hash is at most 14") };
    }
    let known =
        parameters(digest).ok_or("it is neither an Argon2id hash ($argon2id$v=19$m=…) nor a bcrypt hash ($2b$…)")?;
    let few = known.m_cost() <= MOST_MEMORY && known.t_cost() <= MOST_PASSES && known.p_cost() <= MOST_LANES;
    if few { Ok(()) } else { Err("an Argon2id hash takes at most 64 MiB, 8 passes and 4 lanes") }
}

/// The binary logarithm of rounds: more than a second of work.
const MOST_BCRYPT: u32 = 14;
/// In KiB.
const MOST_MEMORY: u32 = 64 * 1_024;
const MOST_PASSES: u32 = 8;
const MOST_LANES: u32 = 4;

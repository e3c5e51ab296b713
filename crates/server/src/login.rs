//! Checking a user's name and password, at whatever door they are given: throttled, and as slow for nobody as for somebody.

use crate::here::Here;
use crate::passwords::is_ours;
use crate::reply::Failure;
use crate::slow::Busy;
use crate::throttle::{Guesser, Outcome, Throttle, place_of};
use grantry_protocol::Timestamp;
use grantry_protocol::account::User;
use grantry_protocol::sealed::DeviceCookie;
use grantry_protocol::types::Secret;
use grantry_storage::{StorageError, Tx};

/// Someone says who they are.
pub(crate) struct Attempt<'a> {
    /// The name.
    pub(crate) username: &'a str,
    /// The proof.
    pub(crate) password: Secret<String>,
    /// The browser, if someone has signed in with it before.
    pub(crate) device: Option<DeviceCookie>,
}

/// The longest user name that is looked for, in characters.
const LONGEST_NAME: usize = 255;

/// Someone who gave the right password. Made only by [`check`].
#[derive(Clone, Debug)]
pub(crate) struct Proven {
    user: User,
    digest: Secret<String>,
}

impl Proven {
    /// Who.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// Whether it is still the right password; asked in the unit of work that writes because of it, so that a login that was being
    /// checked does not outlive a changed password.
    pub(crate) fn still_holds(&self, tx: &mut Tx<'_>) -> Result<bool, StorageError> {
        tx.confirm_password(self.user.id, self.digest.expose())
    }
}

/// The user, if name and password are right and the account may be used.
pub(crate) async fn check(here: &Here, attempt: Attempt<'_>) -> Result<Option<Proven>, Failure> {
    let name: String = attempt.username.chars().take(LONGEST_NAME + 1).collect();
    let wanted = name.clone();
    let found = here.read(move |tx| tx.find_password(&wanted)).await?;
    let guessers = guessers(here, name, attempt.device, found.as_ref().map(|(user, _)| user));
    let (user, digest) = found.unzip();
    let digest = digest.flatten();
    let checked = here.server.passwords().verify(attempt.password.clone(), digest.clone());
    let right = throttled(here, &guessers, checked).await?;
    let proven = user.zip(digest).filter(|(user, _)| right && user.disabled_at.is_none());
    if proven.is_none() {
        here.server.metrics().failed_logins.inc();
    }
    let Some((user, digest)) = proven else { return Ok(None) };
    let digest = if is_ours(&digest) { digest } else { adopt(here, &user, attempt.password, digest).await? };
    Ok(Some(Proven { user, digest: Secret::new(digest) }))
}

/// Has a password whose hash came from elsewhere rest as ours do: by how long it takes to check, nobody shall know an account
/// from none.
async fn adopt(here: &Here, user: &User, password: Secret<String>, known: String) -> Result<String, Failure> {
    let fresh = here.server.passwords().hash(password.clone()).await?;
    let (id, name, to) = (user.id, user.username.clone(), fresh.clone());
    let replaced = here.write(move |tx| {
        let replaced = tx.replace_digest(id, &known, &to)?;
        // A login beside this one may have been faster.
        Ok(if replaced { None } else { tx.find_password(&name)?.and_then(|(_, digest)| digest) })
    });
    match replaced.await? {
        Some(other) if here.server.passwords().verify(password, Some(other.clone())).await? => Ok(other),
        // Where it was changed instead, whoever relies on this password hears of it before they write.
        _ => Ok(fresh),
    }
}

/// Runs the check of a guess, if these guessers may have one now, and counts how it ends.
pub(crate) async fn throttled(
    here: &Here,
    guessers: &[Guesser],
    check: impl Future<Output = Result<bool, Busy>>,
) -> Result<bool, Failure> {
    let throttle = here.server.throttle();
    throttle.begin(guessers, here.now).map_err(Failure::Throttled)?;
    // Whoever hangs up before the answer has had the work done all the same.
    let mut guess = Guess { throttle, guessers, outcome: Outcome::Wrong, now: here.now };
    let checked = check.await;
    guess.outcome = match checked {
        Ok(true) => Outcome::Right,
        Ok(false) => Outcome::Wrong,
        Err(Busy) => Outcome::Dropped,
    };
    Ok(checked?)
}

/// A guess that is being looked at. It ends when this goes, also when the one who guessed hangs up.
struct Guess<'a> {
    throttle: &'a Throttle,
    guessers: &'a [Guesser],
    outcome: Outcome,
    now: Timestamp,
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        self.throttle.end(self.guessers, self.outcome, self.now);
    }
}

/// Whose failures count against this attempt. A device cookie of another user is no credential for this account.
fn guessers(here: &Here, name: String, device: Option<DeviceCookie>, user: Option<&User>) -> Vec<Guesser> {
    let (workspace, place) = (here.row().id, place_of(here.address));
    match device.filter(|device| user.is_some_and(|user| user.id == device.user)) {
        Some(device) => vec![Guesser::KnownBrowser(workspace, name, device.device)],
        None => vec![Guesser::Stranger(workspace, name, place), Guesser::Address(place)],
    }
}

//! Checking a user's name and password, at whatever door they are given: throttled, and as slow for nobody as for somebody.

use crate::here::Here;
use crate::reply::Failure;
use crate::throttle::Guesser;
use grantry_protocol::account::User;
use grantry_protocol::sealed::DeviceCookie;
use grantry_protocol::types::Secret;

/// Someone says who they are.
pub(crate) struct Attempt<'a> {
    /// The name.
    pub(crate) username: &'a str,
    /// The proof.
    pub(crate) password: Secret<String>,
    /// The browser, if someone has signed in with it before.
    pub(crate) device: Option<DeviceCookie>,
}

/// The user, if name and password are right and the account may be used.
pub(crate) async fn check(here: &Here, attempt: Attempt<'_>) -> Result<Option<User>, Failure> {
    let name = attempt.username.to_owned();
    let found = here.read(move |tx| tx.find_password(&name)).await?;
    let guessers = guessers(here, &attempt, found.as_ref().map(|(user, _)| user));
    if let Some(wait) = here.server.throttle().wait(&guessers, here.now) {
        return Err(Failure::Throttled(wait));
    }
    let (user, digest) = found.unzip();
    let right = here.server.passwords().verify(attempt.password, digest.flatten()).await?;
    let user = user.filter(|user| right && user.disabled_at.is_none());
    if user.is_some() {
        here.server.throttle().succeeded(&guessers);
    } else {
        here.server.throttle().failed(&guessers, here.now);
        here.server.metrics().failed_logins.inc();
    }
    Ok(user)
}

/// Whose failures count against this attempt. A device cookie of another user is no credential for this account.
fn guessers(here: &Here, attempt: &Attempt<'_>, user: Option<&User>) -> Vec<Guesser> {
    let workspace = here.row().id;
    let name = attempt.username.to_owned();
    let known = attempt.device.filter(|device| user.is_some_and(|user| user.id == device.user));
    match known {
        Some(device) => vec![Guesser::KnownBrowser(workspace, name, device.device)],
        None => vec![Guesser::Stranger(workspace, name, here.address), Guesser::Address(here.address)],
    }
}

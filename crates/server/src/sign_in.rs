//! Signing this browser in: what a login and a sign-up end with.

use crate::browser::Browser;
use crate::here::Here;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use grantry_protocol::entropy::draw_text;
use grantry_protocol::types::UserId;
use grantry_storage::{NewSession, StorageError, Tx};

/// A new session, whatever was there before, for the user whom `who` finds or makes in the same unit of work. False: nobody, and
/// nothing was written.
pub(crate) async fn begin(
    here: &Here,
    headers: &HeaderMap,
    browser: &mut Browser,
    mut who: impl FnMut(&mut Tx<'_>) -> Result<Option<UserId>, StorageError> + Send + 'static,
) -> Result<bool, StorageError> {
    let previous = browser.person();
    let fresh = draw_text::<16>(&mut here.server.randomness());
    let (now, expires_at) = (here.now, here.now.plus(here.row().policy.lifetimes.session));
    let (user_agent, address) = (user_agent(headers), here.address.to_string());
    let work = move |tx: &mut Tx<'_>| {
        let Some(user) = who(tx)? else { return Ok(None) };
        // The browser has one session: the one before is over, and with another user in it, what was granted there too. Clients go on
        // knowing a session in which the same person proves again who they are.
        let mut sid = fresh.clone();
        match &previous {
            Some(previous) if previous.user == user => {
                tx.expire_session(previous.session, previous.user, now)?;
                sid.clone_from(&previous.sid);
            }
            Some(previous) => drop(tx.end_session(previous.session, previous.user, now)?),
            None => {}
        }
        let (user_agent, address) = (user_agent.clone(), address.clone());
        let session = NewSession { sid, user, auth_time: now, expires_at, user_agent, address };
        Ok(Some((tx.insert_session(&session, now)?, session.sid, user)))
    };
    let Some((session, sid, user)) = here.server.store().write(here.row().id, work).await? else {
        return Ok(false);
    };
    here.server.signed_out().notify_one();
    browser.sign_in(here, (session, &sid), user);
    Ok(true)
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().take(300).collect()
}

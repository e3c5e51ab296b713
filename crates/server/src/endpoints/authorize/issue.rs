//! RFC 6749 §4.1.2, OpenID Connect Core §3.1.2.5: writes what a person agreed to, and answers with what it is for.

use crate::browser::Browser;
use crate::endpoints::token::{Granted, Tokens};
use crate::here::Here;
use crate::pages;
use crate::reply::Failure;
use axum::response::Response;
use grantry_protocol::Timestamp;
use grantry_protocol::authorize::{Authorized, Issued};
use grantry_protocol::grant::{Grant, NewGrant};
use grantry_protocol::id_token::Beside;
use grantry_protocol::sealed::AuthorizationCode;
use grantry_protocol::session_management;
use grantry_storage::{StorageError, Tx};
use std::sync::Arc;

/// Where the person's consent comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// They have just agreed, and are not asked again.
    Given,
    /// They agreed earlier; it has to be so still when the grant is written.
    Remembered,
}

/// Writes the grants and answers with what they are for. `None`: what was remembered, or the session, has just ended.
pub(crate) async fn issue(
    here: &Here,
    browser: &Browser,
    (authorized, consent): (Authorized, Consent),
) -> Result<Option<Response>, Failure> {
    let (session, user) = browser.signed_in.as_ref().ok_or(Failure::Internal)?;
    let authorized = Arc::new(authorized);
    let client = authorized.client();
    let lifetimes = client.lifetimes(&here.row().policy.lifetimes);
    let writing = Writing {
        consent,
        code: authorized.to_code_grant(&lifetimes, here.now),
        token: authorized.to_token_grant(&lifetimes, here.now),
        authorized: Arc::clone(&authorized),
        session_ends_at: session.expires_at,
    };
    // Before anything is written: where a first key is needed, it is there by then.
    let tokens = match authorized.is_openid() {
        true => Tokens::with_id_tokens(here, client).await?,
        false => Tokens::of(here, client).await?,
    };
    let now = here.now;
    let Some(written) = here.write(move |tx| writing.write(tx, now)).await? else { return Ok(None) };
    let subject = here.told(client, &user.subject);
    let code = written.code.map(|code| here.seal(&code));
    let scope = authorized.scope();
    let granted = |grant| Granted { grant, user: None, subject: &subject, scope: &scope };
    let access_token = written.token.as_ref().map(|grant| tokens.for_grant(granted(grant))).transpose()?;
    let scope = scope.to_string();
    let access_token = access_token.as_ref().map(|it| (it.access_token.as_str(), it.expires_in.0, scope.as_str()));
    let target = authorized.target();
    let beside = Beside { access_token: access_token.map(|it| it.0), code: code.as_deref(), state: target.state() };
    let id_token = match authorized.response_type().has_id_token() {
        true => Some(tokens.id_token(&authorized, (user, &subject), beside)?),
        false => None,
    };
    let session_state = session_state(here, browser, &authorized);
    let issued = Issued {
        code: code.as_deref(),
        access_token,
        id_token: id_token.as_deref(),
        session_state: session_state.as_deref(),
    };
    pages::answer(target.with(&issued), || pages::frame(here, browser)).map(Some)
}

/// Session Management §2: in the answer to every OpenID request.
fn session_state(here: &Here, browser: &Browser, authorized: &Authorized) -> Option<String> {
    let state = browser.state().filter(|_| authorized.is_openid())?;
    let (client_id, uri) = (&authorized.client().client_id, authorized.target().uri());
    session_management::session_state(client_id, uri, state, &mut here.server.randomness())
}

/// What is written before the answer, as one unit of work.
struct Writing {
    consent: Consent,
    code: Option<NewGrant>,
    token: Option<NewGrant>,
    authorized: Arc<Authorized>,
    session_ends_at: Timestamp,
}

/// What was written.
struct Written {
    code: Option<AuthorizationCode>,
    token: Option<Grant>,
}

impl Writing {
    fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<Option<Written>, StorageError> {
        let (by, client, agreed) = (self.authorized.by(), self.authorized.client().row, self.authorized.agreed());
        match self.consent {
            Consent::Given => {
                // They were there a moment ago.
                tx.find_user(by.user)?.ok_or(StorageError::Unavailable)?;
                tx.remember_consent(by.user, client, agreed, now)?;
            }
            Consent::Remembered => {
                let held = tx.hold_consent(by.user, client)?;
                if !held.is_some_and(|held| agreed.is_within(&held.scope)) {
                    return Ok(None);
                }
            }
        }
        // Whoever signs out in this moment ends what would be written here.
        if self.authorized.is_openid() && !tx.note_session_client(by, client, self.session_ends_at)? {
            return Ok(None);
        }
        let code = match &self.code {
            Some(new) => Some(AuthorizationCode { grant: tx.insert_grant(new)?, expires_at: new.expires_at }),
            None => None,
        };
        let token = match &self.token {
            Some(new) => Some(Grant::written(tx.insert_grant(new)?, new.clone())),
            None => None,
        };
        Ok(Some(Written { code, token }))
    }
}

//! Signing out browsers from the account page: `POST /{workspace}/account/sessions/sign-out` and `…/sign-out-all`.

use super::home::{END_SESSION, END_SESSIONS, show_stale};
use crate::form::Fields;
use crate::reader::Reader;
use crate::reply::Failure;
use crate::sign_out;
use axum::response::Response;
use grantry_protocol::SessionId;
use grantry_storage::Tx;

/// Ends one session. Which one is in the form token, so that row ids leave the server only sealed.
pub(crate) async fn post(reader: Reader, fields: Fields) -> Result<Response, Failure> {
    let token = fields.get("form_token");
    let named = reader.browser.check_form_with_prefix(&reader.here, &reader.headers, token, END_SESSION);
    let Some(session) = named.ok().and_then(|id| id.parse().ok()).map(SessionId) else {
        return show_stale(reader).await;
    };
    let (user, now) = (reader.user.id, reader.here.now);
    // None where it had ended already: what was wanted is so.
    let clients = reader.here.write(move |tx| tx.end_session(session, user, now)).await?;
    if session == reader.session.id {
        return Ok(sign_out::leave(&reader.here, reader.browser, &clients.unwrap_or_default(), None));
    }
    reader.here.server.signed_out().notify_one();
    Ok(reader.go("/account?done=session"))
}

/// Ends every session of the user, or every other one.
pub(crate) async fn post_all(reader: Reader, fields: Fields) -> Result<Response, Failure> {
    if reader.check_form(&fields, END_SESSIONS).is_err() {
        return show_stale(reader).await;
    }
    let (user, own, now) = (reader.user.id, reader.session.id, reader.here.now);
    match fields.get("which") {
        "others" => {
            reader.here.write(move |tx| tx.end_sessions_of(user, Some(own), now)).await?;
            reader.here.server.signed_out().notify_one();
            Ok(reader.go("/account?done=others"))
        }
        "all" => {
            let work = move |tx: &mut Tx<'_>| {
                // The clients of this browser's own session are told by it, too.
                let clients = tx.end_session(own, user, now)?;
                tx.end_sessions_of(user, None, now)?;
                Ok(clients.unwrap_or_default())
            };
            let clients = reader.here.write(work).await?;
            Ok(sign_out::leave(&reader.here, reader.browser, &clients, None))
        }
        _ => Err(Failure::BadForm("which sessions to end: others, or all")),
    }
}

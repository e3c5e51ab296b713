//! Signing out browsers from the account page: `POST /{workspace}/account/sessions/sign-out` and `…/sign-out-all`.

use super::home::{END_SESSION, END_SESSIONS, show_stale};
use crate::form::Fields;
use crate::reader::Reader;
use crate::reply::Failure;
use axum::response::Response;
use grantry_protocol::SessionId;

/// Ends one session. Which one is in the form token, so that row ids leave the server only sealed.
pub(crate) async fn post(reader: Reader, fields: Fields) -> Result<Response, Failure> {
    let token = fields.get("form_token");
    let named = reader.browser.check_form_with_prefix(&reader.here, &reader.headers, token, END_SESSION);
    let Some(session) = named.ok().and_then(|id| id.parse().ok()).map(SessionId) else {
        return show_stale(reader).await;
    };
    let (user, now) = (reader.user.id, reader.here.now);
    // False where it had ended already: what was wanted is so.
    reader.here.write(move |tx| tx.end_session(session, user, now)).await?;
    if session == reader.session.id {
        return Ok(signed_out(reader));
    }
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
            Ok(reader.go("/account?done=others"))
        }
        "all" => {
            reader.here.write(move |tx| tx.end_sessions_of(user, None, now)).await?;
            Ok(signed_out(reader))
        }
        _ => Err(Failure::BadForm("which sessions to end: others, or all")),
    }
}

/// The answer to a browser whose own session has just ended.
fn signed_out(mut reader: Reader) -> Response {
    reader.browser.sign_out(&reader.here);
    reader.go("/account/signed-out")
}

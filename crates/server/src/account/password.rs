//! The form that changes the password: `GET, POST /{workspace}/account/password`.

use crate::form::Fields;
use crate::login::{self, Attempt, Proven};
use crate::pages::layout::Frame;
use crate::reader::Reader;
use crate::reply::Failure;
use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use grantry_protocol::account::{SHORTEST_PASSWORD, check_new_password};
use grantry_protocol::types::Secret;

/// Posts `form_token`, `current`, `new`, `repeat` and optionally `sign_out_others` (`yes`).
#[derive(Template)]
#[template(path = "en/account/password.html")]
pub(crate) struct PasswordPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) username: String,
    /// The least length of a new password.
    pub(crate) min_length: usize,
    pub(crate) errors: PasswordErrors,
}

/// What is wrong with each field.
#[derive(Default)]
pub(crate) struct PasswordErrors {
    /// The form itself, e.g. too many attempts.
    pub(crate) form: Option<String>,
    pub(crate) current: Option<String>,
    pub(crate) new: Option<String>,
    pub(crate) repeat: Option<String>,
}

/// The form's action, which its token is bound to.
const ACTION: &str = "password";

/// `GET W/account/password`.
pub(crate) async fn get(reader: Reader) -> Result<Response, Failure> {
    show(reader, StatusCode::OK, PasswordErrors::default())
}

/// `POST W/account/password`.
pub(crate) async fn post(reader: Reader, fields: Fields) -> Result<Response, Failure> {
    if reader.check_form(&fields, ACTION).is_err() {
        return show(reader, StatusCode::FORBIDDEN, PasswordErrors::of_form(super::STALE.to_owned()));
    }
    if let Err(errors) = check_new(&fields, &reader.user.username) {
        return show(reader, StatusCode::UNPROCESSABLE_ENTITY, errors);
    }
    let password = Secret::new(fields.get("current").to_owned());
    let attempt = Attempt { username: &reader.user.username, password, device: reader.browser.device };
    let current = login::check(&reader.here, attempt).await;
    let changed = match current {
        // The name may have been given to someone else since this browser signed in.
        Ok(Some(proven)) if proven.user().id == reader.user.id => change(&reader, &fields, proven).await,
        Ok(_) => {
            let current = Some("This is not your current password.".to_owned());
            return show(
                reader,
                StatusCode::UNPROCESSABLE_ENTITY,
                PasswordErrors { current, ..PasswordErrors::default() },
            );
        }
        Err(failure) => Err(failure),
    };
    match changed {
        Ok(()) => Ok(reader.go("/account?done=password")),
        Err(Failure::Throttled(wait)) => show_waiting(
            reader,
            StatusCode::TOO_MANY_REQUESTS,
            wait.0,
            format!("Too many attempts. Please wait {} seconds.", wait.0),
        ),
        Err(Failure::Busy) => {
            let busy = "The server is busy, and nothing was changed. Please try again in a moment.";
            show_waiting(reader, StatusCode::SERVICE_UNAVAILABLE, 1, busy.to_owned())
        }
        Err(failure) => Err(failure),
    }
}

/// What can be said about a new password without looking at the current one.
fn check_new(fields: &Fields, username: &str) -> Result<(), PasswordErrors> {
    let (current, new, repeat) = (fields.get("current"), fields.get("new"), fields.get("repeat"));
    let wrong = |message: &str| Some(message.to_owned());
    let about_new = match check_new_password(new, username) {
        Err(message) => wrong(message),
        Ok(()) if new == current => wrong("The new password is the current one."),
        Ok(()) => None,
    };
    let errors = PasswordErrors {
        form: None,
        current: if current.is_empty() { wrong("Type your current password.") } else { None },
        repeat: if about_new.is_none() && repeat != new { wrong("The two new passwords differ.") } else { None },
        new: about_new,
    };
    let fine = errors.current.is_none() && errors.new.is_none() && errors.repeat.is_none();
    if fine { Ok(()) } else { Err(errors) }
}

async fn change(reader: &Reader, fields: &Fields, proven: Proven) -> Result<(), Failure> {
    let digest = reader.here.server.passwords().hash(Secret::new(fields.get("new").to_owned())).await?;
    let sign_out_others = fields.get("sign_out_others") == "yes";
    let (user, session, now) = (reader.user.id, reader.session.id, reader.here.now);
    let change = reader.here.write(move |tx| {
        let changed = proven.still_holds(tx)? && tx.set_password(user, &digest)?;
        if changed && sign_out_others {
            tx.end_sessions_of(user, Some(session), now)?;
        }
        Ok(changed)
    });
    // A user who was deleted in the meantime has no password to change, and one whose password was changed has another.
    let changed = change.await?;
    reader.here.server.signed_out().notify_one();
    if changed { Ok(()) } else { Err(Failure::NotFound) }
}

fn show(reader: Reader, status: StatusCode, errors: PasswordErrors) -> Result<Response, Failure> {
    let page = PasswordPage {
        frame: reader.frame(),
        form_token: reader.form_token(ACTION),
        username: reader.user.username.clone(),
        min_length: SHORTEST_PASSWORD,
        errors,
    };
    reader.show(&page, status)
}

/// The form again, with how many seconds to wait.
fn show_waiting(reader: Reader, status: StatusCode, seconds: i64, message: String) -> Result<Response, Failure> {
    let mut response = show(reader, status, PasswordErrors::of_form(message))?;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    Ok(response)
}

impl PasswordErrors {
    fn of_form(message: String) -> Self {
        Self { form: Some(message), ..Self::default() }
    }
}

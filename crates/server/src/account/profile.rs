//! What a person says of themselves: `GET, POST /{workspace}/account/profile`. The rules are `protocol::claims`.

use crate::form::Fields;
use crate::pages::layout::Frame;
use crate::reader::Reader;
use crate::reply::Failure;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use grantry_protocol::claims::{Problem, change_own, own_fields, own_text, read};

/// Posts `form_token` and the standard claims that are a person's own, those of the address by its members. What is not posted stays.
#[derive(Template)]
#[template(path = "en/account/profile.html")]
pub(crate) struct ProfilePage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    pub(crate) username: String,
    /// What stands in each field.
    pub(crate) values: Vec<(&'static str, String)>,
    /// Whether somebody made sure that the email address is the person's.
    pub(crate) email_verified: bool,
    /// Likewise the phone number.
    pub(crate) phone_number_verified: bool,
    pub(crate) errors: ProfileErrors,
}

/// What is wrong with each field.
#[derive(Default)]
pub(crate) struct ProfileErrors {
    /// The form itself, e.g. it was too old.
    pub(crate) form: Option<&'static str>,
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// What the form says when the profile was changed while it was being saved.
const OVERTAKEN: &str =
    "Your profile was changed elsewhere at the same moment, and nothing was saved. Please try again.";

/// The form's action, which its token is bound to.
const ACTION: &str = "profile";

impl ProfilePage {
    /// What stands in a field.
    fn value(&self, field: &str) -> &str {
        of(&self.values, field).unwrap_or_default()
    }

    /// What is wrong with a field.
    fn error(&self, field: &str) -> Option<&str> {
        of(&self.errors.fields, field)
    }
}

fn of<'a>(texts: &'a [(&str, String)], field: &str) -> Option<&'a str> {
    texts.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str())
}

/// `GET W/account/profile`.
pub(crate) async fn get(reader: Reader) -> Result<Response, Failure> {
    let values = own_fields().map(|(field, _)| (field, own_text(&reader.user, field))).collect();
    show(reader, StatusCode::OK, values, ProfileErrors::default())
}

/// `POST W/account/profile`. Like the rest of the account page it asks for no password: nothing here opens an account, and what
/// is said anew of email and phone number counts as not verified.
pub(crate) async fn post(reader: Reader, fields: Fields) -> Result<Response, Failure> {
    let typed = |field: &str| fields.all(field).next();
    let values = own_fields()
        .map(|(field, _)| (field, typed(field).map_or_else(|| own_text(&reader.user, field), str::to_owned)));
    let values = values.collect();
    if reader.check_form(&fields, ACTION).is_err() {
        return show(reader, StatusCode::FORBIDDEN, values, ProfileErrors::of_form(super::STALE));
    }
    let before = reader.user.clone();
    let after = match change_own(&before, typed, reader.here.now) {
        Ok(after) => after,
        Err(problems) => return show(reader, StatusCode::UNPROCESSABLE_ENTITY, values, ProfileErrors::of(&problems)),
    };
    if reader.here.write(move |tx| tx.change_profile(&before, &after)).await? {
        return Ok(reader.go("/account?done=profile"));
    }
    show(reader, StatusCode::CONFLICT, values, ProfileErrors::of_form(OVERTAKEN))
}

fn show(
    reader: Reader,
    status: StatusCode,
    values: Vec<(&'static str, String)>,
    errors: ProfileErrors,
) -> Result<Response, Failure> {
    let claims = read(&reader.user.claims);
    let is_true = |name: &str| claims.get(name).and_then(serde_json::Value::as_bool).unwrap_or_default();
    let page = ProfilePage {
        frame: reader.frame(),
        form_token: reader.form_token(ACTION),
        username: reader.user.username.clone(),
        values,
        email_verified: is_true("email_verified"),
        phone_number_verified: is_true("phone_number_verified"),
        errors,
    };
    reader.show(&page, status)
}

impl ProfileErrors {
    fn of_form(message: &'static str) -> Self {
        Self { form: Some(message), ..Self::default() }
    }

    fn of(problems: &[Problem]) -> Self {
        let message = |problem: &Problem| (problem.field, format!("Please type {}.", problem.accepted));
        let form = Some("Nothing has been saved. What is wrong stands beside each field.");
        Self { form, fields: problems.iter().map(message).collect() }
    }
}

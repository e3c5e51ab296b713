//! Editing an app: `GET, POST /{workspace}/oauth2/apps/{client_id}/edit`. What is saved counts from the next request on.

use super::app::OwnApp;
use super::form::{FormErrors, FormPage, action, check};
use super::registration::Draft;
use crate::form::Fields;
use crate::reply::Failure;
use crate::signing;
use axum::http::StatusCode;
use axum::response::Response;

/// `GET W/oauth2/apps/{client_id}/edit`.
pub(crate) async fn get(own: OwnApp) -> Result<Response, Failure> {
    let draft = Draft::of(&own.client.registration);
    show(own, draft, FormErrors::default(), StatusCode::OK)
}

/// `POST W/oauth2/apps/{client_id}/edit`.
pub(crate) async fn post(own: OwnApp, fields: Fields) -> Result<Response, Failure> {
    let draft = Draft { kind: own.client.registration.application_type.as_str().to_owned(), ..Draft::typed(&fields) };
    if own.reader.check_form(&fields, &action(Some(&own.client))).is_err() {
        return show(own, draft, FormErrors::of_form(super::STALE), StatusCode::FORBIDDEN);
    }
    let registration = match check(&own.reader, Some(&own.client), &draft).await? {
        Ok(registration) => registration,
        Err(errors) => return show(own, draft, *errors, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let (row, algorithms) = (own.client.row, registration.chosen_algorithms());
    // Deleted in another tab since it was found: there is nothing left to save.
    if !own.reader.here.write(move |tx| tx.update_registration(row, &registration)).await? {
        return Err(Failure::NotFound);
    }
    let here = &own.reader.here;
    signing::prepare(&here.server, here.row().slug.as_str(), &algorithms).await;
    let path = own.path("?done=saved");
    Ok(own.reader.go(&path))
}

fn show(own: OwnApp, draft: Draft, errors: FormErrors, status: StatusCode) -> Result<Response, Failure> {
    let page = FormPage::new(&own.reader, Some(&own.client), draft, errors);
    own.reader.show(&page, status)
}

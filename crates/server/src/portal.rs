//! The app portal: developers list, register, edit and delete their own apps.

mod app;
pub(crate) mod confirm;
mod delete;
mod edit;
pub(crate) mod form;
pub(crate) mod list;
pub(crate) mod register;
pub(crate) mod registration;
mod retire;
mod rotate;
pub(crate) mod secret;
pub(crate) mod show;
pub(crate) mod sign_out_notices;

use crate::server::Server;
use axum::Router;
use axum::routing::get;

/// Everything below `/{workspace}/oauth2/apps`.
pub(crate) fn routes() -> Router<Server> {
    Router::new()
        .route("/", get(list::get))
        .route("/new", get(register::get).post(register::post))
        .route("/{client_id}", get(show::get))
        .route("/{client_id}/edit", get(edit::get).post(edit::post))
        .route("/{client_id}/secret", get(secret::get))
        .route("/{client_id}/rotate", get(rotate::get).post(rotate::post))
        .route("/{client_id}/secrets/{number}/retire", get(retire::get).post(retire::post))
        .route("/{client_id}/delete", get(delete::get).post(delete::post))
}

/// What a form says that was open for too long, or did not come from our page.
const STALE: &str = "This page was open for too long, and nothing was done. Please try again.";

//! The user's own page: profile, connected apps, sessions, password.

mod device;
pub(crate) mod home;
pub(crate) mod password;
pub(crate) mod profile;
mod sessions;
mod sign_out;
pub(crate) mod withdraw;

use crate::server::Server;
use axum::Router;
use axum::routing::get;

/// Everything below `/{workspace}/account`.
pub(crate) fn routes() -> Router<Server> {
    Router::new()
        .route("/", get(home::get))
        .route("/password", get(password::get).post(password::post))
        .route("/profile", get(profile::get).post(profile::post))
        .route("/apps/{client_id}/withdraw", get(withdraw::get).post(withdraw::post))
        .route("/sessions/sign-out", get(home::to_home).post(sessions::post))
        .route("/sessions/sign-out-all", get(home::to_home).post(sessions::post_all))
        .route("/sign-out", get(home::to_home).post(sign_out::post))
        .route("/signed-out", get(sign_out::get))
}

/// What a form says that was open for too long, or did not come from our page.
const STALE: &str = "This page was open for too long, and nothing was done. Please try again.";

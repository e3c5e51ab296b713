//! Every URL of the server, on one screen.

use crate::endpoints::{
    self, authorize, health, introspect, logout, metadata, register, revoke, session, token, userinfo,
};
use crate::observe::{Audience, Observe};
use crate::pages::{consent, docs, grant, home, login, sign_up, try_it};
use crate::reply::Failure;
use crate::server::Server;
use crate::{account, assets, portal};
use axum::Router;
use axum::middleware::map_response;
use axum::routing::{get, post};

/// The whole server.
pub(crate) fn routes(server: &Server) -> Router {
    let observed = |audience| Observe { server: server.clone(), audience };
    machines()
        .fallback(async || Failure::NotFound)
        .layer(observed(Audience::Machines))
        .merge(people().layer(observed(Audience::People)))
        .with_state(server.clone())
}

/// Answers are JSON, and so are refusals.
fn machines() -> Router<Server> {
    let token = || post(token::post).options(endpoints::preflight);
    Router::new()
        .route("/{workspace}/oauth2/token", token())
        .route("/{workspace}/oauth/2/token", token())
        .route("/{workspace}/oauth2/introspect", post(introspect::post))
        .route("/{workspace}/oauth2/revoke", post(revoke::post).options(endpoints::preflight))
        .route("/{workspace}/oauth2/userinfo", get(userinfo::get).post(userinfo::post).options(userinfo::preflight))
        .merge(registration())
        .route("/{workspace}/oauth2/jwks", get(metadata::jwks))
        .route("/{workspace}/.well-known/oauth-authorization-server", get(metadata::get))
        .route("/{workspace}/.well-known/openid-configuration", get(metadata::get))
        .route("/.well-known/oauth-authorization-server/{workspace}", get(metadata::get))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/assets/{file}", get(assets::get))
        .method_not_allowed_fallback(async || Failure::WrongMethod)
}

/// Where apps register themselves, from any origin.
fn registration() -> Router<Server> {
    let own = get(register::get).put(register::put).delete(register::delete);
    Router::new()
        .route("/{workspace}/oauth2/register", post(register::post).options(register::preflight))
        .route("/{workspace}/oauth2/register/{client_id}", own.options(register::preflight))
        .layer(map_response(register::share))
}

/// Answers are pages, and so are refusals.
fn people() -> Router<Server> {
    Router::new()
        .route("/", get(home::get))
        .route("/{workspace}", get(docs::to_docs))
        .route("/{workspace}/oauth2", get(docs::get))
        .route("/{workspace}/oauth2/try", post(try_it::post))
        .route("/{workspace}/oauth2/grant", get(grant::get).post(grant::post))
        .route("/{workspace}/oauth2/authorize", get(authorize::get).post(authorize::post))
        .route("/{workspace}/oauth2/logout", get(logout::get).post(logout::post))
        .route("/{workspace}/oauth2/session", get(session::get))
        .route("/{workspace}/login", get(login::get).post(login::post))
        .route("/{workspace}/sign-up", get(sign_up::get).post(sign_up::post))
        .route("/{workspace}/consent", get(consent::get).post(consent::post))
        .nest("/{workspace}/oauth2/apps", portal::routes())
        .nest("/{workspace}/account", account::routes())
        .method_not_allowed_fallback(async || Failure::WrongMethod)
}

//! `/healthz`, `/readyz`, `/metrics`: for whoever keeps the process running.

use crate::reply::Failure;
use crate::server::Server;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// The process answers.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The process can do its work: its database answers.
pub(crate) async fn ready(State(server): State<Server>) -> Result<&'static str, Failure> {
    server.store().ping().await?;
    Ok("ready\n")
}

/// Counters, in the Prometheus text format.
pub(crate) async fn metrics(State(server): State<Server>) -> Response {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], server.metrics().text())
        .into_response()
}

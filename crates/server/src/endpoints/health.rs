//! `/healthz`, `/readyz`, `/metrics`: for whoever keeps the process running.

use crate::reply::Failure;
use crate::server::Server;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use grantry_protocol::Timestamp;
use tokio::sync::Mutex;

/// The process answers.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The process can do its work: its database takes writes. Asked of it once a second at most, however often we are asked.
pub(crate) async fn ready(State(server): State<Server>) -> Result<&'static str, Failure> {
    // Whoever asks meanwhile waits for the same answer.
    let mut last = server.readiness().0.lock().await;
    let known = last.filter(|(learned_at, _)| *learned_at == server.clock().now());
    let ready = match known {
        Some((_, ready)) => ready,
        None => server.store().ping().await.is_ok(),
    };
    if known.is_none() {
        *last = Some((server.clock().now(), ready));
    }
    if ready { Ok("ready\n") } else { Err(Failure::Busy) }
}

/// Whether the database took writes when it was last asked.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Timestamp, bool)>>);

/// Counters, in the Prometheus text format.
pub(crate) async fn metrics(State(server): State<Server>) -> Response {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], server.metrics().text())
        .into_response()
}

//! `/healthz`, `/readyz`, `/metrics`: for whoever keeps the process running.

use crate::reply::Failure;
use crate::server::Server;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use grantry_protocol::Timestamp;
use std::sync::{Mutex, PoisonError};

/// The process answers.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The process can do its work: its database takes writes. Asked of it once a second at most, however often we are asked.
pub(crate) async fn ready(State(server): State<Server>) -> Result<&'static str, Failure> {
    let now = server.clock().now();
    let ready = match server.readiness().known(now) {
        Some(ready) => ready,
        None => {
            let ready = server.store().ping().await.is_ok();
            server.readiness().learn(ready, now);
            ready
        }
    };
    if ready { Ok("ready\n") } else { Err(Failure::Busy) }
}

/// Whether the database took writes when it was last asked.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Timestamp, bool)>>);

impl Readiness {
    fn known(&self, now: Timestamp) -> Option<bool> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(asked_at, _)| *asked_at == now).map(|(_, ready)| ready)
    }

    fn learn(&self, ready: bool, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, ready));
    }
}

/// Counters, in the Prometheus text format.
pub(crate) async fn metrics(State(server): State<Server>) -> Response {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], server.metrics().text())
        .into_response()
}

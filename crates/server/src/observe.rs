//! Around every request: an id, a log line, the counters; and a panic in one request stays in it.

use crate::metrics::Answered;
use crate::reply::{self, REQUEST_ID};
use crate::server::Server;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderValue, Version};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;
use grantry_protocol::entropy;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::Instrument as _;

/// The outermost layer.
pub(crate) async fn observe(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = entropy::draw_text::<12>(&mut server.randomness());
    let header = HeaderValue::try_from(&id).ok();
    // Always ours: a client could otherwise write into our logs.
    if let Some(id) = &header {
        request.headers_mut().insert(REQUEST_ID, id.clone());
    }
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
    let in_workspace = route.starts_with("/{workspace}");
    let workspace = request.uri().path().split('/').nth(1).filter(|_| in_workspace).unwrap_or_default().to_owned();
    let span = tracing::info_span!("request", %id);
    server.metrics().in_flight.inc();
    let names_one_host = request.version() != Version::HTTP_11 || request.headers().get_all(HOST).iter().count() == 1;
    let answered = async { if names_one_host { next.run(request).await } else { reply::without_host(&id) } };
    let answered = AssertUnwindSafe(answered).catch_unwind().instrument(span.clone()).await;
    server.metrics().in_flight.dec();
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!(parent: &span, "a request panicked");
        reply::broken(&id)
    });
    if let Some(id) = header {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let (status, took) = (response.status().as_u16(), started.elapsed());
    server.metrics().seconds.observe(took.as_secs_f64());
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(parent: &span, %method, route, workspace, status, micros, "answered");
    server.metrics().requests.get_or_create(&Answered { route, status }).inc();
    response
}

//! Around every request, in one layer: an id, its body, a log line, the counters. A panic in one request stays in it, and a
//! failure becomes an answer for those who asked.

use crate::form::let_arrive;
use crate::metrics::Answered;
use crate::reply::{self, Asked, Failure, REQUEST_ID};
use crate::server::Server;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderValue, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use grantry_protocol::entropy;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::Instrument as _;

/// Who asks at a URL, and is told of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Programs: by JSON.
    Machines,
    /// People: by a page.
    People,
}

/// The layer.
pub(crate) async fn observe(
    State((server, audience)): State<(Server, Audience)>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    // Always ours: a client could otherwise write into our logs.
    let id = entropy::draw_text::<12>(&mut server.randomness());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
    let in_workspace = route.starts_with("/{workspace}");
    let asked = Asked { id: &id, uri: request.uri().clone() };
    let span = tracing::info_span!("request", %id);
    server.metrics().in_flight.inc();
    let answered = AssertUnwindSafe(answer(request, next)).catch_unwind().instrument(span.clone()).await;
    server.metrics().in_flight.dec();
    let mut response = answered.unwrap_or_else(|_| {
        tracing::error!(parent: &span, "a request panicked");
        Failure::Internal.into_response()
    });
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = match audience {
            Audience::Machines => reply::to_machines(failure, &asked, response),
            Audience::People => reply::to_people(&server, failure, &asked, response).await,
        };
    }
    if let Ok(id) = HeaderValue::try_from(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let (status, took) = (response.status().as_u16(), started.elapsed());
    server.metrics().seconds.observe(took.as_secs_f64());
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let workspace = if in_workspace { asked.slug() } else { "" };
    tracing::info!(parent: &span, %method, route, workspace, status, micros, "answered");
    server.metrics().requests.get_or_create(&Answered { route, status }).inc();
    response
}

async fn answer(request: Request, next: Next) -> Response {
    // RFC 9112 §3.2: a request without a Host, or with more than one, is refused before anyone looks at it.
    if request.version() == Version::HTTP_11 && request.headers().get_all(HOST).iter().count() != 1 {
        return Failure::BadForm("an HTTP/1.1 request names its Host, once").into_response();
    }
    match let_arrive(request).await {
        Ok(request) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

//! Around every request, in one layer: an id, its body, a log line, the counters. A panic in one request stays in it, and a
//! failure becomes an answer for those who asked.

use crate::form::let_arrive;
use crate::metrics::Answered;
use crate::reply::{self, Asked, Failure, REQUEST_ID};
use crate::request_id;
use crate::server::Server;
use axum::extract::{MatchedPath, Request};
use axum::http::header::HOST;
use axum::http::{HeaderValue, Method, Version};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use grantry_protocol::workspace::Slug;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};
use std::time::Instant;
use tower::{Layer, Service};

/// Who asks at a URL, and is told of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Programs: by JSON.
    Machines,
    /// People: by a page.
    People,
}

/// What stands around routes.
#[derive(Clone, Debug)]
pub(crate) struct Observe {
    pub(crate) server: Server,
    pub(crate) audience: Audience,
}

impl<R> Layer<R> for Observe {
    type Service = Observing<R>;

    fn layer(&self, route: R) -> Observing<R> {
        Observing { around: self.clone(), route }
    }
}

/// A route, and what stands around it.
#[derive(Clone, Debug)]
pub(crate) struct Observing<R> {
    around: Observe,
    route: R,
}

impl<R> Service<Request> for Observing<R>
where
    R: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that is ready is the one to call.
        let route = self.route.clone();
        let route = std::mem::replace(&mut self.route, route);
        Box::pin(self.around.clone().observe(request, route))
    }
}

impl Observe {
    async fn observe<R>(self, request: Request, route: R) -> Result<Response, Infallible>
    where
        R: Service<Request, Response = Response, Error = Infallible>,
    {
        let Self { server, audience } = self;
        let id = request_id::draw(&server);
        let mut observed = Observed::begin(&server, &request);
        let uri = request.uri().clone();
        request_id::within(id.clone(), async {
            let answered = AssertUnwindSafe(answer(request, route)).catch_unwind().await;
            let mut response = answered.unwrap_or_else(|_| {
                tracing::error!("a request panicked");
                Failure::Internal.into_response()
            });
            if let Some(failure) = response.extensions_mut().remove::<Failure>() {
                let asked = Asked { id: &id, uri };
                response = match audience {
                    Audience::Machines => reply::to_machines(failure, &asked, response),
                    Audience::People => Box::pin(reply::to_people(&server, failure, &asked, response)).await,
                };
            }
            if let Ok(id) = HeaderValue::try_from(&*id) {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            observed.status = response.status().as_u16();
            drop(observed);
            Ok(response)
        })
        .await
    }
}

/// What is noted of a request when it is over: also where nobody waited for the answer.
struct Observed<'s> {
    server: &'s Server,
    started: Instant,
    method: Method,
    route: String,
    workspace: String,
    status: u16,
}

/// The status of a request whose client went away before it was answered: no answer has it.
const GIVEN_UP: u16 = 499;

impl<'s> Observed<'s> {
    fn begin(server: &'s Server, request: &Request) -> Self {
        server.metrics().in_flight.inc();
        let route = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
        let first = request.uri().path().split('/').nth(1).filter(|_| route.starts_with("/{workspace}"));
        // What cannot be the name of a workspace may be as long as a URL.
        let workspace = first.filter(|slug| Slug::parse(slug).is_ok()).unwrap_or_default().to_owned();
        let method = request.method().clone();
        Self { server, started: Instant::now(), method, route, workspace, status: GIVEN_UP }
    }
}

impl Drop for Observed<'_> {
    fn drop(&mut self) {
        let Self { method, route, workspace, status, .. } = self;
        let (metrics, took) = (self.server.metrics(), self.started.elapsed());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(method = method.as_str(), route, workspace, status, micros, "answered");
        metrics.in_flight.dec();
        metrics.seconds.observe(took.as_secs_f64());
        metrics.requests.get_or_create(&Answered { route: std::mem::take(route), status: *status }).inc();
    }
}

async fn answer<R>(request: Request, mut route: R) -> Response
where
    R: Service<Request, Response = Response, Error = Infallible>,
{
    // RFC 9112 §3.2: a request without a Host, or with more than one, is refused before anyone looks at it.
    if request.version() == Version::HTTP_11 && request.headers().get_all(HOST).iter().count() != 1 {
        return Failure::BadForm("an HTTP/1.1 request names its Host, once").into_response();
    }
    match let_arrive(request).await {
        Ok(request) => route.call(request).await.unwrap_or_else(|never| match never {}),
        Err(failure) => failure.into_response(),
    }
}

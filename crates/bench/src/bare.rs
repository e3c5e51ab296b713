//! The limit: an endpoint on the HTTP stack of the server that does nothing but parse a form and answer JSON.

use crate::Outcome;
use axum::body::{Body, Bytes};
use axum::response::IntoResponse;
use axum::{Json, Router};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use serde_json::json;
use std::net::Ipv4Addr;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

/// What the rest of the JSON needs.
const FRAME: usize = r#"{"token":""}"#.len();

/// Serves until it is killed; says where it listens. Answers have `size` bytes.
pub(crate) fn serve(size: usize) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        crate::say(&json!({ "listen": listener.local_addr()?.to_string() }).to_string());
        let router = Router::new().fallback(move |body: Bytes| answer(body, size));
        loop {
            let (stream, _) = listener.accept().await?;
            let router = router.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    router.clone().oneshot(request.map(Body::new))
                });
                let mut builder = Builder::new(TokioExecutor::new());
                builder.http1().timer(TokioTimer::new());
                // A connection that breaks is the other side's matter.
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

async fn answer(body: Bytes, size: usize) -> impl IntoResponse {
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    // What was parsed has to be used, or it would not be parsed.
    let used = form.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() % 2;
    let token = "x".repeat(size.saturating_sub(FRAME + used));
    Json(json!({ "token": token }))
}

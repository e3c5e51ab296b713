//! Sends a request to this server's own front door, inside the process, and keeps what was sent and what came back.
//!
//! Nothing leaves the process: the router of this server is called, so that limits and throttles hold and the answer is
//! the one that an app would get.

use super::answer::Members;
use super::{Decoded, Step, StepKind};
use crate::here::{Here, Peer};
use crate::pages::sample;
use crate::reply::Failure;
use crate::routes::routes;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use http_body_util::{BodyExt as _, Limited};
use tower::ServiceExt as _;

/// Far more than these endpoints answer, in bytes.
const LARGEST_ANSWER: usize = 256 * 1024;

/// Sends a request; the step to show, and the members of its answer.
pub(super) async fn send(here: &Here, kind: StepKind, sample: &sample::Request) -> Result<(Step, Members), Failure> {
    let text = sample.http();
    let mut request = read(&text).ok_or(Failure::BadForm("a field cannot be sent in a header"))?;
    // Guesses count against whoever filled in the form.
    request.extensions_mut().insert(Peer(here.address));
    let response = match routes(&here.server).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (status, headers) = (response.status(), headers(&response));
    let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await.map_err(|_| Failure::Internal)?;
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let (members, decoded) = (Members::read(&body), Decoded::read(&body));
    let body = members.as_ref().and_then(Members::indented).unwrap_or(body);
    let (status, ok) = (status.to_string(), status.is_success());
    let step = Step { kind, request: text, status, ok, headers, body, decoded };
    Ok((step, members.unwrap_or_default()))
}

/// The request that a text is. What is sent is read from what is shown, so that they cannot differ.
fn read(text: &str) -> Option<Request<Body>> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let mut start = lines.next()?.split(' ');
    let mut request = Request::builder().method(start.next()?).uri(start.next()?);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, value);
    }
    request.body(Body::from(body.to_owned())).ok()
}

fn headers(response: &Response) -> Vec<(String, String)> {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sample::Credentials;

    #[tokio::test]
    async fn what_is_sent_is_what_is_shown() {
        let credentials = Credentials { client_id: "a b:c".into(), client_secret: "s&\n".into(), known: true };
        let sample = sample::Request::post("https://h.example:8443/w/oauth2/token".into()).signed_by(credentials);
        let request = read(&sample.with("scope", "a\r\nX: y\n\n&b").http()).expect("a request");
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/w/oauth2/token"));
        assert_eq!(request.headers()["host"], "h.example:8443");
        assert_eq!(request.headers()["authorization"], "Basic YStiJTNBYzpzJTI2JTBB");
        assert_eq!(request.headers().len(), 3);
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(&body[..], b"scope=a%0D%0AX%3A+y%0A%0A%26b");
    }
}

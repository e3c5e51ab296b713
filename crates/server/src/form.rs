//! The body of a POST, read once, with a limit and a strict content type.

use crate::reply::Failure;
use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::{Bytes, BytesMut};
use grantry_protocol::{ErrorCode, OAuthError, Params, Rule};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::time::{Duration, Instant};

/// Largest body of an endpoint for machines, in bytes.
const MACHINE_LIMIT: usize = 16 * 1024;
/// Largest body of a page's form, or of JSON, in bytes.
const PAGE_LIMIT: usize = 64 * 1024;

/// The longest that a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The form of a request to an OAuth endpoint, with every parameter at most once, and the headers that it came with.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) headers: HeaderMap,
    pub(crate) params: Params,
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Failure;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, Failure> {
        let params = Params::parse(&read(&mut request, MACHINE_LIMIT)?)?;
        Ok(Self { headers: std::mem::take(request.headers_mut()), params })
    }
}

/// An encoded form as it was sent, for what has to be kept as it is.
#[derive(Debug)]
pub(crate) struct RawForm(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for RawForm {
    type Rejection = Failure;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, Failure> {
        Ok(Self(read(&mut request, MACHINE_LIMIT)?))
    }
}

/// A body that says that it is JSON.
#[derive(Debug)]
pub(crate) struct Json(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = Failure;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, Failure> {
        // RFC 7591 §3.1: client metadata come as application/json.
        if !is_of_type(&request, "application/json") {
            return Err(Failure::Refused(OAuthError::new(
                ErrorCode::InvalidClientMetadata,
                Rule::rfc(7591, "3.1"),
                "the body must be a JSON object, and Content-Type must say application/json",
            )));
        }
        body(&mut request, PAGE_LIMIT).map(Self)
    }
}

/// The fields of one of our own pages, where a name may stand more than once.
pub(crate) struct Fields(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Failure;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, Failure> {
        let fields = Self::parse(&read(&mut request, PAGE_LIMIT)?);
        // A NUL can be stored by one engine and not by the other, and means nothing in a form.
        if fields.0.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(Failure::BadForm("a field contains a NUL character"));
        }
        Ok(fields)
    }
}

impl Fields {
    /// What was posted.
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first value of a field; empty where it was not sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The first value of a field that is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// Every value of a field.
    pub(crate) fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

fn read(request: &mut Request, limit: usize) -> Result<Bytes, Failure> {
    // RFC 6749 §3.2, appendix B: requests are application/x-www-form-urlencoded.
    if !is_of_type(request, "application/x-www-form-urlencoded") {
        return Err(Failure::WrongContentType);
    }
    body(request, limit)
}

fn body(request: &mut Request, limit: usize) -> Result<Bytes, Failure> {
    let Arrived(body) = request.extensions_mut().remove().unwrap_or_default();
    if body.len() > limit { Err(Failure::TooLarge) } else { Ok(body) }
}

/// Whether the body is of one media type, and that is this one.
fn is_of_type(request: &Request, media_type: &str) -> bool {
    let mut content_types = request.headers().get_all(CONTENT_TYPE).iter();
    let content_type = content_types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    content_types.next().is_none() && essence.eq_ignore_ascii_case(media_type)
}

/// The body of a request, which has arrived.
#[derive(Clone, Default)]
struct Arrived(Bytes);

/// Lets a body arrive before anything is decided. A refusal that did not wait for it would close the
/// connection (RFC 9112 §9.6), under whatever the client sends on it next.
pub(crate) async fn let_arrive(mut request: Request) -> Result<Request, Failure> {
    if !request.body().is_end_stream() {
        let body = std::mem::take(request.body_mut());
        let arrived = Arrived(collect(body).await?);
        request.extensions_mut().insert(arrived);
    }
    Ok(request)
}

/// A client that falls silent loses its connection (`listen::pulse`), so the time is only looked at when something arrives.
async fn collect(body: Body) -> Result<Bytes, Failure> {
    let (mut body, started) = (Limited::new(body, PAGE_LIMIT), Instant::now());
    let mut arrived = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.is::<LengthLimitError>() {
            true => Failure::TooLarge,
            false => Failure::BadForm("the body of the request broke off"),
        })?;
        if started.elapsed() > PATIENCE {
            return Err(Failure::BadForm("the body of the request took too long to arrive"));
        }
        // Trailers are nothing that we ask for.
        if let Ok(data) = frame.into_data() {
            arrived.extend_from_slice(&data);
        }
    }
    Ok(arrived.freeze())
}

//! One request to another server: look its host up once, check every address, connect to one that was checked, and read no more
//! than the limit. A connection serves one request, keeps nothing, and knows nothing of proxies, cookies or redirects.

use super::places::{Asker, Place, Places};
use super::target::Target;
use super::{Fetched, Unreachable, address, cache, tls};
use crate::settings::Reach;
use axum::http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use bytes::Bytes;
use grantry_storage::Clock;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::fmt::Display;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::{JoinSet, spawn_blocking};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

/// The longest that a connection to one of a host's addresses may take: time is left to try another.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Largest answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;
/// Largest head of an answer, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;

/// Why there is no answer, and what only the log may hear of it.
type Lost = (Unreachable, String);

/// What an exchange needs of its surroundings.
pub(super) struct Exchange {
    reach: Arc<Reach>,
    clock: Clock,
    places: Places,
    /// Set up when it is first needed.
    tls: OnceCell<TlsConnector>,
}

/// An answer whose body is still on its way. The connection ends, and its place is free, when this is dropped.
struct Answer {
    response: Response<Incoming>,
    _connection: JoinSet<()>,
    _place: Arc<Place>,
}

impl Exchange {
    pub(super) fn new(reach: Reach, clock: Clock) -> Self {
        Self { reach: Arc::new(reach), clock, places: Places::default(), tls: OnceCell::new() }
    }

    /// What the target answers to a GET.
    pub(super) async fn get(&self, target: &Target, asker: Asker) -> Result<Fetched, Unreachable> {
        let request = request(Method::GET, target, Bytes::new());
        let place = self.places.take_to_read(target.host_name(), asker);
        self.in_time(target, async { read(self.send(target, place, request).await?).await }).await
    }

    /// A place to tell the target something; none when all are taken.
    pub(super) fn place_to_tell(&self, target: &Target) -> Option<Place> {
        self.places.take_to_tell(target.host_name())
    }

    /// The status with which the target answers a form.
    pub(super) async fn post_form(
        &self,
        target: &Target,
        place: Place,
        body: String,
    ) -> Result<StatusCode, Unreachable> {
        let mut request = request(Method::POST, target, body.into());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        self.in_time(target, async { Ok(self.send(target, Some(place), request).await?.response.status()) }).await
    }

    /// Gives up in time, and logs what went wrong. Of the URL only the host is logged: the rest may hold secrets.
    async fn in_time<T>(&self, target: &Target, work: impl Future<Output = Result<T, Lost>>) -> Result<T, Unreachable> {
        let done = tokio::time::timeout(self.reach.timeout, work).await;
        done.unwrap_or_else(|_| Err((Unreachable::TimedOut, String::new()))).map_err(|(why, detail)| {
            tracing::info!(host = %target.authority, %why, detail, "a request to another server failed");
            why
        })
    }

    async fn send(&self, target: &Target, place: Option<Place>, request: Request<Full<Bytes>>) -> Result<Answer, Lost> {
        let place = Arc::new(place.ok_or((Unreachable::Busy, String::new()))?);
        let addresses = self.addresses(target, &place).await?;
        let stream = self.handshake(target, connect(&addresses).await?).await?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(LARGEST_HEAD);
        let (mut sender, driver) = builder.handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let mut connection = JoinSet::new();
        connection.spawn(async {
            // How it ends is seen by whoever reads the answer.
            let _ = driver.await;
        });
        let response = sender.send_request(request).await.map_err(failed)?;
        if response.status().is_redirection() {
            return Err((Unreachable::Redirected, response.status().to_string()));
        }
        Ok(Answer { response, _connection: connection, _place: place })
    }

    /// The addresses of the target, every one of them checked. They are connected to as they are: nothing is looked up again.
    async fn addresses(&self, target: &Target, place: &Arc<Place>) -> Result<Vec<SocketAddr>, Lost> {
        let addresses = match &target.host {
            Host::Ipv4(address) => vec![SocketAddr::from((*address, target.port))],
            Host::Ipv6(address) => vec![SocketAddr::from((*address, target.port))],
            Host::Domain(name) => look_up(name, target.port, place).await?,
        };
        match addresses.iter().find(|address| !self.may_reach(address.ip())) {
            Some(special) => Err((Unreachable::NoAddress, format!("{} is not a public address", special.ip()))),
            None => Ok(addresses),
        }
    }

    fn may_reach(&self, ip: IpAddr) -> bool {
        let seen = address::seen_through(ip);
        address::is_public(ip) || self.reach.private.iter().any(|network| network.contains(seen))
    }

    async fn handshake(&self, target: &Target, stream: TcpStream) -> Result<TlsStream<TcpStream>, Lost> {
        let set_up = async || {
            let (reach, clock) = (Arc::clone(&self.reach), self.clock.clone());
            spawn_blocking(move || tls::connector(&reach, &clock).map_err(failed)).await.map_err(failed).flatten()
        };
        let connector = self.tls.get_or_try_init(set_up).await?;
        let name = match &target.host {
            Host::Domain(name) => ServerName::try_from(name.clone()).map_err(failed)?,
            Host::Ipv4(address) => ServerName::from(IpAddr::from(*address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::from(*address)),
        };
        connector.connect(name, stream).await.map_err(failed)
    }
}

fn failed(error: impl Display) -> Lost {
    (Unreachable::Failed, error.to_string())
}

fn request(method: Method, target: &Target, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = target.path.clone().into();
    let headers = request.headers_mut();
    headers.extend(HeaderValue::try_from(&target.authority).map(|authority| (HOST, authority)));
    // RFC 9110 §12.5.3: a small answer that unpacks to a large one is not asked for.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(USER_AGENT, HeaderValue::from_static("Grantry"));
    request
}

async fn look_up(name: &str, port: u16, place: &Arc<Place>) -> Result<Vec<SocketAddr>, Lost> {
    let (name, place) = (name.to_owned(), Arc::clone(place));
    let found = spawn_blocking(move || {
        // Nobody can call off the system's look-up, so it has a place for as long as it takes.
        let _place = place;
        (name.as_str(), port).to_socket_addrs().map(Vec::from_iter)
    });
    let found =
        found.await.map_err(io::Error::other).flatten().and_then(|addresses| {
            if addresses.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(addresses) }
        });
    found.map_err(|error| (Unreachable::NoAddress, error.to_string()))
}

/// Connects to the first of these addresses that can be connected to.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Lost> {
    let mut lost = (Unreachable::NoAddress, String::new());
    for address in addresses {
        match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => lost = (Unreachable::Failed, format!("{address}: {error}")),
            Err(_) => lost = (Unreachable::TimedOut, format!("{address} does not answer")),
        }
    }
    Err(lost)
}

/// Reads an answer to the end, if it is one that may be read.
async fn read(answer: Answer) -> Result<Fetched, Lost> {
    let (head, body) = answer.response.into_parts();
    if head.status != StatusCode::OK {
        return Err((Unreachable::WrongStatus, head.status.to_string()));
    }
    if is_encoded(&head.headers) {
        return Err((Unreachable::Encoded, String::new()));
    }
    let body = Limited::new(body, LARGEST).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { (Unreachable::TooLarge, String::new()) } else { failed(error) }
    })?;
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // A copy is as large as it says, while the original may be a part of a larger buffer.
    let body = Bytes::copy_from_slice(&body.to_bytes());
    Ok(Fetched { body, content_type, lifetime: cache::lifetime(&head.headers) })
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

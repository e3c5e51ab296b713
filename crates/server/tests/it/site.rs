//! What clients have: a web server with https, which shows what it is told to and remembers what it was asked. Every [`World`]
//! trusts its certificates and reaches its address, unless its settings say otherwise:
//!
//! ```ignore
//! let site = Site::new();
//! site.show("/jwks", Page::json(&keys));
//! let world = World::new();
//! world.register("app", |registration| registration.jwks_uri = Some(site.url("/jwks")));
//! …
//! assert_eq!(site.count("/jwks"), 1);
//! ```
//!
//! [`World`]: crate::harness::World

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use futures_util::stream::{iter, pending, repeat};
use grantry_server::settings::{Certificates, Network, Reach};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;

/// A mistake shows as a failure, not as a test that never ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// The authority that signs the certificates of every site here.
static AUTHORITY: LazyLock<(Issuer<'static, KeyPair>, String)> = LazyLock::new(|| {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
});

/// The settings with which a server trusts sites and reaches them.
pub(crate) fn reach() -> Reach {
    let private = ["127.0.0.0/8", "::1"].map(|network| Network::parse(network).unwrap());
    let certificates = Certificates::parse(AUTHORITY.1.as_bytes()).unwrap();
    Reach { certificates, private: private.into(), ..Reach::default() }
}

/// A web server on this machine, until it is dropped.
pub(crate) struct Site {
    port: u16,
    state: Arc<State>,
    _stop: oneshot::Sender<()>,
    _thread: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    pages: Mutex<HashMap<String, Page>>,
    received: Mutex<Vec<Received>>,
    arrived: Condvar,
    held: watch::Sender<bool>,
}

/// A request that a site was sent.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl Site {
    /// A site that shows nothing yet: 404 at every path.
    pub(crate) fn new() -> Self {
        let state = Arc::<State>::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = accept(tokio::net::TcpListener::from_std(listener).unwrap(), serving) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { port, state, _stop: stop, _thread: thread }
    }

    /// The URL of a path here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// Shows a page at this path from now on.
    pub(crate) fn show(&self, path: &str, page: Page) {
        self.state.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    /// From now on nothing is answered; what is asked is remembered as always.
    pub(crate) fn hold(&self) {
        self.state.held.send_replace(true);
    }

    /// Answers again, also what was asked meanwhile.
    pub(crate) fn release(&self) {
        self.state.held.send_replace(false);
    }

    /// The requests for this path, oldest first; queries do not count.
    pub(crate) fn received(&self, path: &str) -> Vec<Received> {
        let received = self.state.received.lock().unwrap();
        received.iter().filter(|request| path_of(request) == path).cloned().collect()
    }

    /// How often this path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.received(path).len()
    }

    /// Waits until this path was asked for so often.
    pub(crate) fn wait_for(&self, path: &str, times: usize) {
        let received = self.state.received.lock().unwrap();
        let fewer = |received: &mut Vec<Received>| received.iter().filter(|it| path_of(it) == path).count() < times;
        let waited = self.state.arrived.wait_timeout_while(received, PATIENCE, fewer).unwrap().1;
        assert!(!waited.timed_out(), "{path} was not asked for {times} times");
    }
}

fn path_of(request: &Received) -> &str {
    request.path.split('?').next().unwrap_or_default()
}

/// What a site shows at a path.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    status: u16,
    headers: Vec<(String, String)>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Whole(Vec<u8>),
    Endless,
    Stalling,
}

impl Page {
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::new("application/json", &value.to_string())
    }

    pub(crate) fn new(content_type: &str, body: &str) -> Self {
        Self::of(Content::Whole(body.into())).header("content-type", content_type)
    }

    /// An answer without a body.
    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::of(Content::Whole(Vec::new())) }
    }

    /// A body that never ends.
    pub(crate) fn endless() -> Self {
        Self::of(Content::Endless)
    }

    /// A body that begins, and does not go on.
    pub(crate) fn stalling() -> Self {
        Self::of(Content::Stalling)
    }

    fn of(content: Content) -> Self {
        Self { status: 200, headers: Vec::new(), content }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let piece = || Ok::<_, Infallible>(Bytes::from_static(&[b' '; 1_024]));
        let body = match self.content {
            Content::Whole(bytes) => Body::from(bytes),
            Content::Endless => Body::from_stream(repeat(piece()).map(|piece| piece)),
            Content::Stalling => Body::from_stream(iter([piece()]).chain(pending())),
        };
        response.body(body).unwrap()
    }
}

/// Any number of hosts that take connections and say nothing.
pub(crate) struct Silent {
    port: u16,
    connections: Arc<(Mutex<Option<Vec<TcpStream>>>, Condvar)>,
}

impl Silent {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new((Mutex::new(Some(Vec::new())), Condvar::new()));
        let taking = Arc::clone(&connections);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Some(held) = &mut *taking.0.lock().unwrap() else { return };
                held.extend(connection);
                taking.1.notify_all();
            }
        });
        Self { port, connections }
    }

    /// The URL of the host with this number.
    pub(crate) fn url(&self, host: u8) -> String {
        format!("https://127.0.1.{host}:{}/", self.port)
    }

    /// Waits until there are so many connections.
    pub(crate) fn wait_for(&self, count: usize) {
        let (held, arrived) = &*self.connections;
        let fewer = |held: &mut Option<Vec<TcpStream>>| held.as_ref().is_none_or(|held| held.len() < count);
        let (held, waited) = arrived.wait_timeout_while(held.lock().unwrap(), PATIENCE, fewer).unwrap();
        assert!(!waited.timed_out(), "there are {} connections, not {count}", held.iter().flatten().count());
    }

    /// Ends every connection, and takes no more.
    pub(crate) fn hang_up(&self) {
        self.connections.0.lock().unwrap().take();
    }
}

async fn accept(listener: tokio::net::TcpListener, state: Arc<State>) {
    let acceptor = TlsAcceptor::from(Arc::new(tls()));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            // Some clients do not trust us, or hang up: that is what their tests are about.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answer(request, Arc::clone(&state)));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn tls() -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost", "127.0.0.1"].map(str::to_owned)).unwrap();
    params.not_after = date_time_ymd(2040, 1, 1);
    let certificate = params.signed_by(&key, &AUTHORITY.0).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap()
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let headers = head.headers.iter();
    let received = Received {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let page = state.pages.lock().unwrap().get(path_of(&received)).cloned();
    state.received.lock().unwrap().push(received);
    state.arrived.notify_all();
    let _ = state.held.subscribe().wait_for(|held| !held).await;
    Ok(page.unwrap_or_else(|| Page::status(404)).response())
}

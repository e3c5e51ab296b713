//! Listening: one single-threaded runtime per worker on one port, limits on every connection, and a shutdown that
//! finishes what is in flight. One runtime per core costs a third less CPU per request than work stealing.

mod pulse;
mod tls;

use crate::back_channel;
use crate::cleanup;
use crate::here::Peer;
use crate::routes::routes;
use crate::server::Server;
use crate::settings::TlsFiles;
use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use pulse::{Pulse, Pulsing};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tls::{Acceptor, Stream};
use tokio::sync::{Semaphore, watch};
use tower::Service as _;

/// Connections that may wait to be accepted: as many as Linux allows by default. One more waits a second to try again.
const BACKLOG: i32 = 4_096;
/// Connections that one worker serves at once.
const CONNECTIONS: usize = 8_192;
/// Largest request line and headers, in bytes.
const HEADERS_LIMIT: usize = 64 * 1024;
/// The longest that requests in flight may take after a shutdown was asked for.
const GRACE: Duration = Duration::from_secs(20);

/// Whether these files make a TLS server; the error says what is wrong with which.
pub fn check_tls(files: &TlsFiles) -> io::Result<()> {
    tls::config(files).map(drop)
}

/// Serves until `shutdown` turns true, then finishes what is in flight. `ready` hears the bound address; `idle` is called in each
/// worker whenever it has nothing to do.
pub fn serve(
    server: &Server,
    ready: impl FnOnce(SocketAddr),
    idle: fn(),
    shutdown: watch::Receiver<bool>,
) -> io::Result<()> {
    let acceptor = Acceptor::new(server.settings().tls.as_ref())?;
    refuse_taken(server.settings().listen)?;
    let first = bind(server.settings().listen)?;
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..server.settings().workers {
        listeners.push(bind(address)?);
    }
    let workers: Vec<_> = listeners
        .into_iter()
        .enumerate()
        .map(|(number, listener)| {
            let worker =
                Worker { server: server.clone(), acceptor: acceptor.clone(), shutdown: shutdown.clone(), idle };
            std::thread::Builder::new().name(format!("worker-{number}")).spawn(move || worker.run(number, listener))
        })
        .collect::<io::Result<_>>()?;
    ready(address);
    for worker in workers {
        worker.join().map_err(|_| io::Error::other("a worker ended by a panic"))??;
    }
    Ok(())
}

/// With `SO_REUSEPORT` a second server of the same user would silently share the port; without it the system says no.
fn refuse_taken(address: SocketAddr) -> io::Result<()> {
    TcpListener::bind(address).map(drop)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

struct Worker {
    server: Server,
    acceptor: Acceptor,
    shutdown: watch::Receiver<bool>,
    idle: fn(),
}

impl Worker {
    fn run(self, number: usize, listener: TcpListener) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().on_thread_park(self.idle).build()?;
        runtime.block_on(async {
            if number == 0 {
                tokio::spawn(cleanup::run(self.server.clone()));
                tokio::spawn(back_channel::run(self.server.clone()));
            }
            self.accept(tokio::net::TcpListener::from_std(listener)?).await;
            Ok::<_, io::Error>(())
        })?;
        // A look-up of a name that the system is still busy with is not waited for.
        runtime.shutdown_background();
        Ok(())
    }

    async fn accept(mut self, listener: tokio::net::TcpListener) {
        let router = routes(&self.server);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            // A full worker leaves new connections to the others, and to the backlog.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = self.shutdown.wait_for(|stop| *stop) => break,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors, say: wait for some to come back rather than spin.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (router, acceptor, shutdown) = (router.clone(), self.acceptor.clone(), self.shutdown.clone());
            tokio::spawn(async move {
                if let Some(stream) = acceptor.accept(stream).await {
                    connection(router, (stream, peer), shutdown).await;
                }
                drop(place);
            });
        }
        drop(listener);
        drain(&places).await;
    }
}

/// Waits until every connection is done, within reason.
async fn drain(places: &Semaphore) {
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    if tokio::time::timeout(GRACE, places.acquire_many(all)).await.is_err() {
        tracing::warn!("some requests were still in flight when the grace period ended");
    }
}

/// Why a connection ends that would go on.
enum End {
    /// The server ends.
    Shutdown,
    /// It kept its place for too long.
    Faded,
}

async fn connection(router: Router, (stream, peer): (Stream, SocketAddr), mut shutdown: watch::Receiver<bool>) {
    let pulse = Arc::new(Pulse::default());
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        let in_flight = pulse.begin();
        request.extensions_mut().insert(Peer(peer.ip()));
        let answer = router.clone().call(request.map(Body::new));
        async move {
            let _in_flight = in_flight;
            answer.await
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    // The pulse sees to it that headers arrive in time.
    builder.http1().header_read_timeout(None).max_buf_size(HEADERS_LIMIT);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(64 * 1024);
    let served = builder.serve_connection(TokioIo::new(Pulsing::new(stream, Arc::clone(&pulse))), service);
    tokio::pin!(served);
    let stopped = async {
        // It fails only when nobody could ask for a shutdown any more.
        let _ = shutdown.wait_for(|stop| *stop).await;
        End::Shutdown
    };
    let faded = pulse.fade().map(|()| End::Faded);
    // Each is looked at when it has something to say, not whenever something arrives.
    let mut ends = FuturesUnordered::from_iter([stopped.boxed(), faded.boxed()]);
    loop {
        tokio::select! {
            // A connection that breaks is the other side's matter, so its outcome is not asked for.
            _ = served.as_mut() => return,
            end = ends.select_next_some() => match end {
                End::Shutdown => served.as_mut().graceful_shutdown(),
                End::Faded => return,
            },
        }
    }
}

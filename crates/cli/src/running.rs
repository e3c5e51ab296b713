//! What `serve` and `demo` share: signals, the control socket, and an orderly end.

use crate::config::Config;
use crate::failure::Failure;
use crate::{logs, open, outside};
use grantry_server::listen;
use grantry_server::operator::socket::ControlSocket;
use grantry_server::server::Server;
use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// The status of a process that was told twice to stop.
const TOLD_TWICE: i32 = 130;

/// The address to listen on, with a port in place of 0. Workers share their port, so nobody else would notice that it is
/// taken: it is tried alone first.
pub(crate) fn free_address(listen: SocketAddr) -> Result<SocketAddr, Failure> {
    let tried = TcpListener::bind(listen).and_then(|listener| listener.local_addr());
    tried
        .map_err(|error| Failure::failed(format!("cannot listen on {listen}: {error}; --listen names another address")))
}

/// Serves until a signal comes, then finishes what is in flight and lets go of the database.
pub(crate) fn serve(server: &Server, config: &Config, ready: impl FnOnce(SocketAddr)) -> Result<(), Failure> {
    outside::start_generator();
    let (end, ended) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let socket = config.control_socket().map(|path| {
        let bound = ControlSocket::bind(&path);
        bound.map_err(|error| Failure::failed(format!("cannot make the control socket {}: {error}", path.display())))
    });
    let background = Background { server: server.clone(), socket: socket.transpose()?, end };
    let background = background.start(stopped)?;
    let served = listen::serve(server, ready, logs::flush, ended);
    stop.send_replace(true);
    let background = background.join().unwrap_or_else(|_| Err(Failure::failed("a thread ended by a panic")));
    server.store().close();
    served.map_err(|error| Failure::failed(format!("cannot serve on {}: {error}", config.listen)))?;
    background
}

/// What goes on beside the requests.
struct Background {
    server: Server,
    socket: Option<ControlSocket>,
    /// Ends the serving of requests.
    end: watch::Sender<bool>,
}

impl Background {
    fn start(self, stopped: watch::Receiver<bool>) -> Result<JoinHandle<Result<(), Failure>>, Failure> {
        let runtime = open::runtime()?;
        // Before anyone is told that the server runs: a signal must not find the default handler, which just ends it.
        let signals = runtime.block_on(async { Signals::listen() })?;
        let run = move || runtime.block_on(self.run(signals, stopped));
        let thread = thread::Builder::new().name("control".to_owned()).spawn(run);
        thread.map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))
    }

    async fn run(self, signals: Signals, mut stopped: watch::Receiver<bool>) -> Result<(), Failure> {
        tokio::spawn(signals.obey(self.end));
        if let Some(socket) = self.socket {
            let served = socket.serve(self.server, stopped.clone()).await;
            served.map_err(|error| Failure::failed(format!("cannot serve the control socket: {error}")))?;
        }
        // It fails only when the other side is gone, and then it is time to go too.
        let _ = stopped.wait_for(|stop| *stop).await;
        Ok(())
    }
}

/// What asks the process to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let cannot = |error| Failure::failed(format!("cannot listen for signals: {error}"));
        let terminate = signal(SignalKind::terminate()).map_err(cannot)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
        Ok(Self { terminate, interrupt })
    }

    /// The first signal ends in order, the second at once.
    async fn obey(mut self, end: watch::Sender<bool>) {
        for order in [true, false] {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            if order {
                tracing::info!("stopping: finishing what is in flight; a second signal stops at once");
                end.send_replace(true);
            }
        }
        std::process::exit(TOLD_TWICE);
    }
}

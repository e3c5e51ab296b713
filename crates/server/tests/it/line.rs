//! A line to a server that can be cut, as when that server is stopped.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A line; it takes connections for as long as the test runs.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    /// The connections over it; none while it is cut.
    open: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Line {
    pub(crate) fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(Mutex::new(Some(Vec::new())));
        let places = Arc::clone(&open);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(&server).unwrap();
                if let Some(open) = &mut *places.lock().unwrap() {
                    open.extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                    for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                        thread::spawn(move || io::copy(&mut from, &mut to).map(|_| to.shutdown(Shutdown::Both)));
                    }
                }
            }
        });
        Self { address, open }
    }

    /// Breaks every connection, and takes no others.
    pub(crate) fn cut(&self) {
        for stream in self.open.lock().unwrap().take().into_iter().flatten() {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn mend(&self) {
        *self.open.lock().unwrap() = Some(Vec::new());
    }
}

//! The id of the request that is being worked on, which its log lines and its answer carry.

use crate::server::Server;
use grantry_protocol::entropy;

tokio::task_local! {
    static ID: String;
}

/// A fresh one. Always ours: a client could otherwise write into our logs.
pub(crate) fn draw(server: &Server) -> String {
    entropy::draw_text::<12>(&mut server.randomness())
}

/// Has everything that `work` does belong to this request.
pub(crate) fn within<F: Future>(id: String, work: F) -> impl Future<Output = F::Output> {
    ID.scope(id, work)
}

/// Tells the id, where a request is being worked on.
pub fn tell(hear: impl FnOnce(&str)) {
    // Elsewhere there is nothing to tell.
    let _ = ID.try_with(|id| hear(id));
}

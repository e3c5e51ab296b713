//! Deleting what has expired, a little at a time. Nothing is right or wrong because of it.

use crate::server::Server;
use std::time::Duration;

/// The pause when there is nothing more to delete.
const PAUSE: Duration = Duration::from_secs(60);
/// The pause between two batches.
const BREATH: Duration = Duration::from_millis(50);

/// Cleans up for as long as the server runs.
pub(crate) async fn run(server: Server) {
    loop {
        // What could not be deleted now, the storage logged; it is tried again like everything else.
        let more = server.store().clean_up(server.clock().now()).await.unwrap_or(false);
        tokio::time::sleep(if more { BREATH } else { PAUSE }).await;
    }
}

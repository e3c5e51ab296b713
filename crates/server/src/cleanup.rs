//! Deleting what has expired, a little at a time. Nothing is right or wrong because of it.

use crate::server::Server;
use grantry_storage::CLEAN_UP_MOST;
use std::time::Duration;

/// The pause when there is nothing more to delete.
const PAUSE: Duration = Duration::from_secs(60);
/// The pause between two batches.
const BREATH: Duration = Duration::from_millis(50);

/// Cleans up for as long as the server runs.
pub(crate) async fn run(server: Server) {
    loop {
        let now = server.clock().now();
        let deleted = server.store().write_instance(move |instance| instance.clean_up(now, CLEAN_UP_MOST)).await;
        // What could not be deleted now, the storage logged; it is tried again like everything else.
        let more = deleted.is_ok_and(|rows| i64::try_from(rows).is_ok_and(|rows| rows >= CLEAN_UP_MOST));
        tokio::time::sleep(if more { BREATH } else { PAUSE }).await;
    }
}

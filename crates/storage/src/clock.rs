//! The time, as it comes in from outside.

use grantry_protocol::Timestamp;
use std::fmt;
use std::sync::Arc;

/// Tells the time. The server hands in the system's, a test one that stands still.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// A clock that reads `milliseconds` since the Unix epoch.
    pub fn new(milliseconds: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(milliseconds))
    }

    /// This moment, to the second.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.millis().div_euclid(1_000))
    }

    /// Milliseconds since the Unix epoch.
    pub fn millis(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

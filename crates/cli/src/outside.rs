//! The world outside: the clock and the operating system's randomness, as values to hand on.

use grantry_server::random::Randomness;
use grantry_storage::Clock;
use std::time::{SystemTime, UNIX_EPOCH};

/// The system's clock.
pub(crate) fn clock() -> Clock {
    Clock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "the one place where time comes in")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
    })
}

/// The operating system's randomness, through the generator of aws-lc.
pub(crate) fn randomness() -> Randomness {
    Randomness::new(|bytes| {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // Nothing that this process could do from here on would be safe.
            std::process::abort();
        }
    })
}

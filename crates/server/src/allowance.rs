//! How much one place may do that costs something and proves nothing: so much at once, and then so much an hour. Kept in
//! this process, bounded, and forgotten as soon as it is made up for.

use grantry_protocol::types::{Seconds, Timestamp};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Most places remembered; those that would be one more find all of them forgiven.
const MOST: usize = 100_000;

/// An allowance for each place.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// In so long, one that was used comes back.
    interval: Seconds,
    /// So long it takes until all of them are back.
    all: Seconds,
    /// When each place has all of them again.
    whole_at: Mutex<HashMap<IpAddr, Timestamp>>,
}

impl Allowance {
    /// `at_once` for each place, of which one comes back in each `interval`.
    pub(crate) fn new(at_once: i64, interval: Seconds) -> Self {
        Self { interval, all: Seconds(interval.0 * at_once), whole_at: Mutex::default() }
    }

    /// Uses one, or says how long it takes until there is one.
    pub(crate) fn use_one(&self, place: IpAddr, now: Timestamp) -> Result<(), Seconds> {
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= MOST {
            whole_at.retain(|_, whole_at| *whole_at > now);
        }
        if whole_at.len() >= MOST {
            whole_at.clear();
        }
        // A clock that was set back costs no more than the whole allowance.
        let before = whole_at.get(&place).map_or(now, |before| (*before).clamp(now, now.plus(self.all)));
        let after = before.plus(self.interval);
        if after > now.plus(self.all) {
            return Err(after.since(now.plus(self.all)));
        }
        whole_at.insert(place, after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    #[test]
    fn so_many_at_once_and_then_one_after_the_other() {
        let allowance = Allowance::new(3, Seconds(10));
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        for _ in 0..3 {
            assert_eq!(allowance.use_one(here, NOW), Ok(()));
        }
        assert_eq!(allowance.use_one(here, NOW), Err(Seconds(10)));
        assert_eq!(allowance.use_one(here, NOW.plus(Seconds(9))), Err(Seconds(1)));
        assert_eq!(allowance.use_one(there, NOW), Ok(()), "elsewhere is elsewhere");
        assert_eq!(allowance.use_one(here, NOW.plus(Seconds(10))), Ok(()));
        assert_eq!(allowance.use_one(here, NOW.plus(Seconds(10))), Err(Seconds(10)));
        let later = NOW.plus(Seconds(3_600));
        for outcome in [Ok(()), Ok(()), Ok(()), Err(Seconds(10))] {
            assert_eq!(allowance.use_one(here, later), outcome, "never more at once");
        }
        assert_eq!(allowance.use_one(here, NOW), Err(Seconds(10)), "a clock that was set back");
    }
}

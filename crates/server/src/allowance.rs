//! How much one place may do that costs something and proves nothing: so much at once, and then so much an hour. Kept in
//! this process, and bounded.

use grantry_protocol::types::{Seconds, Timestamp};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Most places remembered; above it the half that owes least is forgotten.
const MOST: usize = 100_000;

/// An allowance for each place.
#[derive(Debug)]
pub(crate) struct Allowance<P> {
    /// In so long, one that was used comes back.
    interval: Seconds,
    /// So long it takes until all of them are back.
    all: Seconds,
    /// When each place has all of them again.
    whole_at: Mutex<HashMap<P, Timestamp>>,
}

impl<P: Eq + Hash> Allowance<P> {
    /// `at_once` for each place, of which one comes back in each `interval`.
    pub(crate) fn new(at_once: i64, interval: Seconds) -> Self {
        Self { interval, all: Seconds(interval.0 * at_once), whole_at: Mutex::default() }
    }

    /// Uses one, or says how long it takes until there is one.
    pub(crate) fn use_one(&self, place: P, now: Timestamp) -> Result<(), Seconds> {
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= MOST {
            forget(&mut whole_at);
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

/// Drops the half that is nearest to whole, and no other: many places that use one each forgive none that used all.
fn forget<P: Eq + Hash>(whole_at: &mut HashMap<P, Timestamp>) {
    let mut places: Vec<(P, Timestamp)> = whole_at.drain().collect();
    let half = places.len() / 2;
    places.select_nth_unstable_by_key(half, |(_, whole_at)| *whole_at);
    whole_at.extend(places.into_iter().skip(half));
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    #[test]
    fn so_many_at_once_and_then_one_after_the_other() {
        let allowance = Allowance::new(3, Seconds(10));
        let [here, there] = [1, 2];
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

    #[test]
    fn many_places_forgive_none_that_used_all() {
        let allowance = Allowance::new(3, Seconds(10));
        for place in [0, 0, 0].into_iter().chain(1..250_000) {
            assert_eq!(allowance.use_one(place, NOW), Ok(()));
        }
        assert_eq!(allowance.use_one(0, NOW), Err(Seconds(10)));
        assert!(allowance.whole_at.lock().unwrap().len() <= MOST);
    }
}

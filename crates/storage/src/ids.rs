//! Row ids: integers in order of time, so that new rows are next to each other.

use crate::clock::Clock;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2026-01-01T00:00:00Z in milliseconds. 41 bits of milliseconds from here last until 2095.
const EPOCH: i64 = 1_767_225_600_000;
const LOW_BITS: u32 = 22;
/// Further than any process gets in a millisecond.
const LEAP: i64 = 1 << 20;

/// Gives out row ids: milliseconds in the high bits, and in the low ones a start that differs between processes.
/// Two processes may still meet; the primary key tells, and the unit of work runs again after a [`leap`](Self::leap).
#[derive(Debug)]
pub(crate) struct Ids {
    clock: Clock,
    start: AtomicI64,
    last: AtomicI64,
}

impl Ids {
    pub(crate) fn new(clock: Clock, seed: u64) -> Self {
        let start = i64::try_from(seed >> (u64::BITS - LOW_BITS)).unwrap_or_default();
        Self { clock, start: AtomicI64::new(start), last: AtomicI64::new(0) }
    }

    /// An id greater than every one before it.
    pub(crate) fn next(&self) -> i64 {
        let elapsed = self.clock.millis().saturating_sub(EPOCH).max(0);
        let earliest = (elapsed << LOW_BITS) + self.start.load(Ordering::Relaxed);
        let after = |last: i64| earliest.max(last + 1);
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(after(last)));
        after(last.unwrap_or_default())
    }

    /// Leaves the way of another process that had the same idea: everything from here on lies a leap further.
    pub(crate) fn leap(&self) {
        self.start.fetch_add(LEAP, Ordering::Relaxed);
        self.last.fetch_add(LEAP, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn ids_grow_within_a_millisecond_and_when_the_clock_steps_back() {
        let time = Arc::new(AtomicI64::new(EPOCH + 5_000));
        let clock = Clock::new({
            let time = time.clone();
            move || time.load(Ordering::Relaxed)
        });
        let ids = Ids::new(clock, 7);
        let mut last = 0;
        for step in [0, 0, 1, -3_000, 0, 10, i64::MIN / 2] {
            time.fetch_add(step, Ordering::Relaxed);
            for _ in 0..10_000 {
                let next = ids.next();
                assert!(next > last);
                last = next;
            }
            ids.leap();
        }
        time.store(EPOCH + 9_000, Ordering::Relaxed);
        assert!(ids.next() >> LOW_BITS >= 9_000);
    }

    #[test]
    fn threads_never_get_the_same_id() {
        let ids = Ids::new(Clock::new(|| EPOCH + 1), 7);
        let mut all: Vec<i64> = std::thread::scope(|scope| {
            let take = || (0..1_000).map(|_| ids.next()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 8_000);
    }
}

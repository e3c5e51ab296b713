//! Slowing down guesses: per account and browser, and per address. Nobody is locked out by strangers.
//!
//! An account is counted apart for each browser it has signed in with before, and for each address that is
//! new to it: failures elsewhere do not slow a known browser down. Kept in this process, bounded, and forgotten with time.

use grantry_protocol::types::{Seconds, Timestamp, WorkspaceId};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Failures that cost nothing: people mistype.
const FREE_FOR_AN_ACCOUNT: u32 = 5;
/// Many people can share an address.
const FREE_FOR_AN_ADDRESS: u32 = 50;
/// The longest wait that one failure adds.
const LONGEST_WAIT: Seconds = Seconds::minutes(5);
/// Without a failure for so long, everything is forgotten.
const MEMORY: Seconds = Seconds::hours(1);
/// Most keys remembered; above it the oldest are dropped.
const MOST: usize = 100_000;

/// Who is guessing at what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Guesser {
    /// An account, from a browser that it has signed in with before.
    KnownBrowser(WorkspaceId, String, [u8; 16]),
    /// An account, from an address.
    Stranger(WorkspaceId, String, IpAddr),
    /// An address, whatever the account and workspace.
    Address(IpAddr),
}

impl Guesser {
    const fn free(&self) -> u32 {
        match self {
            Self::KnownBrowser(..) | Self::Stranger(..) => FREE_FOR_AN_ACCOUNT,
            Self::Address(_) => FREE_FOR_AN_ADDRESS,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

/// The failures of this process.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Guesser, Failures>>);

impl Throttle {
    /// How long this guesser has to wait before the next guess is looked at; `None`: not at all.
    pub(crate) fn wait(&self, guessers: &[Guesser], now: Timestamp) -> Option<Seconds> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = guessers.iter().filter_map(|guesser| {
            let failed = failures.get(guesser)?;
            let over = failed.count.checked_sub(guesser.free())?;
            let pause = 1_i64.checked_shl(over.min(20)).unwrap_or(i64::MAX).min(LONGEST_WAIT.0);
            let passed = now.since(failed.last).0;
            (passed < pause).then(|| Seconds(pause - passed))
        });
        waits.max()
    }

    /// Remembers a failure.
    pub(crate) fn failed(&self, guessers: &[Guesser], now: Timestamp) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST {
            forget(&mut failures, now);
        }
        for guesser in guessers {
            let entry = failures.entry(guesser.clone()).or_insert(Failures { count: 0, last: now });
            if now.since(entry.last) > MEMORY {
                entry.count = 0;
            }
            *entry = Failures { count: entry.count.saturating_add(1), last: now };
        }
    }

    /// Forgets the failures of an account that has just proved itself; those of its address stay.
    pub(crate) fn succeeded(&self, guessers: &[Guesser]) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for guesser in guessers.iter().filter(|guesser| !matches!(guesser, Guesser::Address(_))) {
            failures.remove(guesser);
        }
    }
}

/// Drops what is old; and if that is not enough, the older half.
fn forget(failures: &mut HashMap<Guesser, Failures>, now: Timestamp) {
    failures.retain(|_, failed| now.since(failed.last) <= MEMORY);
    if failures.len() >= MOST {
        let mut times: Vec<Timestamp> = failures.values().map(|failed| failed.last).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        failures.retain(|_, failed| failed.last > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_000_000);

    fn stranger(address: &str) -> [Guesser; 2] {
        let address = address.parse().unwrap();
        [Guesser::Stranger(WorkspaceId(1), "bob".to_owned(), address), Guesser::Address(address)]
    }

    #[test]
    fn failures_slow_down_their_own_address_only() {
        let throttle = Throttle::default();
        for _ in 0..FREE_FOR_AN_ACCOUNT {
            assert_eq!(throttle.wait(&stranger("192.0.2.1"), NOW), None);
            throttle.failed(&stranger("192.0.2.1"), NOW);
        }
        assert_eq!(throttle.wait(&stranger("192.0.2.1"), NOW), Some(Seconds(1)));
        throttle.failed(&stranger("192.0.2.1"), NOW);
        assert_eq!(throttle.wait(&stranger("192.0.2.1"), NOW), Some(Seconds(2)));
        assert_eq!(throttle.wait(&stranger("192.0.2.1"), NOW.plus(Seconds(2))), None);
        assert_eq!(throttle.wait(&stranger("192.0.2.2"), NOW), None);
        let known = Guesser::KnownBrowser(WorkspaceId(1), "bob".to_owned(), [1; 16]);
        assert_eq!(throttle.wait(&[known], NOW), None);
    }

    #[test]
    fn the_wait_is_bounded_and_forgotten() {
        let throttle = Throttle::default();
        for _ in 0..1_000 {
            throttle.failed(&stranger("192.0.2.1"), NOW);
        }
        assert_eq!(throttle.wait(&stranger("192.0.2.1"), NOW), Some(LONGEST_WAIT));
        throttle.failed(&stranger("192.0.2.1"), NOW.plus(Seconds::days(1)));
        assert_eq!(throttle.wait(&stranger("192.0.2.1"), NOW.plus(Seconds::days(1))), None);
    }
}

//! Slowing down guesses: per account and browser, and per address. Nobody is locked out by strangers.
//!
//! An account is counted apart for each browser it has signed in with before, and for each address that is
//! new to it: failures elsewhere do not slow a known browser down. Kept in this process, bounded, and forgotten with time.

use grantry_protocol::types::{Seconds, Timestamp, WorkspaceId};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// How failures of one kind slow down.
struct Pace {
    /// Failures that cost nothing: people mistype.
    free: u32,
    /// The longest wait that one failure adds; each one more doubles it from a second.
    longest: Seconds,
    /// In so long, one failure is forgiven.
    forgiven: Seconds,
}

/// One account: few guesses, long waits.
const ACCOUNT: Pace = Pace { free: 5, longest: Seconds::minutes(5), forgiven: Seconds::minutes(10) };
/// Many people can share an address, and none of them shall keep the others out.
const ADDRESS: Pace = Pace { free: 50, longest: Seconds(30), forgiven: Seconds(5) };
/// Most keys remembered; above it the older half is dropped.
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
    const fn pace(&self) -> Pace {
        match self {
            Self::KnownBrowser(..) | Self::Stranger(..) => ACCOUNT,
            Self::Address(_) => ADDRESS,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    /// How many are not forgiven yet.
    fn left(self, pace: &Pace, now: Timestamp) -> u32 {
        let forgiven = now.since(self.last).0 / pace.forgiven.0;
        self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }

    fn wait(self, pace: &Pace, now: Timestamp) -> Option<Seconds> {
        let over = self.left(pace, now).checked_sub(pace.free)?;
        let pause = 1_i64.checked_shl(over.min(20)).unwrap_or(i64::MAX).min(pace.longest.0);
        let passed = now.since(self.last).0;
        (passed < pause).then(|| Seconds(pause - passed))
    }
}

/// The failures of this process.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Guesser, Failures>>);

impl Throttle {
    /// How long this guesser has to wait before the next guess is looked at; `None`: not at all.
    pub(crate) fn wait(&self, guessers: &[Guesser], now: Timestamp) -> Option<Seconds> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guessers.iter().filter_map(|guesser| failures.get(guesser)?.wait(&guesser.pace(), now)).max()
    }

    /// Remembers a failure.
    pub(crate) fn failed(&self, guessers: &[Guesser], now: Timestamp) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST {
            forget(&mut failures, now);
        }
        for guesser in guessers {
            let before = failures.get(guesser).map_or(0, |failed| failed.left(&guesser.pace(), now));
            failures.insert(guesser.clone(), Failures { count: before.saturating_add(1), last: now });
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

/// Drops what is forgiven; and if that is not enough, the older half.
fn forget(failures: &mut HashMap<Guesser, Failures>, now: Timestamp) {
    failures.retain(|guesser, failed| failed.left(&guesser.pace(), now) > 0);
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
        for _ in 0..ACCOUNT.free {
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
    fn the_wait_is_bounded_and_failures_are_forgiven() {
        let throttle = Throttle::default();
        for _ in 0..60 {
            throttle.failed(&stranger("192.0.2.1"), NOW);
        }
        assert_eq!(throttle.wait(&stranger("192.0.2.1"), NOW), Some(ACCOUNT.longest));
        let tomorrow = NOW.plus(Seconds::days(1));
        throttle.failed(&stranger("192.0.2.1"), tomorrow);
        assert_eq!(throttle.wait(&stranger("192.0.2.1"), tomorrow), None);
    }

    #[test]
    fn a_shared_address_is_never_held_up_for_long() {
        let throttle = Throttle::default();
        let address = [Guesser::Address("192.0.2.1".parse().unwrap())];
        for _ in 0..1_000 {
            throttle.failed(&address, NOW);
        }
        assert_eq!(throttle.wait(&address, NOW), Some(ADDRESS.longest));
        assert_eq!(throttle.wait(&address, NOW.plus(ADDRESS.longest)), None);
    }
}

//! Slowing down guesses: per account and browser, and per address. Nobody is locked out by strangers.
//!
//! An account is counted apart for each browser it has signed in with before, and for each address that is
//! new to it: failures elsewhere do not slow a known browser down. Kept in this process, bounded, and forgotten with time.

use grantry_protocol::types::{ClientRow, Seconds, Timestamp, WorkspaceId};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
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
    /// A client whose secret is not random, from an address.
    Client(WorkspaceId, ClientRow, IpAddr),
    /// An address, whatever the account and workspace.
    Address(IpAddr),
}

/// Guesses from an address, as one: an IPv6 network of 56 bits may belong to one subscriber.
pub(crate) fn place_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 72))),
        v4 => v4,
    }
}

impl Guesser {
    const fn pace(&self) -> Pace {
        match self {
            Self::KnownBrowser(..) | Self::Stranger(..) | Self::Client(..) => ACCOUNT,
            Self::Address(_) => ADDRESS,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    /// When the last one was.
    last: Timestamp,
    /// Since when `count` is being forgiven.
    since: Timestamp,
    /// Guesses that are being looked at.
    pending: u32,
}

/// How a guess ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// What failed before it is forgotten, but for other accounts' failures at the same address.
    Right,
    /// One more failure.
    Wrong,
    /// It was not looked at after all.
    Dropped,
}

impl Failures {
    /// How many are not forgiven yet.
    fn left(self, pace: &Pace, now: Timestamp) -> u32 {
        let forgiven = now.since(self.since).0 / pace.forgiven.0;
        self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }

    fn count_one(&mut self, pace: &Pace, now: Timestamp) {
        let left = self.left(pace, now);
        let whole = now.since(self.since).0 / pace.forgiven.0 * pace.forgiven.0;
        // What has passed towards the next forgiveness is kept, so that a steady trickle is forgiven at the same rate.
        self.since = if left == 0 { now } else { self.since.plus(Seconds(whole)) };
        self.count = left.saturating_add(1);
        // Also after the clock was set back.
        self.last = now;
    }

    fn wait(self, pace: &Pace, now: Timestamp) -> Option<Seconds> {
        let left = self.left(pace, now);
        // Many guesses at once count for no more than one after the other, as soon as there has been a wrong one.
        if left > 0 && left.saturating_add(self.pending) > pace.free && self.pending > 0 {
            return Some(Seconds(1));
        }
        let over = left.checked_sub(pace.free)?;
        let pause = 1_i64.checked_shl(over.min(20)).unwrap_or(i64::MAX).min(pace.longest.0);
        // A clock that was set back ends the wait rather than prolong it.
        let passed = if self.last > now { pause } else { now.since(self.last).0 };
        (passed < pause).then(|| Seconds(pause - passed))
    }
}

/// The failures of this process.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<Guesser, Failures>>);

impl Throttle {
    /// Lets these guessers have a guess looked at, or says how long to wait. What was let in has to be ended.
    pub(crate) fn begin(&self, guessers: &[Guesser], now: Timestamp) -> Result<(), Seconds> {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = guessers.iter().filter_map(|guesser| failures.get(guesser)?.wait(&guesser.pace(), now));
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        if failures.len() >= MOST {
            forget(&mut failures, now);
        }
        for guesser in guessers {
            failures
                .entry(guesser.clone())
                .or_insert(Failures { count: 0, last: now, since: now, pending: 0 })
                .pending += 1;
        }
        Ok(())
    }

    /// Counts how a guess ended that was let in.
    pub(crate) fn end(&self, guessers: &[Guesser], outcome: Outcome, now: Timestamp) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for guesser in guessers {
            let Some(failed) = failures.get_mut(guesser) else { continue };
            failed.pending = failed.pending.saturating_sub(1);
            match (outcome, guesser) {
                (Outcome::Wrong, _) => {
                    failed.count_one(&guesser.pace(), now);
                }
                (Outcome::Right, Guesser::KnownBrowser(..) | Guesser::Stranger(..) | Guesser::Client(..)) => {
                    failed.count = 0;
                }
                (Outcome::Right, Guesser::Address(_)) | (Outcome::Dropped, _) => {}
            }
            if failed.count == 0 && failed.pending == 0 {
                failures.remove(guesser);
            }
        }
    }
}

/// Drops what is forgiven; and if that is not enough, the older half.
fn forget(failures: &mut HashMap<Guesser, Failures>, now: Timestamp) {
    failures.retain(|guesser, failed| failed.pending > 0 || failed.left(&guesser.pace(), now) > 0);
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

    fn guess(throttle: &Throttle, guessers: &[Guesser], outcome: Outcome, now: Timestamp) -> Result<(), Seconds> {
        throttle.begin(guessers, now)?;
        throttle.end(guessers, outcome, now);
        Ok(())
    }

    #[test]
    fn failures_slow_down_their_own_address_only() {
        let throttle = Throttle::default();
        let wrong = |guessers: &[Guesser], now| guess(&throttle, guessers, Outcome::Wrong, now);
        for _ in 0..ACCOUNT.free {
            assert_eq!(wrong(&stranger("192.0.2.1"), NOW), Ok(()));
        }
        assert_eq!(wrong(&stranger("192.0.2.1"), NOW), Err(Seconds(1)));
        assert_eq!(wrong(&stranger("192.0.2.1"), NOW.plus(Seconds(1))), Ok(()));
        assert_eq!(wrong(&stranger("192.0.2.1"), NOW.plus(Seconds(1))), Err(Seconds(2)));
        assert_eq!(wrong(&stranger("192.0.2.2"), NOW), Ok(()));
        let known = Guesser::KnownBrowser(WorkspaceId(1), "bob".to_owned(), [1; 16]);
        assert_eq!(wrong(&[known], NOW), Ok(()));
    }

    #[test]
    fn waits_are_bounded_and_failures_are_forgiven() {
        let throttle = Throttle::default();
        let (mut now, mut longest) = (NOW, Seconds(0));
        for _ in 0..60 {
            if let Err(wait) = guess(&throttle, &stranger("192.0.2.1"), Outcome::Wrong, now) {
                longest = longest.max(wait);
                now = now.plus(wait);
            }
        }
        assert_eq!(longest, ACCOUNT.longest);
        let tomorrow = now.plus(Seconds::days(1));
        for _ in 0..ACCOUNT.free {
            assert_eq!(guess(&throttle, &stranger("192.0.2.1"), Outcome::Wrong, tomorrow), Ok(()));
        }
    }

    #[test]
    fn a_shared_address_is_never_held_up_for_long() {
        let throttle = Throttle::default();
        let address = [Guesser::Address("192.0.2.1".parse().unwrap())];
        let mut now = NOW;
        for _ in 0..1_000 {
            if let Err(wait) = guess(&throttle, &address, Outcome::Wrong, now) {
                assert!(wait <= ADDRESS.longest);
                now = now.plus(wait);
            }
        }
    }

    #[test]
    fn a_steady_trickle_at_a_shared_address_is_forgiven() {
        let throttle = Throttle::default();
        let address = [Guesser::Address("192.0.2.1".parse().unwrap())];
        for n in 0..1_000 {
            // Two failures in ten seconds, unevenly: as many as are forgiven.
            let now = NOW.plus(Seconds(n / 2 * 10 + n % 2 * 3));
            assert_eq!(guess(&throttle, &address, Outcome::Wrong, now), Ok(()), "{n}");
        }
    }

    #[test]
    fn after_a_failure_parallel_guesses_are_counted_while_they_are_looked_at() {
        let throttle = Throttle::default();
        let bob = stranger("192.0.2.1");
        for _ in 0..100 {
            assert_eq!(throttle.begin(&bob, NOW), Ok(()), "nobody has failed: many may sign in at once");
        }
        for _ in 0..100 {
            throttle.end(&bob, Outcome::Right, NOW);
        }
        for _ in 0..ACCOUNT.free {
            assert_eq!(guess(&throttle, &bob, Outcome::Wrong, NOW), Ok(()));
        }
        let later = NOW.plus(Seconds(1));
        let let_in = (0..60).filter(|_| throttle.begin(&bob, later).is_ok()).count();
        assert_eq!(let_in, 1);
    }

    #[test]
    fn a_right_guess_and_one_that_was_not_looked_at_cost_nothing() {
        let throttle = Throttle::default();
        for outcome in [Outcome::Right, Outcome::Dropped].repeat(100) {
            assert_eq!(guess(&throttle, &stranger("192.0.2.1"), outcome, NOW), Ok(()));
        }
        assert!(throttle.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_network_of_one_subscriber_is_one_place() {
        let place = |text: &str| place_of(text.parse().unwrap()).to_string();
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
        assert_eq!(place("2001:db8:1:ff:3:4:5:6"), "2001:db8:1::");
        assert_eq!(place("2001:db8:1:100::1"), "2001:db8:1:100::");
        assert_eq!(place("::ffff:192.0.2.1"), "192.0.2.1");
    }
}

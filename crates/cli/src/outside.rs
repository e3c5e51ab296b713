//! The world outside: the clock and the operating system's randomness, as values to hand on.

use grantry_server::random::Randomness;
use grantry_storage::Clock;
use std::cell::RefCell;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The system's clock.
pub(crate) fn clock() -> Clock {
    Clock::new(|| i64::try_from(now().as_millis()).unwrap_or(i64::MAX))
}

/// The time since 1970 began, in UTC.
pub(crate) fn now() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "the one place where time comes in")]
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The operating system's randomness, through the generator of aws-lc.
pub(crate) fn randomness() -> Randomness {
    Randomness::new(|bytes| {
        // Keys come straight from the generator; ids, nonces and salts are short, and many.
        if bytes.len() > SHORT {
            draw(bytes);
        } else {
            AHEAD.with_borrow_mut(|ahead| ahead.take(bytes));
        }
    })
}

/// Starts the generator beside everything else. Otherwise the first request would wait for it, longer than for all else.
pub(crate) fn start_generator() {
    std::thread::spawn(|| draw(&mut [0; 1]));
}

/// A number that other processes hardly have, too; it is no secret. Not from the generator, which takes longer to start
/// than all else that a command does.
pub(crate) fn seed() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

fn draw(bytes: &mut [u8]) {
    if aws_lc_rs::rand::fill(bytes).is_err() {
        // Nothing that this process could do from here on would be safe.
        std::process::abort();
    }
}

/// The longest that is taken from what was drawn ahead.
const SHORT: usize = 16;

thread_local! {
    static AHEAD: RefCell<Ahead> = const { RefCell::new(Ahead { bytes: [0; 512], taken: 512 }) };
}

/// Bytes of one thread, drawn together: for one byte the generator does as much as for hundreds.
struct Ahead {
    bytes: [u8; 512],
    taken: usize,
}

impl Ahead {
    /// Moves bytes out: nobody gets them twice, and no copy stays.
    fn take(&mut self, wanted: &mut [u8]) {
        if self.bytes.len() - self.taken < wanted.len() {
            draw(&mut self.bytes);
            self.taken = 0;
        }
        let given = &mut self.bytes[self.taken..][..wanted.len()];
        wanted.copy_from_slice(given);
        given.fill(0);
        self.taken += wanted.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantry_protocol::entropy;
    use std::collections::HashSet;

    #[test]
    fn nothing_is_drawn_twice_within_a_thread_or_between_threads() {
        let draw = || (0..1_000).map(|_| entropy::draw::<12>(&mut randomness())).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
        let all: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        assert!(!all.contains(&[0; 12]));
    }
}

//! Whether the server can be reached, as all workers of a process know it. While it cannot, one of them at a time looks whether
//! it is back, so that nobody waits for it, and all go on as soon as it is.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest that a server which is back is not noticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What is known; nothing as long as it can be reached.
#[derive(Debug, Default)]
pub(super) struct Reach(Mutex<Option<Away>>);

#[derive(Clone, Copy, Debug)]
struct Away {
    pause: Duration,
    /// Until then it is left alone.
    until: Instant,
}

impl Reach {
    /// Whether to try now. Of those who ask while it is away, one is told to after each pause.
    pub(super) fn may_try(&self, now: Instant) -> bool {
        match &mut *self.lock() {
            None => true,
            Some(away) if now < away.until => false,
            Some(away) => {
                away.pause = (away.pause * 2).min(LONGEST_PAUSE);
                away.until = now + away.pause;
                true
            }
        }
    }

    /// It was reached.
    pub(super) fn found(&self) {
        *self.lock() = None;
    }

    /// It was not. Many may find that out at once; it counts once.
    pub(super) fn missed(&self, now: Instant) {
        self.lock().get_or_insert(Away { pause: FIRST_PAUSE, until: now + FIRST_PAUSE });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Away>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_it_is_away_one_looks_for_it_and_never_too_seldom() {
        let (reach, mut now) = (Reach::default(), Instant::now());
        assert!(reach.may_try(now) && reach.may_try(now), "as long as it is there, everyone may");
        (0..20).for_each(|_| reach.missed(now));
        assert!(!reach.may_try(now));
        now += FIRST_PAUSE;
        for _ in 0..20 {
            assert!(reach.may_try(now), "the pause is over");
            assert!(!reach.may_try(now), "one is enough");
            reach.missed(now);
            now += LONGEST_PAUSE;
        }
        reach.found();
        assert!(reach.may_try(now) && reach.may_try(now));
        reach.missed(now);
        assert!(reach.may_try(now + FIRST_PAUSE), "the pauses begin anew");
    }
}

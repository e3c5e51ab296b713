//! When a signing key signs, and when it is published: next → active → retiring, asked of the clock like every expiry. What
//! others encrypt for is active at once, and retiring when it only opens any more.

use crate::token::LONGEST_JWT;
use crate::types::{Seconds, Timestamp};
use serde::Serialize;

/// How long a successor is published before it signs, so that whoever keeps the set for a while knows it in time.
pub const PUBLISHED_AHEAD: Seconds = Seconds::days(1);

/// How long a key stays published after its last signature: as long as what it signed can live, and an hour for clocks
/// that differ. So long, too, one that others encrypted for opens after its successor was published: they keep the set no longer.
pub const PUBLISHED_AFTER: Seconds = Seconds(LONGEST_JWT.0 + Seconds::hours(1).0);

/// When a first key begins to sign, for which nobody has to wait: a little ago, since the clocks of processes differ.
pub const fn beginning_of_first(now: Timestamp) -> Timestamp {
    now.plus(Seconds(-300))
}

/// The times of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// It signs from then on.
    pub active_at: Timestamp,
    /// Its successor signs from then on; none: it has no successor yet.
    pub retired_at: Option<Timestamp>,
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, and signs nothing yet.
    Next,
    /// Signs.
    Active,
    /// Signs nothing any more, and stays published while a token that it signed can be good.
    Retiring,
    /// Over: neither published nor accepted.
    Retired,
}

impl Schedule {
    /// Where the key stands.
    pub fn state(&self, now: Timestamp) -> KeyState {
        match self.retired_at {
            _ if self.ends_at().is_some_and(|end| now >= end) => KeyState::Retired,
            Some(retired_at) if now >= retired_at => KeyState::Retiring,
            _ if now < self.active_at => KeyState::Next,
            _ => KeyState::Active,
        }
    }

    /// When the key is over; none: not before it has a successor.
    pub fn ends_at(&self) -> Option<Timestamp> {
        Some(self.retired_at?.plus(PUBLISHED_AFTER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_next_then_active_then_retiring_then_gone() {
        let at = Timestamp::from_unix;
        let schedule = Schedule { active_at: at(100), retired_at: Some(at(200)) };
        let end = 200 + PUBLISHED_AFTER.0;
        for (now, state) in [
            (99, KeyState::Next),
            (100, KeyState::Active),
            (199, KeyState::Active),
            (200, KeyState::Retiring),
            (end - 1, KeyState::Retiring),
            (end, KeyState::Retired),
        ] {
            assert_eq!(schedule.state(at(now)), state, "{now}");
        }
        assert_eq!(Schedule { retired_at: None, ..schedule }.state(at(i64::MAX)), KeyState::Active);
    }
}

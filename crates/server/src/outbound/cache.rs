//! What URLs answered, kept for a while: so that a document is fetched once for many requests, and that nobody is asked again and
//! again because a stranger wants it. Bounded in entries and bytes.

use super::{Fetched, Unreachable};
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use grantry_protocol::types::{Seconds, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long an answer that says nothing about it is kept.
const USUAL: Seconds = Seconds::minutes(5);
/// The shortest that an answer is kept.
const SHORTEST: Seconds = Seconds::minutes(1);
/// The longest that an answer is kept.
const LONGEST: Seconds = Seconds::hours(1);
/// A URL is not asked again sooner, whatever came of it, and whoever wants it.
const PAUSE: Seconds = Seconds(10);
/// Most URLs remembered; above it the half that was not used lately is dropped.
const MOST: usize = 1_000;
/// Most bytes remembered, with the same consequence.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What came of a fetch.
pub(super) type Outcome = Result<Arc<Fetched>, Unreachable>;
/// Held by whoever is fetching a URL; others wait for it, and find what was brought.
pub(super) type Turn = Arc<tokio::sync::Mutex<()>>;

/// What will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Whatever is still good.
    Known,
    /// What came just now.
    Fresh,
}

/// The URLs that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    by_url: HashMap<String, Entry>,
    /// How often any of them was used.
    uses: u64,
}

#[derive(Debug, Default)]
struct Entry {
    turn: Turn,
    last: Option<(Timestamp, Outcome)>,
    /// The last answer that was good: a failure after it does not end it early.
    good: Option<(Timestamp, Arc<Fetched>)>,
    /// The number of its last use.
    used: u64,
}

impl Cache {
    /// What is known of a URL, if it will do.
    pub(super) fn find(&self, url: &str, wanted: Wanted, now: Timestamp) -> Option<Outcome> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.by_url.contains_key(url) { entries.entry(url).outcome(wanted, now) } else { None }
    }

    /// What has to be held to fetch this URL.
    pub(super) fn turn(&self, url: &str) -> Turn {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = Arc::clone(&entries.entry(url).turn);
        entries.make_room();
        turn
    }

    /// Keeps what came of a fetch.
    pub(super) fn remember(&self, url: &str, outcome: &Outcome, now: Timestamp) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(url);
        entry.last = Some((now, outcome.clone()));
        if let Ok(fetched) = outcome {
            entry.good = Some((now, Arc::clone(fetched)));
        }
        entries.make_room();
    }
}

impl Entries {
    /// The entry of this URL, for another use.
    fn entry(&mut self, url: &str) -> &mut Entry {
        self.uses += 1;
        let entry = self.by_url.entry(url.to_owned()).or_default();
        entry.used = self.uses;
        entry
    }

    fn size(&self) -> usize {
        self.by_url.iter().map(|(url, entry)| url.len() + entry.size()).sum()
    }

    fn make_room(&mut self) {
        while self.by_url.len() > MOST || self.size() > MOST_BYTES {
            let mut uses: Vec<u64> = self.by_url.values().map(|entry| entry.used).collect();
            let middle = uses.len() / 2;
            let (_, median, _) = uses.select_nth_unstable(middle);
            let (before, median) = (self.by_url.len(), *median);
            self.by_url.retain(|_, entry| entry.is_in_use() || entry.used > median);
            if self.by_url.len() == before {
                // All of it is being fetched: that is bounded elsewhere.
                return;
            }
        }
    }
}

impl Entry {
    fn outcome(&self, wanted: Wanted, now: Timestamp) -> Option<Outcome> {
        let good = self.good.as_ref().filter(|(at, fetched)| at.is_within(fetched.lifetime, now));
        match (wanted, good) {
            (Wanted::Known, Some((_, fetched))) => Some(Ok(Arc::clone(fetched))),
            _ => self.last.as_ref().filter(|(at, _)| at.is_within(PAUSE, now)).map(|(_, outcome)| outcome.clone()),
        }
    }

    /// Whether somebody has its turn, or waits for it.
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.turn) > 1
    }

    fn size(&self) -> usize {
        let content_type = |fetched: &Fetched| fetched.content_type.as_ref().map_or(0, String::len);
        self.good.as_ref().map_or(0, |(_, fetched)| fetched.body.len() + content_type(fetched))
    }
}

/// RFC 9111 §5.2.2.1: how long an answer says that it can be used, within limits of ours.
///
/// The limits hold whatever else it says: the document is the same for everyone, and there is a way to ask for it again.
pub(super) fn lifetime(headers: &HeaderMap) -> Seconds {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut directives =
        values.flat_map(|value| value.split(',')).map(|directive| directive.trim().to_ascii_lowercase());
    let stated = directives.find_map(|directive| match directive.split_once('=') {
        Some(("max-age", seconds)) => seconds.trim_matches('"').parse().ok(),
        None if directive == "no-store" || directive == "no-cache" => Some(0),
        _ => None,
    });
    stated.map_or(USUAL, |seconds: u32| Seconds(i64::from(seconds)).clamp(SHORTEST, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use bytes::Bytes;

    const NOW: Timestamp = Timestamp::from_unix(1_000_000);
    const URL: &str = "https://app.example/jwks";

    fn fetched(body: &[u8]) -> Outcome {
        Ok(Arc::new(Fetched { body: Bytes::copy_from_slice(body), content_type: None, lifetime: USUAL }))
    }

    /// What is found so many seconds after `NOW`, in short.
    fn found(cache: &Cache, wanted: Wanted, after: i64) -> Option<Result<Bytes, Unreachable>> {
        Some(cache.find(URL, wanted, NOW.plus(Seconds(after)))?.map(|fetched| fetched.body.clone()))
    }

    #[test]
    fn an_answer_is_good_for_its_lifetime_and_fresh_for_the_pause() {
        let cache = Cache::default();
        assert_eq!(found(&cache, Wanted::Known, 0), None);
        cache.remember(URL, &fetched(b"1"), NOW);
        let one = Some(Ok(Bytes::from_static(b"1")));
        assert_eq!(found(&cache, Wanted::Known, USUAL.0 - 1), one);
        assert_eq!(found(&cache, Wanted::Known, USUAL.0), None);
        assert_eq!(found(&cache, Wanted::Fresh, PAUSE.0 - 1), one);
        assert_eq!(found(&cache, Wanted::Fresh, PAUSE.0), None);
        assert_eq!(found(&cache, Wanted::Known, -1), None, "a clock that was set back");
    }

    #[test]
    fn a_failure_is_remembered_for_the_pause_and_ends_no_good_answer() {
        let cache = Cache::default();
        cache.remember(URL, &Err(Unreachable::TimedOut), NOW);
        let failure = Some(Err(Unreachable::TimedOut));
        for wanted in [Wanted::Known, Wanted::Fresh] {
            assert_eq!(found(&cache, wanted, PAUSE.0 - 1), failure);
            assert_eq!(found(&cache, wanted, PAUSE.0), None);
        }
        cache.remember(URL, &fetched(b"1"), NOW);
        cache.remember(URL, &Err(Unreachable::TimedOut), NOW.plus(Seconds(20)));
        assert_eq!(found(&cache, Wanted::Known, 21), Some(Ok(Bytes::from_static(b"1"))));
        assert_eq!(found(&cache, Wanted::Fresh, 21), failure);
    }

    #[test]
    fn rfc9111_s5_2_2_1_an_answer_says_how_long_within_limits() {
        for (stated, seconds) in [
            ("", 300),
            ("public", 300),
            ("max-age=120", 120),
            ("public, Max-Age=\"120\"", 120),
            ("max-age=0", 60),
            ("no-store", 60),
            ("private, no-cache", 60),
            ("max-age=86400, immutable", 3_600),
            ("max-age=-1", 300),
            ("max-age=99999999999999999999", 300),
            ("s-maxage=120", 300),
        ] {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(stated))]);
            assert_eq!(lifetime(&headers), Seconds(seconds), "{stated}");
        }
        assert_eq!(lifetime(&HeaderMap::new()), USUAL);
    }

    #[test]
    fn what_is_not_used_makes_room_and_what_is_being_fetched_stays() {
        let cache = Cache::default();
        let old = cache.turn("https://app.example/being-fetched");
        cache.remember(URL, &fetched(b"1"), NOW);
        for n in 0..MOST as i64 * 3 {
            let now = NOW.plus(Seconds(n / 100));
            cache.remember(&format!("https://a.example/{n}"), &Err(Unreachable::TimedOut), now);
            assert!(found(&cache, Wanted::Known, n / 100).is_some(), "it is used all the time");
            assert!(cache.0.lock().unwrap().by_url.len() <= MOST);
        }
        assert!(Arc::ptr_eq(&old, &cache.turn("https://app.example/being-fetched")));
        let large = fetched(&[0; 64 * 1024]);
        for n in 0..MOST as i64 {
            cache.remember(&format!("https://b.example/{n}"), &large, NOW.plus(Seconds(100 + n)));
            assert!(cache.0.lock().unwrap().size() <= MOST_BYTES);
        }
    }
}

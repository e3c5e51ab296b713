//! How much of something is taken at once, and by whom: so that nobody takes all of it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// How much is taken by each of those who are counted.
#[derive(Debug)]
pub(crate) struct Shares<K: Eq + Hash>(Mutex<HashMap<K, usize>>);

/// What was taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Taken<K: Eq + Hash> {
    shares: Arc<Shares<K>>,
    by: Vec<K>,
}

impl<K: Eq + Hash> Default for Shares<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// Takes one for each of these, each of whom may have so many; none where one of them has as many already: the error says who.
    pub(crate) fn take<const N: usize>(self: &Arc<Self>, by: [(K, usize); N]) -> Result<Taken<K>, K> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((full, _)) = by.iter().find(|(key, most)| taken.get(key).is_some_and(|count| count >= most)) {
            return Err(full.clone());
        }
        let by = by.map(|(key, _)| key).to_vec();
        for key in &by {
            *taken.entry(key.clone()).or_default() += 1;
        }
        Ok(Taken { shares: Arc::clone(self), by })
    }
}

impl<K: Eq + Hash> Drop for Taken<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.by {
            match taken.get_mut(key) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(taken.remove(key)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_than_a_share_and_what_was_taken_comes_back() {
        let shares = Arc::<Shares<&str>>::default();
        let take = |who| shares.take([("all", 3), (who, 2)]);
        let (first, second) = (take("a").unwrap(), take("a").unwrap());
        assert_eq!(take("a").err(), Some("a"), "a has its share");
        let third = take("b").unwrap();
        assert_eq!(take("c").err(), Some("all"), "all is taken");
        drop(first);
        let fourth = take("c").unwrap();
        drop((second, third, fourth));
        assert!(shares.0.lock().unwrap().is_empty());
    }
}

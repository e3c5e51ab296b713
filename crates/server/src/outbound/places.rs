//! How many requests are under way at once: in all, and to one host, so that a slow one cannot take every place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most requests at once.
const IN_ALL: usize = 128;
/// Most of them to read something, which strangers can cause: the rest is for what apps have to be told.
const TO_READ: usize = 96;
/// Most of them to one host.
const TO_ONE_HOST: usize = 8;

/// The requests that are under way, by their hosts.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<String, usize>>);

/// A request's place among the others, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    host: String,
}

impl Places {
    /// A place for a request to this host that reads something; none when all are taken.
    pub(super) fn take_to_read(self: &Arc<Self>, host: String) -> Option<Place> {
        self.take_of(TO_READ, host)
    }

    /// A place for a request to this host that tells something; none when all are taken.
    pub(super) fn take_to_tell(self: &Arc<Self>, host: String) -> Option<Place> {
        self.take_of(IN_ALL, host)
    }

    fn take_of(self: &Arc<Self>, most: usize, host: String) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = taken.get(&host).copied().unwrap_or_default();
        if here >= TO_ONE_HOST || taken.values().sum::<usize>() >= most {
            return None;
        }
        taken.insert(host.clone(), here + 1);
        Some(Place { places: Arc::clone(self), host })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = taken.get(&self.host).map_or(0, |here| here - 1);
        if left == 0 {
            taken.remove(&self.host);
        } else {
            taken.insert(self.host.clone(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_cannot_take_every_place() {
        let places = Arc::<Places>::default();
        let mut slow: Vec<Place> =
            (0..TO_ONE_HOST).map_while(|_| places.take_to_read("slow.example".to_owned())).collect();
        assert_eq!(slow.len(), TO_ONE_HOST);
        assert!(places.take_to_read("slow.example".to_owned()).is_none());
        assert!(places.take_to_read("app.example".to_owned()).is_some());
        slow.pop();
        assert!(places.take_to_read("slow.example".to_owned()).is_some());
    }

    #[test]
    fn places_are_bounded_in_all_and_come_back() {
        let places = Arc::<Places>::default();
        let host = |n: usize| format!("{n}.example");
        let read: Vec<Place> = (0..IN_ALL).map_while(|n| places.take_to_read(host(n))).collect();
        assert_eq!(read.len(), TO_READ);
        let told: Vec<Place> = (0..IN_ALL).map_while(|n| places.take_to_tell(host(n))).collect();
        assert_eq!(
            read.len() + told.len(),
            IN_ALL,
            "strangers who have things read leave room for what has to be told"
        );
        drop((read, told));
        assert!(places.0.lock().unwrap().is_empty());
    }
}

//! A bounded line of waiting work, and the threads that take from it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// First in, first out, never longer than its limit.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    limit: usize,
    line: Mutex<Line<T>>,
    arrival: Condvar,
}

#[derive(Debug)]
struct Line<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

/// Why something was not taken in; it is handed back.
#[derive(Debug, PartialEq)]
pub(crate) enum Refused<T> {
    Full(T),
    Closed(T),
}

impl<T> Queue<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, line: Mutex::new(Line { waiting: VecDeque::new(), closed: false }), arrival: Condvar::new() }
    }

    pub(crate) fn push(&self, item: T) -> Result<(), Refused<T>> {
        let mut line = self.lock();
        if line.closed {
            return Err(Refused::Closed(item));
        }
        if line.waiting.len() >= self.limit {
            return Err(Refused::Full(item));
        }
        line.waiting.push_back(item);
        drop(line);
        self.arrival.notify_one();
        Ok(())
    }

    /// Waits until something is there and takes up to `most` of it. Nothing: the queue is closed, and empty.
    pub(crate) fn take(&self, most: usize) -> Vec<T> {
        let mut line = self.lock();
        while line.waiting.is_empty() && !line.closed {
            line = self.arrival.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        let count = line.waiting.len().min(most);
        line.waiting.drain(..count).collect()
    }

    /// Takes in nothing more. What waits is still taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrival.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Line<T>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_bounded_and_keeps_its_order() {
        let queue = Queue::new(3);
        for item in 1..=3 {
            assert_eq!(queue.push(item), Ok(()));
        }
        assert_eq!(queue.push(4), Err(Refused::Full(4)));
        assert_eq!(queue.take(2), [1, 2]);
        assert_eq!(queue.push(4), Ok(()));
        queue.close();
        assert_eq!(queue.push(5), Err(Refused::Closed(5)));
        assert_eq!(queue.take(9), [3, 4]);
        assert!(queue.take(9).is_empty());
    }
}

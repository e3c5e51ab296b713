//! Callers: threads that ask one request after the other, each over a connection of its own, and note what came of each.

use crate::ask::{Answer, Connection};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// Makes the request with a number; all callers share the numbers.
pub(crate) type Requests<'a> = &'a (dyn Fn(usize) -> String + Sync);

/// Some callers, and what they do.
#[derive(Clone, Copy)]
pub(crate) struct Callers<'a> {
    /// Where; a caller without an answer goes on at the next, as behind a load balancer.
    pub(crate) addresses: &'a [SocketAddr],
    pub(crate) count: usize,
    /// From one request of a caller to its next, unless the answer takes longer.
    pub(crate) period: Duration,
    pub(crate) requests: Requests<'a>,
}

/// A request, and what came of it.
pub(crate) struct Call {
    pub(crate) number: usize,
    /// Of the address.
    pub(crate) node: usize,
    pub(crate) begun: Instant,
    pub(crate) took: Duration,
    /// None: the connection broke, or there was none.
    pub(crate) answer: Option<Answer>,
}

impl Call {
    pub(crate) fn status(&self) -> u16 {
        self.answer.as_ref().map_or(0, |answer| answer.status)
    }

    pub(crate) fn ended(&self) -> Instant {
        self.begun + self.took
    }

    /// RFC 9110 §15.6.4: a 503 that says when to come again.
    pub(crate) fn was_put_off(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.status == 503 && answer.header("retry-after").is_some())
    }
}

impl Callers<'_> {
    /// Calls for as long as `during` takes.
    pub(crate) fn call_while<T>(self, during: impl FnOnce() -> T) -> (T, Vec<Call>) {
        let (stop, numbers) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            let callers: Vec<_> = (0..self.count)
                .map(|own| {
                    scope.spawn({
                        let (stop, numbers) = (&stop, &numbers);
                        move || self.call(own, stop, numbers)
                    })
                })
                .collect();
            let done = during();
            stop.store(true, Ordering::Relaxed);
            // A caller that panicked has nothing to tell.
            let calls = callers.into_iter().filter_map(|caller| caller.join().ok()).flatten().collect();
            (done, calls)
        })
    }

    fn call(self, own: usize, stop: &AtomicBool, numbers: &AtomicUsize) -> Vec<Call> {
        let (mut node, mut connection, mut calls) = (own % self.addresses.len(), None, Vec::new());
        // Spread over the first period, so that they do not all come at once.
        let mut due = Instant::now() + self.period.mul_f64(own as f64 / self.count as f64);
        loop {
            sleep(due.saturating_duration_since(Instant::now()));
            if stop.load(Ordering::Relaxed) {
                return calls;
            }
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let request = (self.requests)(number);
            let begun = Instant::now();
            let answer = ask(&mut connection, self.addresses[node], &request);
            let failed = answer.is_none();
            calls.push(Call { number, node, begun, took: begun.elapsed(), answer });
            if failed {
                node = (node + 1) % self.addresses.len();
            }
            due = (due + self.period).max(Instant::now());
        }
    }
}

/// Asks over the connection that is there, or over a new one.
fn ask(place: &mut Option<Connection>, address: SocketAddr, request: &str) -> Option<Answer> {
    let mut connection = match place.take() {
        Some(connection) => connection,
        None => Connection::open(address).ok()?,
    };
    let answer = connection.ask(request).ok()?;
    *place = Some(connection);
    Some(answer)
}

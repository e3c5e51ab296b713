//! The server's source of unpredictable bytes, handed in by whoever starts it.

use grantry_protocol::entropy::Entropy;
use std::fmt;
use std::sync::Arc;

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// Fills a slice with unpredictable bytes. A clone is the same source.
#[derive(Clone)]
pub struct Randomness(Arc<Fill>);

impl Randomness {
    /// A source that fills slices by `fill`.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }
}

impl Entropy for Randomness {
    fn fill(&mut self, bytes: &mut [u8]) {
        (self.0)(bytes);
    }
}

impl fmt::Debug for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Randomness")
    }
}

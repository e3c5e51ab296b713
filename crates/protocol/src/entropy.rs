//! Randomness as a parameter. This crate draws bytes from what it is given and knows no source of its own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A source of unpredictable bytes. The server hands in one seeded by the operating system, a test a fixed one.
pub trait Entropy {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// `N` unpredictable bytes.
pub fn draw<const N: usize>(entropy: &mut dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// `N` unpredictable bytes as base64url text without padding (RFC 4648 §5).
pub fn draw_text<const N: usize>(entropy: &mut dyn Entropy) -> String {
    URL_SAFE_NO_PAD.encode(draw::<N>(entropy))
}

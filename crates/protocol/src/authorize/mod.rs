//! RFC 6749 §3.1: the authorization endpoint, from the request to the answer in the redirect URI.

mod decide;
mod respond;
mod validate;

pub use decide::{Authorized, Decision, Question, SignedIn, decide, denied};
pub use respond::RedirectTarget;
pub use validate::{Refusal, ResponseType, ValidRequest, validate};

#[cfg(test)]
mod tests;

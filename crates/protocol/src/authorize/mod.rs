//! RFC 6749 §3.1, OpenID Connect Core §3: the authorization endpoint, from the request to the answer in the redirect URI.

mod decide;
mod openid;
pub mod request_object;
mod respond;
mod response_type;
mod validate;

pub use decide::{Authorized, Decision, Known, Question, SignedIn, Waited, decide, denied};
pub use openid::{AuthenticationRequest, OFFLINE_ACCESS, OPENID, Prompt};
pub use respond::{Answer, Issued, RedirectTarget};
pub use response_type::{ResponseMode, ResponseType};
pub use validate::{Refusal, ValidRequest, refuse, validate};

#[cfg(test)]
mod tests;

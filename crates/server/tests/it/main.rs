//! The front door: behaviour over HTTP, with real parts. One module per specification; names begin with the section.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod account;
mod authorize;
mod back_channel_logout;
mod docs;
mod front_channel_logout;
mod harness;
mod imported_passwords;
mod introspect;
mod jwe;
mod limits;
mod line;
mod listen;
mod login;
mod metadata;
mod nodes;
mod oidc_core;
mod outbound;
mod portal;
mod profile;
mod prompt_create;
mod races;
mod refresh;
mod revoke;
mod rfc7523;
mod rfc7591;
mod rfc7592;
mod rfc9068;
mod rfc9101;
mod rp_initiated_logout;
mod session_management;
mod sign_up;
mod signer;
mod signing_keys;
mod site;
mod token;

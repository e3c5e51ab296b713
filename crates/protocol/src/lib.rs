//! The rules of OAuth 2.0: values in, decision out.
//!
//! This crate knows nothing of HTTP frameworks, SQL, clocks or random sources: what a rule needs to
//! know is handed to it, and what it decides is a value. Each check stands under a comment with its section.

pub mod access_token;
pub mod account;
pub mod authorize;
pub mod bearer;
pub mod claims;
pub mod client;
pub mod client_auth;
pub mod client_jwt;
pub mod entropy;
pub mod error;
pub mod grant;
pub mod id_token;
pub mod introspect;
pub mod jose;
pub mod logout;
pub mod metadata;
pub mod params;
pub mod pkce;
mod plain;
pub mod redirect_uri;
pub mod register;
pub mod revoke;
pub mod rule;
#[cfg(test)]
mod sample;
pub mod scope;
pub mod sealed;
pub mod session_management;
pub mod subject;
pub mod token;
pub mod types;
pub mod workspace;

pub use error::{ErrorCode, OAuthError, Rule};
pub use params::Params;
pub use scope::Scope;
pub use types::{ClientRow, GrantId, SessionId, Timestamp, UserId, WorkspaceId};

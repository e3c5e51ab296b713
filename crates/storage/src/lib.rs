//! What Grantry remembers: one SQL, two engines.
//!
//! A piece of work is a function of a [`Tx`], which is bound to one workspace, or of an [`Instance`], which is not.
//! [`Store`] runs it on SQLite or PostgreSQL, and may run it again when the engine asks for that. Nothing outside
//! `engine` knows which engine it is.

mod backing;
mod changes;
mod cleanup;
mod client;
mod client_secret;
mod clock;
mod connection;
mod consent;
mod database;
mod engine;
mod error;
mod grant;
mod ids;
mod instance;
mod job;
mod key;
mod logout_delivery;
mod node;
mod queue;
mod revoked_token;
mod schema;
mod search;
mod session;
mod session_client;
mod signing_key;
mod store;
mod tx;
mod used_assertion;
mod user;
mod value;
mod workspace;

pub use backing::{Backing, Held};
pub use changes::Moment;
pub use client::{ClientFilter, NewClient};
pub use clock::Clock;
pub use consent::ConnectedApp;
pub use database::Database;
pub use error::{BackupError, OpenError, Result, StorageError};
pub use grant::Redeemed;
pub use grantry_protocol::sealed::KeyPurpose;
pub use instance::{Instance, NewWorkspace};
pub use key::{Key, NewKey};
pub use logout_delivery::{DueDelivery, LogoutDelivery, PassedBy};
pub use search::Page;
pub use session::NewSession;
pub use signing_key::NewSigningKey;
pub use store::{Options, Store};
pub use tx::Tx;
pub use user::NewUser;

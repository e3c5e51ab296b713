//! What the store promises, on SQLite and on a real PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod backings;
mod changes;
mod cleanup;
mod clients;
mod consents;
mod durability;
mod grants;
mod isolation;
mod logout;
mod migrations;
mod people;
mod races;
mod store;
mod units;
mod workspaces;
mod world;

//! Grantry over HTTP: endpoints for machines, pages for people.
//!
//! This crate reads no arguments, files of settings, environment, clock or random source: all of that comes from whoever starts it.

mod account;
mod allowance;
mod asked;
mod assets;
mod back_channel;
mod browser;
mod cleanup;
mod client_keys;
mod decryption;
mod endpoints;
mod form;
mod here;
pub mod listen;
mod login;
mod metrics;
mod observe;
pub mod operator;
pub mod outbound;
mod pages;
pub mod passwords;
mod portal;
pub mod random;
mod reader;
mod reply;
pub mod request_id;
mod routes;
mod secrets;
mod sector;
pub mod server;
pub mod settings;
mod shares;
mod sign_in;
mod sign_out;
mod signing;
mod slow;
mod throttle;
mod words;
mod workspace;

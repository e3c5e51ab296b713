//! The command line as its users meet it: the real binary, real databases, and what it prints.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod config;
mod data;
mod database;
mod demo;
mod doctor;
mod logs;
mod postgres;
mod world;

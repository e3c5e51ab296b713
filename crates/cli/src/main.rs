//! `grantry`: one binary that serves, and that administers what it serves. This crate alone reads arguments, environment,
//! files of settings, the clock and the operating system's randomness, and hands them to the others as values.

mod app;
mod args;
mod backup;
mod checks;
mod config;
mod data;
mod demo;
mod doctor;
mod failure;
mod key;
mod logs;
mod master_key;
mod migrate;
mod open;
mod output;
mod outside;
mod render;
mod running;
mod secret_input;
mod serve;
mod user;
mod workspace;

use clap::Parser as _;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A request makes some two hundred small allocations, each of which dies with it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.message);
            ExitCode::from(failure.exit)
        }
    }
}

//! `grantry doctor`.

use crate::args::Globals;
use crate::checks::{self, Check};
use crate::failure::Failure;
use crate::output;
use crate::serve::ServerFlags;
use clap::Args;
use serde_json::json;

/// Check everything that `serve` needs, and say what to do about what is wrong
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    flags: ServerFlags,
}

impl Doctor {
    /// Checks everything; fails if anything is wrong.
    pub(crate) fn run(&self, globals: &Globals) -> Result<(), Failure> {
        let checks = checks::all(globals, &self.flags);
        let sick = checks.iter().any(Check::is_problem);
        let rows: Vec<_> = checks.iter().map(Check::to_json).collect();
        output::answer(&json!({ "ok": !sick, "checks": rows }), globals.format())?;
        // What is wrong was just said.
        if sick { Err(Failure::failed("")) } else { Ok(()) }
    }
}

//! `grantry backup`.

use crate::args::Globals;
use crate::failure::Failure;
use crate::{data, output};
use clap::Args;
use grantry_server::operator::Command;
use std::path::PathBuf;

/// Copy an embedded database into a new file while it is in use
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file; it must not exist
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Backup {
    /// Does it.
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let to = std::path::absolute(&self.to)
            .map_err(|error| Failure::wrong(format!("--to {}: {error}", self.to.display())))?;
        data::run(globals, Command::Backup { to })?;
        output::note(
            "The master key is not in it, and without the key it is of no use: keep a copy of that elsewhere.",
        );
        Ok(())
    }
}

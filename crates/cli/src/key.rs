//! `grantry key`.

use crate::args::Globals;
use crate::failure::Failure;
use crate::user::Place;
use crate::{data, master_key, output};
use clap::Subcommand;
use grantry_server::operator;
use grantry_server::operator::key::Command as Wanted;

/// What to do to keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the keys of a workspace
    List(Place),
    /// Start a new key; what the older ones sealed still opens
    Rotate(Place),
    /// Print a new master key, for a file that only its owner may read
    GenerateMaster,
}

impl Command {
    /// Does it.
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let (place, wanted) = match self {
            Self::List(place) => (place, Wanted::List),
            Self::Rotate(place) => (place, Wanted::Rotate),
            Self::GenerateMaster => return output::line(master_key::generate().expose()),
        };
        data::run(globals, operator::Command::Key(place.workspace, wanted))
    }
}

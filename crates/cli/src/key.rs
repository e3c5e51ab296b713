//! `grantry key`.

use crate::args::Globals;
use crate::failure::Failure;
use crate::user::Place;
use crate::{data, master_key, output};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::sealed::KeyPurpose;
use grantry_server::operator;
use grantry_server::operator::key::Command as Wanted;

/// What to do to keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the keys of a workspace
    List {
        #[command(flatten)]
        place: Place,
        /// Only those of this purpose
        #[arg(long, value_name = "PURPOSE", value_parser = purpose_parser())]
        purpose: Option<KeyPurpose>,
    },
    /// Start a new key; what the older ones sealed or signed stays good, what was encrypted for them for a day
    Rotate(Rotate),
    /// Print a new master key, for a file that only its owner may read
    GenerateMaster,
}

/// Which keys to follow by new ones.
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    place: Place,
    /// What the new key is for: sealing and encryption start now, signing after a day of being published
    #[arg(long, value_name = "PURPOSE", default_value = "sealing", value_parser = purpose_parser())]
    purpose: KeyPurpose,
    /// The algorithm of a signing key [default: each that has a key]
    #[arg(long, value_name = "ALGORITHM", value_parser = algorithm_parser())]
    algorithm: Option<Algorithm>,
}

impl Command {
    /// Does it.
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let (place, wanted) = match self {
            Self::List { place, purpose } => (place, Wanted::List(purpose)),
            Self::Rotate(Rotate { place, purpose: KeyPurpose::Signing, algorithm }) => {
                (place, Wanted::RotateSigning(algorithm))
            }
            Self::Rotate(Rotate { algorithm: Some(_), .. }) => {
                return Err(Failure::wrong("--algorithm is one that signs; say --purpose signing with it"));
            }
            Self::Rotate(Rotate { place, purpose: KeyPurpose::Encryption, .. }) => (place, Wanted::RotateEncryption),
            Self::Rotate(Rotate { place, .. }) => (place, Wanted::RotateSealing),
            Self::GenerateMaster => return output::line(master_key::generate().expose()),
        };
        data::run(globals, operator::Command::Key(place.workspace, wanted))
    }
}

fn purpose_parser() -> impl clap::builder::TypedValueParser<Value = KeyPurpose> {
    PossibleValuesParser::new(
        [KeyPurpose::Sealing, KeyPurpose::Signing, KeyPurpose::Encryption].map(KeyPurpose::as_str),
    )
    .try_map(|text| KeyPurpose::parse(&text).ok_or("there is no such purpose"))
}

/// The algorithms that tokens are signed with.
pub(crate) fn algorithm_parser() -> impl clap::builder::TypedValueParser<Value = Algorithm> {
    PossibleValuesParser::new(Algorithm::ALL.map(Algorithm::as_str))
        .try_map(|text| Algorithm::parse(&text).ok_or("there is no such algorithm"))
}

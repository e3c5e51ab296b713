//! `grantry migrate`.

use crate::args::Globals;
use crate::config::Config;
use crate::failure::Failure;
use crate::logs;
use crate::open::{self, Readiness};
use crate::output::{self, Format};
use clap::Args;
use grantry_storage::OpenError;
use serde_json::json;
use tracing::level_filters::LevelFilter;

/// Bring the schema of the database up to date
#[derive(Debug, Args)]
pub(crate) struct Migrate {}

impl Migrate {
    /// Does it.
    pub(crate) fn run(&self, globals: &Globals) -> Result<(), Failure> {
        let config = Config::read(&globals.layers()?)?;
        logs::start(&config, LevelFilter::WARN);
        let explain = |error: OpenError| open::explain(&error, &config);
        let steps = match open::store(&config, Readiness::Expected) {
            Ok(store) => {
                store.close();
                None
            }
            Err(OpenError::NeedsMigration { found, needed }) => Some((found, Some(needed))),
            Err(OpenError::Missing(_)) => Some((0, None)),
            Err(error) => return Err(explain(error)),
        };
        if steps.is_some() {
            open::store(&config, Readiness::Migrated).map_err(explain)?.close();
        }
        match (globals.format(), steps) {
            (Format::Json, None) => output::line(&json!({ "migrated": false }).to_string()),
            (Format::Json, Some((from, to))) => {
                output::line(&json!({ "migrated": true, "from": from, "to": to }).to_string())
            }
            (Format::Text, None) => output::line("the schema was up to date"),
            (Format::Text, Some((from, Some(to)))) => {
                output::line(&format!("the schema was brought up to date: from version {from} to {to}"))
            }
            (Format::Text, Some((_, None))) => output::line(&format!("made {}", config.database)),
        }
    }
}

//! Structured logs on standard error, as text or as JSON.

use crate::config::{Config, LogFormat};
use std::fmt::{self, Debug};
use tracing::field::Field;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry};

/// Starts logging, at the configured level or else at `usual`. The parts that we build on only speak up when it matters.
pub(crate) fn start(config: &Config, usual: LevelFilter) {
    let level = config.log_level.unwrap_or(usual);
    let wanted = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("grantry", level);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let layer = match config.log_format {
        LogFormat::Text if is_terminal => layer.boxed(),
        LogFormat::Text => layer.with_ansi(false).fmt_fields(debug_fn(write_field).delimited(" ")).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    // It fails only where logging was started before, and then it is on.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(wanted).with(layer));
}

/// As the usual text has it, but never with colours, which cost as much as the rest even where they are off.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    match field.name() {
        "message" => write!(writer, "{value:?}"),
        name => write!(writer, "{name}={value:?}"),
    }
}

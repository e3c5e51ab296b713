//! Structured logs on standard error, as text or as JSON.

use crate::config::{Config, LogFormat};
use std::fmt::{self, Debug};
use std::io::IsTerminal as _;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::{LookupSpan, Scope};
use tracing_subscriber::{Layer as _, Registry};

/// Starts logging, at the configured level or else at `usual`. The parts that we build on only speak up when it matters.
pub(crate) fn start(config: &Config, usual: LevelFilter) {
    let level = config.log_level.unwrap_or(usual);
    let wanted = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("grantry", level);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match config.log_format {
        LogFormat::Text if std::io::stderr().is_terminal() => layer.boxed(),
        LogFormat::Text => layer.with_ansi(false).event_format(Plain).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    // It fails only where logging was started before, and then it is on.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(wanted).with(layer));
}

/// A line as on a terminal, but written for files: colours cost as much as all the rest, also where they are off.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        SystemTime.format_time(&mut writer)?;
        write!(writer, " {:>5} ", event.metadata().level().as_str())?;
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            writer.write_str(span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                for part in ["{", fields.as_str(), "}: "] {
                    writer.write_str(part)?;
                }
            }
        }
        writer.write_str(event.metadata().target())?;
        writer.write_char(':')?;
        let mut fields = Fields { writer, outcome: Ok(()) };
        event.record(&mut fields);
        fields.outcome?;
        fields.writer.write_char('\n')
    }
}

/// Writes ` message`, and ` name=value` of every other field.
struct Fields<'w> {
    writer: Writer<'w>,
    outcome: fmt::Result,
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let name = match field.name() {
            "message" => [" ", "", ""],
            name => [" ", name, "="],
        };
        let name = name.into_iter().try_for_each(|part| self.writer.write_str(part));
        self.outcome = self.outcome.and(name).and_then(|()| write!(self.writer, "{value:?}"));
    }
}

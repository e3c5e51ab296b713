//! Structured logs on standard error, one line for each event, as text or as JSON. Lines that belong to a request end with its id.

mod together;

pub(crate) use together::flush;

use crate::config::{Config, LogFormat};
use crate::outside;
use grantry_server::request_id;
use itoa::{Buffer, Integer};
use jiff::Timestamp;
use std::cell::RefCell;
use std::fmt::{self, Debug};
use std::io::IsTerminal as _;
use together::Together;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

/// Starts logging, at the configured level or else at `usual`. The parts that we build on only speak up when it matters.
pub(crate) fn start(config: &Config, usual: LevelFilter) {
    let level = config.log_level.unwrap_or(usual);
    let wanted = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("grantry", level);
    let line = match config.log_format {
        LogFormat::Text => Line::Text { colours: std::io::stderr().is_terminal() },
        LogFormat::Json => Line::Json,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(Together).event_format(line);
    // It fails only where logging was started before, and then it is on.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(wanted).with(layer));
}

/// How a line is written (docs/decisions/0020).
#[derive(Clone, Copy)]
enum Line {
    /// `2026-11-23T02:23:25.233314Z  INFO grantry_server::observe: answered status=200 request="AyaR4LA5iIQ_-EQs"`
    Text { colours: bool },
    /// `{"timestamp":"…","level":"INFO","target":"grantry_server::observe","message":"answered","status":200,"request":"…"}`
    Json,
}

/// Room for the line of an answered request, in bytes.
const USUAL_LENGTH: usize = 256;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields { line: *self, text: String::with_capacity(USUAL_LENGTH) };
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        match self {
            Self::Text { colours } => {
                fields.time();
                fields.push(&in_column(level, *colours));
                fields.push(&[target, ":"]);
            }
            Self::Json => {
                fields.push(&["{\"timestamp\":\""]);
                fields.time();
                fields.push(&["\",\"level\":\"", level.as_str()]);
                fields.push(&["\",\"target\":\"", target, "\""]);
            }
        }
        event.record(&mut fields);
        request_id::tell(|id| fields.text("request", id));
        fields.push(&[if matches!(self, Self::Json) { "}\n" } else { "\n" }]);
        writer.write_str(&fields.text)
    }
}

/// A level in its column, and in its colour.
const fn in_column(level: Level, colours: bool) -> [&'static str; 3] {
    let (colour, name) = match level {
        Level::ERROR => ("\x1b[31m", " ERROR "),
        Level::WARN => ("\x1b[33m", "  WARN "),
        Level::INFO => ("\x1b[32m", "  INFO "),
        Level::DEBUG => ("\x1b[34m", " DEBUG "),
        Level::TRACE => ("\x1b[35m", " TRACE "),
    };
    if colours { [colour, name, "\x1b[0m"] } else { ["", name, ""] }
}

thread_local! {
    /// The last second in which a line was written here, and how it is written.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// The field in which tracing keeps what an event says.
const MESSAGE: &str = "message";

/// A line, while it is being written.
struct Fields {
    line: Line,
    text: String,
}

impl Fields {
    fn push(&mut self, parts: &[&str]) {
        parts.iter().for_each(|part| self.text.push_str(part));
    }

    /// Writes the time in UTC, to the microsecond (RFC 3339).
    fn time(&mut self) {
        let now = outside::now();
        SECOND.with_borrow_mut(|(second, text)| {
            if *second != now.as_secs() {
                let time = i64::try_from(now.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
                (*second, *text) = (now.as_secs(), time.unwrap_or_default().to_string());
            }
            // With a digit before them, there are zeros where there should be.
            let micros = 1_000_000 + now.subsec_micros();
            self.push(&[text.trim_end_matches('Z'), ".", &Buffer::new().format(micros)[1..], "Z"]);
        });
    }

    /// Writes a field, up to where its value begins.
    fn name(&mut self, name: &str) {
        match self.line {
            Line::Text { .. } if name == MESSAGE => self.push(&[" "]),
            Line::Text { .. } => self.push(&[" ", name, "="]),
            Line::Json => self.push(&[",\"", name, "\":"]),
        }
    }

    /// Writes a field that is text, as a JSON string: so one event stays one line. A message that is plain needs no quotes.
    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        // Every byte is looked at, which takes less time than to stop at the first.
        let is_plain = |byte| matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\');
        let is_plain = value.bytes().fold(true, |so_far, byte| so_far & is_plain(byte));
        match self.line {
            Line::Text { .. } if is_plain && name == MESSAGE => self.push(&[value]),
            _ if is_plain => self.push(&["\"", value, "\""]),
            _ => self.push(&[&serde_json::Value::from(value).to_string()]),
        }
    }

    /// Writes a field that is a number.
    fn number(&mut self, name: &str, value: impl Integer) {
        self.name(name);
        self.push(&[Buffer::new().format(value)]);
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field.name());
        self.push(&[if value { "true" } else { "false" }]);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Page {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn written(line: Line) -> String {
        let page = Page::default();
        let layer = tracing_subscriber::fmt::layer().with_writer(page.clone()).event_format(line);
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            tracing::warn!(text = "a\n\"b\" ü", error = %"c\r\nd", n = -1, good = true, "it \"happened\"");
        });
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_is_one_line_whatever_its_fields_hold() {
        let text = written(Line::Text { colours: false });
        let (time, rest) = text.split_once(' ').unwrap();
        assert_eq!(time.len(), "2026-11-23T02:23:25.233314Z".len());
        assert_eq!(
            rest,
            " WARN grantry::logs::tests: \"it \\\"happened\\\"\" text=\"a\\n\\\"b\\\" ü\" error=\"c\\r\\nd\" n=-1 good=true\n"
        );
        let json = written(Line::Json);
        assert_eq!(json.lines().count(), 1);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["text"], &json["error"]), (&"a\n\"b\" ü".into(), &"c\r\nd".into()));
        assert_eq!(
            (&json["n"], &json["good"], &json["message"]),
            (&(-1).into(), &true.into(), &"it \"happened\"".into())
        );
    }
}

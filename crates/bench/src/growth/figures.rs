//! The figures of growth: each with what it must not exceed, or must reach, and all of them as a table and as JSON.

use crate::Outcome;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Where a figure has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    bar: Option<Bar>,
}

impl Figure {
    /// A figure that is told, and not judged.
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, unit, bar: None }
    }

    /// A time in milliseconds.
    pub(crate) fn millis(what: impl Into<String>, time: Duration) -> Self {
        Self::new(what, time.as_secs_f64() * 1e3, "ms")
    }

    pub(crate) fn at_most(self, most: f64) -> Self {
        Self { bar: Some(Bar::AtMost(most)), ..self }
    }

    pub(crate) fn at_least(self, least: f64) -> Self {
        Self { bar: Some(Bar::AtLeast(least)), ..self }
    }

    /// Whether it is where it has to be; none: it is only told.
    fn reached(&self) -> Option<bool> {
        self.bar.map(|bar| match bar {
            Bar::AtMost(most) => self.value <= most,
            Bar::AtLeast(least) => self.value >= least,
        })
    }

    fn json(&self) -> Value {
        let (at_most, at_least) = match self.bar {
            Some(Bar::AtMost(most)) => (Some(most), None),
            Some(Bar::AtLeast(least)) => (None, Some(least)),
            None => (None, None),
        };
        json!({
            "what": self.what,
            "value": round(self.value),
            "unit": self.unit,
            "at_most": at_most,
            "at_least": at_least,
            "reached": self.reached(),
        })
    }

    fn line(&self) -> String {
        let bar = match self.bar {
            Some(Bar::AtMost(most)) => format!("≤ {most}"),
            Some(Bar::AtLeast(least)) => format!("≥ {least}"),
            None => String::new(),
        };
        let verdict = self.reached().map_or("", |reached| if reached { "ok" } else { "missed" });
        format!("{:<78}{:>12} {:<14}{bar:<9}{verdict}", self.what, round(self.value), self.unit)
    }
}

/// To three significant digits, or to the whole where there are more.
fn round(value: f64) -> f64 {
    let digits = 2 - value.abs().max(1e-9).log10().floor().min(2.0) as i32;
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// All of them, by the part of growth that they are about.
pub(crate) struct Figures {
    started: Instant,
    parts: Vec<(&'static str, Vec<Figure>)>,
}

impl Figures {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), parts: Vec::new() }
    }

    /// Begins a part.
    pub(crate) fn begin(&mut self, part: &'static str) {
        self.parts.push((part, Vec::new()));
        self.progress(part);
    }

    /// Says where the run is.
    pub(crate) fn progress(&self, text: &str) {
        crate::say(&format!("{:4} s  {text}", self.started.elapsed().as_secs()));
    }

    /// Adds a figure to the part that was begun last.
    pub(crate) fn add(&mut self, figure: Figure) {
        self.progress(&format!("  {}", figure.line()));
        if let Some((_, figures)) = self.parts.last_mut() {
            figures.push(figure);
        }
    }

    /// The figures, to be read.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for (part, figures) in &self.parts {
            // Writing to a string does not fail.
            let _ = writeln!(text, "\n{part}");
            for figure in figures {
                let _ = writeln!(text, "  {}", figure.line().trim_end());
            }
        }
        text
    }

    /// Writes them beside a description of the machine.
    pub(crate) fn write(&self, path: &Path, machine: &Value) -> Outcome<()> {
        let parts = self.parts.iter().map(
            |(part, figures)| json!({ "part": part, "figures": figures.iter().map(Figure::json).collect::<Vec<_>>() }),
        );
        let all = json!({
            "machine": machine,
            "seconds": self.started.elapsed().as_secs(),
            "parts": parts.collect::<Vec<_>>(),
        });
        Ok(fs::write(path, format!("{all:#}\n"))?)
    }
}

/// The smallest figure that `percent` of all do not exceed.
pub(crate) fn percentile(mut all: Vec<Duration>, percent: usize) -> Duration {
    all.sort_unstable();
    all.get((all.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_held_against_its_bar() {
        let figure = Figure::new("it", 1.2, "times");
        assert_eq!(figure.reached(), None);
        assert_eq!(figure.clone().at_most(1.2).reached(), Some(true));
        assert_eq!(figure.clone().at_most(1.1).reached(), Some(false));
        assert_eq!(figure.clone().at_least(1.2).reached(), Some(true));
        assert_eq!(figure.at_least(1.3).reached(), Some(false));
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(
            [0.0, 0.012_34, 1.234, 12.34, 123.4, 12_345.6].map(round),
            [0.0, 0.0123, 1.23, 12.3, 123.0, 12_346.0]
        );
    }

    #[test]
    fn a_percentile_is_one_of_the_figures() {
        let all: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(all.clone(), 99), Duration::from_millis(198));
        assert_eq!(percentile(all.clone(), 100), Duration::from_millis(200));
        assert_eq!(percentile(all, 50), Duration::from_millis(100));
        assert_eq!(percentile(Vec::new(), 99), Duration::ZERO);
    }
}

//! The figures: kept while they come in, judged, and written as a table, as JSON and as a plot.

use crate::load::Measured;
use crate::rows::{Bar, Kind, Row};
use crate::{Outcome, plot};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The longest that 99 of 100 tokens may take while passwords are checked, in milliseconds.
const BESIDE_PASSWORDS: f64 = 20.0;

/// All figures of a run.
pub(crate) struct Report {
    machine: Value,
    pub(crate) footprint: Value,
    /// Microseconds of CPU of cryptography in a tight loop.
    pub(crate) rates: BTreeMap<String, f64>,
    /// p99 of tokens that were asked for while passwords were checked, in milliseconds.
    pub(crate) beside: Vec<f64>,
    pub(crate) lines: Vec<Line>,
}

/// A row, a number of connections, and a server.
pub(crate) type Place = (&'static str, usize, &'static str);

/// One row on one server with one number of connections.
pub(crate) struct Line {
    pub(crate) row: &'static str,
    pub(crate) connections: usize,
    pub(crate) server: &'static str,
    runs: Vec<Measured>,
    /// CPU of the bare endpoint, run by run.
    references: Vec<f64>,
    /// What it is compared with, divided by ours; and the least that it must be.
    pub(crate) ratio: Option<f64>,
    pub(crate) least: Option<f64>,
    /// The same in requests per second of the peer on SQLite.
    times_peer: Option<(f64, f64)>,
}

impl Line {
    /// The rows that the peer has.
    pub(crate) const COMPARED: [(&str, Kind); 2] =
        [("refresh, rotating, durable", Kind::Rotate), ("code exchange, PKCE, durable", Kind::Once)];

    fn all(&self, of: fn(&Measured) -> f64) -> [f64; 3] {
        spread(self.runs.iter().map(of).collect())
    }

    fn cpu(&self) -> f64 {
        self.all(|it| it.cpu)[1]
    }

    /// What bare endpoint and row took in the same turn, divided.
    fn of_bare(&self) -> Option<f64> {
        let pairs = self.references.iter().zip(&self.runs);
        (!self.references.is_empty()).then(|| spread(pairs.map(|(bare, own)| bare / own.cpu).collect())[1])
    }

    fn failed(&self) -> u64 {
        self.runs.iter().map(|it| it.failed).sum()
    }

    /// Whether all that it must reach is reached; none: it need not.
    pub(crate) fn reached(&self) -> Option<bool> {
        let enough = self.ratio? >= self.least?;
        Some(enough && self.failed() == 0 && self.times_peer.is_none_or(|(times, least)| times >= least))
    }

    fn json(&self) -> Value {
        let three = |[min, median, max]: [f64; 3]| json!({ "min": min, "median": median, "max": max });
        json!({
            "row": self.row,
            "connections": self.connections,
            "server": self.server,
            "requests_per_second": three(self.all(|it| it.rate)),
            "cpu_micros": three(self.all(|it| it.cpu)),
            "bare_cpu_micros": (!self.references.is_empty()).then(|| three(spread(self.references.clone()))),
            "ratio": self.ratio,
            "least": self.least,
            "times_peer": self.times_peer.map(|(times, least)| json!({ "times": times, "least": least })),
            "reached": self.reached(),
            "p50_ms": self.all(|it| it.p50)[1],
            "p99_ms": self.all(|it| it.p99)[1],
            "peak_rss_mb": self.all(|it| it.peak as f64 / 1e3)[2],
            "right": self.runs.iter().map(|it| it.right).sum::<u64>(),
            "failed": self.failed(),
        })
    }
}

impl Report {
    pub(crate) fn new(machine: Value) -> Self {
        Self { machine, footprint: Value::Null, rates: BTreeMap::new(), beside: Vec::new(), lines: Vec::new() }
    }

    /// Adds a run, with the CPU of the bare endpoint in the same turn.
    pub(crate) fn add(&mut self, (row, connections, server): Place, run: Measured, bare: Option<f64>) {
        let known = |line: &Line| (line.row, line.connections, line.server) == (row, connections, server);
        let position = self.lines.iter().position(known).unwrap_or_else(|| {
            let (runs, references) = (Vec::new(), Vec::new());
            let (ratio, least, times_peer) = (None, None, None);
            self.lines.push(Line { row, connections, server, runs, references, ratio, least, times_peer });
            self.lines.len() - 1
        });
        self.lines[position].runs.push(run);
        self.lines[position].references.extend(bare);
    }

    /// The CPU of a row on SQLite so far.
    pub(crate) fn cost(&self, row: &str, connections: usize) -> f64 {
        self.find(row, connections, "SQLite").map_or(0.0, Line::cpu)
    }

    /// The most memory that a server ever used, in kB.
    pub(crate) fn peak(&self, server: &str) -> u64 {
        let runs = self.lines.iter().filter(|line| line.server == server).flat_map(|line| &line.runs);
        runs.map(|run| run.peak).max().unwrap_or_default()
    }

    fn find(&self, row: &str, connections: usize, server: &str) -> Option<&Line> {
        self.lines.iter().find(|line| (line.row, line.connections, line.server) == (row, connections, server))
    }

    /// Holds every line against its bar. PostgreSQL is reported beside.
    pub(crate) fn judge(&mut self, rows: &[Row]) {
        for n in 0..self.lines.len() {
            let line = &self.lines[n];
            let Some(row) = rows.iter().find(|row| row.name == line.row) else { continue };
            let rate = |name: &str| self.rates.get(name).map(|cost| cost / line.cpu());
            let peer = self.find(line.row, line.connections, "node-oidc-provider, SQLite");
            let times = peer.map(|peer| line.all(|it| it.rate)[1] / peer.all(|it| it.rate)[1]);
            let judged = line.server == "SQLite";
            let times_peer = times.zip(row.times_peer).filter(|_| judged);
            let ratio = match row.bar {
                Bar::Bare(_) => line.of_bare(),
                Bar::Signature(algorithm, _) => rate(algorithm.as_str()),
                Bar::Password(_) => rate("Argon2id"),
            };
            let least = judged.then(|| row.bar.least());
            let line = &mut self.lines[n];
            (line.ratio, line.least, line.times_peer) = (ratio, least, times_peer);
        }
    }

    /// The figures, to be read.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "\n{:<32}{:>5} {:<27}{:>26}{:>24}{:>7}{:>6}  {:<6}{:>8}{:>8}{:>8}\n",
            "row",
            "conn.",
            "server",
            "requests/s min median max",
            "CPU µs min median max",
            "ratio",
            "bar",
            "",
            "p50 ms",
            "p99 ms",
            "RSS MB"
        );
        for line in &self.lines {
            let [slow, rate, fast] = line.all(|it| it.rate);
            let [least, cpu, most] = line.all(|it| it.cpu);
            let [ratio, bar] = [line.ratio, line.least].map(|it| it.map(|it| format!("{it:.2}")).unwrap_or_default());
            let verdict = line.reached().map_or("", |reached| if reached { "ok" } else { "below" });
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{:<32}{:>5} {:<27}{:>26}{:>24}{ratio:>7}{bar:>6}  {verdict:<6}{:>8.2}{:>8.2}{:>8.0}{}",
                line.row,
                line.connections,
                line.server,
                format!("{slow:.0} {rate:.0} {fast:.0}"),
                format!("{least:.1} {cpu:.1} {most:.1}"),
                line.all(|it| it.p50)[1],
                line.all(|it| it.p99)[1],
                line.all(|it| it.peak as f64 / 1e3)[2],
                remarks(line)
            );
        }
        let [_, middle, worst] = spread(self.beside.clone());
        let _ = writeln!(
            text,
            "\ntokens while passwords are checked: p99 {middle:.1} ms, at worst {worst:.1} ms (bar {BESIDE_PASSWORDS})"
        );
        let _ = writeln!(text, "cryptography alone, CPU µs: {}", json!(self.rates));
        let _ = writeln!(text, "footprint: {}\nmachine: {}", self.footprint, self.machine);
        text
    }

    /// Writes JSON and plot.
    pub(crate) fn write(&self, directory: &Path) -> Outcome<()> {
        fs::create_dir_all(directory)?;
        let all = json!({
            "machine": self.machine,
            "footprint": self.footprint,
            "cryptography_cpu_micros": self.rates,
            "token_p99_ms_beside_passwords": spread(self.beside.clone()),
            "rows": self.lines.iter().map(Line::json).collect::<Vec<_>>(),
        });
        fs::write(directory.join("bench.json"), format!("{all:#}\n"))?;
        fs::write(directory.join("bench.svg"), plot::render(&self.lines, &self.machine))?;
        Ok(())
    }
}

fn remarks(line: &Line) -> String {
    let times = line.times_peer.map(|(times, least)| format!("  {times:.0} × the peer (bar {least:.0})"));
    let failed = Some(line.failed()).filter(|failed| *failed > 0).map(|failed| format!("  {failed} failed"));
    [times, failed].into_iter().flatten().collect()
}

/// Smallest, middle, largest.
fn spread(mut all: Vec<f64>) -> [f64; 3] {
    all.sort_unstable_by(f64::total_cmp);
    let at = |position: usize| all.get(position).copied().unwrap_or_default();
    [at(0), at(all.len() / 2), at(all.len().saturating_sub(1))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_of_the_sorted_figures() {
        assert_eq!(spread(vec![3.0, 1.0, 2.0]), [1.0, 2.0, 3.0]);
        assert_eq!(spread(Vec::new()), [0.0; 3]);
    }

    #[test]
    fn a_line_compares_runs_of_the_same_turn_and_fails_with_a_wrong_answer() {
        let run = |cpu, failed| Measured { right: 1, failed, rate: 1.0, cpu, p50: 1.0, p99: 1.0, peak: 1 };
        let mut report = Report::new(Value::Null);
        // Slow turns are slow for both.
        for (bare, own) in [(10.0, 20.0), (40.0, 80.0), (10.0, 25.0)] {
            report.add((crate::rows::BESIDE.name, 64, "SQLite"), run(own, 0), Some(bare));
        }
        report.judge(&[crate::rows::BESIDE]);
        assert_eq!((report.lines[0].ratio, report.lines[0].reached()), (Some(0.5), Some(false)));
        report.lines[0].least = Some(0.5);
        assert_eq!(report.lines[0].reached(), Some(true));
        report.lines[0].runs[1].failed = 1;
        assert_eq!(report.lines[0].reached(), Some(false));
    }
}

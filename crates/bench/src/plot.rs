//! The plot: a bar for each row, as long as its ratio, and a mark where it must reach.

use crate::report::Line;
use serde_json::Value;
use std::fmt::Write as _;

/// Sizes in pixels.
const LABELS: f64 = 330.0;
const SCALE: f64 = 420.0;
const STEP: f64 = 26.0;
const TOP: f64 = 64.0;

/// Draws the lines that have a ratio.
pub(crate) fn render(lines: &[Line], machine: &Value) -> String {
    let drawn: Vec<(&Line, f64)> = lines.iter().filter_map(|line| Some((line, line.ratio?))).collect();
    let height = TOP + STEP * drawn.len() as f64 + 48.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 {height}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"13\">\n<rect width=\"860\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"600\">CPU of the reference per request, divided by Grantry's</text>\n\
         <text x=\"16\" y=\"46\" fill=\"#555\">reference: a bare endpoint on the same HTTP stack; for RS256 and passwords the bare \
         cryptography. The mark is the bar.</text>\n"
    );
    for (n, (line, ratio)) in drawn.iter().enumerate() {
        let y = TOP + STEP * n as f64;
        // Writing to a string does not fail.
        let _ = svg.write_str(&bar(line, *ratio, y));
    }
    let told = |name: &str| machine[name].as_str().map_or_else(|| machine[name].to_string(), str::to_owned);
    let _ = writeln!(
        svg,
        "<text x=\"16\" y=\"{}\" fill=\"#555\" font-size=\"11\">{}, {} cores, Linux {}; server on one core</text>\n</svg>",
        height - 16.0,
        escape(&told("processor")),
        told("cores"),
        escape(&told("kernel"))
    );
    svg
}

fn bar(line: &Line, ratio: f64, y: f64) -> String {
    let colour = match line.reached() {
        Some(true) => "#2e7d4f",
        Some(false) => "#c2571a",
        None => "#8a94a6",
    };
    let name = escape(&format!("{}, {} conn., {}", line.row, line.connections, line.server));
    let mark = line.least.map(|least| {
        let x = LABELS + least.min(1.2) * SCALE;
        format!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#111\" stroke-width=\"2\"/>\n",
            y,
            y + 20.0
        )
    });
    let least = line.least.map(|least| format!(" (bar {least:.2})")).unwrap_or_default();
    let width = ratio.min(1.1) * SCALE;
    format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"11\">{name}</text>\n\
         <rect x=\"{LABELS}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"16\" fill=\"{colour}\"/>\n{}\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\">{ratio:.2}{least}</text>\n",
        LABELS - 8.0,
        y + 14.0,
        y + 2.0,
        mark.unwrap_or_default(),
        LABELS + width.max(line.least.unwrap_or_default() * SCALE) + 8.0,
        y + 14.0,
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_the_picture() {
        assert_eq!(escape("a<b>&c"), "a&lt;b&gt;&amp;c");
    }
}

//! What was measured on: the machine and the versions, and nothing that names it.

use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

/// The description that stands beside the figures.
pub(crate) fn describe() -> Value {
    let processor = field("/proc/cpuinfo", "model name");
    let memory = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0_f64) / 1e6;
    json!({
        "processor": processor,
        "cores": available_parallelism().map_or(0, usize::from),
        "memory_gb": memory.round(),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "rustc": version("rustc", "--version"),
        "wrk": version("wrk", "-v"),
        "node": version("node", "--version"),
        "commit": version("git", "describe --always --dirty --abbrev=12"),
    })
}

/// What a line `name : value` says.
fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(own, _)| own.trim() == name).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// The first line that a program says of itself; some say it and then fail.
fn version(program: &str, arguments: &str) -> String {
    let said = Command::new(program).args(arguments.split(' ')).output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    said.lines().next().map(|line| line.split(" Copyright").next().unwrap_or(line).to_owned()).unwrap_or_default()
}

//! Grantry itself: made ready, started on a database, and how soon and how small.

use crate::Outcome;
use crate::process::Process;
use crate::world::SLUG;
use serde_json::{Value, json};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// How often the start is measured; the middle counts.
const STARTS: usize = 5;
/// How long a server is left alone before it counts as idle.
const SETTLED: Duration = Duration::from_secs(1);

/// The binary, which is built beside this one.
pub(crate) fn binary() -> Outcome<String> {
    let path = env::current_exe()?.with_file_name("grantry");
    fs::metadata(&path).map_err(|_| "there is no grantry beside this program: `cargo xtask bench` builds both")?;
    Ok(path.to_string_lossy().into_owned())
}

/// Starts a server on the database in this directory.
pub(crate) fn start(directory: &Path) -> Outcome<Process> {
    Process::start(&binary()?, &["serve", "--json", "--listen=127.0.0.1:0", "--data-dir", &directory.to_string_lossy()])
}

/// Starts a server on PostgreSQL, with the master key in this directory.
pub(crate) fn start_on(url: &str, directory: &Path) -> Outcome<Process> {
    let key = directory.join("master.key");
    let flags = ["--listen=127.0.0.1:0", "--database", url, "--master-key-file", &key.to_string_lossy()];
    Process::start(&binary()?, &[["serve", "--json"].as_slice(), &flags].concat())
}

/// Makes the tables of a PostgreSQL database.
pub(crate) fn migrate(url: &str, directory: &Path) -> Outcome<()> {
    let key = directory.join("master.key");
    command(&["migrate", "--database", url, "--master-key-file", &key.to_string_lossy()])
}

/// Makes the workspace, in a new database in this directory.
pub(crate) fn create_workspace(directory: &Path) -> Outcome<()> {
    let grants =
        ["authorization_code", "refresh_token", "client_credentials", "password"].map(|it| format!("--grant={it}"));
    let mut words = vec!["workspace", "create", SLUG, "--data-dir"];
    let directory = directory.to_string_lossy();
    words.push(&directory);
    words.extend(grants.iter().map(String::as_str));
    command(&words)
}

fn command(words: &[&str]) -> Outcome<()> {
    let output = Command::new(binary()?).args(words).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("grantry {} failed: {}", words.join(" "), String::from_utf8_lossy(&output.stderr)).into())
}

/// An empty directory with this name.
pub(crate) fn fresh(directory: &Path) -> Outcome<PathBuf> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    Ok(directory.to_owned())
}

/// Size, time to be ready, and memory when idle; with the server that was started last, on the full database.
pub(crate) fn footprint(scratch: &Path, full: &Path) -> Outcome<(Value, Process)> {
    let first =
        (0..STARTS).map(|_| Ok(start(&fresh(&scratch.join("first"))?)?.ready_after)).collect::<Outcome<Vec<_>>>()?;
    let again = (0..STARTS).map(|_| Ok(start(full)?.ready_after)).collect::<Outcome<Vec<_>>>()?;
    let server = start(full)?;
    sleep(SETTLED);
    let footprint = json!({
        "binary_mb": fs::metadata(binary()?)?.len() as f64 / 1e6,
        "ready_first_ms": middle(first),
        "ready_again_ms": middle(again),
        "idle_rss_mb": server.memory("VmRSS")? as f64 / 1e3,
    });
    Ok((footprint, server))
}

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

//! Grantry itself: made ready, started on a database, and how soon and how small.

use crate::Outcome;
use crate::process::{Process, SERVER_CORE};
use crate::world::SLUG;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantry_protocol::sealed::MasterKey;
use grantry_storage::Database;
use serde_json::{Value, json};
use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
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

/// Where data is, and the key that its keys rest under.
pub(crate) struct Place {
    flags: Vec<String>,
    pub(crate) database: Database,
    key_file: PathBuf,
}

impl Place {
    /// An embedded database in this directory.
    pub(crate) fn embedded(directory: &Path) -> Self {
        Self {
            flags: vec![format!("--data-dir={}", directory.display())],
            database: Database::Sqlite(directory.join("grantry.db")),
            key_file: directory.join("master.key"),
        }
    }

    /// A database of PostgreSQL, with the master key in this directory.
    pub(crate) fn on_postgres(url: &str, directory: &Path) -> Outcome<Self> {
        let key_file = directory.join("master.key");
        let flags = vec![format!("--database={url}"), format!("--master-key-file={}", key_file.display())];
        Ok(Self { flags, database: Database::parse(url)?, key_file })
    }

    pub(crate) fn master_key(&self) -> Outcome<MasterKey> {
        let material = URL_SAFE_NO_PAD.decode(fs::read_to_string(&self.key_file)?.trim())?;
        Ok(MasterKey::new(material.as_slice().try_into()?).ok_or("the master key cannot be read")?)
    }

    /// Makes a master key.
    pub(crate) fn make_master_key(&self) -> Outcome<()> {
        let made = Command::new(binary()?).args(["key", "generate-master"]).output()?;
        fs::write(&self.key_file, made.stdout)?;
        Ok(fs::set_permissions(&self.key_file, Permissions::from_mode(0o600))?)
    }

    /// Starts a server here, on these cores.
    pub(crate) fn start(&self, cores: &str) -> Outcome<Process> {
        let words =
            ["serve", "--json", "--listen=127.0.0.1:0"].into_iter().chain(self.flags.iter().map(String::as_str));
        Process::start(cores, &binary()?, &words.collect::<Vec<_>>())
    }

    /// Runs a command on the data here. What it said.
    pub(crate) fn run(&self, words: &[&str]) -> Outcome<String> {
        let output = Command::new(binary()?).args(words).args(&self.flags).output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(format!("grantry {} failed: {}", words.join(" "), String::from_utf8_lossy(&output.stderr)).into())
    }

    /// Makes the workspace.
    pub(crate) fn create_workspace(&self) -> Outcome<()> {
        let grants =
            ["--grant=authorization_code", "--grant=refresh_token", "--grant=client_credentials", "--grant=password"];
        self.run(&[&["workspace", "create", SLUG], grants.as_slice()].concat()).map(drop)
    }
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
pub(crate) fn footprint(scratch: &Path, full: &Place) -> Outcome<(Value, Process)> {
    let first = || Place::embedded(&fresh(&scratch.join("first"))?).start(SERVER_CORE);
    let first = (0..STARTS).map(|_| Ok(first()?.ready_after)).collect::<Outcome<Vec<_>>>()?;
    let again = ready_after(full)?;
    let server = full.start(SERVER_CORE)?;
    sleep(SETTLED);
    let footprint = json!({
        "binary_mb": fs::metadata(binary()?)?.len() as f64 / 1e6,
        "ready_first_ms": middle(first),
        "ready_again_ms": again,
        "idle_rss_mb": server.memory("VmRSS")? as f64 / 1e3,
    });
    Ok((footprint, server))
}

/// How long a server takes until it is ready, in milliseconds.
pub(crate) fn ready_after(place: &Place) -> Outcome<f64> {
    Ok(middle((0..STARTS).map(|_| Ok(place.start(SERVER_CORE)?.ready_after)).collect::<Outcome<Vec<_>>>()?))
}

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

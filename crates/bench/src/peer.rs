//! The peer: node-oidc-provider from npm, in memory and on SQLite, for the rows that write.

use crate::Outcome;
use crate::load::{Load, Measured, Target, write_requests};
use crate::process::{Process, SERVER_CORE};
use crate::rows::Kind;
use crate::servers::fresh;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Connections, as in the rows that it is compared with.
const CONNECTIONS: usize = 256;

/// A running peer, and what it can be asked.
pub(crate) struct Peer {
    /// What its rows are called.
    pub(crate) name: &'static str,
    process: Process,
    codes: Vec<String>,
    refreshes: Vec<String>,
}

/// Its packages, as the lock file says.
pub(crate) fn install(source: &Path) -> Outcome<PathBuf> {
    if !source.join("node_modules/.package-lock.json").exists() {
        crate::say("installing node-oidc-provider");
        let words = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
        let done = Command::new("npm").args(words).current_dir(source).status();
        if !done.map_err(|error| format!("npm does not start: {error}"))?.success() {
            return Err("npm could not install the peer".into());
        }
    }
    Ok(source.join("server.mjs"))
}

impl Peer {
    /// Starts one of this kind with so many requests of each sort.
    pub(crate) fn start(
        script: &Path,
        (name, kind): (&'static str, &str),
        scratch: &Path,
        count: usize,
    ) -> Outcome<Self> {
        let directory = fresh(&scratch.join("peer"))?;
        let words = [&script.to_string_lossy(), kind, &directory.to_string_lossy(), &count.to_string()];
        let process = Process::start(SERVER_CORE, "node", &words)?;
        let read = |file| -> Outcome<Vec<String>> {
            let text = fs::read_to_string(directory.join(file))?;
            Ok(text.split_terminator('\0').map(str::to_owned).collect())
        };
        let (codes, refreshes) = (read("codes")?, read("refreshes")?);
        Ok(Self { name, process, codes, refreshes })
    }

    /// Measures one of the rows that it has; no run gets requests that another had.
    pub(crate) fn measure(
        &self,
        script: &Path,
        scratch: &Path,
        kind: Kind,
        (turn, turns, seconds): (usize, usize, u64),
    ) -> Outcome<Measured> {
        let (all, part) = match kind {
            Kind::Once => (&self.codes, "\"id_token\":\"eyJ"),
            Kind::Rotate | Kind::Again => (&self.refreshes, "\"refresh_token\":"),
        };
        let each = all.len() / turns;
        let requests = write_requests(scratch, "requests", &all[turn * each..(turn + 1) * each])?;
        let load = Load { kind, connections: CONNECTIONS, seconds, right: (200, part), pause: None };
        Target { server: &self.process, database: None }.measure(script, &requests, load)
    }
}

//! The load generator: wrk, on a core of its own, with a script that checks every answer.

use crate::Outcome;
use crate::process::{LOAD_CORE, Process, cpu, family_cpu, pinned};
use crate::rows::Kind;
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// How a server is asked.
#[derive(Clone, Copy)]
pub(crate) struct Load<'a> {
    pub(crate) kind: Kind,
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
    /// Status and part of every right answer.
    pub(crate) right: (u16, &'a str),
    /// What a connection waits between two requests, in milliseconds.
    pub(crate) pause: Option<u64>,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// Right answers.
    pub(crate) right: u64,
    /// Other answers, and broken connections.
    pub(crate) failed: u64,
    /// Right answers per second.
    pub(crate) rate: f64,
    /// Microseconds of CPU that a right answer cost.
    pub(crate) cpu: f64,
    /// Milliseconds that half of all answers took at most.
    pub(crate) p50: f64,
    /// Milliseconds that 99 of 100 answers took at most.
    pub(crate) p99: f64,
    /// Peak of the server's memory, in kB.
    pub(crate) peak: u64,
}

/// A server with everything whose CPU counts as its own.
pub(crate) struct Target<'a> {
    pub(crate) server: &'a Process,
    /// The first process of its database, where that is one.
    pub(crate) database: Option<u32>,
}

impl Target<'_> {
    fn cpu(&self) -> Outcome<u64> {
        let database = self.database.map(family_cpu).transpose()?;
        Ok(cpu(self.server.pid())? + database.unwrap_or_default())
    }

    /// Loads it and waits for the end.
    pub(crate) fn measure(&self, script: &Path, requests: &Path, load: Load<'_>) -> Outcome<Measured> {
        self.server.reset_peak()?;
        let before = self.cpu()?;
        let said = Running::start(self.server.address, script, requests, load)?.finish()?;
        let used = self.cpu()?.saturating_sub(before);
        let failed = said.failed + said.put_off;
        if failed > 0 {
            crate::say(&format!("    {failed} answers were not right, for example: {}", said.example));
        }
        Ok(Measured {
            right: said.right,
            failed,
            rate: said.rate(),
            cpu: used as f64 / said.right.max(1) as f64,
            p50: said.p50 as f64 / 1e3,
            p99: said.p99 as f64 / 1e3,
            peak: self.server.memory("VmHWM")?,
        })
    }
}

/// A load generator at work.
pub(crate) struct Running(Child);

/// What it says in the end: counts, and microseconds.
pub(crate) struct Said {
    pub(crate) right: u64,
    pub(crate) failed: u64,
    /// Answers that say, by 503 and Retry-After, to come again.
    pub(crate) put_off: u64,
    pub(crate) micros: u64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    /// One of the answers that were not right.
    pub(crate) example: String,
}

impl Said {
    /// Right answers per second.
    pub(crate) fn rate(&self) -> f64 {
        self.right as f64 * 1e6 / self.micros as f64
    }
}

impl Running {
    pub(crate) fn start(address: SocketAddr, script: &Path, requests: &Path, load: Load<'_>) -> Outcome<Self> {
        let (status, part) = load.right;
        let threads = load.kind.threads().to_string();
        let child = pinned(LOAD_CORE, "wrk")
            .args(["--threads", &threads, "--latency", "--timeout", "10s"])
            .args(["--connections", &load.connections.to_string(), "--duration", &format!("{}s", load.seconds)])
            .arg("--script")
            .arg(script)
            .arg(format!("http://{address}"))
            .arg("--")
            .arg(requests)
            .args([&threads, load.kind.as_str(), &status.to_string(), part])
            .args(load.pause.map(|pause| pause.to_string()))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("wrk, the load generator, does not start ({error}): apt-get install wrk"))?;
        Ok(Self(child))
    }

    pub(crate) fn finish(self) -> Outcome<Said> {
        let output = self.0.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find_map(|line| line.strip_prefix("measured "));
        let line = line.ok_or_else(|| format!("wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
        let said: Value = serde_json::from_str(line)?;
        let number = |name: &str| said[name].as_u64().ok_or(format!("wrk did not say `{name}`: {line}"));
        Ok(Said {
            right: number("right")?,
            failed: number("wrong")? + number("broken")?,
            put_off: number("put_off")?,
            micros: number("micros")?,
            p50: number("p50")?,
            p99: number("p99")?,
            example: said["example"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// Writes requests where the script reads them.
pub(crate) fn write_requests(directory: &Path, name: &str, requests: &[String]) -> Outcome<PathBuf> {
    let path = directory.join(name);
    let text: String = requests.iter().flat_map(|request| [request.as_str(), "\0"]).collect();
    fs::write(&path, text)?;
    Ok(path)
}

//! The processes that are measured: each on one core, and what it has used of it.

use crate::Outcome;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// The core of servers, their databases, and everything that they are compared with.
pub(crate) const SERVER_CORE: &str = "0";
/// The core of the load generator.
pub(crate) const LOAD_CORE: &str = "1";
/// Of a tick of `/proc/PID/stat`, in microseconds: `USER_HZ` is 100 wherever Linux runs.
const TICK: u64 = 10_000;

/// A process that is ended when this goes.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// How long it took to say so.
    pub(crate) ready_after: Duration,
}

impl Process {
    /// Starts a program on these cores and waits until it says, in a line of JSON, where it listens.
    pub(crate) fn start(cores: &str, program: &str, arguments: &[&str]) -> Outcome<Self> {
        let started = Instant::now();
        let mut child = pinned(cores, program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("a process without an output")?;
        BufReader::new(out).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line)
            .map_err(|_| format!("{program} {} did not start; run it by hand to see why", arguments.join(" ")))?;
        let address = said["listen"].as_str().ok_or("it does not say where it listens")?.parse()?;
        Ok(Self { child, address, ready_after: started.elapsed() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A line of `/proc/PID/status` that counts memory, in kB.
    pub(crate) fn memory(&self, name: &str) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line in /proc/PID/status")?;
        Ok(line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?)
    }

    /// Ends it as it stands (SIGKILL).
    pub(crate) fn kill(&mut self) -> Outcome<()> {
        Ok(self.child.kill()?)
    }

    /// Forgets the peak of its memory so far.
    pub(crate) fn reset_peak(&self) -> Outcome<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.pid()), "5")?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It is ours, and nothing of it is needed any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every core, where processes are to share them.
pub(crate) fn all_cores() -> String {
    format!("0-{}", available_parallelism().map_or(0, |cores| cores.get() - 1))
}

/// How long all cores together have been idle since the machine started, in microseconds.
pub(crate) fn idle() -> Outcome<u64> {
    // proc(5): of the line `cpu`, the fourth number is idle time, the fifth what was waited for disks.
    let text = fs::read_to_string("/proc/stat")?;
    let numbers = text.lines().next().unwrap_or_default().split_whitespace().skip(4).take(2);
    Ok(numbers.map(str::parse::<u64>).sum::<Result<u64, _>>()? * TICK)
}

/// Moves this program itself to these cores, with the threads that it starts from now on.
pub(crate) fn move_to(cores: &str) -> Outcome<()> {
    let own = std::process::id().to_string();
    Command::new("taskset").args(["--cpu-list", "--pid", cores, &own]).stdout(Stdio::null()).status()?;
    Ok(())
}

/// How many files a program that is started here may have open.
pub(crate) fn open_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    line.split_whitespace().next().and_then(|limit| limit.parse().ok()).unwrap_or(1_024)
}

/// A command that runs on these cores.
pub(crate) fn pinned(core: &str, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", core, program]);
    command
}

/// What a process has used, user and system, in microseconds.
pub(crate) fn cpu(pid: u32) -> Outcome<u64> {
    let fields = fields(pid).ok_or("a process that is measured ended")?;
    // proc(5): utime and stime are the 14th and 15th, and the state, the third, is our first.
    Ok((fields[11].parse::<u64>()? + fields[12].parse::<u64>()?) * TICK)
}

/// The same of a process with those that it started, also where they ended since.
pub(crate) fn family_cpu(parent: u32) -> Outcome<u64> {
    let living: u64 = children(parent)?.into_iter().filter_map(|child| cpu(child).ok()).sum();
    let fields = fields(parent).ok_or("a process that is measured ended")?;
    // proc(5): cutime and cstime, of those that ended, come after its own.
    let own = fields[11..15].iter().map(|ticks| ticks.parse::<u64>()).sum::<Result<u64, _>>()?;
    Ok(own * TICK + living)
}

/// The processes that this one started.
fn children(parent: u32) -> Outcome<Vec<u32>> {
    let parent = parent.to_string();
    let all = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(all.filter(|pid| fields(*pid).is_some_and(|fields| fields[1] == parent)).collect())
}

/// What follows the name, which may hold anything.
fn fields(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

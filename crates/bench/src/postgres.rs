//! A PostgreSQL of its own, with the same rows as the embedded database.

use crate::Outcome;
use crate::process::SERVER_CORE;
use postgres::{Client, NoTls};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that the workspace has, and the workspace.
const TABLES: [&str; 9] =
    ["meta", "workspaces", "users", "clients", "client_secrets", "sessions", "consents", "grants", "keys"];

/// A running server; it is gone when this goes.
pub(crate) struct Postgres {
    programs: PathBuf,
    home: PathBuf,
    options: String,
    /// Where its database is.
    pub(crate) url: String,
}

impl Postgres {
    /// Starts one, where it is installed.
    pub(crate) fn start() -> Outcome<Option<Self>> {
        let Some(programs) = programs() else { return Ok(None) };
        let home = std::env::temp_dir().join(format!("grantry-bench-{}", std::process::id()));
        fs::create_dir(&home)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let options = format!("-h 127.0.0.1 -p {port} -k {}", home.display());
        let new = Self { programs, home, options, url };
        if is_root() {
            Command::new("chown").arg("postgres:").arg(&new.home).status()?;
        }
        let data = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"];
        new.run("initdb", &data)?;
        new.start_again()?;
        Ok(Some(new))
    }

    /// Starts it, and waits until it takes connections.
    pub(crate) fn start_again(&self) -> Outcome<()> {
        self.run("pg_ctl", &["start", "--wait", "--silent", "--log=log", "--options", &self.options])
    }

    /// Stops it: `fast` ends what is going on in order, `immediate` as a crash does.
    pub(crate) fn stop(&self, mode: &str) -> Outcome<()> {
        self.run("pg_ctl", &["stop", "--wait", "--silent", "--mode", mode])
    }

    /// PostgreSQL refuses to run as root, so root runs it as Debian's `postgres`.
    fn run(&self, program: &str, arguments: &[&str]) -> Outcome<()> {
        let program = self.programs.join(program);
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", SERVER_CORE]);
        if is_root() {
            command.args(["runuser", "--user", "postgres", "--"]);
        }
        command.arg(&program).args(arguments).arg("--pgdata=data").current_dir(&self.home);
        let output = command.output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("{} failed: {}", program.display(), String::from_utf8_lossy(&output.stderr)).into())
    }

    /// The process that started all others.
    pub(crate) fn first_process(&self) -> Outcome<u32> {
        let text = fs::read_to_string(self.home.join("data/postmaster.pid"))?;
        Ok(text.lines().next().unwrap_or_default().parse()?)
    }

    /// Copies every row out of an embedded database, into tables that are there already.
    pub(crate) fn copy(&self, file: &Path) -> Outcome<()> {
        let source = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut target = Client::connect(&self.url, NoTls)?;
        for table in TABLES {
            copy_table(&source, &mut target, table)?;
            target.batch_execute(&format!("VACUUM ANALYZE {table}"))?;
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nothing of it is needed any more, so it need not end in order.
        let _ = self.stop("immediate");
        let _ = fs::remove_dir_all(&self.home);
    }
}

fn copy_table(source: &Connection, target: &mut Client, table: &str) -> Outcome<()> {
    let mut statement = source.prepare(&format!("SELECT * FROM {table}"))?;
    let names = statement.column_names().collect::<Vec<_>>().join(", ");
    let columns = statement.column_count();
    let mut copy = target.copy_in(&format!("COPY {table} ({names}) FROM STDIN"))?;
    let mut rows = statement.query([])?;
    let mut line = String::new();
    while let Some(row) = rows.next()? {
        line.clear();
        for column in 0..columns {
            line.push_str(if column > 0 { "\t" } else { "" });
            write_cell(row.get_ref(column)?, &mut line)?;
        }
        line.push('\n');
        copy.write_all(line.as_bytes())?;
    }
    copy.finish()?;
    Ok(())
}

/// The text format of COPY.
fn write_cell(value: ValueRef<'_>, line: &mut String) -> Outcome<()> {
    match value {
        ValueRef::Null => line.push_str("\\N"),
        ValueRef::Integer(integer) => write!(line, "{integer}")?,
        ValueRef::Real(real) => write!(line, "{real}")?,
        ValueRef::Text(text) => line.push_str(&std::str::from_utf8(text)?.replace('\\', "\\\\")),
        ValueRef::Blob(bytes) => {
            line.push_str("\\\\x");
            bytes.iter().try_for_each(|byte| write!(line, "{byte:02x}"))?;
        }
    }
    Ok(())
}

/// Where its programs are: not on Debian's `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let all = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    all.filter(|directory| directory.join("initdb").exists()).max()
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")))
}

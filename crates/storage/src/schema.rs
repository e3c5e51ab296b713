//! The schema: numbered steps, each done once, in order, in a transaction of its own.

use crate::connection::{Connection, Failure};
use crate::error::OpenError;
use grantry_protocol::Timestamp;

/// The steps in order; the version of a schema is how many of them it has seen. What was released is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_openid.sql"),
    include_str!("../migrations/0003_client_sector.sql"),
];

/// How an engine says what the migrations say.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Begins a migration, such that nobody else changes the schema.
    pub(crate) begin: &'static str,
    /// Answers 1 when the table `grantry_schema` exists, 0 otherwise.
    pub(crate) is_set_up: &'static str,
    /// Words of the migrations, and what they are here.
    pub(crate) words: &'static [(&'static str, &'static str)],
    /// Follows every migration, in its transaction.
    pub(crate) afterwards: &'static str,
}

impl Dialect {
    fn translate(&self, script: &str) -> String {
        self.words.iter().fold(script.to_owned(), |script, (word, here)| script.replace(word, here))
    }
}

/// Sees to it that the schema is the one that this program was written for.
pub(crate) fn prepare(
    connection: &mut Connection,
    dialect: &Dialect,
    migrate: bool,
    now: Timestamp,
) -> Result<(), OpenError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found = version(connection, dialect)?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    if found < known && !migrate {
        return Err(OpenError::NeedsMigration { found, needed: known });
    }
    for (version, script) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        let step = dialect.translate(script);
        if let Err(failure) = take_step(connection, dialect, &step, (version, now)) {
            // It fails only where the connection is gone, and then nothing is left to roll back.
            let _ = connection.script("ROLLBACK");
            return Err(no_step(failure, version));
        }
        tracing::info!(version, "the schema of the database was brought up to date");
    }
    Ok(())
}

fn take_step(
    connection: &mut Connection,
    dialect: &Dialect,
    step: &str,
    (version, now): (i64, Timestamp),
) -> Result<(), Failure> {
    connection.script(dialect.begin)?;
    if version == 1 {
        connection.script(&dialect.translate(
            "CREATE TABLE grantry_schema (\n version BIGINT NOT NULL PRIMARY KEY,\n applied_at BIGINT NOT NULL\n);",
        ))?;
    }
    connection.script(step)?;
    connection.script(dialect.afterwards)?;
    let now = now.as_unix();
    connection.script(&format!("INSERT INTO grantry_schema (version, applied_at) VALUES ({version}, {now})"))?;
    connection.script("COMMIT")
}

/// 0 when the database is empty.
fn version(connection: &mut Connection, dialect: &Dialect) -> Result<i64, OpenError> {
    let ask = |connection: &mut Connection, sql| connection.row::<i64>(sql, &[]);
    let unreadable = |_| OpenError::Engine("its schema cannot be read".to_owned());
    if ask(connection, dialect.is_set_up).map_err(unreadable)? != Some(1) {
        return Ok(0);
    }
    let version = ask(connection, "SELECT COALESCE(MAX(version), 0) FROM grantry_schema").map_err(unreadable)?;
    Ok(version.unwrap_or_default())
}

fn no_step(failure: Failure, version: i64) -> OpenError {
    let why = if failure == Failure::Closed { "the connection was lost" } else { "see the log for the cause" };
    OpenError::Engine(format!("migration {version} was not done and nothing of it was kept; {why}"))
}

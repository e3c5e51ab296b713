//! A SQLite connection: how it is opened, how statements run on it, what its errors mean.

use crate::connection::{Driver, Failure, HELD, Reading};
use crate::error::StorageError;
use crate::value::{Columns, Row, Value};
use rusqlite::config::DbConfig;
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ToSql};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::CStr;
use std::path::Path;
use std::time::Duration;

/// More than there are statements: each is prepared once per connection.
const STATEMENTS: usize = 256;
/// The database is this process's alone (`files::claim`), so its locks need not be asked of the system, which a read would do
/// five times: <https://www.sqlite.org/vfs.html>.
const OUR_OWN: &CStr = c"unix-excl";
/// Pages that a reader keeps, in KiB: people, and those on the way to their grants. It keeps them until somebody writes.
const READERS_CACHE: i64 = 32 * 1_024;
/// Pages that the writer keeps, in KiB: those on the way to any of a million grants. Not many more: SQLite goes through all of them at
/// the end of each transaction that splits a page, since it gives pages a high number meanwhile (`balance_nonroot`, `pcache1Truncate`).
const WRITERS_CACHE: i64 = 8 * 1_024;
/// Only a foreign tool can hold the database, and then not for long.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

pub(super) fn drive(connection: Connection) -> Box<dyn Driver> {
    Box::new(Sqlite { connection, places: Places::new() })
}

pub(super) fn connect(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(path, flags, OUR_OWN)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(PATIENCE)?;
    // Plans do not depend on parameters. Otherwise every join would be planned again with every new parameter.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    match access {
        Access::Read => {
            connection.pragma_update(None, "cache_size", -READERS_CACHE)?;
            connection.pragma_update(None, "query_only", "ON")?;
        }
        Access::Write => {
            connection.pragma_update(None, "cache_size", -WRITERS_CACHE)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // Every commit is on the disk before anybody hears of it.
            connection.pragma_update(None, "synchronous", "FULL")?;
        }
    }
    Ok(connection)
}

struct Sqlite {
    connection: Connection,
    places: Places,
}

/// Where the parameters of each statement have their places. `$1` is a name in SQLite, and its place that of its first appearance;
/// asked for by name every time, the places would cost as much as a quarter of the statement.
type Places = HashMap<(usize, usize), Vec<usize>>;

impl Driver for Sqlite {
    fn query(&mut self, sql: &'static str, values: &[Value<'_>], read: Reading<'_>) -> Result<(), Failure> {
        let mut run = || {
            let mut statement = bind(&self.connection, &mut self.places, (sql, values))?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                if let Err(error) = read(Row::new(row)) {
                    return Ok(Err(Failure::Refused(error)));
                }
            }
            Ok(Ok(()))
        };
        run().unwrap_or_else(|error| Err(failure(sql, &error)))
    }

    fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Failure> {
        let statement = bind(&self.connection, &mut self.places, (sql, values));
        let changed = statement.and_then(|mut statement| statement.raw_execute());
        changed.map(|rows| rows as u64).map_err(|error| failure(sql, &error))
    }

    fn script(&mut self, sql: &str) -> Result<(), Failure> {
        self.connection.execute_batch(sql).map_err(|error| failure(sql, &error))
    }
}

fn bind<'c>(
    connection: &'c Connection,
    places: &mut Places,
    (sql, values): (&'static str, &[Value<'_>]),
) -> rusqlite::Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(sql.strip_suffix(HELD).unwrap_or(sql))?;
    // SQLite takes a parameter without a value for NULL.
    if statement.parameter_count() != values.len() {
        return Err(rusqlite::Error::InvalidParameterCount(values.len(), statement.parameter_count()));
    }
    let places = match places.entry((sql.as_ptr().addr(), sql.len())) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(free) => free.insert(places_of(&statement, values.len())?),
    };
    for (place, value) in places.iter().zip(values) {
        statement.raw_bind_parameter(*place, value)?;
    }
    Ok(statement)
}

/// The places of `$1`, `$2` and so on.
fn places_of(statement: &CachedStatement<'_>, count: usize) -> rusqlite::Result<Vec<usize>> {
    let place = |number| {
        let name = format!("${number}");
        statement.parameter_index(&name)?.ok_or(rusqlite::Error::InvalidParameterName(name))
    };
    (1..=count).map(place).collect()
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(integer),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Columns for rusqlite::Row<'_> {
    fn column(&self, position: usize) -> Option<Value<'_>> {
        Some(match self.get_ref(position).ok()? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(integer) => Value::Integer(integer),
            ValueRef::Text(text) => Value::Text(str::from_utf8(text).ok()?),
            ValueRef::Blob(bytes) => Value::Blob(bytes),
            ValueRef::Real(_) => return None,
        })
    }
}

fn failure(sql: &str, error: &rusqlite::Error) -> Failure {
    let code = error.sqlite_error();
    match code.map(|code| (code.code, code.extended_code)) {
        Some((_, SQLITE_CONSTRAINT_PRIMARYKEY)) => return Failure::IdTaken,
        Some((_, SQLITE_CONSTRAINT_UNIQUE)) => return Failure::Refused(StorageError::Conflict),
        Some((ErrorCode::DatabaseBusy, _)) => tracing::error!("a foreign process holds the database"),
        // The message of SQLite can hold no values: parameters are bound.
        _ => tracing::error!(sql, cause = %error, "SQLite could not run a statement"),
    }
    Failure::Broken
}

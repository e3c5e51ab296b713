//! A PostgreSQL connection: how statements run on it, and what its errors mean.

use crate::connection::{Driver, Failure, Reading};
use crate::error::StorageError;
use crate::value::{Columns, Row, Value};
use postgres::error::SqlState;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Statement};
use std::collections::HashMap;
use std::error::Error;

/// A connection, and the statements prepared on it.
pub(super) struct Session {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
}

impl Session {
    pub(super) fn new(client: Client) -> Self {
        Self { client, prepared: HashMap::new() }
    }

    fn prepare(&mut self, sql: &'static str) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }

    fn failure(&self, sql: &str, error: &postgres::Error) -> Failure {
        if self.client.is_closed() || error.is_closed() {
            return Failure::Closed;
        }
        let Some(answer) = error.as_db_error() else {
            // Never the text: it may hold a value.
            tracing::error!(sql, "a statement and its parameters or rows do not fit");
            return Failure::Broken;
        };
        match answer.code() {
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => Failure::Again,
            &SqlState::UNIQUE_VIOLATION if answer.constraint().is_some_and(|name| name.ends_with("_pkey")) => {
                Failure::IdTaken
            }
            &SqlState::UNIQUE_VIOLATION => Failure::Refused(StorageError::Conflict),
            // 57P01 to 57P03: the server is shutting down, and the connection with it.
            &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW => Failure::Closed,
            // Class 22: a value that the server does not take. The connection is as good as before.
            code if code.code().starts_with("22") => {
                tracing::error!(sql, code = code.code(), "PostgreSQL did not take a value");
                Failure::Refused(StorageError::Unavailable)
            }
            code => {
                tracing::error!(sql, code = code.code(), "PostgreSQL could not run a statement");
                Failure::Broken
            }
        }
    }
}

impl Driver for Session {
    fn query(&mut self, sql: &'static str, values: &[Value<'_>], read: Reading<'_>) -> Result<(), Failure> {
        let found = self.prepare(sql).and_then(|statement| self.client.query(&statement, &parameters(values)));
        let rows = found.map_err(|error| self.failure(sql, &error))?;
        rows.iter().try_for_each(|row| read(Row::new(row))).map_err(Failure::Refused)
    }

    fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Failure> {
        let changed = self.prepare(sql).and_then(|statement| self.client.execute(&statement, &parameters(values)));
        changed.map_err(|error| self.failure(sql, &error))
    }

    fn script(&mut self, sql: &str) -> Result<(), Failure> {
        self.client.batch_execute(sql).map_err(|error| self.failure(sql, &error))
    }
}

fn parameters<'a>(values: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(integer) => integer.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
            Self::Blob(bytes) => bytes.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl Columns for postgres::Row {
    fn column(&self, position: usize) -> Option<Value<'_>> {
        let value = match *self.columns().get(position)?.type_() {
            Type::INT8 => self.try_get::<_, Option<i64>>(position).ok()?.map(Value::Integer),
            Type::BYTEA => self.try_get::<_, Option<&[u8]>>(position).ok()?.map(Value::Blob),
            _ => self.try_get::<_, Option<&str>>(position).ok()?.map(Value::Text),
        };
        Some(value.unwrap_or(Value::Null))
    }
}

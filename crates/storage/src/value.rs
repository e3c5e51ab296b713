//! What goes into a statement, and what comes back in a row.

use crate::error::{Result, StorageError};
use grantry_protocol::{ClientRow, GrantId, Scope, SessionId, Timestamp, UserId, WorkspaceId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A parameter of a statement, or what a column holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Blob(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row, where its engine has it.
pub(crate) trait Columns {
    /// What this column holds; none: nothing that a table of ours can hold.
    fn column(&self, position: usize) -> Option<Value<'_>>;
}

/// The columns of a row, taken from left to right.
pub(crate) struct Row<'a> {
    columns: &'a dyn Columns,
    next: usize,
}

impl<'a> Row<'a> {
    pub(crate) fn new(columns: &'a dyn Columns) -> Self {
        Self { columns, next: 0 }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let value = self.columns.column(self.next);
        self.next += 1;
        value
    }

    /// The next column.
    pub(crate) fn take<T: FromValue>(&mut self) -> Result<T> {
        self.value().and_then(T::from_value).ok_or_else(unreadable)
    }

    /// The next column, which holds JSON.
    pub(crate) fn take_json<T: DeserializeOwned>(&mut self) -> Result<T> {
        self.take_as(|text| serde_json::from_str(text).ok())
    }

    /// The next column, which holds JSON or nothing.
    pub(crate) fn take_json_or_none<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        match self.value() {
            Some(Value::Null) => Ok(None),
            Some(Value::Text(text)) => serde_json::from_str(text).map(Some).map_err(|_| unreadable()),
            _ => Err(unreadable()),
        }
    }

    /// The next column, which holds text, read by `read`.
    pub(crate) fn take_as<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        match self.value() {
            Some(Value::Text(text)) => read(text).ok_or_else(unreadable),
            _ => Err(unreadable()),
        }
    }
}

/// The JSON that a column holds.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| {
        tracing::error!("a value has no form as JSON");
        StorageError::Unavailable
    })
}

pub(crate) fn unreadable() -> StorageError {
    tracing::error!("a row does not hold what its table says");
    StorageError::Unavailable
}

/// Reads what a column holds.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value<'_>) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Integer(integer) = value { Some(integer) } else { None }
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.to_owned()) } else { None }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes.to_vec()) } else { None }
    }
}

impl FromValue for Scope {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = value { Scope::parse(text).ok() } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Value::Null = value { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// Values of the protocol that are stored as an integer.
macro_rules! integer {
    ($name:ident, $into:expr, $from:expr) => {
        impl From<$name> for Value<'_> {
            fn from(value: $name) -> Self {
                Self::Integer($into(value))
            }
        }

        impl FromValue for $name {
            fn from_value(value: Value<'_>) -> Option<Self> {
                i64::from_value(value).map($from)
            }
        }
    };
}

integer!(Timestamp, Timestamp::as_unix, Timestamp::from_unix);
integer!(WorkspaceId, |id: WorkspaceId| id.0, WorkspaceId);
integer!(UserId, |id: UserId| id.0, UserId);
integer!(ClientRow, |row: ClientRow| row.0, ClientRow);
integer!(SessionId, |id: SessionId| id.0, SessionId);
integer!(GrantId, |id: GrantId| id.0, GrantId);

/// A whole row as one value; the columns are those of the statement, in its order.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &mut Row<'_>) -> Result<Self>;
}

impl<T: FromValue> FromRow for T {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        row.take()
    }
}

//! What goes into a statement, and what comes back in a row.

use crate::error::{Result, StorageError};
use grantry_protocol::{ClientRow, GrantId, Scope, SessionId, Timestamp, UserId, WorkspaceId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A parameter of a statement.
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

/// What a column holds.
#[derive(Debug)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// The cells of a row, taken from left to right.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Cell>);

impl Row {
    pub(crate) fn new(cells: Vec<Cell>) -> Self {
        Self(cells.into_iter())
    }

    /// The next cell.
    pub(crate) fn take<T: FromCell>(&mut self) -> Result<T> {
        self.0.next().and_then(T::from_cell).ok_or_else(unreadable)
    }

    /// The next cell, which holds JSON.
    pub(crate) fn take_json<T: DeserializeOwned>(&mut self) -> Result<T> {
        serde_json::from_str(&self.take::<String>()?).map_err(|_| unreadable())
    }

    /// The next cell, which holds JSON or nothing.
    pub(crate) fn take_json_or_none<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let text: Option<String> = self.take()?;
        text.map(|text| serde_json::from_str(&text).map_err(|_| unreadable())).transpose()
    }

    /// The next cell, read by `read`.
    pub(crate) fn take_as<T>(&mut self, read: impl FnOnce(String) -> Option<T>) -> Result<T> {
        read(self.take()?).ok_or_else(unreadable)
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

/// Reads a cell.
pub(crate) trait FromCell: Sized {
    fn from_cell(cell: Cell) -> Option<Self>;
}

impl FromCell for i64 {
    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Integer(integer) = cell { Some(integer) } else { None }
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Text(text) = cell { Some(text) } else { None }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Blob(bytes) = cell { Some(bytes) } else { None }
    }
}

impl FromCell for Scope {
    fn from_cell(cell: Cell) -> Option<Self> {
        Scope::parse(&String::from_cell(cell)?).ok()
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell) -> Option<Self> {
        if let Cell::Null = cell { Some(None) } else { T::from_cell(cell).map(Some) }
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

        impl FromCell for $name {
            fn from_cell(cell: Cell) -> Option<Self> {
                i64::from_cell(cell).map($from)
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
    fn from_row(row: &mut Row) -> Result<Self>;
}

impl<T: FromCell> FromRow for T {
    fn from_row(row: &mut Row) -> Result<Self> {
        row.take()
    }
}

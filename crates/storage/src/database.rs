//! Where the data is.

use grantry_protocol::types::Secret;
use postgres::config::{Config, Host};
use std::fmt;
use std::path::PathBuf;

/// A database, as the operator names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file on this machine.
    Sqlite(PathBuf),
    /// A server, by its URL, which may hold a password.
    Postgres(Secret<String>),
}

impl Database {
    /// Reads `sqlite:PATH` or `postgres://…`; the error says what is accepted, and never repeats the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            if path.is_empty() || path.contains('\0') {
                return Err("sqlite: must be followed by the path of the database file".to_owned());
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err("a database is sqlite:PATH or postgres://USER@HOST/DATABASE".to_owned());
        }
        match text.parse::<Config>() {
            Ok(_) => Ok(Self::Postgres(Secret::new(text.to_owned()))),
            Err(_) => Err("this PostgreSQL URL cannot be read: it is postgres://USER:PASSWORD@HOST:PORT/DATABASE, \
                 with sslmode=disable, prefer or require after a question mark"
                .to_owned()),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => write_postgres(url.expose(), f),
        }
    }
}

/// The URL again, made of the parts that may be shown.
fn write_postgres(url: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Ok(config) = url.parse::<Config>() else {
        return f.write_str("postgres://…");
    };
    f.write_str("postgres://")?;
    if let Some(user) = config.get_user() {
        write!(f, "{user}@")?;
    }
    for (position, host) in config.get_hosts().iter().enumerate() {
        let comma = if position > 0 { "," } else { "" };
        match host {
            Host::Tcp(name) => write!(f, "{comma}{name}")?,
            Host::Unix(path) => write!(f, "{comma}{}", path.display())?,
        }
        if let Some(port) = config.get_ports().get(position).or(config.get_ports().first()) {
            write!(f, ":{port}")?;
        }
    }
    write!(f, "/{}", config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_or_a_server() {
        assert_eq!(Database::parse("sqlite:a/b.db"), Ok(Database::Sqlite(PathBuf::from("a/b.db"))));
        for good in ["postgres://a@b/c", "postgresql://a:p%40@b:5433/c?sslmode=require"] {
            assert!(matches!(Database::parse(good), Ok(Database::Postgres(_))), "{good}");
        }
        for bad in ["", "sqlite:", "mysql://a", "postgres://a:hunter2@b/c?sslmode=maybe", "a.db"] {
            let error = Database::parse(bad).unwrap_err();
            assert!(!error.contains("hunter2"));
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let database = Database::parse("postgres://grantry:hunter2@db.example:5433/grantry?sslmode=require").unwrap();
        assert_eq!(database.to_string(), "postgres://grantry@db.example:5433/grantry");
        assert!(!format!("{database:?}").contains("hunter2"));
    }
}

//! The configuration: flag over variable over file over default, parsed once into final types.

mod file;
pub(crate) mod keys;
mod layers;

pub(crate) use layers::{Layers, Source};

use crate::failure::Failure;
use grantry_protocol::types::Secret;
use grantry_server::settings::{Certificates, Network, PublicUrl, Reach, Settings, TlsFiles};
use grantry_storage::Database;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use tracing::level_filters::LevelFilter;

/// Longest URL of a database that is read from a file, in bytes.
const LONGEST_URL: usize = 16 * 1024;

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs: one object per line.
    Json,
}

/// Everything that can be configured, in final types.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    /// None: what [`Config::public_url`] makes of the address.
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) database: Database,
    pub(crate) data_dir: PathBuf,
    pub(crate) master_key_file: Option<PathBuf>,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) outbound: Reach,
    pub(crate) workers: usize,
    pub(crate) password_queue: usize,
    pub(crate) postgres_connections: usize,
    pub(crate) log_format: LogFormat,
    /// None: what is usual for the command.
    pub(crate) log_level: Option<LevelFilter>,
}

impl Config {
    /// Reads everything that was said into final types.
    pub(crate) fn read(layers: &Layers) -> Result<Self, Failure> {
        let data_dir = layers.path("data_dir")?.unwrap_or_else(|| PathBuf::from("grantry-data"));
        Ok(Self {
            listen: layers.parse("listen", |text| text.parse().ok())?.unwrap_or(keys::LISTEN),
            public_url: layers.parse_or_say("public_url", PublicUrl::parse)?,
            database: database(layers)?.unwrap_or_else(|| Database::Sqlite(data_dir.join("grantry.db"))),
            master_key_file: layers.path("master_key_file")?,
            tls: tls(layers)?,
            trusted_proxies: layers.parse_or_say("trusted_proxies", networks)?.unwrap_or_default(),
            outbound: outbound(layers)?,
            workers: layers
                .number("workers", 1..=256)?
                .unwrap_or_else(|| available_parallelism().map_or(1, Into::into)),
            password_queue: layers.number("password_queue", 1..=10_000)?.unwrap_or(keys::PASSWORD_QUEUE),
            postgres_connections: layers
                .number("postgres_connections", 1..=1_000)?
                .unwrap_or(keys::POSTGRES_CONNECTIONS),
            log_format: layers.parse("log_format", log_format)?.unwrap_or(LogFormat::Text),
            log_level: layers.parse("log_level", log_level)?,
            data_dir,
        })
    }

    /// The file of an embedded database.
    pub(crate) fn sqlite_file(&self) -> Option<&Path> {
        match &self.database {
            Database::Sqlite(path) => Some(path),
            Database::Postgres(_) => None,
        }
    }

    /// Where the process that has an embedded database open listens for commands: beside the database.
    pub(crate) fn control_socket(&self) -> Option<PathBuf> {
        self.sqlite_file().map(|file| file.with_file_name("control.sock"))
    }

    /// Where the master key is: where it was said to be, or beside an embedded database.
    pub(crate) fn master_key_path(&self) -> Option<PathBuf> {
        self.master_key_file.clone().or_else(|| self.sqlite_file().map(|file| file.with_file_name("master.key")))
    }

    /// What the server calls itself. Without a configured name only one that leads nowhere but to this machine will do.
    pub(crate) fn public_url(&self) -> Result<PublicUrl, Failure> {
        if let Some(public_url) = &self.public_url {
            return Ok(public_url.clone());
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let own = self.listen.ip().is_loopback().then(|| PublicUrl::parse(&format!("{scheme}://{}", self.listen)));
        own.and_then(Result::ok).ok_or_else(|| {
            Failure::wrong(format!(
                "public_url is needed, since {} is not a loopback address: set --public-url or GRANTRY_PUBLIC_URL \
                 to what the world calls this server, such as https://auth.example.com",
                self.listen
            ))
        })
    }

    /// The settings of a server with this configuration.
    pub(crate) fn settings(&self, public_url: PublicUrl) -> Settings {
        Settings {
            listen: self.listen,
            public_url,
            tls: self.tls.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            outbound: self.outbound.clone(),
            workers: self.workers,
            password_queue: self.password_queue,
            control_socket: self.control_socket(),
            demo: None,
        }
    }
}

/// The database, by its URL or by a file that holds the URL.
fn database(layers: &Layers) -> Result<Option<Database>, Failure> {
    if let Some(path) = layers.path("database_file")? {
        let text = std::fs::read_to_string(&path)
            .ok()
            .filter(|text| text.len() <= LONGEST_URL)
            .ok_or_else(|| layers.wrong("database_file", &format!("{} cannot be read as text", path.display())))?;
        let database = Database::parse(text.trim_end()).map_err(|accepted| layers.wrong("database_file", &accepted))?;
        return Ok(Some(database));
    }
    layers.parse_or_say("database", Database::parse)
}

fn tls(layers: &Layers) -> Result<Option<TlsFiles>, Failure> {
    match (layers.path("tls_certificate")?, layers.path("tls_key")?) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(layers.wrong("tls_certificate", "tls_key is missing: they go together")),
        (None, Some(_)) => Err(layers.wrong("tls_key", "tls_certificate is missing: they go together")),
    }
}

fn outbound(layers: &Layers) -> Result<Reach, Failure> {
    let certificates = |path: &str| {
        let pem = std::fs::read(path).map_err(|error| error.to_string())?;
        Certificates::parse(&pem).map_err(str::to_owned)
    };
    Ok(Reach {
        certificates: layers.parse_or_say("outbound_ca_file", certificates)?.unwrap_or_default(),
        private: layers.parse_or_say("outbound_allow_private", networks)?.unwrap_or_default(),
        ..Reach::default()
    })
}

fn networks(text: &str) -> Result<Vec<Network>, &'static str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Network::parse).collect()
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

fn log_level(text: &str) -> Option<LevelFilter> {
    match text {
        "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        "trace" => Some(LevelFilter::TRACE),
        _ => None,
    }
}

/// A value that may hold a password is never repeated in a message.
fn may_be_shown(key: &str) -> bool {
    key != "database"
}

/// Keeps a value from being printed by accident.
pub(crate) type Text = Secret<String>;

//! Every key of the configuration, once: for the file, the variables, and the help.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

/// Where a server listens unless told otherwise.
pub(crate) const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8080));
/// How many passwords may wait to be hashed unless told otherwise.
pub(crate) const PASSWORD_QUEUE: usize = 64;
/// How many connections to PostgreSQL are held unless told otherwise.
pub(crate) const POSTGRES_CONNECTIONS: usize = 16;

/// A key of the configuration.
pub(crate) struct Key {
    /// Its name in the file; the variable is `GRANTRY_` and the name in capitals.
    pub(crate) name: &'static str,
    /// What it accepts, for messages.
    pub(crate) accepts: &'static str,
    /// What it is for, and what is used without it.
    about: &'static str,
}

impl Key {
    /// The name of its variable.
    pub(crate) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_uppercase())
    }
}

/// What the names of our variables begin with.
pub(crate) const PREFIX: &str = "GRANTRY_";
/// The variable that names the file, which cannot name itself.
pub(crate) const FILE_VARIABLE: &str = "GRANTRY_CONFIG";

/// The keys whose values are lists: arrays in the file, with commas elsewhere.
pub(crate) const LISTS: [&str; 2] = ["trusted_proxies", "outbound_allow_private"];

/// The keys in the order of the help.
pub(crate) const KEYS: [Key; 16] = [
    Key {
        name: "listen",
        accepts: "an address and a port, such as 127.0.0.1:8080, 0.0.0.0:443 or [::]:443",
        about: "where to listen; default 127.0.0.1:8080",
    },
    Key {
        name: "public_url",
        accepts: "an https URL without a path, such as https://auth.example.com",
        about: "what the world calls this server; default: the address, if it is a loopback address",
    },
    Key {
        name: "database",
        accepts: "sqlite:PATH or postgres://USER@HOST/DATABASE",
        about: "sqlite:PATH or postgres://…; default: grantry.db in data_dir",
    },
    Key {
        name: "database_file",
        accepts: "the path of a file that holds the URL of the database",
        about: "a file that holds the URL of the database, if it has a password in it",
    },
    Key { name: "data_dir", accepts: "the path of a directory", about: "the data directory; default grantry-data" },
    Key {
        name: "master_key_file",
        accepts: "the path of a file that `grantry key generate-master` made",
        about: "the key that all keys in the database rest under; default: master.key beside a SQLite database, made with \
                it; needed for PostgreSQL",
    },
    Key {
        name: "tls_certificate",
        accepts: "the path of a PEM file",
        about: "the certificate chain, in PEM, leaf first",
    },
    Key { name: "tls_key", accepts: "the path of a PEM file", about: "the private key of the certificate, in PEM" },
    Key {
        name: "trusted_proxies",
        accepts: "a list of IP addresses and networks, such as 10.0.0.0/8",
        about: "the proxies whose X-Forwarded-For is believed: a list in the file, separated by commas elsewhere",
    },
    Key {
        name: "outbound_ca_file",
        accepts: "the path of a PEM file",
        about: "certificates of authorities that are trusted beside the platform's when apps' servers are asked: a PEM file",
    },
    Key {
        name: "outbound_allow_private",
        accepts: "a list of IP addresses and networks, such as 10.0.0.0/8",
        about: "addresses that are not public at which apps' servers may be asked nevertheless, for test set-ups: a list in \
                the file, separated by commas elsewhere; default none",
    },
    Key {
        name: "workers",
        accepts: "a number from 1 to 256",
        about: "threads that serve requests; default: one for each processor",
    },
    Key {
        name: "password_queue",
        accepts: "a number from 1 to 10000",
        about: "password hashes that may wait before logins are answered with 503; default 64",
    },
    Key {
        name: "postgres_connections",
        accepts: "a number from 1 to 1000",
        about: "connections to PostgreSQL; default 16",
    },
    Key { name: "log_format", accepts: "text or json", about: "text or json; default text" },
    Key {
        name: "log_level",
        accepts: "error, warn, info, debug or trace",
        about: "error, warn, info, debug or trace; default info for servers, warn for commands",
    },
];

/// The key with this name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The names of all keys.
pub(crate) fn names() -> String {
    KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
}

/// All keys, for `--help`.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "Configuration: a flag goes before a variable, a variable before the file (--config or GRANTRY_CONFIG), the file \
         before the default. The file is TOML, one `key = value` per line, without sections. Relative paths begin where \
         the process was started.\n",
    );
    for key in &KEYS {
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {}, {}\n          {}\n", key.name, key.variable(), key.about);
    }
    text
}

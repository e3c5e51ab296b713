//! What `grantry doctor` looks at.

use crate::args::Globals;
use crate::config::Config;
use crate::failure::Failure;
use crate::open::{self, Readiness};
use crate::serve::ServerFlags;
use crate::{master_key, outside, running};
use grantry_server::operator::{Command, socket};
use grantry_server::{listen, outbound};
use grantry_storage::{OpenError, Store};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

/// One thing that was looked at.
#[derive(Debug)]
pub(crate) struct Check {
    name: &'static str,
    found: Result<String, String>,
}

impl Check {
    fn new(name: &'static str, found: Result<String, Failure>) -> Self {
        Self { name, found: found.map_err(|failure| failure.message) }
    }

    /// Whether something has to be done about it.
    pub(crate) fn is_problem(&self) -> bool {
        self.found.is_err()
    }

    /// A row of the answer.
    pub(crate) fn to_json(&self) -> Value {
        let (result, message) = match &self.found {
            Ok(message) => ("ok", message),
            Err(message) => ("problem", message),
        };
        json!({ "result": result, "check": self.name, "message": message })
    }
}

/// Looks at everything, in the order in which `serve` needs it.
pub(crate) fn all(globals: &Globals, flags: &ServerFlags) -> Vec<Check> {
    let config = match globals.layers_with(flags).and_then(|layers| Config::read(&layers)) {
        Ok(config) => config,
        Err(failure) => return vec![Check::new("configuration", Err(failure))],
    };
    let running = config.control_socket().and_then(|path| socket::call(&path, &Command::Status).ok());
    let mut checks = vec![Check::new("configuration", Ok("every key and value is known".to_owned()))];
    checks.extend(config.sqlite_file().is_some().then(|| Check::new("data directory", data_directory(&config))));
    checks.extend(database(&config, running.as_ref()));
    checks.push(Check::new("TLS", tls(&config)));
    checks.push(Check::new("requests to apps", requests_to_apps(&config)));
    checks.push(Check::new("public URL", public_url(&config)));
    checks.push(Check::new("port", port(&config, running.as_ref())));
    checks
}

fn data_directory(config: &Config) -> Result<String, Failure> {
    let directory = config.sqlite_file().and_then(|file| file.parent()).unwrap_or(&config.data_dir);
    let shown = if directory.as_os_str().is_empty() { ".".into() } else { directory.display().to_string() };
    let Ok(metadata) = std::fs::metadata(&shown) else {
        return Ok(format!("{shown} does not exist; `grantry serve` makes it"));
    };
    match metadata.permissions().mode() & 0o777 {
        mode if mode & 0o022 != 0 => Err(Failure::failed(format!(
            "{shown} can be changed by others than its owner (mode {mode:o}): chmod 700 {shown}"
        ))),
        mode => Ok(format!("{shown}, mode {mode:o}")),
    }
}

/// The database and, where it can be had, the master key.
fn database(config: &Config, running: Option<&Value>) -> Vec<Check> {
    let check = |found| Check::new("database", found);
    match open::store(config, Readiness::Expected) {
        Ok(store) => {
            let key =
                Check::new("master key", open::runtime().and_then(|runtime| runtime.block_on(key(config, &store))));
            store.close();
            vec![check(Ok(format!("{}, schema up to date", config.database))), key]
        }
        Err(OpenError::Locked(_)) if running.is_some() => {
            let pid = running.map(|status| status["pid"].to_string()).unwrap_or_default();
            vec![check(Ok(format!("{}, in use by the running server, pid {pid}", config.database)))]
        }
        Err(OpenError::Missing(_)) => {
            vec![check(Ok(format!("{} does not exist; `grantry serve` makes it", config.database)))]
        }
        Err(error) => vec![check(Err(open::explain(&error, config)))],
    }
}

async fn key(config: &Config, store: &Store) -> Result<String, Failure> {
    let path = config.master_key_path().unwrap_or_default();
    let Some(check) = open::key_check(store).await? else {
        if config.sqlite_file().is_some() && config.master_key_file.is_none() && !path.exists() {
            return Ok(format!("{} does not exist; `grantry serve` makes it", path.display()));
        }
        master_key::load(config)?;
        return Ok(format!("{} becomes the key of this database when it is first used", path.display()));
    };
    if open::opens(&master_key::load(config)?, &check) {
        return Ok(format!("{} is the one that the database was made with", path.display()));
    }
    Err(Failure::failed(format!(
        "{} is not the one that the database was made with; name the right one with --master-key-file",
        path.display()
    )))
}

fn tls(config: &Config) -> Result<String, Failure> {
    let Some(files) = &config.tls else {
        return Ok("none here; a proxy has to speak it where requests come from other machines".to_owned());
    };
    listen::check_tls(files).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(format!("{} and its key", files.certificate.display()))
}

fn requests_to_apps(config: &Config) -> Result<String, Failure> {
    outbound::check_tls(&config.outbound, &outside::clock()).map_err(|error| {
        Failure::failed(format!(
            "{error}: install the system's certificates of authorities (ca-certificates), or set outbound_ca_file"
        ))
    })?;
    Ok(match config.outbound.private.len() {
        0 => "public addresses only".to_owned(),
        n => format!("public addresses, and what outbound_allow_private lists ({n}): meant for test set-ups"),
    })
}

fn public_url(config: &Config) -> Result<String, Failure> {
    let url = config.public_url()?;
    if config.tls.is_some() && !url.is_https() {
        return Err(Failure::failed(format!(
            "{url} is not https, although tls_certificate is set: set public_url to https://…"
        )));
    }
    let proxied = url.is_https() && config.tls.is_none();
    if proxied && config.trusted_proxies.is_empty() {
        return Err(Failure::failed(format!(
            "{url} is https, and no certificate is set: set tls_certificate and tls_key, or name the proxy that speaks \
             TLS in trusted_proxies"
        )));
    }
    Ok(url.to_string())
}

fn port(config: &Config, running: Option<&Value>) -> Result<String, Failure> {
    match running {
        Some(status) => {
            let url = status["public_url"].as_str().unwrap_or_default();
            Ok(format!("the server is running, pid {}, as {url}", status["pid"]))
        }
        None => running::free_address(config.listen).map(|_| format!("{} is free", config.listen)),
    }
}

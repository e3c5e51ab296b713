//! `grantry serve`.

use crate::args::Globals;
use crate::config::{Config, keys};
use crate::failure::Failure;
use crate::open::{self, Readiness};
use crate::output::{self, Format};
use crate::{demo, logs, running};
use clap::Args;
use grantry_storage::{Page, Store};
use serde_json::json;
use std::net::SocketAddr;
use tracing::level_filters::LevelFilter;

/// Serve until told to stop
#[derive(Debug, Args)]
#[command(after_long_help = keys::help())]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) flags: ServerFlags,
    /// Bring the schema of a PostgreSQL database up to date first; an embedded one always is
    #[arg(long)]
    migrate: bool,
}

/// Flags of whatever reads the configuration of a server.
#[derive(Debug, Default, Args)]
pub(crate) struct ServerFlags {
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// What the world calls this server: https:// and its host
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The certificate chain, in PEM
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<String>,
    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// A proxy or network whose X-Forwarded-For is believed; may be repeated
    #[arg(long = "trusted-proxy", value_name = "ADDRESS[/PREFIX]")]
    trusted_proxies: Vec<String>,
    /// Certificates of authorities that are trusted when apps' servers are asked, in PEM
    #[arg(long, value_name = "FILE")]
    outbound_ca_file: Option<String>,
    /// An address or network that is not public, at which apps' servers may be asked nevertheless; may be repeated
    #[arg(long, value_name = "ADDRESS[/PREFIX]")]
    outbound_allow_private: Vec<String>,
    /// Threads that serve requests [default: one for each processor]
    #[arg(long, value_name = "NUMBER")]
    workers: Option<String>,
    /// text or json
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl ServerFlags {
    /// The flags that were given, with the keys that they set.
    pub(crate) fn given(&self) -> Vec<(&'static str, &'static str, Option<String>)> {
        let list = |values: &[String]| Some(values.join(",")).filter(|list| !list.is_empty());
        vec![
            ("listen", "--listen", self.listen.clone()),
            ("public_url", "--public-url", self.public_url.clone()),
            ("tls_certificate", "--tls-certificate", self.tls_certificate.clone()),
            ("tls_key", "--tls-key", self.tls_key.clone()),
            ("trusted_proxies", "--trusted-proxy", list(&self.trusted_proxies)),
            ("outbound_ca_file", "--outbound-ca-file", self.outbound_ca_file.clone()),
            ("outbound_allow_private", "--outbound-allow-private", list(&self.outbound_allow_private)),
            ("workers", "--workers", self.workers.clone()),
            ("log_format", "--log-format", self.log_format.clone()),
            ("log_level", "--log-level", self.log_level.clone()),
        ]
    }
}

impl Serve {
    /// Serves until told to stop.
    pub(crate) fn run(&self, globals: &Globals) -> Result<(), Failure> {
        let mut config = Config::read(&globals.layers_with(&self.flags)?)?;
        logs::start(&config, LevelFilter::INFO);
        config.listen = running::free_address(config.listen)?;
        let settings = config.settings(config.public_url()?);
        let public_url = settings.public_url.to_string();
        let embedded = config.sqlite_file().is_some();
        let readiness = if embedded || self.migrate { Readiness::Migrated } else { Readiness::Expected };
        let store = open::store(&config, readiness).map_err(|error| open::explain(&error, &config))?;
        let server = open::runtime()?.block_on(async {
            demo::refuse_elsewhere(&store, &config).await?;
            hint(&store, &config).await?;
            open::server(&config, store, settings).await
        })?;
        let format = globals.format();
        running::serve(&server, &config, move |address| announce(address, &public_url, format))
    }
}

/// Says what is not wrong, and yet not what it will be like in earnest.
async fn hint(store: &Store, config: &Config) -> Result<(), Failure> {
    let one = Page { limit: 1, offset: 0 };
    let first = store.read_instance(move |instance| instance.list_workspaces("", one)).await;
    if first.map_err(open::unavailable)?.is_empty() {
        tracing::warn!(
            "there is no workspace yet: `grantry workspace create SLUG` makes one, also while the server runs"
        );
    }
    if config.tls.is_none() && config.trusted_proxies.is_empty() && !config.listen.ip().is_loopback() {
        tracing::warn!("other machines reach this without TLS: set tls_certificate and tls_key, or trusted_proxies");
    }
    Ok(())
}

/// The one line that says that it is ready.
fn announce(address: SocketAddr, public_url: &str, format: Format) {
    let pid = std::process::id();
    let said = match format {
        Format::Text => output::line(&format!("grantry is ready: listening on {address} as {public_url}, pid {pid}")),
        Format::Json => {
            output::line(&json!({ "listen": address.to_string(), "public_url": public_url, "pid": pid }).to_string())
        }
    };
    if let Err(failure) = said {
        output::complain(&failure.message);
    }
}

//! `grantry demo`: a server whose passwords everyone knows, on this machine only.

mod content;

use crate::args::Globals;
use crate::config::{Config, keys};
use crate::failure::Failure;
use crate::open::{self, Readiness};
use crate::output::{self, Format};
use crate::{logs, running};
use clap::Args;
use grantry_server::settings::PublicUrl;
use grantry_storage::{Database, Store};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use tracing::level_filters::LevelFilter;

/// What a demo's database says about itself.
const MARK: &str = "demo";

/// Serve a demo workspace with a user and an app, on this machine only
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to listen; port 0 finds a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = keys::LISTEN)]
    listen: SocketAddr,
}

impl Demo {
    /// Serves until told to stop.
    pub(crate) fn run(&self, globals: &Globals) -> Result<(), Failure> {
        if !self.listen.ip().is_loopback() {
            return Err(Failure::wrong(format!(
                "the demo listens on a loopback address such as 127.0.0.1 only, not on {}: its passwords are public, so \
                 everyone who reaches it can sign in; `grantry serve` is for others",
                self.listen
            )));
        }
        if globals.database.is_some() {
            return Err(Failure::wrong("the demo keeps its data in an embedded database: --data-dir says where"));
        }
        let config = self.config(globals)?;
        logs::start(&config, LevelFilter::INFO);
        let url = PublicUrl::parse(&format!("http://{}", config.listen)).map_err(Failure::failed)?;
        let mut settings = config.settings(url.clone());
        settings.demo = Some(content::shown());
        let store = open::store(&config, Readiness::Migrated).map_err(|error| open::explain(&error, &config))?;
        let server = open::runtime()?.block_on(async {
            mark(&store, &config).await?;
            let server = open::server(&config, store, settings).await?;
            content::ensure(&server, &url).await?;
            Ok::<_, Failure>(server)
        })?;
        let (format, data_dir) = (globals.format(), config.data_dir.clone());
        running::serve(&server, &config, move |_| announce(&url, &data_dir, format))
    }

    /// Only flags say where the data of a demo is: it must never end up where variables lead a real server.
    fn config(&self, globals: &Globals) -> Result<Config, Failure> {
        let keys = ["log_format", "log_level", "workers", "outbound_ca_file", "outbound_allow_private"];
        let mut config = Config::read(&globals.layers()?.only(&keys))?;
        config.listen = running::free_address(self.listen)?;
        config.data_dir = globals.data_dir.as_ref().map_or_else(|| PathBuf::from("grantry-data/demo"), PathBuf::from);
        config.database = Database::Sqlite(config.data_dir.join("grantry.db"));
        config.master_key_file = globals.master_key_file.as_ref().map(PathBuf::from);
        Ok(config)
    }
}

/// Makes an empty database a demo's, and refuses one that is not.
async fn mark(store: &Store, config: &Config) -> Result<(), Failure> {
    let marked = store.write_instance(|instance| {
        if instance.meta(MARK)?.is_none() && instance.count_workspaces("")? > 0 {
            return Ok(false);
        }
        instance.put_meta_once(MARK, b"1").map(|_| true)
    });
    if marked.await.map_err(open::unavailable)? {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{} is not a demo's: it has workspaces already, and the demo would add users whose passwords everyone knows; name \
         another place with --data-dir",
        config.database
    )))
}

/// Refuses to serve a demo's database to other machines.
pub(crate) async fn refuse_elsewhere(store: &Store, config: &Config) -> Result<(), Failure> {
    let is_demo = store.read_instance(|instance| instance.meta(MARK)).await.map_err(open::unavailable)?.is_some();
    if !is_demo || config.listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{} is a demo's, with users whose passwords everyone knows, so it is served on a loopback address only",
        config.database
    )))
}

/// Says what there is, in requests that can be pasted.
fn announce(url: &PublicUrl, data_dir: &std::path::Path, format: Format) {
    let base = format!("{url}/{}", content::WORKSPACE);
    let said = match format {
        Format::Json => output::line(
            &json!({
                "docs": format!("{base}/oauth2"),
                "issuer": base,
                "client_id": content::CLIENT_ID,
                "client_secret": content::CLIENT_SECRET,
                "pid": std::process::id(),
            })
            .to_string(),
        ),
        Format::Text => output::line(&content::welcome(&base, &data_dir.display().to_string())),
    };
    if let Err(failure) = said {
        output::complain(&failure.message);
    }
}

//! How a connection to PostgreSQL is made.

use super::driver::Session;
use crate::connection::Connection;
use crate::error::OpenError;
use crate::node::Node;
use grantry_protocol::types::Secret;
use postgres::config::{Config, Host, SslMode};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whoever waits for a connection while the server is away is told so within two seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// When a server that answers nothing counts as gone.
const SILENCE: Duration = Duration::from_secs(15);
/// Nothing may hold a connection for longer, least of all a unit of work that was forgotten half way.
const SETTINGS: &str = "SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'; \
                        SET default_transaction_isolation = 'read committed'";

/// Makes connections, all alike.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    node: Arc<Node>,
}

impl Connector {
    pub(super) fn new(url: &Secret<String>, node: Arc<Node>) -> Result<Self, OpenError> {
        let url = url.expose();
        let mut config: Config = url.parse().map_err(|_| OpenError::Engine("its URL cannot be read".to_owned()))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
        if config.get_application_name().is_none() {
            config.application_name("grantry");
        }
        // Within one machine nobody listens, and its server rarely has a certificate that proves its name.
        if !url.contains("sslmode=") && config.get_hosts().iter().all(is_this_machine) {
            config.ssl_mode(SslMode::Disable);
        }
        Ok(Self { config, tls: tls()?, node })
    }

    pub(super) fn connect(&self) -> Result<Connection, postgres::Error> {
        let mut client = self.config.connect(self.tls.clone())?;
        client.batch_execute(SETTINGS)?;
        Ok(Connection::new(Box::new(Session::new(client)), self.node.clone()))
    }
}

/// Certificates are always checked: TLS to an unknown server protects nothing.
fn tls() -> Result<MakeRustlsConnect, OpenError> {
    let unusable = |error: rustls::Error| OpenError::Engine(format!("TLS cannot be set up: {error}"));
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(unusable)?;
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

/// What went wrong, for the operator: it names users and databases, never a password.
pub(super) fn explain(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(answer) => answer.message().to_owned(),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

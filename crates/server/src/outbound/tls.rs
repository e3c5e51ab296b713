//! TLS to other servers: whom the platform trusts, and whom the operator does.

use crate::settings::Reach;
use grantry_storage::Clock;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls_platform_verifier::Verifier;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsConnector;

/// Makes TLS connections. Reads the platform's certificates: it blocks for a moment.
pub(super) fn connector(reach: &Reach, clock: &Clock) -> Result<TlsConnector, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let extra = reach.certificates.as_slice().iter().cloned();
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(ServerTime(clock.clone())))
        .with_safe_default_protocol_versions()?
        // Not dangerous: it is the platform's verifier, and it has no shorter way in when there are certificates beside it.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Certificates are valid at the server's time, like everything else.
#[derive(Debug)]
struct ServerTime(Clock);

impl TimeProvider for ServerTime {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.millis()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

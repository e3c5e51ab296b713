//! What an operator decides about the process, parsed once into final types. Per-workspace policy is a row, not a setting.

use grantry_protocol::types::Secret;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};

/// The settings of a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// What the world calls this server. Never taken from a request.
    pub public_url: PublicUrl,
    /// Certificate and key, when the process itself speaks TLS.
    pub tls: Option<TlsFiles>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// How many threads serve requests, each with a runtime of its own.
    pub workers: usize,
    /// How many password hashes may wait for a thread; one more is answered with 503.
    pub password_queue: usize,
    /// Whom requests to other servers may reach.
    pub outbound: Reach,
    /// Where the command line reaches this process; none where the database takes more than one writer.
    pub control_socket: Option<PathBuf>,
    /// Set by `grantry demo`: what its docs page may show.
    pub demo: Option<Demo>,
}

/// The credentials that everyone may know, for the docs page of the demo workspace.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The workspace.
    pub workspace: &'static str,
    /// Its app.
    pub client_id: &'static str,
    /// The app's secret.
    pub client_secret: Secret<&'static str>,
    /// Its user.
    pub username: &'static str,
    /// The user's password.
    pub password: Secret<&'static str>,
}

/// Files in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate chain, leaf first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Whom requests to other servers may reach, beyond public addresses and certificates that the platform trusts.
#[derive(Clone, Debug)]
pub struct Reach {
    /// More certificates that are trusted.
    pub certificates: Certificates,
    /// Networks that are reached although they are not public.
    pub private: Vec<Network>,
    /// The longest that a request may take, from looking its host up to the end of the answer.
    pub timeout: Duration,
}

impl Default for Reach {
    fn default() -> Self {
        Self { certificates: Certificates::default(), private: Vec::new(), timeout: Duration::from_secs(5) }
    }
}

/// Certificates of authorities.
#[derive(Clone, Debug, Default)]
pub struct Certificates(Vec<CertificateDer<'static>>);

impl Certificates {
    /// Reads the certificates in a PEM file; the error says what is accepted.
    pub fn parse(pem: &[u8]) -> Result<Self, &'static str> {
        const ACCEPTED: &str = "a PEM file with certificates of authorities in it";
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| ACCEPTED)?;
        let (usable, _) = RootCertStore::empty().add_parsable_certificates(certificates.iter().cloned());
        if usable == 0 || usable < certificates.len() { Err(ACCEPTED) } else { Ok(Self(certificates)) }
    }

    pub(crate) fn as_slice(&self) -> &[CertificateDer<'static>] {
        &self.0
    }
}

/// The server's origin: `https://host[:port]`, or `http` on a loopback host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    https: bool,
}

impl PublicUrl {
    /// Reads a public URL; the error says what is accepted.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "a URL such as https://auth.example.com")?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !bare {
            return Err("a URL without path, query or user name, such as https://auth.example.com");
        }
        let https = url.scheme() == "https";
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        // RFC 6749 §3.1, §3.2: TLS, except where nothing leaves the machine.
        let local = url.scheme() == "http" && loopback;
        if !https && !local {
            return Err("an https URL (plain http only for localhost, 127.0.0.1 and [::1])");
        }
        Ok(Self { origin: url.origin().ascii_serialization(), https })
    }

    /// Scheme, host and port, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// Whether cookies can be `Secure`.
    pub const fn is_https(&self) -> bool {
        self.https
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// An address, or a network such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `address` or `address/prefix`; the error says what is accepted.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const ACCEPTED: &str = "an IP address, or a network such as 10.0.0.0/8";
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| ACCEPTED)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), str::parse).map_err(|_| ACCEPTED)?;
        if prefix > longest { Err(ACCEPTED) } else { Ok(Self { address, prefix }) }
    }

    /// Whether `other` is in this network.
    pub fn contains(&self, other: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
            IpAddr::V6(v6) => (v6.to_bits(), 128),
        };
        let ((own, length), (others, others_length)) = (bits(self.address), bits(other));
        let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
        length == others_length && own & mask == others & mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_https_origin_or_loopback() {
        for (text, origin) in [
            ("https://auth.example.com", "https://auth.example.com"),
            ("https://auth.example.com:443/", "https://auth.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:8080", "http://localhost:8080"),
        ] {
            assert_eq!(PublicUrl::parse(text).map(|url| url.origin), Ok(origin.to_owned()));
        }
        for bad in [
            "",
            "auth.example.com",
            "http://auth.example.com",
            "https://a.example/x",
            "https://u@a.example",
            "ftp://localhost",
        ] {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_network_contains_its_addresses() {
        let contains =
            |network: &str, address: &str| Network::parse(network).unwrap().contains(address.parse().unwrap());
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("127.0.0.1", "127.0.0.1"));
        assert!(!contains("127.0.0.1", "127.0.0.2"));
        assert!(contains("0.0.0.0/0", "192.0.2.1"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("fd00::/8", "fd12::1"));
        assert!(Network::parse("10.0.0.0/33").is_err());
    }
}

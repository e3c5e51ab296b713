//! Listening: TLS by certificate files, proxies, and a shutdown that finishes what is in flight.

use crate::harness::{Engine, SECRET, World, basic, wait};
use grantry_server::settings::{Network, TlsFiles};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

#[test]
fn tls_is_served_from_certificate_files() {
    let directory = TempDir::new().unwrap();
    let pair = rcgen::generate_simple_self_signed(vec!["grantry.test".to_owned()]).unwrap();
    let files = TlsFiles { certificate: directory.path().join("cert.pem"), key: directory.path().join("key.pem") };
    std::fs::write(&files.certificate, pair.cert.pem()).unwrap();
    std::fs::write(&files.key, pair.signing_key.serialize_pem()).unwrap();
    let world = World::with(Engine::Sqlite, |settings| settings.tls = Some(files.clone()));
    let mut roots = RootCertStore::empty();
    roots.add(pair.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
    let answer = wait(async {
        let stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
        let mut stream = connector.connect(ServerName::try_from("grantry.test").unwrap(), stream).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: grantry.test\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut plain = TcpStream::connect(world.address).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: grantry.test\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "nothing is served without TLS beside it");
}

#[test]
fn a_shutdown_finishes_what_is_in_flight_and_takes_nothing_new() {
    let mut world = World::new();
    let form = "grant_type=client_credentials";
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST /acme/oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        basic("app", SECRET),
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body, so the request is in flight.
    let mut told_to_go_on = [0; 25];
    stream.read_exact(&mut told_to_go_on).unwrap();
    assert!(told_to_go_on.starts_with(b"HTTP/1.1 100"));
    world.serving.stop();
    let patience = std::time::Instant::now();
    while TcpStream::connect(world.address).is_ok() {
        assert!(patience.elapsed() < Duration::from_secs(10), "the server still takes connections");
        std::thread::yield_now();
    }
    stream.write_all(form.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("gry_at_"), "{answer}");
    world.serving.finish().unwrap();
}

#[test]
fn an_address_is_believed_from_trusted_proxies_only() {
    let guess = |world: &World, from: &str| {
        let form = "grant_type=password&username=bob&password=wrong";
        let headers = [("authorization", basic("app", SECRET)), ("x-forwarded-for", from.to_owned())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        world.post("/acme/oauth2/token", form, &headers).status
    };
    let direct = World::new();
    let statuses: Vec<u16> = (0..6).map(|n| guess(&direct, &format!("192.0.2.{n}"))).collect();
    assert_eq!(statuses[5], 429, "without a proxy, the header is a claim of the client");
    let behind = World::with(Engine::Sqlite, |settings| {
        settings.trusted_proxies = vec![Network::parse("127.0.0.0/8").unwrap()];
    });
    assert!((0..6).all(|n| guess(&behind, &format!("192.0.2.{n}")) == 400));
    let statuses: Vec<u16> = (0..6).map(|n| guess(&behind, &format!("203.0.113.{n}, 198.51.100.7"))).collect();
    assert_eq!(statuses[5], 429, "only the nearest address outside our proxies counts");
    let statuses: Vec<u16> = (0..6).map(|n| guess(&behind, &format!("203.0.113.{n}, not an address"))).collect();
    assert_eq!(statuses[5], 429, "what stands left of nonsense was not written by a proxy of ours");
}

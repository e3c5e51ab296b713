//! `grantry doctor`: what it finds, and what it says to do.

use crate::world::Home;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

/// What is wrong, by the check that found it.
fn problems(home: &Home, flags: &str) -> Vec<(String, String)> {
    let listen = if flags.contains("--listen") { "" } else { "--listen 127.0.0.1:0" };
    let output = home.run(&format!("doctor {listen} --json {flags}"), "");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = answer["checks"].as_array().unwrap().iter().filter(|row| row["result"] == "problem");
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let problems: Vec<_> = rows.map(|row| (text(row, "check"), text(row, "message"))).collect();
    assert_eq!(output.status.code(), Some(i32::from(!problems.is_empty())));
    assert_eq!(answer["ok"], problems.is_empty());
    assert!(output.stderr.is_empty(), "{:?}", String::from_utf8(output.stderr));
    problems
}

#[test]
fn a_healthy_place_has_no_problems() {
    let home = Home::new();
    assert_eq!(problems(&home, ""), [], "nothing is there yet");
    assert!(!home.data("").exists(), "looking makes nothing");
    home.json("workspace create acme");
    assert_eq!(problems(&home, ""), []);
    let server = home.start("serve --listen 127.0.0.1:0");
    assert_eq!(problems(&home, ""), []);
    let said = String::from_utf8(home.run("doctor", "").stdout).unwrap();
    assert!(said.contains("public addresses only"), "{said}");
    assert!(said.contains(&format!("in use by the running server, pid {}", server.ready["pid"])), "{said}");
}

#[test]
fn every_problem_says_what_to_do() {
    let home = Home::new();
    home.json("workspace create acme");
    let found = |flags: &str, check: &str, advice: &str| {
        let problems = problems(&home, flags);
        assert!(problems.iter().any(|(name, text)| name == check && text.contains(advice)), "{problems:?}");
    };
    found("--workers none", "configuration", "--workers: workers cannot be `none`");
    found("--listen 0.0.0.0:0", "public URL", "public_url is needed");
    found("--public-url https://a.example", "public URL", "set tls_certificate and tls_key, or name the proxy");
    home.write("x.pem", "not a certificate");
    found("--tls-certificate x.pem --tls-key x.pem", "TLS", "x.pem: ");
    found(
        "--outbound-ca-file x.pem",
        "configuration",
        "outbound_ca_file cannot be `x.pem`: a PEM file with certificates",
    );
    found("--outbound-ca-file none.pem", "configuration", "--outbound-ca-file: outbound_ca_file cannot be `none.pem`");
    let authority = rcgen::generate_simple_self_signed(Vec::new()).unwrap();
    home.write("ca.pem", &authority.cert.pem());
    assert_eq!(problems(&home, "--outbound-ca-file ca.pem"), []);
    found("--listen 192.0.2.1:80", "port", "cannot listen on 192.0.2.1:80");
    fs::set_permissions(home.data(""), Permissions::from_mode(0o777)).unwrap();
    found("", "data directory", "chmod 700");
    fs::set_permissions(home.data("master.key"), Permissions::from_mode(0o644)).unwrap();
    found("", "master key", "chmod 600");
    fs::remove_file(home.data("master.key")).unwrap();
    found("", "master key", "is missing");
    fs::write(home.data("grantry.db"), "this is not a database, but it is long enough to be one").unwrap();
    found("", "database", "");
}

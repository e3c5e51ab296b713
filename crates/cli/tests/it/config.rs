//! The configuration: what counts, and mistakes with their place.

use crate::world::Home;

/// What the configuration makes of the public URL.
fn public_url(home: &Home, flags: &str) -> String {
    found(home, "public URL", flags)
}

/// What a check of `grantry doctor` found.
fn found(home: &Home, check: &str, flags: &str) -> String {
    let answer = home.run(&format!("doctor {flags} --json"), "");
    let answer: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    let checks = answer["checks"].as_array().unwrap().iter();
    checks.filter(|row| row["check"] == check).map(|row| row["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_flag_goes_before_a_variable_before_the_file_before_the_default() {
    let mut home = Home::new();
    home.write("g.toml", "public_url = \"http://localhost:1\"\n");
    assert_eq!(public_url(&home, ""), "http://127.0.0.1:8080");
    assert_eq!(public_url(&home, "--config g.toml"), "http://localhost:1");
    home.set("GRANTRY_CONFIG", "g.toml");
    assert_eq!(public_url(&home, ""), "http://localhost:1");
    home.set("GRANTRY_PUBLIC_URL", "http://localhost:2");
    assert_eq!(public_url(&home, ""), "http://localhost:2");
    assert_eq!(public_url(&home, "--public-url http://localhost:3"), "http://localhost:3");
}

#[test]
fn networks_that_are_reached_although_they_are_private_are_a_list() {
    let mut home = Home::new();
    let found = |home: &Home, flags: &str| found(home, "requests to apps", flags);
    assert_eq!(found(&home, ""), "public addresses only");
    home.write("g.toml", "outbound_allow_private = [\"127.0.0.1\"]\n");
    home.set("GRANTRY_CONFIG", "g.toml");
    assert!(found(&home, "").contains("outbound_allow_private lists (1)"));
    home.set("GRANTRY_OUTBOUND_ALLOW_PRIVATE", "127.0.0.0/8, ::1");
    assert!(found(&home, "").contains("outbound_allow_private lists (2)"));
    let flags = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(|it| format!("--outbound-allow-private {it} "));
    assert!(found(&home, &flags.concat()).contains("outbound_allow_private lists (3)"));
}

#[test]
fn a_mistake_in_the_file_is_one_line_with_its_place() {
    let home = Home::new();
    for (text, begin) in [
        (
            "# mine\nlistne = \"127.0.0.1:1\"\n",
            "g.toml:2: there is no key `listne`; those there are: listen, public_url",
        ),
        ("listen = \"nowhere\"\n", "g.toml:1: listen cannot be `nowhere`: it must be an address and a port"),
        ("\nworkers = 0\n", "g.toml:2: workers cannot be `0`: it must be a number from 1 to 256"),
        ("public_url = \"http://a.example\"\n", "g.toml:1: public_url cannot be `http://a.example`: an https URL"),
        (
            "database = \"postgres://u:hunter2@h/d?sslmode=x\"\n",
            "g.toml:1: database: this PostgreSQL URL cannot be read",
        ),
        ("database = \"mysql://u:hunter2@h/d\"\n", "g.toml:1: database: a database is sqlite:PATH or postgres://"),
        ("trusted_proxies = [\"10.0.0.0/33\"]\n", "g.toml:1: trusted_proxies cannot be `10.0.0.0/33`: an IP address"),
        (
            "outbound_allow_private = [\"localhost\"]\n",
            "g.toml:1: outbound_allow_private cannot be `localhost`: an IP address",
        ),
        ("outbound_ca_file = \"none.pem\"\n", "g.toml:1: outbound_ca_file cannot be `none.pem`: No such file"),
        (
            "outbound_ca_file = \"g.toml\"\n",
            "g.toml:1: outbound_ca_file cannot be `g.toml`: a PEM file with certificates",
        ),
        ("log_format = \"xml\"\n", "g.toml:1: log_format cannot be `xml`: it must be text or json"),
        ("tls_key = \"k.pem\"\n", "g.toml:1: tls_key cannot be `k.pem`: tls_certificate is missing"),
        ("listen = \n", "g.toml:1: this is not TOML: "),
    ] {
        home.write("g.toml", text);
        for command in ["serve", "workspace list"] {
            let said = home.fails(2, &format!("{command} --config g.toml"));
            assert!(said.starts_with(begin), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
    assert!(home.fails(2, "serve --config none.toml").starts_with("the configuration file none.toml cannot be read"));
}

#[test]
fn a_mistake_in_a_variable_or_a_flag_names_it() {
    let mut home = Home::new();
    assert!(home.fails(2, "serve --listen here").starts_with("--listen: listen cannot be `here`"));
    home.set("GRANTRY_WORKERS", "many");
    assert!(home.fails(2, "serve").starts_with("GRANTRY_WORKERS: workers cannot be `many`"));
    home.set("GRANTRY_WORKERS", "1");
    // What Kubernetes sets for a service of our name is not ours.
    home.set("GRANTRY_SERVICE_HOST", "10.0.0.1");
    home.set("GRANTRY_PORT_8080_TCP", "tcp://10.0.0.1:8080");
    home.json("workspace create acme");
    home.set("GRANTRY_LISTNE", "x");
    let said = home.fails(2, "workspace list");
    assert!(said.starts_with("GRANTRY_LISTNE: there is no such variable; those there are: GRANTRY_CONFIG, "), "{said}");
}

#[test]
fn a_database_url_can_come_from_a_file() {
    let home = Home::new();
    home.write("url", "sqlite:elsewhere.db\n");
    home.write("g.toml", "database_file = \"url\"\n");
    home.json("workspace create acme --config g.toml");
    assert!(home.path("elsewhere.db").exists());
    assert!(home.path("master.key").exists());
    // A higher source counts, whichever way it says it.
    assert!(
        home.fails(1, "workspace list --config g.toml --database sqlite:none.db").contains("no database at none.db")
    );
    home.write("g.toml", "database_file = \"url\"\ndatabase = \"sqlite:x.db\"\n");
    assert!(home.fails(2, "workspace list --config g.toml").contains("set only one of them"));
}

#[test]
fn an_address_for_others_needs_a_name() {
    let home = Home::new();
    let said = home.fails(2, "serve --listen 0.0.0.0:0");
    assert!(said.starts_with("public_url is needed"), "{said}");
}

#[test]
fn the_help_of_serve_lists_every_key() {
    let help = String::from_utf8(Home::new().run("serve --help", "").stdout).unwrap();
    for key in [
        "listen, GRANTRY_LISTEN",
        "public_url, GRANTRY_PUBLIC_URL",
        "database, GRANTRY_DATABASE",
        "database_file, GRANTRY_DATABASE_FILE",
        "data_dir, GRANTRY_DATA_DIR",
        "master_key_file, GRANTRY_MASTER_KEY_FILE",
        "tls_certificate, GRANTRY_TLS_CERTIFICATE",
        "tls_key, GRANTRY_TLS_KEY",
        "trusted_proxies, GRANTRY_TRUSTED_PROXIES",
        "outbound_ca_file, GRANTRY_OUTBOUND_CA_FILE",
        "outbound_allow_private, GRANTRY_OUTBOUND_ALLOW_PRIVATE",
        "workers, GRANTRY_WORKERS",
        "password_queue, GRANTRY_PASSWORD_QUEUE",
        "postgres_connections, GRANTRY_POSTGRES_CONNECTIONS",
        "log_format, GRANTRY_LOG_FORMAT",
        "log_level, GRANTRY_LOG_LEVEL",
    ] {
        assert!(help.contains(key), "{key}");
    }
}

//! `grantry demo`: what its first page promises.

use crate::world::{Home, Serving};
use serde_json::json;

const ID: &str = "x-pm-local-client";
const SECRET: &str = "179ad45c6ce2cb97cf1029e212046e81";

fn get(url: &str) -> (u16, String, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let mut answer = agent.get(url).call().unwrap();
    let location = answer.headers().get("location").map(|text| text.to_str().unwrap().to_owned());
    (answer.status().as_u16(), location.unwrap_or_default(), answer.body_mut().read_to_string().unwrap())
}

/// The requests of the docs page that need no browser.
fn works(demo: &Serving) {
    let url = demo.url();
    assert_eq!(get(&format!("{url}/readyz")).0, 200);
    assert_eq!(get(&format!("{url}/workflow/oauth2")).0, 200);
    // The demo's app authenticates by its header alone.
    for form in ["grant_type=client_credentials", "grant_type=password&username=bob&password=secret&scope=*"] {
        let answer = ureq::post(format!("{url}/workflow/oauth2/token"))
            .header("authorization", "Basic eC1wbS1sb2NhbC1jbGllbnQ6MTc5YWQ0NWM2Y2UyY2I5N2NmMTAyOWUyMTIwNDZlODE=")
            .content_type("application/x-www-form-urlencoded")
            .send(form)
            .unwrap();
        assert_eq!(answer.status(), 200, "{form}");
    }
    let (status, _, page) = get(&format!("{url}/workflow/oauth2/authorize?response_type=code&client_id={ID}&scope=*"));
    assert!(status == 303 || status == 302, "{status} {page}");
}

#[test]
fn it_has_what_the_docs_page_needs() {
    let home = Home::new();
    let demo = home.start("demo --listen 127.0.0.1:0");
    works(&demo);
    assert_eq!((&demo.ready["client_id"], &demo.ready["client_secret"]), (&json!(ID), &json!(SECRET)));

    let workspace = home.json("workspace show workflow");
    assert_eq!(workspace["name"], "Workflow");
    assert_eq!(workspace["grant_types"].as_array().unwrap().len(), 5);
    let scopes = workspace["scopes"].as_array().unwrap();
    let names: Vec<_> = scopes.iter().map(|scope| scope["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["read", "write", "openid", "profile", "email", "address", "phone", "offline_access"]);
    let app = home.json(&format!("app show --workspace workflow {ID}"));
    assert_eq!(app["redirect_uris"], json!([format!("{}/workflow/oauth2/grant", demo.url())]));
    assert_eq!(app["grant_types"].as_array().unwrap().len(), 5);
    let bob = home.json("user show --workspace workflow bob");
    assert_eq!(bob["claims"].as_object().unwrap().len(), 19, "all of OpenID Connect Core §5.1 but sub");
    assert_eq!(home.json("user show --workspace workflow admin")["admin"], true);
}

#[test]
fn it_is_for_this_machine_only() {
    let home = Home::new();
    for address in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
        let said = home.fails(2, &format!("demo --listen {address}"));
        assert!(said.contains("loopback") && said.contains("its passwords are public"), "{said}");
    }
    assert!(!home.data("").exists());
}

#[test]
fn it_keeps_away_from_real_data() {
    let home = Home::new();
    home.json("workspace create acme");
    assert!(home.fails(1, "demo --listen 127.0.0.1:0").contains("is not a demo's"));
    assert_eq!(home.json("workspace list")["total"], 1);

    let home = Home::new();
    let (status, _) = home.start("demo --listen 127.0.0.1:0").stop();
    assert_eq!(status, Some(0));
    let said = home.fails(1, "serve --listen 0.0.0.0:0 --public-url https://auth.example.com");
    assert!(said.contains("is a demo's"), "{said}");
    // On this machine there is nothing against it.
    drop(home.start("serve --listen 127.0.0.1:0"));
}

#[test]
fn after_kill_9_everything_answered_is_there() {
    let home = Home::new();
    let demo = home.start("demo --listen 127.0.0.1:0");
    let first = demo.url();
    let made = home.json("app create --workspace workflow --name Mine --type service");
    demo.kill_9();
    assert!(home.data("control.sock").exists(), "nobody was there to remove it");

    // Without a server, a socket that nobody answers is in nobody's way.
    assert_eq!(home.json("app list --workspace workflow")["total"], 2);
    let demo = home.start("demo --listen 127.0.0.1:0");
    works(&demo);
    let mut found = home.json(&format!("app show --workspace workflow {}", made["client_id"].as_str().unwrap()));
    found["client_secret"] = made["client_secret"].clone();
    found["issuer"] = made["issuer"].clone();
    assert_eq!(found, made);
    let app = home.json(&format!("app show --workspace workflow {ID}"));
    assert_ne!(demo.url(), first);
    assert_eq!(app["redirect_uris"], json!([format!("{}/workflow/oauth2/grant", demo.url())]));
    let (status, _) = demo.stop();
    assert_eq!(status, Some(0));
    assert!(!home.data("control.sock").exists());
}

//! The app portal: what a developer does there, and what nobody may do there.

mod editing;
mod registering;
mod rights;
mod secrets;

use crate::harness::{Answer, Browser, SECRET, World, basic, wait};
use crate::site::{Page, Site};
use grantry_protocol::authorize::ResponseType;
use grantry_protocol::client::{AccessTokenFormat, Client};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::workspace::AppRegistration;

const NEW: &str = "/acme/oauth2/apps/new";

/// What a developer fills in for a web app.
const WEB: [(&str, &str); 9] = [
    ("name", "Notebook"),
    ("description", "Keeps notes."),
    ("type", "web"),
    ("redirect_uris", "https://notebook.test/cb\r\n"),
    ("grant", "authorization_code"),
    ("grant", "refresh_token"),
    ("grant", "client_credentials"),
    ("scope", "read"),
    ("token_endpoint_auth_method", "client_secret_basic"),
];

/// What a developer fills in for OpenID Connect.
const OPENID: [(&str, &str); 10] = [
    ("scope", "openid"),
    ("post_logout_redirect_uris", "https://notebook.test/bye\r\nhttps://notebook.test/ciao"),
    ("id_token_signed_response_alg", "EdDSA"),
    ("subject_type", "pairwise"),
    ("require_auth_time", ""),
    ("require_auth_time", "true"),
    ("backchannel_logout_session_required", ""),
    ("backchannel_logout_uri", "https://notebook.test/back"),
    ("default_max_age", "60"),
    ("jwks", "{\"keys\":[]}"),
];

/// Fills in a form of the portal: loads the page, and posts its token with `fields`.
fn fill(browser: &mut Browser<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    let token = browser.get(path).form_token(path);
    let mut all = vec![("form_token", token.as_str())];
    all.extend(fields);
    browser.post(path, &all)
}

/// The same fields with one of them changed.
fn with<'f>(name: &'f str, value: &'f str) -> Vec<(&'f str, &'f str)> {
    let mut fields: Vec<_> = WEB.into_iter().filter(|(own, _)| *own != name).collect();
    fields.push((name, value));
    fields
}

/// Registers an app; its client_id.
fn register(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> String {
    let answer = fill(browser, NEW, fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let rest = answer.location().strip_prefix("/acme/oauth2/apps/").unwrap();
    rest.strip_suffix("/secret").unwrap().to_owned()
}

fn secret_on(page: &Answer) -> Option<String> {
    let (_, rest) = page.body.split_once("id=\"client-secret\">")?;
    Some(rest.split('<').next().unwrap().to_owned())
}

/// Registers [`WEB`]; its client_id and secret.
fn register_web(browser: &mut Browser<'_>) -> (String, String) {
    let client_id = register(browser, &WEB);
    let page = browser.get(&format!("/acme/oauth2/apps/{client_id}/secret"));
    (client_id, secret_on(&page).unwrap())
}

fn rotate(browser: &mut Browser<'_>, client_id: &str) -> String {
    let answer = fill(browser, &format!("/acme/oauth2/apps/{client_id}/rotate"), &[]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    secret_on(&browser.get(answer.location())).unwrap()
}

/// The status of a client credentials request.
fn tries(world: &World, client_id: &str, secret: &str) -> u16 {
    let header = basic(client_id, secret);
    world.post("/acme/oauth2/token", "grant_type=client_credentials", &[("authorization", &header)]).status
}

fn client(world: &World, client_id: &str) -> Option<Client> {
    let client_id = client_id.to_owned();
    wait(world.server().store().read(world.workspace, move |tx| tx.find_client(&client_id))).unwrap()
}

fn signed_in<'w>(world: &'w World, username: &str) -> Browser<'w> {
    let mut browser = Browser::new(world);
    assert_eq!(browser.sign_in("/acme/login", username, "secret").status, 303);
    browser
}

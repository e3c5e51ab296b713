//! The docs page: what it is filled with, its requests as they stand, *Try it*, and its callback.

mod callback;
mod id_token;
mod page;
mod try_it;

use crate::harness::{Answer, Browser, ISSUER, PUBLIC_URL, SECRET, VERIFIER, World, basic, wait};
use crate::signer::Signer;
use grantry_protocol::client::{AccessTokenFormat, AuthMethod, Registration};
use grantry_protocol::client_auth::SecretDigest;
use grantry_protocol::jose::Algorithm;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::types::GrantType;
use grantry_protocol::{Scope, UserId};
use grantry_storage::NewClient;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const DOCS: &str = "/acme/oauth2";
const TRY: &str = "/acme/oauth2/try";
const GRANT: &str = "/acme/oauth2/grant";

/// A server whose workspace `acme` is a demo.
fn demo() -> World {
    let world = World::new();
    world.register("demo", |registration| registration.redirect_uris = vec![callback()]);
    world
}

/// The same, with an app that may ask who signed in.
fn openid_demo() -> World {
    let world = World::new();
    world.register("demo", |registration| {
        registration.redirect_uris = vec![callback()];
        registration.scope = Scope::parse("openid profile email read").unwrap();
    });
    world
}

fn callback() -> RedirectUri {
    RedirectUri::register(&format!("{ISSUER}/oauth2/grant")).unwrap()
}

/// Registers an app that belongs to a user.
fn register_for(world: &World, owner: UserId, client_id: &str, change: impl Fn(&mut Registration)) {
    let now = world.server().clock().now();
    let read = world.server().store().read(world.workspace, |tx| tx.find_client("app"));
    let mut registration =
        Registration { redirect_uris: vec![callback()], ..wait(read).unwrap().unwrap().registration };
    registration.name = format!("The {client_id}");
    change(&mut registration);
    let secret = registration.token_endpoint_auth_method != AuthMethod::None;
    let digest = secret.then(|| SecretDigest::of_random(SECRET).as_str().to_owned());
    let new = NewClient { client_id: client_id.to_owned(), registration, digest, owner: Some(owner), dynamic: None };
    wait(world.server().store().write(world.workspace, move |tx| tx.insert_client(&new, now))).unwrap();
}

fn owner(world: &World, username: &'static str) -> UserId {
    let read = world.server().store().read(world.workspace, move |tx| tx.find_user_by_username(username));
    wait(read).unwrap().unwrap().id
}

fn unescaped(html: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .into_iter()
        .fold(html.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

/// The text of every block of code whose opening tag contains `mark`.
fn blocks(page: &Answer, mark: &str) -> Vec<String> {
    let blocks = page.body.split("<pre ").skip(1).filter_map(|rest| rest.split_once("><code>"));
    let marked = blocks.filter(|(tag, _)| tag.contains(mark));
    marked.map(|(_, rest)| unescaped(rest.split("</code>").next().unwrap())).collect()
}

fn block(page: &Answer, mark: &str) -> String {
    blocks(page, mark).into_iter().next().unwrap_or_else(|| panic!("no {mark}: {} {}", page.status, page.body))
}

/// The link with this id.
fn href(page: &Answer, id: &str) -> String {
    let (_, rest) = page.body.split_once(&format!("id=\"{id}\" href=\"")).unwrap_or_else(|| panic!("no link {id}"));
    unescaped(rest.split('"').next().unwrap())
}

/// The path of one of this server's own addresses.
fn path(address: &str) -> &str {
    address.strip_prefix(PUBLIC_URL).unwrap_or(address)
}

/// Sends a text as it stands; only the framing of HTTP/1.1 is added. The status and the body.
fn send(world: &World, text: &str) -> (u16, String) {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = head.replace('\n', "\r\n");
    let mut stream = TcpStream::connect(world.address).unwrap();
    write!(stream, "{head}\r\n{length}Connection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// Whether a token of the demo's app is good.
fn is_active(world: &World, token: &str) -> bool {
    let header = basic("demo", SECRET);
    let answer = world.post("/acme/oauth2/introspect", &format!("token={token}"), &[("authorization", &header)]);
    answer.json()["active"].as_bool().unwrap()
}

/// Fills in a *Try it* form.
fn try_it(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> Answer {
    let token = browser.get(DOCS).hidden_in("/oauth2/try");
    let mut all = vec![("form_token", token.as_str())];
    all.extend_from_slice(fields);
    browser.post(TRY, &all)
}

impl Answer {
    /// The form token of the first form that posts to `action`.
    fn hidden_in(&self, action: &str) -> String {
        let form =
            self.body.split("<form").find(|form| form.contains(action)).unwrap_or_else(|| panic!("{}", self.body));
        Answer { status: self.status, headers: Vec::new(), body: form.to_owned() }.hidden("form_token")
    }
}

/// Follows the live link, signs in as bob where asked, agrees, and stands at the callback.
fn follow(browser: &mut Browser<'_>, docs: &str) -> Answer {
    follow_link(browser, docs, "try-code-link")
}

fn follow_link(browser: &mut Browser<'_>, docs: &str, id: &str) -> Answer {
    let link = href(&browser.get(docs), id);
    let mut answer = browser.get(path(&link));
    while let Some(location) = answer.header("location").map(str::to_owned) {
        answer = match path(&location) {
            login if login.starts_with("/acme/login") => browser.sign_in(login, "bob", "secret"),
            consent if consent.starts_with("/acme/consent") => {
                browser.consent(&answer, "allow", &["write", "profile", "email"])
            }
            elsewhere => browser.get(elsewhere),
        };
    }
    answer
}

/// Sends the exchange form of the callback as it is filled in, but for what is given.
fn exchange(browser: &mut Browser<'_>, page: &Answer, given: &[(&str, &str)]) -> Answer {
    let mut names = vec!["form_token", "code", "client_id", "client_secret", "redirect_uri", "code_verifier"];
    names.extend(page.body.contains("name=\"nonce\"").then_some("nonce"));
    let (_, form) = page.body.split_once("/oauth2/grant\"").unwrap_or_else(|| panic!("{}", page.body));
    let form = Answer { status: page.status, headers: Vec::new(), body: form.to_owned() };
    let value = |name: &&str| given.iter().find(|(own, _)| own == name).map(|(_, value)| (*value).to_owned());
    let filled: Vec<_> = names.iter().map(|name| (*name, value(name).unwrap_or_else(|| form.hidden(name)))).collect();
    let fields: Vec<_> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(GRANT, &fields)
}

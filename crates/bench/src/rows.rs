//! The rows of the table: what is asked, what is right, and what must be reached.

use crate::Outcome;
use crate::ask::{ask, get};
use crate::world::{SLUG, World};
use grantry_protocol::jose::Algorithm;
use std::net::SocketAddr;

/// Makes the requests of a turn.
type Requests = fn(&World, Turn) -> Outcome<Vec<String>>;

/// A row of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) connections: &'static [usize],
    pub(crate) kind: Kind,
    /// Status and part of every right answer.
    pub(crate) right: (u16, &'static str),
    pub(crate) requests: Requests,
    pub(crate) bar: Bar,
    /// How many times the requests per second of the peer on SQLite.
    pub(crate) times_peer: Option<f64>,
}

/// Clients that rotate at the same time.
pub(crate) const ROTATING_CLIENTS: usize = 4;

/// How requests are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Again,
    Once,
    Rotate,
}

impl Kind {
    /// Threads of the load generator, which has one core. More than one sleep in turn, and waking them is work of the server; but an
    /// answer to a rotation goes on with the client of its thread.
    pub(crate) const fn threads(self) -> usize {
        match self {
            Self::Again | Self::Once => 1,
            Self::Rotate => ROTATING_CLIENTS,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Again => "again",
            Self::Once => "once",
            Self::Rotate => "rotate",
        }
    }
}

/// What the CPU per request is compared with, and which part of ours it must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// The bare endpoint.
    Bare(f64),
    /// One signature in a tight loop.
    Signature(Algorithm, f64),
    /// One password hash in a tight loop, while others get tokens.
    Password(f64),
}

impl Bar {
    /// The figure.
    pub(crate) const fn least(self) -> f64 {
        match self {
            Self::Bare(least) | Self::Signature(_, least) | Self::Password(least) => least,
        }
    }
}

/// Which run it is, and of which server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) number: usize,
    pub(crate) address: SocketAddr,
}

const TOKEN: (u16, &str) = (200, "\"access_token\":\"gry_at_");
const JWT: (u16, &str) = (200, "\"access_token\":\"eyJ");

/// The row that runs beside passwords.
pub(crate) const BESIDE: Row = Row {
    name: "client credentials, opaque",
    connections: &[64, 256],
    kind: Kind::Again,
    right: TOKEN,
    requests: |world, _| Ok(world.client_credentials()),
    bar: Bar::Bare(0.65),
    times_peer: None,
};

/// Every row. `openid`: code exchange issues an ID token too.
pub(crate) fn rows(openid: bool) -> Vec<Row> {
    [vec![BESIDE], jwt(), grants(openid), documents(), passwords()].into_iter().flatten().collect()
}

/// A row whose requests can be sent again, by 64 connections.
fn row(name: &'static str, right: (u16, &'static str), requests: Requests, bar: Bar) -> Row {
    Row { name, connections: &[64], kind: Kind::Again, right, requests, bar, times_peer: None }
}

fn jwt() -> Vec<Row> {
    use Algorithm::{ES256, EdDSA, RS256};
    vec![
        row("client credentials, JWT EdDSA", JWT, |it, _| Ok(it.jwt_client_credentials(EdDSA)), Bar::Bare(0.27)),
        row("client credentials, JWT ES256", JWT, |it, _| Ok(it.jwt_client_credentials(ES256)), Bar::Bare(0.20)),
        row(
            "client credentials, JWT RS256",
            JWT,
            |it, _| Ok(it.jwt_client_credentials(RS256)),
            Bar::Signature(RS256, 0.85),
        ),
    ]
}

/// What asks about grants, or changes them.
fn grants(openid: bool) -> Vec<Row> {
    let refreshed = (200, "\"refresh_token\":\"gry_rt_");
    let exchanged = if openid { (200, "\"id_token\":\"eyJ") } else { refreshed };
    let active = (200, "\"active\":true");
    let introspection =
        row("introspection, opaque", active, |it, turn| Ok(it.introspection(turn.number)), Bar::Bare(0.60));
    let rotation =
        row("refresh, rotating, durable", refreshed, |it, turn| Ok(it.rotation(turn.number)), Bar::Bare(0.25));
    let refresh =
        row("refresh, confidential", TOKEN, |it, turn| Ok(it.confidential_refresh(turn.number)), Bar::Bare(0.45));
    let code =
        row("code exchange, PKCE, durable", exchanged, |it, turn| Ok(it.code_exchange(turn.number)), Bar::Bare(0.11));
    vec![
        Row { connections: &[64, 256], ..introspection },
        Row { connections: &[256], kind: Kind::Rotate, times_peer: Some(100.0), ..rotation },
        Row { connections: &[64, 256], ..refresh },
        Row { connections: &[256], kind: Kind::Once, times_peer: Some(50.0), ..code },
        row("authorize, remembered consent", (303, "code=gry_ac_"), |it, _| Ok(it.authorize()), Bar::Bare(0.15)),
    ]
}

fn documents() -> Vec<Row> {
    vec![
        row("discovery", (200, "\"issuer\":"), |it, _| Ok(it.discovery()), Bar::Bare(0.90)),
        row("key set", (200, "\"keys\":["), |it, _| Ok(it.key_set()), Bar::Bare(0.90)),
    ]
}

/// Few connections: more would only wait for each other.
fn passwords() -> Vec<Row> {
    let grant = row("password grant", TOKEN, |it, _| Ok(it.password_grant()), Bar::Password(0.90));
    let login = row("password login", (303, "/oauth2"), login, Bar::Password(0.90));
    [grant, login].map(|row| Row { connections: &[8], ..row }).into()
}

fn login(world: &World, turn: Turn) -> Outcome<Vec<String>> {
    let page = ask(turn.address, &get(&format!("/{SLUG}/login"), None))?;
    let cookie = page.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let token = page.body.split("name=\"form_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let (cookie, token) = cookie.zip(token).ok_or("the login page has no form token, or sets no cookie")?;
    Ok(world.login(token, cookie))
}

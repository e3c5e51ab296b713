//! Which app the docs page is filled with: the reader's own, the demo's, or none.

use super::{AppChoice, AppOrigin, DocsApp};
use crate::browser::Browser;
use crate::here::Here;
use crate::reply::Failure;
use crate::settings::Demo;
use grantry_protocol::client::{AuthMethod, Client, Registration};
use grantry_protocol::jose::Algorithm;
use grantry_storage::{ClientFilter, Page};

/// How many of the reader's apps are offered to choose from; the others can still be named in the address.
const MOST_CHOICES: i64 = 100;

/// The app that was chosen, and what else could be.
pub(crate) struct Chosen {
    /// What the page shows of it.
    pub(crate) app: DocsApp,
    /// What is registered about it; none behind placeholders.
    pub(crate) client: Option<Client>,
    /// Everything that this reader can choose.
    pub(crate) choices: Vec<AppChoice>,
}

/// The apps that the page may be filled with for one reader. An admin's are those that the admin registered: the others'
/// secrets are not the admin's to try with.
struct Eligible {
    own: Vec<Client>,
    demo: Option<Client>,
}

/// Chooses the app named `asked`, if it is one that this reader may choose; otherwise the demo's, the reader's first, or none.
pub(crate) async fn choose(here: &Here, browser: &Browser, asked: Option<&str>) -> Result<Chosen, Failure> {
    let eligible = find(here, browser, asked).await?;
    let named = |client: &&Client| Some(client.client_id.as_str()) == asked;
    let own = eligible.own.iter().find(named);
    let (client, origin) = match (own, eligible.demo.as_ref(), eligible.own.first()) {
        (Some(own), _, _) | (None, None, Some(own)) => (Some(own), AppOrigin::Own),
        (None, Some(demo), _) => (Some(demo), AppOrigin::Demo),
        (None, None, None) => (None, AppOrigin::Placeholder),
    };
    let choices = if eligible.own.is_empty() { Vec::new() } else { choices(&eligible, client) };
    let app = client.map_or_else(placeholder, |client| shown(here, client, origin));
    Ok(Chosen { app, client: client.cloned(), choices })
}

async fn find(here: &Here, browser: &Browser, asked: Option<&str>) -> Result<Eligible, Failure> {
    let owner = browser.user().map(|user| user.id);
    let demo = demo(here).map(|demo| demo.client_id);
    let asked = asked.map(str::to_owned);
    let mut eligible = here
        .read(move |tx| {
            let demo = demo.map(|id| tx.find_client(id)).transpose()?.flatten();
            let Some(owner) = owner else { return Ok(Eligible { own: Vec::new(), demo }) };
            let filter = ClientFilter { owner: Some(owner), ..ClientFilter::default() };
            let mut own = tx.list_clients(&filter, Page { limit: MOST_CHOICES, offset: 0 })?;
            let asked = asked.as_deref().map(|id| tx.find_client(id)).transpose()?.flatten();
            let beyond = asked.filter(|app| app.owner == Some(owner) && own.iter().all(|known| known.row != app.row));
            own.extend(beyond);
            Ok(Eligible { own, demo })
        })
        .await?;
    eligible.demo = eligible.demo.filter(|client| client.disabled_at.is_none());
    let demo = eligible.demo.as_ref().map(|client| client.row);
    eligible.own.retain(|client| client.disabled_at.is_none() && Some(client.row) != demo);
    Ok(eligible)
}

fn choices(eligible: &Eligible, selected: Option<&Client>) -> Vec<AppChoice> {
    let all = eligible.demo.iter().chain(&eligible.own);
    let choice = |client: &Client| AppChoice {
        client_id: client.client_id.clone(),
        name: client.registration.name.clone(),
        selected: selected.is_some_and(|selected| selected.row == client.row),
    };
    all.map(choice).collect()
}

/// The demo's credentials, in the demo's workspace.
fn demo(here: &Here) -> Option<&Demo> {
    here.server.settings().demo.as_ref().filter(|demo| demo.workspace == here.row().slug.as_str())
}

fn shown(here: &Here, client: &Client, origin: AppOrigin) -> DocsApp {
    let demo = demo(here).filter(|_| origin == AppOrigin::Demo);
    let registered = &client.registration;
    let callback = super::callback(here.issuer());
    let callback_registered = registered.redirect_uris.iter().any(|uri| uri.as_str() == callback);
    let first = registered.redirect_uris.first().map(|uri| uri.as_str().to_owned());
    let (username, password) = demo.map(|demo| (demo.username, *demo.password.expose())).unwrap_or_default();
    DocsApp {
        origin,
        name: registered.name.clone(),
        client_id: client.client_id.clone(),
        client_secret: demo.map(|demo| (*demo.client_secret.expose()).to_owned()),
        method: registered.token_endpoint_auth_method,
        assertion_algorithm: assertion_algorithm(registered),
        redirect_uri: if callback_registered { Some(callback) } else { first },
        redirect_uri_count: registered.redirect_uris.len(),
        callback_registered,
        scopes: here.row().known_of(&registered.scope).iter().map(str::to_owned).collect(),
        try_username: username.to_owned(),
        try_password: password.to_owned(),
    }
}

/// By which algorithm the app signs its assertions: the registered one, or the usual one of its kind of key.
fn assertion_algorithm(registered: &Registration) -> String {
    let usual = match registered.token_endpoint_auth_method {
        AuthMethod::ClientSecretJwt => "HS256",
        _ => Algorithm::ES256.as_str(),
    };
    registered.openid.token_endpoint_auth_signing_alg.clone().unwrap_or_else(|| usual.to_owned())
}

/// An app that nobody has registered yet.
fn placeholder() -> DocsApp {
    DocsApp {
        origin: AppOrigin::Placeholder,
        name: String::new(),
        client_id: "CLIENT_ID".to_owned(),
        client_secret: None,
        method: AuthMethod::ClientSecretBasic,
        assertion_algorithm: String::new(),
        redirect_uri: Some("https://app.example/callback".to_owned()),
        redirect_uri_count: 1,
        callback_registered: false,
        scopes: Vec::new(),
        try_username: String::new(),
        try_password: String::new(),
    }
}

//! The list of apps: `GET /{workspace}/oauth2/apps?q=…&page=…`.

use crate::pages::layout::{Frame, When};
use crate::reader::Reader;
use crate::reply::Failure;
use crate::words;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use grantry_protocol::UserId;
use grantry_protocol::client::Client;
use grantry_protocol::workspace::AppRegistration;
use grantry_storage::{ClientFilter, Page};
use std::collections::HashMap;

/// The reader's own apps; for an admin, every app of the workspace.
#[derive(Template)]
#[template(path = "en/apps/list.html")]
pub(crate) struct ListPage {
    pub(crate) frame: Frame,
    /// What was searched for; empty for everything.
    pub(crate) query: String,
    pub(crate) apps: Vec<AppRow>,
    /// How many apps match, on all pages.
    pub(crate) total: u64,
    /// The number of the first app shown, from 1.
    pub(crate) first: u64,
    /// The number of the last app shown.
    pub(crate) last: u64,
    pub(crate) previous_href: Option<String>,
    pub(crate) next_href: Option<String>,
    /// Whether the reader may register apps here.
    pub(crate) may_register: bool,
    /// An app has just been deleted.
    pub(crate) deleted: bool,
}

/// One app.
pub(crate) struct AppRow {
    pub(crate) name: String,
    pub(crate) client_id: String,
    /// `web`, `spa`, `native` or `service`.
    pub(crate) kind: String,
    pub(crate) created: When,
    /// When the newest secret was made; `None` for an app without one.
    pub(crate) rotated: Option<When>,
    /// Shown to admins.
    pub(crate) owner: Option<String>,
}

/// Apps on one page of the list.
const PER_PAGE: i64 = 20;

/// What one page of the list holds.
struct Found {
    total: i64,
    /// The page that is shown: the one that was asked for, or the last.
    page: i64,
    clients: Vec<Client>,
    /// The names of their owners.
    owners: HashMap<UserId, String>,
}

/// `GET W/oauth2/apps`.
pub(crate) async fn get(reader: Reader) -> Result<Response, Failure> {
    let query = reader.asked("q").trim().to_owned();
    let owner = (!reader.is_admin()).then_some(reader.user.id);
    let filter = ClientFilter { owner, search: query.clone() };
    let page = reader.asked("page").parse().unwrap_or(1);
    let found = find(&reader, filter, page).await?;
    let first = (found.page - 1) * PER_PAGE + 1;
    let last = first - 1 + i64::try_from(found.clients.len()).unwrap_or(0);
    let list = ListPage {
        frame: reader.frame(),
        previous_href: (found.page > 1).then(|| href(&reader, &query, found.page - 1)),
        next_href: (last < found.total).then(|| href(&reader, &query, found.page + 1)),
        may_register: may_register(&reader),
        deleted: reader.asked("deleted") == "yes",
        query,
        total: count(found.total),
        first: count(if last == 0 { 0 } else { first }),
        last: count(last),
        apps: found.clients.iter().map(|client| row(client, &found.owners, reader.is_admin())).collect(),
    };
    reader.show(&list, StatusCode::OK)
}

/// Whether the workspace lets this person register apps.
pub(super) fn may_register(reader: &Reader) -> bool {
    reader.is_admin() || reader.here.row().policy.app_registration == AppRegistration::Users
}

async fn find(reader: &Reader, filter: ClientFilter, page: i64) -> Result<Found, Failure> {
    let found = reader.here.read(move |tx| {
        let total = tx.count_clients(&filter)?;
        let last_page = (total + PER_PAGE - 1) / PER_PAGE;
        let page = page.min(last_page).max(1);
        let clients = tx.list_clients(&filter, Page { limit: PER_PAGE, offset: (page - 1) * PER_PAGE })?;
        let mut owners = HashMap::new();
        for owner in clients.iter().filter_map(|client| client.owner) {
            if !owners.contains_key(&owner) {
                owners.extend(tx.find_user(owner)?.map(|user| (owner, user.username)));
            }
        }
        Ok(Found { total, page, clients, owners })
    });
    found.await
}

fn row(client: &Client, owners: &HashMap<UserId, String>, for_admin: bool) -> AppRow {
    let owner = client.owner.and_then(|owner| owners.get(&owner).cloned());
    AppRow {
        name: client.registration.name.clone(),
        client_id: client.client_id.clone(),
        kind: client.registration.application_type.as_str().to_owned(),
        created: words::when(client.created_at),
        rotated: client.secrets.first().map(|secret| words::when(secret.created_at)),
        owner: owner.filter(|_| for_admin),
    }
}

fn href(reader: &Reader, query: &str, page: i64) -> String {
    let mut parameters = form_urlencoded::Serializer::new(String::new());
    if !query.is_empty() {
        parameters.append_pair("q", query);
    }
    parameters.append_pair("page", &page.to_string());
    format!("{}?{}", reader.here.path("/oauth2/apps"), parameters.finish())
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

//! The user's own page: `GET /{workspace}/account`.

use super::device;
use crate::here::Here;
use crate::pages::layout::{Frame, When};
use crate::reader::Reader;
use crate::reply::{Failure, see_other};
use crate::words;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use grantry_protocol::account::{Session, User};
use grantry_protocol::{Scope, SessionId, claims};

/// Profile, connected apps, sessions.
#[derive(Template)]
#[template(path = "en/account/home.html")]
pub(crate) struct AccountPage {
    pub(crate) frame: Frame,
    /// The token of the form that signs out many.
    pub(crate) form_token: String,
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) email: Option<String>,
    pub(crate) apps: Vec<ConnectedApp>,
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) notice: Option<AccountNotice>,
}

/// An app that the user has let in.
pub(crate) struct ConnectedApp {
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<ConnectedScope>,
    pub(crate) first_granted: When,
    /// When a token was last issued; `None` when never.
    pub(crate) last_used: Option<When>,
}

/// What the user has allowed.
pub(crate) struct ConnectedScope {
    pub(crate) name: String,
    /// May be empty.
    pub(crate) description: String,
}

/// A signed-in browser.
pub(crate) struct SessionRow {
    /// The token of the form that ends this session: it names the session, sealed.
    pub(crate) form_token: String,
    /// E.g. "Firefox on Linux"; what the user agent says.
    pub(crate) device: String,
    pub(crate) address: String,
    pub(crate) signed_in: When,
    pub(crate) last_seen: When,
    /// The browser that asks.
    pub(crate) this_one: bool,
}

/// What has just been done.
pub(crate) enum AccountNotice {
    /// The profile was saved.
    ProfileSaved,
    /// The password was changed.
    PasswordChanged,
    /// An app's access was withdrawn.
    Withdrawn {
        /// The app's name.
        app_name: String,
    },
    /// One other session was signed out.
    SessionSignedOut,
    /// All other sessions were signed out.
    OthersSignedOut,
    /// The form was too old; nothing was done.
    StaleForm,
}

impl AccountPage {
    /// Whether another browser is signed in.
    pub(crate) fn has_other_sessions(&self) -> bool {
        self.sessions.iter().any(|session| !session.this_one)
    }
}

/// What the form that signs out many is bound to.
pub(super) const END_SESSIONS: &str = "end-sessions";
/// What the form that ends one session is bound to, before the session's id.
pub(super) const END_SESSION: &str = "end-session:";

/// `GET W/account`.
pub(crate) async fn get(reader: Reader) -> Result<Response, Failure> {
    show(reader, None).await
}

/// `GET` of a URL that only takes forms, e.g. after going back: to the page with the forms.
pub(crate) async fn to_home(here: Here) -> Response {
    see_other(&here.path("/account"))
}

/// The page after a form that was open for too long, or did not come from our page.
pub(super) async fn show_stale(reader: Reader) -> Result<Response, Failure> {
    show(reader, Some(AccountNotice::StaleForm)).await
}

async fn show(reader: Reader, problem: Option<AccountNotice>) -> Result<Response, Failure> {
    let (user, now) = (reader.user.id, reader.here.now);
    let withdrawn = reader.asked("withdrawn");
    let found = reader.here.read(move |tx| {
        let app = if withdrawn.is_empty() { None } else { tx.find_client(&withdrawn)? };
        Ok((tx.list_connected_apps(user, now)?, tx.list_sessions(user, now)?, app))
    });
    let (apps, sessions, withdrawn) = found.await?;
    // A link could say anything: what the page says is so.
    let withdrawn = withdrawn.filter(|client| apps.iter().all(|app| app.client_id != client.client_id));
    let done = withdrawn.map(|client| AccountNotice::Withdrawn { app_name: client.registration.name });
    let status = if problem.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    let connected = apps.into_iter().map(|app| ConnectedApp {
        scopes: scopes(&reader.here, &app.scope),
        client_id: app.client_id,
        name: app.name,
        first_granted: words::when(app.granted_at),
        last_used: app.last_used_at.map(words::when),
    });
    let page = AccountPage {
        frame: reader.frame(),
        form_token: reader.form_token(END_SESSIONS),
        username: reader.user.username.clone(),
        display_name: reader.user.display_name.clone(),
        email: email(&reader.user),
        apps: connected.collect(),
        sessions: sessions.iter().map(|session| session_row(&reader, session)).collect(),
        notice: problem.or(done).or_else(|| notice(&reader.asked("done"))),
    };
    reader.show(&page, status)
}

fn notice(done: &str) -> Option<AccountNotice> {
    match done {
        "profile" => Some(AccountNotice::ProfileSaved),
        "password" => Some(AccountNotice::PasswordChanged),
        "session" => Some(AccountNotice::SessionSignedOut),
        "others" => Some(AccountNotice::OthersSignedOut),
        _ => None,
    }
}

/// Scopes, with what they allow in the words of the workspace.
pub(super) fn scopes(here: &Here, scope: &Scope) -> Vec<ConnectedScope> {
    let described = |name: &str| here.row().scopes.iter().find(|known| known.name == name);
    let shown = scope.iter().map(|name| ConnectedScope {
        name: name.to_owned(),
        description: described(name).map(|known| known.description.clone()).unwrap_or_default(),
    });
    shown.collect()
}

fn session_row(reader: &Reader, session: &Session) -> SessionRow {
    let SessionId(id) = session.id;
    SessionRow {
        form_token: reader.form_token(&format!("{END_SESSION}{id}")),
        device: device::name(&session.user_agent),
        address: session.address.clone(),
        signed_in: words::when(session.auth_time),
        last_seen: words::when(session.last_seen_at),
        this_one: session.id == reader.session.id,
    }
}

/// OpenID Connect Core §5.1: the `email` claim.
fn email(user: &User) -> Option<String> {
    claims::read(&user.claims).get("email")?.as_str().map(str::to_owned)
}

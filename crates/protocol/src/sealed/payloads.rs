//! What each kind of sealed text states. Field order is the wire order (postcard): add at the end of a new kind only.

use super::{Kind, Statement};
use crate::logout::LogoutRequest;
use crate::scope::Scope;
use crate::types::{ClientRow, GrantId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// An access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// Its own id (`jti`), by which this one token can be denied.
    pub token_id: [u8; 16],
    /// On whose behalf it acts.
    pub about: AccessSubject,
    /// What it allows.
    pub scope: Scope,
    /// The resource servers it is meant for; none: every one of the workspace.
    pub audience: Vec<String>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

/// On whose behalf an access token acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessSubject {
    /// A user, by what they granted.
    Grant(GrantId),
    /// The client itself (RFC 6749 §4.4).
    Client(ClientRow),
}

/// What a JWT access token is about; a claim of it, which is its only form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessReference {
    /// On whose behalf it acts.
    pub about: AccessSubject,
    /// Whether it is meant for every resource server of the workspace; its `aud` is then the issuer.
    pub meant_for_all: bool,
}

/// A refresh token: a grant and how often it was rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshToken {
    /// The grant.
    pub grant: GrantId,
    /// The rotation it belongs to.
    pub generation: i64,
}

/// An authorization code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// The pending grant.
    pub grant: GrantId,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

/// The cookie of a signed-in browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCookie {
    /// The session.
    pub session: SessionId,
}

/// The cookie that names a browser until it is closed: something for form tokens to be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserCookie {
    /// Random.
    pub browser: [u8; 16],
}

/// The cookie of a browser that a user has signed in with, so that strangers' failures do not slow it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCookie {
    /// Who signed in.
    pub user: UserId,
    /// Random; tells two browsers of one user apart.
    pub device: [u8; 16],
}

/// Proves that a posted form is one that we rendered for this browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormToken {
    /// What it is bound to: a browser, and who was signed in there.
    pub holder: Vec<u8>,
    /// The form's action.
    pub action: String,
    /// When the form has to be loaded again.
    pub expires_at: Timestamp,
}

/// An authorization request that waits for a login or a consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRequest {
    /// The request as it was sent, as a query component.
    pub query: String,
    /// When it was sent.
    pub asked_at: Timestamp,
    /// When it has waited too long.
    pub expires_at: Timestamp,
    /// Who was signed in when it was sent.
    pub session: Option<SessionId>,
    /// The session that the person has chosen to go on with.
    pub chosen: Option<SessionId>,
}

/// A client secret on its way to the page that shows it once. It has no `Debug`: nothing presentable is ever logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshSecret {
    /// Whose secret it is.
    pub client: ClientRow,
    /// The secret itself.
    pub secret: String,
    /// When it can no longer be shown.
    pub expires_at: Timestamp,
}

/// What lets an app register itself: whoever has it may, as often as they like, until it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialAccessToken {
    /// When it stops being good.
    pub expires_at: Timestamp,
}

/// What lets an app that registered itself see and change that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationAccessToken {
    /// The app.
    pub client: ClientRow,
}

/// What a browser has to do whose session has just ended, on its way to the page that does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOut {
    /// The browser: what was sealed for one leads no other anywhere.
    pub browser: [u8; 16],
    /// The session, as clients know it.
    pub sid: String,
    /// The clients that are told by frames (Front-Channel Logout).
    pub clients: Vec<ClientRow>,
    /// Where the person goes on to, which a client registered.
    pub goes_on: Option<String>,
    /// When the page is one like any other.
    pub expires_at: Timestamp,
}

macro_rules! statement {
    ($($payload:ty => $kind:ident),* $(,)?) => {
        $(impl Statement for $payload { const KIND: Kind = Kind::$kind; })*
    };
}

statement! {
    AccessToken => AccessToken,
    AccessReference => AccessReference,
    RefreshToken => RefreshToken,
    AuthorizationCode => AuthorizationCode,
    SessionCookie => Session,
    BrowserCookie => Browser,
    DeviceCookie => Device,
    FormToken => Form,
    WaitingRequest => Request,
    FreshSecret => FreshSecret,
    InitialAccessToken => InitialAccessToken,
    RegistrationAccessToken => RegistrationAccessToken,
    LogoutRequest => LogoutRequest,
    SignedOut => SignedOut,
}

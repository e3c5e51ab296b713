//! RFC 6749 §4.1.1: sign in, ask, or answer.

use super::respond::RedirectTarget;
use super::validate::{ResponseType, ValidRequest};
use crate::account::Consent;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::grant::{GrantState, NewGrant};
use crate::scope::Scope;
use crate::types::{GrantType, SessionId, Timestamp, UserId};
use crate::workspace::{Lifetimes, ScopeDefinition, Workspace};

/// Who sits in front of the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The user.
    pub user: UserId,
    /// Their session.
    pub session: SessionId,
    /// When they proved who they are.
    pub auth_time: Timestamp,
}

/// What to do with a valid request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nobody is signed in.
    SignIn(ValidRequest),
    /// The person has not yet agreed to this.
    Ask(Question),
    /// The person agreed earlier to all of it.
    Answer(Authorized),
}

/// Decides what a valid request needs next.
pub fn decide(request: ValidRequest, signed_in: Option<SignedIn>, consent: Option<&Consent>) -> Decision {
    let Some(by) = signed_in else {
        return Decision::SignIn(request);
    };
    let remembered = consent.is_some_and(|consent| request.scope.is_within(&consent.scope));
    // RFC 8252 §8.6: any program on the device can claim such a redirect URI, so a remembered yes does not speak for it.
    if remembered && !can_be_impersonated(&request) {
        let scope = request.scope.clone();
        return Decision::Answer(Authorized { request, by, scope });
    }
    let known = consent.map(|consent| consent.scope.clone()).unwrap_or_default();
    Decision::Ask(Question { request, by, known })
}

/// Whether some other program on the device could receive the answer and use it: a code of a client with a secret it could not.
fn can_be_impersonated(request: &ValidRequest) -> bool {
    let usable_by_anyone = request.client.is_public() || request.response_type == ResponseType::Token;
    usable_by_anyone && !request.target.uri().starts_with("https://")
}

/// A request that a person has to agree to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    request: ValidRequest,
    by: SignedIn,
    known: Scope,
}

impl Question {
    /// The client that asks.
    pub const fn client(&self) -> &Client {
        self.request.client()
    }

    /// Where the answer goes.
    pub const fn target(&self) -> &RedirectTarget {
        &self.request.target
    }

    /// Who is asked.
    pub const fn by(&self) -> SignedIn {
        self.by
    }

    /// The request.
    pub const fn request(&self) -> &ValidRequest {
        &self.request
    }

    /// What is asked, as the workspace describes it.
    pub fn scopes<'w>(&self, workspace: &'w Workspace) -> Vec<&'w ScopeDefinition> {
        workspace.scopes.iter().filter(|scope| self.request.scope.contains(&scope.name)).collect()
    }

    /// Whether the person allowed this scope before.
    pub fn is_known(&self, scope: &str) -> bool {
        self.known.contains(scope)
    }

    /// The person said yes, with these optional scopes ticked; the others of what was asked are required.
    pub fn allow(self, ticked: &Scope, workspace: &Workspace) -> Result<Authorized, OAuthError> {
        let scope = self.request.scope.clone();
        Authorized { request: self.request, by: self.by, scope }.narrow(ticked, workspace)
    }
}

/// The person said no (RFC 6749 §4.1.2.1).
pub const fn denied(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::AccessDenied, Rule::rfc(6749, "4.1.2.1"), description)
}

/// A request that a person has agreed to. Made only by [`decide`] and [`Question::allow`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorized {
    request: ValidRequest,
    by: SignedIn,
    scope: Scope,
}

impl Authorized {
    /// The client it was given to.
    pub const fn client(&self) -> &Client {
        self.request.client()
    }

    /// Where the answer goes.
    pub const fn target(&self) -> &RedirectTarget {
        &self.request.target
    }

    /// The same with these optional scopes ticked only, and the required ones.
    pub fn narrow(self, ticked: &Scope, workspace: &Workspace) -> Result<Self, OAuthError> {
        let required: Scope =
            workspace.scopes.iter().filter(|scope| !scope.optional).map(|s| s.name.as_str()).collect();
        // RFC 6749 §3.3: the person may narrow what is asked; a name that was not asked for is of no effect.
        let scope = self.scope.intersection(&required.union(ticked));
        if scope.is_empty() && !self.scope.is_empty() {
            return Err(denied("the user allowed none of the scopes"));
        }
        Ok(Self { scope, ..self })
    }

    /// Who agreed.
    pub const fn by(&self) -> SignedIn {
        self.by
    }

    /// To what.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What the client gets.
    pub const fn response_type(&self) -> ResponseType {
        self.request.response_type
    }

    /// The grant to write: pending with a code, active with a token.
    pub fn to_grant(&self, lifetimes: &Lifetimes, now: Timestamp) -> NewGrant {
        let (grant_type, state, lifetime) = match self.request.response_type {
            ResponseType::Code => (GrantType::AuthorizationCode, GrantState::Pending, lifetimes.code),
            // RFC 6749 §4.2.2: the implicit grant issues no refresh token.
            ResponseType::Token => (GrantType::Implicit, GrantState::Active, lifetimes.access_token),
        };
        NewGrant {
            user: self.by.user,
            client: self.client().row,
            session: Some(self.by.session),
            grant_type,
            scope: self.scope.clone(),
            auth_time: self.by.auth_time,
            redirect_uri: self.request.presented_redirect_uri.clone(),
            code_challenge: self.request.code_challenge.clone(),
            state,
            created_at: now,
            refresh_until: None,
            expires_at: now.plus(lifetime),
        }
    }
}

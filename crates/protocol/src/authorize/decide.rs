//! RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.3, §3.1.2.4: sign in, ask, or answer.

use super::openid::{AuthenticationRequest, OPENID};
use super::respond::RedirectTarget;
use super::response_type::ResponseType;
use super::validate::ValidRequest;
use crate::account::Consent;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::grant::{GrantState, NewGrant, OpenidGrant};
use crate::id_token::ACR_PASSWORD;
use crate::scope::Scope;
use crate::types::{GrantType, Seconds, SessionId, Timestamp, UserId};
use crate::workspace::{Lifetimes, ScopeDefinition, Workspace};

/// Who sits in front of the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The user.
    pub user: UserId,
    /// Their session.
    pub session: SessionId,
    /// What clients call that session.
    pub sid: String,
    /// When they proved who they are.
    pub auth_time: Timestamp,
}

/// What is known when a request is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Who is signed in.
    pub person: Option<&'a SignedIn>,
    /// What they agreed to.
    pub consent: Option<&'a Consent>,
    /// Whether the request expects somebody else: by an ID Token as hint, or by the `sub` it asks for.
    pub expects_another: bool,
    /// Since when, and by whom, the request has waited; none when it has just arrived.
    pub waited: Option<Waited>,
    /// The moment.
    pub now: Timestamp,
}

/// A request that comes back from a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// When it was sent.
    pub since: Timestamp,
    /// Who was signed in then.
    pub session: Option<SessionId>,
    /// The session that the person has chosen to go on with.
    pub chosen: Option<SessionId>,
}

/// What to do with a valid request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The person has to prove who they are: nobody is signed in, or not lately, or somebody else is expected.
    SignIn(ValidRequest),
    /// The person makes an account, or signs in with the one they have.
    SignUp(ValidRequest),
    /// The person has to say with which account they go on.
    Choose(ValidRequest),
    /// The person has not yet agreed to this.
    Ask(Question),
    /// The person agreed earlier to all of it.
    Answer(Authorized),
    /// It cannot be granted; the app is told by redirect.
    Refuse(Box<RedirectTarget>, OAuthError),
}

/// Decides what a valid request needs next.
pub fn decide(request: ValidRequest, known: Known<'_>) -> Decision {
    let prompt = request.authentication.prompt;
    let silently = |decision, code, description| match prompt.none {
        // OpenID Connect Core §3.1.2.1: with prompt=none no page is shown, and the app is told which one would be needed.
        true => Decision::Refuse(
            Box::new(request.target.clone()),
            OAuthError::new(code, Rule::oidc_core("3.1.2.6"), description),
        ),
        false => decision,
    };
    let Some(by) = known.person.filter(|person| !has_to_sign_in(&request, person, &known)) else {
        let description =
            "prompt=none was asked, and nobody is signed in, or not lately enough, or not who is expected";
        // Initiating User Registration §4.1: the page that makes an account instead of the one that asks for it.
        let page = if prompt.create { Decision::SignUp } else { Decision::SignIn };
        return silently(page(request.clone()), ErrorCode::LoginRequired, description);
    };
    // OpenID Connect Core §3.1.2.3: nobody but the expected person is answered about.
    if known.expects_another {
        let description = "the person who signed in is not the one whom id_token_hint or the claims parameter names";
        let error = OAuthError::new(ErrorCode::LoginRequired, Rule::oidc_core("3.1.2.2"), description);
        return Decision::Refuse(Box::new(request.target), error);
    }
    let has_chosen = is_fresh(by, &known) || known.waited.is_some_and(|waited| waited.chosen == Some(by.session));
    if prompt.select_account && !has_chosen {
        return Decision::Choose(request);
    }
    let by = by.clone();
    if !meets_acr(&request) {
        let description = "none of the acr values that the request calls essential can be reached here";
        let error =
            OAuthError::new(ErrorCode::UnmetAuthenticationRequirements, Rule::oidc_core("5.5.1.1"), description);
        return Decision::Refuse(Box::new(request.target), error);
    }
    let asked = request.asked();
    let remembered = known.consent.is_some_and(|consent| asked.is_within(&consent.scope));
    // RFC 8252 §8.6: any program on the device can claim such a redirect URI, so a remembered yes does not speak for it.
    if remembered && !prompt.consent && !can_be_impersonated(&request) {
        return Decision::Answer(Authorized { request, by, agreed: asked });
    }
    let before = known.consent.map(|consent| consent.scope.clone()).unwrap_or_default();
    let description = "prompt=none was asked, and the user has not agreed to this yet";
    let question = Question { request: request.clone(), by, known: before };
    silently(Decision::Ask(question), ErrorCode::ConsentRequired, description)
}

/// Whether the person signed in since the request was sent.
fn is_fresh(person: &SignedIn, known: &Known<'_>) -> bool {
    known.waited.is_some_and(|waited| waited.session != Some(person.session) && person.auth_time >= waited.since)
}

fn has_to_sign_in(request: &ValidRequest, person: &SignedIn, known: &Known<'_>) -> bool {
    if is_fresh(person, known) {
        return false;
    }
    // OpenID Connect Core §3.1.2.1: prompt=login asks again, and so does a login that was older than max_age when the request
    // was sent; how long the person then reads the consent page does not count.
    let sent = known.waited.map_or(known.now, |waited| waited.since);
    let max_age = request.authentication.max_age;
    let too_old = max_age.is_some_and(|max_age| sent.since(person.auth_time) > max_age || max_age.0 == 0);
    // Initiating User Registration §4.1: so does prompt=create, whoever is signed in already.
    let prompt = request.authentication.prompt;
    prompt.login || prompt.create || too_old || known.expects_another
}

/// OpenID Connect Core §5.5.1.1: an essential acr that cannot be reached is a failed login.
fn meets_acr(request: &ValidRequest) -> bool {
    let wanted = request.authentication.claims.acr().filter(|wanted| wanted.essential && !wanted.values.is_empty());
    wanted.is_none_or(|wanted| wanted.values.contains(&ACR_PASSWORD))
}

/// Whether some other program on the device could receive the answer and use it: a code of a client with a secret it could not.
fn can_be_impersonated(request: &ValidRequest) -> bool {
    let response_type = request.response_type;
    let usable_by_anyone = request.client.is_public() || response_type.has_token() || response_type.has_id_token();
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
    pub fn client(&self) -> &Client {
        self.request.client()
    }

    /// Where the answer goes.
    pub const fn target(&self) -> &RedirectTarget {
        &self.request.target
    }

    /// Who is asked.
    pub const fn by(&self) -> &SignedIn {
        &self.by
    }

    /// The request.
    pub const fn request(&self) -> &ValidRequest {
        &self.request
    }

    /// What is asked, as the workspace describes it.
    pub fn scopes<'w>(&self, workspace: &'w Workspace) -> Vec<&'w ScopeDefinition> {
        let asked = self.request.asked();
        workspace.scopes.iter().filter(|scope| asked.contains(&scope.name)).collect()
    }

    /// Whether the person allowed this scope before.
    pub fn is_known(&self, scope: &str) -> bool {
        self.known.contains(scope)
    }

    /// The person said yes, with these optional scopes ticked; the others of what was asked are required.
    pub fn allow(self, ticked: &Scope, workspace: &Workspace) -> Result<Authorized, OAuthError> {
        let agreed = self.request.asked();
        Authorized { request: self.request, by: self.by, agreed }.narrow(ticked, workspace)
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
    agreed: Scope,
}

impl Authorized {
    /// The client it was given to.
    pub fn client(&self) -> &Client {
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
        let agreed = self.agreed.intersection(&required.union(ticked));
        if agreed.is_empty() && !self.agreed.is_empty() {
            return Err(denied("the user allowed none of the scopes"));
        }
        Ok(Self { agreed, ..self })
    }

    /// Who agreed.
    pub const fn by(&self) -> &SignedIn {
        &self.by
    }

    /// To what: the scopes, and those whose claims were asked for by name.
    pub const fn agreed(&self) -> &Scope {
        &self.agreed
    }

    /// What the client's tokens allow.
    pub fn scope(&self) -> Scope {
        self.request.scope.intersection(&self.agreed)
    }

    /// What the client gets.
    pub const fn response_type(&self) -> ResponseType {
        self.request.response_type
    }

    /// What the client said about the login.
    pub const fn authentication(&self) -> &AuthenticationRequest {
        &self.request.authentication
    }

    /// Whether the client is told who signed in.
    pub fn is_openid(&self) -> bool {
        self.scope().contains(OPENID)
    }

    /// What ID Tokens and UserInfo are to say; none where it is no OpenID request.
    pub fn openid(&self) -> Option<OpenidGrant> {
        let authentication = &self.request.authentication;
        self.is_openid().then(|| OpenidGrant {
            nonce: authentication.nonce.clone(),
            sid: self.by.sid.clone(),
            acr: ACR_PASSWORD.to_owned(),
            amr: vec!["pwd".to_owned()],
            claims: authentication.claims.clone().within(&self.agreed),
        })
    }

    /// The grant to write for a code: pending.
    pub fn to_code_grant(&self, lifetimes: &Lifetimes, now: Timestamp) -> Option<NewGrant> {
        let grant = |_| self.to_grant(GrantType::AuthorizationCode, GrantState::Pending, (now, lifetimes.code));
        self.response_type().has_code().then_some(()).map(grant)
    }

    /// The grant to write for an access token that is issued at once: active.
    pub fn to_token_grant(&self, lifetimes: &Lifetimes, now: Timestamp) -> Option<NewGrant> {
        // RFC 6749 §4.2.2: the implicit grant issues no refresh token.
        let grant = |_| self.to_grant(GrantType::Implicit, GrantState::Active, (now, lifetimes.access_token));
        self.response_type().has_token().then_some(()).map(grant)
    }

    fn to_grant(&self, grant_type: GrantType, state: GrantState, (now, lifetime): (Timestamp, Seconds)) -> NewGrant {
        NewGrant {
            user: self.by.user,
            client: self.client().row,
            session: Some(self.by.session),
            grant_type,
            scope: self.scope(),
            auth_time: self.by.auth_time,
            redirect_uri: self.request.presented_redirect_uri.clone(),
            code_challenge: self.request.code_challenge.clone(),
            openid: self.openid(),
            state,
            created_at: now,
            refresh_until: None,
            expires_at: now.plus(lifetime),
        }
    }
}

//! RFC 7591 §2: what may be registered about an app, and what of it goes together.
//! It does not know by which form or flag somebody asks: its messages speak of the thing, in ASCII (RFC 7591 §3.2.2).

mod address;
mod encryption;
mod itself;
mod lifetimes;
mod metadata;
mod openid;
mod sector;
mod software_statement;

pub use lifetimes::check_lifetimes;
pub use metadata::{Metadata, RegistrationError, describe};
pub use sector::{check_sector, wrong_sector};

use crate::client::{ApplicationType, Registration};
use crate::error::{ErrorCode, Rule};
use crate::plain::is_plain;
use crate::redirect_uri::RedirectUri;
use crate::scope::Scope;
use crate::types::GrantType;
use crate::workspace::{DynamicRegistrationPolicy, ScopeDefinition, Workspace};
use std::collections::BTreeSet;
use url::Url;

/// Most redirect URIs of one app.
const MOST_REDIRECT_URIS: usize = 50;
/// Longest identifier of a resource server, in bytes.
const LONGEST_RESOURCE: usize = 500;

/// A member of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`Registration` says what its members are")]
pub enum Field {
    Name,
    Description,
    ApplicationType,
    AuthMethod,
    RedirectUris,
    GrantTypes,
    Scope,
    CodeLifetime,
    AccessTokenForm,
    AccessTokenLifetime,
    RefreshIdle,
    RefreshAbsolute,
    Resource,
    /// Any other, by its name on the wire.
    Other(&'static str),
}

impl Field {
    /// The name on the wire, where it has one.
    pub const fn member(self) -> &'static str {
        match self {
            Self::Name => "client_name",
            Self::Description => "description",
            Self::ApplicationType => "application_type",
            Self::AuthMethod => "token_endpoint_auth_method",
            Self::RedirectUris => "redirect_uris",
            Self::GrantTypes => "grant_types",
            Self::Scope => "scope",
            Self::CodeLifetime | Self::AccessTokenLifetime | Self::RefreshIdle | Self::RefreshAbsolute => "lifetimes",
            Self::AccessTokenForm => "access_token_format",
            Self::Resource => "resource",
            Self::Other(member) => member,
        }
    }

    /// RFC 7591 §3.2.2: the code of a refusal because of this member.
    const fn error_code(self) -> ErrorCode {
        match self {
            Self::RedirectUris => ErrorCode::InvalidRedirectUri,
            _ => ErrorCode::InvalidClientMetadata,
        }
    }
}

/// Who registers an app, and so how much it is trusted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registrar {
    /// A person who answers for it: its owner in the portal, or an operator.
    Person,
    /// The app itself, with an initial access token that somebody gave it (RFC 7591 §3).
    Invited,
    /// The app itself, whosoever it is.
    Anyone,
}

impl Registrar {
    /// Who an app is that registers itself under this policy.
    pub const fn under(policy: DynamicRegistrationPolicy) -> Self {
        match policy {
            DynamicRegistrationPolicy::InitialAccessToken => Self::Invited,
            DynamicRegistrationPolicy::Off | DynamicRegistrationPolicy::Open => Self::Anyone,
        }
    }
}

/// What is wrong with a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The member.
    pub field: Field,
    /// What would be right, without a capital and a full stop, for a page, a command line and a wire alike.
    pub message: String,
    /// The rule that is broken, where a specification has it.
    pub rule: Option<Rule>,
}

/// Everything that is wrong with a registration. A text, address, scope, grant or lifetime that it had `before` was not
/// asked for now, so it may stay even where it could not be registered any more.
pub fn check(asked: &Registration, before: Option<&Registration>, workspace: &Workspace) -> Vec<Problem> {
    check_from(Registrar::Person, asked, before, workspace)
}

/// The same, for an app that may register itself.
pub fn check_from(
    registrar: Registrar,
    asked: &Registration,
    before: Option<&Registration>,
    workspace: &Workspace,
) -> Vec<Problem> {
    let mut check = Check { registrar, asked, before, problems: Vec::new() };
    check.texts();
    check.kind();
    check.grants(workspace);
    check.redirect_uris();
    check.scope(workspace);
    check.openid();
    check.of_itself();
    let own_before = before.map(|before| before.lifetimes).unwrap_or_default();
    check.problems.extend(check_lifetimes(&asked.lifetimes, &own_before, &workspace.policy.lifetimes));
    check.resource();
    check.problems
}

/// Whether an app can have a grant: the workspace switched it on, or the app has it from before.
pub fn may_have(grant: GrantType, before: Option<&Registration>, workspace: &Workspace) -> bool {
    workspace.policy.grant_types.contains(&grant) || before.is_some_and(|before| before.grant_types.contains(&grant))
}

/// The grants that a new app of this type is given: the usual ones, as far as the workspace has them.
pub fn usual_grants(kind: ApplicationType, workspace: &Workspace) -> BTreeSet<GrantType> {
    kind.usual_grants().intersection(&workspace.policy.grant_types).copied().collect()
}

/// The scopes that a new app of this type is given: all there are, but those about a person where there is none.
pub fn usual_scope(kind: ApplicationType, workspace: &Workspace) -> Scope {
    let names = workspace.scope_names();
    if kind == ApplicationType::Service { names.filter(|name| !ScopeDefinition::is_standard(name)) } else { names }
}

struct Check<'a> {
    registrar: Registrar,
    asked: &'a Registration,
    before: Option<&'a Registration>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn wrong(&mut self, field: Field, message: impl Into<String>) {
        self.problems.push(Problem { field, message: message.into(), rule: None });
    }

    fn against(&mut self, rule: Rule, field: Field, message: impl Into<String>) {
        self.problems.push(Problem { field, message: message.into(), rule: Some(rule) });
    }

    fn texts(&mut self) {
        let Self { asked, before, .. } = *self;
        // RFC 7591 §2: without a client_name people would be asked about a client_id.
        if asked.name.is_empty() {
            self.wrong(Field::Name, "give the app a name");
        }
        // RFC 7591 §2: names and descriptions are shown to people, so they are short single lines.
        let name = (Field::Name, "a name", &asked.name, before.map(|before| &before.name), 100);
        let description = before.map(|before| &before.description);
        let description = (Field::Description, "a description", &asked.description, description, 300);
        for (field, what, text, before, longest) in [name, description] {
            let (count, plain) = (text.chars().count(), text.is_empty() || is_plain(text));
            if before != Some(text) && (count > longest || !plain) {
                let limits = format!("one line of at most {longest} visible characters, without spaces at its ends");
                self.wrong(field, format!("{what} is {limits}; this one has {count} characters"));
            }
        }
    }

    fn kind(&mut self) {
        let (kind, public) = (self.asked.application_type, self.asked.is_public());
        let stays = "an app stays public or confidential for good; register a new one of the other kind";
        if self.before.is_some_and(|before| before.application_type != kind) {
            self.wrong(Field::ApplicationType, "an app keeps its type; register a new one of the other type");
        }
        // RFC 6749 §2.1: a browser or device cannot keep a secret, a server does; and what was entrusted to an app stays so.
        let message = match self.before {
            Some(before) if before.is_public() != public => stays,
            None if public && kind.keeps_secrets() => {
                "a web app or service keeps a secret: it authenticates by client_secret_basic or client_secret_post"
            }
            // RFC 8252 §8.4: a native app that registers itself has a secret that no other installation knows.
            None if !public && !kind.keeps_secrets() && self.registrar == Registrar::Person => {
                "a browser or native app cannot keep a secret: its authentication method is none"
            }
            _ => return,
        };
        self.against(Rule::rfc(6749, "2.1"), Field::AuthMethod, message);
    }

    fn grants(&mut self, workspace: &Workspace) {
        let Self { asked, before, .. } = *self;
        let grants = &asked.grant_types;
        // RFC 9700 §2.1.2, §2.4: a workspace says which grants its apps can have.
        for grant in grants.iter().filter(|grant| !may_have(**grant, before, workspace)) {
            self.wrong(Field::GrantTypes, format!("the grant {grant} is switched off in this workspace"));
        }
        // RFC 6749 §4.4: the client credentials grant is for confidential clients only.
        if asked.is_public() && grants.contains(&GrantType::ClientCredentials) {
            let message = "the client credentials grant is for apps that keep a secret: web apps and services";
            self.against(Rule::rfc(6749, "4.4"), Field::GrantTypes, message);
        }
        // RFC 6749 §1.5: a refresh token comes with an access token that a user's grant bought.
        let brings_refresh = |grant: &GrantType| matches!(grant, GrantType::AuthorizationCode | GrantType::Password);
        if grants.contains(&GrantType::RefreshToken) && !grants.iter().any(brings_refresh) {
            let message = "the refresh token grant needs one that brings it: authorization code or password";
            self.against(Rule::rfc(6749, "1.5"), Field::GrantTypes, message);
        }
        // RFC 7662 §2.1: a resource server only asks about tokens; every other app is there to get some.
        if grants.is_empty() && asked.resource.is_none() {
            self.wrong(Field::GrantTypes, "choose at least one grant: without one the app can get no token");
        }
    }

    fn redirect_uris(&mut self) {
        let uris = &self.asked.redirect_uris;
        // RFC 6749 §3.1.2.2: clients that use the authorization endpoint register where they are answered.
        let redirects = |grant: &GrantType| matches!(grant, GrantType::AuthorizationCode | GrantType::Implicit);
        if uris.is_empty() && self.asked.grant_types.iter().any(redirects) {
            let message = "the authorization code and implicit grants need a redirect URI";
            self.against(Rule::rfc(6749, "3.1.2.2"), Field::RedirectUris, message);
        }
        if uris.len() > MOST_REDIRECT_URIS {
            return self.wrong(Field::RedirectUris, format!("an app has at most {MOST_REDIRECT_URIS} redirect URIs"));
        }
        let before = self.before.map(|before| before.redirect_uris.as_slice()).unwrap_or_default();
        for uri in uris.iter().filter(|uri| !before.contains(uri)) {
            if let Err(message) = RedirectUri::register(uri.as_str()) {
                self.wrong(Field::RedirectUris, format!("{uri}: {message}"));
            }
        }
        // RFC 9700 §4.1.3: they are compared as strings, so the second of two equal ones could only be a mistake.
        if let Some((_, uri)) = uris.iter().enumerate().find(|(position, uri)| uris[..*position].contains(uri)) {
            self.wrong(Field::RedirectUris, format!("the redirect URI {uri} is there twice"));
        }
    }

    fn scope(&mut self, workspace: &Workspace) {
        let known = workspace.scope_names().union(&self.before.map(|before| before.scope.clone()).unwrap_or_default());
        // RFC 6749 §3.3: the authorization server defines which scopes there are.
        for name in self.asked.scope.iter().filter(|name| !known.contains(name)) {
            self.against(Rule::rfc(6749, "3.3"), Field::Scope, format!("this workspace has no scope called `{name}`"));
        }
    }

    fn resource(&mut self) {
        // RFC 8707 §2: a resource is named by an absolute URI without a fragment.
        let good = |text: &String| {
            let plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
            plain && text.len() <= LONGEST_RESOURCE && Url::parse(text).is_ok()
        };
        let is_new = self.before.is_none_or(|before| before.resource != self.asked.resource);
        if is_new && !self.asked.resource.as_ref().is_none_or(good) {
            let what = format!("an absolute URI of at most {LONGEST_RESOURCE} characters without a fragment");
            let message = format!("a resource server is named by {what}, such as https://api.example");
            self.against(Rule::rfc(8707, "2"), Field::Resource, message);
        }
    }
}

#[cfg(test)]
mod tests;

//! From what was typed in the app form to a registration, or to what is wrong with each field. No I/O.

mod lifetimes;
#[cfg(test)]
mod tests;
mod texts;

use super::form::{FormErrors, Lifetimes, LineError};
use crate::form::Fields;
use grantry_protocol::Scope;
use grantry_protocol::client::{ApplicationType, AuthMethod, Registration};
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::types::GrantType;
use grantry_protocol::workspace::Workspace;
use std::collections::BTreeSet;

/// What stands in the fields of the form, as typed.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) kind: String,
    /// One per line.
    pub(crate) redirect_uris: String,
    pub(crate) grants: Vec<String>,
    /// The type whose usual grants were ticked when the form was first shown.
    pub(crate) preselected_for: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) auth_method: String,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) resource_server: bool,
    pub(crate) resource: String,
}

/// What a draft is measured by.
pub(crate) struct Rules<'a> {
    /// Where the app is, or shall be, registered.
    pub(crate) workspace: &'a Workspace,
    /// What is registered now, when an app is being edited.
    pub(crate) before: Option<&'a Registration>,
    /// Whether an admin of the workspace asks.
    pub(crate) by_admin: bool,
}

/// Most redirect URIs of one app.
const MOST_REDIRECT_URIS: usize = 50;

impl Draft {
    /// A form for a new app of this type: its usual grants, as far as the workspace has them, and every scope.
    pub(crate) fn fresh(kind: ApplicationType, workspace: &Workspace) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            grants: usual_grants(kind, workspace).iter().map(GrantType::to_string).collect(),
            preselected_for: kind.as_str().to_owned(),
            scopes: workspace.scope_names().iter().map(str::to_owned).collect(),
            auth_method: AuthMethod::ClientSecretBasic.as_str().to_owned(),
            ..Self::default()
        }
    }

    /// The form of an app as it is registered.
    pub(crate) fn of(registration: &Registration) -> Self {
        let uris: Vec<&str> = registration.redirect_uris.iter().map(RedirectUri::as_str).collect();
        Self {
            name: registration.name.clone(),
            description: registration.description.clone(),
            kind: registration.application_type.as_str().to_owned(),
            redirect_uris: uris.join("\n"),
            grants: registration.grant_types.iter().map(GrantType::to_string).collect(),
            preselected_for: String::new(),
            scopes: registration.scope.iter().map(str::to_owned).collect(),
            auth_method: registration.token_endpoint_auth_method.as_str().to_owned(),
            lifetimes: Lifetimes::of(&registration.lifetimes),
            resource_server: registration.resource.is_some(),
            resource: registration.resource.clone().unwrap_or_default(),
        }
    }

    /// What was posted.
    pub(crate) fn typed(fields: &Fields) -> Self {
        let all = |name: &str| fields.all(name).map(str::to_owned).collect();
        Self {
            name: fields.get("name").trim().to_owned(),
            description: fields.get("description").trim().to_owned(),
            kind: fields.get("type").to_owned(),
            redirect_uris: fields.get("redirect_uris").replace("\r\n", "\n"),
            grants: all("grant"),
            preselected_for: fields.get("preselected_for").to_owned(),
            scopes: all("scope"),
            auth_method: fields.get("token_endpoint_auth_method").to_owned(),
            lifetimes: Lifetimes::typed(fields),
            resource_server: fields.get("resource_server") == "yes",
            resource: fields.get("resource").trim().to_owned(),
        }
    }

    /// The registration that the draft describes, or everything that is wrong with it.
    pub(crate) fn check(&self, rules: &Rules<'_>) -> Result<Registration, Box<FormErrors>> {
        let mut errors = FormErrors::default();
        let name = keep(texts::name(&self.name), &mut errors.name);
        let description = keep(texts::description(&self.description), &mut errors.description);
        let kind = keep(self.kind(rules), &mut errors.kind);
        let method = kind.and_then(|kind| keep(self.auth_method(kind, rules), &mut errors.auth_method));
        let grants = kind.zip(method).and_then(|chosen| keep(self.grants(chosen, rules), &mut errors.grants));
        let redirect_uris = self.redirect_uris(grants.as_ref(), &mut errors);
        let scope = keep(self.scope(rules), &mut errors.scopes);
        let lifetimes = self.lifetimes.check(&rules.workspace.policy.lifetimes, &mut errors);
        let resource = keep(self.resource(rules), &mut errors.resource);
        match (name, description, kind, method, (grants, scope, resource)) {
            (Some(name), Some(description), Some(kind), Some(method), (Some(grants), Some(scope), Some(resource)))
                if !errors.any() =>
            {
                Ok(Registration {
                    name,
                    description,
                    application_type: kind,
                    token_endpoint_auth_method: method,
                    redirect_uris,
                    grant_types: grants,
                    scope,
                    lifetimes,
                    resource,
                })
            }
            _ => Err(Box::new(errors)),
        }
    }

    /// The type decides whether there is a secret, so it stays what it was.
    fn kind(&self, rules: &Rules<'_>) -> Result<ApplicationType, String> {
        let kind = rules.before.map(|before| before.application_type).or_else(|| ApplicationType::parse(&self.kind));
        kind.ok_or_else(|| "Choose what kind of program the app is.".to_owned())
    }

    fn auth_method(&self, kind: ApplicationType, rules: &Rules<'_>) -> Result<AuthMethod, String> {
        // RFC 6749 §2.1: a program that cannot keep a secret is a public client, whatever was chosen for it.
        if !kind.keeps_secrets() {
            return Ok(AuthMethod::None);
        }
        let before = rules.before.map(|before| before.token_endpoint_auth_method);
        match AuthMethod::parse(&self.auth_method) {
            Some(AuthMethod::None) if before != Some(AuthMethod::None) => {
                Err("A web app or service keeps a secret: choose client_secret_basic or client_secret_post.".to_owned())
            }
            Some(method) => Ok(method),
            None if self.auth_method.is_empty() => Ok(before.unwrap_or(AuthMethod::ClientSecretBasic)),
            None => Err("Choose one of the methods of the list.".to_owned()),
        }
    }

    fn grants(&self, chosen: (ApplicationType, AuthMethod), rules: &Rules<'_>) -> Result<BTreeSet<GrantType>, String> {
        let (kind, method) = chosen;
        let mut grants = BTreeSet::new();
        for name in &self.grants {
            grants.insert(GrantType::parse(name).ok_or_else(|| format!("There is no grant called “{name}”."))?);
        }
        let preselected = ApplicationType::parse(&self.preselected_for).filter(|preselected| *preselected != kind);
        // Without a script the ticks cannot follow the type: while nobody touched them, they follow it here.
        if preselected.is_some_and(|preselected| usual_grants(preselected, rules.workspace) == grants) {
            grants = usual_grants(kind, rules.workspace);
        }
        check_grants(&grants, method, rules)?;
        if grants.is_empty() && !self.is_resource_server(rules) {
            return Err("Choose at least one grant: without one the app can get no token.".to_owned());
        }
        Ok(grants)
    }

    fn redirect_uris(&self, grants: Option<&BTreeSet<GrantType>>, errors: &mut FormErrors) -> Vec<RedirectUri> {
        let mut good = Vec::new();
        for (number, line) in self.redirect_uris.lines().enumerate() {
            let text = line.trim();
            match RedirectUri::register(text) {
                _ if text.is_empty() => {}
                Ok(uri) if good.contains(&uri) => {}
                Ok(uri) => good.push(uri),
                Err(message) => {
                    let (uri, message) = (text.to_owned(), message.to_owned());
                    errors.redirect_uris.push(LineError { line: number + 1, uri, message });
                }
            }
        }
        let mut about_all = |message: String| {
            errors.redirect_uris.push(LineError { line: 0, uri: String::new(), message });
        };
        if good.len() > MOST_REDIRECT_URIS {
            about_all(format!("An app has at most {MOST_REDIRECT_URIS} redirect URIs."));
        }
        // RFC 6749 §3.1.2.2: clients that use the authorization endpoint register where they are answered.
        let needed = grants.is_some_and(|grants| grants.iter().any(|grant| needs_redirect(*grant)));
        if needed && self.redirect_uris.trim().is_empty() {
            about_all("Authorization Code and Implicit need at least one redirect URI.".to_owned());
        }
        good
    }

    fn scope(&self, rules: &Rules<'_>) -> Result<Scope, String> {
        let known = rules.workspace.scope_names();
        let chosen: Scope = self.scopes.iter().filter(|name| known.contains(name)).cloned().collect();
        // What the workspace had when the app was registered, and has no more, goes without a word.
        let before = |name: &str| rules.before.is_some_and(|before| before.scope.contains(name));
        match self.scopes.iter().find(|name| !known.contains(name) && !before(name)) {
            Some(name) => Err(format!("This workspace has no scope called “{name}”.")),
            None => Ok(chosen),
        }
    }

    fn resource(&self, rules: &Rules<'_>) -> Result<Option<String>, String> {
        let before = rules.before.and_then(|before| before.resource.clone());
        if !rules.by_admin {
            let asked = self.resource_server.then(|| self.resource.clone());
            // The fields are not on the form of someone who is no admin, so they say nothing.
            return if asked.is_none() || asked == before { Ok(before) } else { Err(texts::ADMINS_ONLY.to_owned()) };
        }
        if self.resource_server { texts::resource(&self.resource).map(Some) } else { Ok(None) }
    }

    fn is_resource_server(&self, rules: &Rules<'_>) -> bool {
        self.resource_server || !rules.by_admin && rules.before.is_some_and(|before| before.resource.is_some())
    }
}

/// The usual grants of a type that the workspace has switched on.
fn usual_grants(kind: ApplicationType, workspace: &Workspace) -> BTreeSet<GrantType> {
    kind.usual_grants().intersection(&workspace.policy.grant_types).copied().collect()
}

fn check_grants(grants: &BTreeSet<GrantType>, method: AuthMethod, rules: &Rules<'_>) -> Result<(), String> {
    for grant in grants {
        if !may_choose(*grant, rules) {
            return Err(format!("The grant “{grant}” is switched off in this workspace."));
        }
    }
    // RFC 6749 §4.4: the client credentials grant is for confidential clients only.
    if method == AuthMethod::None && grants.contains(&GrantType::ClientCredentials) {
        return Err("Client Credentials is for apps with a secret, and an app of this type has none.".to_owned());
    }
    // RFC 6749 §1.5: a refresh token comes with an access token that a user's grant bought.
    let gives_refresh = |grant: &GrantType| matches!(grant, GrantType::AuthorizationCode | GrantType::Password);
    if grants.contains(&GrantType::RefreshToken) && !grants.iter().any(gives_refresh) {
        return Err("Refresh Token needs a grant that brings one: Authorization Code or Password.".to_owned());
    }
    Ok(())
}

/// Whether the form may have this grant: the workspace does, or the app has it already.
pub(crate) fn may_choose(grant: GrantType, rules: &Rules<'_>) -> bool {
    rules.workspace.policy.grant_types.contains(&grant)
        || rules.before.is_some_and(|before| before.grant_types.contains(&grant))
}

const fn needs_redirect(grant: GrantType) -> bool {
    matches!(grant, GrantType::AuthorizationCode | GrantType::Implicit)
}

/// The value; or the error, put where the form shows it.
fn keep<T>(checked: Result<T, String>, error: &mut Option<String>) -> Option<T> {
    match checked {
        Ok(value) => Some(value),
        Err(message) => {
            *error = Some(message);
            None
        }
    }
}

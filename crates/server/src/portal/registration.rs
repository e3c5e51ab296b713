//! From what was typed in the app form to a registration, or to what is wrong with each field. No I/O, and no rules but
//! for who may ask: those of the registration are `protocol::register`.

mod lifetimes;
mod openid;
#[cfg(test)]
mod tests;

pub(crate) use openid::Members;

use super::form::{FormErrors, Lifetimes, LineError};
use crate::form::Fields;
use grantry_protocol::Scope;
use grantry_protocol::client::{
    AccessTokenChoice, AccessTokenFormat, ApplicationType, AuthMethod, OpenidRegistration, Registration,
};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::register::{self, Field, Problem, usual_grants};
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
    pub(crate) access_token_format: String,
    pub(crate) access_token_alg: String,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) openid: Members,
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

/// Why somebody cannot make an app a resource server.
const ADMINS_ONLY: &str = "Only an admin of the workspace can make an app a resource server.";

impl Draft {
    /// A form for a new app of this type: its usual grants, as far as the workspace has them, and every scope.
    pub(crate) fn fresh(kind: ApplicationType, workspace: &Workspace) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            grants: usual_grants(kind, workspace).iter().map(GrantType::to_string).collect(),
            preselected_for: kind.as_str().to_owned(),
            scopes: workspace.scope_names().iter().map(str::to_owned).collect(),
            auth_method: AuthMethod::ClientSecretBasic.as_str().to_owned(),
            openid: Members::registered(&OpenidRegistration::default()),
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
            access_token_format: registration.access_token.format.as_str().to_owned(),
            access_token_alg: registration.access_token.signing_alg.to_string(),
            lifetimes: Lifetimes::of(&registration.lifetimes),
            openid: Members::registered(&registration.openid),
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
            access_token_format: fields.get("access_token_format").to_owned(),
            access_token_alg: fields.get("access_token_signing_alg").to_owned(),
            lifetimes: Lifetimes::typed(fields),
            openid: Members::typed(fields),
            resource_server: fields.get("resource_server") == "yes",
            resource: fields.get("resource").trim().to_owned(),
        }
    }

    /// The registration that the draft describes, or everything that is wrong with it.
    pub(crate) fn check(&self, rules: &Rules<'_>) -> Result<Registration, Box<FormErrors>> {
        let mut errors = FormErrors::default();
        let kind = self.kind(rules, &mut errors);
        let registration = Registration {
            name: self.name.clone(),
            description: self.description.clone(),
            application_type: kind,
            token_endpoint_auth_method: self.auth_method(kind, rules, &mut errors),
            redirect_uris: redirect_uris(&self.redirect_uris, Field::RedirectUris, &mut errors),
            grant_types: self.grants(kind, rules, &mut errors),
            scope: self.scope(rules),
            lifetimes: self.lifetimes.read(),
            access_token: self.access_token(rules, &mut errors),
            openid: self.openid.over(rules.before.map(|before| before.openid.clone()).unwrap_or_default(), &mut errors),
            resource: self.resource(rules, &mut errors),
        };
        for problem in register::check(&registration, rules.before, rules.workspace) {
            self.tell(&problem, &mut errors);
        }
        if errors.any() { Err(Box::new(errors)) } else { Ok(registration) }
    }

    /// Tells of a problem beside its field, or above all of them where the form has none for it.
    pub(crate) fn tell(&self, problem: &Problem, errors: &mut FormErrors) {
        let message = sentence(&problem.message);
        match problem.field {
            Field::Other(member) if !self.openid.has_field(member) => {
                errors.form.get_or_insert(format!("{member}: {message}"));
            }
            field => errors.put(field, message),
        }
    }

    /// The form of an app cannot change its type.
    fn kind(&self, rules: &Rules<'_>, errors: &mut FormErrors) -> ApplicationType {
        let kind = rules.before.map(|before| before.application_type).or_else(|| ApplicationType::parse(&self.kind));
        kind.unwrap_or_else(|| {
            errors.put(Field::ApplicationType, "Choose what kind of program the app is.".to_owned());
            ApplicationType::Web
        })
    }

    fn auth_method(&self, kind: ApplicationType, rules: &Rules<'_>, errors: &mut FormErrors) -> AuthMethod {
        let usual = rules.before.map_or(kind.usual_auth_method(), |before| before.token_endpoint_auth_method);
        // RFC 6749 §2.1: a program that cannot keep a secret is a public client, whatever was chosen for it.
        if !kind.keeps_secrets() || self.auth_method.is_empty() {
            return usual;
        }
        AuthMethod::parse(&self.auth_method).unwrap_or_else(|| {
            errors.put(Field::AuthMethod, "Choose one of the methods of the list.".to_owned());
            usual
        })
    }

    /// A form without these fields leaves them as they are.
    fn access_token(&self, rules: &Rules<'_>, errors: &mut FormErrors) -> AccessTokenChoice {
        let before = rules.before.map(|before| before.access_token).unwrap_or_default();
        let format = match self.access_token_format.as_str() {
            "" => Some(before.format),
            text => AccessTokenFormat::parse(text),
        };
        let signing_alg = match self.access_token_alg.as_str() {
            "" => Some(before.signing_alg),
            text => Algorithm::parse(text),
        };
        let chosen = format.zip(signing_alg).map(|(format, signing_alg)| AccessTokenChoice { format, signing_alg });
        chosen.unwrap_or_else(|| {
            errors.put(Field::AccessTokenForm, "Choose a form and an algorithm of the lists.".to_owned());
            before
        })
    }

    fn grants(&self, kind: ApplicationType, rules: &Rules<'_>, errors: &mut FormErrors) -> BTreeSet<GrantType> {
        if let Some(name) = self.grants.iter().find(|name| GrantType::parse(name).is_none()) {
            errors.put(Field::GrantTypes, format!("There is no grant called “{name}”."));
        }
        let grants = self.grants.iter().filter_map(|name| GrantType::parse(name)).collect();
        let preselected = ApplicationType::parse(&self.preselected_for).filter(|preselected| *preselected != kind);
        // Without a script the ticks cannot follow the type: while nobody touched them, they follow it here.
        if preselected.is_some_and(|preselected| usual_grants(preselected, rules.workspace) == grants) {
            return usual_grants(kind, rules.workspace);
        }
        grants
    }

    /// What the workspace had when the app was registered, and has no more, goes without a word.
    fn scope(&self, rules: &Rules<'_>) -> Scope {
        let known = rules.workspace.scope_names();
        let gone = |name: &str| !known.contains(name) && rules.before.is_some_and(|before| before.scope.contains(name));
        self.scopes.iter().filter(|name| !gone(name)).cloned().collect()
    }

    fn resource(&self, rules: &Rules<'_>, errors: &mut FormErrors) -> Option<String> {
        let asked = self.resource_server.then(|| self.resource.clone());
        if rules.by_admin {
            return asked;
        }
        let before = rules.before.and_then(|before| before.resource.clone());
        // The fields are not on the form of someone who is no admin, so they say nothing.
        if asked.is_some() && asked != before {
            errors.put(Field::Resource, ADMINS_ONLY.to_owned());
        }
        before
    }
}

/// The lines that can be read, each once.
fn redirect_uris(typed: &str, field: Field, errors: &mut FormErrors) -> Vec<RedirectUri> {
    let mut good = Vec::new();
    for (number, line) in typed.lines().enumerate() {
        let text = line.trim();
        match RedirectUri::register(text) {
            _ if text.is_empty() => {}
            Ok(uri) if good.contains(&uri) => {}
            Ok(uri) => good.push(uri),
            Err(message) => {
                let (uri, message) = (text.to_owned(), sentence(message));
                errors.lines.push((field, LineError { line: number + 1, uri, message }));
            }
        }
    }
    good
}

/// With a capital and a full stop.
fn sentence(message: &str) -> String {
    let mut rest = message.chars();
    rest.next().map(|first| format!("{}{}.", first.to_uppercase(), rest.as_str())).unwrap_or_default()
}

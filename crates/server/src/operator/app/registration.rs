//! What an operator wants to be registered about an app, and what helps when that cannot be.

use crate::operator::{OperatorError, check};
use grantry_protocol::client::{
    AccessTokenChoice, AccessTokenFormat, ApplicationType, AuthMethod, LifetimeOverrides, OpenidRegistration,
    Registration,
};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::register::{self, Field, may_have, usual_grants, usual_scope};
use grantry_protocol::scope::Scope;
use grantry_protocol::types::{GrantType, Seconds};
use grantry_protocol::workspace::Workspace;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Longest public identifier, in bytes.
const LONGEST_CLIENT_ID: usize = 200;

/// What is to be different. What is absent stays, or is as usual.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// What people see on the consent page.
    pub name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// How it proves itself at the token endpoint.
    pub auth_method: Option<AuthMethod>,
    /// Where answers may be sent: all of them.
    pub redirect_uris: Option<Vec<RedirectUri>>,
    /// What it may use: all of them.
    pub grant_types: Option<BTreeSet<GrantType>>,
    /// What it may ask for: all of it.
    pub scope: Option<Scope>,
    /// Lifetimes of its own; zero means the workspace's.
    pub lifetimes: LifetimeOverrides,
    /// In which form its access tokens are.
    pub access_token_format: Option<AccessTokenFormat>,
    /// By which algorithm they are signed.
    pub access_token_signing_alg: Option<Algorithm>,
    /// The identifier of the resource server that it is; empty: it is none.
    pub resource: Option<String>,
    /// Members of its OpenID Connect registration, by their wire names; `null` means the default.
    pub openid: Map<String, Value>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
}

impl Changes {
    /// How a new app of this type proves itself.
    pub(super) fn auth_method_of(&self, kind: ApplicationType) -> AuthMethod {
        self.auth_method.unwrap_or(kind.usual_auth_method())
    }

    /// What a new app is registered as.
    pub(super) fn new_registration(
        &self,
        kind: ApplicationType,
        workspace: &Workspace,
    ) -> Result<Registration, OperatorError> {
        let start = Registration {
            name: String::new(),
            description: String::new(),
            application_type: kind,
            token_endpoint_auth_method: kind.usual_auth_method(),
            redirect_uris: Vec::new(),
            grant_types: usual_grants(kind, workspace),
            scope: usual_scope(kind, workspace),
            lifetimes: LifetimeOverrides::default(),
            access_token: AccessTokenChoice::default(),
            openid: OpenidRegistration::default(),
            resource: None,
        };
        checked(self.over(start)?, None, workspace)
    }

    /// What an app is registered as with the changes.
    pub(super) fn changed_registration(
        &self,
        before: &Registration,
        workspace: &Workspace,
    ) -> Result<Registration, OperatorError> {
        checked(self.over(before.clone())?, Some(before), workspace)
    }

    fn over(&self, mut registration: Registration) -> Result<Registration, OperatorError> {
        replace(&mut registration.token_endpoint_auth_method, self.auth_method.as_ref());
        replace(&mut registration.name, self.name.as_ref());
        replace(&mut registration.description, self.description.as_ref());
        replace(&mut registration.redirect_uris, self.redirect_uris.as_ref());
        replace(&mut registration.grant_types, self.grant_types.as_ref());
        replace(&mut registration.scope, self.scope.as_ref());
        replace(&mut registration.access_token.format, self.access_token_format.as_ref());
        replace(&mut registration.access_token.signing_alg, self.access_token_signing_alg.as_ref());
        if let Some(resource) = &self.resource {
            registration.resource = Some(resource.clone()).filter(|resource| !resource.is_empty());
        }
        let change = |own: &mut Option<Seconds>, new: Option<Seconds>| {
            *own = new.map_or(*own, |new| Some(new).filter(|new| *new != Seconds(0)));
        };
        change(&mut registration.lifetimes.code, self.lifetimes.code);
        change(&mut registration.lifetimes.access_token, self.lifetimes.access_token);
        change(&mut registration.lifetimes.refresh_idle, self.lifetimes.refresh_idle);
        change(&mut registration.lifetimes.refresh_absolute, self.lifetimes.refresh_absolute);
        for (member, value) in &self.openid {
            registration.openid = registration.openid.with(member, value.clone()).ok_or_else(|| {
                OperatorError::refused(format!("an app has no OpenID Connect member `{member}` with this value"))
            })?;
        }
        Ok(registration)
    }
}

fn replace<T: Clone>(value: &mut T, new: Option<&T>) {
    if let Some(new) = new {
        value.clone_from(new);
    }
}

/// A public identifier that survives Basic authentication and a URL, even where it is not encoded.
pub(super) fn check_client_id(client_id: &str) -> Result<(), OperatorError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'@');
    if (1..=LONGEST_CLIENT_ID).contains(&client_id.len()) && client_id.bytes().all(plain) {
        return Ok(());
    }
    Err(OperatorError::refused(format!("a client_id is 1 to {LONGEST_CLIENT_ID} letters, digits and - . _ ~ @")))
}

/// The registration if it can be, or the first thing that is wrong with it and what to do.
fn checked(
    registration: Registration,
    before: Option<&Registration>,
    workspace: &Workspace,
) -> Result<Registration, OperatorError> {
    let problems = register::check(&registration, before, workspace);
    let Some(problem) = problems.first() else { return Ok(registration) };
    let slug = &workspace.slug;
    let off = registration.grant_types.iter().find(|grant| !may_have(**grant, before, workspace));
    let hint = match (problem.field, off) {
        (Field::GrantTypes, Some(grant)) => {
            format!("; `grantry workspace update {slug} --allow-grant {grant}` switches it on")
        }
        (Field::Scope, _) => format!("; those that it has: {}", check::listed(workspace.scope_names().iter())),
        (Field::RedirectUris, _) if registration.redirect_uris.is_empty() => {
            "; the app needs at least one --redirect-uri".to_owned()
        }
        _ => String::new(),
    };
    Err(check::refused(problem, &hint))
}

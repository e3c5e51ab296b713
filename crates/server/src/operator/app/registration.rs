//! What can be registered about an app, and what of it goes together (RFC 6749 §2, RFC 7591 §2).

use crate::operator::{OperatorError, check};
use grantry_protocol::client::{ApplicationType, AuthMethod, LifetimeOverrides, Registration};
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::scope::Scope;
use grantry_protocol::types::{GrantType, Seconds};
use grantry_protocol::workspace::Workspace;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const MOST_REDIRECT_URIS: usize = 50;
const LONGEST_DESCRIPTION: usize = 1_000;
const LONGEST_CLIENT_ID: usize = 200;
const LONGEST_RESOURCE: usize = 500;

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
    /// Lifetimes of its own.
    pub lifetimes: LifetimeChanges,
    /// The identifier of the resource server that it is; empty: it is none.
    pub resource: Option<String>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
}

/// Lifetimes as they are to be; zero means the workspace's.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LifetimeChanges {
    /// Of an authorization code.
    pub code: Option<Seconds>,
    /// Of an access token.
    pub access_token: Option<Seconds>,
    /// Of a refresh token that nobody uses.
    pub refresh_idle: Option<Seconds>,
    /// Of a refresh token family.
    pub refresh_absolute: Option<Seconds>,
}

impl Changes {
    /// How a new app of this type proves itself.
    pub(super) fn auth_method_of(&self, kind: ApplicationType) -> AuthMethod {
        let usual = if kind.keeps_secrets() { AuthMethod::ClientSecretBasic } else { AuthMethod::None };
        self.auth_method.unwrap_or(usual)
    }

    /// What a new app is registered as.
    pub(super) fn new_registration(
        &self,
        kind: ApplicationType,
        workspace: &Workspace,
    ) -> Result<Registration, OperatorError> {
        let allowed = &workspace.policy.grant_types;
        let start = Registration {
            name: String::new(),
            description: String::new(),
            application_type: kind,
            token_endpoint_auth_method: self.auth_method_of(kind),
            redirect_uris: Vec::new(),
            grant_types: kind.usual_grants().intersection(allowed).copied().collect(),
            scope: workspace.scope_names(),
            lifetimes: LifetimeOverrides::default(),
            resource: None,
        };
        self.changed_registration(&start, workspace)
    }

    /// What an app is registered as with the changes.
    pub(super) fn changed_registration(
        &self,
        before: &Registration,
        workspace: &Workspace,
    ) -> Result<Registration, OperatorError> {
        let mut registration = before.clone();
        let method = self.auth_method.unwrap_or(before.token_endpoint_auth_method);
        if (method == AuthMethod::None) != (before.token_endpoint_auth_method == AuthMethod::None) {
            return Err(OperatorError::refused(
                "an app stays public or confidential for good; register a new one for the other kind",
            ));
        }
        registration.token_endpoint_auth_method = method;
        replace(&mut registration.name, self.name.as_ref());
        replace(&mut registration.description, self.description.as_ref());
        replace(&mut registration.redirect_uris, self.redirect_uris.as_ref());
        replace(&mut registration.grant_types, self.grant_types.as_ref());
        replace(&mut registration.scope, self.scope.as_ref());
        if let Some(resource) = &self.resource {
            registration.resource = Some(resource.clone()).filter(|resource| !resource.is_empty());
        }
        self.lifetimes.apply(&mut registration.lifetimes)?;
        check_texts(&registration)?;
        check_kind(&registration)?;
        check_within(self, workspace)?;
        check_redirect_uris(&registration)?;
        Ok(registration)
    }
}

fn replace<T: Clone>(value: &mut T, new: Option<&T>) {
    if let Some(new) = new {
        value.clone_from(new);
    }
}

impl LifetimeChanges {
    fn apply(&self, own: &mut LifetimeOverrides) -> Result<(), OperatorError> {
        let changed = |what: &str, before: Option<Seconds>, new: Option<Seconds>| match new {
            None => Ok(before),
            Some(Seconds(0)) => Ok(None),
            Some(_) => check::lifetime(what, new).map(|()| new),
        };
        own.code = changed("a code", own.code, self.code)?;
        own.access_token = changed("an access token", own.access_token, self.access_token)?;
        own.refresh_idle = changed("an idle refresh token", own.refresh_idle, self.refresh_idle)?;
        own.refresh_absolute = changed("a refresh token family", own.refresh_absolute, self.refresh_absolute)?;
        own.code.map_or(Ok(()), check::code_lifetime)
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

fn check_texts(registration: &Registration) -> Result<(), OperatorError> {
    check::name("the name of an app", &registration.name)?;
    let description = &registration.description;
    if description.chars().count() > LONGEST_DESCRIPTION || (!description.is_empty() && !check::is_plain(description)) {
        return Err(OperatorError::refused(format!(
            "the description of an app is one line of {LONGEST_DESCRIPTION} characters at most"
        )));
    }
    // RFC 8707 §2: a resource is named by an absolute URI without a fragment; plain names are common too.
    let good = |resource: &String| {
        resource.len() <= LONGEST_RESOURCE && resource.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
    };
    if registration.resource.as_ref().is_none_or(good) {
        return Ok(());
    }
    Err(OperatorError::refused(format!(
        "the identifier of a resource server is at most {LONGEST_RESOURCE} printable ASCII characters without spaces \
         and #, such as https://api.example.com"
    )))
}

fn check_kind(registration: &Registration) -> Result<(), OperatorError> {
    let kind = registration.application_type;
    let public = registration.token_endpoint_auth_method == AuthMethod::None;
    let has = |grant| registration.grant_types.contains(&grant);
    // RFC 6749 §2.1: programs in a browser or on a device cannot keep a secret.
    if !public && !kind.keeps_secrets() {
        return Err(OperatorError::refused(format!(
            "an app of type {} cannot keep a secret (RFC 6749 §2.1): its auth method is none",
            kind.as_str()
        )));
    }
    // RFC 6749 §4.4: the client credentials grant is for confidential clients only.
    if public && has(GrantType::ClientCredentials) {
        return Err(OperatorError::refused(
            "client_credentials needs an app with a secret (RFC 6749 §4.4): use --type web or service",
        ));
    }
    if registration.grant_types.is_empty() {
        return Err(OperatorError::refused("an app needs at least one grant; name one with --grant"));
    }
    // RFC 6749 §1.5: refresh tokens come with the code and the password grant.
    if has(GrantType::RefreshToken) && !has(GrantType::AuthorizationCode) && !has(GrantType::Password) {
        return Err(OperatorError::refused("refresh_token goes with authorization_code or password (RFC 6749 §1.5)"));
    }
    Ok(())
}

fn check_redirect_uris(registration: &Registration) -> Result<(), OperatorError> {
    let uris = &registration.redirect_uris;
    let redirects = [GrantType::AuthorizationCode, GrantType::Implicit];
    // RFC 6749 §3.1.2.2: registration of redirect URIs is required.
    if uris.is_empty() && redirects.iter().any(|grant| registration.grant_types.contains(grant)) {
        return Err(OperatorError::refused(
            "an app with authorization_code or implicit needs at least one --redirect-uri (RFC 6749 §3.1.2.2)",
        ));
    }
    if uris.len() > MOST_REDIRECT_URIS {
        return Err(OperatorError::refused(format!("an app has {MOST_REDIRECT_URIS} redirect URIs at most")));
    }
    let twice = uris.iter().enumerate().find(|(position, uri)| uris[..*position].contains(uri));
    twice.map_or(Ok(()), |(_, uri)| Err(OperatorError::refused(format!("redirect URI {uri} is there twice"))))
}

/// What the app asks for by name must be there; what was registered before may have gone.
fn check_within(asked: &Changes, workspace: &Workspace) -> Result<(), OperatorError> {
    let slug = &workspace.slug;
    let off = |grant: &&GrantType| !workspace.policy.grant_types.contains(grant);
    if let Some(grant) = asked.grant_types.iter().flatten().find(off) {
        return Err(OperatorError::refused(format!(
            "{grant} is switched off in workspace `{slug}`; \
             `grantry workspace update {slug} --allow-grant {grant}` switches it on"
        )));
    }
    let known = workspace.scope_names();
    if let Some(scope) = asked.scope.iter().flat_map(Scope::iter).find(|scope| !known.contains(scope)) {
        return Err(OperatorError::refused(format!(
            "scope `{scope}` does not exist in workspace `{slug}`; those that do: {}",
            check::listed(known.iter())
        )));
    }
    Ok(())
}

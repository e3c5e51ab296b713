//! What can be changed about a workspace, and what it may be changed to.

use super::check;
use crate::operator::OperatorError;
use grantry_protocol::client::LifetimeOverrides;
use grantry_protocol::jose::{ClientKeys, PUBLISHED_AHEAD};
use grantry_protocol::register::check_lifetimes;
use grantry_protocol::scope::is_scope_token;
use grantry_protocol::types::{GrantType, Seconds, Timestamp};
use grantry_protocol::workspace::{
    AppRegistration, DynamicRegistrationPolicy, Lifetimes, Policy, ScopeDefinition, Workspace,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Longest description of a scope, in characters.
const LONGEST_DESCRIPTION: usize = 200;

/// What is to be different. What is absent stays.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// What pages call it.
    pub name: Option<String>,
    /// Scopes to add, or to describe anew.
    pub scopes: Vec<ScopeChange>,
    /// Scopes, and the resource server that each is for; an empty one means every resource server.
    pub scope_audiences: Vec<(String, String)>,
    /// Scopes to take away, from the apps too.
    pub removed_scopes: Vec<String>,
    /// The grant types that are on, all others being off.
    pub grant_types: Option<BTreeSet<GrantType>>,
    /// Grant types to switch on.
    pub allowed_grants: BTreeSet<GrantType>,
    /// Grant types to switch off.
    pub forbidden_grants: BTreeSet<GrantType>,
    /// How long things live.
    pub lifetimes: LifetimeChanges,
    /// Who may register apps in the portal.
    pub app_registration: Option<AppRegistration>,
    /// Who may register apps by RFC 7591.
    pub dynamic_registration: Option<DynamicRegistrationPolicy>,
    /// Whether people make accounts by themselves.
    pub sign_up: Option<bool>,
    /// Publishers whose software statements are to be believed, and their public keys.
    pub trusted_publishers: BTreeMap<String, serde_json::Value>,
    /// Publishers that are believed no longer.
    pub distrusted_publishers: Vec<String>,
    /// Whether the workspace is switched off.
    pub disabled: Option<bool>,
}

/// Two days: one to be published ahead, one to sign.
const SHORTEST_SIGNING_KEY: Seconds = Seconds(2 * PUBLISHED_AHEAD.0);

/// A scope as it is to be.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScopeChange {
    /// Its name (RFC 6749 §3.3).
    pub name: String,
    /// What it allows, in the words of the consent page.
    pub description: String,
    /// Whether a user may untick it.
    pub optional: bool,
}

/// Lifetimes as they are to be.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LifetimeChanges {
    /// Those that an app can override.
    pub of_apps: LifetimeOverrides,
    /// Of the predecessor of a rotated refresh token; zero is good.
    pub refresh_grace: Option<Seconds>,
    /// Of a signed-in browser.
    pub session: Option<Seconds>,
    /// Of a key that signs tokens.
    pub signing_key: Option<Seconds>,
}

impl Changes {
    /// Makes the changes to the value, or says which one cannot be.
    pub(super) fn apply(&self, workspace: &mut Workspace, now: Timestamp) -> Result<(), OperatorError> {
        if let Some(name) = &self.name {
            check::name("the name of a workspace", name)?;
            workspace.name.clone_from(name);
        }
        self.apply_to_scopes(workspace)?;
        self.apply_to_policy(&mut workspace.policy)?;
        if let Some(disabled) = self.disabled {
            workspace.disabled_at = disabled.then(|| workspace.disabled_at.unwrap_or(now));
        }
        Ok(())
    }

    fn apply_to_scopes(&self, workspace: &mut Workspace) -> Result<(), OperatorError> {
        for change in &self.scopes {
            change.check()?;
            let audience = find(&mut workspace.scopes, &change.name).and_then(|scope| scope.audience.take());
            let (name, description) = (change.name.clone(), change.description.clone());
            let scope = ScopeDefinition { name, description, optional: change.optional, audience };
            match find(&mut workspace.scopes, &change.name) {
                Some(known) => *known = scope,
                None => workspace.scopes.push(scope),
            }
        }
        for (name, audience) in &self.scope_audiences {
            let known = names(workspace);
            let Some(scope) = find(&mut workspace.scopes, name) else { return Err(no_scope(name, &known)) };
            scope.audience = Some(audience.clone()).filter(|audience| !audience.is_empty());
        }
        for name in &self.removed_scopes {
            if find(&mut workspace.scopes, name).is_none() {
                return Err(no_scope(name, &names(workspace)));
            }
            if ScopeDefinition::is_standard(name) {
                return Err(OperatorError::refused(format!(
                    "every workspace has the scope `{name}` (OpenID Connect Core section 5.4); \
                     an app has it only if it is registered for it: `grantry app update --scope …`"
                )));
            }
            workspace.scopes.retain(|scope| scope.name != *name);
        }
        Ok(())
    }

    fn apply_to_policy(&self, policy: &mut Policy) -> Result<(), OperatorError> {
        if let Some(grant_types) = &self.grant_types {
            policy.grant_types.clone_from(grant_types);
        }
        policy.grant_types.extend(&self.allowed_grants);
        policy.grant_types.retain(|grant| !self.forbidden_grants.contains(grant));
        if let Some(app_registration) = self.app_registration {
            policy.app_registration = app_registration;
        }
        if let Some(dynamic_registration) = self.dynamic_registration {
            policy.dynamic_registration = dynamic_registration;
        }
        policy.sign_up = self.sign_up.unwrap_or(policy.sign_up);
        self.apply_to_publishers(&mut policy.software_publishers)?;
        self.lifetimes.apply(&mut policy.lifetimes)
    }

    /// RFC 7591 §2.3: whose software statements are believed.
    fn apply_to_publishers(&self, publishers: &mut BTreeMap<String, serde_json::Value>) -> Result<(), OperatorError> {
        for (issuer, keys) in &self.trusted_publishers {
            let parsed = ClientKeys::parse(keys.to_string().as_bytes());
            let parsed =
                parsed.map_err(|error| OperatorError::refused(format!("{issuer}: {}", error.description())))?;
            if parsed.is_empty() || !check::is_plain(issuer) {
                return Err(OperatorError::refused(format!(
                    "publisher `{issuer}` needs a key that can verify signatures"
                )));
            }
            publishers.insert(issuer.clone(), keys.clone());
        }
        for issuer in &self.distrusted_publishers {
            if publishers.remove(issuer).is_none() {
                let known = check::listed(publishers.keys().map(String::as_str));
                return Err(OperatorError::not_found(format!(
                    "publisher `{issuer}` is not trusted; those that are: {known}"
                )));
            }
        }
        Ok(())
    }
}

impl ScopeChange {
    fn check(&self) -> Result<(), OperatorError> {
        // RFC 6749 §3.3: scope-token; and `*` is what a request says for everything.
        if !is_scope_token(&self.name) || self.name == "*" {
            return Err(OperatorError::refused(format!(
                "`{}` cannot be a scope: printable ASCII without spaces, quotes and backslashes, and not `*`",
                self.name
            )));
        }
        if check::is_plain(&self.description) && self.description.chars().count() <= LONGEST_DESCRIPTION {
            return Ok(());
        }
        Err(OperatorError::refused(format!(
            "scope `{}` needs a description of 1 to {LONGEST_DESCRIPTION} characters: the words of the consent page",
            self.name
        )))
    }
}

impl LifetimeChanges {
    fn apply(&self, lifetimes: &mut Lifetimes) -> Result<(), OperatorError> {
        check::lifetime("the grace of a refresh token", self.refresh_grace.filter(|grace| *grace != Seconds(0)))?;
        check::lifetime("a session", self.session)?;
        check::lifetime("a signing key", self.signing_key)?;
        if self.signing_key.is_some_and(|lifetime| lifetime < SHORTEST_SIGNING_KEY) {
            let least = SHORTEST_SIGNING_KEY.0;
            return Err(OperatorError::refused(format!(
                "the lifetime of a signing key is at least {least} seconds: its successor is published a day before it begins"
            )));
        }
        if let Some(problem) = check_lifetimes(&self.of_apps, &LifetimeOverrides::default(), lifetimes).first() {
            return Err(check::refused(problem, ""));
        }
        *lifetimes = Lifetimes {
            refresh_grace: self.refresh_grace.unwrap_or(lifetimes.refresh_grace),
            session: self.session.unwrap_or(lifetimes.session),
            signing_key: self.signing_key.unwrap_or(lifetimes.signing_key),
            ..self.of_apps.over(lifetimes)
        };
        Ok(())
    }
}

fn find<'a>(scopes: &'a mut [ScopeDefinition], name: &str) -> Option<&'a mut ScopeDefinition> {
    scopes.iter_mut().find(|scope| scope.name == name)
}

fn names(workspace: &Workspace) -> String {
    check::listed(workspace.scopes.iter().map(|scope| scope.name.as_str()))
}

fn no_scope(name: &str, known: &str) -> OperatorError {
    OperatorError::not_found(format!("scope `{name}` does not exist in this workspace; those that do: {known}"))
}

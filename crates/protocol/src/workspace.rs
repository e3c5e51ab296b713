//! A workspace (tenant): its name, its policy, and the scopes its apps can ask for.

use crate::error::{ErrorCode, OAuthError, Rule};
use crate::scope::Scope;
use crate::types::{GrantType, Seconds, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The part of the URL that names a workspace: `^[a-z0-9](-?[a-z0-9]){0,62}$`, and not reserved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// First path segments that the server itself uses or may come to use.
const RESERVED: [&str; 14] = [
    "admin",
    "api",
    "assets",
    "account",
    "console",
    "docs",
    "healthz",
    "login",
    "logout",
    "metrics",
    "oauth2",
    "readyz",
    "static",
    "well-known",
];

impl Slug {
    /// Reads a slug; the error says what a slug may be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let characters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let hyphens = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
        let letters = text.bytes().filter(|b| *b != b'-').count();
        if !characters || !hyphens || !(1..=63).contains(&letters) {
            return Err("a workspace slug is 1 to 63 lower-case letters and digits, with single hyphens between them");
        }
        if RESERVED.contains(&text) {
            return Err("this workspace slug is reserved for the server's own URLs");
        }
        Ok(Self(text.to_owned()))
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

/// One tenant: its own issuer, users, apps, keys and policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// The immutable id; associated data of every seal.
    pub id: WorkspaceId,
    /// Its place in URLs.
    pub slug: Slug,
    /// What pages call it.
    pub name: String,
    /// Its rules.
    pub policy: Policy,
    /// What its apps can ask for: its own, and those of [`ScopeDefinition::standard`].
    pub scopes: Vec<ScopeDefinition>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Set when it may not be used any more.
    pub disabled_at: Option<Timestamp>,
}

impl Workspace {
    /// The names of all scopes of the workspace.
    pub fn scope_names(&self) -> Scope {
        self.scopes.iter().map(|scope| &scope.name).collect()
    }

    /// Those of these names that are scopes of the workspace.
    pub fn known_of(&self, scope: &Scope) -> Scope {
        scope.filter(|name| self.knows(name))
    }

    /// Whether this is the name of a scope of the workspace.
    pub fn knows(&self, name: &str) -> bool {
        self.scopes.iter().any(|known| known.name == name)
    }

    /// The resource identifiers that tokens with `scope` are meant for; none means every resource server here.
    pub fn audience_of(&self, scope: &Scope) -> Vec<String> {
        let of = |known: &ScopeDefinition| known.audience.clone().filter(|_| scope.contains(&known.name));
        let mut meant: Vec<String> = self.scopes.iter().filter_map(of).collect();
        meant.sort_unstable();
        meant.dedup();
        meant
    }

    /// Refuses a grant type that the workspace has not switched on.
    pub fn check_grant(&self, grant: GrantType) -> Result<(), OAuthError> {
        if self.policy.grant_types.contains(&grant) {
            return Ok(());
        }
        // RFC 9700 §2.1.2, §2.4: implicit and password exist for what cannot move yet, off by default.
        Err(match grant {
            GrantType::Implicit => OAuthError::new(
                ErrorCode::UnsupportedResponseType,
                Rule::rfc(9700, "2.1.2"),
                "the implicit grant is switched off in this workspace; use response_type=code with PKCE",
            ),
            GrantType::AuthorizationCode => OAuthError::new(
                ErrorCode::UnsupportedResponseType,
                Rule::rfc(6749, "3.1.1"),
                "the authorization code grant is switched off in this workspace",
            ),
            GrantType::Password => OAuthError::new(
                ErrorCode::UnsupportedGrantType,
                Rule::rfc(9700, "2.4"),
                "the password grant is switched off in this workspace; use the authorization code grant with PKCE",
            ),
            GrantType::ClientCredentials | GrantType::RefreshToken => OAuthError::new(
                ErrorCode::UnsupportedGrantType,
                Rule::rfc(6749, "5.2"),
                "this grant_type is switched off in this workspace",
            ),
        })
    }
}

/// A scope, and what it means to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeDefinition {
    /// The scope token (RFC 6749 §3.3).
    pub name: String,
    /// What it allows, in the words of the consent page.
    pub description: String,
    /// Whether a user may untick it and still go on.
    #[serde(default)]
    pub optional: bool,
    /// The identifier of the resource server it belongs to; absent: every resource server of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// OpenID Connect Core §5.4, §11: scopes that every workspace has, what they mean to a person, and whether they can be unticked.
const STANDARD: [(&str, &str, bool); 6] = [
    ("openid", "Know that it is you who signed in", false),
    ("profile", "See your profile: name, picture, birthday, language and the like", true),
    ("email", "See your email address", true),
    ("address", "See your postal address", true),
    ("phone", "See your phone number", true),
    ("offline_access", "Stay connected while you are away", true),
];

impl ScopeDefinition {
    /// These scopes, and after them the standard ones, in the words of these where they have them.
    pub fn with_standard(own: Vec<Self>) -> Vec<Self> {
        let (mut reworded, mut all): (Vec<_>, Vec<_>) =
            own.into_iter().partition(|scope| Self::is_standard(&scope.name));
        for (name, description, optional) in STANDARD {
            all.push(match reworded.iter().position(|scope| scope.name == name) {
                Some(position) => reworded.swap_remove(position),
                None => Self { name: name.to_owned(), description: description.to_owned(), optional, audience: None },
            });
        }
        all
    }

    /// The names of the standard scopes.
    pub fn standard() -> impl Iterator<Item = &'static str> {
        STANDARD.iter().map(|(name, ..)| *name)
    }

    /// Whether this is the name of a standard scope.
    pub fn is_standard(name: &str) -> bool {
        Self::standard().any(|standard| standard == name)
    }
}

/// Who may register apps by RFC 7591, without a person at the portal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DynamicRegistrationPolicy {
    /// Nobody.
    #[default]
    Off,
    /// Whoever has an initial access token (RFC 7591 §3).
    InitialAccessToken,
    /// Everybody.
    Open,
}

impl DynamicRegistrationPolicy {
    /// Every policy, in the order pages and the command line offer them.
    pub const ALL: [Self; 3] = [Self::Off, Self::InitialAccessToken, Self::Open];

    /// The value on the command line and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::InitialAccessToken => "initial_access_token",
            Self::Open => "open",
        }
    }

    /// The policy with this value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }
}

/// The rules of one workspace. Stored as JSON; absent members take the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// The grant types that are switched on.
    pub grant_types: BTreeSet<GrantType>,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// Who may register apps in the portal.
    pub app_registration: AppRegistration,
    /// Who may register apps by RFC 7591.
    pub dynamic_registration: DynamicRegistrationPolicy,
    /// Whether people make accounts by themselves.
    pub sign_up: bool,
    /// Whose software statements are believed: issuers, each with its public keys (RFC 7591 §2.3).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub software_publishers: BTreeMap<String, serde_json::Value>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            grant_types: [GrantType::AuthorizationCode, GrantType::ClientCredentials, GrantType::RefreshToken].into(),
            lifetimes: Lifetimes::default(),
            app_registration: AppRegistration::Users,
            dynamic_registration: DynamicRegistrationPolicy::Off,
            sign_up: false,
            software_publishers: BTreeMap::new(),
        }
    }
}

/// Who may register apps in the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppRegistration {
    /// Everyone who can sign in; each sees only their own.
    Users,
    /// Workspace admins only.
    Admins,
}

/// How long things live, all in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lifetimes {
    /// An authorization code (RFC 6749 §4.1.2 recommends at most ten minutes).
    pub code: Seconds,
    /// An access token.
    pub access_token: Seconds,
    /// A refresh token that nobody uses.
    pub refresh_idle: Seconds,
    /// A refresh token family, however much it is used.
    pub refresh_absolute: Seconds,
    /// How long the predecessor of a rotated refresh token still gets the same successor.
    pub refresh_grace: Seconds,
    /// A signed-in browser.
    pub session: Seconds,
    /// A key that signs tokens, before its successor takes over.
    pub signing_key: Seconds,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            code: Seconds(60),
            access_token: Seconds::hours(1),
            refresh_idle: Seconds::days(30),
            refresh_absolute: Seconds::days(180),
            refresh_grace: Seconds(30),
            session: Seconds::hours(12),
            signing_key: Seconds::days(90),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_short_lower_case_and_not_reserved() {
        let longest = "a".repeat(63);
        for good in ["a", "workflow", "a-b", "0", "team-1-eu", longest.as_str()] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in ["", "-a", "a-", "a--b", "A", "a_b", "a.b", "é", "admin", "oauth2", too_long.as_str()] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_policy_written_before_a_member_existed_still_reads() {
        let policy: Policy = serde_json::from_str("{}").unwrap();
        assert_eq!(policy, Policy::default());
        let policy: Policy = serde_json::from_str(r#"{"lifetimes":{"code":30}}"#).unwrap();
        assert_eq!(policy.lifetimes.code, Seconds(30));
        assert_eq!(policy.lifetimes.access_token, Seconds(3_600));
    }
}

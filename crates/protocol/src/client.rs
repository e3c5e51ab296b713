//! A client (the portal calls it *app*): what is registered about it, in the terms of RFC 6749 §2 and RFC 7591 §2.

mod algorithms;
mod openid;

pub use algorithms::{ChosenAlgorithms, Encryption};
pub use openid::{ID_TOKEN_ALGORITHM, OpenidRegistration, SubjectType};

use crate::authorize::ResponseType;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::jose::Algorithm;
use crate::redirect_uri::RedirectUri;
use crate::scope::Scope;
use crate::types::{ClientRow, GrantType, Seconds, Timestamp, UserId};
use crate::workspace::Lifetimes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A registered client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The row; never leaves the server unsealed.
    pub row: ClientRow,
    /// The public identifier (RFC 6749 §2.2).
    pub client_id: String,
    /// What is registered about it.
    pub registration: Registration,
    /// The secrets that are good now: one, or two while it is being rotated. Newest first.
    pub secrets: Vec<StoredSecret>,
    /// Who registered it; none when an operator did.
    pub owner: Option<UserId>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Set where it registered itself (RFC 7591).
    pub dynamic: Option<DynamicRegistration>,
    /// Set when it may not be used any more.
    pub disabled_at: Option<Timestamp>,
}

/// What is known about a client that registered itself (RFC 7591, RFC 7592).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicRegistration {
    /// How often what is registered was changed, by whomever.
    pub generation: i64,
    /// When it is removed if nobody has used it by then; none once somebody has.
    pub unused_until: Option<Timestamp>,
}

/// What an owner decides about an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// What people see on the consent page.
    pub name: String,
    /// What it does, in its maker's words; may be empty.
    #[serde(default)]
    pub description: String,
    /// What kind of program it is.
    pub application_type: ApplicationType,
    /// How it proves itself at the token endpoint.
    pub token_endpoint_auth_method: AuthMethod,
    /// Where answers may be sent, compared as exact strings.
    pub redirect_uris: Vec<RedirectUri>,
    /// What it may use.
    pub grant_types: BTreeSet<GrantType>,
    /// What it may ask for.
    pub scope: Scope,
    /// Lifetimes of its own; absent ones are the workspace's.
    #[serde(default)]
    pub lifetimes: LifetimeOverrides,
    /// How its access tokens are written.
    #[serde(default)]
    pub access_token: AccessTokenChoice,
    /// What it registers for OpenID Connect.
    #[serde(default)]
    pub openid: OpenidRegistration,
    /// Set for a resource server: the identifier by which scopes name it as their audience (RFC 7662 §2.2 `aud`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

impl Registration {
    /// Whether the app cannot keep a secret (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == AuthMethod::None
    }

    /// What it may ask the authorization endpoint for: what it restricted itself to, or else all that its grant types allow.
    pub fn response_types(&self) -> BTreeSet<ResponseType> {
        if !self.openid.response_types.is_empty() {
            return self.openid.response_types.clone();
        }
        let allowed = |kind: &ResponseType| kind.grant_types().iter().all(|grant| self.grant_types.contains(grant));
        ResponseType::ALL.into_iter().filter(allowed).collect()
    }
}

/// How the access tokens of an app are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccessTokenChoice {
    /// In which form.
    pub format: AccessTokenFormat,
    /// By which algorithm they are signed, where the form is a signed one.
    pub signing_alg: Algorithm,
}

/// The form of an access token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessTokenFormat {
    /// Sealed: nobody but this server reads it.
    #[default]
    Opaque,
    /// A signed JWT (RFC 9068): whoever has the public keys can read and verify it.
    Jwt,
}

impl AccessTokenFormat {
    /// Every form, in the order pages offer them.
    pub const ALL: [Self; 2] = [Self::Opaque, Self::Jwt];

    /// The value in forms, on the command line and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opaque => "opaque",
            Self::Jwt => "jwt",
        }
    }

    /// The form with this value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

/// What kind of program an app is; decides whether it can keep a secret (RFC 6749 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationType {
    /// Runs on a server: confidential.
    Web,
    /// Runs in a browser: public.
    Spa,
    /// Is installed on a device: public.
    Native,
    /// Acts for itself, without a user: confidential.
    Service,
}

impl ApplicationType {
    /// Every type, in the order pages offer them.
    pub const ALL: [Self; 4] = [Self::Web, Self::Spa, Self::Native, Self::Service];

    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Spa => "spa",
            Self::Native => "native",
            Self::Service => "service",
        }
    }

    /// The type with this wire value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether programs of this kind can keep a secret (RFC 6749 §2.1).
    pub const fn keeps_secrets(self) -> bool {
        matches!(self, Self::Web | Self::Service)
    }

    /// How a new app of this kind proves itself.
    pub const fn usual_auth_method(self) -> AuthMethod {
        if self.keeps_secrets() { AuthMethod::ClientSecretBasic } else { AuthMethod::None }
    }

    /// The grant types that a new app of this kind is given.
    pub fn usual_grants(self) -> BTreeSet<GrantType> {
        match self {
            Self::Service => [GrantType::ClientCredentials].into(),
            Self::Web | Self::Spa | Self::Native => [GrantType::AuthorizationCode, GrantType::RefreshToken].into(),
        }
    }
}

/// How a client proves itself at the token endpoint (RFC 7591 §2 `token_endpoint_auth_method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// The `Authorization` header (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// Form parameters (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// A JWT signed by a private key of its own (RFC 7523 §2.2, OpenID Connect Core §9).
    PrivateKeyJwt,
    /// A JWT authenticated by its secret (RFC 7523 §2.2, OpenID Connect Core §9).
    ClientSecretJwt,
    /// A public client: it names itself and proves possession of a code by PKCE.
    None,
}

impl AuthMethod {
    /// Every method, in order of preference.
    pub const ALL: [Self; 5] =
        [Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt, Self::ClientSecretJwt, Self::None];

    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::None => "none",
        }
    }

    /// The method with this wire value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }

    /// Whether it needs a secret that both sides know.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }
}

/// Lifetimes that an app sets for itself, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LifetimeOverrides {
    /// An authorization code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Seconds>,
    /// An access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Seconds>,
    /// A refresh token that nobody uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_idle: Option<Seconds>,
    /// A refresh token family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_absolute: Option<Seconds>,
}

impl LifetimeOverrides {
    /// The lifetimes in force: these, and `rest` where there are none.
    pub fn over(&self, rest: &Lifetimes) -> Lifetimes {
        Lifetimes {
            code: self.code.unwrap_or(rest.code),
            access_token: self.access_token.unwrap_or(rest.access_token),
            refresh_idle: self.refresh_idle.unwrap_or(rest.refresh_idle),
            refresh_absolute: self.refresh_absolute.unwrap_or(rest.refresh_absolute),
            ..*rest
        }
    }
}

/// How long the secret before a new one stays good, unless said otherwise: time for every instance of the app to change over.
pub const SECRET_OVERLAP: Seconds = Seconds::days(7);

/// A client secret at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSecret {
    /// Its number within the client, counted up from 1, by which it can be retired.
    pub number: i64,
    /// The digest, see [`crate::client_auth::SecretDigest`].
    pub digest: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops being good; set on the old one by a rotation.
    pub expires_at: Option<Timestamp>,
}

impl Client {
    /// Whether the client cannot keep a secret (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.registration.is_public()
    }

    /// The lifetimes in force for this client.
    pub fn lifetimes(&self, workspace: &Lifetimes) -> Lifetimes {
        self.registration.lifetimes.over(workspace)
    }

    /// Refuses a grant type that the client is not registered for.
    pub fn check_grant(&self, grant: GrantType) -> Result<(), OAuthError> {
        if self.registration.grant_types.contains(&grant) {
            return Ok(());
        }
        // RFC 6749 §5.2: unauthorized_client.
        Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            Rule::rfc(6749, "5.2"),
            "this app is not registered for this grant; add the grant to the app in the app portal",
        ))
    }
}

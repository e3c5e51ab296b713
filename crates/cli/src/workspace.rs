//! `grantry workspace`.

use crate::args::{FindFlags, Globals, Sure};
use crate::data;
use crate::failure::Failure;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use grantry_protocol::client::LifetimeOverrides;
use grantry_protocol::types::{GrantType, Seconds};
use grantry_protocol::workspace::{AppRegistration, DynamicRegistrationPolicy, Slug};
use grantry_server::operator;
use grantry_server::operator::workspace::{Changes, LifetimeChanges, ScopeChange};

/// What to do to a workspace.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a workspace; without scopes it gets `read` and `write`
    Create {
        /// Its place in URLs: lower-case letters, digits and single hyphens
        #[arg(value_parser = Slug::parse)]
        slug: Slug,
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// List workspaces
    List(FindFlags),
    /// Show a workspace
    Show {
        /// Its place in URLs
        slug: String,
    },
    /// Change a workspace; what is not mentioned stays
    Update {
        /// Its place in URLs
        slug: String,
        #[command(flatten)]
        flags: Box<Flags>,
        #[command(flatten)]
        grants: GrantFlags,
        /// Switch it on again
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        /// Take a scope away, from its apps too; may be repeated
        #[arg(long = "remove-scope", value_name = "NAME")]
        remove_scopes: Vec<String>,
    },
    /// Make an initial access token, with which apps register themselves
    RegistrationToken {
        /// Its place in URLs
        slug: String,
        /// How long it is good
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
        expires_in: i64,
    },
    /// Remove a workspace with its users, apps and keys
    Delete {
        /// Its place in URLs
        slug: String,
        #[command(flatten)]
        sure: Sure,
    },
}

/// What can be said about a workspace.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// What pages call it [default: the slug]
    #[arg(long)]
    name: Option<String>,
    /// A scope that its apps can ask for, in the words of the consent page; may be repeated
    #[arg(long = "scope", value_name = "NAME=DESCRIPTION", value_parser = pair)]
    scopes: Vec<(String, String)>,
    /// The same, for a scope that a user may untick
    #[arg(long = "optional-scope", value_name = "NAME=DESCRIPTION", value_parser = pair)]
    optional_scopes: Vec<(String, String)>,
    /// The resource server that a scope is for [default: all of them]; may be repeated
    #[arg(long = "scope-audience", value_name = "NAME=ID", value_parser = pair)]
    scope_audiences: Vec<(String, String)>,
    /// A grant that is on, all others being off; may be repeated
    #[arg(long = "grant", value_name = "GRANT", value_parser = grant_parser())]
    grants: Vec<GrantType>,
    #[command(flatten)]
    lifetimes: LifetimeFlags,
    /// Who may register apps in the portal
    #[arg(long, value_name = "WHO", value_parser = ["users", "admins"])]
    app_registration: Option<String>,
    /// Which apps may register themselves (RFC 7591): none, those with an initial access token, or all [default: off]
    #[arg(long, value_name = "WHICH", value_parser = dynamic_registration_parser())]
    dynamic_registration: Option<DynamicRegistrationPolicy>,
    /// Whether people make accounts by themselves, with a page for that and prompt=create [default: off]
    #[arg(long, value_name = "WHETHER", value_parser = switch_parser())]
    sign_up: Option<bool>,
    /// A publisher whose software statements are believed, and a file with its public keys (JWKS); may be repeated
    #[arg(long = "trust-publisher", value_name = "ISSUER=FILE", value_parser = publisher)]
    trusted_publishers: Vec<(String, serde_json::Value)>,
    /// A publisher that is believed no longer; may be repeated
    #[arg(long = "distrust-publisher", value_name = "ISSUER")]
    distrusted_publishers: Vec<String>,
    /// Switch it off
    #[arg(long)]
    disable: bool,
}

/// Grants that go on and off.
#[derive(Debug, Args)]
pub(crate) struct GrantFlags {
    /// A grant to switch on; may be repeated
    #[arg(long = "allow-grant", value_name = "GRANT", value_parser = grant_parser(), conflicts_with = "grants")]
    allow: Vec<GrantType>,
    /// A grant to switch off; may be repeated
    #[arg(long = "forbid-grant", value_name = "GRANT", value_parser = grant_parser(), conflicts_with = "grants")]
    forbid: Vec<GrantType>,
}

/// How long things live.
#[derive(Debug, Args)]
struct LifetimeFlags {
    /// An authorization code [default: 60]
    #[arg(long, value_name = "SECONDS")]
    code_lifetime: Option<i64>,
    /// An access token [default: 3600]
    #[arg(long, value_name = "SECONDS")]
    access_token_lifetime: Option<i64>,
    /// A refresh token that nobody uses [default: 2592000, 30 days]
    #[arg(long, value_name = "SECONDS")]
    refresh_idle: Option<i64>,
    /// A refresh token family, however much it is used [default: 15552000, 180 days]
    #[arg(long, value_name = "SECONDS")]
    refresh_absolute: Option<i64>,
    /// How long a refresh token that was just replaced is still taken [default: 30]
    #[arg(long, value_name = "SECONDS")]
    refresh_grace: Option<i64>,
    /// A signed-in browser [default: 43200, 12 hours]
    #[arg(long, value_name = "SECONDS")]
    session_lifetime: Option<i64>,
    /// A key that signs tokens, before its successor takes over [default: 7776000, 90 days]
    #[arg(long, value_name = "SECONDS")]
    signing_key_lifetime: Option<i64>,
}

impl Command {
    /// Does it.
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        use operator::workspace::Command as Wanted;
        let wanted = match self {
            Self::Create { slug, flags } => Wanted::Create(slug, Box::new(flags.changes())),
            Self::List(find) => Wanted::List(find.find()),
            Self::Show { slug } => Wanted::Show(slug),
            Self::Update { slug, flags, grants, enable, remove_scopes } => {
                let mut changes = flags.changes();
                changes.allowed_grants = grants.allow.into_iter().collect();
                changes.forbidden_grants = grants.forbid.into_iter().collect();
                changes.disabled = if enable { Some(false) } else { changes.disabled };
                changes.removed_scopes = remove_scopes;
                Wanted::Update(slug, Box::new(changes))
            }
            Self::RegistrationToken { slug, expires_in } => {
                Wanted::RegistrationToken { slug, expires_in: Seconds(expires_in) }
            }
            Self::Delete { slug, sure } => {
                sure.check(&format!("workspace `{slug}` with its users, apps and keys"))?;
                Wanted::Delete(slug)
            }
        };
        data::run(globals, operator::Command::Workspace(wanted))
    }
}

impl Flags {
    fn changes(self) -> Changes {
        let scope = |optional| move |(name, description)| ScopeChange { name, description, optional };
        let scopes = self.scopes.into_iter().map(scope(false));
        Changes {
            name: self.name,
            scopes: scopes.chain(self.optional_scopes.into_iter().map(scope(true))).collect(),
            scope_audiences: self.scope_audiences,
            grant_types: Some(self.grants)
                .filter(|grants| !grants.is_empty())
                .map(|grants| grants.into_iter().collect()),
            lifetimes: self.lifetimes.changes(),
            app_registration: self.app_registration.map(|who| match who.as_str() {
                "admins" => AppRegistration::Admins,
                _ => AppRegistration::Users,
            }),
            dynamic_registration: self.dynamic_registration,
            sign_up: self.sign_up,
            trusted_publishers: self.trusted_publishers.into_iter().collect(),
            distrusted_publishers: self.distrusted_publishers,
            disabled: self.disable.then_some(true),
            ..Changes::default()
        }
    }
}

impl LifetimeFlags {
    fn changes(self) -> LifetimeChanges {
        LifetimeChanges {
            of_apps: LifetimeOverrides {
                code: self.code_lifetime.map(Seconds),
                access_token: self.access_token_lifetime.map(Seconds),
                refresh_idle: self.refresh_idle.map(Seconds),
                refresh_absolute: self.refresh_absolute.map(Seconds),
            },
            refresh_grace: self.refresh_grace.map(Seconds),
            session: self.session_lifetime.map(Seconds),
            signing_key: self.signing_key_lifetime.map(Seconds),
        }
    }
}

/// Reads `NAME=VALUE`.
pub(crate) fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it must be a name, an equals sign and a value"),
    }
}

/// Reads `ISSUER=FILE`, and the file. The issuer is a URI, which may hold an equals sign.
fn publisher(text: &str) -> Result<(String, serde_json::Value), String> {
    let (issuer, file) = text.rsplit_once('=').ok_or("it must be an issuer, an equals sign and a file")?;
    let keys = std::fs::read(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
    let keys = serde_json::from_slice(&keys).map_err(|_| format!("{file} is not JSON: it must hold a JWK set"))?;
    Ok((issuer.to_owned(), keys))
}

/// Reads a policy by its value.
fn dynamic_registration_parser() -> impl clap::builder::TypedValueParser<Value = DynamicRegistrationPolicy> {
    PossibleValuesParser::new(DynamicRegistrationPolicy::ALL.map(DynamicRegistrationPolicy::as_str))
        .try_map(|text| DynamicRegistrationPolicy::parse(&text).ok_or("there is no such policy"))
}

/// Reads `on` or `off`.
fn switch_parser() -> impl clap::builder::TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["on", "off"]).map(|text| text == "on")
}

/// Reads a grant type by its wire value.
pub(crate) fn grant_parser() -> impl clap::builder::TypedValueParser<Value = GrantType> {
    PossibleValuesParser::new(GrantType::ALL.map(GrantType::as_str))
        .try_map(|text| GrantType::parse(&text).ok_or("there is no such grant"))
}

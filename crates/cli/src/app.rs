//! `grantry app`.

mod openid;

use crate::args::{FindFlags, Globals, Sure};
use crate::failure::Failure;
use crate::key::algorithm_parser;
use crate::user::Place;
use crate::workspace::grant_parser;
use crate::{data, secret_input};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use grantry_protocol::client::{AccessTokenFormat, ApplicationType, AuthMethod, LifetimeOverrides, SECRET_OVERLAP};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::scope::Scope;
use grantry_protocol::types::{GrantType, Seconds};
use grantry_server::operator;
use grantry_server::operator::app::{Changes, Create};

/// What to do to an app.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register an app; its secret is shown once
    Create {
        #[command(flatten)]
        place: Place,
        /// What kind of program it is
        #[arg(long = "type", value_name = "TYPE", value_parser = type_parser())]
        application_type: ApplicationType,
        /// What people see on the consent page
        #[arg(long)]
        name: String,
        /// Its public identifier [default: a random one]
        #[arg(long, value_name = "ID")]
        client_id: Option<String>,
        /// Read its secret from standard input [default: a random one]
        #[arg(long)]
        secret_stdin: bool,
        #[command(flatten)]
        flags: Box<Flags>,
    },
    /// List apps
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        find: FindFlags,
    },
    /// Show an app
    Show(Which),
    /// Change an app; what is not mentioned stays
    Update {
        #[command(flatten)]
        which: Which,
        /// What people see on the consent page
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        flags: Box<Flags>,
        /// Switch it on again
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
    },
    /// Remove an app with its secrets and everything it was granted
    Delete {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        sure: Sure,
    },
    /// Give an app a new secret; the old one stays good for a while
    RotateSecret {
        #[command(flatten)]
        which: Which,
        /// Read the new secret from standard input [default: a random one]
        #[arg(long)]
        secret_stdin: bool,
        /// How long the old secret stays good; 0 ends it now
        #[arg(long, value_name = "SECONDS", default_value_t = SECRET_OVERLAP.0)]
        keep_old: i64,
    },
    /// End one of two secrets
    RetireSecret {
        #[command(flatten)]
        which: Which,
        /// The number of the secret [default: the oldest]
        #[arg(long)]
        number: Option<i64>,
    },
}

/// Which app.
#[derive(Debug, Args)]
pub(crate) struct Which {
    #[command(flatten)]
    place: Place,
    /// Its public identifier
    client_id: String,
}

/// What can be said about an app.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Where answers may be sent, compared exactly; may be repeated
    #[arg(long = "redirect-uri", value_name = "URI", value_parser = RedirectUri::register)]
    redirect_uris: Vec<RedirectUri>,
    /// A grant that it may use [default: what is usual for its type]; may be repeated
    #[arg(long = "grant", value_name = "GRANT", value_parser = grant_parser())]
    grants: Vec<GrantType>,
    /// A scope that it may ask for [default: all of the workspace's]; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<Scope>,
    /// How it proves itself [default: client_secret_basic, or none for spa and native]
    #[arg(long, visible_alias = "token-endpoint-auth-method", value_name = "METHOD", value_parser = method_parser())]
    auth_method: Option<AuthMethod>,
    /// What it does, in a line
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The form of its access tokens: opaque, or jwt for APIs that verify them on their own [default: opaque]
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    access_token_format: Option<AccessTokenFormat>,
    /// The algorithm that its access tokens are signed by, where they are JWTs [default: ES256]
    #[arg(long, visible_alias = "access-token-signing-alg", value_name = "ALGORITHM", value_parser = algorithm_parser())]
    access_token_alg: Option<Algorithm>,
    /// Make it a resource server, known by this identifier; an empty one makes it none
    #[arg(long, value_name = "ID")]
    resource: Option<String>,
    #[command(flatten)]
    openid: openid::OpenidFlags,
    #[command(flatten)]
    lifetimes: LifetimeFlags,
    /// Switch it off
    #[arg(long)]
    disable: bool,
}

/// Lifetimes of its own.
#[derive(Debug, Args)]
struct LifetimeFlags {
    /// Its authorization codes [default: the workspace's, which 0 also means]
    #[arg(long, value_name = "SECONDS")]
    code_lifetime: Option<i64>,
    /// Its access tokens [default: the workspace's, which 0 also means]
    #[arg(long, value_name = "SECONDS")]
    access_token_lifetime: Option<i64>,
    /// Its refresh tokens that nobody uses [default: the workspace's, which 0 also means]
    #[arg(long, value_name = "SECONDS")]
    refresh_idle: Option<i64>,
    /// Its refresh token families [default: the workspace's, which 0 also means]
    #[arg(long, value_name = "SECONDS")]
    refresh_absolute: Option<i64>,
}

impl Command {
    /// Does it.
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        use operator::app::Command as Wanted;
        let (place, wanted) = match self {
            Self::Create { place, application_type, name, client_id, secret_stdin, flags } => {
                let changes = Changes { name: Some(name), ..flags.changes()? };
                let secret = if secret_stdin { Some(secret_input::existing_secret()?) } else { None };
                (place, Wanted::Create(Box::new(Create { application_type, client_id, secret, changes })))
            }
            Self::List { place, find } => (place, Wanted::List(find.find())),
            Self::Show(which) => (which.place, Wanted::Show(which.client_id)),
            Self::Update { which, name, flags, enable } => {
                let mut changes = Changes { name, ..flags.changes()? };
                changes.disabled = if enable { Some(false) } else { changes.disabled };
                (which.place, Wanted::Update(which.client_id, Box::new(changes)))
            }
            Self::Delete { which, sure } => {
                sure.check(&format!("app `{}` with its secrets and everything it was granted", which.client_id))?;
                (which.place, Wanted::Delete(which.client_id))
            }
            Self::RotateSecret { which, secret_stdin, keep_old } => {
                let secret = if secret_stdin { Some(secret_input::existing_secret()?) } else { None };
                let keep_old = Seconds(keep_old);
                (which.place, Wanted::RotateSecret { client_id: which.client_id, secret, keep_old })
            }
            Self::RetireSecret { which, number } => {
                (which.place, Wanted::RetireSecret { client_id: which.client_id, number })
            }
        };
        data::run(globals, operator::Command::App(place.workspace, wanted))
    }
}

impl Flags {
    fn changes(self) -> Result<Changes, Failure> {
        let every = |scope: Scope, more: Scope| scope.union(&more);
        Ok(Changes {
            redirect_uris: Some(self.redirect_uris).filter(|uris| !uris.is_empty()),
            grant_types: Some(self.grants)
                .filter(|grants| !grants.is_empty())
                .map(|grants| grants.into_iter().collect()),
            scope: self.scopes.into_iter().reduce(every),
            auth_method: self.auth_method,
            description: self.description,
            access_token_format: self.access_token_format,
            access_token_signing_alg: self.access_token_alg,
            resource: self.resource,
            lifetimes: LifetimeOverrides {
                code: self.lifetimes.code_lifetime.map(Seconds),
                access_token: self.lifetimes.access_token_lifetime.map(Seconds),
                refresh_idle: self.lifetimes.refresh_idle.map(Seconds),
                refresh_absolute: self.lifetimes.refresh_absolute.map(Seconds),
            },
            openid: self.openid.members()?,
            disabled: self.disable.then_some(true),
            ..Changes::default()
        })
    }
}

fn scope(text: &str) -> Result<Scope, &'static str> {
    Scope::parse(text).map_err(|error| error.description)
}

fn type_parser() -> impl clap::builder::TypedValueParser<Value = ApplicationType> {
    PossibleValuesParser::new(ApplicationType::ALL.map(ApplicationType::as_str))
        .try_map(|text| ApplicationType::parse(&text).ok_or("there is no such type"))
}

fn method_parser() -> impl clap::builder::TypedValueParser<Value = AuthMethod> {
    PossibleValuesParser::new(AuthMethod::ALL.map(AuthMethod::as_str))
        .try_map(|text| AuthMethod::parse(&text).ok_or("there is no such method"))
}

fn format_parser() -> impl clap::builder::TypedValueParser<Value = AccessTokenFormat> {
    PossibleValuesParser::new(AccessTokenFormat::ALL.map(AccessTokenFormat::as_str))
        .try_map(|text| AccessTokenFormat::parse(&text).ok_or("there is no such form"))
}

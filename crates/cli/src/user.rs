//! `grantry user`.

use crate::args::{FindFlags, Globals, Sure};
use crate::failure::Failure;
use crate::workspace::pair;
use crate::{data, secret_input};
use clap::{Args, Subcommand};
use grantry_server::operator;
use grantry_server::operator::user::Changes;

/// What to do to a user.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a user; the password is asked for at a terminal
    Create {
        #[command(flatten)]
        place: Place,
        /// What the person types to sign in
        #[arg(long)]
        username: String,
        #[command(flatten)]
        given: Given,
        #[command(flatten)]
        flags: Flags,
    },
    /// List users
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        find: FindFlags,
    },
    /// Show a user
    Show {
        #[command(flatten)]
        place: Place,
        /// What the person types to sign in
        username: String,
    },
    /// Change a user; what is not mentioned stays
    Update {
        #[command(flatten)]
        place: Place,
        /// What the person types to sign in
        username: String,
        #[command(flatten)]
        given: Given,
        #[command(flatten)]
        flags: Flags,
        /// No longer let the person administer the workspace
        #[arg(long, conflicts_with = "admin")]
        no_admin: bool,
        /// Switch the account off, and end its sessions
        #[arg(long)]
        disable: bool,
        /// Switch the account on again
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
    },
    /// Remove a user with their sessions and everything they granted
    Delete {
        #[command(flatten)]
        place: Place,
        /// What the person types to sign in
        username: String,
        #[command(flatten)]
        sure: Sure,
    },
}

/// Where users and apps are.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The workspace
    #[arg(long, value_name = "SLUG")]
    pub(crate) workspace: String,
}

/// How a password comes in. It ends the sessions of an existing user.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Given {
    /// Read the password from standard input, or ask for it at a terminal
    #[arg(long)]
    password_stdin: bool,
    /// Read from standard input the hash of a password that another system kept: Argon2id ($argon2id$…) or bcrypt ($2b$…)
    #[arg(long)]
    password_hash_stdin: bool,
}

impl Given {
    /// Adds the password to what is said about a user, asking for it where one is needed.
    fn read(&self, needed: bool, changes: Changes) -> Result<Changes, Failure> {
        if self.password_hash_stdin {
            return Ok(Changes { password_hash: Some(secret_input::password_hash()?), ..changes });
        }
        let password = (needed || self.password_stdin).then(|| secret_input::new_password(self.password_stdin));
        Ok(Changes { password: password.transpose()?, ..changes })
    }
}

/// What can be said about a user.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// What pages call the person [default: the user name]
    #[arg(long)]
    name: Option<String>,
    /// Let the person administer the workspace
    #[arg(long)]
    admin: bool,
    /// A standard claim (OpenID Connect Core §5.1), such as email=bob@example.com; an empty value takes it away; may be repeated
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = pair)]
    claims: Vec<(String, String)>,
}

impl Command {
    /// Does it.
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        use operator::user::Command as Wanted;
        let (place, wanted) = match self {
            Self::Create { place, username, given, flags } => {
                (place, Wanted::Create(username, Box::new(given.read(true, flags.changes())?)))
            }
            Self::List { place, find } => (place, Wanted::List(find.find())),
            Self::Show { place, username } => (place, Wanted::Show(username)),
            Self::Update { place, username, given, flags, no_admin, disable, enable } => {
                let mut changes = given.read(false, flags.changes())?;
                changes.admin = if no_admin { Some(false) } else { changes.admin };
                changes.disabled = if enable { Some(false) } else { disable.then_some(true) };
                (place, Wanted::Update(username, Box::new(changes)))
            }
            Self::Delete { place, username, sure } => {
                sure.check(&format!("user `{username}` with their sessions and everything they granted"))?;
                (place, Wanted::Delete(username))
            }
        };
        data::run(globals, operator::Command::User(place.workspace, wanted))
    }
}

impl Flags {
    fn changes(self) -> Changes {
        Changes { name: self.name, admin: self.admin.then_some(true), claims: self.claims, ..Changes::default() }
    }
}

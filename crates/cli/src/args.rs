//! The command line: what can be said, and which file does it.

use crate::config::{Layers, Source};
use crate::failure::Failure;
use crate::output::Format;
use crate::serve::{Serve, ServerFlags};
use crate::{app, backup, demo, doctor, key, migrate, user, workspace};
use clap::{Args, Parser, Subcommand};
use grantry_protocol::types::Secret;
use grantry_server::operator::Find;
use std::path::PathBuf;

/// An OAuth 2.0 authorization server for products that host many workspaces
#[derive(Debug, Parser)]
#[command(name = "grantry", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// The data directory [default: grantry-data; for the demo grantry-data/demo]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
    /// sqlite:PATH or postgres://… [default: grantry.db in the data directory]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// The key that all keys in the database rest under [default: master.key beside a SQLite database]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) master_key_file: Option<String>,
    /// The configuration file; `grantry serve --help` lists its keys
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print one JSON object, with the protocols' own member names
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(Box<Serve>),
    /// Workspaces: each an issuer with users, apps, keys and rules of its own
    #[command(subcommand)]
    Workspace(workspace::Command),
    /// Users: the people who sign in to a workspace
    #[command(subcommand)]
    User(user::Command),
    /// Apps: the OAuth clients of a workspace
    #[command(subcommand)]
    App(app::Command),
    /// Keys: those of a workspace, and the master key
    #[command(subcommand)]
    Key(key::Command),
    Migrate(migrate::Migrate),
    Doctor(Box<doctor::Doctor>),
    Backup(backup::Backup),
}

impl Cli {
    /// Does what the command line says.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let globals = &self.globals;
        match self.command {
            Command::Demo(demo) => demo.run(globals),
            Command::Serve(serve) => serve.run(globals),
            Command::Workspace(command) => command.run(globals),
            Command::User(command) => command.run(globals),
            Command::App(command) => command.run(globals),
            Command::Key(command) => command.run(globals),
            Command::Migrate(migrate) => migrate.run(globals),
            Command::Doctor(doctor) => doctor.run(globals),
            Command::Backup(backup) => backup.run(globals),
        }
    }
}

impl Globals {
    /// How answers are printed.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }

    /// What these flags, the variables and the file say.
    pub(crate) fn layers(&self) -> Result<Layers, Failure> {
        self.layers_with(&ServerFlags::default())
    }

    /// What all flags, the variables and the file say.
    pub(crate) fn layers_with(&self, flags: &ServerFlags) -> Result<Layers, Failure> {
        let own = [
            ("data_dir", "--data-dir", self.data_dir.clone()),
            ("database", "--database", self.database.clone()),
            ("master_key_file", "--master-key-file", self.master_key_file.clone()),
        ];
        let given = own.into_iter().chain(flags.given());
        let given = given.filter_map(|(key, flag, value)| Some((key, (Source::Flag(flag), Secret::new(value?)))));
        Layers::gather(self.config.as_deref(), given.collect())
    }
}

/// Which part of a list.
#[derive(Debug, Args)]
pub(crate) struct FindFlags {
    /// Only those with this in their name
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    search: String,
    /// How many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// How many to leave out at the beginning
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    offset: u32,
}

impl FindFlags {
    /// The same for the operator.
    pub(crate) fn find(self) -> Find {
        Find { search: self.search, limit: self.limit, offset: self.offset }
    }
}

/// That a removal is meant.
#[derive(Debug, Args)]
pub(crate) struct Sure {
    /// Yes, remove it: there is no way back
    #[arg(long)]
    yes: bool,
}

impl Sure {
    /// Refuses what was not said to be meant.
    pub(crate) fn check(&self, what: &str) -> Result<(), Failure> {
        if self.yes {
            Ok(())
        } else {
            Err(Failure::wrong(format!("this removes {what}, for good; say --yes if that is meant")))
        }
    }
}

//! Users: the people who sign in to a workspace.

mod claims;

use super::{Answer, Find, OperatorError, Outcome, check, exposed, find_workspace, proceed, readable_name};
use crate::passwords::check_imported;
use crate::server::Server;
use grantry_protocol::account::User;
use grantry_protocol::claims::{Claims, read, write};
use grantry_protocol::types::{Secret, Timestamp};
use grantry_storage::{Instance, NewUser, StorageError, Tx};
use serde::{Deserialize, Serialize};

/// Longest user name, in characters.
const LONGEST_USERNAME: usize = 255;

/// What to do to a user.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make one by this name.
    Create(String, Box<Changes>),
    /// List some.
    List(Find),
    /// Show one.
    Show(String),
    /// Change one.
    Update(String, Box<Changes>),
    /// Remove one with everything they gave.
    Delete(String),
}

/// What is to be different. What is absent stays.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// What pages call the person.
    pub name: Option<String>,
    /// What the person types to sign in; ends the sessions of an existing user.
    #[serde(serialize_with = "exposed")]
    pub password: Option<Secret<String>>,
    /// The same as a hash that another system made, by Argon2id or bcrypt.
    #[serde(serialize_with = "exposed")]
    pub password_hash: Option<Secret<String>>,
    /// Whether the person administers the workspace.
    pub admin: Option<bool>,
    /// Whether the account is switched off; switching it off ends its sessions.
    pub disabled: Option<bool>,
    /// Standard claims (OpenID Connect Core §5.1) by name; an empty value takes one away.
    pub claims: Vec<(String, String)>,
}

/// A user as operators see them.
#[derive(Debug, Serialize)]
pub struct Shown {
    workspace: String,
    username: String,
    sub: String,
    name: String,
    admin: bool,
    claims: Claims,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Timestamp>,
}

impl Shown {
    fn new(workspace: &str, user: User) -> Self {
        Self {
            workspace: workspace.to_owned(),
            username: user.username,
            sub: user.subject,
            name: user.display_name,
            admin: user.admin_since.is_some(),
            claims: read(&user.claims),
            created_at: user.created_at,
            disabled_at: user.disabled_at,
        }
    }
}

pub(super) async fn execute(server: &Server, workspace: String, command: Command) -> Outcome<Answer> {
    match command {
        Command::Create(username, changes) => create(server, workspace, username, *changes).await,
        Command::List(find) => list(server, workspace, find).await,
        Command::Show(username) => show(server, workspace, username).await,
        Command::Update(username, changes) => update(server, workspace, username, *changes).await,
        Command::Delete(username) => delete(server, workspace, username).await,
    }
}

async fn create(server: &Server, slug: String, username: String, changes: Changes) -> Outcome<Answer> {
    check_username(&username)?;
    let Some(digest) = digest(server, &changes).await? else {
        return Err(OperatorError::usage(
            "a new user needs a password: pass it with --password-stdin, or its hash with --password-hash-stdin",
        ));
    };
    let new = NewUser {
        subject: readable_name(&mut server.randomness()),
        display_name: changes.name.clone().unwrap_or_else(|| username.clone()),
        username,
        admin: changes.admin.unwrap_or_default(),
        claims: write(claims::change(Claims::new(), &changes.claims, None)?),
        password_digest: Some(digest),
    };
    check::name("the name of a user", &new.display_name)?;
    let now = server.clock().now();
    let taken = format!(
        "user `{0}` exists already in workspace `{slug}`; `grantry user show --workspace {slug} {0}` shows them",
        new.username
    );
    let shown_in = slug.clone();
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let id = tx.insert_user(&new, now)?;
        let mut user = tx.find_user(id)?.ok_or(StorageError::Unavailable)?;
        if changes.disabled == Some(true) {
            user.disabled_at = Some(now);
            tx.update_user(&user)?;
        }
        Ok(Ok(user))
    };
    match server.store().write_instance(work).await {
        Err(StorageError::Conflict) => Err(OperatorError::refused(taken)),
        outcome => Ok(Answer::User(Box::new(Shown::new(&shown_in, outcome??)))),
    }
}

async fn list(server: &Server, slug: String, find: Find) -> Outcome<Answer> {
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let users = tx.list_users(&find.search, find.page())?;
        let users = users.into_iter().map(|user| Shown::new(&slug, user)).collect();
        Ok(Ok(Answer::Users { users, total: tx.count_users(&find.search)? }))
    };
    server.store().read_instance(work).await?
}

async fn show(server: &Server, slug: String, username: String) -> Outcome<Answer> {
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let user = proceed!(find_user(&mut instance.within(workspace.id), &slug, &username)?);
        Ok(Ok(Answer::User(Box::new(Shown::new(&slug, user)))))
    };
    server.store().read_instance(work).await?
}

async fn update(server: &Server, slug: String, username: String, changes: Changes) -> Outcome<Answer> {
    let digest = digest(server, &changes).await?;
    let now = server.clock().now();
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let mut user = proceed!(find_user(&mut tx, &slug, &username)?);
        proceed!(apply(&changes, &mut user, now));
        tx.update_user(&user)?;
        if let Some(digest) = &digest {
            tx.set_password(user.id, digest)?;
        }
        // Whoever knew the old password, or must not sign in any more, is not to stay signed in.
        if digest.is_some() || changes.disabled == Some(true) {
            tx.end_sessions_of(user.id, None, now)?;
        }
        Ok(Ok(Answer::User(Box::new(Shown::new(&slug, user)))))
    };
    server.store().write_instance(work).await?
}

async fn delete(server: &Server, slug: String, username: String) -> Outcome<Answer> {
    let now = server.clock().now();
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let user = proceed!(find_user(&mut tx, &slug, &username)?);
        tx.delete_user(user.id, now)?;
        Ok(Ok(Answer::Deleted { deleted: user.username }))
    };
    server.store().write_instance(work).await?
}

fn apply(changes: &Changes, user: &mut User, now: Timestamp) -> Result<(), OperatorError> {
    if let Some(name) = &changes.name {
        check::name("the name of a user", name)?;
        user.display_name.clone_from(name);
    }
    if let Some(admin) = changes.admin {
        user.admin_since = admin.then(|| user.admin_since.unwrap_or(now));
    }
    if let Some(disabled) = changes.disabled {
        user.disabled_at = disabled.then(|| user.disabled_at.unwrap_or(now));
    }
    user.claims = write(claims::change(read(&user.claims), &changes.claims, Some(now))?);
    Ok(())
}

async fn digest(server: &Server, changes: &Changes) -> Outcome<Option<String>> {
    match (&changes.password, &changes.password_hash) {
        (None, None) => Ok(None),
        (Some(password), None) => {
            check::password(password)?;
            Ok(Some(server.passwords().hash(password.clone()).await?))
        }
        (None, Some(hash)) => {
            let refused = |why| OperatorError::refused(format!("this hash of a password cannot be taken over: {why}"));
            check_imported(hash.expose()).map_err(refused)?;
            Ok(Some(hash.expose().to_owned()))
        }
        (Some(_), Some(_)) => Err(OperatorError::usage("a password or its hash, not both")),
    }
}

fn check_username(username: &str) -> Result<(), OperatorError> {
    if check::is_plain(username) && username.chars().count() <= LONGEST_USERNAME {
        return Ok(());
    }
    Err(OperatorError::refused(format!(
        "a user name is 1 to {LONGEST_USERNAME} characters, without control characters and without spaces at its ends"
    )))
}

pub(super) fn find_user(tx: &mut Tx<'_>, slug: &str, username: &str) -> grantry_storage::Result<Outcome<User>> {
    let found = tx.find_user_by_username(username)?;
    Ok(found.ok_or_else(|| {
        OperatorError::not_found(format!(
            "workspace `{slug}` has no user `{username}`; `grantry user list --workspace {slug}` shows those it has"
        ))
    }))
}

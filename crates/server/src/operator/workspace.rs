//! Workspaces: making one with its first sealing key, and changing its policy and scopes.

mod change;
mod registration_token;

pub use change::{Changes, LifetimeChanges, ScopeChange};
pub use registration_token::Shown as RegistrationToken;

use super::{Answer, Find, OperatorError, Outcome, check, find_workspace, proceed};
use crate::server::Server;
use grantry_protocol::client::Client;
use grantry_protocol::scope::Scope;
use grantry_protocol::sealed::KeyPurpose;
use grantry_protocol::types::{GrantType, Seconds, Timestamp, WorkspaceId};
use grantry_protocol::workspace::{
    AppRegistration, DynamicRegistrationPolicy, Lifetimes, Policy, ScopeDefinition, Slug, Workspace,
};
use grantry_storage::{ClientFilter, NewKey, NewWorkspace, Page, StorageError, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What to do to a workspace.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make one.
    Create(Slug, Box<Changes>),
    /// List some.
    List(Find),
    /// Show one.
    Show(String),
    /// Change one.
    Update(String, Box<Changes>),
    /// Remove one with everything in it.
    Delete(String),
    /// Make an initial access token.
    RegistrationToken {
        /// Where apps may register themselves with it.
        slug: String,
        /// How long.
        expires_in: Seconds,
    },
}

/// A workspace as operators see it.
#[derive(Debug, Serialize)]
pub struct Shown {
    workspace: String,
    issuer: String,
    name: String,
    grant_types: BTreeSet<GrantType>,
    app_registration: AppRegistration,
    dynamic_registration: DynamicRegistrationPolicy,
    sign_up: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    software_publishers: Vec<String>,
    lifetimes: Lifetimes,
    scopes: Vec<ScopeDefinition>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Timestamp>,
}

impl Shown {
    fn new(server: &Server, workspace: Workspace) -> Self {
        Self {
            issuer: issuer(server, workspace.slug.as_str()),
            workspace: workspace.slug.to_string(),
            name: workspace.name,
            grant_types: workspace.policy.grant_types,
            app_registration: workspace.policy.app_registration,
            dynamic_registration: workspace.policy.dynamic_registration,
            sign_up: workspace.policy.sign_up,
            software_publishers: workspace.policy.software_publishers.into_keys().collect(),
            lifetimes: workspace.policy.lifetimes,
            scopes: workspace.scopes,
            created_at: workspace.created_at,
            disabled_at: workspace.disabled_at,
        }
    }
}

/// RFC 8414 §2: what the workspace calls itself.
pub(super) fn issuer(server: &Server, slug: &str) -> String {
    format!("{}/{slug}", server.settings().public_url)
}

pub(super) async fn execute(server: &Server, command: Command) -> Outcome<Answer> {
    match command {
        Command::Create(slug, changes) => create(server, slug, *changes).await,
        Command::List(find) => list(server, find).await,
        Command::Show(slug) => show(server, slug).await,
        Command::Update(slug, changes) => update(server, slug, *changes).await,
        Command::Delete(slug) => delete(server, slug).await,
        Command::RegistrationToken { slug, expires_in } => registration_token::make(server, slug, expires_in).await,
    }
}

async fn create(server: &Server, slug: Slug, mut changes: Changes) -> Outcome<Answer> {
    let now = server.clock().now();
    if changes.scopes.is_empty() {
        changes.scopes = usual_scopes();
    }
    let mut workspace = Workspace {
        id: WorkspaceId(0),
        name: slug.to_string(),
        slug,
        policy: Policy::default(),
        scopes: Vec::new(),
        created_at: now,
        disabled_at: None,
    };
    changes.apply(&mut workspace, now)?;
    let new = NewWorkspace {
        slug: workspace.slug.clone(),
        name: workspace.name.clone(),
        policy: workspace.policy.clone(),
        scopes: workspace.scopes.clone(),
    };
    let (disabled_at, within) = (workspace.disabled_at, server.clone());
    let work = move |instance: &mut grantry_storage::Instance<'_>| {
        let id = instance.create_workspace(&new, now)?;
        if disabled_at.is_some() {
            let made = instance.find_workspace_by_id(id)?.ok_or(StorageError::Unavailable)?;
            instance.update_workspace(&Workspace { disabled_at, ..made })?;
        }
        // A workspace without a key could seal nothing, so both come into being together.
        let sealed = within.master_key().generate(id, KeyPurpose::Sealing, &mut within.randomness());
        instance.within(id).insert_key(&NewKey { purpose: KeyPurpose::Sealing, sealed }, now)
    };
    match server.store().write_instance(work).await {
        Ok(_) => {
            workspace.scopes = ScopeDefinition::with_standard(workspace.scopes);
            Ok(Answer::Workspace(Box::new(Shown::new(server, workspace))))
        }
        Err(StorageError::Conflict) => Err(OperatorError::refused(format!(
            "workspace `{0}` exists already; `grantry workspace show {0}` shows it",
            workspace.slug
        ))),
        Err(error) => Err(error.into()),
    }
}

fn usual_scopes() -> Vec<ScopeChange> {
    let scope = |name: &str, description: &str, optional| ScopeChange {
        name: name.to_owned(),
        description: description.to_owned(),
        optional,
    };
    vec![scope("read", "See your data", false), scope("write", "Create and change your data", true)]
}

async fn list(server: &Server, find: Find) -> Outcome<Answer> {
    let work = move |instance: &mut grantry_storage::Instance<'_>| {
        Ok((instance.list_workspaces(&find.search, find.page())?, instance.count_workspaces(&find.search)?))
    };
    let (rows, total) = server.store().read_instance(work).await?;
    let workspaces = rows.into_iter().map(|workspace| Shown::new(server, workspace)).collect();
    Ok(Answer::Workspaces { workspaces, total })
}

async fn show(server: &Server, slug: String) -> Outcome<Answer> {
    let workspace = server.store().read_instance(move |instance| find_workspace(instance, &slug)).await??;
    Ok(Answer::Workspace(Box::new(Shown::new(server, workspace))))
}

async fn update(server: &Server, slug: String, changes: Changes) -> Outcome<Answer> {
    let now = server.clock().now();
    let work = move |instance: &mut grantry_storage::Instance<'_>| {
        let mut workspace = proceed!(find_workspace(instance, &slug)?);
        proceed!(changes.apply(&mut workspace, now));
        instance.update_workspace(&workspace)?;
        if !changes.removed_scopes.is_empty() {
            keep_scopes(&mut instance.within(workspace.id), &workspace.scope_names())?;
        }
        Ok(Ok(workspace))
    };
    let workspace = server.store().write_instance(work).await??;
    Ok(Answer::Workspace(Box::new(Shown::new(server, workspace))))
}

/// Takes every scope but these from the apps of a workspace.
fn keep_scopes(tx: &mut Tx<'_>, scopes: &Scope) -> grantry_storage::Result<()> {
    let mut page = Page { limit: 500, offset: 0 };
    loop {
        let clients = tx.list_clients(&ClientFilter::default(), page)?;
        let too_many = |client: &&Client| !client.registration.scope.is_within(scopes);
        for client in clients.iter().filter(too_many) {
            let mut registration = client.registration.clone();
            registration.scope = registration.scope.intersection(scopes);
            tx.update_registration(client.row, &registration)?;
        }
        if clients.is_empty() {
            return Ok(());
        }
        page.offset += page.limit;
    }
}

async fn delete(server: &Server, slug: String) -> Outcome<Answer> {
    let deleted = slug.clone();
    let work = move |instance: &mut grantry_storage::Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        instance.delete_workspace(workspace.id).map(Ok)
    };
    server.store().write_instance(work).await??;
    Ok(Answer::Deleted { deleted })
}

//! Apps: registering, changing and removing them, and their secrets.

mod registration;
mod secret;

pub use registration::Changes;

use super::{Answer, Find, OperatorError, Outcome, exposed, find_workspace, proceed, readable_name, workspace};
use crate::server::Server;
use crate::signing;
use grantry_protocol::client::{
    AccessTokenFormat, ApplicationType, AuthMethod, ChosenAlgorithms, Client, LifetimeOverrides, OpenidRegistration,
};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::scope::Scope;
use grantry_protocol::types::{GrantType, Seconds, Secret, Timestamp};
use grantry_storage::{ClientFilter, Instance, NewClient, StorageError, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What to do to an app.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Register one.
    Create(Box<Create>),
    /// List some.
    List(Find),
    /// Show one.
    Show(String),
    /// Change one.
    Update(String, Box<Changes>),
    /// Remove one, with every token it has.
    Delete(String),
    /// Give one a new secret.
    RotateSecret {
        /// Which one.
        client_id: String,
        /// The secret; none: a new random one.
        #[serde(serialize_with = "exposed")]
        secret: Option<Secret<String>>,
        /// How long the secret before it stays good.
        keep_old: Seconds,
    },
    /// End one of its two secrets.
    RetireSecret {
        /// Which one.
        client_id: String,
        /// The number of the secret; none: the oldest.
        number: Option<i64>,
    },
}

/// An app to register.
#[derive(Debug, Serialize, Deserialize)]
pub struct Create {
    /// What kind of program it is.
    pub application_type: ApplicationType,
    /// Its public identifier; none: a new random one.
    pub client_id: Option<String>,
    /// Its secret; none: a new random one, if it has one at all.
    #[serde(serialize_with = "exposed")]
    pub secret: Option<Secret<String>>,
    /// Everything else; what is absent is as usual for its type.
    pub changes: Changes,
}

/// An app as operators see it, in the names of RFC 7591 §2 and §3.2.1 where it has them.
#[derive(Debug, Serialize)]
pub struct Shown {
    workspace: String,
    issuer: String,
    client_id: String,
    /// Only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    client_secret: Option<Secret<String>>,
    client_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    application_type: ApplicationType,
    token_endpoint_auth_method: AuthMethod,
    redirect_uris: Vec<RedirectUri>,
    grant_types: BTreeSet<GrantType>,
    scope: Scope,
    #[serde(skip_serializing_if = "is_default")]
    lifetimes: LifetimeOverrides,
    access_token_format: AccessTokenFormat,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_signing_alg: Option<Algorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(flatten)]
    openid: OpenidRegistration,
    /// Those that keys will be needed of.
    #[serde(skip)]
    algorithms: ChosenAlgorithms,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<ShownSecret>,
    client_id_issued_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Timestamp>,
}

/// A secret as operators see it: everything but the secret.
#[derive(Debug, Serialize)]
struct ShownSecret {
    number: i64,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

fn is_default(lifetimes: &LifetimeOverrides) -> bool {
    *lifetimes == LifetimeOverrides::default()
}

impl Shown {
    fn new(server: &Server, slug: &str, client: Client, owner: Option<String>) -> Self {
        let secrets = client.secrets.into_iter().map(|secret| ShownSecret {
            number: secret.number,
            created_at: secret.created_at,
            expires_at: secret.expires_at,
        });
        let registration = client.registration;
        let algorithms = registration.chosen_algorithms();
        let signed = registration.access_token.format == AccessTokenFormat::Jwt;
        Self {
            workspace: slug.to_owned(),
            issuer: workspace::issuer(server, slug),
            client_id: client.client_id,
            client_secret: None,
            client_name: registration.name,
            description: registration.description,
            application_type: registration.application_type,
            token_endpoint_auth_method: registration.token_endpoint_auth_method,
            redirect_uris: registration.redirect_uris,
            grant_types: registration.grant_types,
            scope: registration.scope,
            lifetimes: registration.lifetimes,
            access_token_format: registration.access_token.format,
            access_token_signing_alg: signed.then_some(registration.access_token.signing_alg),
            resource: registration.resource,
            openid: registration.openid,
            algorithms,
            owner,
            secrets: secrets.collect(),
            client_id_issued_at: client.created_at,
            disabled_at: client.disabled_at,
        }
    }

    /// Shows a secret that was made just now; one that was brought along is known already.
    fn with_secret(self, secret: Option<Secret<String>>) -> Answer {
        Answer::App(Box::new(Self { client_secret: secret, ..self }))
    }
}

pub(super) async fn execute(server: &Server, slug: String, command: Command) -> Outcome<Answer> {
    match command {
        Command::Create(create) => self::create(server, slug, *create).await,
        Command::List(find) => list(server, slug, find).await,
        Command::Show(client_id) => show(server, slug, client_id).await,
        Command::Update(client_id, changes) => update(server, slug, client_id, *changes).await,
        Command::Delete(client_id) => delete(server, slug, client_id).await,
        Command::RotateSecret { client_id, secret, keep_old } => {
            secret::rotate(server, (slug, client_id), secret, keep_old).await
        }
        Command::RetireSecret { client_id, number } => secret::retire(server, (slug, client_id), number).await,
    }
}

async fn create(server: &Server, slug: String, create: Create) -> Outcome<Answer> {
    let client_id = create.client_id.unwrap_or_else(|| readable_name(&mut server.randomness()));
    registration::check_client_id(&client_id)?;
    let method = create.changes.auth_method_of(create.application_type);
    let secret = if method.has_secret() || create.secret.is_some() {
        Some(secret::Incoming::of(server, create.secret).await?)
    } else {
        None
    };
    let shown_secret = secret.as_ref().and_then(secret::Incoming::to_show);
    let (within, now, kind, changes) = (server.clone(), server.clock().now(), create.application_type, create.changes);
    let taken = format!(
        "client_id `{client_id}` is taken in workspace `{slug}`; \
         `grantry app show --workspace {slug} {client_id}` shows that app"
    );
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let registration = proceed!(changes.new_registration(kind, &workspace));
        let digest = secret.as_ref().map(|secret| secret.at_rest(&within, workspace.id, method)).transpose();
        let new = NewClient {
            client_id: client_id.clone(),
            registration,
            digest: proceed!(digest),
            owner: None,
            dynamic: None,
        };
        let mut tx = instance.within(workspace.id);
        let row = tx.insert_client(&new, now)?;
        if changes.disabled == Some(true) {
            tx.set_client_disabled(row, Some(now))?;
        }
        shown(&within, &mut tx, &slug, &client_id)
    };
    match server.store().write_instance(work).await {
        Err(StorageError::Conflict) => Err(OperatorError::refused(taken)),
        outcome => {
            let shown = outcome??;
            signing::prepare(server, &shown.workspace, &shown.algorithms).await;
            Ok(shown.with_secret(shown_secret))
        }
    }
}

async fn list(server: &Server, slug: String, find: Find) -> Outcome<Answer> {
    let within = server.clone();
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let filter = ClientFilter { owner: None, search: find.search.clone() };
        let mut apps = Vec::new();
        for client in tx.list_clients(&filter, find.page())? {
            let owner = owner(&mut tx, &client)?;
            apps.push(Shown::new(&within, &slug, client, owner));
        }
        Ok(Ok(Answer::Apps { apps, total: tx.count_clients(&filter)? }))
    };
    server.store().read_instance(work).await?
}

async fn show(server: &Server, slug: String, client_id: String) -> Outcome<Answer> {
    let within = server.clone();
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        shown(&within, &mut instance.within(workspace.id), &slug, &client_id)
    };
    Ok(server.store().read_instance(work).await??.with_secret(None))
}

async fn update(server: &Server, slug: String, client_id: String, changes: Changes) -> Outcome<Answer> {
    let (within, now) = (server.clone(), server.clock().now());
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let client = proceed!(find_client(&mut tx, &slug, &client_id)?);
        let registration = proceed!(changes.changed_registration(&client.registration, &workspace));
        tx.update_registration(client.row, &registration)?;
        if let Some(disabled) = changes.disabled {
            tx.set_client_disabled(client.row, disabled.then(|| client.disabled_at.unwrap_or(now)))?;
        }
        shown(&within, &mut tx, &slug, &client_id)
    };
    let shown = server.store().write_instance(work).await??;
    signing::prepare(server, &shown.workspace, &shown.algorithms).await;
    Ok(shown.with_secret(None))
}

async fn delete(server: &Server, slug: String, client_id: String) -> Outcome<Answer> {
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let client = proceed!(find_client(&mut tx, &slug, &client_id)?);
        tx.delete_client(client.row)?;
        Ok(Ok(Answer::Deleted { deleted: client.client_id }))
    };
    server.store().write_instance(work).await?
}

fn shown(server: &Server, tx: &mut Tx<'_>, slug: &str, client_id: &str) -> grantry_storage::Result<Outcome<Shown>> {
    let client = proceed!(find_client(tx, slug, client_id)?);
    let owner = owner(tx, &client)?;
    Ok(Ok(Shown::new(server, slug, client, owner)))
}

fn owner(tx: &mut Tx<'_>, client: &Client) -> grantry_storage::Result<Option<String>> {
    let Some(owner) = client.owner else { return Ok(None) };
    Ok(tx.find_user(owner)?.map(|user| user.username))
}

fn find_client(tx: &mut Tx<'_>, slug: &str, client_id: &str) -> grantry_storage::Result<Outcome<Client>> {
    let found = tx.find_client(client_id)?;
    Ok(found.ok_or_else(|| {
        OperatorError::not_found(format!(
            "workspace `{slug}` has no app `{client_id}`; `grantry app list --workspace {slug}` shows those it has"
        ))
    }))
}

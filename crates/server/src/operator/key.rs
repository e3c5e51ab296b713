//! The sealing keys of a workspace.

use super::{Answer, OperatorError, Outcome, find_workspace, proceed};
use crate::server::Server;
use grantry_protocol::sealed::KeyPurpose;
use grantry_protocol::types::Timestamp;
use grantry_storage::{Instance, Key, NewKey};
use serde::{Deserialize, Serialize};

/// What to do to the keys of a workspace.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// List them.
    List,
    /// Add one that seals from now on; the others still open what they sealed.
    Rotate,
}

/// A key as operators see it: everything but the key.
#[derive(Debug, Serialize)]
pub struct Shown {
    number: i64,
    purpose: &'static str,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_at: Option<Timestamp>,
}

impl From<Key> for Shown {
    fn from(key: Key) -> Self {
        let (created_at, retired_at) = (key.created_at, key.retired_at);
        Self { number: key.number, purpose: KeyPurpose::Sealing.as_str(), created_at, retired_at }
    }
}

pub(super) async fn execute(server: &Server, slug: String, command: Command) -> Outcome<Answer> {
    match command {
        Command::List => server.store().read_instance(move |instance| list(instance, &slug)).await?,
        Command::Rotate => {
            let within = server.clone();
            server.store().write_instance(move |instance| rotate(&within, instance, &slug)).await?
        }
    }
}

fn list(instance: &mut Instance<'_>, slug: &str) -> grantry_storage::Result<Outcome<Answer>> {
    let workspace = proceed!(find_workspace(instance, slug)?);
    let keys = instance.within(workspace.id).list_keys(KeyPurpose::Sealing)?;
    Ok(Ok(Answer::Keys { workspace: slug.to_owned(), keys: keys.into_iter().map(Shown::from).collect() }))
}

fn rotate(server: &Server, instance: &mut Instance<'_>, slug: &str) -> grantry_storage::Result<Outcome<Answer>> {
    let workspace = proceed!(find_workspace(instance, slug)?);
    let mut tx = instance.within(workspace.id);
    let newest = tx.list_keys(KeyPurpose::Sealing)?.first().map_or(0, |key| key.number);
    // A sealed text begins with the number of its key in two bytes.
    if newest >= i64::from(u16::MAX) {
        return Ok(Err(OperatorError::refused("this workspace has used up all numbers that its keys can have")));
    }
    let sealed = server.master_key().generate(workspace.id, KeyPurpose::Sealing, &mut server.randomness());
    tx.insert_key(&NewKey { purpose: KeyPurpose::Sealing, sealed }, server.clock().now())?;
    list(instance, slug)
}

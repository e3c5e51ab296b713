//! Consents: what users agreed to, and the apps that are connected by it.

use crate::error::{Result, StorageError};
use crate::tx::Tx;
use crate::value::{FromRow, Row};
use grantry_protocol::account::Consent;
use grantry_protocol::{ClientRow, Scope, Timestamp, UserId};
use std::collections::BTreeMap;

/// An app that can act for a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedApp {
    /// Its public identifier.
    pub client_id: String,
    /// What people see.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When the user first allowed it.
    pub granted_at: Timestamp,
    /// When it last got a token.
    pub last_used_at: Option<Timestamp>,
}

/// Others can be faster, but each of them can be so only by adding a scope.
const ATTEMPTS: usize = 100;

impl FromRow for Consent {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { user: row.take()?, client: row.take()?, scope: row.take()?, granted_at: row.take()? })
    }
}

/// One reason why an app is connected: a consent or a grant.
struct Connection {
    app: ConnectedApp,
    /// A grant that is over connects nothing, but tells when the app was last used.
    counts: bool,
}

impl FromRow for Connection {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        let app = ConnectedApp {
            client_id: row.take()?,
            name: row.take()?,
            scope: row.take()?,
            granted_at: row.take()?,
            last_used_at: row.take()?,
        };
        Ok(Self { app, counts: row.take::<i64>()? > 0 })
    }
}

impl Tx<'_> {
    /// What a user agreed to for a client.
    pub fn find_consent(&mut self, user: UserId, client: ClientRow) -> Result<Option<Consent>> {
        self.row(
            "SELECT user_id, client_row, scope, granted_at FROM consents
             WHERE workspace_id = $1 AND user_id = $2 AND client_row = $3",
            &[user.into(), client.into()],
        )
    }

    /// What a user agreed to for a client; and it stays so until the unit of work ends.
    pub fn hold_consent(&mut self, user: UserId, client: ClientRow) -> Result<Option<Consent>> {
        self.row(
            "SELECT user_id, client_row, scope, granted_at FROM consents
             WHERE workspace_id = $1 AND user_id = $2 AND client_row = $3
             FOR NO KEY UPDATE",
            &[user.into(), client.into()],
        )
    }

    /// Adds scopes to what a user agreed to for a client.
    pub fn remember_consent(&mut self, user: UserId, client: ClientRow, scope: &Scope, now: Timestamp) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let written = match self.find_consent(user, client)? {
                None => self.execute(
                    "INSERT INTO consents (workspace_id, user_id, client_row, scope, granted_at)
                     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, user_id, client_row) DO NOTHING",
                    &[user.into(), client.into(), scope.as_str().into(), now.into()],
                )?,
                // It may be withdrawn in this very moment: then it is written anew.
                Some(known) if scope.is_within(&known.scope) => match self.hold_consent(user, client)? {
                    Some(held) if scope.is_within(&held.scope) => return Ok(()),
                    _ => 0,
                },
                Some(known) => self.execute(
                    "UPDATE consents SET scope = $4
                     WHERE workspace_id = $1 AND user_id = $2 AND client_row = $3 AND scope = $5",
                    &[
                        user.into(),
                        client.into(),
                        (&known.scope.union(scope).to_string()).into(),
                        known.scope.as_str().into(),
                    ],
                )?,
            };
            if written > 0 {
                return Ok(());
            }
        }
        tracing::error!("a consent changed as often as it was tried to be added to");
        Err(StorageError::Unavailable)
    }

    /// How many users have agreed to something for a client.
    pub fn count_consents_to(&mut self, client: ClientRow) -> Result<i64> {
        self.count("SELECT COUNT(*) FROM consents WHERE workspace_id = $1 AND client_row = $2", &[client.into()])
    }

    /// Takes back everything a user gave a client: the consent, and every grant. The client will be told that they are signed out
    /// of it. False: there was nothing.
    pub fn withdraw_consent(&mut self, user: UserId, client: ClientRow, now: Timestamp) -> Result<bool> {
        let withdrawn = self.execute(
            "DELETE FROM consents WHERE workspace_id = $1 AND user_id = $2 AND client_row = $3",
            &[user.into(), client.into()],
        )?;
        let revoked = self.revoke_grants_of(user, client, now)?;
        self.leave_client(user, client, now)?;
        Ok(withdrawn + revoked > 0)
    }

    /// The apps that a user agreed to, or that have a grant of theirs which is good now; in the order of their names.
    pub fn list_connected_apps(&mut self, user: UserId, now: Timestamp) -> Result<Vec<ConnectedApp>> {
        let connections: Vec<Connection> = self.rows(
            "SELECT clients.client_id, clients.name, given.scope, given.granted_at, given.last_used_at, given.counts
             FROM (SELECT client_row, scope, granted_at, NULL AS last_used_at, CAST(1 AS BIGINT) AS counts FROM consents
             WHERE workspace_id = $1 AND user_id = $2 UNION ALL SELECT client_row, scope, created_at, last_used_at,
             CAST(CASE WHEN state = 'active' AND expires_at > $3 THEN 1 ELSE 0 END AS BIGINT) FROM grants
             WHERE workspace_id = $1 AND user_id = $2 AND state <> 'pending') AS given
             JOIN clients ON clients.workspace_id = $1 AND clients.id = given.client_row",
            &[user.into(), now.into()],
        )?;
        let mut apps: BTreeMap<String, ConnectedApp> = BTreeMap::new();
        let (standing, over): (Vec<_>, Vec<_>) = connections.into_iter().partition(|connection| connection.counts);
        for Connection { app, .. } in standing {
            match apps.get_mut(&app.client_id) {
                Some(known) => merge(known, &app),
                None => drop(apps.insert(app.client_id.clone(), app)),
            }
        }
        for Connection { app, .. } in over {
            if let Some(known) = apps.get_mut(&app.client_id) {
                known.last_used_at = known.last_used_at.max(app.last_used_at);
            }
        }
        let mut apps: Vec<ConnectedApp> = apps.into_values().collect();
        apps.sort_by_key(|app| app.name.to_lowercase());
        Ok(apps)
    }
}

fn merge(known: &mut ConnectedApp, other: &ConnectedApp) {
    known.scope = known.scope.union(&other.scope);
    known.granted_at = known.granted_at.min(other.granted_at);
    known.last_used_at = known.last_used_at.max(other.last_used_at);
}

//! Clients: the apps of a workspace. Their secrets have a file of their own.

use crate::error::Result;
use crate::search::{Page, containing};
use crate::tx::Tx;
use crate::value::{FromRow, Row, to_json};
use grantry_protocol::client::{Client, DynamicRegistration, Registration, StoredSecret};
use grantry_protocol::{ClientRow, Timestamp, UserId};

/// A client about to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClient {
    /// The public identifier.
    pub client_id: String,
    /// What is registered about it.
    pub registration: Registration,
    /// Its first secret at rest; none for public clients.
    pub digest: Option<String>,
    /// Who registers it; none when an operator does, or it does so itself.
    pub owner: Option<UserId>,
    /// Set where it registers itself (RFC 7591).
    pub dynamic: Option<DynamicRegistration>,
}

/// Which clients to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// Those of this user; none: everybody's.
    pub owner: Option<UserId>,
    /// Those whose name or identifier contains this.
    pub search: String,
}

/// A client with one of its secrets, or with none: what a join brings.
struct WithSecret(Client, Option<StoredSecret>);

/// Joins clients, narrowed and ordered by `$clients`, with their secrets: one row for each secret, newest first.
macro_rules! select_clients {
    ($clients:literal, $order:literal) => {
        concat!(
            "SELECT clients.id, clients.client_id, clients.registration, clients.owner_id, clients.created_at,
             clients.disabled_at, clients.registration_generation, clients.unused_until, client_secrets.number, client_secrets.digest, client_secrets.created_at,
             client_secrets.expires_at FROM (SELECT * FROM clients WHERE workspace_id = $1 ",
            $clients,
            ") AS clients LEFT JOIN client_secrets ON client_secrets.workspace_id = $1
             AND client_secrets.client_row = clients.id ORDER BY ",
            $order,
            "clients.id, client_secrets.number DESC"
        )
    };
}

impl FromRow for WithSecret {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        let client = Client {
            row: row.take()?,
            client_id: row.take()?,
            registration: row.take_json()?,
            secrets: Vec::new(),
            owner: row.take()?,
            created_at: row.take()?,
            disabled_at: row.take()?,
            dynamic: dynamic(row.take()?, row.take()?),
        };
        let secret = match row.take()? {
            Some(number) => {
                Some(StoredSecret { number, digest: row.take()?, created_at: row.take()?, expires_at: row.take()? })
            }
            None => None,
        };
        Ok(Self(client, secret))
    }
}

const fn dynamic(generation: Option<i64>, unused_until: Option<Timestamp>) -> Option<DynamicRegistration> {
    match generation {
        Some(generation) => Some(DynamicRegistration { generation, unused_until }),
        None => None,
    }
}

fn gather(rows: Vec<WithSecret>) -> Vec<Client> {
    let mut clients: Vec<Client> = Vec::new();
    for WithSecret(client, secret) in rows {
        match clients.last_mut() {
            Some(last) if last.row == client.row => last.secrets.extend(secret),
            _ => clients.push(Client { secrets: secret.into_iter().collect(), ..client }),
        }
    }
    clients
}

impl Tx<'_> {
    /// Registers a client; a conflict if the identifier is taken.
    pub fn insert_client(&mut self, new: &NewClient, now: Timestamp) -> Result<ClientRow> {
        let row = ClientRow(self.next_id());
        self.execute(
            "INSERT INTO clients (workspace_id, id, client_id, name, resource, registration, owner_id, last_secret,
             created_at, registration_generation, unused_until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10)",
            &[
                row.into(),
                (&new.client_id).into(),
                (&new.registration.name).into(),
                new.registration.resource.as_ref().into(),
                (&to_json(&new.registration)?).into(),
                new.owner.into(),
                now.into(),
                new.dynamic.map(|dynamic| dynamic.generation).into(),
                new.dynamic.and_then(|dynamic| dynamic.unused_until).into(),
            ],
        )?;
        if let Some(digest) = &new.digest {
            self.rotate_secret(row, digest, now, now)?;
        }
        Ok(row)
    }

    /// The client with this public identifier.
    pub fn find_client(&mut self, client_id: &str) -> Result<Option<Client>> {
        let rows = self.rows(select_clients!("AND client_id = $2", ""), &[client_id.into()])?;
        Ok(gather(rows).pop())
    }

    /// The client in this row.
    pub fn find_client_by_row(&mut self, row: ClientRow) -> Result<Option<Client>> {
        let rows = self.rows(select_clients!("AND id = $2", ""), &[row.into()])?;
        Ok(gather(rows).pop())
    }

    /// Changes what is registered about a client. False: there is no such client.
    pub fn update_registration(&mut self, row: ClientRow, registration: &Registration) -> Result<bool> {
        self.write_registration(row, registration, None)
    }

    /// Changes what a client registered about itself, if nobody has changed it since it was of this generation. False: somebody
    /// has, or removed the client.
    pub fn update_own_registration(
        &mut self,
        row: ClientRow,
        registration: &Registration,
        generation: i64,
    ) -> Result<bool> {
        self.write_registration(row, registration, Some(generation))
    }

    fn write_registration(
        &mut self,
        row: ClientRow,
        registration: &Registration,
        generation: Option<i64>,
    ) -> Result<bool> {
        let changed = self.execute(
            "UPDATE clients SET name = $3, resource = $4, registration = $5,
             registration_generation = registration_generation + 1 WHERE workspace_id = $1 AND id = $2
             AND (CAST($6 AS BIGINT) IS NULL OR registration_generation = $6)",
            &[
                row.into(),
                (&registration.name).into(),
                registration.resource.as_ref().into(),
                (&to_json(registration)?).into(),
                generation.into(),
            ],
        )?;
        Ok(changed > 0)
    }

    /// Keeps a client that registered itself, because somebody uses it. False: it is gone.
    pub fn keep_client(&mut self, row: ClientRow) -> Result<bool> {
        let sql = "UPDATE clients SET unused_until = NULL WHERE workspace_id = $1 AND id = $2";
        Ok(self.execute(sql, &[row.into()])? > 0)
    }

    /// Switches a client off, or on again. False: there is no such client.
    pub fn set_client_disabled(&mut self, row: ClientRow, disabled_at: Option<Timestamp>) -> Result<bool> {
        let sql = "UPDATE clients SET disabled_at = $3 WHERE workspace_id = $1 AND id = $2";
        Ok(self.execute(sql, &[row.into(), disabled_at.into()])? > 0)
    }

    /// Removes a client with its secrets, and with every consent and grant it was given. False: there is no such client.
    pub fn delete_client(&mut self, row: ClientRow) -> Result<bool> {
        let deleted = self.execute("DELETE FROM clients WHERE workspace_id = $1 AND id = $2", &[row.into()])?;
        self.forget_client(row)?;
        for sql in [
            "DELETE FROM consents WHERE workspace_id = $1 AND client_row = $2",
            "DELETE FROM grants WHERE workspace_id = $1 AND client_row = $2",
            "DELETE FROM session_clients WHERE workspace_id = $1 AND client_row = $2",
            "DELETE FROM logout_deliveries WHERE workspace_id = $1 AND client_row = $2",
        ] {
            self.execute(sql, &[row.into()])?;
        }
        Ok(deleted > 0)
    }

    /// Removes what a client has before anyone uses it.
    pub(crate) fn forget_client(&mut self, row: ClientRow) -> Result<()> {
        for sql in [
            "DELETE FROM client_secrets WHERE workspace_id = $1 AND client_row = $2",
            "DELETE FROM used_assertions WHERE workspace_id = $1 AND client_row = $2",
        ] {
            self.execute(sql, &[row.into()])?;
        }
        Ok(())
    }

    /// The clients that pass the filter, in the order of their names.
    pub fn list_clients(&mut self, filter: &ClientFilter, page: Page) -> Result<Vec<Client>> {
        let rows = self.rows(
            select_clients!(
                "AND (owner_id = $2 OR CAST($2 AS BIGINT) IS NULL)
                 AND (lower(name) LIKE lower($3) ESCAPE '\\' OR lower(client_id) LIKE lower($3) ESCAPE '\\')
                 ORDER BY lower(name), id LIMIT $4 OFFSET $5",
                "lower(clients.name), "
            ),
            &[filter.owner.into(), (&containing(&filter.search)).into(), page.limit.into(), page.offset.into()],
        )?;
        Ok(gather(rows))
    }

    /// How many clients pass the filter.
    pub fn count_clients(&mut self, filter: &ClientFilter) -> Result<i64> {
        self.count(
            "SELECT COUNT(*) FROM clients WHERE workspace_id = $1 AND (owner_id = $2 OR CAST($2 AS BIGINT) IS NULL)
             AND (lower(name) LIKE lower($3) ESCAPE '\\' OR lower(client_id) LIKE lower($3) ESCAPE '\\')",
            &[filter.owner.into(), (&containing(&filter.search)).into()],
        )
    }

    /// The clients that are resource servers.
    pub fn find_resource_servers(&mut self) -> Result<Vec<Client>> {
        Ok(gather(self.rows(select_clients!("AND resource IS NOT NULL", ""), &[])?))
    }
}

//! Work across workspaces: the only file, beside `cleanup` and `logout_delivery`, that may.

use crate::connection::Connection;
use crate::error::{Result, StorageError};
use crate::search::{Page, containing};
use crate::tx::Tx;
use crate::value::{FromRow, Row, Value, to_json};
use grantry_protocol::workspace::{Policy, ScopeDefinition, Slug, Workspace};
use grantry_protocol::{Timestamp, WorkspaceId};

/// How much a ping writes, in bytes.
const PING: usize = 32 * 1024;

/// A unit of work that is not bound to a workspace.
pub struct Instance<'a> {
    connection: &'a mut Connection,
}

/// A workspace about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWorkspace {
    /// Its place in URLs.
    pub slug: Slug,
    /// What pages call it.
    pub name: String,
    /// Its rules.
    pub policy: Policy,
    /// What its apps can ask for.
    pub scopes: Vec<ScopeDefinition>,
}

macro_rules! select_workspaces {
    ($rest:literal) => {
        concat!("SELECT id, slug, name, policy, scopes, created_at, disabled_at FROM workspaces ", $rest)
    };
}

impl FromRow for Workspace {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            slug: row.take_as(|text| Slug::parse(text).ok())?,
            name: row.take()?,
            policy: row.take_json()?,
            scopes: ScopeDefinition::with_standard(row.take_json()?),
            created_at: row.take()?,
            disabled_at: row.take()?,
        })
    }
}

/// Everything that a workspace has, by statements that remove it.
const EMPTY_WORKSPACE: [&str; 11] = [
    "DELETE FROM users WHERE workspace_id = $1",
    "DELETE FROM clients WHERE workspace_id = $1",
    "DELETE FROM client_secrets WHERE workspace_id = $1",
    "DELETE FROM sessions WHERE workspace_id = $1",
    "DELETE FROM consents WHERE workspace_id = $1",
    "DELETE FROM grants WHERE workspace_id = $1",
    "DELETE FROM revoked_tokens WHERE workspace_id = $1",
    "DELETE FROM keys WHERE workspace_id = $1",
    "DELETE FROM session_clients WHERE workspace_id = $1",
    "DELETE FROM used_assertions WHERE workspace_id = $1",
    "DELETE FROM logout_deliveries WHERE workspace_id = $1",
];

impl<'a> Instance<'a> {
    pub(crate) fn new(connection: &'a mut Connection) -> Self {
        Self { connection }
    }

    /// The same unit of work, bound to one workspace.
    pub fn within(&mut self, workspace: WorkspaceId) -> Tx<'_> {
        Tx::new(self.connection, workspace)
    }

    /// Makes a workspace; a conflict if the slug is taken.
    pub fn create_workspace(&mut self, new: &NewWorkspace, now: Timestamp) -> Result<WorkspaceId> {
        let id = WorkspaceId(self.connection.next_id());
        self.execute(
            "INSERT INTO workspaces (id, slug, name, policy, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                id.into(),
                new.slug.as_str().into(),
                (&new.name).into(),
                (&to_json(&new.policy)?).into(),
                (&to_json(&new.scopes)?).into(),
                now.into(),
            ],
        )?;
        Ok(id)
    }

    /// The workspace at this place in URLs.
    pub fn find_workspace(&mut self, slug: &str) -> Result<Option<Workspace>> {
        self.connection.row(select_workspaces!("WHERE slug = $1"), &[slug.into()])
    }

    /// The workspace with this id.
    pub fn find_workspace_by_id(&mut self, id: WorkspaceId) -> Result<Option<Workspace>> {
        self.connection.row(select_workspaces!("WHERE id = $1"), &[id.into()])
    }

    /// Writes everything about a workspace that can change. False: there is no such workspace.
    pub fn update_workspace(&mut self, workspace: &Workspace) -> Result<bool> {
        let changed = self.within(workspace.id).execute(
            "UPDATE workspaces SET slug = $2, name = $3, policy = $4, scopes = $5, disabled_at = $6 WHERE id = $1",
            &[
                workspace.slug.as_str().into(),
                (&workspace.name).into(),
                (&to_json(&workspace.policy)?).into(),
                (&to_json(&workspace.scopes)?).into(),
                workspace.disabled_at.into(),
            ],
        )?;
        Ok(changed > 0)
    }

    /// Removes a workspace with everything in it. False: there is no such workspace.
    pub fn delete_workspace(&mut self, id: WorkspaceId) -> Result<bool> {
        let mut within = self.within(id);
        let deleted = within.execute("DELETE FROM workspaces WHERE id = $1", &[])?;
        for sql in EMPTY_WORKSPACE {
            within.execute(sql, &[])?;
        }
        Ok(deleted > 0)
    }

    /// Workspaces whose slug or name contains `search`, in the order of their slugs.
    pub fn list_workspaces(&mut self, search: &str, page: Page) -> Result<Vec<Workspace>> {
        self.connection.rows(
            select_workspaces!(
                "WHERE lower(slug) LIKE lower($1) ESCAPE '\\' OR lower(name) LIKE lower($1) ESCAPE '\\'
                 ORDER BY slug LIMIT $2 OFFSET $3"
            ),
            &[(&containing(search)).into(), page.limit.into(), page.offset.into()],
        )
    }

    /// How many workspaces [`list_workspaces`](Self::list_workspaces) finds on all pages.
    pub fn count_workspaces(&mut self, search: &str) -> Result<i64> {
        let count = self.connection.row(
            "SELECT COUNT(*) FROM workspaces
             WHERE lower(slug) LIKE lower($1) ESCAPE '\\' OR lower(name) LIKE lower($1) ESCAPE '\\'",
            &[(&containing(search)).into()],
        )?;
        Ok(count.unwrap_or_default())
    }

    /// What the database says about itself under this name.
    pub fn meta(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        self.connection.row("SELECT value FROM meta WHERE name = $1", &[name.into()])
    }

    /// Writes what is not there yet, and answers with what is there now.
    pub fn put_meta_once(&mut self, name: &str, value: &[u8]) -> Result<Vec<u8>> {
        self.execute(
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            &[name.into(), value.into()],
        )?;
        self.meta(name)?.ok_or(StorageError::Unavailable)
    }

    /// Writes as much as a unit of work does, and something else each time: SQLite leaves alone what would not change, and the last
    /// bytes of a full disk may hold a page, but not what a request needs.
    pub(crate) fn ping(&mut self) -> Result<()> {
        let mark = self.connection.next_id().to_be_bytes().repeat(PING / 8);
        self.execute(
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &["ping".into(), mark.as_slice().into()],
        )
        .map(drop)
    }

    pub(crate) fn rows<T: FromRow>(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<T>> {
        self.connection.rows(sql, values)
    }

    pub(crate) fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64> {
        self.connection.execute(sql, values)
    }
}

//! Back-Channel Logout: what clients have to be told, and how that went. Written with the end of a session, and told from there,
//! so that nothing is forgotten when the server stops in between.

use crate::error::Result;
use crate::instance::Instance;
use crate::tx::Tx;
use crate::value::{FromRow, Row, Value};
use grantry_protocol::client::Client;
use grantry_protocol::types::Seconds;
use grantry_protocol::{ClientRow, Timestamp, UserId, WorkspaceId};

/// That a person signed out, for one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutDelivery {
    /// The row.
    pub id: i64,
    /// Whom to tell.
    pub client: ClientRow,
    /// Who signed out.
    pub user: UserId,
    /// Of which session.
    pub sid: String,
    /// When it was over.
    pub created_at: Timestamp,
    /// When to try next; none: never again.
    pub next_attempt_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: i64,
    /// What came of the last attempt, if it failed.
    pub last_problem: Option<String>,
    /// When the client took it.
    pub delivered_at: Option<Timestamp>,
}

/// How long what came of it can be looked at.
const KEPT: Seconds = Seconds::days(7);

macro_rules! delivery_columns {
    () => {
        "logout_deliveries.id, logout_deliveries.client_row, logout_deliveries.user_id, logout_deliveries.sid,
         logout_deliveries.created_at, logout_deliveries.next_attempt_at, logout_deliveries.attempts,
         logout_deliveries.last_problem, logout_deliveries.delivered_at"
    };
}

impl FromRow for LogoutDelivery {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            client: row.take()?,
            user: row.take()?,
            sid: row.take()?,
            created_at: row.take()?,
            next_attempt_at: row.take()?,
            attempts: row.take()?,
            last_problem: row.take()?,
            delivered_at: row.take()?,
        })
    }
}

/// A delivery that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its slug.
    pub slug: String,
    /// The delivery.
    pub delivery: LogoutDelivery,
}

impl FromRow for DueDelivery {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { workspace: row.take()?, slug: row.take()?, delivery: LogoutDelivery::from_row(row)? })
    }
}

/// Whom there is no place for now: what is due of theirs is not listed, as far as there is room to say so.
#[derive(Clone, Debug, Default)]
pub struct PassedBy {
    /// Workspaces; two of them are left out.
    pub workspaces: Vec<WorkspaceId>,
    /// People; four of them are left out.
    pub people: Vec<UserId>,
    /// Clients; eight of them are left out.
    pub clients: Vec<ClientRow>,
}

impl PassedBy {
    /// Whether this one is of somebody who is passed by.
    pub fn includes(&self, due: &DueDelivery) -> bool {
        let DueDelivery { workspace, delivery, .. } = due;
        self.workspaces.contains(workspace)
            || self.people.contains(&delivery.user)
            || self.clients.contains(&delivery.client)
    }

    /// Those that are left out, with rows that nobody has where there are fewer.
    fn values(&self) -> [i64; 14] {
        let mut values = [i64::MIN; 14];
        let (workspaces, others) = values.split_at_mut(2);
        let (people, clients) = others.split_at_mut(4);
        workspaces.iter_mut().zip(&self.workspaces).for_each(|(value, workspace)| *value = workspace.0);
        people.iter_mut().zip(&self.people).for_each(|(value, user)| *value = user.0);
        clients.iter_mut().zip(&self.clients).for_each(|(value, client)| *value = client.0);
        values
    }
}

impl Tx<'_> {
    pub(crate) fn insert_delivery(&mut self, to: &Client, (user, sid): (UserId, &str), now: Timestamp) -> Result<()> {
        let id = self.next_id();
        self.execute(
            "INSERT INTO logout_deliveries (workspace_id, id, client_row, user_id, sid, created_at, next_attempt_at,
             attempts, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $6, 0, $7)",
            &[id.into(), to.row.into(), user.into(), sid.into(), now.into(), now.plus(KEPT).into()],
        )
        .map(drop)
    }

    /// Takes a delivery that is due in hand, once: nobody else makes this attempt, nor another one before `until`. False: another
    /// process was faster.
    pub fn claim_delivery(&mut self, due: &LogoutDelivery, until: Timestamp) -> Result<bool> {
        let claimed = self.execute(
            "UPDATE logout_deliveries SET attempts = attempts + 1, next_attempt_at = $4
             WHERE workspace_id = $1 AND id = $2 AND attempts = $3 AND next_attempt_at IS NOT NULL",
            &[due.id.into(), due.attempts.into(), until.into()],
        )?;
        Ok(claimed > 0)
    }

    /// Notes that the client took it.
    pub fn finish_delivery(&mut self, id: i64, now: Timestamp) -> Result<()> {
        self.execute(
            "UPDATE logout_deliveries SET delivered_at = $3, next_attempt_at = NULL, last_problem = NULL
             WHERE workspace_id = $1 AND id = $2",
            &[id.into(), now.into()],
        )
        .map(drop)
    }

    /// Notes why the attempt with this number failed, and when to try again, if at all.
    pub fn postpone_delivery(
        &mut self,
        (id, attempt): (i64, i64),
        problem: &str,
        next_attempt_at: Option<Timestamp>,
    ) -> Result<()> {
        self.execute(
            "UPDATE logout_deliveries SET last_problem = $4, next_attempt_at = $5
             WHERE workspace_id = $1 AND id = $2 AND attempts = $3 AND delivered_at IS NULL",
            &[id.into(), attempt.into(), problem.into(), next_attempt_at.into()],
        )
        .map(drop)
    }

    /// What a client had to be told lately, newest first.
    pub fn list_deliveries(&mut self, client: ClientRow, limit: i64) -> Result<Vec<LogoutDelivery>> {
        self.rows(
            concat!(
                "SELECT ",
                delivery_columns!(),
                " FROM logout_deliveries WHERE workspace_id = $1 AND client_row = $2 ORDER BY id DESC LIMIT $3"
            ),
            &[client.into(), limit.into()],
        )
    }
}

impl Instance<'_> {
    /// What is due, in every workspace that is in use, the oldest first: the next few `after` one of them. Whoever is passed by is
    /// left out here, because they may have many thousands. Row ids hardly repeat in another workspace; who has such a one waits too.
    pub fn list_due_deliveries(
        &mut self,
        now: Timestamp,
        (after, passed): (Option<&DueDelivery>, &PassedBy),
        limit: i64,
    ) -> Result<Vec<DueDelivery>> {
        let begin = (Timestamp::from_unix(i64::MIN), WorkspaceId(i64::MIN), i64::MIN);
        let position =
            |due: &DueDelivery| (due.delivery.next_attempt_at.unwrap_or(begin.0), due.workspace, due.delivery.id);
        let (at, workspace, id) = after.map_or(begin, position);
        let mut values = vec![now.into(), at.into(), workspace.into(), id.into(), limit.into()];
        values.extend(passed.values().map(Value::from));
        self.rows(
            concat!(
                "SELECT workspaces.id, workspaces.slug, ",
                delivery_columns!(),
                " FROM logout_deliveries JOIN workspaces ON workspaces.id = logout_deliveries.workspace_id
                 WHERE next_attempt_at <= $1 AND (next_attempt_at, workspace_id, logout_deliveries.id) > ($2, $3, $4)
                 AND client_row NOT IN ($12, $13, $14, $15, $16, $17, $18, $19)
                 AND user_id NOT IN ($8, $9, $10, $11) AND workspace_id NOT IN ($6, $7)
                 AND workspaces.disabled_at IS NULL
                 ORDER BY next_attempt_at, workspace_id, logout_deliveries.id LIMIT $5"
            ),
            &values,
        )
    }
}

//! Grants: what users gave clients. What may happen to one once is one guarded statement, which tells who won.

use crate::backing::Held;
use crate::error::Result;
use crate::tx::Tx;
use crate::value::{FromRow, Row, to_json};
use grantry_protocol::grant::{Grant, GrantState, NewGrant, Standing};
use grantry_protocol::token::{authorization_code, refresh_token};
use grantry_protocol::types::GrantType;
use grantry_protocol::{ClientRow, GrantId, Timestamp, UserId};

/// A grant whose code was redeemed just now, by nobody else: what tokens are sealed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    grant: Grant,
}

impl Redeemed {
    /// The grant, active now.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }
}

macro_rules! grant_columns {
    () => {
        "grants.id, grants.user_id, grants.client_row, grants.session_id, grants.grant_type, grants.scope,
         grants.auth_time, grants.redirect_uri, grants.code_challenge, grants.openid, grants.state, grants.generation,
         grants.rotated_at, grants.created_at, grants.last_used_at, grants.refresh_until, grants.expires_at"
    };
}

/// Selects these columns of a grant, narrowed by `$and`, with how user and session stand.
macro_rules! select_standing {
    ($columns:expr, $and:expr) => {
        concat!(
            "SELECT ",
            $columns,
            ", users.subject, users.username, users.disabled_at, sessions.ended_at FROM grants
             JOIN users ON users.workspace_id = $1 AND users.id = grants.user_id
             LEFT JOIN sessions ON sessions.workspace_id = $1 AND sessions.id = grants.session_id
             WHERE grants.workspace_id = $1 AND grants.id = $2",
            $and
        )
    };
}

/// Narrows to grants with an access token that is not denied.
macro_rules! not_denied {
    () => {
        " AND NOT EXISTS (SELECT 1 FROM revoked_tokens WHERE workspace_id = $1 AND token_id = $3)"
    };
}

impl FromRow for Grant {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            user: row.take()?,
            client: row.take()?,
            session: row.take()?,
            grant_type: row.take_as(GrantType::parse)?,
            scope: row.take()?,
            auth_time: row.take()?,
            redirect_uri: row.take()?,
            code_challenge: row.take()?,
            openid: row.take_json_or_none()?,
            state: row.take_as(|text| Some(GrantState::parse(text)))?,
            generation: row.take()?,
            rotated_at: row.take()?,
            created_at: row.take()?,
            last_used_at: row.take()?,
            refresh_until: row.take()?,
            expires_at: row.take()?,
        })
    }
}

impl FromRow for Standing {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            grant: Grant::from_row(row)?,
            subject: row.take()?,
            username: row.take()?,
            user_enabled: row.take::<Option<Timestamp>>()?.is_none(),
            session_ended: row.take::<Option<Timestamp>>()?.is_some(),
        })
    }
}

impl Tx<'_> {
    /// Writes a grant. One that is active from the start counts as used.
    pub fn insert_grant(&mut self, new: &NewGrant) -> Result<GrantId> {
        let id = GrantId(self.next_id());
        let openid = new.openid.as_ref().map(to_json).transpose()?;
        let used_at = (new.state == GrantState::Active).then_some(new.created_at);
        self.execute(
            "INSERT INTO grants (workspace_id, id, user_id, client_row, session_id, grant_type, scope, auth_time,
             redirect_uri, code_challenge, state, generation, created_at, last_used_at, refresh_until, expires_at,
             sweep_at, openid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, $14, $15, $15, $16)",
            &[
                id.into(),
                new.user.into(),
                new.client.into(),
                new.session.into(),
                new.grant_type.as_str().into(),
                new.scope.as_str().into(),
                new.auth_time.into(),
                new.redirect_uri.as_ref().into(),
                new.code_challenge.as_ref().into(),
                new.state.as_str().into(),
                new.created_at.into(),
                used_at.into(),
                new.refresh_until.into(),
                new.expires_at.into(),
                openid.as_ref().into(),
            ],
        )?;
        Ok(id)
    }

    /// The grant with this id.
    pub fn find_grant(&mut self, id: GrantId) -> Result<Option<Grant>> {
        let sql = concat!("SELECT ", grant_columns!(), " FROM grants WHERE workspace_id = $1 AND id = $2");
        self.row(sql, &[id.into()])
    }

    /// The grant with this id, and how its user and session stand.
    pub fn find_standing(&mut self, id: GrantId) -> Result<Option<Standing>> {
        self.row(select_standing!(grant_columns!(), ""), &[id.into()])
    }

    /// The same for one of its access tokens; none where that token is denied.
    pub fn find_standing_of(&mut self, id: GrantId, token_id: &[u8; 16]) -> Result<Option<Standing>> {
        let sql = select_standing!(grant_columns!(), not_denied!());
        self.row(sql, &[id.into(), token_id.as_slice().into()])
    }

    /// What of it introspection asks for.
    pub(crate) fn find_held_by(&mut self, id: GrantId, token_id: &[u8; 16]) -> Result<Option<Held>> {
        let sql = select_standing!(
            "grants.id, grants.user_id, grants.client_row, grants.session_id, grants.scope, grants.state, grants.expires_at",
            not_denied!()
        );
        self.row(sql, &[id.into(), token_id.as_slice().into()])
    }

    /// Redeems a code: pending becomes active, once. None: another request was faster.
    pub fn redeem(&mut self, approved: &authorization_code::Approved) -> Result<Option<Redeemed>> {
        let (grant, now) = (approved.grant(), approved.now());
        let (expires_at, refresh_until) = (approved.expires_at(), approved.refresh_until());
        let redeemed = self.execute(
            "UPDATE grants SET state = 'active', expires_at = $3, refresh_until = $4, last_used_at = $5
             WHERE workspace_id = $1 AND id = $2 AND state = 'pending'",
            &[grant.id.into(), expires_at.into(), refresh_until.into(), now.into()],
        )?;
        let state = GrantState::Active;
        let grant = || Grant { state, expires_at, refresh_until, last_used_at: Some(now), ..grant.clone() };
        Ok((redeemed > 0).then(|| Redeemed { grant: grant() }))
    }

    /// Rotates a refresh token: the presented generation makes way for the next, once. None: another request was faster.
    pub fn rotate(&mut self, approved: &refresh_token::Approved) -> Result<Option<Grant>> {
        let (grant, presented) = (approved.grant(), approved.presented_generation());
        let (expires_at, now) = (approved.expires_at(), approved.now());
        let rotated = self.execute(
            "UPDATE grants SET generation = generation + 1, rotated_at = $4, last_used_at = $4, expires_at = $5
             WHERE workspace_id = $1 AND id = $2 AND state = 'active' AND generation = $3",
            &[grant.id.into(), presented.into(), now.into(), expires_at.into()],
        )?;
        let (generation, at) = (presented + 1, Some(now));
        let grant = || Grant { generation, rotated_at: at, last_used_at: at, expires_at, ..grant.clone() };
        Ok((rotated > 0).then(grant))
    }

    /// Notes that a grant was used, by a client that does not rotate.
    pub fn touch_grant(&mut self, id: GrantId, now: Timestamp, expires_at: Timestamp) -> Result<()> {
        let sql = "UPDATE grants SET last_used_at = $3, expires_at = $4
                   WHERE workspace_id = $1 AND id = $2 AND state = 'active'";
        self.execute(sql, &[id.into(), now.into(), expires_at.into()]).map(drop)
    }

    /// Uses up a code without giving anything for it. True for the one who did it.
    pub fn burn_code(&mut self, id: GrantId) -> Result<bool> {
        let sql = "UPDATE grants SET state = 'revoked' WHERE workspace_id = $1 AND id = $2 AND state = 'pending'";
        Ok(self.execute(sql, &[id.into()])? > 0)
    }

    /// Revokes a grant, and with it every token. True for the one who did it.
    pub fn revoke_grant(&mut self, id: GrantId, now: Timestamp) -> Result<bool> {
        let revoked = self.execute(
            "UPDATE grants SET state = 'revoked', expires_at = CASE WHEN expires_at < $3 THEN expires_at ELSE $3 END
             WHERE workspace_id = $1 AND id = $2 AND state <> 'revoked'",
            &[id.into(), now.into()],
        )?;
        Ok(revoked > 0)
    }

    /// Revokes every grant that a user gave a client. How many.
    pub fn revoke_grants_of(&mut self, user: UserId, client: ClientRow, now: Timestamp) -> Result<u64> {
        self.execute(
            "UPDATE grants SET state = 'revoked', expires_at = CASE WHEN expires_at < $4 THEN expires_at ELSE $4 END
             WHERE workspace_id = $1 AND user_id = $2 AND client_row = $3 AND state <> 'revoked'",
            &[user.into(), client.into(), now.into()],
        )
    }
}

//! Users: the people of a workspace, and their passwords.

use crate::error::Result;
use crate::search::{Page, containing};
use crate::tx::Tx;
use crate::value::{FromRow, Row};
use grantry_protocol::account::User;
use grantry_protocol::{Timestamp, UserId};

/// A user about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// What the person types to sign in.
    pub username: String,
    /// The stable public name towards apps.
    pub subject: String,
    /// What pages call the person.
    pub display_name: String,
    /// Whether the person administers the workspace.
    pub admin: bool,
    /// Standard claims as a JSON object.
    pub claims: String,
    /// The password at rest; none: no password signs in.
    pub password_digest: Option<String>,
}

macro_rules! select_users {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT users.id, users.subject, users.username, users.display_name, users.admin_since, users.disabled_at,
             users.created_at, users.claims",
            $more,
            " FROM users ",
            $rest
        )
    };
    ($rest:literal) => {
        select_users!("", $rest)
    };
}

impl FromRow for User {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            subject: row.take()?,
            username: row.take()?,
            display_name: row.take()?,
            admin_since: row.take()?,
            disabled_at: row.take()?,
            created_at: row.take()?,
            claims: row.take()?,
        })
    }
}

struct WithPassword(User, Option<String>);

impl FromRow for WithPassword {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self(User::from_row(row)?, row.take()?))
    }
}

impl Tx<'_> {
    /// Makes a user; a conflict if the name or the subject is taken.
    pub fn insert_user(&mut self, new: &NewUser, now: Timestamp) -> Result<UserId> {
        let id = UserId(self.next_id());
        self.execute(
            "INSERT INTO users (workspace_id, id, subject, username, display_name, claims, password_digest, admin_since,
             created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                id.into(),
                (&new.subject).into(),
                (&new.username).into(),
                (&new.display_name).into(),
                (&new.claims).into(),
                new.password_digest.as_ref().into(),
                new.admin.then_some(now).into(),
                now.into(),
            ],
        )?;
        Ok(id)
    }

    /// The user with this id.
    pub fn find_user(&mut self, id: UserId) -> Result<Option<User>> {
        self.row(select_users!("WHERE users.workspace_id = $1 AND users.id = $2"), &[id.into()])
    }

    /// The user who signs in by this name.
    pub fn find_user_by_username(&mut self, username: &str) -> Result<Option<User>> {
        self.row(select_users!("WHERE users.workspace_id = $1 AND users.username = $2"), &[username.into()])
    }

    /// The user whom apps know by this name.
    pub fn find_user_by_subject(&mut self, subject: &str) -> Result<Option<User>> {
        self.row(select_users!("WHERE users.workspace_id = $1 AND users.subject = $2"), &[subject.into()])
    }

    /// The user who signs in by this name, with the password at rest if there is one.
    pub fn find_password(&mut self, username: &str) -> Result<Option<(User, Option<String>)>> {
        let found = self.row(
            select_users!(", users.password_digest", "WHERE users.workspace_id = $1 AND users.username = $2"),
            &[username.into()],
        )?;
        Ok(found.map(|WithPassword(user, digest)| (user, digest)))
    }

    /// Whether this is still the digest of a user who may be used; and it stays so until the unit of work ends. Between checking a
    /// password, which takes its time, and writing because of it, it may have been changed.
    pub fn confirm_password(&mut self, id: UserId, digest: &str) -> Result<bool> {
        let confirmed: Option<UserId> = self.row(
            "SELECT id FROM users WHERE workspace_id = $1 AND id = $2 AND password_digest = $3 AND disabled_at IS NULL
             FOR NO KEY UPDATE",
            &[id.into(), digest.into()],
        )?;
        Ok(confirmed.is_some())
    }

    /// Has the same password rest otherwise, unless it was changed meanwhile. True where it does now.
    pub fn replace_digest(&mut self, id: UserId, known: &str, fresh: &str) -> Result<bool> {
        let sql = "UPDATE users SET password_digest = $4 WHERE workspace_id = $1 AND id = $2 AND password_digest = $3";
        Ok(self.execute(sql, &[id.into(), known.into(), fresh.into()])? > 0)
    }

    /// Sets the password at rest. False: there is no such user.
    pub fn set_password(&mut self, id: UserId, digest: &str) -> Result<bool> {
        let sql = "UPDATE users SET password_digest = $3 WHERE workspace_id = $1 AND id = $2";
        Ok(self.execute(sql, &[id.into(), digest.into()])? > 0)
    }

    /// Writes everything about a user that can change; a conflict if the name or the subject is taken. False: there is no
    /// such user.
    pub fn update_user(&mut self, user: &User) -> Result<bool> {
        let changed = self.execute(
            "UPDATE users SET subject = $3, username = $4, display_name = $5, claims = $6, admin_since = $7,
             disabled_at = $8 WHERE workspace_id = $1 AND id = $2",
            &[
                user.id.into(),
                (&user.subject).into(),
                (&user.username).into(),
                (&user.display_name).into(),
                (&user.claims).into(),
                user.admin_since.into(),
                user.disabled_at.into(),
            ],
        )?;
        Ok(changed > 0)
    }

    /// Writes what a person says of themselves, where what is known is still what it was `before`. False: somebody was faster, or
    /// the user may not be used any more.
    pub fn change_profile(&mut self, before: &User, after: &User) -> Result<bool> {
        let changed = self.execute(
            "UPDATE users SET display_name = $3, claims = $4
             WHERE workspace_id = $1 AND id = $2 AND display_name = $5 AND claims = $6 AND disabled_at IS NULL",
            &[
                before.id.into(),
                (&after.display_name).into(),
                (&after.claims).into(),
                (&before.display_name).into(),
                (&before.claims).into(),
            ],
        )?;
        Ok(changed > 0)
    }

    /// Removes a user with their sessions, consents and grants; the clients they were signed in to will be told. Their apps stay,
    /// without an owner. False: there is no such user.
    pub fn delete_user(&mut self, id: UserId, now: Timestamp) -> Result<bool> {
        self.leave_sessions_of(id, None, now)?;
        let deleted = self.execute("DELETE FROM users WHERE workspace_id = $1 AND id = $2", &[id.into()])?;
        for sql in [
            "DELETE FROM sessions WHERE workspace_id = $1 AND user_id = $2",
            "DELETE FROM consents WHERE workspace_id = $1 AND user_id = $2",
            "DELETE FROM grants WHERE workspace_id = $1 AND user_id = $2",
            "UPDATE clients SET owner_id = NULL WHERE workspace_id = $1 AND owner_id = $2",
        ] {
            self.execute(sql, &[id.into()])?;
        }
        Ok(deleted > 0)
    }

    /// Users whose username or display name contains `search`, in the order of their usernames.
    pub fn list_users(&mut self, search: &str, page: Page) -> Result<Vec<User>> {
        self.rows(
            select_users!(
                "WHERE workspace_id = $1
                 AND (lower(username) LIKE lower($2) ESCAPE '\\' OR lower(display_name) LIKE lower($2) ESCAPE '\\')
                 ORDER BY username LIMIT $3 OFFSET $4"
            ),
            &[(&containing(search)).into(), page.limit.into(), page.offset.into()],
        )
    }

    /// How many users [`list_users`](Self::list_users) finds on all pages.
    pub fn count_users(&mut self, search: &str) -> Result<i64> {
        self.count(
            "SELECT COUNT(*) FROM users WHERE workspace_id = $1
             AND (lower(username) LIKE lower($2) ESCAPE '\\' OR lower(display_name) LIKE lower($2) ESCAPE '\\')",
            &[(&containing(search)).into()],
        )
    }
}

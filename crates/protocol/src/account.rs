//! What belongs to a person in a workspace: the user, their sessions, and what they agreed to.

use crate::scope::Scope;
use crate::types::{ClientRow, SessionId, Timestamp, UserId};

/// A person who can sign in to one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The row; never leaves the server unsealed.
    pub id: UserId,
    /// The stable public name of the user towards apps (`sub`, RFC 7662 §2.2).
    pub subject: String,
    /// What the person types to sign in. Unique in the workspace, compared exactly.
    pub username: String,
    /// What pages call the person.
    pub display_name: String,
    /// Set for people who administer the workspace.
    pub admin_since: Option<Timestamp>,
    /// Set when the account may not be used any more.
    pub disabled_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// The person's standard claims as a JSON object (OpenID Connect Core §5.1 names), `{}` when none are known.
    pub claims: String,
}

/// A browser signed in to one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The row; its cookie is a sealed statement about it.
    pub id: SessionId,
    /// What clients call it (Back-Channel Logout §2.1 `sid`).
    pub sid: String,
    /// Who is signed in.
    pub user: UserId,
    /// When the person last proved who they are.
    pub auth_time: Timestamp,
    /// When the browser was last seen, to the nearest few minutes.
    pub last_seen_at: Timestamp,
    /// When the session ends by itself.
    pub expires_at: Timestamp,
    /// Set when the person, or an admin, ended it.
    pub ended_at: Option<Timestamp>,
    /// The browser, as it calls itself; for the person to recognise it.
    pub user_agent: String,
    /// The address it signed in from; for the person to recognise it.
    pub address: String,
}

impl Session {
    /// Whether the browser still counts as signed in.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// What a user agreed to let a client do, remembered so that they are asked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who agreed.
    pub user: UserId,
    /// To which client.
    pub client: ClientRow,
    /// The scopes that were allowed; what was unticked is not here.
    pub scope: Scope,
    /// When the user first agreed.
    pub granted_at: Timestamp,
}

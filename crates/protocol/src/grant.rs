//! A grant: what a user gave a client, the root of a token family. Tokens are sealed statements about it.

use crate::authorize::OFFLINE_ACCESS;
use crate::claims::ClaimsRequest;
use crate::client::Client;
use crate::scope::Scope;
use crate::types::{ClientRow, GrantId, GrantType, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// Where a grant stands. Expiry is not a state: it is asked of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantState {
    /// A code was issued and not redeemed.
    Pending,
    /// Tokens were issued.
    Active,
    /// It was withdrawn, replayed or burned; nothing about it is good any more.
    Revoked,
}

impl GrantState {
    /// The stored form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the stored form. What is not known is not good.
    pub fn parse(text: &str) -> Self {
        match text {
            "pending" => Self::Pending,
            "active" => Self::Active,
            _ => Self::Revoked,
        }
    }
}

/// What an OpenID request asked of ID Tokens and UserInfo, and what ID Tokens say of the login (OpenID Connect Core §2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenidGrant {
    /// The client's own value, given back in ID Tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The session, as clients know it.
    pub sid: String,
    /// The authentication context class that the login met.
    pub acr: String,
    /// How the person proved who they are (RFC 8176 §2).
    pub amr: Vec<String>,
    /// The claims that were asked for by name, as far as the person allowed them (OpenID Connect Core §5.5).
    pub claims: ClaimsRequest,
}

/// One authorization that a user gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The row; it leaves the server only sealed.
    pub id: GrantId,
    /// Who gave it.
    pub user: UserId,
    /// To which client.
    pub client: ClientRow,
    /// In which browser session; none for the password grant.
    pub session: Option<SessionId>,
    /// By which grant type.
    pub grant_type: GrantType,
    /// What was allowed.
    pub scope: Scope,
    /// When the user proved who they are.
    pub auth_time: Timestamp,
    /// The redirect URI as the authorization request gave it, if it did (RFC 6749 §4.1.3).
    pub redirect_uri: Option<String>,
    /// The PKCE challenge, method S256 (RFC 7636 §4.3).
    pub code_challenge: Option<String>,
    /// What an OpenID request asked for; none where it was none.
    pub openid: Option<OpenidGrant>,
    /// Where it stands.
    pub state: GrantState,
    /// Counts the rotations of its refresh token.
    pub generation: i64,
    /// When the refresh token was last rotated.
    pub rotated_at: Option<Timestamp>,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it was last used to get a token, to the nearest hour for clients that do not rotate.
    pub last_used_at: Option<Timestamp>,
    /// The moment after which the refresh token is refused however much it is used; none: there is no refresh token.
    pub refresh_until: Option<Timestamp>,
    /// The moment after which nothing about this grant is good any more. No token outlives it.
    pub expires_at: Timestamp,
}

/// A grant about to be written: everything but its row id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGrant {
    /// Who gives it.
    pub user: UserId,
    /// To which client.
    pub client: ClientRow,
    /// In which browser session.
    pub session: Option<SessionId>,
    /// By which grant type.
    pub grant_type: GrantType,
    /// What is allowed.
    pub scope: Scope,
    /// When the user proved who they are.
    pub auth_time: Timestamp,
    /// The redirect URI as the authorization request gave it, if it did.
    pub redirect_uri: Option<String>,
    /// The PKCE challenge, method S256.
    pub code_challenge: Option<String>,
    /// What an OpenID request asked for; none where it was none.
    pub openid: Option<OpenidGrant>,
    /// `Pending` with a code, `Active` when tokens are issued at once.
    pub state: GrantState,
    /// When it is given.
    pub created_at: Timestamp,
    /// See [`Grant::refresh_until`].
    pub refresh_until: Option<Timestamp>,
    /// See [`Grant::expires_at`].
    pub expires_at: Timestamp,
}

impl Grant {
    /// The grant as it stands right after it was written under `id`.
    pub fn written(id: GrantId, new: NewGrant) -> Self {
        let used = new.state == GrantState::Active;
        Self {
            id,
            user: new.user,
            client: new.client,
            session: new.session,
            grant_type: new.grant_type,
            scope: new.scope,
            auth_time: new.auth_time,
            redirect_uri: new.redirect_uri,
            code_challenge: new.code_challenge,
            openid: new.openid,
            state: new.state,
            generation: 0,
            rotated_at: None,
            created_at: new.created_at,
            last_used_at: used.then_some(new.created_at),
            refresh_until: new.refresh_until,
            expires_at: new.expires_at,
        }
    }
}

/// A grant, and how its user and session stand: what those ask of it who exchange or refresh, and UserInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The grant.
    pub grant: Grant,
    /// The public `sub` of its user.
    pub subject: String,
    /// The user's name, for `username` (RFC 7662 §2.2).
    pub username: String,
    /// Whether its user may still be used.
    pub user_enabled: bool,
    /// Whether its session was ended by somebody. A session that merely ran out ends no grant.
    pub session_ended: bool,
}

impl Standing {
    /// Whether tokens about this grant, which is one of this client's, are good now.
    pub fn is_good(&self, client: &Client, now: Timestamp) -> bool {
        self.vitals().is_good(client, now)
    }

    fn vitals(&self) -> Vitals {
        let Grant { client, state, expires_at, .. } = self.grant;
        let Self { user_enabled, session_ended, .. } = *self;
        let outlives_session = Vitals::outlives_session(&self.grant.scope);
        Vitals { client, state, expires_at, outlives_session, user_enabled, session_ended }
    }
}

/// What decides whether tokens about a grant are good (RFC 7662 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// The client it was given to.
    pub client: ClientRow,
    /// Where it stands.
    pub state: GrantState,
    /// See [`Grant::expires_at`].
    pub expires_at: Timestamp,
    /// Whether it was given for use while the person is away; see [`Self::outlives_session`].
    pub outlives_session: bool,
    /// Whether its user may still be used.
    pub user_enabled: bool,
    /// Whether its session was ended by somebody.
    pub session_ended: bool,
}

impl Vitals {
    /// Whether tokens about this grant, which is one of this client's, are good now.
    pub fn is_good(&self, client: &Client, now: Timestamp) -> bool {
        self.client == client.row
            && self.state == GrantState::Active
            && now < self.expires_at
            && client.disabled_at.is_none()
            && self.user_enabled
            && (!self.session_ended || self.outlives_session)
    }

    /// Back-Channel Logout §2.7: whether what was granted is not revoked by a logout.
    pub fn outlives_session(scope: &Scope) -> bool {
        scope.contains(OFFLINE_ACCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{NOW, active, client};

    #[test]
    fn rfc7662_s4_tokens_are_good_while_grant_client_user_and_session_are() {
        assert!(active().is_good(&client(), NOW));
        let disabled = Client { disabled_at: Some(NOW), ..client() };
        let another = Client { row: ClientRow(client().row.0 + 1), ..client() };
        assert!(!active().is_good(&disabled, NOW) && !active().is_good(&another, NOW));
        let ends: [fn(&mut Standing); 4] = [
            |it| it.grant.state = GrantState::Revoked,
            |it| it.grant.expires_at = NOW,
            |it| it.user_enabled = false,
            |it| it.session_ended = true,
        ];
        for end in ends {
            let mut standing = active();
            end(&mut standing);
            assert!(!standing.is_good(&client(), NOW));
        }
    }
}

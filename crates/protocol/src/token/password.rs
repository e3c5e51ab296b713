//! RFC 6749 §4.3: the resource owner password credentials grant, for what cannot open a browser yet (RFC 9700 §2.4).

use super::terms;
use crate::client_auth::VerifiedClient;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::grant::{GrantState, NewGrant};
use crate::params::Params;
use crate::scope::{RequestedScope, Scope};
use crate::types::{GrantType, Secret, Timestamp, UserId};
use crate::workspace::Workspace;

const RULE: Rule = Rule::rfc(6749, "4.3.2");

/// A request whose form is in order; the password is not checked yet.
#[derive(Debug)]
pub struct Request {
    /// Who the user says they are.
    pub username: String,
    /// What they say to prove it.
    pub password: Secret<String>,
    scope: Scope,
}

/// Reads the form.
pub fn read(params: &Params, workspace: &Workspace, client: &VerifiedClient) -> Result<Request, OAuthError> {
    let username = params.require("username", RULE, "username is missing")?.to_owned();
    let password = Secret::new(params.require("password", RULE, "password is missing")?.to_owned());
    let allowed = workspace.known_of(&client.client().registration.scope);
    let scope = RequestedScope::parse(params.get("scope"))?.within(&allowed)?;
    Ok(Request { username, password, scope })
}

/// RFC 6749 §5.2: wrong credentials of the user are `invalid_grant`.
pub const fn wrong_credentials() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, Rule::rfc(6749, "5.2"), "the user name or the password is wrong")
}

impl Request {
    /// The grant to write, once `user` is known to have given the right password.
    pub fn to_grant(&self, user: UserId, client: &VerifiedClient, workspace: &Workspace, now: Timestamp) -> NewGrant {
        let terms = terms(client.client(), workspace, now);
        NewGrant {
            user,
            client: client.client().row,
            session: None,
            grant_type: GrantType::Password,
            scope: self.scope.clone(),
            auth_time: now,
            redirect_uri: None,
            code_challenge: None,
            openid: None,
            state: GrantState::Active,
            created_at: now,
            refresh_until: terms.refresh_until,
            expires_at: terms.expires_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{NOW, client, verified, workspace};
    use crate::types::Seconds;

    #[test]
    fn s4_3_2_a_password_buys_an_active_grant_of_what_was_asked() {
        let client = verified(client());
        let read = |form: &str| read(&Params::parse(form.as_bytes()).unwrap(), &workspace(), &client);
        let request = read("username=bob&password=secret&scope=read").unwrap();
        let grant = NewGrant {
            user: UserId(1),
            client: client.client().row,
            session: None,
            grant_type: GrantType::Password,
            scope: Scope::parse("read").unwrap(),
            auth_time: NOW,
            redirect_uri: None,
            code_challenge: None,
            openid: None,
            state: GrantState::Active,
            created_at: NOW,
            refresh_until: Some(NOW.plus(Seconds::days(180))),
            expires_at: NOW.plus(Seconds::days(30)),
        };
        assert_eq!(request.to_grant(UserId(1), &client, &workspace(), NOW), grant);
        let refused = |form: &str| read(form).unwrap_err().code;
        assert_eq!(refused("password=secret"), ErrorCode::InvalidRequest);
        assert_eq!(refused("username=bob"), ErrorCode::InvalidRequest);
        assert_eq!(refused("username=bob&password=secret&scope=admin"), ErrorCode::InvalidScope);
    }
}

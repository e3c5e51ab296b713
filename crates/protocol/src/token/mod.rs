//! RFC 6749 §3.2, §5: the token endpoint. One file per grant; this one holds what they share.

pub mod authorization_code;
pub mod client_credentials;
pub mod password;
pub mod refresh_token;

use crate::client::Client;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::params::Params;
use crate::scope::Scope;
use crate::types::{GrantType, Seconds, Timestamp};
use crate::workspace::{Lifetimes, Workspace};
use serde::Serialize;

/// RFC 6749 §5.1: what a successful request is answered with.
#[derive(Serialize)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: String,
    /// Always `Bearer` (RFC 6750).
    pub token_type: &'static str,
    /// Its lifetime in seconds.
    pub expires_in: i64,
    /// The refresh token, where the grant has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The ID Token of an OpenID request (OpenID Connect Core §3.1.3.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What was granted; left out where it is nothing, since the empty scope has no form on the wire (RFC 6749 §3.3).
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
}

/// Reads `grant_type` and checks that the workspace has it switched on.
pub fn read_grant_type(params: &Params, workspace: &Workspace) -> Result<GrantType, OAuthError> {
    let rule = Rule::rfc(6749, "5.2");
    let grant_type = match params.require("grant_type", rule, "grant_type is missing")? {
        // A documented alias.
        "code" => Some(GrantType::AuthorizationCode),
        // RFC 6749 §4.2: the implicit grant does not involve the token endpoint.
        "implicit" => None,
        text => GrantType::parse(text),
    };
    let grant_type = grant_type.ok_or(OAuthError::new(
        ErrorCode::UnsupportedGrantType,
        rule,
        "this grant_type is not supported; see grant_types_supported in the metadata",
    ))?;
    match grant_type {
        // At this endpoint the refusal has its own code (RFC 6749 §5.2).
        GrantType::AuthorizationCode => workspace.check_grant(grant_type).map_err(|error| OAuthError {
            code: ErrorCode::UnsupportedGrantType,
            rule,
            ..error
        }),
        _ => workspace.check_grant(grant_type),
    }?;
    Ok(grant_type)
}

/// When a grant that starts now ends: the lifetime of its access token, or with a refresh token that of the family.
pub(crate) fn terms(client: &Client, workspace: &Workspace, now: Timestamp) -> Terms {
    let lifetimes = client.lifetimes(&workspace.policy.lifetimes);
    let refreshes =
        client.check_grant(GrantType::RefreshToken).is_ok() && workspace.check_grant(GrantType::RefreshToken).is_ok();
    if !refreshes {
        return Terms { refresh_until: None, expires_at: now.plus(lifetimes.access_token) };
    }
    let until = now.plus(lifetimes.refresh_absolute);
    Terms { refresh_until: Some(until), expires_at: idle_end(&lifetimes, until, now) }
}

/// How long a grant lasts from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) refresh_until: Option<Timestamp>,
    pub(crate) expires_at: Timestamp,
}

/// The end of a refreshable grant that is used now and then never again.
pub(crate) fn idle_end(lifetimes: &Lifetimes, until: Timestamp, now: Timestamp) -> Timestamp {
    now.plus(lifetimes.refresh_idle).min(until)
}

/// Longest life of an access token that is a JWT: who verifies it alone does not hear that it was revoked, and its key has to
/// stay published for as long (RFC 9068 §5, RFC 9700 §2.2).
pub const LONGEST_JWT: Seconds = Seconds::days(1);

/// The end of an access token issued now: no token outlives its grant.
pub fn access_token_end(lifetime: Seconds, grant_end: Timestamp, now: Timestamp) -> Timestamp {
    now.plus(lifetime).min(grant_end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{NOW, client, workspace};

    #[test]
    fn s5_2_a_grant_that_the_workspace_has_switched_off_is_not_supported() {
        let read = |form: &str, workspace: &Workspace| {
            read_grant_type(&Params::parse(form.as_bytes()).unwrap(), workspace).map_err(|error| error.code)
        };
        for (name, grant_type) in [
            ("authorization_code", GrantType::AuthorizationCode),
            ("code", GrantType::AuthorizationCode),
            ("refresh_token", GrantType::RefreshToken),
            ("client_credentials", GrantType::ClientCredentials),
            ("password", GrantType::Password),
        ] {
            let form = format!("grant_type={name}");
            let mut without = workspace();
            without.policy.grant_types.remove(&grant_type);
            assert_eq!(read(&form, &workspace()), Ok(grant_type), "{name}");
            assert_eq!(read(&form, &without), Err(ErrorCode::UnsupportedGrantType), "{name}");
        }
        assert_eq!(read("grant_type=implicit", &workspace()), Err(ErrorCode::UnsupportedGrantType));
        assert_eq!(read("grant_type=cake", &workspace()), Err(ErrorCode::UnsupportedGrantType));
        assert_eq!(read("", &workspace()), Err(ErrorCode::InvalidRequest));
    }

    #[test]
    fn s6_a_refresh_token_needs_the_grant_of_the_workspace_and_of_the_app() {
        let (mut no_workspace, mut no_client) = (workspace(), client());
        no_workspace.policy.grant_types.remove(&GrantType::RefreshToken);
        no_client.registration.grant_types.remove(&GrantType::RefreshToken);
        assert_eq!(terms(&client(), &workspace(), NOW).refresh_until, Some(NOW.plus(Seconds::days(180))));
        for (client, workspace) in [(client(), no_workspace), (no_client, workspace())] {
            let alone = Terms { refresh_until: None, expires_at: NOW.plus(Seconds::hours(1)) };
            assert_eq!(terms(&client, &workspace, NOW), alone);
        }
    }

    #[test]
    fn no_token_outlives_its_grant() {
        let end = NOW.plus(Seconds(60));
        assert_eq!(access_token_end(Seconds(59), end, NOW), NOW.plus(Seconds(59)));
        assert_eq!(access_token_end(Seconds(61), end, NOW), end);
    }
}

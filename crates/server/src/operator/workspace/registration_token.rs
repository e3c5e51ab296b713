//! RFC 7591 §3: an initial access token, with which apps register themselves where not everybody may.

use crate::operator::{Answer, OperatorError, Outcome, find_workspace};
use crate::server::Server;
use grantry_protocol::sealed::{self, InitialAccessToken};
use grantry_protocol::types::{Seconds, Secret, Timestamp};
use grantry_protocol::workspace::DynamicRegistrationPolicy;
use serde::Serialize;

/// Longest time that one is good.
const LONGEST: Seconds = Seconds::days(366);

/// An initial access token, told once: it is stored nowhere.
#[derive(Debug, Serialize)]
pub struct Shown {
    workspace: String,
    #[serde(serialize_with = "crate::operator::exposed")]
    initial_access_token: Option<Secret<String>>,
    expires_at: Timestamp,
    registration_endpoint: String,
}

/// Makes one that is good for so long.
pub(super) async fn make(server: &Server, slug: String, expires_in: Seconds) -> Outcome<Answer> {
    if !(Seconds(1)..=LONGEST).contains(&expires_in) {
        return Err(OperatorError::refused(format!("an initial access token is good for 1 to {} seconds", LONGEST.0)));
    }
    let wanted = slug.clone();
    let workspace = server.store().read_instance(move |instance| find_workspace(instance, &wanted)).await??;
    if workspace.policy.dynamic_registration != DynamicRegistrationPolicy::InitialAccessToken {
        return Err(OperatorError::refused(format!(
            "apps do not register themselves by such a token in workspace `{slug}`; \
             `grantry workspace update {slug} --dynamic-registration initial_access_token` lets them"
        )));
    }
    let open = server.workspaces().find(server, &slug).await.map_err(|_| {
        OperatorError::refused(format!("workspace `{slug}` is disabled, or its keys cannot be opened; see the log"))
    })?;
    let expires_at = server.clock().now().plus(expires_in);
    let token = sealed::seal(&open.ring, &InitialAccessToken { expires_at }, &mut server.randomness());
    Ok(Answer::RegistrationToken(Box::new(Shown {
        registration_endpoint: format!("{}/oauth2/register", open.issuer),
        workspace: slug,
        initial_access_token: Some(Secret::new(token)),
        expires_at,
    })))
}

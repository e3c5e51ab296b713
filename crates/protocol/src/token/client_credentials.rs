//! RFC 6749 §4.4: a client acts for itself. No row is written, and there is no refresh token (§4.4.3).

use crate::client_auth::VerifiedClient;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::params::Params;
use crate::scope::{RequestedScope, Scope};
use crate::workspace::{ScopeDefinition, Workspace};

/// The scope that the client gets.
pub fn check(params: &Params, workspace: &Workspace, client: &VerifiedClient) -> Result<Scope, OAuthError> {
    // RFC 6749 §4.4: only confidential clients.
    if client.client().is_public() {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            Rule::rfc(6749, "4.4"),
            "client_credentials is for apps that can keep a secret; this app is public",
        ));
    }
    // OpenID Connect Core §5.4: the standard scopes are about a person, and here there is none.
    let may = |name: &str| workspace.knows(name) && !ScopeDefinition::is_standard(name);
    RequestedScope::parse(params.get("scope"))?.within(&client.client().registration.scope.filter(may))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;
    use crate::sample::{client, public, verified, workspace};

    fn scope(form: &str, client: Client) -> Result<String, ErrorCode> {
        let mut workspace = workspace();
        workspace.scopes = ScopeDefinition::with_standard(workspace.scopes);
        let params = Params::parse(form.as_bytes()).unwrap();
        check(&params, &workspace, &verified(client)).map(|scope| scope.to_string()).map_err(|error| error.code)
    }

    #[test]
    fn s4_4_only_an_app_that_keeps_a_secret_acts_for_itself() {
        assert_eq!(scope("", client()), Ok("read write".to_owned()));
        assert_eq!(scope("", public()), Err(ErrorCode::UnauthorizedClient));
    }

    #[test]
    fn core_s5_4_it_gets_no_scope_that_is_about_a_person() {
        let mut client = client();
        client.registration.scope = Scope::parse("email gone offline_access openid read").unwrap();
        assert_eq!(scope("", client.clone()), Ok("read".to_owned()));
        for about_a_person in ["openid", "email", "offline_access", "gone"] {
            assert_eq!(scope(&format!("scope={about_a_person}"), client.clone()), Err(ErrorCode::InvalidScope));
        }
    }
}

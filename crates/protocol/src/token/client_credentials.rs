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
    let own = client.client().registration.scope.filter(|name| !ScopeDefinition::is_standard(name));
    RequestedScope::parse(params.get("scope"))?.within(&workspace.known_of(&own))
}

//! RFC 7009: a client gives a token back.

use crate::client_auth::VerifiedClient;
use crate::error::{OAuthError, Rule};
use crate::params::Params;
use crate::sealed::{AccessToken, RefreshToken};
use crate::types::ClientRow;

/// What a presented token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// Revoking it ends the grant (RFC 7009 §2.1).
    Refresh(RefreshToken),
    /// Revoking it ends it alone.
    Access(AccessToken),
    /// Nothing that this workspace issued: answered as success (RFC 7009 §2.2).
    Unknown,
}

/// Reads the token out of the form. Its kind stands in its text, so `token_type_hint` is not needed (RFC 7009 §2.1).
pub fn read_token(params: &Params) -> Result<&str, OAuthError> {
    params.require("token", Rule::rfc(7009, "2.1"), "token is missing")
}

/// RFC 7009 §2.1: whether the token was issued to the client that gives it back. If not, nothing happens; and departing from the
/// letter of that section nobody is told, since the answer would say that a guessed token exists.
pub fn is_own(client: &VerifiedClient, issued_to: ClientRow) -> bool {
    client.client().row == issued_to
}

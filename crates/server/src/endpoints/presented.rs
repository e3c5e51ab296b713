//! An access token as somebody presents it: sealed, or a JWT that this workspace signed.

use crate::here::Here;
use crate::reply::Failure;
use grantry_protocol::access_token;
use grantry_protocol::sealed::AccessToken;

/// The statement, in whichever form it was issued. `None`: it is no access token of this workspace.
pub(crate) async fn access_token(here: &Here, text: &str) -> Result<Option<AccessToken>, Failure> {
    if let Some(token) = here.open(text) {
        return Ok(Some(token));
    }
    let known = &here.workspace;
    if !access_token::is_of_unknown_key(text, &known.signing, here.now) {
        return Ok(access_token::open(text, here.issuer(), &known.signing, &known.ring, here.now));
    }
    // Another process may have made its first key within the last second (docs/decisions/0005).
    let fresh = here.server.workspaces().find_as_it_is_now(&here.server, here.row().slug.as_str()).await?;
    Ok(access_token::open(text, here.issuer(), &fresh.signing, &fresh.ring, here.now))
}

//! OpenID Connect Registration §5: what a sector identifier lists is read before anything is stored.

use crate::here::Here;
use crate::outbound::Unreachable;
use crate::reply::Failure;
use grantry_protocol::client::Registration;
use grantry_protocol::register::{Problem, check_sector, wrong_sector};
use url::Url;

/// Whether the sector identifier of a registration, if it has one, lists its redirect URIs.
pub(crate) async fn check(here: &Here, registration: &Registration) -> Result<Result<(), Problem>, Failure> {
    let Some(uri) = &registration.openid.sector_identifier_uri else { return Ok(Ok(())) };
    let url = Url::parse(uri).map_err(|_| Failure::Internal)?;
    // Whoever has just corrected the list, and registers again, is not told what it was before.
    match here.server.outbound().get_once(&url, here.asker()).await {
        Ok(fetched) => Ok(check_sector(registration, &fetched.body)),
        Err(Unreachable::Busy) => Err(Failure::Busy),
        Err(unreachable) => Ok(Err(wrong_sector(unreachable.as_str()))),
    }
}

//! Client secrets at rest: as a digest, or sealed where the client signs with its secret, so that it has to be known again.

use crate::here::Here;
use crate::reply::Failure;
use crate::server::Server;
use grantry_protocol::WorkspaceId;
use grantry_protocol::client::AuthMethod;
use grantry_protocol::client_auth::SecretDigest;
use grantry_protocol::sealed::KeyPurpose;

/// How a random secret rests with a client that authenticates by `method`.
pub(crate) fn at_rest(server: &Server, workspace: WorkspaceId, method: AuthMethod, secret: &str) -> SecretDigest {
    if method != AuthMethod::ClientSecretJwt {
        return SecretDigest::of_random(secret);
    }
    let randomness = &mut server.randomness();
    SecretDigest::of_sealed(&server.master_key().seal(
        workspace,
        KeyPurpose::ClientSecret,
        secret.as_bytes(),
        randomness,
    ))
}

/// The secrets that were sealed.
pub(crate) fn open(here: &Here, sealed: &[Vec<u8>]) -> Result<Vec<impl AsRef<[u8]> + use<>>, Failure> {
    let open = |sealed: &Vec<u8>| here.server.master_key().open(here.row().id, KeyPurpose::ClientSecret, sealed);
    sealed.iter().map(open).collect::<Option<Vec<_>>>().ok_or_else(|| {
        tracing::error!(workspace = %here.row().slug, "a client secret does not open under this master key");
        Failure::Internal
    })
}

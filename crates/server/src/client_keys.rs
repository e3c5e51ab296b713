//! The public keys of a client: registered with it, or published by it and read from there.

use crate::here::Here;
use crate::outbound::{Fetched, Unreachable};
use crate::reply::Failure;
use grantry_protocol::client::{Encryption, OpenidRegistration};
use grantry_protocol::client_jwt::Unproven;
use grantry_protocol::entropy::Entropy;
use grantry_protocol::jose::ClientKeys;
use grantry_protocol::{ErrorCode, OAuthError, Rule};
use std::sync::Arc;
use url::Url;

/// What a JWT of a client proves by its keys. Where none that is known made it, those at its `jwks_uri` are read again, once.
pub(crate) async fn prove<T>(
    here: &Here,
    openid: &OpenidRegistration,
    check: impl Fn(&ClientKeys) -> Result<T, Unproven>,
    refuse: fn(&'static str) -> OAuthError,
) -> Result<T, Failure> {
    let refused = |unproven: Unproven| Failure::from(OAuthError::from(unproven));
    let Some(uri) = &openid.jwks_uri else {
        return check(&registered(openid).map_err(refuse)?).map_err(refused);
    };
    let url = Url::parse(uri).map_err(|_| refuse("the jwks_uri of the app is not a URL: register another"))?;
    let (outbound, asker) = (here.server.outbound(), here.asker());
    match check(&read(outbound.get(&url, asker).await, refuse)?) {
        // OpenID Connect Core §10.1.1: a client changes its keys by publishing another under a new kid.
        Err(Unproven::UnknownKey(_)) => check(&read(outbound.get_fresh(&url, asker).await, refuse)?).map_err(refused),
        outcome => outcome.map_err(refused),
    }
}

/// RFC 7516 §2: a client that what is encrypted is for, with its keys.
#[derive(Debug)]
pub(crate) struct Recipient {
    keys: ClientKeys,
    encryption: Encryption,
}

impl Recipient {
    /// The client, if it registered that this is encrypted for it.
    pub(crate) async fn of(
        here: &Here,
        openid: &OpenidRegistration,
        encryption: Option<Encryption>,
    ) -> Result<Option<Self>, Failure> {
        let Some(encryption) = encryption else { return Ok(None) };
        // OpenID Connect Core §10.2: with a key that the client published, and there may be a new one.
        let find = |keys: &ClientKeys| match keys.encryption_key(encryption.0) {
            Some(_) => Ok(keys.clone()),
            None => {
                Err(Unproven::UnknownKey(cannot_encrypt("the app has no key that fits the algorithm it registered")))
            }
        };
        let keys = prove(here, openid, find, cannot_encrypt).await?;
        Ok(Some(Self { keys, encryption }))
    }

    /// Encrypts for it. `cty` is `JWT` where what is encrypted is a JWT itself (RFC 7519 §5.2).
    pub(crate) fn encrypt(&self, plain: &str, cty: Option<&str>, entropy: &mut dyn Entropy) -> Result<String, Failure> {
        let (alg, enc) = self.encryption;
        let key = self.keys.encryption_key(alg);
        key.and_then(|key| key.encrypt(plain.as_bytes(), enc, cty, entropy)).ok_or(Failure::Internal)
    }
}

/// What the client is answered that wants something encrypted, and has no key for that.
const fn cannot_encrypt(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, Rule::oidc_core("10.2"), description)
}

/// The keys in the registration.
fn registered(openid: &OpenidRegistration) -> Result<ClientKeys, &'static str> {
    let jwks = openid.jwks.as_ref().ok_or("the app has no keys: register its jwks or jwks_uri")?;
    ClientKeys::parse(jwks.to_string().as_bytes()).map_err(|error| error.description())
}

/// The keys that a `jwks_uri` answered with.
fn read(
    fetched: Result<Arc<Fetched>, Unreachable>,
    refuse: fn(&'static str) -> OAuthError,
) -> Result<ClientKeys, Failure> {
    match fetched {
        Ok(fetched) => Ok(ClientKeys::parse(&fetched.body).map_err(|error| refuse(error.description()))?),
        Err(Unreachable::Busy) => Err(Failure::Busy),
        Err(unreachable) => Err(refuse(unreachable.as_str()).into()),
    }
}

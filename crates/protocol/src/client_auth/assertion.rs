//! RFC 7523 §2.2, §3, OpenID Connect Core §9: a JWT by which a client proves itself, once.

use super::{VerifiedClient, sealed_secrets};
use crate::client::{AuthMethod, Client};
use crate::client_jwt::{SKEW, Unproven, check_times, is_of_another_kind};
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::jose::{Algorithm, Claims, ClientKeys, SignedJwt, VerifyError};
use crate::types::{Seconds, Secret, Timestamp};
use aws_lc_rs::digest::{Digest, SHA256, digest};
use std::sync::Arc;

/// RFC 7523 §2.2: the value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What an assertion may say in its header that it is; most say nothing.
const TYP: &str = "client-authentication+jwt";

/// How far ahead the end of an assertion may be.
const LONGEST_LIFE: Seconds = Seconds::hours(1);

/// How long after it was made an assertion is good, whatever its end: so long it has to be remembered.
const LONGEST_USE: Seconds = Seconds::minutes(5);

/// The algorithms of assertions, in the order metadata lists them.
pub fn assertion_algorithms() -> impl Iterator<Item = &'static str> {
    Algorithm::ALL.into_iter().map(Algorithm::as_str).chain([HS256])
}

const HS256: &str = "HS256";

/// Whom an assertion says that it is from, before anybody believes it.
pub(super) fn claimed_client(assertion: &str) -> Result<String, OAuthError> {
    let jwt =
        SignedJwt::parse(assertion, SignedJwt::LONGEST).map_err(|error| invalid_assertion(error.description()))?;
    // RFC 7523 §3: iss is required, and is the client, whose name is printable ASCII (RFC 6749 appendix A.1).
    let issuer = jwt.unverified_issuer().filter(|iss| iss.bytes().all(|byte| (0x20..=0x7e).contains(&byte)));
    issuer.map(str::to_owned).ok_or(invalid_assertion("the client assertion needs an iss: it is the client_id"))
}

/// A client that presents an assertion: find what it signs with, then verify.
#[derive(Debug)]
pub struct AssertionCheck {
    pub(super) client: Arc<Client>,
    pub(super) assertion: Secret<String>,
}

/// An assertion that proves its client, if it was not used before.
#[derive(Debug)]
pub struct ProvenOnce {
    client: Arc<Client>,
    jti_digest: Digest,
    expires_at: Timestamp,
}

impl AssertionCheck {
    /// Who it is said to be from.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The secrets that it may be authenticated by, as they rest sealed.
    pub fn sealed_secrets(&self, now: Timestamp) -> Vec<Vec<u8>> {
        sealed_secrets(&self.client, now)
    }

    /// OpenID Connect Core §9 `private_key_jwt`: verifies it by the client's public keys.
    pub fn verify(&self, keys: &ClientKeys, issuer: &str, now: Timestamp) -> Result<ProvenOnce, Unproven> {
        let openid = &self.client.registration.openid;
        // OpenID Connect Registration §2: the registered algorithm; and never one by which the public key would be a secret.
        let algorithms: Vec<Algorithm> = match &openid.token_endpoint_auth_signing_alg {
            None => Algorithm::ALL.into(),
            Some(registered) => Algorithm::parse(registered).into_iter().collect(),
        };
        let jwt = self.parse(AuthMethod::PrivateKeyJwt)?;
        let claims = jwt.verify(keys, &algorithms).map_err(|error| Unproven::of(error, invalid_assertion))?;
        Ok(self.judge(&jwt, claims, issuer, now)?)
    }

    /// OpenID Connect Core §9 `client_secret_jwt`: verifies it by the client's secrets, one of which has to be right.
    pub fn verify_with_secrets<S: AsRef<[u8]>>(
        &self,
        secrets: &[S],
        issuer: &str,
        now: Timestamp,
    ) -> Result<ProvenOnce, OAuthError> {
        let jwt = self.parse(AuthMethod::ClientSecretJwt)?;
        // OpenID Connect Registration §2: the registered algorithm.
        let registered = self.client.registration.openid.token_endpoint_auth_signing_alg.as_deref();
        if registered.is_some_and(|registered| registered != HS256) {
            return Err(invalid_assertion(VerifyError::WrongAlgorithm.description()));
        }
        if secrets.is_empty() {
            return Err(invalid_assertion(
                "the app has no secret that signs: rotate its secret, and sign with the new one",
            ));
        }
        let verified = secrets.iter().map(|secret| jwt.verify_with_secret(secret.as_ref()));
        let verified = verified.reduce(Result::or).unwrap_or(Err(VerifyError::UnknownKey));
        let claims = verified.map_err(|error| match error {
            VerifyError::WrongAlgorithm => invalid_assertion("this app signs its assertions by HS256, with its secret"),
            _ => invalid_assertion("the assertion is not signed with the secret of the app, or that was retired"),
        })?;
        self.judge(&jwt, claims, issuer, now)
    }

    fn parse(&self, method: AuthMethod) -> Result<SignedJwt<'_>, OAuthError> {
        // OpenID Connect Core §9: the keys of one method do not serve the other.
        if self.client.registration.token_endpoint_auth_method != method {
            return Err(invalid_assertion(VerifyError::WrongAlgorithm.description()));
        }
        let text = self.assertion.expose();
        SignedJwt::parse(text, SignedJwt::LONGEST).map_err(|error| invalid_assertion(error.description()))
    }

    fn judge(
        &self,
        jwt: &SignedJwt<'_>,
        claims: &Claims,
        issuer: &str,
        now: Timestamp,
    ) -> Result<ProvenOnce, OAuthError> {
        let client_id = Some(self.client.client_id.as_str());
        // RFC 8725 §3.11: not another kind of JWT that the client signed.
        if is_of_another_kind(jwt, TYP) {
            return Err(invalid_assertion(
                "typ of the client assertion is another than client-authentication+jwt or JWT",
            ));
        }
        // RFC 7523 §3, OpenID Connect Core §9: both are the client.
        if claims.iss.as_deref() != client_id || claims.sub.as_deref() != client_id {
            return Err(invalid_assertion("iss and sub of the client assertion must both be the client_id"));
        }
        // RFC 7523 §3, as RFC 10070 has it now: it is meant for us, and for nobody else who could then use it here.
        if !claims.aud.as_ref().is_some_and(|aud| aud.is(issuer)) {
            return Err(invalid_assertion(
                "aud of the client assertion must be the issuer of this workspace, as one string: issuer in its \
                 .well-known/openid-configuration, not the URL of an endpoint, and not an array",
            ));
        }
        check_times(claims, now).map_err(invalid_assertion)?;
        let end = end_of_use(claims, now)?;
        // OpenID Connect Core §9: jti is required.
        let jti = claims.jti.as_deref().filter(|jti| !jti.is_empty());
        let jti = jti.ok_or(invalid_assertion("the client assertion needs a jti: a name that no other has"))?;
        // The second time for the clocks of servers that share a database.
        let expires_at = end.plus(SKEW).plus(SKEW);
        Ok(ProvenOnce { client: Arc::clone(&self.client), jti_digest: digest(&SHA256, jti.as_bytes()), expires_at })
    }
}

/// Until when an assertion can be used, if it still can.
fn end_of_use(claims: &Claims, now: Timestamp) -> Result<Timestamp, OAuthError> {
    // RFC 7523 §3: exp is required, and may be refused where it is unreasonably far ahead.
    let exp = claims.exp.filter(|exp| *exp <= now.plus(LONGEST_LIFE).plus(SKEW));
    let exp = exp.ok_or(invalid_assertion("the client assertion needs an exp, at most an hour ahead"))?;
    // RFC 7523 §3: iat may be refused where it is unreasonably far in the past. Libraries say an hour where their callers say
    // nothing, and send what they made at once: it is when it was made that keeps what has to be remembered short.
    match claims.iat.map(|iat| iat.plus(LONGEST_USE)) {
        Some(end) if now >= end.plus(SKEW) => Err(invalid_assertion(
            "the client assertion was made more than five minutes ago, says its iat: make a new one for each request",
        )),
        Some(end) => Ok(exp.min(end)),
        None if exp > now.plus(LONGEST_USE).plus(SKEW) => {
            Err(invalid_assertion("without an iat, exp of the client assertion must be at most five minutes ahead"))
        }
        None => Ok(exp),
    }
}

impl ProvenOnce {
    /// By what it is remembered: the SHA-256 of its `jti`.
    pub fn jti_digest(&self) -> &[u8] {
        self.jti_digest.as_ref()
    }

    /// How long it has to be remembered: so long it could be presented again.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whose it is.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The verdict, given whether this was the first time.
    pub fn conclude(self, is_first: bool) -> Result<VerifiedClient, OAuthError> {
        // RFC 7523 §3, OpenID Connect Core §9: jti is good once.
        if is_first {
            Ok(VerifiedClient(self.client))
        } else {
            Err(invalid_assertion("the client assertion was used before: make a new one for each request"))
        }
    }
}

/// RFC 7521 §4.2.1: an assertion that is not valid, for this reason.
pub const fn invalid_assertion(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, Rule::rfc(7523, "3"), description)
}

#[cfg(test)]
mod tests;

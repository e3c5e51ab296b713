//! How a client's access tokens are written: sealed, or as a signed JWT (RFC 9068).

use crate::here::Here;
use crate::reply::Failure;
use crate::signing;
use grantry_protocol::Scope;
use grantry_protocol::access_token::{self, Public};
use grantry_protocol::client::{AccessTokenFormat, Client};
use grantry_protocol::entropy;
use grantry_protocol::grant::Grant;
use grantry_protocol::introspect::Holder;
use grantry_protocol::jose::SigningKey;
use grantry_protocol::sealed::{AccessSubject, AccessToken, RefreshToken};
use grantry_protocol::token::{self, LONGEST_JWT, TokenAnswer};
use grantry_protocol::types::{Seconds, Timestamp};
use std::sync::Arc;

/// Writes the access tokens of one client. Made before anything is consumed: where a first key is needed, it is there by then.
pub(crate) struct AccessTokens<'a> {
    here: &'a Here,
    client: &'a Client,
    key: Option<Arc<SigningKey>>,
}

/// A user's grant, as tokens speak of it.
#[derive(Clone, Copy)]
pub(crate) struct Granted<'a> {
    /// The grant.
    pub(crate) grant: &'a Grant,
    /// The `sub` of its user.
    pub(crate) subject: &'a str,
    /// What of it the token allows.
    pub(crate) scope: &'a Scope,
}

/// An access token, with its lifetime in seconds.
pub(crate) struct Written {
    pub(crate) access_token: String,
    pub(crate) expires_in: Seconds,
}

impl<'a> AccessTokens<'a> {
    /// Those of this client.
    pub(crate) async fn of(here: &'a Here, client: &'a Client) -> Result<Self, Failure> {
        let choice = client.registration.access_token;
        let key = match choice.format {
            AccessTokenFormat::Opaque => None,
            AccessTokenFormat::Jwt => Some(signing::key(here, choice.signing_alg).await?),
        };
        Ok(Self { here, client, key })
    }

    /// A token for the client itself (RFC 6749 §4.4).
    pub(crate) fn for_client(&self, scope: &Scope) -> Result<Written, Failure> {
        // RFC 9068 §2.2: without a resource owner, the subject is the client.
        let subject = &self.client.client_id;
        let end = self.here.now.plus(self.lifetime());
        self.write(AccessSubject::Client(self.client.row), scope, end, (subject, None))
    }

    /// A token for a user's grant.
    pub(crate) fn for_grant(&self, granted: Granted<'_>) -> Result<Written, Failure> {
        let Granted { grant, subject, scope } = granted;
        let end = token::access_token_end(self.lifetime(), grant.expires_at, self.here.now);
        self.write(AccessSubject::Grant(grant.id), scope, end, (subject, Some(grant.auth_time)))
    }

    /// The answer for a grant, with its refresh token where it has one.
    pub(super) fn answer(&self, granted: Granted<'_>) -> Result<TokenAnswer, Failure> {
        let grant = granted.grant;
        let Written { access_token, expires_in } = self.for_grant(granted)?;
        let refresh = RefreshToken { grant: grant.id, generation: grant.generation };
        Ok(TokenAnswer {
            access_token,
            token_type: "Bearer",
            expires_in: expires_in.0,
            refresh_token: grant.refresh_until.is_some().then(|| self.here.seal(&refresh)),
            scope: granted.scope.clone(),
        })
    }

    fn lifetime(&self) -> Seconds {
        let lifetime = self.client.lifetimes(&self.here.row().policy.lifetimes).access_token;
        if self.key.is_some() { lifetime.min(LONGEST_JWT) } else { lifetime }
    }

    fn write(
        &self,
        about: AccessSubject,
        scope: &Scope,
        expires_at: Timestamp,
        (subject, auth_time): (&str, Option<Timestamp>),
    ) -> Result<Written, Failure> {
        let here = self.here;
        let statement = AccessToken {
            token_id: entropy::draw(&mut here.server.randomness()),
            about,
            scope: scope.clone(),
            audience: here.row().audience_of(scope),
            issued_at: here.now,
            expires_at,
        };
        let access_token = match &self.key {
            None => here.seal(&statement),
            Some(key) => {
                let client_id = self.client.client_id.clone();
                let holder = Holder { client_id, subject: subject.to_owned(), username: None };
                let public = Public { issuer: here.issuer(), holder: &holder, auth_time };
                let reference = here.seal(&access_token::reference(&statement));
                access_token::sign(key, &statement, &public, reference).ok_or(Failure::Internal)?
            }
        };
        Ok(Written { access_token, expires_in: expires_at.since(here.now) })
    }
}

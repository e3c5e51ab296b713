//! How a client's tokens are written: access tokens sealed, or as a signed JWT (RFC 9068), and ID Tokens beside them.

use crate::client_keys::Recipient;
use crate::here::Here;
use crate::reply::Failure;
use crate::signing;
use grantry_protocol::access_token::{self, Public};
use grantry_protocol::account::User;
use grantry_protocol::authorize::{Authorized, OPENID};
use grantry_protocol::claims;
use grantry_protocol::client::{AccessTokenFormat, Client};
use grantry_protocol::client_auth;
use grantry_protocol::entropy;
use grantry_protocol::grant::Grant;
use grantry_protocol::id_token::{Beside, IdToken};
use grantry_protocol::introspect::Holder;
use grantry_protocol::jose::SigningKey;
use grantry_protocol::sealed::{AccessSubject, AccessToken, RefreshToken};
use grantry_protocol::token::{self, LONGEST_JWT, TokenAnswer};
use grantry_protocol::types::{Seconds, Timestamp};
use grantry_protocol::{GrantId, Scope};
use std::sync::Arc;

/// Writes the tokens of one client. Made before anything is consumed: where a first key is needed, it is there by then.
pub(crate) struct Tokens<'a> {
    here: &'a Here,
    client: &'a Client,
    key: Option<Arc<SigningKey>>,
    id_token_key: Option<Arc<SigningKey>>,
    id_token_recipient: Option<Recipient>,
}

/// RFC 7591 §5: an app that registered itself stays because it is used: from before its first consent, grant or token on.
async fn keep(here: &Here, client: &Client) -> Result<(), Failure> {
    let row = client.row;
    if client.dynamic.is_some_and(|dynamic| dynamic.unused_until.is_some())
        && !here.write(move |tx| tx.keep_client(row)).await?
    {
        return Err(client_auth::unknown_client().into());
    }
    Ok(())
}

/// A user's grant, as tokens speak of it.
#[derive(Clone, Copy)]
pub(crate) struct Granted<'a> {
    /// The grant.
    pub(crate) grant: &'a Grant,
    /// Its user, if the claims of an ID Token are asked for by name.
    pub(crate) user: Option<&'a User>,
    /// The `sub` that its client is told.
    pub(crate) subject: &'a str,
    /// What of it the token allows.
    pub(crate) scope: &'a Scope,
}

/// An access token, with its lifetime in seconds.
pub(crate) struct Written {
    pub(crate) access_token: String,
    pub(crate) expires_in: Seconds,
}

impl<'a> Tokens<'a> {
    /// Those that a grant of this client buys, with ID Tokens where it may be of an OpenID login.
    pub(super) async fn of_grant(here: &'a Here, client: &'a Client, grant: GrantId) -> Result<Self, Failure> {
        // Where keys of the app are not needed, those for an ID Token cost nothing to have, so the grant is not looked up for that.
        let is_login = client.registration.openid.id_token_encryption().is_none()
            || here.read(move |tx| Ok(tx.find_grant(grant)?.is_some_and(|grant| grant.openid.is_some()))).await?;
        if is_login { Self::with_id_tokens(here, client).await } else { Self::of(here, client).await }
    }

    /// Those of this client, with ID Tokens where it may have them.
    pub(crate) async fn with_id_tokens(here: &'a Here, client: &'a Client) -> Result<Self, Failure> {
        let registered = &client.registration;
        let tokens = Self::of(here, client).await?;
        if !registered.scope.contains(OPENID) {
            return Ok(tokens);
        }
        let id_token_key = Some(signing::key(here, registered.openid.id_token_signed_response_alg).await?);
        let encryption = registered.openid.id_token_encryption();
        let id_token_recipient = Recipient::of(here, &registered.openid, encryption).await?;
        Ok(Self { id_token_key, id_token_recipient, ..tokens })
    }

    /// Those of this client, without ID Tokens.
    pub(crate) async fn of(here: &'a Here, client: &'a Client) -> Result<Self, Failure> {
        keep(here, client).await?;
        let choice = client.registration.access_token;
        let key = match choice.format {
            AccessTokenFormat::Opaque => None,
            AccessTokenFormat::Jwt => Some(signing::key(here, choice.signing_alg).await?),
        };
        Ok(Self { here, client, key, id_token_key: None, id_token_recipient: None })
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
        let Granted { grant, subject, scope, .. } = granted;
        let end = token::access_token_end(self.lifetime(), grant.expires_at, self.here.now);
        self.write(AccessSubject::Grant(grant.id), scope, end, (subject, Some(grant.auth_time)))
    }

    /// The answer for a grant, with its refresh token where it has one.
    pub(super) fn answer(&self, granted: Granted<'_>) -> Result<TokenAnswer, Failure> {
        let grant = granted.grant;
        let Written { access_token, expires_in } = self.for_grant(granted)?;
        let id_token = self.id_token_of(granted, &access_token)?;
        let refresh = RefreshToken { grant: grant.id, generation: grant.generation };
        Ok(TokenAnswer {
            access_token,
            token_type: "Bearer",
            expires_in: expires_in.0,
            refresh_token: grant.refresh_until.is_some().then(|| self.here.seal(&refresh)),
            id_token,
            scope: granted.scope.clone(),
        })
    }

    /// OpenID Connect Core §3.1.3.3, §12.2: the ID Token beside an access token, where `openid` is still among its scopes.
    fn id_token_of(&self, granted: Granted<'_>, access_token: &str) -> Result<Option<String>, Failure> {
        let Granted { grant, user, subject, scope } = granted;
        let Some(mut token) = IdToken::of(grant, self.here.issuer(), (&self.client.client_id, subject)) else {
            return Ok(None);
        };
        if !scope.contains(OPENID) {
            return Ok(None);
        }
        if let Some(user) = user {
            token.claims = claims::for_id_token(user, scope, &token.openid.claims, true);
        }
        token.beside = Beside { access_token: Some(access_token), ..Beside::default() };
        self.sign(&token).map(Some)
    }

    /// The ID Token that the authorization endpoint answers with (OpenID Connect Core §3.2.2.5, §3.3.2.5).
    pub(crate) fn id_token(
        &self,
        authorized: &Authorized,
        (user, subject): (&User, &str),
        beside: Beside<'_>,
    ) -> Result<String, Failure> {
        let openid = authorized.openid().ok_or(Failure::Internal)?;
        // OpenID Connect Core §5.4: what scopes ask for is in the ID Token only where no access token is issued.
        let response_type = authorized.response_type();
        let with_access_token = response_type.has_token() || response_type.has_code();
        let claims = claims::for_id_token(user, &authorized.scope(), &openid.claims, with_access_token);
        self.sign(&IdToken {
            issuer: self.here.issuer(),
            client_id: &self.client.client_id,
            subject,
            auth_time: authorized.by().auth_time,
            openid: &openid,
            beside,
            claims,
        })
    }

    fn sign(&self, token: &IdToken<'_>) -> Result<String, Failure> {
        let signed = self.id_token_key.as_ref().and_then(|key| token.sign(key, self.here.now));
        let signed = signed.ok_or(Failure::Internal)?;
        // OpenID Connect Core §2: signed and then encrypted.
        match &self.id_token_recipient {
            Some(client) => client.encrypt(&signed, Some("JWT"), &mut self.here.server.randomness()),
            None => Ok(signed),
        }
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

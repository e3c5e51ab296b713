//! OpenID Connect RP-Initiated Logout: whether a request ends a session, and where the browser goes from there.
//!
//! It knows nothing of pages. How clients hear of the end of a session is in [`front_channel`] and [`back_channel`].

pub mod back_channel;
pub mod front_channel;

use crate::client::Client;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::id_token::Hint;
use crate::jose::SigningKeys;
use crate::params::Params;
use crate::rule::OpenId;
use crate::types::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a request waits for a person to decide.
const PATIENCE: Seconds = Seconds::hours(1);

/// A request to sign out. Its hint is opened when it arrives, so what waits for a person holds no ID Token.
///
/// `logout_hint` and `ui_locales` are read by nobody: a browser has one person, and pages have one language (§2: both are left
/// to the provider).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutRequest {
    hint: Hinted,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    state: Option<String>,
    /// When it has waited too long.
    pub expires_at: Timestamp,
}

/// What `id_token_hint` is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Hinted {
    /// None was sent.
    Nothing,
    /// It is no ID Token that this workspace can tell to be its own.
    Unknown,
    /// An ID Token of ours, which may have expired.
    IdToken(Hint),
}

/// What is known when a request is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The client that the request names.
    pub client: Option<&'a Client>,
    /// Who is signed in in this browser.
    pub person: Option<Person<'a>>,
    /// Whether they have agreed to be signed out.
    pub confirmed: bool,
    /// The time.
    pub now: Timestamp,
}

/// Who is signed in in a browser, as the client of a request knows them.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The session.
    pub sid: &'a str,
    /// The user; none where no client is known.
    pub subject: Option<&'a str>,
}

/// What happens now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The person is asked whether to sign out, and goes on from there.
    Ask(Option<PostLogoutRedirect>),
    /// The session of this browser ends, if it has one, and the person goes on.
    End(Option<PostLogoutRedirect>),
    /// Nobody is signed in, and nothing tells that the client sent the person here: they may go there if they like.
    Offer(PostLogoutRedirect),
}

/// Where a browser goes after the logout: a URI that the client registered, exactly. Made only by [`LogoutRequest::decide`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostLogoutRedirect {
    uri: String,
    state: Option<String>,
}

impl PostLogoutRedirect {
    /// RP-Initiated Logout §3: the URI, with `state` if the request had one, and with nothing else.
    pub fn location(&self) -> String {
        let Some(state) = &self.state else { return self.uri.clone() };
        let separator = if self.uri.contains('?') { '&' } else { '?' };
        let state = form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
        format!("{}{separator}{state}", self.uri)
    }
}

impl LogoutRequest {
    /// Reads a request.
    pub fn read(params: &Params, issuer: &str, keys: &SigningKeys, now: Timestamp) -> Result<Self, OAuthError> {
        let owned = |name: &str| params.get(name).map(str::to_owned);
        let client_id = owned("client_id");
        let hint = match params.get("id_token_hint") {
            None => Hinted::Nothing,
            Some(text) => Hint::open(text, issuer, keys, now).map_or(Hinted::Unknown, Hinted::IdToken),
        };
        // RP-Initiated Logout §2: client_id, where both are there, is the client that the ID Token was issued to.
        if let (Hinted::IdToken(hint), Some(client_id)) = (&hint, &client_id)
            && hint.aud != *client_id
        {
            return Err(refuse("2", "id_token_hint was issued to another app than client_id says"));
        }
        Ok(Self {
            hint,
            client_id,
            redirect_uri: owned("post_logout_redirect_uri"),
            state: owned("state"),
            expires_at: now.plus(PATIENCE),
        })
    }

    /// The client that the request is of, as far as it can be told.
    pub fn client_id(&self) -> Option<&str> {
        match &self.hint {
            Hinted::Nothing => self.client_id.as_deref(),
            Hinted::Unknown => None,
            Hinted::IdToken(hint) => Some(&hint.aud),
        }
    }

    /// Whether the client would like the person to come back.
    pub const fn asks_for_redirect(&self) -> bool {
        self.redirect_uri.is_some()
    }

    /// Decides. The error is for the page: nobody is redirected.
    pub fn decide(&self, known: Known<'_>) -> Result<Decision, OAuthError> {
        let redirect = self.redirect(known.client)?;
        let Some(person) = known.person else {
            return Ok(match redirect {
                // RP-Initiated Logout §2: a logout that was done before is no error.
                Some(redirect) if !known.confirmed && !self.is_vouched_for(known.now) => Decision::Offer(redirect),
                redirect => Decision::End(redirect),
            });
        };
        // RP-Initiated Logout §2: the person must be asked, unless an ID Token shows that the client means this session, or this
        // user. It may have expired: the session is there.
        let ends = known.confirmed || self.is_about(person);
        Ok(if ends { Decision::End(redirect) } else { Decision::Ask(redirect) })
    }

    /// Where the person goes on to.
    fn redirect(&self, client: Option<&Client>) -> Result<Option<PostLogoutRedirect>, OAuthError> {
        // RP-Initiated Logout §3: without a client whose URI it is, nobody is redirected.
        let (Some(uri), Some(_)) = (&self.redirect_uri, self.client_id()) else { return Ok(None) };
        let client = client.filter(|client| client.disabled_at.is_none());
        let registered = client.map(|client| client.registration.openid.post_logout_redirect_uris.as_slice());
        // RP-Initiated Logout §3: one of the registered URIs, by simple string comparison.
        if !registered.unwrap_or_default().iter().any(|registered| registered.as_str() == uri) {
            return Err(refuse(
                "3",
                "post_logout_redirect_uri is not one that the app registered; register it, letter by letter",
            ));
        }
        Ok(Some(PostLogoutRedirect { uri: uri.clone(), state: self.state.clone() }))
    }

    fn is_vouched_for(&self, now: Timestamp) -> bool {
        matches!(&self.hint, Hinted::IdToken(hint) if !hint.has_expired(now))
    }

    fn is_about(&self, person: Person<'_>) -> bool {
        matches!(&self.hint, Hinted::IdToken(hint) if hint.sid == person.sid || person.subject == Some(&*hint.sub))
    }
}

const fn refuse(section: &'static str, description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, Rule::openid(OpenId::RpInitiatedLogout, section), description)
}

#[cfg(test)]
mod tests;

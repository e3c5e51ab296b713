//! RFC 6749 §4.1.1, §4.2.1: is this a request that may be put before a person?

use super::respond::RedirectTarget;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::params::Params;
use crate::pkce;
use crate::scope::{RequestedScope, Scope};
use crate::types::GrantType;
use crate::workspace::Workspace;

/// What the client wants back (RFC 6749 §3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    /// An authorization code.
    Code,
    /// An access token, by the implicit grant.
    Token,
}

impl ResponseType {
    /// The grant type that this response belongs to.
    pub const fn grant_type(self) -> GrantType {
        match self {
            Self::Code => GrantType::AuthorizationCode,
            Self::Token => GrantType::Implicit,
        }
    }
}

/// A refusal, and who learns of it (RFC 6749 §4.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The client or the redirect URI is not known good: the person is shown a page, nothing is redirected.
    Show(OAuthError),
    /// The client is told by redirect. Only [`validate`] can make the target.
    Redirect(Box<RedirectTarget>, OAuthError),
}

/// A request that passed every check of form. Made only by [`validate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidRequest {
    pub(super) client: Client,
    pub(super) target: RedirectTarget,
    pub(super) response_type: ResponseType,
    pub(super) scope: Scope,
    pub(super) presented_redirect_uri: Option<String>,
    pub(super) code_challenge: Option<String>,
}

impl ValidRequest {
    /// The client that asks.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Where the answer goes.
    pub const fn target(&self) -> &RedirectTarget {
        &self.target
    }

    /// What is asked for, each scope known to be one that the client may have.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }
}

/// Checks an authorization request. `client` is the one that `client_id` names, if there is one; `issuer` is this workspace's.
pub fn validate(
    params: &Params,
    workspace: &Workspace,
    client: Option<Client>,
    issuer: &str,
) -> Result<ValidRequest, Refusal> {
    let client = check_client(params, client).map_err(Refusal::Show)?;
    let redirect_uri = check_redirect_uri(params, &client).map_err(Refusal::Show)?;
    // From here on the client is told of errors by redirect; the target exists because the two checks above passed.
    let response_type = read_response_type(params);
    let in_fragment = response_type == Ok(ResponseType::Token);
    let target = RedirectTarget::new(redirect_uri, in_fragment, params.get("state"), issuer);
    match check_rest(params, workspace, &client, response_type) {
        Ok((response_type, scope, code_challenge)) => Ok(ValidRequest {
            client,
            target,
            response_type,
            scope,
            presented_redirect_uri: params.get("redirect_uri").map(str::to_owned),
            code_challenge,
        }),
        Err(error) => Err(Refusal::Redirect(Box::new(target), error)),
    }
}

fn check_client(params: &Params, client: Option<Client>) -> Result<Client, OAuthError> {
    // RFC 6749 §4.1.2.1: whoever is not clearly named is not told anything.
    if params.is_repeated("client_id") || params.is_repeated("redirect_uri") {
        params.check_repeated()?;
    }
    // RFC 6749 §4.1.1: client_id is required.
    params.require("client_id", Rule::rfc(6749, "4.1.1"), "client_id is missing from the authorization request")?;
    // RFC 6749 §4.1.2.1: an unknown client is shown to the person, never redirected.
    match client {
        Some(client) if client.disabled_at.is_none() => Ok(client),
        Some(_) => Err(OAuthError::new(ErrorCode::InvalidClient, Rule::rfc(6749, "4.1.2.1"), "this app is disabled")),
        None => Err(OAuthError::new(
            ErrorCode::InvalidClient,
            Rule::rfc(6749, "4.1.2.1"),
            "this workspace has no app with this client_id",
        )),
    }
}

fn check_redirect_uri(params: &Params, client: &Client) -> Result<String, OAuthError> {
    let registered = &client.registration.redirect_uris;
    let refuse =
        |section, description| Err(OAuthError::new(ErrorCode::InvalidRequest, Rule::rfc(6749, section), description));
    match (params.get("redirect_uri"), registered.as_slice()) {
        // RFC 6749 §3.1.2.3: compared with what is registered; RFC 9700 §4.1.3: exactly.
        (Some(presented), uris) if uris.iter().any(|uri| uri.matches(presented)) => Ok(presented.to_owned()),
        (Some(_), _) => refuse(
            "3.1.2.4",
            "redirect_uri is not one of the app's registered redirect URIs; they are compared character by character",
        ),
        // RFC 6749 §3.1.2.3: it may be left out where exactly one is registered.
        (None, [only]) => Ok(only.as_str().to_owned()),
        (None, []) => refuse("3.1.2.2", "this app has no registered redirect URI; register one in the app portal"),
        (None, _) => refuse("3.1.2.3", "redirect_uri is missing, and this app has more than one registered"),
    }
}

fn read_response_type(params: &Params) -> Result<ResponseType, OAuthError> {
    let rule = Rule::rfc(6749, "3.1.1");
    // RFC 6749 §3.1.1: response_type is required; §4.1.2.1 names the error for one that is not supported.
    match params.require("response_type", rule, "response_type is missing; send response_type=code")? {
        "code" => Ok(ResponseType::Code),
        "token" => Ok(ResponseType::Token),
        _ => Err(OAuthError::new(
            ErrorCode::UnsupportedResponseType,
            rule,
            "this response_type is not supported; send response_type=code",
        )),
    }
}

fn check_rest(
    params: &Params,
    workspace: &Workspace,
    client: &Client,
    response_type: Result<ResponseType, OAuthError>,
) -> Result<(ResponseType, Scope, Option<String>), OAuthError> {
    // RFC 6749 §4.1.2.1: invalid_request, if a parameter is included more than once.
    params.check_repeated()?;
    let response_type = response_type?;
    workspace.check_grant(response_type.grant_type())?;
    // At this endpoint the same refusal stands in another section.
    let rule = Rule::rfc(6749, "4.1.2.1");
    client.check_grant(response_type.grant_type()).map_err(|error| OAuthError { rule, ..error })?;
    let code_challenge = pkce::read_challenge(params.get("code_challenge"), params.get("code_challenge_method"))?;
    // RFC 9700 §2.1.1: public clients must use PKCE.
    if response_type == ResponseType::Code && client.is_public() && code_challenge.is_none() {
        return Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            Rule::rfc(9700, "2.1.1"),
            "a public app must send code_challenge and code_challenge_method=S256 (PKCE)",
        ));
    }
    let allowed = client.registration.scope.intersection(&workspace.scope_names());
    let scope = RequestedScope::parse(params.get("scope"))?.within(&allowed)?;
    Ok((response_type, scope, code_challenge))
}

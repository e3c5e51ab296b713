//! RFC 6749 §4.1.1, §4.2.1, OpenID Connect Core §3.1.2.2: is this a request that may be put before a person?

use super::openid::{self, AuthenticationRequest, OFFLINE_ACCESS, OPENID};
use super::respond::RedirectTarget;
use super::response_type::{ResponseMode, ResponseType};
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::params::Params;
use crate::pkce;
use crate::rule::OpenId;
use crate::scope::{RequestedScope, Scope};
use crate::workspace::Workspace;
use std::sync::Arc;

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
    pub(super) client: Arc<Client>,
    pub(super) target: RedirectTarget,
    pub(super) response_type: ResponseType,
    pub(super) scope: Scope,
    pub(super) presented_redirect_uri: Option<String>,
    pub(super) code_challenge: Option<String>,
    pub(super) authentication: AuthenticationRequest,
}

impl ValidRequest {
    /// The client that asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Where the answer goes.
    pub const fn target(&self) -> &RedirectTarget {
        &self.target
    }

    /// What the client wants back.
    pub const fn response_type(&self) -> ResponseType {
        self.response_type
    }

    /// What is asked for, each scope known to be one that the client may have.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What the person is asked to agree to: the scopes, and those whose claims are asked for by name.
    pub fn asked(&self) -> Scope {
        self.scope.union(&self.authentication.claims.scopes())
    }

    /// What it says about the person's login.
    pub const fn authentication(&self) -> &AuthenticationRequest {
        &self.authentication
    }
}

/// Checks an authorization request. `client` is the one that `client_id` names, if there is one; `issuer` is this workspace's.
pub fn validate(
    params: &Params,
    workspace: &Workspace,
    client: Option<Arc<Client>>,
    issuer: &str,
) -> Result<ValidRequest, Refusal> {
    let client = check_client(params, client).map_err(Refusal::Show)?;
    let redirect_uri = check_redirect_uri(params, &client).map_err(Refusal::Show)?;
    // From here on the client is told of errors by redirect; the target exists because the two checks above passed.
    let response_type = read_response_type(params);
    let mode = read_response_mode(params, response_type);
    let target = target(params, redirect_uri, issuer);
    // RFC 6749 §4.1.2.1: invalid_request, if a parameter is included more than once; before it could seem to be missing.
    let read = params.check_repeated().and(mode).and(response_type);
    let rest = read.and_then(|response_type| check_rest(params, workspace, &client, response_type));
    match rest {
        Ok(Rest { response_type, scope, code_challenge, authentication }) => Ok(ValidRequest {
            client,
            target,
            response_type,
            scope,
            presented_redirect_uri: params.get("redirect_uri").map(str::to_owned),
            code_challenge,
            authentication,
        }),
        Err(error) => Err(Refusal::Redirect(Box::new(target), error)),
    }
}

/// A refusal of a request that could not be read as far as [`validate`] needs it, because of its request object: the client is
/// told where what could be read names it and its redirect URI.
pub fn refuse(params: &Params, client: Option<Arc<Client>>, issuer: &str, error: OAuthError) -> Refusal {
    let redirect_uri = check_client(params, client).and_then(|client| check_redirect_uri(params, &client));
    match redirect_uri {
        Ok(redirect_uri) => Refusal::Redirect(Box::new(target(params, redirect_uri, issuer)), error),
        Err(_) => Refusal::Show(error),
    }
}

/// Where the answer goes, and how: as asked, or as is usual where that cannot be.
fn target(params: &Params, redirect_uri: String, issuer: &str) -> RedirectTarget {
    let response_type = read_response_type(params);
    let mode = read_response_mode(params, response_type);
    let usual = response_type.map_or(ResponseMode::Query, ResponseType::usual_mode);
    RedirectTarget::new(redirect_uri, mode.unwrap_or(usual), params.get("state"), issuer)
}

fn check_client(params: &Params, client: Option<Arc<Client>>) -> Result<Arc<Client>, OAuthError> {
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
        // OpenID Connect Core §3.1.2.1: an OpenID request always names it.
        (None, _) if names_openid(params) => Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            Rule::oidc_core("3.1.2.1"),
            "redirect_uri is missing; it is required in OpenID requests (scope=openid)",
        )),
        // RFC 6749 §3.1.2.3: it may be left out where exactly one is registered.
        (None, [only]) => Ok(only.as_str().to_owned()),
        (None, []) => refuse("3.1.2.2", "this app has no registered redirect URI; register one in the app portal"),
        (None, _) => refuse("3.1.2.3", "redirect_uri is missing, and this app has more than one registered"),
    }
}

/// Whether the request itself asks for `openid`; `scope=*` does not say so.
pub(super) fn names_openid(params: &Params) -> bool {
    params.get("scope").is_some_and(|scope| scope.split(' ').any(|name| name == OPENID))
}

fn read_response_type(params: &Params) -> Result<ResponseType, OAuthError> {
    let rule = Rule::rfc(6749, "3.1.1");
    // RFC 6749 §3.1.1: response_type is required; §4.1.2.1 names the error for one that is not supported.
    let text = params.require("response_type", rule, "response_type is missing; send response_type=code")?;
    ResponseType::parse(text).ok_or(OAuthError::new(
        ErrorCode::UnsupportedResponseType,
        rule,
        "this response_type is not supported; send response_type=code",
    ))
}

fn read_response_mode(
    params: &Params,
    response_type: Result<ResponseType, OAuthError>,
) -> Result<ResponseMode, OAuthError> {
    let usual = response_type.map_or(ResponseMode::Query, ResponseType::usual_mode);
    let refuse = |description| {
        OAuthError::new(ErrorCode::InvalidRequest, Rule::openid(OpenId::MultipleResponseTypes, "2.1"), description)
    };
    let Some(text) = params.get("response_mode") else { return Ok(usual) };
    let mode = ResponseMode::parse(text);
    let mode = mode.ok_or(refuse("this response_mode is not supported; send query, fragment or form_post"))?;
    // Multiple Response Types §3, §5: a token in a query would end up in logs and in the next page's Referer.
    if mode == ResponseMode::Query && usual == ResponseMode::Fragment {
        return Err(refuse("response_mode=query cannot carry tokens; send fragment or form_post"));
    }
    Ok(mode)
}

/// What the checks that the client may be told of find out.
struct Rest {
    response_type: ResponseType,
    scope: Scope,
    code_challenge: Option<String>,
    authentication: AuthenticationRequest,
}

fn check_rest(
    params: &Params,
    workspace: &Workspace,
    client: &Client,
    response_type: ResponseType,
) -> Result<Rest, OAuthError> {
    // RFC 9101 §5: what a request object says stands in the parameters when they come here.
    if params.get("request").or(params.get("request_uri")).is_some() {
        return Err(super::request_object::invalid_request_object("the request object of this request was refused"));
    }
    check_response_type(workspace, client, response_type)?;
    let code_challenge = pkce::read_challenge(params.get("code_challenge"), params.get("code_challenge_method"))?;
    // RFC 9700 §2.1.1: public clients must use PKCE.
    if response_type.has_code() && client.is_public() && code_challenge.is_none() {
        return Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            Rule::rfc(9700, "2.1.1"),
            "a public app must send code_challenge and code_challenge_method=S256 (PKCE)",
        ));
    }
    let allowed = workspace.known_of(&client.registration.scope);
    let mut scope = RequestedScope::parse(params.get("scope"))?.within(&allowed)?;
    // OpenID Connect Core §11: without a code there is no refresh token, so the wish is ignored.
    if !response_type.has_code() {
        scope = scope.without(OFFLINE_ACCESS);
    }
    let authentication = openid::read(params, &workspace.policy, client, response_type, (&scope, &allowed))?;
    Ok(Rest { response_type, scope, code_challenge, authentication })
}

fn check_response_type(workspace: &Workspace, client: &Client, response_type: ResponseType) -> Result<(), OAuthError> {
    for grant_type in response_type.grant_types() {
        workspace.check_grant(*grant_type)?;
        // At this endpoint the same refusal stands in another section.
        let rule = Rule::rfc(6749, "4.1.2.1");
        client.check_grant(*grant_type).map_err(|error| OAuthError { rule, ..error })?;
    }
    // RFC 7591 §2: a client that registered its response types restricts itself to them.
    let registered = &client.registration.openid.response_types;
    if !registered.is_empty() && !registered.contains(&response_type) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            Rule::rfc(7591, "2"),
            "this app is not registered for this response_type; add it to the app's response_types",
        ));
    }
    Ok(())
}

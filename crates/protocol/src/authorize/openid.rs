//! OpenID Connect Core §3.1.2.1: what an authorization request says beside what OAuth itself knows.

use super::response_type::ResponseType;
use crate::claims::ClaimsRequest;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::params::Params;
use crate::rule::OpenId;
use crate::scope::Scope;
use crate::types::Seconds;
use crate::workspace::Policy;

/// The scope that makes a request an OpenID request.
pub const OPENID: &str = "openid";
/// The scope that asks for access while the person is away (OpenID Connect Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// Longest value that is kept with the grant, in bytes.
const LONGEST_NONCE: usize = 512;

/// What a request says about the person's login, and about what is told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthenticationRequest {
    /// Given back in the ID Token.
    pub nonce: Option<String>,
    /// What the person has to be shown.
    pub prompt: Prompt,
    /// How old the login may be.
    pub max_age: Option<Seconds>,
    /// The authentication context classes that the client would like, the best first.
    pub acr_values: Vec<String>,
    /// The user name that the person will probably type.
    pub login_hint: Option<String>,
    /// An ID Token about the person who is expected; not verified yet.
    pub id_token_hint: Option<String>,
    /// The claims that are asked for by name, as far as the client may have them.
    pub claims: ClaimsRequest,
}

/// OpenID Connect Core §3.1.2.1 `prompt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Nothing at all: an error where anything would be needed.
    pub none: bool,
    /// The login page, even if they are signed in.
    pub login: bool,
    /// The consent page, even if they agreed before.
    pub consent: bool,
    /// A choice between accounts.
    pub select_account: bool,
    /// The page on which a person makes an account (Initiating User Registration §4).
    pub create: bool,
}

impl Prompt {
    /// The values that a workspace supports.
    pub fn supported(policy: &Policy) -> Vec<&'static str> {
        let mut values = vec!["none", "login", "consent", "select_account"];
        // Initiating User Registration §4.2: create says that people can be sent here to make an account.
        values.extend(policy.sign_up.then_some("create"));
        values
    }

    fn read(text: Option<&str>, policy: &Policy) -> Result<Self, OAuthError> {
        let mut prompt = Self::default();
        for word in text.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                "create" => prompt.create = true,
                _ => return Err(refuse("prompt has an unknown value; see prompt_values_supported in the metadata")),
            }
        }
        // OpenID Connect Core §3.1.2.1: none with any other value is an error.
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
            return Err(refuse("prompt=none stands alone; leave out either none or the other values"));
        }
        // Initiating User Registration §4.1: a value that metadata does not list is an error, which names it.
        if prompt.create && !policy.sign_up {
            return Err(refuse_create(
                "prompt=create is not supported here: nobody signs up by themselves in this workspace",
            ));
        }
        // Initiating User Registration §4: with another value it may contradict itself; so it stands alone.
        if prompt.create && (prompt.none || prompt.login || prompt.consent || prompt.select_account) {
            return Err(refuse_create("prompt=create stands alone; leave out either create or the other values"));
        }
        Ok(prompt)
    }
}

/// Reads what a request for `scope` says, of a client that may have `allowed`.
pub(super) fn read(
    params: &Params,
    policy: &Policy,
    client: &Client,
    response_type: ResponseType,
    (scope, allowed): (&Scope, &Scope),
) -> Result<AuthenticationRequest, OAuthError> {
    // OpenID Connect Core §3.1.2.6: the parameter is not supported, and has a code of its own.
    if params.get("registration").is_some() {
        return Err(OAuthError::new(
            ErrorCode::RegistrationNotSupported,
            Rule::oidc_core("7.2.1"),
            "the registration parameter is not supported; register the app first",
        ));
    }
    // OpenID Connect Core §3.1.2.1: without the openid scope it is no OpenID request, and nobody can be told of a login.
    if response_type.has_id_token() && !scope.contains(OPENID) {
        return Err(refuse("this response_type returns an ID Token: send scope=openid"));
    }
    let nonce = params.get("nonce").map(str::to_owned);
    // OpenID Connect Core §3.2.2.1, §3.3.2.11: required where the ID Token comes through the browser.
    if response_type.has_id_token() && nonce.is_none() {
        return Err(OAuthError::new(
            ErrorCode::InvalidRequest,
            Rule::oidc_core("3.2.2.1"),
            "nonce is missing; it is required where the authorization endpoint returns an ID Token",
        ));
    }
    if nonce.as_ref().is_some_and(|nonce| nonce.len() > LONGEST_NONCE) {
        return Err(refuse("nonce is longer than 512 bytes"));
    }
    let words = |name: &str| params.get(name).unwrap_or_default().split(' ').filter(|word| !word.is_empty());
    let acr_values: Vec<String> = words("acr_values").map(str::to_owned).collect();
    let registered = &client.registration.openid;
    let claims = params.get("claims").map(ClaimsRequest::parse).transpose()?.unwrap_or_default().within(allowed);
    let prompt = Prompt::read(params.get("prompt"), policy)?;
    // Initiating User Registration §4: whoever makes an account is nobody whom a hint or a value of sub could name.
    if prompt.create && (params.get("id_token_hint").is_some() || claims.names_subject()) {
        return Err(refuse_create(
            "prompt=create is for somebody new; leave out id_token_hint and the value of sub in claims, or create",
        ));
    }
    Ok(AuthenticationRequest {
        nonce,
        prompt,
        // OpenID Connect Registration §2: default_max_age and default_acr_values, where the request says nothing.
        max_age: read_max_age(params.get("max_age"))?.or(registered.default_max_age),
        acr_values: if acr_values.is_empty() { registered.default_acr_values.clone() } else { acr_values },
        login_hint: params.get("login_hint").map(str::to_owned),
        id_token_hint: params.get("id_token_hint").map(str::to_owned),
        claims,
    })
}

fn read_max_age(text: Option<&str>) -> Result<Option<Seconds>, OAuthError> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| digits);
    // OpenID Connect Core §3.1.2.1: a time in seconds.
    seconds.map(|seconds| Some(Seconds(seconds))).ok_or(refuse("max_age is not a whole number of seconds"))
}

const fn refuse_create(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, Rule::openid(OpenId::PromptCreate, "4.1"), description)
}

const fn refuse(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, Rule::oidc_core("3.1.2.1"), description)
}

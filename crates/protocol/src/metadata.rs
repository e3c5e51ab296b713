//! RFC 8414, OpenID Connect Discovery: what this workspace can do, in registered members only.

use crate::authorize::{Prompt, ResponseMode, ResponseType};
use crate::claims;
use crate::client::{AuthMethod, SubjectType};
use crate::client_auth::assertion_algorithms;
use crate::id_token::ACR_VALUES;
use crate::jose::{Algorithm, ContentEncryption, KeyManagement};
use crate::types::GrantType;
use crate::workspace::{DynamicRegistrationPolicy, Workspace};
use serde::Serialize;

/// RFC 8414 §2, with RFC 9207 §3 and OpenID Connect Discovery §3: one document for both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    end_session_endpoint: String,
    check_session_iframe: String,
    jwks_uri: String,
    // RFC 8414 §3.2: members without elements are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_types_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_modes_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    acr_values_supported: Vec<&'static str>,
    subject_types_supported: Vec<&'static str>,
    id_token_signing_alg_values_supported: Vec<&'static str>,
    userinfo_signing_alg_values_supported: Vec<&'static str>,
    request_object_signing_alg_values_supported: Vec<&'static str>,
    #[serde(flatten)]
    encryption: Encryption,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    display_values_supported: Vec<&'static str>,
    prompt_values_supported: Vec<&'static str>,
    claim_types_supported: Vec<&'static str>,
    claims_supported: Vec<&'static str>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    require_request_uri_registration: bool,
    frontchannel_logout_supported: bool,
    frontchannel_logout_session_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    ui_locales_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    service_documentation: String,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    code_challenge_methods_supported: Vec<&'static str>,
    authorization_response_iss_parameter_supported: bool,
}

/// OpenID Connect Discovery §3: how something may be encrypted for clients, and by them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Encryption {
    id_token_encryption_alg_values_supported: Vec<&'static str>,
    id_token_encryption_enc_values_supported: Vec<&'static str>,
    userinfo_encryption_alg_values_supported: Vec<&'static str>,
    userinfo_encryption_enc_values_supported: Vec<&'static str>,
    request_object_encryption_alg_values_supported: Vec<&'static str>,
    request_object_encryption_enc_values_supported: Vec<&'static str>,
}

impl Encryption {
    /// Everything everywhere.
    fn supported() -> Self {
        let algs = KeyManagement::ALL.map(KeyManagement::as_str).to_vec();
        let encs = ContentEncryption::ALL.map(ContentEncryption::as_str).to_vec();
        Self {
            id_token_encryption_alg_values_supported: algs.clone(),
            id_token_encryption_enc_values_supported: encs.clone(),
            userinfo_encryption_alg_values_supported: algs.clone(),
            userinfo_encryption_enc_values_supported: encs.clone(),
            request_object_encryption_alg_values_supported: algs,
            request_object_encryption_enc_values_supported: encs,
        }
    }
}

impl Metadata {
    /// The metadata of a workspace whose issuer is `issuer`.
    pub fn of(workspace: &Workspace, issuer: &str) -> Self {
        let endpoint = |path: &str| format!("{issuer}/oauth2{path}");
        let methods: Vec<&str> = AuthMethod::ALL.iter().map(|method| method.as_str()).collect();
        let algorithms: Vec<&str> = ID_TOKEN_ALGORITHMS.iter().map(|algorithm| algorithm.as_str()).collect();
        let response_types = response_types(workspace);
        let response_modes: &[ResponseMode] = if response_types.is_empty() { &[] } else { &ResponseMode::ALL };
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: endpoint("/authorize"),
            token_endpoint: endpoint("/token"),
            userinfo_endpoint: endpoint("/userinfo"),
            end_session_endpoint: endpoint("/logout"),
            check_session_iframe: endpoint("/session"),
            jwks_uri: endpoint("/jwks"),
            scopes_supported: workspace.scopes.iter().map(|scope| scope.name.clone()).collect(),
            response_modes_supported: response_modes.iter().map(|mode| mode.as_str()).collect(),
            response_types_supported: response_types,
            grant_types_supported: workspace.policy.grant_types.iter().map(|grant| grant.as_str()).collect(),
            acr_values_supported: ACR_VALUES.to_vec(),
            subject_types_supported: SubjectType::ALL.map(SubjectType::as_str).to_vec(),
            id_token_signing_alg_values_supported: algorithms.clone(),
            userinfo_signing_alg_values_supported: algorithms.clone(),
            request_object_signing_alg_values_supported: algorithms,
            encryption: Encryption::supported(),
            token_endpoint_auth_methods_supported: methods.clone(),
            token_endpoint_auth_signing_alg_values_supported: assertion_algorithms().collect(),
            // OpenID Connect Discovery §3: a page that fits every size is all of them.
            display_values_supported: vec!["page", "popup", "touch", "wap"],
            prompt_values_supported: Prompt::supported(&workspace.policy),
            claim_types_supported: vec!["normal"],
            claims_supported: claims_supported(),
            claims_parameter_supported: true,
            request_parameter_supported: true,
            request_uri_parameter_supported: true,
            // OpenID Connect Core §6.2: no address is asked because a stranger wants it.
            require_request_uri_registration: true,
            frontchannel_logout_supported: true,
            frontchannel_logout_session_supported: true,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            ui_locales_supported: vec!["en"],
            registration_endpoint: match workspace.policy.dynamic_registration {
                DynamicRegistrationPolicy::Off => None,
                DynamicRegistrationPolicy::InitialAccessToken | DynamicRegistrationPolicy::Open => {
                    Some(endpoint("/register"))
                }
            },
            service_documentation: endpoint(""),
            revocation_endpoint: endpoint("/revoke"),
            revocation_endpoint_auth_methods_supported: methods.clone(),
            revocation_endpoint_auth_signing_alg_values_supported: assertion_algorithms().collect(),
            introspection_endpoint: endpoint("/introspect"),
            introspection_endpoint_auth_methods_supported: methods.into_iter().filter(|it| *it != "none").collect(),
            introspection_endpoint_auth_signing_alg_values_supported: assertion_algorithms().collect(),
            code_challenge_methods_supported: vec!["S256"],
            authorization_response_iss_parameter_supported: true,
        }
    }
}

/// OpenID Connect Discovery §3: RS256 must be among them; it is the first, because it is the usual one.
const ID_TOKEN_ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256];

/// Those whose grant types the workspace has all switched on.
fn response_types(workspace: &Workspace) -> Vec<&'static str> {
    let is_on = |grant: &GrantType| workspace.policy.grant_types.contains(grant);
    let on = ResponseType::ALL.into_iter().filter(|response_type| response_type.grant_types().iter().all(is_on));
    on.map(ResponseType::as_str).collect()
}

/// What an ID Token or a UserInfo answer can say.
fn claims_supported() -> Vec<&'static str> {
    let of_login = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid"];
    of_login.into_iter().chain(claims::STANDARD.iter().map(|claim| claim.name)).collect()
}

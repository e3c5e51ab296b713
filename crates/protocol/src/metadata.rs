//! RFC 8414: what this workspace can do, in registered members only.

use crate::client::AuthMethod;
use crate::types::GrantType;
use crate::workspace::Workspace;
use serde::Serialize;

/// RFC 8414 §2, with RFC 9207 §3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    // RFC 8414 §3.2: members without elements are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_types_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_modes_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    service_documentation: String,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    code_challenge_methods_supported: Vec<&'static str>,
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// The metadata of a workspace whose issuer is `issuer`.
    pub fn of(workspace: &Workspace, issuer: &str) -> Self {
        let on = &workspace.policy.grant_types;
        let endpoint = |path: &str| format!("{issuer}/oauth2{path}");
        let all: Vec<&str> = AuthMethod::ALL.iter().map(|method| method.as_str()).collect();
        let response_types = [(GrantType::AuthorizationCode, "code"), (GrantType::Implicit, "token")];
        let response_modes = [(GrantType::AuthorizationCode, "query"), (GrantType::Implicit, "fragment")];
        let switched_on = |pairs: [(GrantType, &'static str); 2]| {
            pairs.into_iter().filter(|(grant, _)| on.contains(grant)).map(|(_, name)| name).collect()
        };
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: endpoint("/authorize"),
            token_endpoint: endpoint("/token"),
            jwks_uri: endpoint("/jwks"),
            scopes_supported: workspace.scopes.iter().map(|scope| scope.name.clone()).collect(),
            response_types_supported: switched_on(response_types),
            response_modes_supported: switched_on(response_modes),
            grant_types_supported: on.iter().map(|grant| grant.as_str()).collect(),
            token_endpoint_auth_methods_supported: all.clone(),
            service_documentation: endpoint(""),
            revocation_endpoint: endpoint("/revoke"),
            revocation_endpoint_auth_methods_supported: all.clone(),
            introspection_endpoint: endpoint("/introspect"),
            introspection_endpoint_auth_methods_supported: all.into_iter().filter(|method| *method != "none").collect(),
            code_challenge_methods_supported: vec!["S256"],
            authorization_response_iss_parameter_supported: true,
        }
    }
}

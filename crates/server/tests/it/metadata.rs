//! RFC 8414: metadata. And the uniform 404, health and readiness.

use crate::harness::{ISSUER, World};

/// RFC 8414 §7.1, RFC 9207 §5.1, OpenID Connect Discovery §3, Prompt Create §5 and the logout specifications: the registered names.
const REGISTERED: &[&str] = &[
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "service_documentation",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
    "authorization_response_iss_parameter_supported",
    "acr_values_supported",
    "backchannel_logout_session_supported",
    "backchannel_logout_supported",
    "check_session_iframe",
    "claim_types_supported",
    "claims_parameter_supported",
    "claims_supported",
    "display_values_supported",
    "end_session_endpoint",
    "frontchannel_logout_session_supported",
    "frontchannel_logout_supported",
    "id_token_signing_alg_values_supported",
    "prompt_values_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "subject_types_supported",
    "ui_locales_supported",
    "userinfo_endpoint",
    "userinfo_signing_alg_values_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "request_object_signing_alg_values_supported",
    "id_token_encryption_alg_values_supported",
    "id_token_encryption_enc_values_supported",
    "userinfo_encryption_alg_values_supported",
    "userinfo_encryption_enc_values_supported",
    "request_object_encryption_alg_values_supported",
    "request_object_encryption_enc_values_supported",
    "require_request_uri_registration",
];

#[test]
fn s3_both_urls_give_the_same_registered_members_to_everyone() {
    let world = World::new();
    let own = world.get("/acme/.well-known/oauth-authorization-server", &[("origin", "https://any.test")]);
    let rooted = world.get("/.well-known/oauth-authorization-server/acme", &[]);
    assert_eq!(own.body, rooted.body);
    assert_eq!(own.header("access-control-allow-origin"), Some("*"));
    let metadata = own.json();
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(metadata["token_endpoint"], format!("{ISSUER}/oauth2/token"));
    assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["ui_locales_supported"], serde_json::json!(["en"]));
    for member in metadata.as_object().unwrap().keys() {
        assert!(REGISTERED.contains(&member.as_str()), "{member}");
    }
}

#[test]
fn s2_what_is_switched_off_is_not_offered() {
    let world = World::new();
    world.change_workspace(|row| row.policy = grantry_protocol::workspace::Policy::default());
    let metadata = world.get("/acme/.well-known/oauth-authorization-server", &[]).json();
    assert_eq!(metadata["response_types_supported"], serde_json::json!(["code", "none"]));
    assert_eq!(
        metadata["grant_types_supported"],
        serde_json::json!(["authorization_code", "client_credentials", "refresh_token"])
    );
}

#[test]
fn s3_2_members_without_elements_are_left_out() {
    let world = World::new();
    world.change_workspace(|row| {
        row.policy.grant_types = [grantry_protocol::types::GrantType::ClientCredentials].into();
    });
    let metadata = world.get("/acme/.well-known/oauth-authorization-server", &[]).json();
    for member in ["response_types_supported", "response_modes_supported"] {
        assert!(metadata.get(member).is_none(), "{member}");
    }
}

#[test]
fn rfc7517_s5_the_key_set_is_public() {
    let world = World::new();
    let answer = world.get("/acme/oauth2/jwks", &[]);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(answer.json()["keys"].is_array());
}

#[test]
fn an_unknown_workspace_is_one_uniform_404() {
    let world = World::new();
    let strip = |answer: crate::harness::Answer| {
        let id = answer.header("x-request-id").unwrap().to_owned();
        (answer.status, answer.body.replace(&id, "ID"))
    };
    let first = strip(world.get("/nobody/oauth2/authorize", &[]));
    assert_eq!(first.0, 404);
    for path in
        ["/nobody/.well-known/oauth-authorization-server", "/nobody/login", "/nobody/oauth2/jwks", "/NOBODY/account"]
    {
        assert_eq!(strip(world.get(path, &[])), first, "{path}");
    }
    assert_eq!(strip(world.post("/nobody/oauth2/token", "grant_type=x", &[])), first);
}

#[test]
fn health_readiness_and_metrics_answer() {
    let world = World::new();
    assert_eq!(world.get("/healthz", &[]).status, 200);
    assert_eq!(world.get("/readyz", &[]).status, 200);
    world.token("grant_type=client_credentials");
    let metrics = world.get("/metrics", &[]).body;
    assert!(metrics.contains("grantry_access_tokens_issued_total{grant_type=\"client_credentials\"} 1"), "{metrics}");
    assert!(metrics.contains("/{workspace}/oauth2/token"), "routes are labels, paths are not: {metrics}");
}

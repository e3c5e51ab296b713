use super::*;
use grantry_protocol::types::{Seconds, Timestamp, WorkspaceId};
use grantry_protocol::workspace::{Policy, ScopeDefinition, Slug};
use serde_json::json;

fn workspace() -> Workspace {
    let scope =
        |name: &str| ScopeDefinition { name: name.into(), description: String::new(), optional: false, audience: None };
    Workspace {
        id: WorkspaceId(1),
        slug: Slug::parse("workflow").unwrap(),
        name: "Workflow".into(),
        policy: Policy::default(),
        scopes: vec![scope("read"), scope("write")],
        created_at: Timestamp::from_unix(0),
        disabled_at: None,
    }
}

/// A good draft; tests change one thing.
fn draft() -> Draft {
    let fresh = Draft::fresh(ApplicationType::Web, &workspace());
    Draft { name: "Notebook".into(), redirect_uris: "https://app.example/cb".into(), ..fresh }
}

fn check(draft: &Draft) -> Result<Registration, Box<FormErrors>> {
    draft.check(&Rules { workspace: &workspace(), before: None, by_admin: false })
}

fn edited(draft: &Draft, before: &Registration) -> Result<Registration, Box<FormErrors>> {
    draft.check(&Rules { workspace: &workspace(), before: Some(before), by_admin: false })
}

fn as_admin(draft: &Draft) -> Result<Registration, Box<FormErrors>> {
    draft.check(&Rules { workspace: &workspace(), before: None, by_admin: true })
}

fn good(checked: Result<Registration, Box<FormErrors>>) -> Registration {
    checked.unwrap_or_else(|_| panic!("refused"))
}

fn wrong(checked: Result<Registration, Box<FormErrors>>) -> Box<FormErrors> {
    checked.err().unwrap_or_else(|| panic!("accepted"))
}

/// A form with these fields.
fn typed(fields: &[(&str, &str)]) -> Members {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    Members::typed(&Fields::parse(form.finish().as_bytes()))
}

#[test]
fn the_form_as_it_is_first_shown_needs_a_name_and_a_redirect_uri() {
    let errors = wrong(check(&Draft::fresh(ApplicationType::Web, &workspace())));
    assert!(errors.of(Field::Name).is_some());
    assert_eq!(errors.lines_of(Field::RedirectUris).iter().map(|error| error.line).collect::<Vec<_>>(), [0]);
    let registration = good(check(&draft()));
    assert_eq!(registration.token_endpoint_auth_method, AuthMethod::ClientSecretBasic);
    assert_eq!(registration.grant_types, ApplicationType::Web.usual_grants());
    assert_eq!(registration.scope.to_string(), "read write");
}

#[test]
fn what_is_registered_comes_back_from_its_own_form() {
    let lifetimes = Lifetimes { code: "30".into(), ..Lifetimes::default() };
    let registration = good(check(&Draft { lifetimes, description: "Notes".into(), ..draft() }));
    assert_eq!(good(edited(&Draft::of(&registration), &registration)), registration);
}

#[test]
fn registration_s2_every_member_that_is_shown_comes_back_and_the_others_stay() {
    let registered = json!({
        "response_types": ["code", "id_token token"],
        "subject_type": "pairwise",
        "sector_identifier_uri": "https://app.example/uris.json",
        "id_token_signed_response_alg": "EdDSA",
        "userinfo_signed_response_alg": "ES256",
        "request_object_signing_alg": "PS256",
        "request_uris": ["https://app.example/r1", "https://app.example/r2"],
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": {"keys": []},
        "jwks_uri": "https://app.example/jwks",
        "default_max_age": 60,
        "require_auth_time": true,
        "default_acr_values": ["1"],
        "initiate_login_uri": "https://app.example/start",
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "frontchannel_logout_uri": "https://app.example/out",
        "frontchannel_logout_session_required": true,
        "backchannel_logout_uri": "https://app.example/back",
        "backchannel_logout_session_required": true,
        "client_uri": "https://app.example/",
        "logo_uri": "https://app.example/logo.png",
        "policy_uri": "https://app.example/policy",
        "tos_uri": "https://app.example/tos",
        "contacts": ["ada@app.example"],
        "software_id": "notebook",
        "software_version": "1",
        "localized": {"client_name#ja": "ノート"},
    });
    let registered: OpenidRegistration = serde_json::from_value(registered).unwrap();
    let through = |members: &Members| {
        let mut errors = FormErrors::default();
        let openid = members.over(registered.clone(), &mut errors);
        assert!(!errors.any());
        openid
    };
    assert_eq!(through(&Members::registered(&registered)), registered);
    // A form that has none of the fields says nothing about them.
    assert_eq!(through(&Members::default()), registered);
    let emptied = through(&Members::registered(&OpenidRegistration::default()));
    let hidden = OpenidRegistration {
        token_endpoint_auth_signing_alg: registered.token_endpoint_auth_signing_alg.clone(),
        default_acr_values: registered.default_acr_values.clone(),
        contacts: registered.contacts.clone(),
        software_id: registered.software_id.clone(),
        software_version: registered.software_version.clone(),
        localized: registered.localized.clone(),
        ..OpenidRegistration::default()
    };
    assert_eq!(emptied, hidden);
}

#[test]
fn what_cannot_be_a_member_is_told_beside_its_field() {
    for (name, text) in [
        ("id_token_signed_response_alg", "none"),
        ("subject_type", "secret"),
        ("response_types", "id_token\ncode code"),
        ("default_max_age", "1m"),
        ("default_max_age", "-1"),
        ("jwks", "{"),
        ("jwks", "[]"),
    ] {
        let openid = typed(&[(name, text)]);
        assert!(wrong(check(&Draft { openid, ..draft() })).of_member(name).is_some(), "{name} {text}");
    }
    let openid = typed(&[("post_logout_redirect_uris", "https://app.example/bye\nhttp://app.example/")]);
    let errors = wrong(check(&Draft { openid, ..draft() }));
    assert_eq!(errors.lines_of(Field::Other("post_logout_redirect_uris")).first().map(|error| error.line), Some(2));
    assert!(errors.links() && !errors.advanced());
}

#[test]
fn s2_1_a_public_type_has_no_secret_whatever_was_chosen() {
    for kind in ["spa", "native"] {
        let registration = good(check(&Draft { kind: kind.into(), ..draft() }));
        assert_eq!(registration.token_endpoint_auth_method, AuthMethod::None);
    }
    assert!(wrong(check(&Draft { auth_method: "none".into(), ..draft() })).of(Field::AuthMethod).is_some());
    assert!(wrong(check(&Draft { auth_method: "tls_client_auth".into(), ..draft() })).of(Field::AuthMethod).is_some());
    assert!(wrong(check(&Draft { kind: "robot".into(), ..draft() })).of(Field::ApplicationType).is_some());
}

#[test]
fn openid_connect_core_s9_an_app_that_signs_has_keys() {
    let signs = Draft { auth_method: "private_key_jwt".into(), ..draft() };
    assert!(wrong(check(&signs)).of(Field::AuthMethod).is_some());
    let openid = typed(&[("jwks_uri", "https://app.example/jwks")]);
    assert_eq!(good(check(&Draft { openid, ..signs.clone() })).token_endpoint_auth_method, AuthMethod::PrivateKeyJwt);
    let openid = typed(&[("jwks_uri", "https://app.example/jwks"), ("jwks", "{\"keys\":[]}")]);
    assert!(wrong(check(&Draft { openid, ..signs })).of_member("jwks").is_some());
}

#[test]
fn ticks_that_nobody_touched_follow_the_type() {
    let service = Draft { kind: "service".into(), redirect_uris: String::new(), ..draft() };
    assert_eq!(good(check(&service)).grant_types, [GrantType::ClientCredentials].into());
    let touched =
        Draft { grants: vec!["authorization_code".into()], redirect_uris: "https://a.example/".into(), ..service };
    assert_eq!(good(check(&touched)).grant_types, [GrantType::AuthorizationCode].into());
}

#[test]
fn every_wrong_redirect_uri_is_named_by_its_line() {
    let redirect_uris =
        "https://app.example/cb\n\nhttp://app.example/cb\nhttps://app.example/cb\nhttps://app.example/#x\n";
    let errors = wrong(check(&Draft { redirect_uris: redirect_uris.into(), ..draft() }));
    let lines: Vec<_> =
        errors.lines_of(Field::RedirectUris).into_iter().map(|error| (error.line, error.uri.as_str())).collect();
    assert_eq!(lines, [(3, "http://app.example/cb"), (5, "https://app.example/#x")]);
    let twice = Draft { redirect_uris: " https://app.example/cb \nhttps://app.example/cb".into(), ..draft() };
    assert_eq!(good(check(&twice)).redirect_uris.len(), 1);
}

#[test]
fn grants_are_those_of_the_workspace_and_those_the_app_has() {
    let with = |names: &[&str]| Draft { grants: names.iter().map(|name| (*name).to_owned()).collect(), ..draft() };
    assert!(wrong(check(&with(&["implicit"]))).of(Field::GrantTypes).is_some());
    assert!(wrong(check(&with(&["magic"]))).of(Field::GrantTypes).is_some());
    let before = Registration { grant_types: [GrantType::Implicit].into(), ..good(check(&draft())) };
    assert_eq!(good(edited(&with(&["implicit"]), &before)).grant_types, before.grant_types);
}

#[test]
fn scopes_are_those_of_the_workspace() {
    let with = |name: &str| Draft { scopes: vec!["read".into(), name.into()], ..draft() };
    assert!(wrong(check(&with("admin"))).of(Field::Scope).is_some());
    let before = Registration { scope: Scope::parse("gone read").unwrap(), ..good(check(&draft())) };
    assert_eq!(good(edited(&with("gone"), &before)).scope.to_string(), "read");
}

#[test]
fn an_edit_does_not_change_the_type() {
    let before = good(check(&draft()));
    let registration = good(edited(&Draft { kind: "spa".into(), ..draft() }, &before));
    assert_eq!(registration.application_type, ApplicationType::Web);
    assert_eq!(registration.token_endpoint_auth_method, AuthMethod::ClientSecretBasic);
}

#[test]
fn lifetimes_are_whole_seconds_within_bounds() {
    let code = |text: &str| Draft { lifetimes: Lifetimes { code: text.into(), ..Lifetimes::default() }, ..draft() };
    for good_text in ["10", "60", "600"] {
        assert_eq!(good(check(&code(good_text))).lifetimes.code, good_text.parse().ok().map(Seconds));
    }
    assert_eq!(good(check(&code(""))).lifetimes.code, None);
    for bad in ["9", "601", "-60", "+60", "1m", "60.0", "99999999999999999999"] {
        assert!(wrong(check(&code(bad))).of(Field::CodeLifetime).is_some(), "{bad}");
    }
}

#[test]
fn only_an_admin_makes_a_resource_server() {
    let api = |resource: &str| Draft { resource_server: true, resource: resource.into(), ..draft() };
    assert!(wrong(check(&api("https://api.example"))).of(Field::Resource).is_some());
    let before = good(as_admin(&Draft { grants: Vec::new(), ..api("https://api.example") }));
    assert_eq!(before.resource.as_deref(), Some("https://api.example"));
    // Its owner keeps it by saying nothing of it.
    assert_eq!(good(edited(&Draft { name: "New".into(), ..draft() }, &before)).resource, before.resource);
}

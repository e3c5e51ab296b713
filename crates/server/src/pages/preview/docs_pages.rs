//! The docs page for its three kinds of reader, and the callback.

use super::{frame, page};
use crate::pages::docs::openid::DocsOpenid;
use crate::pages::docs::*;
use crate::pages::error::Rule;
use crate::pages::grant::{Check, CodeReceived, ErrorReceived, FragmentForm, GrantPage};
use grantry_protocol::client::AuthMethod;
use serde_json::json;

const ISSUER: &str = "http://127.0.0.1:8080/workflow";

fn demo_app() -> DocsApp {
    DocsApp {
        origin: AppOrigin::Demo,
        name: "Local demo client".into(),
        client_id: "x-pm-local-client".into(),
        client_secret: Some("179ad45c6ce2cb97cf1029e212046e81".into()),
        method: AuthMethod::ClientSecretBasic,
        assertion_algorithm: "ES256".into(),
        redirect_uri: Some(format!("{ISSUER}/oauth2/grant")),
        redirect_uri_count: 1,
        callback_registered: true,
        scopes: vec!["profile".into(), "tasks:read".into(), "tasks:write".into()],
        try_username: "bob".into(),
        try_password: "secret".into(),
    }
}

fn docs(app: DocsApp, signed_in: bool) -> DocsPage {
    let usable = GrantState::Usable;
    let scope = |name: &str, description: &str| DocsScope { name: name.into(), description: description.into() };
    DocsPage {
        frame: frame(signed_in),
        form_token: "gry_ft_sample".into(),
        issuer: ISSUER.into(),
        metadata_at_root: "http://127.0.0.1:8080/.well-known/oauth-authorization-server/workflow".into(),
        state: "gry_ft_state".into(),
        app,
        own_apps: Vec::new(),
        grants: DocsGrants {
            authorization_code: usable,
            implicit: usable,
            password: usable,
            client_credentials: usable,
            refresh_token: usable,
        },
        openid: openid(),
        scopes: vec![
            scope("profile", "See your name and picture"),
            scope("tasks:read", "Read your tasks"),
            scope("tasks:write", ""),
        ],
        lifetimes: DocsLifetimes {
            code: "60 seconds".into(),
            access_token: "1 hour".into(),
            access_token_seconds: 3600,
            refresh_token_idle: "30 days".into(),
            refresh_token_absolute: "180 days".into(),
        },
    }
}

fn openid() -> DocsOpenid {
    let metadata = json!({
        "end_session_endpoint": format!("{ISSUER}/oauth2/logout"),
        "registration_endpoint": format!("{ISSUER}/oauth2/register"),
        "response_types_supported": ["code", "id_token", "id_token token", "code id_token", "code token", "none"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        "subject_types_supported": ["public", "pairwise"],
        "acr_values_supported": ["urn:grantry:acr:password"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA", "PS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    });
    DocsOpenid {
        scope: GrantState::Usable,
        state: "gry_ft_openid_state".into(),
        nonce: "0S6WzA2MjXkV9tq3rB7yLw".into(),
        algorithm: "RS256",
        lifetime: "1 hour".into(),
        post_logout_redirect_uri: None,
        metadata: metadata.as_object().cloned().unwrap_or_default(),
    }
}

const SECTIONS: [&str; 16] = [
    "id=\"endpoints\"",
    "id=\"your-app\"",
    "id=\"authorization-code\"",
    "id=\"implicit\"",
    "id=\"password\"",
    "id=\"client-credentials\"",
    "id=\"refresh-token\"",
    "id=\"openid-connect\"",
    "id=\"id-token\"",
    "id=\"userinfo\"",
    "id=\"sign-out\"",
    "id=\"openid-more\"",
    "id=\"introspection\"",
    "id=\"revocation\"",
    "id=\"metadata\"",
    "id=\"errors\"",
];

#[test]
fn docs_of_the_demo() {
    let demo = docs(demo_app(), false);
    page("docs-demo", &demo, &SECTIONS);
    let link = "http://127.0.0.1:8080/workflow/oauth2/authorize?response_type=code&#38;client_id=x-pm-local-client&#38;scope=*";
    page(
        "docs-demo",
        &demo,
        &[
            &format!("href=\"{link}&#38;state=gry_ft_state\""),
            "eC1wbS1sb2NhbC1jbGllbnQ6MTc5YWQ0NWM2Y2UyY2I5N2NmMTAyOWUyMTIwNDZlODE=",
        ],
    );
}

#[test]
fn docs_of_an_own_public_app() {
    let mut app = demo_app();
    (app.origin, app.method, app.client_secret, app.name) = (AppOrigin::Own, AuthMethod::None, None, "Notebook".into());
    (app.client_id, app.redirect_uri_count, app.callback_registered) = ("gx3nq0v6kz".into(), 2, false);
    (app.redirect_uri, app.try_username, app.try_password) =
        (Some("https://notebook.example/callback".into()), String::new(), String::new());
    let mut own = docs(app, true);
    (own.grants.implicit, own.grants.password) = (GrantState::OffInWorkspace, GrantState::OffInWorkspace);
    own.grants.client_credentials = GrantState::OffForApp;
    let choice = |id: &str, name: &str, selected| AppChoice { client_id: id.into(), name: name.into(), selected };
    own.own_apps = vec![choice("gx3nq0v6kz", "Notebook", true), choice("k2", "Nightly report", false)];
    page("docs-own", &own, &SECTIONS);
    page(
        "docs-own",
        &own,
        &["switched off in this workspace; an admin can allow it", "code_challenge", "name=\"app\""],
    );
}

#[test]
fn docs_without_an_app() {
    let mut app = demo_app();
    (app.origin, app.client_secret, app.client_id, app.name) =
        (AppOrigin::Placeholder, None, "CLIENT_ID".into(), String::new());
    (app.try_username, app.try_password, app.scopes) = (String::new(), String::new(), Vec::new());
    app.redirect_uri = Some("https://app.example/callback".into());
    page("docs-placeholder", &docs(app, false), &SECTIONS);
}

#[test]
fn the_secret_is_where_the_app_is_registered_for() {
    let page = docs(DocsApp { method: AuthMethod::ClientSecretPost, ..demo_app() }, false);
    let http = page.client_credentials().http();
    assert!(
        !http.contains("Authorization:") && http.contains("&client_secret=179ad45c6ce2cb97cf1029e212046e81"),
        "{http}"
    );
}

#[test]
fn an_app_that_signs_sends_an_assertion_and_no_secret() {
    for (method, key) in
        [(AuthMethod::PrivateKeyJwt, "private-key.pem"), (AuthMethod::ClientSecretJwt, "CLIENT_SECRET")]
    {
        let app = DocsApp { method, client_secret: None, origin: AppOrigin::Own, ..demo_app() };
        let docs = docs(app, true);
        let http = docs.client_credentials().http();
        let assertion = "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=CLIENT_ASSERTION";
        assert!(http.contains(assertion) && !http.contains("Authorization:"), "{http}");
        page("docs-signs", &docs, &["id=\"client-assertion\"", "name=\"client_assertion\"", key]);
        let html = askama::Template::render(&docs).expect("renders");
        assert!(!html.contains("name=\"client_secret\"") && !html.contains("Basic"), "{method:?}");
    }
}

#[test]
fn callback_pages() {
    let check = |parameter: &str, received: Option<&str>, expected: Option<&str>| Check {
        parameter: parameter.into(),
        received: received.map(str::to_owned),
        expected: expected.map(str::to_owned),
    };
    let code = CodeReceived {
        form_token: "gry_ft_sample".into(),
        code: "gry_ac_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz".into(),
        client_id: "x-pm-local-client".into(),
        signs: false,
        client_secret: "179ad45c6ce2cb97cf1029e212046e81".into(),
        redirect_uri: String::new(),
        code_verifier: String::new(),
        nonce: Some("0S6WzA2MjXkV9tq3rB7yLw".into()),
        lifetime: "60 seconds".into(),
    };
    let checks = vec![
        check("iss", Some(ISSUER), Some(ISSUER)),
        check("state", None, None),
        check("state", None, Some("af0ifjsldkj")),
    ];
    page(
        "grant-code",
        &GrantPage { frame: frame(true), code: Some(code), error: None, checks, fragment: None },
        &["id=\"exchange\"", "gry_ac_"],
    );
    let error = ErrorReceived {
        code: "access_denied".into(),
        description: "The user did not allow the app.".into(),
        rule: Some(Rule {
            text: "RFC 6749 section 4.1.2.1".into(),
            href: "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1".into(),
        }),
    };
    let checks = vec![check("iss", Some("https://other.example"), Some(ISSUER))];
    page(
        "grant-error",
        &GrantPage { frame: frame(true), code: None, error: Some(error), checks, fragment: None },
        &["access_denied"],
    );
    let fragment = FragmentForm { form_token: "gry_ft_sample".into(), client_id: "x-pm-local-client".into() };
    page(
        "grant-fragment",
        &GrantPage { frame: frame(true), code: None, error: None, checks: Vec::new(), fragment: Some(fragment) },
        &["<noscript>", "id=\"fragment-verify\"", "name=\"id_token\""],
    );
}

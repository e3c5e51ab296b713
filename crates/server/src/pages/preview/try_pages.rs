//! The answers of *Try it*.

use super::{frame, page};
use crate::pages::try_it::{
    Check, CheckKind, Decoded, IdToken, RefreshForm, Refusal, RevokeForm, Step, StepKind, TryPage, UserinfoForm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const ISSUER: &str = "http://127.0.0.1:8080/workflow";
const TOKEN: &str = "gry_at_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";

fn step(kind: StepKind, status: &str, body: &str) -> Step {
    let request = "POST /workflow/oauth2/token HTTP/1.1\nHost: 127.0.0.1:8080\nAuthorization: Basic eC1wbS1sb2NhbC1jbGllbnQ6MTc5YWQ0NWM2Y2UyY2I5N2NmMTAyOWUyMTIwNDZlODE=\nContent-Type: application/x-www-form-urlencoded\n\ngrant_type=password&username=bob&password=secret&scope=*";
    let headers = vec![("content-type".into(), "application/json".into()), ("cache-control".into(), "no-store".into())];
    Step {
        kind,
        request: request.into(),
        status: status.into(),
        ok: status.starts_with('2'),
        headers,
        body: body.into(),
        decoded: None,
    }
}

fn id_token(nonce: &str) -> IdToken {
    let encoded = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let header = encoded(json!({ "typ": "JWT", "alg": "RS256", "kid": "q3rB7yLw0S6WzA2MjXkV9tAbCdEfGhIjKlMnOpQrStU" }));
    let claims = encoded(json!({ "iss": ISSUER, "sub": "bob", "aud": "x-pm-local-client", "nonce": nonce }));
    let check = |kind, expected: &str, found: &str| Check {
        kind,
        expected: Some(expected.into()),
        found: Some(found.into()),
        passed: expected == found,
    };
    let checks = vec![
        check(CheckKind::Algorithm, "RS256", "RS256"),
        Check {
            kind: CheckKind::Signature,
            expected: None,
            found: Some("q3rB7yLw0S6WzA2MjXkV9tAbCdEfGhIjKlMnOpQrStU".into()),
            passed: true,
        },
        check(CheckKind::Issuer, ISSUER, ISSUER),
        check(CheckKind::Nonce, "0S6WzA2MjXkV9tq3rB7yLw", nonce),
    ];
    IdToken { decoded: Decoded::read(&format!("{header}.{claims}.c2lnbmF0dXJl")), checks }
}

#[test]
fn try_pages() {
    let body = format!(
        "{{\n  \"access_token\": \"{TOKEN}\",\n  \"token_type\": \"Bearer\",\n  \"expires_in\": 3600,\n  \"scope\": \"profile tasks:read\"\n}}"
    );
    let introspection = "{\n  \"active\": true,\n  \"client_id\": \"x-pm-local-client\",\n  \"username\": \"bob\",\n  \"scope\": \"profile tasks:read\"\n}";
    let refresh = RefreshForm {
        form_token: "gry_ft_sample".into(),
        client_id: "x-pm-local-client".into(),
        client_secret: "179ad45c6ce2cb97cf1029e212046e81".into(),
        refresh_token: "gry_rt_sample".into(),
        scope: "profile tasks:read".into(),
    };
    let revoke = RevokeForm {
        form_token: "gry_ft_sample".into(),
        client_id: "x-pm-local-client".into(),
        client_secret: "179ad45c6ce2cb97cf1029e212046e81".into(),
        token: "gry_rt_sample".into(),
        access_token: TOKEN.into(),
    };
    let worked = TryPage {
        access_token: Some(TOKEN.into()),
        refresh: Some(refresh),
        revoke: Some(revoke),
        ..TryPage::of(
            frame(true),
            "password",
            vec![step(StepKind::Token, "200 OK", &body), step(StepKind::Introspection, "200 OK", introspection)],
            None,
        )
    };
    page("try-ok", &worked, &["gry_at_", "name=\"refresh_token\""]);
    let refusal =
        Refusal { code: "invalid_grant".into(), description: "The user name or password is wrong.".into(), rule: None };
    let body =
        "{\n  \"error\": \"invalid_grant\",\n  \"error_description\": \"The user name or password is wrong.\"\n}";
    let refused = TryPage {
        steps: vec![step(StepKind::Token, "400 Bad Request", body), step(StepKind::Revocation, "200 OK", "")],
        refusal: Some(refusal),
        access_token: None,
        refresh: None,
        revoke: None,
        ..worked
    };
    page("try-refused", &refused, &["invalid_grant"]);
}

#[test]
fn try_openid_pages() {
    let exchange = |nonce: &str| TryPage {
        id_token: Some(id_token(nonce)),
        userinfo: Some(UserinfoForm {
            form_token: "gry_ft_sample".into(),
            access_token: TOKEN.into(),
            subject: "bob".into(),
        }),
        ..TryPage::of(
            frame(true),
            "authorization_code",
            vec![step(StepKind::Token, "200 OK", "{}"), step(StepKind::Keys, "200 OK", "{\n  \"keys\": []\n}")],
            None,
        )
    };
    page("try-openid", &exchange("0S6WzA2MjXkV9tq3rB7yLw"), &["All passed", "name=\"bearer\"", "x-pm-local-client"]);
    page("try-openid-wrong", &exchange("another"), &["must refuse this ID token", ">wrong</span>"]);
    let subject = Check { kind: CheckKind::Subject, expected: Some("bob".into()), found: None, passed: false };
    let steps = vec![step(StepKind::Userinfo, "200 OK", "{\n  \"name\": \"Bob\"\n}")];
    let userinfo = TryPage { subject: Some(subject), ..TryPage::of(frame(true), "userinfo", steps, None) };
    page("try-userinfo", &userinfo, &["Ask UserInfo", ">wrong</span>"]);
}

//! RFC 6749 §3.1, §4.1.1, §4.1.2, §4.2: the authorization endpoint.

use crate::harness::{Browser, CALLBACK, CHALLENGE, ISSUER, World};
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::types::GrantType;

#[test]
fn s4_1_a_person_signs_in_consents_and_the_app_gets_a_code() {
    let world = World::new();
    let mut browser = Browser::new(&world);
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app&scope=*&state=xyz");
    assert_eq!(asked.status, 303);
    assert!(asked.location().starts_with("/acme/login?request=gry_rq_"), "{}", asked.location());
    let signed_in = browser.sign_in(asked.location(), "bob", "secret");
    assert_eq!(signed_in.status, 303);
    let asked = browser.get(signed_in.location());
    assert!(asked.location().starts_with("/acme/consent?request=gry_rq_"), "{}", asked.location());
    let answer = browser.consent(&asked, "allow", &["write", "profile"]);
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with(&format!("{CALLBACK}?code=gry_ac_")), "{}", answer.location());
    assert_eq!(answer.answer_parameter("state").as_deref(), Some("xyz"));
    assert_eq!(answer.answer_parameter("iss").as_deref(), Some(ISSUER));
}

#[test]
fn s4_1_2_consent_is_remembered_and_asked_again_when_more_is_wanted() {
    let world = World::new();
    let mut browser = world.bob();
    let query = "/acme/oauth2/authorize?response_type=code&client_id=app";
    let asked = browser.get(&format!("{query}&scope=read+write"));
    browser.consent(&asked, "allow", &[]);
    assert!(
        browser.get(&format!("{query}&scope=read")).location().starts_with(CALLBACK),
        "write was unticked, read is known"
    );
    assert!(browser.get(&format!("{query}&scope=read+write")).location().starts_with("/acme/consent"));
    assert!(browser.get(query).location().starts_with("/acme/consent"), "no scope means everything");
}

#[test]
fn s3_3_an_unticked_scope_is_not_granted_and_a_required_one_is() {
    let world = World::new();
    let mut browser = world.bob();
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app&scope=*");
    let code =
        browser.consent(&asked, "allow", &["profile", "not-asked", "bad\"name"]).answer_parameter("code").unwrap();
    let answer = world.token(&format!("grant_type=authorization_code&code={code}"));
    assert_eq!(answer.text("scope"), "profile read");
}

#[test]
fn s4_1_2_1_denying_and_cancelling_end_in_access_denied() {
    let world = World::new();
    let query = "/acme/oauth2/authorize?response_type=code&client_id=app&state=s";
    for decision in ["deny", "cancel"] {
        let mut browser = world.bob();
        let asked = browser.get(query);
        let answer = browser.consent(&asked, decision, &["write"]);
        assert_eq!(answer.answer_parameter("error").as_deref(), Some("access_denied"), "{decision}");
        assert_eq!(answer.answer_parameter("state").as_deref(), Some("s"));
        assert_eq!(answer.answer_parameter("iss").as_deref(), Some(ISSUER));
    }
    let mut browser = Browser::new(&world);
    let login = browser.get(query);
    let page = browser.get(login.location());
    assert!(page.body.contains("id=\"cancel\""));
    let fields =
        [("form_token", page.hidden("form_token")), ("request", page.hidden("request")), ("decision", "cancel".into())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.post("/acme/login", &fields);
    assert_eq!(answer.answer_parameter("error").as_deref(), Some("access_denied"));
    assert!(answer.location().starts_with(CALLBACK));
}

#[test]
fn s4_1_2_1_an_unknown_client_or_redirect_uri_is_shown_and_never_redirected() {
    let world = World::new();
    world.register("two", |registration| {
        registration.redirect_uris.push(RedirectUri::register("https://app.test/other").unwrap());
    });
    world.register("none", |registration| registration.redirect_uris.clear());
    for (query, code) in [
        ("response_type=code", "invalid_request"),
        ("response_type=code&client_id=nobody", "invalid_client"),
        ("response_type=code&client_id=app&redirect_uri=https://app.test/CB", "invalid_request"),
        ("response_type=code&client_id=app&redirect_uri=https://app.test/cb/", "invalid_request"),
        ("response_type=code&client_id=app&redirect_uri=https://app.test/cb%23x", "invalid_request"),
        ("response_type=code&client_id=app&redirect_uri=https://app.test:8443/cb", "invalid_request"),
        ("response_type=code&client_id=app&redirect_uri=https://u@app.test/cb", "invalid_request"),
        ("response_type=code&client_id=app&redirect_uri=https://app.test/x/%252e%252e/cb", "invalid_request"),
        ("response_type=code&client_id=app&redirect_uri=https://evil.test/", "invalid_request"),
        ("response_type=code&client_id=app&client_id=app", "invalid_request"),
        ("response_type=code&client_id=app&redirect_uri[]=https://app.test/cb", "invalid_request"),
        ("response_type=code&client_id=two", "invalid_request"),
        ("response_type=code&client_id=none", "invalid_request"),
    ] {
        let answer = world.get(&format!("/acme/oauth2/authorize?{query}"), &[]);
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.header("location"), None, "{query}");
        assert!(answer.body.contains(code), "{query}: {}", answer.body);
        assert!(answer.body.contains("RFC 6749"), "{query}");
        assert!(answer.body.contains(answer.header("x-request-id").unwrap()), "{query}");
    }
}

#[test]
fn s4_1_2_1_other_errors_are_told_to_the_client() {
    let world = World::new();
    world.register("narrow", |registration| registration.grant_types = [GrantType::ClientCredentials].into());
    world.register_public("public");
    let mut browser = world.bob();
    for (query, code) in [
        ("client_id=app", "invalid_request"),
        ("client_id=app&response_type=code&scope=read&scope=read", "invalid_request"),
        ("client_id=app&response_type=magic", "unsupported_response_type"),
        ("client_id=app&response_type=code&scope=admin", "invalid_scope"),
        ("client_id=app&response_type=code&scope=a%22b", "invalid_scope"),
        ("client_id=narrow&response_type=code", "unauthorized_client"),
        ("client_id=public&response_type=code", "invalid_request"),
        ("client_id=public&response_type=code&code_challenge=x&code_challenge_method=S256", "invalid_request"),
        (&format!("client_id=public&response_type=code&code_challenge={CHALLENGE}"), "invalid_request"),
        (
            &format!("client_id=app&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=plain"),
            "invalid_request",
        ),
    ] {
        let answer = browser.get(&format!("/acme/oauth2/authorize?{query}&state=s"));
        assert_eq!(answer.status, 303, "{query}");
        assert!(answer.location().starts_with(&format!("{CALLBACK}?error=")), "{query}: {}", answer.location());
        assert_eq!(answer.answer_parameter("error").as_deref(), Some(code), "{query}");
        assert_eq!(answer.answer_parameter("state").as_deref(), Some("s"), "{query}");
        assert_eq!(answer.answer_parameter("iss").as_deref(), Some(ISSUER), "{query}");
    }
}

#[test]
fn rfc8252_s7_3_a_loopback_ip_takes_any_port_and_asks_every_time() {
    let world = World::new();
    world.register("native", |registration| {
        registration.application_type = grantry_protocol::client::ApplicationType::Native;
        registration.token_endpoint_auth_method = grantry_protocol::client::AuthMethod::None;
        registration.redirect_uris = vec![RedirectUri::register("http://127.0.0.1/cb").unwrap()];
    });
    let query = format!(
        "response_type=code&client_id=native&code_challenge={CHALLENGE}&code_challenge_method=S256&redirect_uri=http://127.0.0.1:49152/cb"
    );
    let mut browser = world.bob();
    let answer = browser.authorize(&query);
    assert!(answer.location().starts_with("http://127.0.0.1:49152/cb?code="), "{}", answer.location());
    // RFC 8252 §8.6: whoever runs on the device could have asked.
    let again = browser.get(&format!("/acme/oauth2/authorize?{query}"));
    assert!(again.location().starts_with("/acme/consent"), "{}", again.location());
}

#[test]
fn s4_2_the_implicit_grant_answers_in_the_fragment_without_a_refresh_token() {
    let world = World::new();
    let answer = world.bob().authorize("response_type=token&client_id=app&scope=read&state=s");
    assert!(answer.location().starts_with(&format!("{CALLBACK}#access_token=gry_at_")), "{}", answer.location());
    assert_eq!(answer.answer_parameter("token_type").as_deref(), Some("Bearer"));
    assert_eq!(answer.answer_parameter("expires_in").as_deref(), Some("3600"));
    assert_eq!(answer.answer_parameter("scope").as_deref(), Some("read"));
    assert_eq!(answer.answer_parameter("state").as_deref(), Some("s"));
    assert_eq!(answer.answer_parameter("refresh_token"), None);
    assert!(world.is_active(&answer.answer_parameter("access_token").unwrap()));
}

#[test]
fn s4_2_the_implicit_grant_is_refused_in_the_fragment_where_it_is_switched_off() {
    let world = World::new();
    world.change_workspace(|row| {
        row.policy.grant_types.remove(&GrantType::Implicit);
    });
    let answer = world.bob().get("/acme/oauth2/authorize?response_type=token&client_id=app");
    assert!(
        answer.location().starts_with(&format!("{CALLBACK}#error=unsupported_response_type")),
        "{}",
        answer.location()
    );
}

#[test]
fn s3_1_a_request_by_post_becomes_the_same_by_get_so_that_cookies_come_with_it() {
    let world = World::new();
    let posted = world.post("/acme/oauth2/authorize", "response_type=code&client_id=app&state=a#b", &[]);
    assert_eq!(posted.location(), "/acme/oauth2/authorize?response_type=code&client_id=app&state=a%23b");
    let answer = world.bob().authorize(posted.location().split_once('?').unwrap().1);
    assert_eq!(answer.answer_parameter("state").as_deref(), Some("a#b"));
    let long = format!("response_type=code&client_id=app&state={}", "a".repeat(9_000));
    assert_eq!(world.post("/acme/oauth2/authorize", &long, &[]).status, 413);
    assert_eq!(world.get(&format!("/acme/oauth2/authorize?{long}"), &[]).status, 413);
}

#[test]
fn s3_1_the_longest_request_still_waits_for_a_person() {
    let world = World::new();
    let long = format!("response_type=code&client_id=app&state={}", "a".repeat(8_100));
    let mut browser = Browser::new(&world);
    let asked = browser.get(&format!("/acme/oauth2/authorize?{long}"));
    let signed_in = browser.sign_in(asked.location(), "bob", "secret");
    let asked = browser.get(signed_in.location());
    assert_eq!(browser.consent(&asked, "allow", &["write"]).answer_parameter("state").unwrap().len(), 8_100);
}

#[test]
fn s3_1_unrecognized_parameters_are_ignored_however_often_they_come() {
    let world = World::new();
    let answer = world.bob().authorize("response_type=code&client_id=app&resource=a&resource=b");
    assert!(answer.answer_parameter("code").is_some(), "{answer:?}");
    assert_eq!(world.token("grant_type=client_credentials&resource=a&resource=b").status, 200);
}

#[test]
fn rfc9700_s4_11_2_nobody_is_redirected_to_an_app_before_they_signed_in() {
    let world = World::new();
    let mut browser = Browser::new(&world);
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app&scope=nope");
    assert!(asked.location().starts_with("/acme/login?request="), "{}", asked.location());
    let page = browser.get(asked.location());
    assert!(!page.body.contains("id=\"cancel\""), "there is nothing to cancel yet");
    let signed_in = browser.sign_in(asked.location(), "bob", "secret");
    let told = browser.get(signed_in.location());
    assert_eq!(told.answer_parameter("error").as_deref(), Some("invalid_scope"));
}

#[test]
fn rfc8252_s8_6_a_token_is_not_sent_to_a_local_port_without_asking() {
    let world = World::new();
    world.register("local", |registration| {
        registration.redirect_uris = vec![RedirectUri::register("http://127.0.0.1:7777/cb").unwrap()];
    });
    let mut browser = world.bob();
    browser.authorize("response_type=code&client_id=local");
    let code = browser.get("/acme/oauth2/authorize?response_type=code&client_id=local");
    assert!(code.answer_parameter("code").is_some(), "a code needs the app's secret");
    let token = "/acme/oauth2/authorize?response_type=token&client_id=local&redirect_uri=http://127.0.0.1:40000/cb";
    assert!(browser.get(token).location().starts_with("/acme/consent"));
}

#[test]
fn s3_1_2_a_query_in_the_redirect_uri_is_kept() {
    let world = World::new();
    world.register("query", |registration| {
        registration.redirect_uris = vec![RedirectUri::register("https://app.test/cb?tenant=1").unwrap()];
    });
    let answer = world.bob().authorize("response_type=code&client_id=query");
    assert!(answer.location().starts_with("https://app.test/cb?tenant=1&code="), "{}", answer.location());
}

#[test]
fn two_tabs_at_once_both_finish() {
    let world = World::new();
    let mut browser = Browser::new(&world);
    let first = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app&state=1");
    let second = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app&state=2");
    let (first_page, second_page) = (browser.get(first.location()), browser.get(second.location()));
    let mut codes = Vec::new();
    for page in [first_page, second_page] {
        let (token, request) = (page.hidden("form_token"), page.hidden("request"));
        let fields =
            [("form_token", token.as_str()), ("request", &request), ("username", "bob"), ("password", "secret")];
        let signed_in = browser.post("/acme/login", &fields);
        assert_eq!(signed_in.status, 303, "{}", signed_in.body);
        let mut answer = browser.get(signed_in.location());
        if answer.location().starts_with("/acme/consent") {
            answer = browser.consent(&answer, "allow", &["write", "profile"]);
        }
        codes.push((answer.answer_parameter("code").unwrap(), answer.answer_parameter("state").unwrap()));
    }
    assert_eq!(codes.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    for (code, _) in codes {
        assert_eq!(world.token(&format!("grant_type=authorization_code&code={code}")).status, 200);
    }
}

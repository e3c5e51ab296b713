//! The login and consent pages: forms, cookies, headers, throttling.

use crate::harness::{Browser, World};
use grantry_protocol::Scope;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::workspace::ScopeDefinition;

fn fields<'a>(token: &'a str, username: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [("form_token", token), ("username", username), ("password", password)]
}

#[test]
fn the_form_is_the_contract() {
    let world = World::new();
    let page = Browser::new(&world).get("/acme/login");
    assert_eq!(page.status, 200);
    for part in ["name=\"username\"", "name=\"password\"", "id=\"login-submit\"", "Sign in"] {
        assert!(page.body.contains(part), "{part}");
    }
    let mut browser = world.bob();
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    let page = browser.get(asked.location());
    for part in [
        "name=\"decision\"",
        "value=\"allow\"",
        "id=\"consent-allow\"",
        "value=\"deny\"",
        "id=\"consent-deny\"",
        "id=\"cancel\"",
    ] {
        assert!(page.body.contains(part), "{part}");
    }
}

#[test]
fn every_page_has_its_headers() {
    let world = World::new();
    for path in ["/acme/login", "/acme/oauth2", "/nobody/login"] {
        let page = world.get(path, &[]);
        let policy = page.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[test]
fn the_session_cookie_is_bound_to_host_and_workspace_and_changes_at_login() {
    let world = World::new();
    let mut browser = world.bob();
    let name = "__Host-gry_se_acme";
    let first = browser.cookies[name].clone();
    let answer = browser.sign_in("/acme/login", "bob", "secret");
    let set = answer.headers.iter().find(|(header, value)| header == "set-cookie" && value.starts_with(name)).unwrap();
    for part in ["Path=/", "HttpOnly", "Secure", "SameSite=Lax"] {
        assert!(set.1.contains(part), "{}", set.1);
    }
    assert_ne!(browser.cookies[name], first);
    world.create_workspace("other");
    browser.cookies.insert("__Host-gry_se_other".to_owned(), first);
    let elsewhere = browser.get("/other/account");
    assert!(elsewhere.location().starts_with("/other/login"), "a session of one workspace is none in another");
}

#[test]
fn wrong_credentials_are_told_the_same_way() {
    let world = World::new();
    let mut answers = Vec::new();
    for username in ["bob", "nobody"] {
        let mut browser = Browser::new(&world);
        let answer = browser.sign_in("/acme/login", username, "wrong");
        assert_eq!(answer.status, 422);
        answers.push(answer.body.contains("User name or password is wrong"));
        assert!(!browser.cookies.contains_key("__Host-gry_se_acme"));
    }
    assert_eq!(answers, [true, true]);
}

#[test]
fn a_form_has_to_come_from_our_page_in_this_browser_and_lately() {
    let world = World::new();
    let mut browser = Browser::new(&world);
    let token = browser.get("/acme/login").hidden("form_token");
    assert_eq!(browser.post_from("https://evil.test", "/acme/login", &fields(&token, "bob", "secret")).status, 403);
    assert_eq!(browser.post("/acme/login", &fields("", "bob", "secret")).status, 403);
    let mut other = Browser::new(&world);
    other.get("/acme/login");
    assert_eq!(other.post("/acme/login", &fields(&token, "bob", "secret")).status, 403, "another browser's form");
    world.pass(2 * 3_600);
    let old = browser.post("/acme/login", &fields(&token, "bob", "secret"));
    assert_eq!(old.status, 403);
    assert!(old.body.contains("name=\"form_token\""), "a fresh form is shown");
    let fresh = old.hidden("form_token");
    assert_eq!(browser.post("/acme/login", &fields(&fresh, "bob", "secret")).status, 303);
}

#[test]
fn a_consent_posted_by_another_site_grants_nothing() {
    let world = World::new();
    let mut browser = world.bob();
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    let page = browser.get(asked.location());
    let (token, request) = (page.hidden("form_token"), page.hidden("request"));
    let forged = [("form_token", token.as_str()), ("request", &request), ("decision", "allow")];
    assert_eq!(browser.post_from("https://evil.test", "/acme/consent", &forged).status, 403);
    assert_eq!(browser.post_across("cross-site", "/acme/consent", &forged).status, 403);
    assert_eq!(browser.post_across("same-site", "/acme/consent", &forged).status, 403);
    let without = [("request", request.as_str()), ("decision", "allow")];
    assert_eq!(browser.post("/acme/consent", &without).status, 403);
    let login_token = Browser::new(&world).get("/acme/login").hidden("form_token");
    let of_login = [("form_token", login_token.as_str()), ("request", &request), ("decision", "allow")];
    assert_eq!(browser.post("/acme/consent", &of_login).status, 403, "a form token of another form");
    assert!(browser.post_across("same-origin", "/acme/consent", &forged).answer_parameter("code").is_some());
}

#[test]
fn return_to_stays_in_the_workspace() {
    let world = World::new();
    for (return_to, goes_to) in [
        ("/acme/account", "/acme/account"),
        ("/acme/oauth2/apps?q=a", "/acme/oauth2/apps?q=a"),
        ("https://evil.test/", "/acme/oauth2"),
        ("//evil.test/", "/acme/oauth2"),
        ("/\\evil.test/", "/acme/oauth2"),
        ("/other/account", "/acme/oauth2"),
        ("/acme//evil.test", "/acme/oauth2"),
        ("/acme/../other/account", "/acme/oauth2"),
        ("/acme/x/.%2E/%2e./other", "/acme/oauth2"),
    ] {
        let mut browser = Browser::new(&world);
        let token = browser.get("/acme/login").hidden("form_token");
        let mut form = fields(&token, "bob", "secret").to_vec();
        form.push(("return_to", return_to));
        assert_eq!(browser.post("/acme/login", &form).location(), goes_to, "{return_to}");
    }
}

#[test]
fn failures_slow_a_stranger_down_and_not_a_known_browser() {
    let world = World::new();
    let mut known = world.bob();
    known.cookies.remove("__Host-gry_se_acme");
    let mut stranger = Browser::new(&world);
    let statuses: Vec<u16> = (0..6).map(|_| stranger.sign_in("/acme/login", "bob", "wrong").status).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429]);
    let throttled = stranger.sign_in("/acme/login", "bob", "secret");
    assert_eq!(throttled.status, 429, "even the right password waits");
    assert!(throttled.header("retry-after").is_some());
    assert_eq!(known.sign_in("/acme/login", "bob", "secret").status, 303, "bob's own browser is not slowed down");
}

#[test]
fn a_request_that_waited_too_long_is_not_answered() {
    let world = World::new();
    let mut browser = world.bob();
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    world.pass(3_600);
    assert_eq!(browser.get(asked.location()).status, 403);
    assert_eq!(browser.get("/acme/consent?request=nonsense").status, 403);
}

#[test]
fn an_address_that_lacks_a_part_is_a_page_too() {
    let world = World::new();
    for path in ["/acme/consent", "/acme/consent?request=a&request=b", "/acme/login?return_to=a&return_to=b"] {
        let answer = world.get(path, &[]);
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.body.contains("<h1") && answer.header("content-security-policy").is_some(), "{}", answer.body);
    }
    assert_eq!(world.bob().get("/acme/oauth2/apps/app/secrets/x/retire").status, 404);
    assert_eq!(world.get("/assets/%ff", &[]).status, 404);
}

#[test]
fn s3_3_consent_is_given_to_what_was_shown_and_to_nothing_else() {
    let world = World::new();
    let mut browser = world.bob();
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app&scope=*");
    let page = browser.get(asked.location());
    let (token, request) = (page.hidden("form_token"), page.hidden("request"));
    let allow = [("form_token", token.as_str()), ("request", &request), ("decision", "allow")];
    world.change_workspace(|row| {
        let more = ScopeDefinition { name: "admin".to_owned(), optional: false, ..row.scopes[0].clone() };
        row.scopes.push(more);
    });
    world.change_registration("app", |registration| registration.scope = Scope::parse("read write admin").unwrap());
    let again = browser.post("/acme/consent", &allow);
    assert_eq!(again.status, 403, "{}", again.body);
    assert!(again.body.contains("What read does") && again.body.contains("admin"), "what is asked now is shown");
    world.change_registration("app", |registration| {
        registration.redirect_uris = vec![RedirectUri::register("https://evil.test/cb").unwrap()];
    });
    let fresh = again.hidden("form_token");
    let allow = [("form_token", fresh.as_str()), ("request", &request), ("decision", "allow")];
    assert_eq!(browser.post("/acme/consent", &allow).status, 403);
}

#[test]
fn a_no_is_a_no_also_after_a_yes_in_another_tab() {
    let world = World::new();
    let mut browser = world.bob();
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    let other = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    let page = browser.get(other.location());
    assert!(browser.consent(&asked, "allow", &["write", "profile"]).answer_parameter("code").is_some());
    let (token, request) = (page.hidden("form_token"), page.hidden("request"));
    for (decision, error) in [("deny", Some("access_denied")), ("cancel", Some("access_denied")), ("allow", None)] {
        let answer =
            browser.post("/acme/consent", &[("form_token", &token), ("request", &request), ("decision", decision)]);
        assert_eq!(answer.answer_parameter("error").as_deref(), error, "{decision}");
        if let Some(code) = answer.answer_parameter("code") {
            let tokens = world.token(&format!("grant_type=authorization_code&code={code}"));
            assert_eq!(tokens.text("scope"), "read", "unticked here is unticked");
        }
    }
}

#[test]
fn rfc9700_s4_11_2_a_waiting_request_of_a_stranger_leads_nowhere_before_signing_in() {
    let world = World::new();
    let mut attacker = Browser::new(&world);
    let bad = attacker.get("/acme/oauth2/authorize?client_id=app&response_type=nope");
    let request = bad.location().split_once("request=").unwrap().1.to_owned();
    let mut victim = Browser::new(&world);
    for answer in [
        victim.get(&format!("/acme/consent?request={request}")),
        victim.post("/acme/consent", &[("request", &request), ("decision", "deny")]),
    ] {
        assert!(answer.location().starts_with("/acme/oauth2/authorize?"), "{}", answer.location());
    }
}

#[test]
fn a_scope_that_became_required_meanwhile_is_asked_for_again() {
    let world = World::new();
    let mut browser = world.bob();
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    let page = browser.get(asked.location());
    world.change_workspace(|row| row.scopes[1].optional = false);
    let (token, request) = (page.hidden("form_token"), page.hidden("request"));
    let unticked = [("form_token", token.as_str()), ("request", &request), ("decision", "allow")];
    assert_eq!(browser.post("/acme/consent", &unticked).status, 403);
}

#[test]
fn openid_registration_s2_the_person_sees_logo_policy_and_terms() {
    let world = World::new();
    world.change_registration("app", |app| {
        app.openid.logo_uri = Some("https://logos.test/a.png?x=\"".into());
        app.openid.policy_uri = Some("https://app.test/privacy".into());
        app.openid.tos_uri = Some("javascript:alert(1)".into());
    });
    let mut browser = Browser::new(&world);
    let asked = browser.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    let login = browser.get(asked.location());
    let mut bob = world.bob();
    let asked = bob.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    let consent = bob.get(asked.location());
    for page in [login, consent] {
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("img-src 'self' data: https://logos.test;"), "{policy}");
        assert!(page.body.contains("<img class=\"logo\" src=\"https://logos.test/a.png?x=&#34;\""), "{}", page.body);
        assert!(page.body.contains("referrerpolicy=\"no-referrer\""));
        let link = "<a href=\"https://app.test/privacy\" target=\"_blank\" rel=\"noopener noreferrer\">";
        assert!(page.body.contains(link), "{}", page.body);
        assert!(!page.body.contains("javascript:"));
    }
    world.change_registration("app", |app| app.openid.logo_uri = Some("http://logos.test/a.png".into()));
    let asked = bob.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    let page = bob.get(asked.location());
    assert!(!page.header("content-security-policy").unwrap().contains("logos.test") && !page.body.contains("<img"));
}

#[test]
fn a_request_that_waited_too_long_signs_nobody_in() {
    let world = World::new();
    let mut browser = Browser::new(&world);
    let token = browser.get("/acme/login").form_token("/acme/login");
    let fields = [("form_token", token.as_str()), ("request", "garbage"), ("username", "bob"), ("password", "secret")];
    let told = browser.post("/acme/login", &fields);
    assert_eq!(told.status, 403, "{}", told.body);
    assert!(!told.body.contains("name=\"request\""), "the next one stands without it");
    assert!(!browser.cookies.keys().any(|name| name.starts_with("gry_se_")), "{:?}", browser.cookies);
}

//! *Try it*: what is sent, what came back, and what it cannot be used for.

use super::*;

#[test]
fn try_it_shows_what_was_sent_and_what_came_back() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let app = [("client_id", "demo"), ("client_secret", SECRET)];
    let password =
        [("grant_type", "password"), ("username", "bob"), ("password", "secret"), ("scope", "read"), app[0], app[1]];
    let page = try_it(&mut browser, &password);
    assert!(page.status == 200 && page.body.contains("It worked."), "{}", page.body);
    let request = block(&page, "\"Request of step 1\"");
    assert!(
        request.starts_with("POST /acme/oauth2/token HTTP/1.1\nHost: grantry.test\nAuthorization: Basic "),
        "{request}"
    );
    assert!(request.ends_with("grant_type=password&username=bob&password=secret&scope=read"), "{request}");
    let answer: serde_json::Value = serde_json::from_str(&block(&page, "\"Answer of step 1\"")).unwrap();
    assert_eq!(answer["scope"], "read");
    assert!(is_active(&world, answer["access_token"].as_str().unwrap()));
    let introspection: serde_json::Value = serde_json::from_str(&block(&page, "\"Answer of step 2\"")).unwrap();
    assert_eq!((&introspection["active"], &introspection["username"]), (&true.into(), &"bob".into()));
    let service = try_it(&mut browser, &[("grant_type", "client_credentials"), app[0], app[1]]);
    assert!(service.body.contains("It worked.") && service.body.contains("Give it back"));

    let token = page.hidden_in("/oauth2/try");
    let refresh_token = page.hidden("refresh_token");
    let refresh = [
        ("form_token", token.as_str()),
        ("grant_type", "refresh_token"),
        ("refresh_token", &refresh_token),
        app[0],
        app[1],
    ];
    assert!(browser.post(TRY, &refresh).body.contains("It worked."));
    let access_token = page.hidden("access_token");
    let revoke =
        [("form_token", token.as_str()), ("token", &refresh_token), ("access_token", &access_token), app[0], app[1]];
    let revoked = browser.post(TRY, &revoke);
    assert!(block(&revoked, "\"Request of step 1\"").contains("POST /acme/oauth2/revoke"));
    assert_eq!(block(&revoked, "\"Answer of step 2\""), "{\n  \"active\": false\n}");
    assert!(browser.post(TRY, &refresh).body.contains("invalid_grant"));
}

#[test]
fn try_it_can_do_what_the_endpoint_allows_and_no_more() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let refused = |page: Answer, code: &str| {
        assert!(
            page.status == 200 && page.body.contains("role=\"alert\"") && page.body.contains(code),
            "{code}: {}",
            page.body
        );
        assert!(!page.body.contains("gry_at_"), "{}", page.body);
    };
    let app = [("client_id", "demo"), ("client_secret", SECRET)];
    refused(
        try_it(&mut browser, &[("grant_type", "client_credentials"), app[0], ("client_secret", "wrong")]),
        "invalid_client",
    );
    refused(try_it(&mut browser, &[("grant_type", "client_credentials"), app[0]]), "invalid_client");
    refused(try_it(&mut browser, &[("grant_type", "../revoke"), app[0], app[1]]), "unsupported_grant_type");
    refused(try_it(&mut browser, &[app[0], app[1]]), "invalid_request");
    let guess = [("grant_type", "password"), ("username", "bob"), ("password", "wrong"), app[0], app[1]];
    for _ in 0..5 {
        refused(try_it(&mut browser, &guess), "invalid_grant");
    }
    refused(try_it(&mut browser, &guess), "temporarily_unavailable");
    let header = basic("demo", SECRET);
    let form = "grant_type=password&username=bob&password=wrong";
    let direct = world.post("/acme/oauth2/token", form, &[("authorization", &header)]);
    assert_eq!(direct.status, 429, "both doors count together: {}", direct.body);
}

#[test]
fn a_form_of_another_site_or_of_another_page_does_nothing() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let docs = browser.get(DOCS);
    let token = docs.hidden_in("/oauth2/try");
    let fields = |token| {
        [("form_token", token), ("grant_type", "client_credentials"), ("client_id", "demo"), ("client_secret", SECRET)]
    };
    assert_eq!(browser.post_from("https://evil.test", TRY, &fields(&token)).status, 403);
    assert_eq!(browser.post(TRY, &fields("")).status, 403);
    assert_eq!(browser.post(GRANT, &fields(&token)).status, 403);
    assert_eq!(Browser::new(&world).post(TRY, &fields(&token)).status, 403, "another browser");
    let link = href(&docs, "try-code-link");
    let state = link.split("state=").nth(1).unwrap();
    assert_eq!(browser.post(TRY, &fields(state)).status, 403, "a state is no form token");
    assert_eq!(browser.post(TRY, &fields(&token)).status, 200);
}

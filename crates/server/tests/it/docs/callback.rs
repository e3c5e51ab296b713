//! The live link, and the page that a code comes back to.

use super::*;

#[test]
fn the_live_link_comes_back_with_a_code_that_is_exchanged_on_a_click() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let page = follow(&mut browser, DOCS);
    assert!(page.body.contains("A code has arrived"), "{}", page.body);
    assert_eq!(page.body.matches(">ok</span>").count(), 2, "iss and state: {}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let tokens = exchange(&mut browser, &page, &[]);
    assert!(is_active(&world, &tokens.hidden("access_token")));
    assert!(tokens.body.contains("It worked.") && tokens.body.contains("gry_rt_"), "{}", tokens.body);
    let introspection: serde_json::Value = serde_json::from_str(&block(&tokens, "\"Answer of step 2\"")).unwrap();
    assert_eq!((&introspection["active"], &introspection["sub"]), (&true.into(), &"sub-bob".into()));
    let again = exchange(&mut browser, &page, &[]);
    assert!(again.body.contains("invalid_grant") && !again.body.contains("gry_at_"), "{}", again.body);
    assert!(!is_active(&world, &tokens.hidden("access_token")), "a second use ends what the first bought");
}

#[test]
fn the_callback_knows_whose_request_comes_back() {
    let world = demo();
    let bob = owner(&world, "bob");
    register_for(&world, bob, "public", |it| it.token_endpoint_auth_method = AuthMethod::None);
    register_for(&world, bob, "two", |it| {
        it.redirect_uris.insert(0, RedirectUri::register("https://app.test/cb").unwrap())
    });
    let mut browser = world.bob();
    let page = follow(&mut browser, "/acme/oauth2?app=public");
    assert!(page.body.contains("value=\"public\"") && page.body.contains(VERIFIER), "{}", page.body);
    let tokens = exchange(&mut browser, &page, &[]);
    assert!(tokens.body.contains("It worked.") && !tokens.body.contains("Request of step 2"), "{}", tokens.body);
    let page = follow(&mut browser, "/acme/oauth2?app=two");
    let tokens = exchange(&mut browser, &page, &[("client_secret", SECRET)]);
    assert!(tokens.body.contains("It worked."), "{}", tokens.body);

    // The example with every parameter, pasted from the page.
    let example = block(&browser.get(DOCS), "aria-label=\"Authorization request: HTTP\"");
    let answer = browser.authorize(example.split(['?', ' ']).nth(2).unwrap());
    let page = browser.get(path(answer.location()));
    assert_eq!(page.body.matches(">ok</span>").count(), 2, "{}", page.body);
    assert!(exchange(&mut browser, &page, &[]).body.contains("It worked."));
}

#[test]
fn the_callback_repeats_nothing_that_a_stranger_wrote() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let link = "error=access_denied&error_description=Call+555-0100&error_uri=javascript:alert(1)&iss=https://evil.test&state=x";
    let page = browser.get(&format!("{GRANT}?{link}"));
    assert!(page.body.contains("access_denied") && page.body.matches(">wrong</span>").count() == 2, "{}", page.body);
    assert!(!page.body.contains("555-0100") && !page.body.contains("javascript:"), "{}", page.body);
    for stranger in ["code=Call+555-0100", "error=Call+555-0100", "code=gry_ac_AAAA", ""] {
        let page = browser.get(&format!("{GRANT}?{stranger}"));
        assert!(page.body.contains("id=\"fragment\"") && !page.body.contains("555-0100"), "{stranger}: {}", page.body);
    }
    // What this server says to this browser is shown in full.
    let link = href(&browser.get(DOCS), "try-code-link");
    browser.sign_in("/acme/login", "bob", "secret");
    let asked = browser.get(path(&link));
    let denied = browser.consent(&asked, "deny", &[]);
    let page = browser.get(path(denied.location()));
    assert!(page.body.contains("access_denied") && page.body.contains("The user denied the request."), "{}", page.body);
    assert!(page.body.contains("RFC 6749 section"), "{}", page.body);
}

//! OpenID Connect RP-Initiated Logout 1.0, at the front door. Names begin with its sections.

use crate::harness::{Answer, Browser, CALLBACK, SECRET, World, basic, openid_request};
use grantry_protocol::Scope;
use grantry_protocol::redirect_uri::RedirectUri;

const LOGOUT: &str = "/acme/oauth2/logout";
const SIGNED_OUT: &str = "/acme/account/signed-out";
const BYE: &str = "https://app.test/bye";

/// With the client `rp`, which registered where to go after a logout.
fn world() -> World {
    let world = World::new();
    world.register("rp", |registration| {
        registration.scope = Scope::parse("openid offline_access read").unwrap();
        registration.openid.post_logout_redirect_uris = vec![RedirectUri::register(BYE).unwrap()];
    });
    world
}

fn id_token(browser: &mut Browser<'_>) -> String {
    browser.sign_in_to("rp", "").text("id_token")
}

fn query(parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{LOGOUT}?{query}")
}

fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.get("/acme/account").status == 200
}

/// The page that asks, and nothing that leads away from it.
fn asks(answer: &Answer) -> bool {
    answer.status == 200 && answer.body.contains("id=\"logout-yes\"")
}

/// Presses the button of the page that asks.
fn confirm(browser: &mut Browser<'_>, page: &Answer) -> Answer {
    let (token, request) = (page.form_token(LOGOUT), page.hidden("request"));
    browser.post(LOGOUT, &[("form_token", &token), ("request", &request)])
}

/// What the client hears when it asks silently.
fn silent(browser: &mut Browser<'_>) -> Answer {
    browser.get(&format!("{}&prompt=none", openid_request("rp")))
}

#[test]
fn s2_a_hint_of_this_session_signs_out_and_leads_back_with_state() {
    let world = world();
    let mut bob = world.bob();
    let hint = id_token(&mut bob);
    assert!(silent(&mut bob).answer_parameter("code").is_some());
    let state = "a".repeat(100) + " &=\"<>";
    let request = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", &state)];
    let answer = bob.get(&query(&request));
    assert_eq!(answer.status, 303);
    assert_eq!(answer.answer_parameter("state").unwrap(), state);
    let expected = form_urlencoded::Serializer::new(String::new()).append_pair("state", &state).finish();
    assert_eq!(answer.location(), format!("{BYE}?{expected}"), "and nothing else");
    assert!(!is_signed_in(&mut bob) && bob.cookies.keys().all(|name| !name.contains("gry_se_")));
    assert_eq!(silent(&mut bob).answer_parameter("error").unwrap(), "login_required");
    // RP-Initiated Logout §2: once more is no error.
    assert_eq!(bob.get(&query(&request[..2])).location(), BYE);
    assert_eq!(Browser::new(&world).get(&query(&request[..2])).location(), BYE);
    let answer = bob.get(&query(&request[..1]));
    assert_eq!(answer.location(), SIGNED_OUT);
    assert!(bob.get(SIGNED_OUT).body.contains("Signed out"));
}

#[test]
fn s2_an_expired_hint_is_good_while_the_session_is_there_and_none_afterwards() {
    let world = world();
    let mut bob = world.bob();
    let hint = id_token(&mut bob);
    let request = query(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]);
    world.pass(2 * 3_600);
    assert_eq!(bob.get(&request).location(), BYE);
    let offer = bob.get(&request);
    assert_eq!(offer.status, 200, "nobody is sent anywhere");
    let link = format!("id=\"continue\" href=\"{BYE}\"");
    assert!(offer.body.contains("Signed out") && offer.body.contains(&link), "{}", offer.body);
    assert!(!offer.body.contains("data-goes-by-itself"));
}

#[test]
fn s2_without_parameters_the_person_is_asked() {
    let world = world();
    for parameters in [&[][..], &[("state", "1")], &[("logout_hint", "bob"), ("ui_locales", "se"), ("foo", "bar")]] {
        let mut bob = world.bob();
        let page = bob.get(&query(parameters));
        assert!(asks(&page) && is_signed_in(&mut bob), "{}", page.body);
        let answer = confirm(&mut bob, &page);
        assert_eq!((answer.status, answer.location()), (303, SIGNED_OUT));
        assert!(!is_signed_in(&mut bob));
        let again = bob.get(&query(parameters));
        assert_eq!((again.status, again.location()), (303, SIGNED_OUT), "there is nothing to ask");
    }
}

#[test]
fn s3_client_id_leads_back_after_the_person_has_agreed() {
    let world = world();
    let mut bob = world.bob();
    id_token(&mut bob);
    let page = bob.get(&query(&[("client_id", "rp"), ("post_logout_redirect_uri", BYE), ("state", "x y")]));
    assert!(asks(&page) && page.body.contains("The rp") && page.body.contains("https://app.test</strong>"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://app.test;"), "{policy}");
    assert_eq!(confirm(&mut bob, &page).location(), format!("{BYE}?state=x+y"));
    assert!(!is_signed_in(&mut bob));
}

#[test]
fn s3_without_hint_and_client_id_nobody_is_redirected_whatever_they_confirm() {
    let world = world();
    let mut bob = world.bob();
    let page = bob.get(&query(&[("post_logout_redirect_uri", BYE), ("state", "1")]));
    assert!(asks(&page) && page.body.contains("You will not be sent back"), "{}", page.body);
    assert!(!page.body.contains("app.test"));
    assert_eq!(confirm(&mut bob, &page).location(), SIGNED_OUT);
}

#[test]
fn s3_a_uri_that_is_not_registered_is_an_error_page_and_nothing_ends() {
    let world = world();
    let mut bob = world.bob();
    let hint = id_token(&mut bob);
    for uri in [&format!("{BYE}?foo=bar"), &format!("{BYE}/"), "https://evil.test/bye", CALLBACK, "javascript:alert(1)"]
    {
        for named in [("id_token_hint", hint.as_str()), ("client_id", "rp")] {
            let answer = bob.get(&query(&[named, ("post_logout_redirect_uri", uri)]));
            assert_eq!(answer.status, 400);
            assert!(answer.body.contains("invalid_request") && answer.body.contains("post_logout_redirect_uri"));
            assert!(answer.header("location").is_none() && !answer.body.contains("evil.test"));
        }
    }
    let named = [("id_token_hint", hint.as_str()), ("client_id", "app")];
    assert_eq!(bob.get(&query(&named)).status, 400, "the hint is of another app");
    let twice = format!("{}&state=2", query(&[("id_token_hint", &hint), ("state", "1")]));
    assert_eq!(bob.get(&twice).status, 400);
    assert!(is_signed_in(&mut bob));
}

#[test]
fn s4_a_hint_that_is_not_ours_is_asked_about_and_leads_nowhere() {
    let world = world();
    let mut bob = world.bob();
    let hint = id_token(&mut bob);
    let access_token = bob.sign_in_to("rp", "").text("access_token");
    let (head, signature) = hint.rsplit_once('.').unwrap();
    let (_, payload) = head.split_once('.').unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    let cut = format!("{head}.{}", &signature[4..]);
    for hint in [unsigned.as_str(), &cut, &access_token, "x"] {
        let page = bob.get(&query(&[("id_token_hint", hint), ("post_logout_redirect_uri", BYE)]));
        assert!(asks(&page) && page.body.contains("not from here"), "{}", page.body);
    }
    assert!(is_signed_in(&mut bob));
    let page = bob.get(&query(&[("id_token_hint", &unsigned), ("client_id", "rp"), ("post_logout_redirect_uri", BYE)]));
    assert_eq!(confirm(&mut bob, &page).location(), SIGNED_OUT);
    assert!(!is_signed_in(&mut bob));
}

#[test]
fn s2_a_hint_of_somebody_else_is_asked_about() {
    let world = world();
    world.create_user("alice", "secret");
    let mut alice = Browser::new(&world);
    alice.sign_in("/acme/login", "alice", "secret");
    let hint = id_token(&mut world.bob());
    let page = alice.get(&query(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]));
    assert!(asks(&page) && page.body.contains("ALICE"), "{}", page.body);
    assert_eq!(confirm(&mut alice, &page).location(), BYE);
    assert!(!is_signed_in(&mut alice));
}

#[test]
fn s2_a_form_of_another_site_becomes_a_request_without_the_id_token() {
    let world = world();
    let mut bob = world.bob();
    let hint = id_token(&mut bob);
    // Browsers leave our cookies out of such a form.
    let mut stranger = Browser::new(&world);
    let form = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "1")];
    let answer = stranger.post_across("cross-site", LOGOUT, &form);
    assert_eq!(answer.status, 303);
    let location = answer.location();
    assert!(location.starts_with("/acme/oauth2/logout?request=gry_lq_"), "{location}");
    let payload = hint.split('.').nth(1).unwrap();
    assert!(!location.contains(payload) && location.len() < 1_000, "{location}");
    assert_eq!(bob.get(location).location(), format!("{BYE}?state=1"));
    // The largest token that fits into a form, and a state that does not fit into an address.
    let long = "x".repeat(15_000);
    let answer = stranger.post_across("cross-site", LOGOUT, &[("id_token_hint", &long)]);
    assert!(answer.location().len() < 300);
    assert_eq!(stranger.post_across("cross-site", LOGOUT, &[("state", &long)]).status, 413);
    // What waits does not wait for ever, and is of one workspace.
    world.pass(3_601);
    assert_eq!(bob.get(location).status, 403);
    assert_eq!(bob.get("/acme/oauth2/logout?request=gry_lq_AAAA").status, 403);
}

#[test]
fn s2_only_the_form_of_our_own_page_confirms() {
    let world = world();
    let (mut bob, mut other) = (world.bob(), world.bob());
    let page = bob.get(LOGOUT);
    let (token, request) = (page.form_token(LOGOUT), page.hidden("request"));
    let form = [("form_token", token.as_str()), ("request", &request)];
    for answer in [
        bob.post_across("cross-site", LOGOUT, &form),
        bob.post_from("https://evil.test", LOGOUT, &form),
        bob.post(LOGOUT, &[("form_token", "gry_ft_AAAA"), ("request", &request)]),
        other.post(LOGOUT, &form),
    ] {
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("You are still signed in"), "{}", answer.body);
    }
    assert!(is_signed_in(&mut bob) && is_signed_in(&mut other));
    world.pass(2 * 3_600);
    assert_eq!(bob.post(LOGOUT, &form).status, 403);
    let page = bob.get(LOGOUT);
    assert_eq!(confirm(&mut bob, &page).location(), SIGNED_OUT);
}

#[test]
fn backchannel_s2_7_what_was_granted_ends_but_for_offline_access() {
    let world = world();
    let mut bob = world.bob();
    let usual = bob.sign_in_to("rp", "");
    let offline = bob.sign_in_to("rp", "%20offline_access&prompt=consent");
    assert!(offline.text("scope").contains("offline_access"), "{}", offline.body);
    let refresh = |answer: &Answer| {
        let token = answer.text("refresh_token");
        world.token_as("rp", &format!("grant_type=refresh_token&refresh_token={token}")).status
    };
    let is_active = |answer: &Answer| {
        let form = format!("token={}", answer.text("access_token"));
        let answer = world.post("/acme/oauth2/introspect", &form, &[("authorization", &basic("rp", SECRET))]);
        answer.json()["active"].as_bool().unwrap()
    };
    assert!(is_active(&usual) && is_active(&offline));
    bob.get(&query(&[("id_token_hint", &usual.text("id_token"))]));
    assert!(!is_signed_in(&mut bob));
    assert_eq!((is_active(&usual), is_active(&offline)), (false, true));
    assert_eq!((refresh(&usual), refresh(&offline)), (400, 200));
    // Withdrawing ends that, too.
    let mut again = world.bob();
    let withdraw = "/acme/account/apps/rp/withdraw";
    let token = again.get(withdraw).form_token(withdraw);
    again.post(withdraw, &[("form_token", &token)]);
    assert_eq!(refresh(&offline), 400);
}

#[test]
fn s2_1_metadata_names_the_endpoint() {
    let world = world();
    let metadata = world.get("/acme/.well-known/openid-configuration", &[]).json();
    assert_eq!(metadata["end_session_endpoint"], "https://grantry.test/acme/oauth2/logout");
    for member in
        ["frontchannel_logout", "frontchannel_logout_session", "backchannel_logout", "backchannel_logout_session"]
    {
        assert_eq!(metadata[format!("{member}_supported")], true, "{member}");
    }
    assert_eq!(metadata["check_session_iframe"], "https://grantry.test/acme/oauth2/session");
}

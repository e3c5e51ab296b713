//! OpenID Connect Front-Channel Logout 1.0, at the front door. Names begin with its sections.

use crate::harness::{Answer, Browser, World, jwt_part, wait};
use grantry_protocol::Scope;
use grantry_protocol::redirect_uri::RedirectUri;

const SIGN_OUT: &str = "/acme/account/sign-out";
const BYE: &str = "https://rp.test/bye";

/// With three clients: one that wants to know which session, one that does not, and one that wants to know nothing.
fn world() -> World {
    let world = World::new();
    let clients = [("rp", Some("https://rp.test/out?from=op")), ("two", Some("https://two.test/out")), ("quiet", None)];
    for (client_id, uri) in clients {
        world.register(client_id, |registration| {
            registration.scope = Scope::parse("openid read").unwrap();
            registration.openid.frontchannel_logout_uri = uri.map(str::to_owned);
            registration.openid.frontchannel_logout_session_required = client_id == "rp";
            registration.openid.post_logout_redirect_uris = vec![RedirectUri::register(BYE).unwrap()];
        });
    }
    world
}

/// Signs in to a client: its ID Token.
fn sign_in_to(browser: &mut Browser<'_>, client_id: &str) -> String {
    browser.sign_in_to(client_id, "").text("id_token")
}

fn sid(id_token: &str) -> String {
    jwt_part(id_token, 1)["sid"].as_str().unwrap().to_owned()
}

/// What the frames of a page load, in alphabetical order.
fn frames(page: &Answer) -> Vec<String> {
    let tags = page.body.split("<iframe").skip(1).map(|tag| tag.split('>').next().unwrap());
    let source = |tag: &str| tag.split("src=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let mut frames: Vec<_> = tags.map(source).collect();
    frames.sort();
    frames
}

fn rp_frame(sid: &str) -> String {
    format!("https://rp.test/out?from=op&iss=https%3A%2F%2Fgrantry.test%2Facme&sid={sid}")
}

#[test]
fn s2_the_page_after_a_logout_loads_the_address_of_every_client_and_goes_on() {
    let world = world();
    let mut bob = world.bob();
    let hint = sign_in_to(&mut bob, "rp");
    for client_id in ["two", "quiet"] {
        sign_in_to(&mut bob, client_id);
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "a&b")])
        .finish();
    let answer = bob.get(&format!("/acme/oauth2/logout?{query}"));
    let location = answer.location();
    assert!(location.starts_with("/acme/account/signed-out?end=gry_so_"), "{location}");
    let page = bob.get(location);
    assert_eq!(frames(&page), [rp_frame(&sid(&hint)), "https://two.test/out".to_owned()]);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-src https://rp.test https://two.test;"), "{policy}");
    let link = "id=\"continue\" href=\"https://rp.test/bye?state=a%26b\" data-goes-by-itself";
    assert!(page.body.contains("Signed out") && page.body.contains(link), "{}", page.body);
    // It is one link among many to whoever is signed in again, or comes late.
    let mut again = Browser { world: &world, cookies: bob.cookies.clone() };
    again.sign_in("/acme/login", "bob", "secret");
    assert_eq!(again.get(location).location(), "https://rp.test/bye?state=a%26b");
    world.pass(601);
    assert_eq!(frames(&bob.get(location)), [""; 0]);
    assert!(frames(&bob.get("/acme/account/signed-out?end=gry_so_AAAA")).is_empty());
}

#[test]
fn s2_what_one_browser_has_to_do_no_other_does() {
    let world = world();
    world.create_user("alice", "secret");
    let mut bob = world.bob();
    let hint = sign_in_to(&mut bob, "rp");
    let answer = bob.get(&format!("/acme/oauth2/logout?id_token_hint={hint}&post_logout_redirect_uri={BYE}"));
    // A link that leads anybody else on, in our name, to what some app registered.
    let mut alice = Browser::new(&world);
    let page = alice.get(answer.location());
    assert_eq!(frames(&page), [""; 0]);
    assert!(page.body.contains("Signed out") && !page.body.contains("rp.test"), "{}", page.body);
    alice.sign_in("/acme/login", "alice", "secret");
    assert_eq!(alice.get(answer.location()).location(), "/acme/account");
    assert_eq!(frames(&bob.get(answer.location())).len(), 1);
}

#[test]
fn s2_signing_out_here_tells_clients_too_and_only_those_of_this_session() {
    let world = world();
    let (mut bob, mut elsewhere) = (world.bob(), world.bob());
    let hint = sign_in_to(&mut bob, "rp");
    sign_in_to(&mut elsewhere, "two");
    let token = bob.get("/acme/account").form_token(SIGN_OUT);
    let answer = bob.post(SIGN_OUT, &[("form_token", &token)]);
    let page = bob.get(answer.location());
    assert_eq!(frames(&page), [rp_frame(&sid(&hint))]);
    assert!(page.body.contains("Sign in again") && !page.body.contains("id=\"continue\""));

    let all = "/acme/account/sessions/sign-out-all";
    let token = elsewhere.get("/acme/account").form_tokens(all).pop().unwrap_or_default();
    let answer = elsewhere.post(all, &[("form_token", &token), ("which", "all")]);
    assert_eq!(frames(&elsewhere.get(answer.location())), ["https://two.test/out"]);
}

#[test]
fn s2_a_session_without_such_clients_needs_no_frames() {
    let world = world();
    let mut bob = world.bob();
    let hint = sign_in_to(&mut bob, "quiet");
    let answer = bob.get(&format!("/acme/oauth2/logout?id_token_hint={hint}&post_logout_redirect_uri={BYE}"));
    assert_eq!(answer.location(), BYE);
    let page = bob.get("/acme/account/signed-out");
    assert!(page.header("content-security-policy").unwrap().contains("frame-src 'none';"));
}

#[test]
fn s2_the_same_person_signing_in_again_keeps_the_session_and_its_clients() {
    let world = world();
    let mut bob = world.bob();
    let first = sid(&sign_in_to(&mut bob, "two"));
    bob.sign_in("/acme/login", "bob", "secret");
    let hint = sign_in_to(&mut bob, "rp");
    assert_eq!(sid(&hint), first);
    let answer = bob.get(&format!("/acme/oauth2/logout?id_token_hint={hint}"));
    assert_eq!(frames(&bob.get(answer.location())).len(), 2);
}

#[test]
fn s2_a_client_that_was_switched_off_or_is_gone_is_not_loaded() {
    let world = world();
    let mut bob = world.bob();
    let hint = sign_in_to(&mut bob, "rp");
    sign_in_to(&mut bob, "two");
    let answer = bob.get(&format!("/acme/oauth2/logout?id_token_hint={hint}"));
    let now = world.server().clock().now();
    wait(world.server().store().write(world.workspace, move |tx| {
        let rp = tx.find_client("rp")?.unwrap();
        let two = tx.find_client("two")?.unwrap();
        tx.set_client_disabled(rp.row, Some(now))?;
        tx.delete_client(two.row)
    }))
    .unwrap();
    let page = bob.get(answer.location());
    assert_eq!((page.status, frames(&page)), (200, vec![]));
}

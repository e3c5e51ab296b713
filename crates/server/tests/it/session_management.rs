//! OpenID Connect Session Management 1.0, at the front door; what the script does is for the browser tests.

use crate::harness::{Browser, World, openid_request};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantry_protocol::Scope;

const COOKIE: &str = "__Host-gry_bs_acme";

fn world() -> World {
    let world = World::new();
    world.register("rp", |registration| registration.scope = Scope::parse("openid read").unwrap());
    world
}

/// The `session_state` of an answer to `rp`.
fn session_state(browser: &mut Browser<'_>, more: &str) -> String {
    let answer = browser.answer_for("rp", more);
    answer.answer_parameter("session_state").unwrap_or_else(|| panic!("{answer:?}"))
}

/// What the frame answers to the client of [`CALLBACK`](crate::harness::CALLBACK), with the cookies of this browser.
fn is_unchanged(browser: &Browser<'_>, session_state: &str) -> bool {
    let (claimed, salt) = session_state.split_once('.').unwrap();
    let state = browser.cookies.get(COOKIE).map(String::as_str).unwrap_or_default();
    let text = format!("rp https://app.test {state} {salt}");
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes())) == claimed
}

#[test]
fn s2_every_openid_answer_has_a_session_state_and_no_other() {
    let world = world();
    let mut bob = world.bob();
    let mut known = Vec::new();
    for response_type in ["code", "id_token", "code id_token"] {
        let request = openid_request("rp").replace("response_type=code", &format!("response_type={response_type}"));
        let mut answer = bob.get(&request.replace(' ', "%20"));
        if answer.location().starts_with("/acme/consent") {
            answer = bob.consent(&answer, "allow", &[]);
        }
        let session_state = answer.answer_parameter("session_state").unwrap_or_else(|| panic!("{answer:?}"));
        assert!(is_unchanged(&bob, &session_state) && !session_state.contains(' '));
        assert!(!known.contains(&session_state), "each has a salt of its own");
        known.push(session_state);
    }
    let page = bob.answer_for("rp", "&response_mode=form_post");
    assert!(is_unchanged(&bob, &page.hidden("session_state")));
    let without = bob.authorize("client_id=rp&response_type=code&scope=read");
    assert!(without.answer_parameter("code").is_some() && without.answer_parameter("session_state").is_none());
}

#[test]
fn s3_2_the_state_changes_with_the_session() {
    let world = world();
    world.create_user("alice", "secret");
    let mut bob = world.bob();
    let state = session_state(&mut bob, "");
    bob.sign_in("/acme/login", "bob", "secret");
    assert!(is_unchanged(&bob, &state), "the same person signed in again");
    let mut other = Browser { world: &world, cookies: bob.cookies.clone() };
    other.sign_in("/acme/login", "alice", "secret");
    assert!(!is_unchanged(&other, &state));
    let mut bob = world.bob();
    assert!(!is_unchanged(&bob, &state), "another session of the same person");
    let state = session_state(&mut bob, "");
    let page = bob.get("/acme/oauth2/logout");
    let (token, request) = (page.form_token("/acme/oauth2/logout"), page.hidden("request"));
    bob.post("/acme/oauth2/logout", &[("form_token", &token), ("request", &request)]);
    assert!(!bob.cookies.contains_key(COOKIE) && !is_unchanged(&bob, &state));
}

#[test]
fn s3_2_a_browser_whose_session_ended_elsewhere_learns_it_from_the_next_page() {
    let world = world();
    let mut bob = world.bob();
    assert!(bob.cookies.contains_key(COOKIE));
    world.pass(13 * 3_600);
    bob.get("/acme/oauth2");
    assert!(!bob.cookies.contains_key(COOKIE));
    let mut bob = world.bob();
    let before = bob.cookies.remove(COOKIE);
    bob.get("/acme/oauth2");
    assert_eq!(bob.cookies.get(COOKIE), before.as_ref(), "and one that lost it gets it back");
}

#[test]
fn s3_3_any_page_may_frame_the_frame_and_scripts_read_its_cookie_only() {
    let world = world();
    let frame = world.get("/acme/oauth2/session", &[]);
    assert_eq!((frame.status, frame.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(frame.header("x-frame-options").is_none());
    let policy = frame.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors *") && policy.contains("script-src 'self';"), "{policy}");
    assert!(frame.body.contains(&format!("data-cookie=\"{COOKIE}\"")), "{}", frame.body);
    assert!(frame.body.matches("<script").count() == 1 && frame.headers.iter().all(|(name, _)| name != "set-cookie"));
    let script = frame.body.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(world.get(script, &[]).body.contains("postMessage"));

    let mut browser = Browser::new(&world);
    let answer = browser.sign_in("/acme/login", "bob", "secret");
    let set = |kind: &str| {
        let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        let mut ours = cookies
            .map(|(_, value)| value.as_str())
            .filter(|value| value.starts_with(&format!("__Host-gry_{kind}_acme=")));
        ours.next_back().unwrap()
    };
    assert!(set("bs").ends_with("; Path=/; SameSite=None; Secure"), "{}", set("bs"));
    assert!(set("se").contains("HttpOnly; SameSite=Lax; Secure"), "{}", set("se"));
    assert!(!set("se").contains(browser.cookies[COOKIE].as_str()));
}

//! The user's own page: what they see there, withdraw, end and change.

use crate::harness::{Answer, Browser, World};

const HOME: &str = "/acme/account";
const PASSWORD: &str = "/acme/account/password";
const END_ONE: &str = "/acme/account/sessions/sign-out";
const END_MANY: &str = "/acme/account/sessions/sign-out-all";
const SIGN_OUT: &str = "/acme/account/sign-out";
const WITHDRAW: &str = "/acme/account/apps/app/withdraw";

fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.get(HOME).status == 200
}

fn change_password(browser: &mut Browser<'_>, current: &str, new: &str, repeat: &str) -> Answer {
    let token = browser.get(PASSWORD).form_token(PASSWORD);
    let fields = [("form_token", token.as_str()), ("current", current), ("new", new), ("repeat", repeat)];
    browser.post(PASSWORD, &fields)
}

fn can_sign_in(world: &World, password: &str) -> bool {
    Browser::new(world).sign_in("/acme/login", "bob", password).status == 303
}

#[test]
fn the_page_shows_who_where_and_what() {
    let world = World::new();
    let mut bob = world.bob();
    let empty = bob.get(HOME);
    for part in ["BOB", "bob", "No app has access", "this browser", "127.0.0.1"] {
        assert!(empty.body.contains(part), "{part}: {}", empty.body);
    }
    assert!(!empty.body.contains("id=\"sign-out-others\""));
    assert!(bob.authorize("response_type=code&client_id=app").answer_parameter("code").is_some());
    let page = bob.get(HOME);
    for part in ["The app", "What read does", "What write does", "/acme/account/apps/app/withdraw"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let answer = world.get(HOME, &[]);
    assert_eq!((answer.status, answer.location()), (303, "/acme/login?return_to=%2Facme%2Faccount"));
    for path in [END_ONE, END_MANY, SIGN_OUT] {
        assert_eq!(bob.get(path).location(), HOME, "{path}");
    }
}

#[test]
fn to_withdraw_ends_tokens_and_the_app_asks_again() {
    let world = World::new();
    let mut bob = world.bob();
    let code = bob.authorize("response_type=code&client_id=app").answer_parameter("code").unwrap();
    let tokens = world.token(&format!("grant_type=authorization_code&code={code}"));
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    assert!(world.is_active(&access));

    let page = bob.get(WITHDRAW);
    assert!(page.body.contains("What read does"), "{}", page.body);
    let home_token = bob.get(HOME).form_token(END_MANY);
    let stale = bob.post(WITHDRAW, &[("form_token", &home_token)]);
    assert_eq!((stale.status, stale.body.contains("nothing was done")), (403, true));
    assert!(world.is_active(&access));

    let token = page.form_token(WITHDRAW);
    let answer = bob.post(WITHDRAW, &[("form_token", &token)]);
    assert_eq!(answer.status, 303);
    let home = bob.get(answer.location());
    assert!(home.body.contains("The app no longer has access") && home.body.contains("No app has access"));
    assert!(!world.is_active(&access));
    assert_eq!(world.token(&format!("grant_type=refresh_token&refresh_token={refresh}")).error(), "invalid_grant");
    let again = bob.get("/acme/oauth2/authorize?response_type=code&client_id=app");
    assert!(again.location().starts_with("/acme/consent"));
    // Twice is once, and what is not connected is not here.
    assert_eq!(bob.post(WITHDRAW, &[("form_token", &token)]).location(), HOME);
    assert_eq!(bob.get(WITHDRAW).status, 404);
    assert_eq!(bob.get("/acme/account/apps/nothing/withdraw").status, 404);
}

#[test]
fn a_notice_says_only_what_is_so() {
    let world = World::new();
    let mut bob = world.bob();
    bob.authorize("response_type=code&client_id=app");
    assert!(!bob.get("/acme/account?withdrawn=app").body.contains("no longer has access"));
    assert_eq!(bob.get("/acme/account?withdrawn=%00&done=%3Cb%3E").status, 200);
}

#[test]
fn one_session_is_signed_out_and_no_row_id_leaves() {
    let world = World::new();
    let (mut here, mut there) = (world.bob(), world.bob());
    let page = here.get(HOME);
    let tokens = page.form_tokens(END_ONE);
    // Newest first: the other browser signed in last.
    assert_eq!(tokens.len(), 2);
    assert!(tokens.iter().all(|token| token.starts_with("gry_ft_")));
    assert!(!page.body.contains("end-session"));

    // The form of this browser is worth nothing in another.
    assert_eq!(there.post(END_ONE, &[("form_token", &tokens[0])]).status, 403);
    assert_eq!(here.post_from("https://evil.test", END_ONE, &[("form_token", &tokens[0])]).status, 403);
    let other_form = page.form_token(SIGN_OUT);
    assert_eq!(here.post(END_ONE, &[("form_token", &other_form)]).status, 403);
    assert!(is_signed_in(&mut there));

    let answer = here.post(END_ONE, &[("form_token", &tokens[0])]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(here.get(answer.location()).body.contains("has been signed out"));
    assert!(!is_signed_in(&mut there) && is_signed_in(&mut here));
    let own = here.get(HOME).form_token(END_ONE);
    assert_eq!(here.post(END_ONE, &[("form_token", &own)]).location(), "/acme/account/signed-out");
    assert!(here.cookies.keys().all(|name| !name.contains("gry_se_")));
    assert!(!is_signed_in(&mut here));
}

#[test]
fn a_person_cannot_end_the_session_of_another() {
    let world = World::new();
    world.create_user("alice", "secret");
    let (mut bob, mut alice) = (world.bob(), Browser::new(&world));
    alice.sign_in("/acme/login", "alice", "secret");
    let page = alice.get(HOME);
    assert_eq!(page.form_tokens(END_ONE).len(), 1);
    assert_eq!(bob.post(END_ONE, &[("form_token", &page.form_token(END_ONE))]).status, 403);
    assert!(is_signed_in(&mut alice));
}

#[test]
fn all_others_or_all_sessions_are_signed_out() {
    let world = World::new();
    let (mut one, mut two, mut three) = (world.bob(), world.bob(), world.bob());
    let token = one.get(HOME).form_token(END_MANY);
    assert_eq!(one.post(END_MANY, &[("form_token", &token)]).status, 400);
    assert_eq!(one.post(END_MANY, &[("form_token", "x"), ("which", "all")]).status, 403);
    assert!(is_signed_in(&mut two));
    let answer = one.post(END_MANY, &[("form_token", &token), ("which", "others")]);
    assert!(one.get(answer.location()).body.contains("All other browsers have been signed out"));
    assert!(is_signed_in(&mut one) && !is_signed_in(&mut two) && !is_signed_in(&mut three));
    let mut two = world.bob();
    let answer = one.post(END_MANY, &[("form_token", &token), ("which", "all")]);
    assert_eq!(answer.location(), "/acme/account/signed-out");
    assert!(!is_signed_in(&mut one) && !is_signed_in(&mut two));
}

#[test]
fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let world = World::new();
    let mut bob = world.bob();
    let (page, before) = (bob.get(HOME), bob.cookies.clone());
    let token = page.form_token(SIGN_OUT);
    assert_eq!(bob.post_from("https://evil.test", SIGN_OUT, &[("form_token", &token)]).status, 403);
    assert_eq!(bob.post(SIGN_OUT, &[("form_token", &page.form_token(END_MANY))]).status, 403);
    assert!(is_signed_in(&mut bob));

    let answer = bob.post(SIGN_OUT, &[("form_token", &token)]);
    assert_eq!((answer.status, answer.location()), (303, "/acme/account/signed-out"));
    assert!(bob.cookies.keys().all(|name| !name.contains("gry_se_")));
    let page = bob.get(answer.location());
    assert_eq!((page.status, page.body.contains("Signed out")), (200, true));
    // Whoever kept the cookie has nothing.
    bob.cookies = before;
    assert!(!is_signed_in(&mut bob));
    // Signing out twice is no error.
    assert_eq!(bob.post(SIGN_OUT, &[("form_token", &token)]).status, 303);
}

#[test]
fn a_password_is_changed_by_who_knows_the_current_one() {
    let world = World::new();
    let (mut bob, mut other) = (world.bob(), world.bob());
    let long = "x".repeat(1_025);
    for (current, new, repeat, text) in [
        ("wrong", "a new password", "a new password", "not your current password"),
        ("", "a new password", "a new password", "Type your current password"),
        ("secret", "seven77", "seven77", "at least 8"),
        ("secret", &long, &long, "at most 1024"),
        ("secret", "a new password", "another one", "differ"),
        ("a new password", "a new password", "a new password", "is the current one"),
    ] {
        let answer = change_password(&mut bob, current, new, repeat);
        assert_eq!(answer.status, 422, "{text}");
        assert!(answer.body.contains(text), "{text}: {}", answer.body);
        assert!(!answer.body.contains("value=\"a new"), "a password never comes back");
    }
    assert!(can_sign_in(&world, "secret"));
    let answer = change_password(&mut bob, "secret", "a new password", "a new password");
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(bob.get(answer.location()).body.contains("Your password has been changed"));
    assert!(!can_sign_in(&world, "secret") && can_sign_in(&world, "a new password"));
    assert!(is_signed_in(&mut other), "nobody asked to sign it out");
}

#[test]
fn a_password_change_can_sign_out_the_others() {
    let world = World::new();
    let (mut bob, mut other) = (world.bob(), world.bob());
    let token = bob.get(PASSWORD).form_token(PASSWORD);
    let mut fields = vec![("form_token", token.as_str()), ("current", "secret"), ("sign_out_others", "yes")];
    fields.extend([("new", "a new password"), ("repeat", "a new password")]);
    assert_eq!(bob.post_from("https://evil.test", PASSWORD, &fields).status, 403);
    assert!(is_signed_in(&mut other));
    assert_eq!(bob.post(PASSWORD, &fields).status, 303);
    assert!(is_signed_in(&mut bob) && !is_signed_in(&mut other));
}

#[test]
fn guesses_at_the_current_password_are_slowed_down() {
    let world = World::new();
    let mut bob = world.bob();
    for _ in 0..5 {
        assert_eq!(change_password(&mut bob, "wrong", "a new password", "a new password").status, 422);
    }
    let answer = change_password(&mut bob, "secret", "a new password", "a new password");
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert!(answer.header("retry-after").is_some() && answer.body.contains("Too many attempts"));
    assert!(can_sign_in(&world, "secret"));
    world.pass(60);
    assert_eq!(change_password(&mut bob, "secret", "a new password", "a new password").status, 303);
}

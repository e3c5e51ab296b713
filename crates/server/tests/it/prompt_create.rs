//! Initiating User Registration via OpenID Connect: an app sends a person here to make an account, and gets them back signed in.

use crate::harness::{Answer, Browser, CALLBACK, World, jwt_part, openid_request};
use crate::sign_up::{fill_in, open_world};
use grantry_protocol::Scope;
use serde_json::json;

/// A workspace where people sign up by themselves, with the client `rp` for OpenID Connect.
fn world() -> World {
    let world = open_world();
    world.register("rp", |registration| registration.scope = Scope::parse("openid profile read").unwrap());
    world
}

/// Asks for a new account, by the response type.
fn asked(browser: &mut Browser<'_>, more: &str) -> Answer {
    browser.get(&format!("{}&prompt=create&state=st{more}", openid_request("rp")))
}

#[test]
fn s4_1_a_person_makes_an_account_and_the_app_learns_who_it_is() {
    let world = world();
    let mut browser = Browser::new(&world);
    let asked = asked(&mut browser, "");
    assert!(asked.location().starts_with("/acme/sign-up?request=gry_rq_"), "{}", asked.location());
    let page = browser.get(asked.location());
    assert!(page.body.contains("to continue to <strong>The rp</strong>") && page.body.contains("id=\"cancel\""));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://app.test;"), "{policy}");
    let made = fill_in(&mut browser, &page, "ann", "correct horse");
    assert!(made.location().starts_with("/acme/oauth2/authorize?resume=gry_rq_"), "{made:?}");
    let on = browser.get(made.location());
    assert!(on.location().starts_with("/acme/consent?"), "signing up agrees to nothing: {}", on.location());
    let answer = browser.consent(&on, "allow", &[]);
    assert_eq!(answer.answer_parameter("state").as_deref(), Some("st"));
    let form = format!(
        "grant_type=authorization_code&code={}&redirect_uri={CALLBACK}",
        answer.answer_parameter("code").unwrap()
    );
    let id_token = jwt_part(&world.token_as("rp", &form).text("id_token"), 1);
    let ann = world.user("ann").unwrap();
    assert_eq!((&id_token["sub"], &id_token["auth_time"]), (&json!(ann.subject), &json!(ann.created_at.as_unix())));
    let again = browser.sign_in_to("rp", "&prompt=none");
    assert_eq!(jwt_part(&again.text("id_token"), 1)["sub"], json!(ann.subject), "a session like any other");
}

#[test]
fn s4_1_every_response_type_starts_there_and_a_request_by_post_too() {
    let world = world();
    for response_type in ["id_token", "code+id_token+token", "none"] {
        let path = openid_request("rp").replace("response_type=code", &format!("response_type={response_type}"));
        let answer = Browser::new(&world).get(&format!("{path}&prompt=create"));
        assert!(answer.location().starts_with("/acme/sign-up?"), "{response_type}: {}", answer.location());
    }
    let (path, query) =
        openid_request("rp").split_once('?').map(|(path, query)| (path.to_owned(), query.to_owned())).unwrap();
    let posted = world.post(&path, &format!("{query}&prompt=create"), &[]);
    assert!(Browser::new(&world).get(posted.location()).location().starts_with("/acme/sign-up?"));
}

#[test]
fn s4_1_whoever_is_signed_in_gets_the_page_and_may_sign_in_instead() {
    let world = world();
    let mut browser = world.bob();
    let asked = asked(&mut browser, "");
    let page = browser.get(asked.location());
    assert!(page.body.contains("id=\"sign-up-submit\""), "{}", page.body);
    let again = browser.get(&format!("/acme/oauth2/authorize?resume={}", page.hidden("request")));
    assert!(again.location().starts_with("/acme/sign-up?"), "the session from before does not answer it");
    let login = asked.location().replace("/sign-up", "/login");
    assert!(page.body.contains(&format!("<a id=\"login\" href=\"{login}\">")), "{}", page.body);
    let signed_in = browser.sign_in(&login, "bob", "secret");
    let on = browser.get(signed_in.location());
    assert!(browser.consent(&on, "allow", &[]).answer_parameter("code").is_some());
}

#[test]
fn s4_1_a_new_person_ends_the_session_of_the_one_before() {
    let world = world();
    let mut browser = world.bob();
    let before = browser.cookies["__Host-gry_se_acme"].clone();
    let tokens = browser.sign_in_to("rp", "");
    let asked = asked(&mut browser, "");
    let page = browser.get(asked.location());
    assert_eq!(fill_in(&mut browser, &page, "ann", "correct horse").status, 303);
    assert!(!world.is_active(&tokens.text("access_token")), "what bob granted in it ends with it");
    browser.cookies.insert("__Host-gry_se_acme".to_owned(), before);
    assert!(browser.get("/acme/account").location().starts_with("/acme/login"), "and so does the session");
}

#[test]
fn s4_1_a_request_that_is_over_makes_no_account() {
    let world = world();
    let mut browser = Browser::new(&world);
    let asked = asked(&mut browser, "");
    let page = browser.get(asked.location());
    world.pass(3_600);
    let over = fill_in(&mut browser, &page, "ann", "correct horse");
    assert!(over.status == 403 && over.body.contains("no account was made"), "{}", over.body);
    assert!(world.user("ann").is_none() && !browser.cookies.contains_key("__Host-gry_se_acme"));
    assert_eq!(fill_in(&mut browser, &over, "ann", "correct horse").location(), "/acme/oauth2");
}

#[test]
fn s4_1_to_cancel_is_access_denied() {
    let world = world();
    let mut browser = Browser::new(&world);
    let asked = asked(&mut browser, "");
    let page = browser.get(asked.location());
    let (token, request) = (page.hidden("form_token"), page.hidden("request"));
    let answer =
        browser.post("/acme/sign-up", &[("form_token", &token), ("request", &request), ("decision", "cancel")]);
    assert!(answer.location().starts_with(CALLBACK));
    assert_eq!(answer.answer_parameter("error").as_deref(), Some("access_denied"));
}

#[test]
fn s4_1_where_it_is_off_it_is_an_invalid_request_and_nobody_is_sent_to_sign_up() {
    let world = world();
    world.change_workspace(|row| row.policy.sign_up = false);
    let error = |answer: &Answer| {
        assert!(answer.location().starts_with(CALLBACK), "{}", answer.location());
        (answer.answer_parameter("error").unwrap(), answer.answer_parameter("error_description").unwrap())
    };
    let (code, description) = error(&asked(&mut world.bob(), ""));
    assert!(code == "invalid_request" && description.contains("prompt=create"), "{description}");
    let stranger = asked(&mut Browser::new(&world), "");
    assert!(stranger.location().starts_with("/acme/login?"), "{}", stranger.location());
    world.change_workspace(|row| row.policy.sign_up = true);
    let mut bob = world.bob();
    for more in ["+login", "+none", "+consent", "+select_account"] {
        let both = bob.get(&format!("{}&prompt=create{more}", openid_request("rp")));
        assert_eq!(error(&both).0, "invalid_request", "{more}");
    }
    let id_token = bob.sign_in_to("rp", "").text("id_token");
    let sub = "%7B%22id_token%22:%7B%22sub%22:%7B%22value%22:%22ann%22%7D%7D%7D";
    for more in [format!("&id_token_hint={id_token}"), format!("&claims={sub}")] {
        let (code, description) = error(&asked(&mut bob, &more));
        assert!(code == "invalid_request" && description.contains("somebody new"), "{more}: {description}");
    }
}

#[test]
fn s4_1_switched_off_while_the_request_waits_the_app_is_told() {
    let world = world();
    let mut browser = world.bob();
    let asked = asked(&mut browser, "");
    world.change_workspace(|row| row.policy.sign_up = false);
    let page = browser.get(asked.location());
    assert_eq!(page.status, 404, "{}", page.body);
    let request = asked.location().split_once("request=").unwrap().1;
    let resumed = browser.get(&format!("/acme/oauth2/authorize?resume={request}"));
    assert_eq!(resumed.answer_parameter("error").as_deref(), Some("invalid_request"));
}

#[test]
fn s4_2_metadata_lists_it_where_people_sign_up_beside_all_others() {
    let world = world();
    let listed = |world: &World| {
        world.get("/acme/.well-known/openid-configuration", &[]).json()["prompt_values_supported"].clone()
    };
    assert_eq!(listed(&world), json!(["none", "login", "consent", "select_account", "create"]));
    world.change_workspace(|row| row.policy.sign_up = false);
    assert_eq!(listed(&world), json!(["none", "login", "consent", "select_account"]));
}

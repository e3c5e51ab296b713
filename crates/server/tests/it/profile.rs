//! OpenID Connect Core §5.1: the standard claims, as a person sees and changes their own on the account page.

use crate::harness::{Answer, Browser, Engine, World, wait};
use grantry_protocol::claims::{own_fields, write};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PROFILE: &str = "/acme/account/profile";
const HOME: &str = "/acme/account";

/// What is kept about a user.
fn claims(world: &World, username: &'static str) -> Value {
    let find = world.server().store().read(world.workspace, move |tx| tx.find_user_by_username(username));
    serde_json::from_str(&wait(find).unwrap().unwrap().claims).unwrap()
}

/// Makes this all that is known about bob.
fn know(world: &World, claims: &Value) {
    let claims = write(claims.as_object().unwrap().clone());
    let work = move |tx: &mut grantry_storage::Tx<'_>| {
        let mut bob = tx.find_user_by_username("bob")?.unwrap();
        bob.claims.clone_from(&claims);
        tx.update_user(&bob)
    };
    assert!(wait(world.server().store().write(world.workspace, work)).unwrap());
}

fn save(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> Answer {
    let token = browser.get(PROFILE).form_token(PROFILE);
    let fields = [&[("form_token", token.as_str())], fields].concat();
    browser.post(PROFILE, &fields)
}

/// The values of a form that says everything, each other than the others.
const EVERYTHING: [(&str, &str); 21] = [
    ("name", "Bob Baker"),
    ("given_name", "Bob"),
    ("family_name", "Baker"),
    ("middle_name", "Norman"),
    ("nickname", "Bobby"),
    ("preferred_username", "b.baker"),
    ("profile", "https://example.com/bob"),
    ("picture", "https://example.com/bob.png"),
    ("website", "http://bob.example"),
    ("gender", "male"),
    ("birthdate", "1990-01-31"),
    ("zoneinfo", "Europe/Berlin"),
    ("locale", "en-GB"),
    ("email", "bob@example.com"),
    ("phone_number", "+1 555 010 0199"),
    ("formatted", "1 Sample Street\r\n12345 Exampletown"),
    ("street_address", "1 Sample Street"),
    ("locality", "Exampletown"),
    ("region", "Example"),
    ("postal_code", "12345"),
    ("country", "Nowhere"),
];

#[test]
fn s5_1_every_claim_of_ones_own_can_be_said_and_taken_back() {
    let world = World::new();
    let mut bob = world.bob();
    let own: BTreeSet<&str> = own_fields().map(|(field, _)| field).collect();
    assert_eq!(own, EVERYTHING.map(|(field, _)| field).into());

    let answer = save(&mut bob, &EVERYTHING);
    assert_eq!((answer.status, answer.location()), (303, "/acme/account?done=profile"));
    let home = bob.get(answer.location()).body;
    for part in ["Your profile has been saved.", "Bob Baker", "bob@example.com"] {
        assert!(home.contains(part), "{part}: {home}");
    }
    let mut expected: serde_json::Map<String, Value> =
        EVERYTHING[..15].iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
    let address: serde_json::Map<String, Value> =
        EVERYTHING[15..].iter().map(|(name, value)| (name.to_string(), json!(value.replace("\r\n", "\n")))).collect();
    expected.insert("address".to_owned(), address.into());
    for (name, value) in [("email_verified", json!(false)), ("phone_number_verified", json!(false))] {
        expected.insert(name.to_owned(), value);
    }
    expected.insert("updated_at".to_owned(), json!(1_800_000_000));
    assert_eq!(claims(&world, "bob"), Value::Object(expected));

    let page = bob.get(PROFILE).body;
    for (field, value) in EVERYTHING {
        let shown = match field {
            "formatted" | "street_address" => format!("\n{}</textarea>", value.replace("\r\n", "\n")),
            _ => format!("name=\"{field}\" value=\"{value}\""),
        };
        assert!(page.replace("&#43;", "+").contains(&shown), "{shown}: {page}");
    }
    world.pass(60);
    assert_eq!(save(&mut bob, &EVERYTHING.map(|(field, _)| (field, " "))).status, 303);
    assert_eq!(claims(&world, "bob"), json!({"updated_at": 1_800_000_060}));
}

#[test]
fn s5_1_what_others_say_of_a_person_is_not_theirs_to_change() {
    let world = World::new();
    world.create_user("alice", "secret");
    let known = json!({
        "email": "bob@example.com", "email_verified": true, "phone_number": "112", "phone_number_verified": true, "name#ja": "ボブ",
    });
    know(&world, &known);
    let mut bob = world.bob();
    assert!(bob.get(PROFILE).body.matches("Confirmed.").count() == 2);
    let others = [
        ("email_verified", "false"),
        ("name#ja", ""),
        ("updated_at", "1"),
        ("sub", "sub-alice"),
        ("username", "alice"),
        ("admin", "yes"),
    ];
    assert_eq!(save(&mut bob, &others).status, 303);
    assert_eq!(claims(&world, "bob"), known);

    assert_eq!(save(&mut bob, &[("email", "bob@example.org"), ("phone_number", "112")]).status, 303);
    let now = claims(&world, "bob");
    assert_eq!((&now["email"], &now["email_verified"]), (&json!("bob@example.org"), &json!(false)));
    assert_eq!((&now["phone_number_verified"], &now["name#ja"]), (&json!(true), &json!("ボブ")));
    assert!(bob.get(PROFILE).body.matches("Confirmed.").count() == 1);
    assert_eq!(claims(&world, "alice"), json!({}));
}

#[test]
fn s5_1_what_is_wrong_stands_beside_its_field_and_nothing_is_saved() {
    let world = World::new();
    let mut bob = world.bob();
    let long = "x".repeat(101);
    for (field, value) in [
        ("name", long.as_str()),
        ("nickname", "Bob\tBy"),
        ("picture", "javascript:alert(1)"),
        ("website", "data:text/html,x"),
        ("profile", "https://bank.example@evil.example/"),
        ("email", "bob"),
        ("phone_number", "call me"),
        ("birthdate", "31.01.1990"),
        ("zoneinfo", "../etc/passwd"),
        ("locale", "en_GB"),
        ("country", "a\nb"),
    ] {
        let answer = save(&mut bob, &[(field, value), ("given_name", "Robert")]);
        assert_eq!(answer.status, 422, "{field}");
        for part in ["Nothing has been saved.", "value=\"Robert\"", &format!("id=\"{field}-error\">Please type ")] {
            assert!(answer.body.contains(part), "{field} {part}: {}", answer.body);
        }
        assert_eq!(answer.body.matches("class=\"field-error\"").count(), 1, "{field}");
    }
    assert_eq!(claims(&world, "bob"), json!({}));
}

#[test]
fn only_the_person_changes_it_with_a_form_of_ours() {
    let world = World::new();
    world.create_user("alice", "secret");
    let (mut bob, mut alice) = (world.bob(), Browser::new(&world));
    alice.sign_in("/acme/login", "alice", "secret");
    let to_login = "/acme/login?return_to=%2Facme%2Faccount%2Fprofile";
    assert_eq!(Browser::new(&world).get(PROFILE).location(), to_login);
    assert_eq!(Browser::new(&world).post(PROFILE, &[("nickname", "x")]).location(), to_login);

    let (of_bob, of_password) = (bob.get(PROFILE).form_token(PROFILE), {
        let password = "/acme/account/password";
        alice.get(password).form_token(password)
    });
    for token in ["", "x", &of_bob, &of_password] {
        let answer = alice.post(PROFILE, &[("form_token", token), ("nickname", "Mallory")]);
        assert_eq!(answer.status, 403, "{token}");
        assert!(answer.body.contains("nothing was done") && answer.body.contains("value=\"Mallory\""));
    }
    let answer = bob.post_from("https://evil.test", PROFILE, &[("form_token", &of_bob), ("nickname", "Mallory")]);
    assert_eq!(answer.status, 403);
    assert_eq!((claims(&world, "alice"), claims(&world, "bob")), (json!({}), json!({})));
}

#[test]
fn what_a_person_says_is_text_on_every_page() {
    let world = World::new();
    let mut bob = world.bob();
    let evil = "\"><script>alert(1)</script>";
    assert_eq!(
        save(&mut bob, &[("name", evil), ("street_address", "</textarea><script>alert(1)</script>")]).status,
        303
    );
    for page in [PROFILE, HOME, "/acme/oauth2"] {
        assert!(!bob.get(page).body.contains("<script>alert"), "{page}");
    }
}

/// Each of many changes another claim at once, and tries again where it is told that nothing was saved.
fn no_change_is_lost(worlds: &[&World]) {
    let mut bob = worlds[0].bob();
    let token = bob.get(PROFILE).form_token(PROFILE);
    let fields = &EVERYTHING[..8];
    std::thread::scope(|scope| {
        for (number, (field, value)) in fields.iter().enumerate() {
            let (cookies, token, world) = (bob.cookies.clone(), token.as_str(), worlds[number % worlds.len()]);
            scope.spawn(move || {
                let mut bob = Browser { world, cookies };
                let mut save = || bob.post(PROFILE, &[("form_token", token), (field, value)]).status;
                let told = std::iter::repeat_with(&mut save).take(100).find(|status| *status != 409);
                assert_eq!(told, Some(303));
            });
        }
    });
    let known = claims(worlds[0], "bob");
    for (field, value) in fields {
        assert_eq!(known[field], *value);
    }
}

#[test]
fn sqlite_no_change_is_lost() {
    no_change_is_lost(&[&World::new()]);
}

#[test]
fn postgres_no_change_is_lost_across_two_processes() {
    let world = World::on(Engine::Postgres);
    let other = world.another();
    no_change_is_lost(&[&world, &other]);
}

//! An app is registered: its form, its secret, and what is wrong with either.

use super::*;

#[test]
fn whoever_is_not_signed_in_signs_in_and_comes_back() {
    let world = World::new();
    let mut browser = Browser::new(&world);
    let answer = browser.get("/acme/oauth2/apps?q=a%20b&page=2");
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location(), "/acme/login?return_to=%2Facme%2Foauth2%2Fapps%3Fq%3Da%2520b%26page%3D2");
    let page = browser.get(answer.location());
    let (token, back) = (page.hidden("form_token"), page.hidden("return_to").replace("&#38;", "&"));
    let fields = [("form_token", token.as_str()), ("return_to", &back), ("username", "bob"), ("password", "secret")];
    assert_eq!(browser.post("/acme/login", &fields).location(), "/acme/oauth2/apps?q=a%20b&page=2");
    for path in ["/new", "/app", "/app/edit", "/app/secret", "/app/rotate", "/app/secrets/1/retire", "/app/delete"] {
        let answer = world.get(&format!("/acme/oauth2/apps{path}"), &[]);
        assert!(answer.location().starts_with("/acme/login?return_to=%2Facme%2Foauth2%2Fapps%2F"), "{path}");
    }
}

#[test]
fn an_app_is_registered_and_its_secret_shown_once() {
    let world = World::new();
    let mut bob = world.bob();
    let answer = fill(&mut bob, NEW, &WEB);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = answer.location().to_owned();
    let cookie = answer.headers.iter().find(|(_, value)| value.starts_with("__Secure-gry_fs_acme=")).unwrap().1.clone();
    for part in [format!("Path={page};").as_str(), "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=300"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let shown = bob.get(&page);
    let secret = secret_on(&shown).unwrap();
    assert!(shown.body.contains("Notebook is registered"));
    assert_eq!(secret.len(), 43);
    assert!(!answer.location().contains(&secret) && !cookie.contains(&secret));
    let client_id = page.strip_prefix("/acme/oauth2/apps/").unwrap().strip_suffix("/secret").unwrap();
    assert_eq!(tries(&world, client_id, &secret), 200);

    let again = bob.get(&page);
    assert_eq!((again.status, secret_on(&again)), (200, None));
    assert!(again.body.contains("is not shown again") && again.body.contains("/rotate\""), "{}", again.body);
    let stored = client(&world, client_id).unwrap();
    assert!(stored.secrets.iter().all(|stored| stored.digest.starts_with("sha256:")));
    let app = bob.get(&format!("/acme/oauth2/apps/{client_id}"));
    for part in ["Notebook", "https://notebook.test/cb", "Client Credentials", "client_secret_basic", "60 seconds"] {
        assert!(app.body.contains(part), "{part}");
    }
    assert!(!app.body.contains(&secret));
}

#[test]
fn a_secret_waits_five_minutes_and_for_its_own_page_only() {
    let world = World::new();
    let mut bob = world.bob();
    let (one, other) = (register(&mut bob, &WEB), register(&mut bob, &WEB));
    // The jar of these tests knows no paths: the cookie of the second app is shown to the page of the first.
    let kept = bob.cookies.clone();
    assert_eq!(secret_on(&bob.get(&format!("/acme/oauth2/apps/{one}/secret"))), None);
    bob.cookies = kept;
    world.pass(301);
    assert_eq!(secret_on(&bob.get(&format!("/acme/oauth2/apps/{other}/secret"))), None);
}

#[test]
fn a_public_app_has_no_secret() {
    let world = World::new();
    let mut bob = world.bob();
    let fields: Vec<_> = with("type", "spa").into_iter().filter(|field| field.1 != "client_credentials").collect();
    let client_id = register(&mut bob, &fields);
    let page = bob.get(&format!("/acme/oauth2/apps/{client_id}/secret"));
    assert!(page.body.contains("proves itself with PKCE") && secret_on(&page).is_none());
    assert!(client(&world, &client_id).unwrap().is_public());
    assert_eq!(bob.get(&format!("/acme/oauth2/apps/{client_id}/rotate")).status, 404);
}

#[test]
fn a_service_gets_its_usual_grants_without_touching_a_tick() {
    let world = World::new();
    let mut bob = world.bob();
    let page = bob.get(NEW);
    let (token, preselected) = (page.form_token(NEW), page.hidden("preselected_for"));
    let fields = [
        ("form_token", token.as_str()),
        ("preselected_for", &preselected),
        ("name", "Nightly report"),
        ("type", "service"),
        ("grant", "authorization_code"),
        ("grant", "refresh_token"),
    ];
    let answer = bob.post(NEW, &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let client_id = answer.location().split('/').nth(4).unwrap().to_owned();
    let secret = secret_on(&bob.get(answer.location())).unwrap();
    assert_eq!(tries(&world, &client_id, &secret), 200);
}

#[test]
fn what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost() {
    let world = World::new();
    let mut bob = world.bob();
    let uris = "https://notebook.test/cb\nhttps://notebook.test/cb#top\nhttp://notebook.test/<b>";
    let answer = fill(&mut bob, NEW, &with("redirect_uris", uris));
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("Line 2") && answer.body.contains("fragment"), "{}", answer.body);
    assert!(answer.body.contains("Line 3") && !answer.body.contains("/<b>"));
    assert!(answer.body.contains("value=\"Notebook\"") && answer.body.contains("Keeps notes."));
    let listed = bob.get("/acme/oauth2/apps");
    assert!(listed.body.contains("No apps yet"), "{}", listed.body);
    for (name, value, text) in [
        ("name", "", "Give the app a name"),
        ("scope", "admin", "no scope called"),
        ("code_lifetime", "3600", "between 10 and 600"),
        ("type", "robot", "Choose what kind"),
    ] {
        let answer = fill(&mut bob, NEW, &with(name, value));
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.body.contains(text), "{text}: {}", answer.body);
    }
}

#[test]
fn a_form_of_another_page_site_or_day_does_nothing() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, secret) = register_web(&mut bob);
    let other = register(&mut bob, &with("name", "Other"));
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let token = bob.get(&edit).form_token(&edit);
    let mut fields = vec![("form_token", token.as_str())];
    fields.extend(with("name", "Taken over"));

    let answer = bob.post_from("https://evil.test", &edit, &fields);
    assert_eq!(answer.status, 403);
    // The form comes back with what was typed, and a token that is good.
    assert!(answer.body.contains("value=\"Taken over\"") && answer.body.contains("open for too long"));
    assert_eq!(bob.post(&format!("/acme/oauth2/apps/{other}/edit"), &fields).status, 403);
    assert_eq!(bob.post(NEW, &fields).status, 403);
    for page in ["rotate", "delete"] {
        let fields = [("form_token", token.as_str()), ("confirm_name", "Notebook")];
        assert_eq!(bob.post(&format!("/acme/oauth2/apps/{client_id}/{page}"), &fields).status, 403, "{page}");
    }
    world.pass(2 * 3_600);
    assert_eq!(bob.post(&edit, &fields).status, 403);
    assert_eq!(bob.post(&edit, &with("name", "No token")).status, 403);
    assert_eq!(client(&world, &client_id).unwrap().registration.name, "Notebook");
    assert_eq!(client(&world, &other).unwrap().registration.name, "Other");
    assert_eq!(tries(&world, &client_id, &secret), 200);
}

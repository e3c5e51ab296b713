//! Secrets are rotated and retired, and apps are deleted.

use super::*;

#[test]
fn a_rotated_secret_overlaps_and_can_be_retired() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, first) = register_web(&mut bob);
    let app = format!("/acme/oauth2/apps/{client_id}");
    assert!(bob.get(&format!("{app}/rotate")).body.contains("7 days"));
    assert_eq!(tries(&world, &client_id, &first), 200, "looking changes nothing");
    let early = bob.get(&format!("{app}/rotate")).form_token(&format!("{app}/rotate"));
    let second = rotate(&mut bob, &client_id);
    assert_eq!((tries(&world, &client_id, &first), tries(&world, &client_id, &second)), (200, 200));

    // Two work: a third would leave nobody time to change over.
    let full = bob.get(&format!("{app}/rotate"));
    assert!(full.body.contains("/secrets/1/retire"), "{}", full.body);
    let refused = bob.post(&format!("{app}/rotate"), &[("form_token", &early)]);
    assert_eq!((refused.status, refused.body.contains("/secrets/1/retire")), (409, true), "{}", refused.body);
    // The newest is what the app should use: it can be replaced, not retired.
    assert_eq!(bob.get(&format!("{app}/secrets/2/retire")).status, 404);
    assert_eq!(bob.get(&format!("{app}/secrets/x/retire")).status, 404);

    let answer = fill(&mut bob, &format!("{app}/secrets/1/retire"), &[]);
    assert!(bob.get(answer.location()).body.contains("has been retired"));
    assert_eq!((tries(&world, &client_id, &first), tries(&world, &client_id, &second)), (401, 200));
    let third = rotate(&mut bob, &client_id);
    world.pass(7 * 86_400 - 1);
    assert_eq!(tries(&world, &client_id, &second), 200);
    world.pass(1);
    assert_eq!((tries(&world, &client_id, &second), tries(&world, &client_id, &third)), (401, 200));
}

#[test]
fn an_app_is_deleted_by_typing_its_name() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, secret) = register_web(&mut bob);
    let path = format!("/acme/oauth2/apps/{client_id}/delete");
    let header = basic(&client_id, &secret);
    let token = world.post("/acme/oauth2/token", "grant_type=client_credentials", &[("authorization", &header)]);
    let token = token.text("access_token");
    for wrong in ["", "notebook", "Notebook 2"] {
        let answer = fill(&mut bob, &path, &[("confirm_name", wrong)]);
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains("not the name"), "{}", answer.body);
    }
    assert_eq!(tries(&world, &client_id, &secret), 200);
    let answer = fill(&mut bob, &path, &[("confirm_name", "Notebook")]);
    assert_eq!(answer.status, 303);
    assert!(bob.get(answer.location()).body.contains("has been deleted"));
    assert_eq!(bob.get(&format!("/acme/oauth2/apps/{client_id}")).status, 404);
    assert_eq!(tries(&world, &client_id, &secret), 401);
    assert!(!world.is_active(&token));
    assert_eq!(tries(&world, "app", SECRET), 200);
}

#[test]
fn an_app_of_another_workspace_is_not_here() {
    let world = World::new();
    world.create_workspace("other");
    let mut bob = world.bob();
    let (client_id, _) = register_web(&mut bob);
    // bob's session is one of acme: elsewhere nobody is signed in.
    let answer = bob.get(&format!("/other/oauth2/apps/{client_id}"));
    assert!(answer.location().starts_with("/other/login?return_to="), "{}", answer.location());
}

#[test]
fn an_app_can_sign_with_the_secret_it_was_shown_and_with_the_next_one() {
    let world = World::new();
    let mut bob = world.bob();
    let client_id = register(&mut bob, &with("token_endpoint_auth_method", "client_secret_jwt"));
    let first = secret_on(&bob.get(&format!("/acme/oauth2/apps/{client_id}/secret"))).unwrap();
    let second = rotate(&mut bob, &client_id);
    for (secret, status) in [(&first, 200), (&second, 200), (&first[1..].to_owned(), 401)] {
        let now = world.server().clock().now().as_unix();
        let claims = serde_json::json!({ "iss": client_id, "sub": client_id, "aud": crate::harness::ISSUER, "jti": secret, "exp": now + 60 });
        let assertion = crate::signer::hs256(secret.as_bytes(), &serde_json::json!({ "alg": "HS256" }), &claims);
        let form = format!(
            "grant_type=client_credentials&client_assertion_type={}&client_assertion={assertion}",
            grantry_protocol::client_auth::ASSERTION_TYPE
        );
        let answer = world.post("/acme/oauth2/token", &form, &[]);
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

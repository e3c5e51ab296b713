//! What an app is said to be is changed.

use super::*;

#[test]
fn an_edit_counts_at_once() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, secret) = register_web(&mut bob);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let answer = fill(&mut bob, &edit, &with("redirect_uris", "https://notebook.test/new\nhttp://127.0.0.1/cb"));
    assert_eq!(answer.status, 303, "{}", answer.body);
    let app = bob.get(answer.location());
    assert!(app.body.contains("Saved.") && app.body.contains("http://127.0.0.1/cb"), "{}", app.body);
    let ask = |uri: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("response_type", "code"), ("client_id", &client_id), ("redirect_uri", uri)])
            .finish();
        world.get(&format!("/acme/oauth2/authorize?{query}"), &[]).status
    };
    assert_eq!((ask("https://notebook.test/cb"), ask("https://notebook.test/new")), (400, 303));
    assert_eq!(tries(&world, &client_id, &secret), 200);
    let fewer: Vec<_> = WEB.into_iter().filter(|field| field.1 != "client_credentials").collect();
    assert_eq!(fill(&mut bob, &edit, &fewer).status, 303);
    assert_eq!(tries(&world, &client_id, &secret), 400);
}

#[test]
fn openid_registration_s2_an_app_has_what_its_form_says_and_keeps_what_the_form_does_not_show() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, _) = register_web(&mut bob);
    let openid = |change: &dyn Fn(&mut grantry_protocol::client::OpenidRegistration)| {
        let mut registration = client(&world, &client_id).unwrap().registration;
        change(&mut registration.openid);
        let row = client(&world, &client_id).unwrap().row;
        wait(world.server().store().write(world.workspace, move |tx| tx.update_registration(row, &registration)))
            .unwrap();
    };
    openid(&|openid| openid.contacts = vec!["ada@notebook.test".into()]);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let fields: Vec<_> = WEB.into_iter().filter(|(name, _)| *name != "scope").chain(OPENID).collect();
    let answer = fill(&mut bob, &edit, &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let registered = client(&world, &client_id).unwrap().registration.openid;
    assert_eq!(
        serde_json::to_value(&registered).unwrap(),
        serde_json::json!({
            "post_logout_redirect_uris": ["https://notebook.test/bye", "https://notebook.test/ciao"],
            "id_token_signed_response_alg": "EdDSA",
            "subject_type": "pairwise",
            "require_auth_time": true,
            "frontchannel_logout_session_required": false,
            "backchannel_logout_session_required": false,
            "backchannel_logout_uri": "https://notebook.test/back",
            "default_max_age": 60,
            "jwks": {"keys": []},
            "contacts": ["ada@notebook.test"],
        })
    );
    let app = bob.get(answer.location());
    for part in [
        "EdDSA",
        "pairwise",
        "https://notebook.test/ciao",
        "https://notebook.test/back",
        "/acme/.well-known/openid-configuration",
    ] {
        assert!(app.body.contains(part), "{part}");
    }
    // A form without these fields leaves all of it as it is; its own form has all of it filled in.
    assert_eq!(fill(&mut bob, &edit, &WEB).status, 303);
    assert_eq!(client(&world, &client_id).unwrap().registration.openid, registered);
    let form = bob.get(&edit);
    for part in
        ["https://notebook.test/ciao", "value=\"EdDSA\" selected", "value=\"pairwise\" selected", "value=\"60\""]
    {
        assert!(form.body.contains(part), "{part}");
    }
    assert!(
        !bob.get(&format!("/acme/oauth2/apps/{client_id}")).body.contains("Discovery"),
        "it asks nobody to sign in"
    );
}

#[test]
fn openid_registration_s2_what_is_wrong_with_a_setting_stands_beside_it() {
    let world = World::new();
    let mut bob = world.bob();
    for (name, value, text) in [
        ("post_logout_redirect_uris", "https://notebook.test/\nhttps://notebook.test/#x", "Line 2"),
        ("default_max_age", "soon", "whole number"),
        ("jwks", "keys", "JSON Web Key Set"),
        ("id_token_signed_response_alg", "none", "Choose from the list"),
    ] {
        let fields: Vec<_> = WEB.into_iter().chain([(name, value)]).collect();
        let answer = fill(&mut bob, NEW, &fields);
        assert_eq!(answer.status, 422, "{name}");
        let (_, error) = answer.body.split_once(&format!("id=\"{name}-error\"")).unwrap();
        assert!(error.split("</div>").next().unwrap().contains(text), "{name}: {}", answer.body);
        assert!(answer.body.contains("class=\"advanced\" open"), "{name}");
    }
}

#[test]
fn openid_registration_s5_the_sector_is_read_before_anything_is_stored() {
    let (world, site) = (World::new(), Site::new());
    let mut bob = world.bob();
    site.show("/bad", Page::json(&serde_json::json!(["https://example.com/op"])));
    site.show("/good", Page::json(&serde_json::json!(["https://notebook.test/cb"])));
    for (path, text) in [("/bad", "must list every redirect URI"), ("/missing", "sector_identifier_uri-error")] {
        let uri = site.url(path);
        let fields: Vec<_> = WEB.into_iter().chain([("sector_identifier_uri", uri.as_str())]).collect();
        let answer = fill(&mut bob, NEW, &fields);
        assert_eq!(answer.status, 422, "{path}");
        assert!(answer.body.contains(text), "{}", answer.body);
    }
    assert!(bob.get("/acme/oauth2/apps").body.contains("No apps yet"));
    let uri = site.url("/good");
    let fields: Vec<_> = WEB.into_iter().chain([("sector_identifier_uri", uri.as_str())]).collect();
    let client_id = register(&mut bob, &fields);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    world.pass(60);
    assert_eq!(fill(&mut bob, &edit, &with("name", "Notes")).status, 303);
    assert_eq!(site.count("/good"), 1, "what it says of the same redirect URIs is known");
    let answer = fill(&mut bob, &edit, &with("redirect_uris", "https://notebook.test/cb\nhttps://notebook.test/2"));
    assert_eq!((answer.status, site.count("/good")), (422, 2));
}

#[test]
fn what_is_wrong_with_a_member_that_the_form_does_not_show_stands_above_the_form() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, _) = register_web(&mut bob);
    let Client { row, mut registration, .. } = client(&world, &client_id).unwrap();
    registration.openid.response_types = [ResponseType::Code].into();
    wait(world.server().store().write(world.workspace, move |tx| tx.update_registration(row, &registration))).unwrap();
    let fields: Vec<_> =
        WEB.into_iter().filter(|field| !["authorization_code", "refresh_token"].contains(&field.1)).collect();
    let answer = fill(&mut bob, &format!("/acme/oauth2/apps/{client_id}/edit"), &fields);
    assert_eq!(answer.status, 422);
    let (_, notice) = answer.body.split_once("role=\"alert\"").unwrap();
    assert!(
        notice.split("</div>").next().unwrap().contains("response_types: The response type code"),
        "{}",
        answer.body
    );
}

#[test]
fn an_app_keeps_a_grant_that_the_workspace_has_switched_off() {
    let world = World::new();
    let mut bob = world.bob();
    let mut fields = WEB.to_vec();
    fields.push(("grant", "implicit"));
    let client_id = register(&mut bob, &fields);
    world.change_workspace(|row| {
        row.policy.grant_types.remove(&grantry_protocol::types::GrantType::Implicit);
    });
    assert_eq!(fill(&mut bob, NEW, &fields).status, 422);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let page = bob.get(&edit);
    let box_of_implicit =
        page.body.split("id=\"grant-implicit\"").nth(1).and_then(|rest| rest.split('>').next()).unwrap();
    assert!(box_of_implicit.contains("checked") && !box_of_implicit.contains("disabled"), "{box_of_implicit}");
    assert_eq!(fill(&mut bob, &edit, &fields).status, 303);
    assert_eq!(client(&world, &client_id).unwrap().registration.grant_types.len(), 4);
}

#[test]
fn the_form_of_access_tokens_is_chosen_under_advanced_and_stays_until_it_is_changed() {
    let world = World::new();
    let mut browser = signed_in(&world, "bob");
    let (client_id, _) = register_web(&mut browser);
    let choice = || client(&world, &client_id).unwrap().registration.access_token;
    assert_eq!(choice().format, AccessTokenFormat::Opaque);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let fields = |more: &[(&'static str, &'static str)]| [WEB.as_slice(), more].concat();
    let jwt = fields(&[("access_token_format", "jwt"), ("access_token_signing_alg", "PS256")]);
    assert_eq!(fill(&mut browser, &edit, &jwt).status, 303);
    assert_eq!((choice().format, choice().signing_alg), (AccessTokenFormat::Jwt, Algorithm::PS256));
    let keys = world.get("/acme/oauth2/jwks", &[]).json();
    let algs: Vec<&serde_json::Value> = keys["keys"].as_array().unwrap().iter().map(|key| &key["alg"]).collect();
    assert!(algs.contains(&&serde_json::Value::from("PS256")), "published before it signs");
    let page = browser.get(&format!("/acme/oauth2/apps/{client_id}"));
    assert!(page.body.contains("jwt, PS256"));
    let page = browser.get(&edit);
    assert!(page.body.contains(r#"<option value="jwt" selected>"#) && page.body.contains(r#"value="PS256" selected>"#));
    assert_eq!(fill(&mut browser, &edit, &WEB).status, 303);
    assert_eq!(choice().format, AccessTokenFormat::Jwt, "a form that does not say leaves it");
    for wrong in [("access_token_format", "paper"), ("access_token_signing_alg", "HS256")] {
        let answer = fill(&mut browser, &edit, &fields(&[wrong]));
        assert!(answer.body.contains("Choose a form and an algorithm"), "{wrong:?}");
    }
    assert_eq!(choice().signing_alg, Algorithm::PS256);
}

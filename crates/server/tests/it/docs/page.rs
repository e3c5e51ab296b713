//! What the page shows, to whom, and that its requests work as they stand.

use super::*;

#[test]
fn the_front_door_of_a_workspace_is_its_docs_page() {
    let world = World::new();
    let answer = world.get("/acme", &[]);
    assert_eq!((answer.status, answer.location()), (303, DOCS));
    assert_eq!(world.get("/nowhere", &[]).status, 404);
    assert_eq!(world.get("/nowhere/oauth2", &[]).status, 404);
    let root = world.get("/", &[]);
    assert!(root.status == 200 && root.body.contains("Grantry is running") && !root.body.contains("acme"));
}

#[test]
fn the_page_is_filled_with_the_demo_the_readers_app_or_placeholders() {
    let world = World::new();
    let nobody = world.get(DOCS, &[]);
    assert!(nobody.body.contains("client_id=CLIENT_ID") && !nobody.body.contains("id=\"try-code-link\""));
    let bob = owner(&world, "bob");
    register_for(&world, bob, "bobs", |_| ());
    let page = world.bob().get(DOCS);
    assert!(page.body.contains("client_id=bobs") && page.body.contains("CLIENT_SECRET") && !page.body.contains(SECRET));
    world.register("demo", |_| ());
    let visitor = world.get(DOCS, &[]);
    assert!(visitor.body.contains("client_id=demo") && visitor.body.contains(SECRET));
    let mut bob = world.bob();
    assert!(bob.get(DOCS).body.contains("client_id=demo"), "the demo's, until bob chooses");
    let chosen = bob.get("/acme/oauth2?app=bobs");
    assert!(chosen.body.contains("client_id=bobs") && !chosen.body.contains(SECRET));
    assert!(
        chosen.body.contains("<option value=\"bobs\" selected>") && chosen.body.contains("<option value=\"demo\">")
    );
}

#[test]
fn nobody_sees_an_app_of_others_and_admins_neither() {
    let world = World::new();
    world.create_user("admin", "secret");
    let bob = owner(&world, "bob");
    register_for(&world, bob, "bobs", |_| ());
    for username in ["", "admin"] {
        let mut browser = Browser::new(&world);
        if !username.is_empty() {
            assert_eq!(browser.sign_in("/acme/login", username, "secret").status, 303);
        }
        for docs in [DOCS, "/acme/oauth2?app=bobs", "/acme/oauth2?app=app", "/acme/oauth2?app=nobodys"] {
            let page = browser.get(docs);
            assert!(page.status == 200 && page.body.contains("client_id=CLIENT_ID"), "{username} {docs}");
            assert!(!page.body.contains("bobs"), "{username} {docs}");
        }
    }
}

#[test]
fn a_grant_that_cannot_be_used_says_who_can_change_that() {
    let world = World::new();
    let bob = owner(&world, "bob");
    register_for(&world, bob, "bobs", |registration| {
        registration.grant_types = [GrantType::AuthorizationCode, GrantType::Password].into();
    });
    world.change_workspace(|workspace| {
        workspace.policy.grant_types.remove(&GrantType::Password);
    });
    let page = world.bob().get(DOCS);
    assert!(page.body.contains("switched off in this workspace") && page.body.contains("/oauth2/apps/bobs/edit"));
    assert!(page.body.contains("id=\"try-code-link\""));
    assert!(!page.body.contains("id=\"try-password\"") && !page.body.contains("id=\"try-client-credentials\""));
}

/// Every request in its HTTP form, sent over a socket as it stands. What stands for an earlier answer is replaced by it.
#[test]
fn the_requests_of_the_page_work_as_they_stand() {
    let world = openid_demo();
    let page = world.get(DOCS, &[]);
    let label =
        |pre: &str| pre.split_once("aria-label=\"")?.1.split_once(": HTTP\"").map(|(label, _)| label.to_owned());
    let mut left: Vec<_> =
        page.body.split("<pre ").filter(|pre| pre.starts_with("class=\"code http")).map(label).collect();
    let mut find = |label: &str| {
        left.retain(|other| other.as_deref() != Some(label));
        block(&page, &format!("aria-label=\"{label}: HTTP\""))
    };
    let code = |request: &str| {
        let query = request.split(['?', ' ']).nth(2).unwrap();
        world.bob().authorize(query).answer_parameter("code").unwrap()
    };
    let good = |text: &str| {
        let (status, body) = send(&world, text);
        assert_eq!(status, 200, "{text}\n{body}");
        serde_json::from_str::<serde_json::Value>(&body).unwrap_or_default()
    };
    let with_secret = ["Authorization request", "Shortest authorization request", "Implicit authorization request"];
    let [full, short, implicit] = with_secret.map(&mut find);
    let openid = find("OpenID authorization request");
    for request in [&full, &short, &implicit, &openid] {
        assert_eq!(send(&world, request).0, 303, "{request}");
    }
    let metadata = good(&find("Metadata request"));
    assert_eq!(good(&find("Discovery request")), metadata);
    good(&find("Client credentials request"));
    good(&find("Exchange of the code").replace("CODE&", &format!("{}&", code(&full))));
    good(&find("Shortest exchange").replace("CODE", &code(&short)));
    let tokens = good(&find("Password request"));
    let token = |tokens: &serde_json::Value, name: &str| tokens[name].as_str().unwrap().to_owned();
    let introspect = find("Introspection request").replace("ACCESS_TOKEN", &token(&tokens, "access_token"));
    assert_eq!(good(&introspect)["active"], true);
    good(&find("Refresh request").replace("REFRESH_TOKEN", &token(&tokens, "refresh_token")));
    good(&find("Revocation request").replace("REFRESH_TOKEN", &token(&tokens, "refresh_token")));
    assert_eq!(good(&introspect)["active"], false);

    let exchange = find("Exchange for an ID token").replace("CODE&", &format!("{}&", code(&openid)));
    let tokens = good(&exchange);
    let claims = good(&find("UserInfo request").replace("ACCESS_TOKEN", &token(&tokens, "access_token")));
    assert_eq!(claims["sub"], "sub-bob");
    if metadata.get("end_session_endpoint").is_some() {
        let sign_out = find("Sign-out request").replace("ID_TOKEN", &token(&tokens, "id_token"));
        assert!(send(&world, &sign_out).0 < 400, "{sign_out}");
    }
    assert!(left.is_empty(), "not tried: {left:?}");
}

/// The ways in which an app can be registered, each with the requests that are made for it.
#[test]
fn the_requests_fit_the_app_that_they_name() {
    let world = World::new();
    let bob = owner(&world, "bob");
    register_for(&world, bob, "in-form", |it| it.token_endpoint_auth_method = AuthMethod::ClientSecretPost);
    register_for(&world, bob, "public", |it| it.token_endpoint_auth_method = AuthMethod::None);
    register_for(&world, bob, "two", |it| {
        it.redirect_uris.insert(0, RedirectUri::register("https://app.test/cb").unwrap())
    });
    register_for(&world, bob, "a b&c", |_| ());
    for client_id in ["in-form", "public", "two", "a+b%26c"] {
        let page = world.bob().get(&format!("/acme/oauth2?app={client_id}"));
        let authorize = block(&page, "aria-label=\"Shortest authorization request: HTTP\"");
        let query = authorize.split(['?', ' ']).nth(2).unwrap();
        let code = world.bob().authorize(query).answer_parameter("code").unwrap_or_else(|| panic!("{authorize}"));
        if client_id == "public" {
            // What an app without a secret cannot do is shown for one that can.
            for label in ["Client credentials request", "Introspection request"] {
                let request = block(&page, &format!("aria-label=\"{label}: HTTP\""));
                assert!(request.contains("Basic base64(CLIENT_ID:CLIENT_SECRET)"), "{request}");
            }
        }
        let pair = format!("{client_id}:{SECRET}");
        let header = basic(client_id, SECRET);
        let exchange = block(&page, "aria-label=\"Shortest exchange: HTTP\"").replace("=CODE", &format!("={code}"));
        let exchange = exchange.replace("CLIENT_SECRET", SECRET).replace(&format!("Basic base64({pair})"), &header);
        let (status, body) = send(&world, &exchange);
        assert_eq!(status, 200, "{exchange}\n{body}");
    }
}

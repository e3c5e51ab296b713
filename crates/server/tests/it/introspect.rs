//! RFC 7662: introspection.

use crate::harness::{Answer, ISSUER, SECRET, World, basic, wait};

fn ask(world: &World, client_id: &str, token: &str) -> Answer {
    world.post("/acme/oauth2/introspect", &format!("token={token}"), &[("authorization", &basic(client_id, SECRET))])
}

#[test]
fn s2_2_a_client_sees_its_own_tokens_and_nothing_of_others() {
    let world = World::new();
    world.register("other", |_| ());
    let answer = world.token("grant_type=password&username=bob&password=secret&scope=read");
    let told = ask(&world, "app", &answer.text("access_token"));
    assert_eq!(told.header("cache-control"), Some("no-store"));
    let told = told.json();
    assert_eq!(told["active"], true);
    assert_eq!(told["scope"], "read");
    assert_eq!(told["client_id"], "app");
    assert_eq!(told["username"], "bob");
    assert_eq!(told["sub"], "sub-bob");
    assert_eq!(told["token_type"], "Bearer");
    assert_eq!(told["iss"], ISSUER);
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 3_600);
    assert!(told["jti"].is_string());
    assert_eq!(ask(&world, "app", &answer.text("refresh_token")).json()["active"], true);
    for token in [answer.text("access_token"), answer.text("refresh_token"), "nonsense".to_owned()] {
        assert_eq!(ask(&world, "other", &token).body, r#"{"active":false}"#);
    }
}

#[test]
fn s4_a_resource_server_sees_what_is_meant_for_it() {
    let world = World::new();
    for (client, resource) in [("api", "https://api.test"), ("files", "https://files.test")] {
        world.register(client, |registration| registration.resource = Some(resource.to_owned()));
    }
    world.change_workspace(|row| row.scopes[1].audience = Some("https://files.test".to_owned()));
    let token = |scope: &str| {
        world.token(&format!("grant_type=password&username=bob&password=secret&scope={scope}")).text("access_token")
    };
    let (for_all, for_files) = (token("read"), token("write"));
    let seen = |client: &str, token: &str| ask(&world, client, token).json()["active"].clone();
    assert_eq!([seen("api", &for_all), seen("files", &for_all)], [true, true]);
    assert_eq!([seen("api", &for_files), seen("files", &for_files)], [false, true]);
    assert_eq!(ask(&world, "files", &for_files).json()["aud"][0], "https://files.test");
}

#[test]
fn s2_1_the_asker_has_to_prove_who_it_is() {
    let world = World::new();
    world.register_public("public");
    let post = |form: &str| world.post("/acme/oauth2/introspect", form, &[]);
    assert_eq!(post("token=x").status, 401);
    assert_eq!(post("token=x&client_id=public").error(), "invalid_client");
    assert_eq!(ask(&world, "app", "").error(), "invalid_request");
}

#[test]
fn s4_what_ended_is_inactive() {
    let world = World::new();
    let token = || world.token("grant_type=password&username=bob&password=secret").text("access_token");
    let (expired, of_disabled) = (token(), token());
    assert!(world.is_active(&expired));
    let now = world.server().clock().now();
    wait(world.server().store().write(world.workspace, move |tx| {
        let mut user = tx.find_user_by_username("bob")?.unwrap();
        user.disabled_at = Some(now);
        tx.update_user(&user)
    }))
    .unwrap();
    assert!(!world.is_active(&of_disabled), "its user may not be used any more");
    assert!(!world.is_active(&expired), "nor is one good that was asked about before");
    wait(world.server().store().write(world.workspace, |tx| {
        let mut user = tx.find_user_by_username("bob")?.unwrap();
        user.disabled_at = None;
        tx.update_user(&user)
    }))
    .unwrap();
    assert!(world.is_active(&expired));
    world.pass(3_600);
    assert!(!world.is_active(&expired));
}

#[test]
fn on_sqlite_what_is_known_of_a_token_is_read_again_after_a_minute() {
    let world = World::new();
    let token = world.token("grant_type=password&username=bob&password=secret").text("access_token");
    assert!(world.is_active(&token));
    world.change_behind_its_back("UPDATE grants SET state = 'revoked';");
    world.pass(59);
    assert!(world.is_active(&token), "the database is this process's alone, so nothing has changed");
    world.pass(1);
    assert!(!world.is_active(&token));
}

#[test]
fn s4_the_token_of_an_app_itself_ends_with_the_app() {
    let world = World::new();
    world.register("api", |registration| registration.resource = Some("https://api.test".to_owned()));
    let token = world.token("grant_type=client_credentials").text("access_token");
    let told = ask(&world, "api", &token).json();
    assert_eq!((&told["active"], &told["client_id"], &told["sub"]), (&true.into(), &"app".into(), &"app".into()));
    let now = world.server().clock().now();
    wait(world.server().store().write(world.workspace, move |tx| {
        let row = tx.find_client("app")?.unwrap().row;
        tx.set_client_disabled(row, Some(now))
    }))
    .unwrap();
    assert_eq!(ask(&world, "api", &token).json()["active"], false);
}

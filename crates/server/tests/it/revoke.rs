//! RFC 7009: revocation.

use crate::harness::{Answer, CALLBACK, SECRET, World, basic};

fn revoke(world: &World, client_id: &str, token: &str) -> Answer {
    world.post("/acme/oauth2/revoke", &format!("token={token}"), &[("authorization", &basic(client_id, SECRET))])
}

#[test]
fn s2_1_an_access_token_ends_alone() {
    let world = World::new();
    let answer = world.token("grant_type=password&username=bob&password=secret");
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    assert_eq!(revoke(&world, "app", &access).status, 200);
    assert!(!world.is_active(&access));
    let next = world.token(&format!("grant_type=refresh_token&refresh_token={refresh}"));
    assert!(world.is_active(&next.text("access_token")));
    let own = world.token("grant_type=client_credentials").text("access_token");
    assert_eq!(revoke(&world, "app", &own).status, 200);
    assert!(!world.is_active(&own));
}

#[test]
fn s2_1_a_refresh_token_ends_the_grant() {
    let world = World::new();
    let answer = world.token("grant_type=password&username=bob&password=secret");
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    assert_eq!(revoke(&world, "app", &refresh).status, 200);
    assert!(!world.is_active(&access));
    assert_eq!(world.token(&format!("grant_type=refresh_token&refresh_token={refresh}")).error(), "invalid_grant");
}

#[test]
fn s2_2_unknown_and_foreign_tokens_are_no_oracle() {
    let world = World::new();
    world.register("other", |_| ());
    let answer = world.token("grant_type=password&username=bob&password=secret");
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    for token in ["nonsense", &access, &refresh] {
        let answer = revoke(&world, "other", token);
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    }
    assert!(world.is_active(&access) && world.is_active(&refresh));
    assert_eq!(world.post("/acme/oauth2/revoke", "token=x", &[]).status, 401);
    assert_eq!(revoke(&world, "app", "").error(), "invalid_request");
}

#[test]
fn s2_3_pages_of_the_app_and_of_nobody_else_can_read_the_answer() {
    let world = World::new();
    let origin = CALLBACK.strip_suffix("/cb").unwrap();
    let header = basic("app", SECRET);
    for path in ["/acme/oauth2/revoke", "/acme/oauth2/token"] {
        let post = |origin: &str| world.post(path, "token=x", &[("authorization", &header), ("origin", origin)]);
        assert_eq!(post(origin).header("access-control-allow-origin"), Some(origin), "{path}");
        assert_eq!(post("https://evil.test").header("access-control-allow-origin"), None, "{path}");
    }
    for path in ["/acme/oauth2", "/acme/login", "/acme/oauth2/authorize?client_id=app&response_type=code"] {
        assert_eq!(world.get(path, &[("origin", origin)]).header("access-control-allow-origin"), None, "{path}");
    }
}

//! RFC 6749 §6 and RFC 9700 §4.14.2: refreshing and rotation.

use crate::harness::World;
use grantry_protocol::types::Seconds;

fn refresh(world: &World, client_id: &str, token: &str, more: &str) -> crate::harness::Answer {
    let form = format!("grant_type=refresh_token&client_id={client_id}&refresh_token={token}{more}");
    world.post("/acme/oauth2/token", &form, &[])
}

fn public(world: &World) -> String {
    world.register_public("public");
    world.public_tokens("public")["refresh_token"].as_str().unwrap().to_owned()
}

#[test]
fn s6_scope_may_be_narrowed_and_never_widened() {
    let world = World::new();
    let answer = world.token("grant_type=password&username=bob&password=secret&scope=read+write");
    let token = answer.text("refresh_token");
    let refresh = |more: &str| world.token(&format!("grant_type=refresh_token&refresh_token={token}{more}"));
    assert_eq!(refresh("&scope=read").text("scope"), "read");
    assert_eq!(refresh("").text("scope"), "read write", "narrowing one access token narrows nothing else");
    assert_eq!(refresh("&scope=read+profile").error(), "invalid_scope");
}

#[test]
fn confidential_clients_keep_their_refresh_token() {
    let world = World::new();
    let token = world.token("grant_type=password&username=bob&password=secret").text("refresh_token");
    for _ in 0..3 {
        let answer = world.token(&format!("grant_type=refresh_token&refresh_token={token}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(world.is_active(&answer.text("access_token")));
    }
}

#[test]
fn rfc9700_s4_14_2_public_clients_rotate_and_an_old_token_ends_the_family() {
    let world = World::new();
    let first = public(&world);
    let second = refresh(&world, "public", &first, "").text("refresh_token");
    let third = refresh(&world, "public", &second, "");
    let (third, access) = (third.text("refresh_token"), third.text("access_token"));
    assert_eq!(refresh(&world, "public", &first, "").error(), "invalid_grant");
    assert_eq!(refresh(&world, "public", &third, "").error(), "invalid_grant", "the family is gone");
    assert!(!is_active_for_resource_server(&world, &access));
}

fn is_active_for_resource_server(world: &World, token: &str) -> bool {
    world.register("api", |registration| registration.resource = Some("https://api.test".to_owned()));
    let header = crate::harness::basic("api", crate::harness::SECRET);
    let answer = world.post("/acme/oauth2/introspect", &format!("token={token}"), &[("authorization", &header)]);
    answer.json()["active"].as_bool().unwrap()
}

#[test]
fn rfc9700_s4_14_2_a_lost_answer_logs_nobody_out_within_the_grace_window() {
    let world = World::new();
    let first = public(&world);
    let lost = refresh(&world, "public", &first, "").text("refresh_token");
    world.pass(30);
    let again = refresh(&world, "public", &first, "");
    assert_eq!(again.status, 200, "{}", again.body);
    // Both are the same successor: using one is using the other.
    assert_eq!(refresh(&world, "public", &again.text("refresh_token"), "").status, 200);
    assert_eq!(refresh(&world, "public", &lost, "").status, 200, "the immediate predecessor by now");
}

#[test]
fn rfc9700_s4_14_2_outside_the_grace_window_a_replay_ends_the_family() {
    let world = World::new();
    let first = public(&world);
    let second = refresh(&world, "public", &first, "").text("refresh_token");
    world.pass(31);
    assert_eq!(refresh(&world, "public", &first, "").error(), "invalid_grant");
    assert_eq!(refresh(&world, "public", &second, "").error(), "invalid_grant");
}

#[test]
fn s6_another_client_can_neither_use_nor_end_a_refresh_token() {
    let world = World::new();
    let first = public(&world);
    world.register_public("stranger");
    assert_eq!(refresh(&world, "stranger", &first, "").error(), "invalid_grant");
    let second = refresh(&world, "public", &first, "").text("refresh_token");
    let third = refresh(&world, "public", &second, "").text("refresh_token");
    assert_eq!(refresh(&world, "stranger", &first, "").error(), "invalid_grant");
    assert_eq!(refresh(&world, "public", &third, "").status, 200);
}

#[test]
fn a_refresh_token_ends_when_nobody_uses_it_and_at_last_in_any_case() {
    let world = World::new();
    world.change_workspace(|row| {
        row.policy.lifetimes.refresh_idle = Seconds::days(2);
        row.policy.lifetimes.refresh_absolute = Seconds::days(5);
    });
    let idle = world.token("grant_type=password&username=bob&password=secret").text("refresh_token");
    let used = world.token("grant_type=password&username=bob&password=secret").text("refresh_token");
    let try_it = |token: &str| world.token(&format!("grant_type=refresh_token&refresh_token={token}")).status;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        world.pass(86_400);
        statuses.push(try_it(&used));
    }
    assert_eq!(statuses, [200, 200, 200, 200, 400], "used daily, it ends on the fifth day");
    assert_eq!(try_it(&idle), 400);
}

#[test]
fn s5_1_what_is_promised_is_kept_when_the_idle_time_is_short() {
    let world = World::new();
    world.change_workspace(|row| {
        row.policy.lifetimes.refresh_idle = Seconds(300);
        row.policy.lifetimes.access_token = Seconds(300);
    });
    let token = world.token("grant_type=password&username=bob&password=secret").text("refresh_token");
    world.pass(14);
    let answer = world.token(&format!("grant_type=refresh_token&refresh_token={token}"));
    assert_eq!(answer.json()["expires_in"], 300);
    world.pass(299);
    assert!(world.is_active(&answer.text("access_token")));
}

#[test]
fn s5_1_a_grant_of_which_nothing_is_left_buys_nothing() {
    let world = World::new();
    let answer = world.token("grant_type=password&username=bob&password=secret&scope=write");
    world.change_workspace(|row| row.scopes.retain(|scope| scope.name != "write"));
    let refreshed = world.token(&format!("grant_type=refresh_token&refresh_token={}", answer.text("refresh_token")));
    assert_eq!(refreshed.error(), "invalid_scope");
}

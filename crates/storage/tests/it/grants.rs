//! The life of a grant.

use crate::world::{NOW, World, active, approved, days, later, on_both_engines, pending, scope, session};
use grantry_protocol::grant::{Grant, GrantState};
use grantry_protocol::types::GrantType;
use grantry_protocol::{GrantId, Timestamp};

on_both_engines!(
    a_code_is_redeemed_once,
    a_burned_code_buys_nothing,
    a_refresh_token_makes_way_for_one_successor,
    a_grant_is_revoked_once,
    a_grant_that_is_used_lives_longer,
    a_grant_stands_with_user_and_session,
);

fn grant(world: &World, id: GrantId) -> Grant {
    world.read(move |tx| tx.find_grant(id)).unwrap()
}

fn a_code_is_redeemed_once(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let id = world.grant(pending(bob, app));
    let before = Grant {
        id,
        user: bob,
        client: app,
        session: None,
        grant_type: GrantType::AuthorizationCode,
        scope: scope("read"),
        auth_time: NOW,
        redirect_uri: Some("https://app.example/callback".to_owned()),
        code_challenge: None,
        openid: None,
        state: GrantState::Pending,
        generation: 0,
        rotated_at: None,
        created_at: NOW,
        last_used_at: None,
        refresh_until: None,
        expires_at: later(60),
    };
    assert_eq!(grant(world, id), before);
    let approved = approved::code(world, id);
    let presented = approved.clone();
    let redeemed = world.write(move |tx| tx.redeem(&presented)).unwrap();
    let after = Grant {
        state: GrantState::Active,
        last_used_at: Some(NOW),
        refresh_until: approved.refresh_until(),
        expires_at: approved.expires_at(),
        ..before
    };
    assert_eq!(redeemed.grant(), &after);
    assert_eq!(grant(world, id), after);
    assert_eq!(world.write(move |tx| tx.redeem(&approved)), None);
}

fn a_burned_code_buys_nothing(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let id = world.grant(pending(bob, app));
    let approved = approved::code(world, id);
    assert!(world.write(move |tx| tx.burn_code(id)));
    assert!(!world.write(move |tx| tx.burn_code(id)));
    assert_eq!(world.write(move |tx| tx.redeem(&approved)), None);
    let redeemed = world.grant(active(bob, app));
    assert!(!world.write(move |tx| tx.burn_code(redeemed)));
}

fn a_refresh_token_makes_way_for_one_successor(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let id = world.grant(active(bob, app));
    let first = approved::refresh(world, id, 0);
    let presented = first.clone();
    let rotated = world.write(move |tx| tx.rotate(&presented)).unwrap();
    assert_eq!((rotated.generation, rotated.rotated_at, rotated.last_used_at), (1, Some(NOW), Some(NOW)));
    assert_eq!(rotated.expires_at, first.expires_at());
    assert_eq!(grant(world, id), rotated);
    assert_eq!(world.write(move |tx| tx.rotate(&first)), None);
    let second = approved::refresh(world, id, 1);
    assert_eq!(world.write(move |tx| tx.rotate(&second)).unwrap().generation, 2);
}

fn a_grant_is_revoked_once(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let (first, second) = (world.grant(active(bob, app)), world.grant(pending(bob, app)));
    let (refresh, code) = (approved::refresh(world, first, 0), approved::code(world, second));
    for id in [first, second] {
        assert!(world.write(move |tx| tx.revoke_grant(id, later(5))));
        assert!(!world.write(move |tx| tx.revoke_grant(id, later(6))));
        // Nothing about it is good any more.
        assert_eq!((grant(world, id).state, grant(world, id).expires_at), (GrantState::Revoked, later(5)));
    }
    assert_eq!(world.write(move |tx| tx.rotate(&refresh)), None);
    assert_eq!(world.write(move |tx| tx.redeem(&code)), None);
    world.write(move |tx| tx.touch_grant(first, later(9), days(99)));
    assert_eq!(grant(world, first).expires_at, later(5));
    let third = world.grant(active(bob, app));
    assert_eq!(world.write(move |tx| tx.revoke_grants_of(bob, app, later(7))), 1);
    assert_eq!(grant(world, third).state, GrantState::Revoked);
}

fn a_grant_that_is_used_lives_longer(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let id = world.grant(active(bob, app));
    world.store.write_later(world.here, move |tx| tx.touch_grant(id, later(9), days(40)));
    // Writes happen in the order in which they were handed over, so this one comes after.
    while grant(world, id).expires_at != days(40) {
        world.write(|_| Ok(()));
    }
    assert_eq!(grant(world, id).last_used_at, Some(later(9)));
}

fn a_grant_stands_with_user_and_session(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let began = world.write(move |tx| tx.insert_session(&session(bob), NOW));
    let mut given = active(bob, app);
    given.session = Some(began);
    let (id, other) = (world.grant(given), world.grant(active(bob, app)));
    let standing = |id| world.read(move |tx| tx.find_standing(id));
    let client = world.read(move |tx| tx.find_client_by_row(app)).unwrap();
    let good = |id: GrantId, now: Timestamp| standing(id).unwrap().is_good(&client, now);

    let found = standing(id).unwrap();
    assert_eq!(found.grant, grant(world, id));
    world.write(|tx| tx.deny_token(&[1; 16], days(1)));
    let of = |token: u8| world.read(move |tx| tx.find_standing_of(id, &[token; 16]));
    assert_eq!((of(1), of(2).as_ref()), (None, Some(&found)));
    assert_eq!((&*found.subject, &*found.username), ("sub-bob", "bob"));
    // A session that merely ran out ends no grant.
    assert!(good(id, days(1)) && !good(id, days(30)));

    world.write(move |tx| tx.end_session(began, bob, NOW));
    assert!(standing(id).unwrap().session_ended && !good(id, NOW) && good(other, NOW));
    let mut disabled = world.read(move |tx| tx.find_user(bob)).unwrap();
    disabled.disabled_at = Some(NOW);
    world.write(move |tx| tx.update_user(&disabled));
    assert!(!good(other, NOW));
    world.write(move |tx| tx.delete_client(app));
    assert_eq!(standing(other), None);
}

//! Consents and connected apps.

use crate::world::{NOW, World, active, days, later, on_both_engines, pending, scope};
use grantry_protocol::grant::{GrantState, NewGrant};
use grantry_storage::ConnectedApp;

on_both_engines!(a_consent_only_grows, to_withdraw_takes_everything_back, connected_apps_are_those_that_can_act);

fn a_consent_only_grows(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    assert_eq!(world.read(move |tx| tx.find_consent(bob, app)), None);
    for (more, all, at) in
        [("read", "read", NOW), ("a write", "a read write", later(9)), ("a", "a read write", later(99))]
    {
        world.write(move |tx| tx.remember_consent(bob, app, &scope(more), at));
        let consent = world.read(move |tx| tx.find_consent(bob, app)).unwrap();
        assert_eq!((consent.scope, consent.granted_at), (scope(all), NOW));
        assert_eq!((consent.user, consent.client), (bob, app));
    }
    let (alice, other) = (world.user("alice"), world.client("other"));
    world.write(move |tx| tx.remember_consent(alice, app, &scope("read"), NOW));
    assert_eq!(world.read(move |tx| Ok((tx.count_consents_to(app)?, tx.count_consents_to(other)?))), (2, 0));
}

fn to_withdraw_takes_everything_back(world: &World) {
    let (bob, app, other) = (world.user("bob"), world.client("app"), world.client("other"));
    let (first, second, kept) =
        (world.grant(active(bob, app)), world.grant(pending(bob, app)), world.grant(active(bob, other)));
    world.write(move |tx| tx.remember_consent(bob, app, &scope("read"), NOW));
    let withdraw = || world.write(move |tx| tx.withdraw_consent(bob, app, later(5)));
    assert!(withdraw());
    assert!(!withdraw());
    assert_eq!(world.read(move |tx| tx.find_consent(bob, app)), None);
    let grant = |id| world.read(move |tx| tx.find_grant(id)).unwrap();
    assert_eq!((grant(first).state, grant(first).expires_at), (GrantState::Revoked, later(5)));
    assert_eq!(grant(second).state, GrantState::Revoked);
    assert_eq!((grant(kept).state, grant(kept).expires_at), (GrantState::Active, days(30)));
    // An app that was never asked about, such as one with the password grant, can be withdrawn from too.
    assert!(world.write(move |tx| tx.withdraw_consent(bob, other, later(5))));
}

fn connected_apps_are_those_that_can_act(world: &World) {
    let (bob, alice) = (world.user("bob"), world.user("alice"));
    let (agreed, used, over, waiting) =
        (world.client("agreed"), world.client("used"), world.client("over"), world.client("waiting"));
    world.write(move |tx| tx.remember_consent(bob, agreed, &scope("read"), later(7)));
    world.grant(NewGrant { expires_at: later(1), ..active(bob, agreed) });
    world.grant(NewGrant { scope: scope("write"), created_at: later(20), ..active(bob, used) });
    world.grant(NewGrant { created_at: later(10), ..active(bob, used) });
    world.grant(NewGrant { expires_at: later(1), ..active(bob, over) });
    world.grant(pending(bob, waiting));
    world.grant(active(alice, waiting));

    let app = |name: &str, text: &str, granted_at, used_at| ConnectedApp {
        client_id: name.to_owned(),
        name: format!("App {name}"),
        scope: scope(text),
        granted_at,
        last_used_at: Some(used_at),
    };
    assert_eq!(
        world.read(move |tx| tx.list_connected_apps(bob, later(30))),
        [app("agreed", "read", later(7), NOW), app("used", "read write", later(10), later(20))]
    );
}

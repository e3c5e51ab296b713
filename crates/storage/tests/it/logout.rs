//! What the end of a session ends, and which clients have to be told.

use crate::world::{NOW, World, active, days, later, on_both_engines, pending, scope, session};
use grantry_protocol::authorize::SignedIn;
use grantry_protocol::grant::{GrantState, NewGrant};
use grantry_protocol::{ClientRow, GrantId, SessionId, UserId};
use grantry_storage::{DueDelivery, LogoutDelivery, NewSession, PassedBy};

on_both_engines!(
    backchannel_s2_7_what_is_for_use_while_away_outlives_a_sign_out_and_nothing_else,
    a_session_ends_with_those_that_it_took_over,
    the_clients_of_a_session_are_told_and_no_others,
    clients_are_told_of_every_end,
    a_delivery_goes_on_until_it_is_taken_or_given_up,
    what_is_due_is_listed_bit_by_bit_the_oldest_first,
    whoever_is_passed_by_is_not_listed,
    clients_of_a_session_that_was_taken_over_are_told_of_the_end,
    nobody_signs_in_to_a_client_in_a_session_that_ended,
);

fn state(world: &World, grant: GrantId) -> GrantState {
    world.read(move |tx| tx.find_grant(grant)).unwrap().state
}

fn deliveries(world: &World, client: ClientRow) -> Vec<LogoutDelivery> {
    world.read(move |tx| tx.list_deliveries(client, 100))
}

/// In which sessions the client has been told that a user signed out, oldest first.
fn told(world: &World, client: ClientRow) -> Vec<String> {
    deliveries(world, client).into_iter().rev().map(|delivery| delivery.sid).collect()
}

fn begin(world: &World, user: UserId, sid: &str) -> SessionId {
    let new = NewSession { sid: sid.to_owned(), ..session(user) };
    world.write(move |tx| tx.insert_session(&new, NOW))
}

fn backchannel_s2_7_what_is_for_use_while_away_outlives_a_sign_out_and_nothing_else(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let began = begin(world, bob, "sid");
    let give = |new: NewGrant, words: &str| world.grant(NewGrant { session: Some(began), scope: scope(words), ..new });
    let kept =
        ["offline_access", "openid offline_access read", "offline_access read"].map(|it| give(active(bob, app), it));
    let ended = ["openid read", "offlineXaccess", "offline_access_not", "not_offline_access"];
    let ended = ended.map(|it| give(active(bob, app), it));
    let code = give(pending(bob, app), "openid offline_access");
    assert_eq!(world.write(move |tx| tx.end_session(began, bob, later(1))), Some(vec![]));
    let client = world.read(move |tx| tx.find_client_by_row(app)).unwrap();
    for grant in kept {
        assert!(world.read(move |tx| tx.find_standing(grant)).unwrap().is_good(&client, later(2)));
    }
    for grant in ended.into_iter().chain([code]) {
        assert_eq!(state(world, grant), GrantState::Revoked);
    }
    let [first, ..] = kept;
    world.write(move |tx| tx.withdraw_consent(bob, app, later(3)));
    assert_eq!(state(world, first), GrantState::Revoked);
    let again = give(active(bob, app), "openid offline_access");
    world.write(move |tx| tx.end_sessions_of(bob, None, later(4)));
    assert_eq!(state(world, again), GrantState::Revoked);
}

fn a_session_ends_with_those_that_it_took_over(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let (first, elsewhere) = (begin(world, bob, "here"), begin(world, bob, "there"));
    let give = |session| world.grant(NewGrant { session: Some(session), ..active(bob, app) });
    let (before, there) = (give(first), give(elsewhere));
    world.write(move |tx| tx.expire_session(first, bob, later(5)));
    let second = begin(world, bob, "here");
    let after = give(second);
    world.write(move |tx| tx.end_session(second, bob, later(6)));
    assert_eq!(
        [before, after, there].map(|it| state(world, it)),
        [GrantState::Revoked, GrantState::Revoked, GrantState::Active]
    );
}

fn the_clients_of_a_session_are_told_and_no_others(world: &World) {
    let (bob, alice) = (world.user("bob"), world.user("alice"));
    let (app, other, quiet) = (world.logout_client("app"), world.logout_client("other"), world.client("quiet"));
    let id = world.signed_in(bob, app, "one");
    let by = SignedIn { user: bob, session: id, sid: "one".to_owned(), auth_time: NOW };
    world.write(move |tx| tx.note_session_client(&by, quiet, later(60)));
    world.signed_in(bob, app, "two");
    world.signed_in(alice, other, "hers");
    let clients = world.write(move |tx| tx.end_session(id, bob, later(1))).unwrap();
    let mut names: Vec<_> = clients.iter().map(|client| &*client.client_id).collect();
    names.sort_unstable();
    assert_eq!(names, ["app", "quiet"], "the browser may have to tell them");
    assert_eq!((told(world, app), told(world, other), told(world, quiet)), (vec!["one".to_owned()], vec![], vec![]));
    let expected = LogoutDelivery {
        id: deliveries(world, app)[0].id,
        client: app,
        user: bob,
        sid: "one".to_owned(),
        created_at: later(1),
        next_attempt_at: Some(later(1)),
        attempts: 0,
        last_problem: None,
        delivered_at: None,
    };
    assert_eq!(deliveries(world, app), [expected]);
}

fn clients_are_told_of_every_end(world: &World) {
    let (bob, app, other) = (world.user("bob"), world.logout_client("app"), world.logout_client("other"));
    let kept = world.signed_in(bob, app, "kept");
    world.signed_in(bob, app, "others 1");
    world.signed_in(bob, other, "others 2");
    // The browser of the session that is kept had another one before, under the same name.
    let before = begin(world, bob, "kept");
    world.write(move |tx| tx.expire_session(before, bob, NOW));
    world.write(move |tx| tx.end_sessions_of(bob, Some(kept), NOW));
    assert_eq!((told(world, app), told(world, other)), (vec!["others 1".to_owned()], vec!["others 2".to_owned()]));

    world.signed_in(bob, other, "kept too");
    world.write(move |tx| tx.withdraw_consent(bob, app, NOW));
    assert_eq!((told(world, app).len(), told(world, other).len()), (2, 1));
    assert!(world.write(move |tx| tx.delete_user(bob, NOW)));
    assert_eq!((told(world, app).len(), told(world, other)), (2, vec!["others 2".to_owned(), "kept too".to_owned()]));
    world.write(move |tx| tx.delete_client(app));
    assert_eq!(told(world, app), [""; 0]);
}

fn a_delivery_goes_on_until_it_is_taken_or_given_up(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.logout_client("app"), world.here);
    for sid in ["taken", "given up"] {
        world.signed_out(bob, app, sid);
    }
    let due = |now| world.instance(move |instance| instance.list_due_deliveries(now, (None, &PassedBy::default()), 10));
    assert_eq!(due(later(-1)), []);
    let found = due(NOW);
    assert!(found.iter().all(|due| due.workspace == here && due.slug == "here"));
    let sids: Vec<_> = found.iter().map(|due| &*due.delivery.sid).collect();
    assert_eq!((sids.contains(&"taken"), sids.len()), (true, 2));
    for DueDelivery { delivery, .. } in found {
        let (id, claimed) = (delivery.id, delivery.clone());
        assert!(world.write(move |tx| tx.claim_delivery(&claimed, later(10))));
        if delivery.sid == "taken" {
            world.write(move |tx| tx.finish_delivery(id, later(2)));
        } else {
            world.write(move |tx| tx.postpone_delivery((id, 1), "it is away", Some(later(10))));
        }
        // Late words about it change nothing.
        world.write(move |tx| tx.postpone_delivery((id, 0), "before", None));
        world.write(
            move |tx| if delivery.sid == "taken" { tx.postpone_delivery((id, 1), "late", None) } else { Ok(()) },
        );
    }
    assert_eq!(due(later(9)), []);
    let again = due(later(10)).pop().unwrap().delivery;
    assert_eq!((&*again.sid, again.attempts, again.last_problem.as_deref()), ("given up", 1, Some("it is away")));
    world.instance(|instance| {
        let mut row = instance.find_workspace("here")?.unwrap();
        row.disabled_at = Some(NOW);
        instance.update_workspace(&row)
    });
    assert_eq!(due(later(10)), [], "a workspace that is switched off has no keys to sign with");

    let id = again.id;
    assert!(world.write(move |tx| tx.claim_delivery(&again, later(70))));
    world.write(move |tx| tx.postpone_delivery((id, 2), "it is gone", None));
    let list = deliveries(world, app);
    let outcome = |sid: &str| {
        let it = list.iter().find(|it| it.sid == sid).unwrap();
        (it.attempts, it.next_attempt_at, it.last_problem.as_deref(), it.delivered_at)
    };
    assert_eq!(outcome("taken"), (1, None, None, Some(later(2))));
    assert_eq!(outcome("given up"), (2, None, Some("it is gone"), None));
    assert_eq!(world.read(move |tx| tx.list_deliveries(app, 1)).len(), 1);
    world.instance(|instance| instance.clean_up(days(6), 500));
    assert_eq!(deliveries(world, app).len(), 2);
    world.instance(|instance| instance.clean_up(days(8), 500));
    assert_eq!(deliveries(world, app), []);
}

fn what_is_due_is_listed_bit_by_bit_the_oldest_first(world: &World) {
    let (bob, app) = (world.user("bob"), world.logout_client("app"));
    for sid in ["1", "2", "3", "4", "5"] {
        world.signed_out(bob, app, sid);
    }
    for (row, wait) in deliveries(world, app).into_iter().zip([3, 1, 1, 2, 1]) {
        world.write(move |tx| tx.postpone_delivery((row.id, 0), "it is away", Some(later(wait))));
    }
    let mut listed: Vec<DueDelivery> = Vec::new();
    for count in [2, 2, 1, 0] {
        let after = listed.last().cloned();
        let due = world.instance(move |instance| {
            instance.list_due_deliveries(later(9), (after.as_ref(), &PassedBy::default()), 2)
        });
        assert_eq!(due.len(), count);
        listed.extend(due);
    }
    let order = listed.iter().map(|due| (due.delivery.next_attempt_at, due.delivery.id));
    assert!(order.is_sorted());
    let mut sids: Vec<_> = listed.iter().map(|due| &*due.delivery.sid).collect();
    sids.sort_unstable();
    assert_eq!(sids, ["1", "2", "3", "4", "5"]);
}

fn whoever_is_passed_by_is_not_listed(world: &World) {
    let (bob, alice) = (world.user("bob"), world.user("alice"));
    let (app, other) = (world.logout_client("app"), world.logout_client("other"));
    for (user, client, sid) in [(bob, app, "1"), (bob, other, "2"), (alice, app, "3"), (alice, other, "4")] {
        world.signed_out(user, client, sid);
    }
    let listed = |passed: PassedBy| {
        let every = world.instance(|instance| instance.list_due_deliveries(NOW, (None, &PassedBy::default()), 10));
        let by = passed.clone();
        let due = world.instance(move |instance| instance.list_due_deliveries(NOW, (None, &by), 10));
        assert_eq!(due, every.into_iter().filter(|due| !passed.includes(due)).collect::<Vec<_>>());
        let mut sids: Vec<_> = due.into_iter().map(|due| due.delivery.sid).collect();
        sids.sort_unstable();
        sids.concat()
    };
    assert_eq!(listed(PassedBy::default()), "1234");
    assert_eq!(listed(PassedBy { workspaces: vec![world.here], ..PassedBy::default() }), "");
    assert_eq!(listed(PassedBy { people: vec![bob], ..PassedBy::default() }), "34");
    assert_eq!(listed(PassedBy { clients: vec![app], ..PassedBy::default() }), "24");
    assert_eq!(listed(PassedBy { people: vec![bob], clients: vec![app], ..PassedBy::default() }), "4");
}

fn clients_of_a_session_that_was_taken_over_are_told_of_the_end(world: &World) {
    let (bob, app) = (world.user("bob"), world.logout_client("app"));
    let before = world.signed_in(bob, app, "sid");
    world.write(move |tx| tx.expire_session(before, bob, later(3_000)));
    let new = NewSession { sid: "sid".to_owned(), expires_at: days(9), ..session(bob) };
    let after = world.write(move |tx| tx.insert_session(&new, later(3_000)));
    world.instance(|instance| instance.clean_up(days(8), 500));
    world.write(move |tx| tx.end_session(after, bob, days(8)));
    assert_eq!(told(world, app), ["sid"]);
}

fn nobody_signs_in_to_a_client_in_a_session_that_ended(world: &World) {
    let (bob, app) = (world.user("bob"), world.logout_client("app"));
    let id = begin(world, bob, "sid");
    world.write(move |tx| tx.end_session(id, bob, NOW));
    let by = SignedIn { user: bob, session: id, sid: "sid".to_owned(), auth_time: NOW };
    assert!(!world.write(move |tx| tx.note_session_client(&by, app, later(60))));
    world.write(move |tx| tx.end_sessions_of(bob, None, NOW));
    assert_eq!(told(world, app), [""; 0]);
}

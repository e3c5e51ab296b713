//! What may happen once, happens once: many threads, and two stores where the engine allows it.

use crate::world::{
    NOW, World, active, approved, client, later, on_both_engines, pending, registration, scope, session, user, wait,
    workspace,
};
use grantry_protocol::Timestamp;
use grantry_protocol::account::User;
use grantry_protocol::authorize::SignedIn;
use grantry_protocol::client::DynamicRegistration;
use grantry_protocol::grant::GrantState;
use grantry_protocol::jose::{Algorithm, KeyManagement};
use grantry_storage::{
    KeyPurpose, NewClient, NewKey, NewSession, NewSigningKey, PassedBy, Result, StorageError, Store,
};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

on_both_engines!(
    one_of_many_redeems_a_code,
    one_of_many_rotates_a_refresh_token,
    one_of_many_revokes_a_grant,
    a_code_is_redeemed_or_burned,
    one_of_many_changes_a_profile,
    one_of_many_takes_a_name,
    one_of_many_takes_a_slug,
    one_of_many_rotates_a_secret,
    one_secret_outlives_all_retirements,
    no_consent_is_lost,
    keys_get_numbers_of_their_own,
    one_of_many_writes_the_first_signing_key,
    one_of_many_writes_the_key_to_encrypt_for,
    one_of_many_follows_the_key_to_encrypt_for,
    one_of_many_starts_a_successor,
    one_of_many_ends_a_session,
    one_of_many_changes_what_it_registered_about_itself,
    one_of_many_uses_an_assertion,
    one_of_many_makes_an_attempt,
    a_client_is_told_once_however_many_end_a_session,
    a_client_that_a_person_signs_in_to_at_the_last_moment_is_told_or_gets_nothing,
    all_agree_on_what_was_written_once,
    a_withdrawal_and_a_redemption_leave_no_grant_alive,
    a_withdrawal_and_an_authorization_leave_no_grant_without_consent,
    a_login_that_was_being_checked_does_not_outlive_a_changed_password,
);

const MANY: usize = 16;

/// Starts `count` threads together, spread over two stores, and gathers what they come to.
fn race<T: Send>(world: &World, count: usize, run: impl Fn(&Store, usize) -> T + Sync) -> Vec<T> {
    let stores = world.two_stores();
    let start = Barrier::new(count);
    thread::scope(|scope| {
        let (stores, start, run) = (&stores, &start, &run);
        let racers = (0..count).map(|number| {
            scope.spawn(move || {
                start.wait();
                run(&stores[number % 2], number)
            })
        });
        let racers: Vec<_> = racers.collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

fn winners(outcomes: Vec<Result<bool>>) -> usize {
    outcomes.into_iter().filter(|outcome| outcome.unwrap()).count()
}

fn one_of_many_redeems_a_code(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.client("app"), world.here);
    for _ in 0..5 {
        let approved = approved::code(world, world.grant(pending(bob, app)));
        let outcomes = race(world, 64, |store, _| {
            let approved = approved.clone();
            wait(store.write(here, move |tx| Ok(tx.redeem(&approved)?.is_some())))
        });
        assert_eq!(winners(outcomes), 1);
    }
}

fn one_of_many_rotates_a_refresh_token(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.client("app"), world.here);
    let grant = world.grant(active(bob, app));
    for generation in 0..5 {
        let approved = approved::refresh(world, grant, generation);
        let outcomes = race(world, 64, |store, _| {
            let approved = approved.clone();
            wait(store.write(here, move |tx| Ok(tx.rotate(&approved)?.is_some())))
        });
        assert_eq!(winners(outcomes), 1);
        assert_eq!(world.read(move |tx| tx.find_grant(grant)).unwrap().generation, generation + 1);
    }
}

fn one_of_many_revokes_a_grant(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.client("app"), world.here);
    let grant = world.grant(active(bob, app));
    let outcomes = race(world, MANY, |store, _| wait(store.write(here, move |tx| tx.revoke_grant(grant, NOW))));
    assert_eq!(winners(outcomes), 1);
}

fn a_code_is_redeemed_or_burned(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.client("app"), world.here);
    for _ in 0..5 {
        let grant = world.grant(pending(bob, app));
        let approved = approved::code(world, grant);
        let outcomes = race(world, MANY, |store, number| {
            let approved = approved.clone();
            wait(store.write(here, move |tx| match number % 3 {
                0 => tx.burn_code(grant),
                _ => Ok(tx.redeem(&approved)?.is_some()),
            }))
        });
        assert_eq!(winners(outcomes), 1);
    }
}

fn one_of_many_changes_a_profile(world: &World) {
    let bob = world.user("bob");
    let (other, before) = (world.user("alice"), world.read(move |tx| tx.find_user(bob)).unwrap());
    let written = race(world, MANY, |store, number| {
        let before = before.clone();
        let after = User { claims: format!("{{\"nickname\":\"{number}\"}}"), ..before.clone() };
        wait(store.write(world.here, move |tx| tx.change_profile(&before, &after)))
    });
    let winner = written.iter().position(|won| *won == Ok(true)).unwrap();
    assert_eq!(winners(written), 1);
    assert_eq!(world.read(move |tx| tx.find_user(bob)).unwrap().claims, format!("{{\"nickname\":\"{winner}\"}}"));
    assert_eq!(world.read(move |tx| tx.find_user(other)).unwrap().claims, "{}");
}

fn one_of_many_changes_what_it_registered_about_itself(world: &World) {
    let dynamic = Some(DynamicRegistration { generation: 0, unused_until: None });
    let app = world.write(move |tx| tx.insert_client(&NewClient { dynamic, ..client("app") }, NOW));
    let here = world.here;
    for generation in 0..5 {
        let outcomes = race(world, MANY, |store, n| {
            let new = registration(&format!("{generation}-{n}"));
            wait(store.write(here, move |tx| tx.update_own_registration(app, &new, generation)))
        });
        assert_eq!(winners(outcomes), 1);
    }
    let found = world.read(move |tx| tx.find_client_by_row(app)).unwrap();
    assert_eq!(found.dynamic.unwrap().generation, 5);
    // What an owner or an operator says counts in any case, and is not undone by who has not seen it.
    assert!(world.write(move |tx| tx.update_registration(app, &registration("operator"))));
    assert!(!world.write(move |tx| tx.update_own_registration(app, &registration("app"), 5)));
    assert!(world.write(move |tx| tx.update_own_registration(app, &registration("app"), 6)));
    assert!(world.write(move |tx| tx.delete_client(app)));
    assert!(!world.write(move |tx| tx.update_own_registration(app, &registration("back"), 7)));
}

fn one_of_many_uses_an_assertion(world: &World) {
    let (app, other, here) = (world.client("app"), world.client("other"), world.here);
    let insert = |store: &Store, app, jti: &'static [u8]| {
        wait(store.write(here, move |tx| tx.insert_used_assertion(app, jti, later(60))))
    };
    for jti in [b"one", b"two"] {
        assert_eq!(winners(race(world, 64, |store, _| insert(store, app, jti))), 1);
    }
    assert!(insert(&world.store, other, b"one").unwrap(), "each client has names of its own");
    assert!(!insert(&world.store, app, b"one").unwrap());
}

fn one_of_many_takes_a_name(world: &World) {
    let here = world.here;
    let outcomes = race(world, MANY, |store, number| {
        let new = grantry_storage::NewUser { subject: format!("sub-{number}"), ..user("bob") };
        wait(store.write(here, move |tx| tx.insert_user(&new, NOW)))
    });
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|outcome| *outcome == Err(StorageError::Conflict)));
}

fn one_of_many_takes_a_slug(world: &World) {
    let outcomes = race(world, MANY, |store, _| {
        wait(store.write_instance(|instance| instance.create_workspace(&workspace("wanted"), NOW)))
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

fn one_of_many_rotates_a_secret(world: &World) {
    let (app, here) = (world.client("app"), world.here);
    let outcomes = race(world, MANY, |store, _| {
        wait(store.write(here, move |tx| Ok(tx.rotate_secret(app, "more", NOW, later(60))?.is_some())))
    });
    assert_eq!(winners(outcomes), 1);
    assert_eq!(world.read(move |tx| tx.find_client_by_row(app)).unwrap().secrets.len(), 2);
}

fn one_secret_outlives_all_retirements(world: &World) {
    let here = world.here;
    for round in 0..5 {
        let client_id: &'static str = ["a", "b", "c", "d", "e"][round];
        let app = world.client(client_id);
        let second = world.write(move |tx| tx.rotate_secret(app, "more", NOW, later(60))).unwrap();
        let outcomes = race(world, 8, |store, number| {
            let number = if number % 4 < 2 { 1 } else { second };
            wait(store.write(here, move |tx| tx.retire_secret(app, number, NOW)))
        });
        assert_eq!(winners(outcomes), 1);
        let secrets = world.read(move |tx| tx.find_client_by_row(app)).unwrap().secrets;
        let good = secrets.iter().filter(|secret| secret.expires_at.is_none_or(|at| at > NOW)).count();
        assert_eq!(good, 1);
    }
}

fn no_consent_is_lost(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.client("app"), world.here);
    let outcomes = race(world, MANY, |store, number| {
        wait(store.write(here, move |tx| tx.remember_consent(bob, app, &scope(&format!("scope-{number}")), NOW)))
    });
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(world.read(move |tx| tx.find_consent(bob, app)).unwrap().scope.iter().count(), MANY);
}

fn keys_get_numbers_of_their_own(world: &World) {
    let here = world.here;
    let outcomes = race(world, MANY, |store, number| {
        let new = NewKey { purpose: KeyPurpose::Sealing, sealed: vec![number as u8] };
        wait(store.write(here, move |tx| tx.insert_key(&new, NOW))).unwrap()
    });
    assert_eq!(outcomes.into_iter().collect::<BTreeSet<_>>(), (1..=MANY as i64).collect());
}

fn one_of_many_writes_the_first_signing_key(world: &World) {
    let here = world.here;
    // Four algorithms at once: each gets a key, none gets two, and no number is given twice.
    let outcomes = race(world, MANY, |store, number| {
        let new = signing_key(Algorithm::ALL[number % 4], NOW);
        wait(store.write(here, move |tx| tx.insert_first_signing_key(&new, NOW))).unwrap()
    });
    assert_eq!(outcomes.into_iter().flatten().collect::<BTreeSet<_>>(), (1..=4).collect());
    let keys = world.read(|tx| tx.list_keys(KeyPurpose::Signing));
    assert_eq!(keys.iter().filter_map(|key| key.algorithm).collect::<BTreeSet<_>>(), Algorithm::ALL.into());
    assert_eq!(keys.len(), 4);
}

fn one_of_many_writes_the_key_to_encrypt_for(world: &World) {
    let here = world.here;
    let outcomes = race(world, MANY, |store, number| {
        let alg = KeyManagement::ALL[number % 4];
        wait(store.write(here, move |tx| tx.insert_encryption_key(alg, &[1; 60], NOW))).unwrap()
    });
    assert_eq!(outcomes.into_iter().flatten().collect::<BTreeSet<_>>(), (1..=4).collect());
    let keys = world.read(|tx| tx.list_keys(KeyPurpose::Encryption));
    let algs: BTreeSet<_> = keys.iter().filter_map(|key| key.key_management).collect();
    assert_eq!((keys.len(), algs), (4, KeyManagement::ALL.into()));
    assert!(keys.iter().all(|key| key.algorithm.is_none()));
}

fn one_of_many_follows_the_key_to_encrypt_for(world: &World) {
    let (here, alg) = (world.here, KeyManagement::EcdhEs);
    let mut current = world.write(move |tx| tx.insert_encryption_key(alg, &[1; 60], NOW)).unwrap();
    for round in 1..5 {
        let outcomes = race(world, MANY, |store, _| {
            wait(store.write(here, move |tx| tx.insert_next_encryption_key((alg, current), &[2; 60], later(round))))
        });
        let successors: Vec<_> = outcomes.into_iter().filter_map(Result::unwrap).collect();
        let [successor] = successors[..] else { panic!("{successors:?}") };
        let keys = world.read(|tx| tx.list_keys(KeyPurpose::Encryption));
        let good: Vec<_> = keys.iter().filter(|key| key.retired_at.is_none()).map(|key| key.number).collect();
        assert_eq!(good, [successor]);
        current = successor;
    }
    // Whoever comes late changes nothing of the first one's end.
    assert_eq!(world.write(move |tx| tx.insert_next_encryption_key((alg, 1), &[3; 60], later(9))), None);
    let first = world.read(|tx| tx.list_keys(KeyPurpose::Encryption)).pop().unwrap();
    assert_eq!((first.number, first.retired_at), (1, Some(later(1))));
}

fn one_of_many_starts_a_successor(world: &World) {
    let here = world.here;
    let first = signing_key(Algorithm::ES256, NOW);
    world.write(move |tx| tx.insert_first_signing_key(&first, NOW));
    let outcomes = race(world, MANY, |store, _| {
        let new = signing_key(Algorithm::ES256, later(60));
        wait(store.write(here, move |tx| tx.insert_next_signing_key(&new, NOW))).unwrap()
    });
    assert_eq!(outcomes.into_iter().flatten().collect::<Vec<_>>(), [2]);
    let keys = world.read(|tx| tx.list_keys(KeyPurpose::Signing));
    let times: Vec<_> = keys.iter().map(|key| (key.number, key.active_at, key.retired_at)).collect();
    assert_eq!(times, [(2, later(60), None), (1, NOW, Some(later(60)))]);
}

fn signing_key(algorithm: Algorithm, active_at: Timestamp) -> NewSigningKey {
    NewSigningKey { algorithm, sealed: vec![1; 60], active_at }
}

fn one_of_many_ends_a_session(world: &World) {
    let (bob, here) = (world.user("bob"), world.here);
    let id = world.write(move |tx| tx.insert_session(&session(bob), NOW));
    let outcomes =
        race(world, MANY, |store, _| wait(store.write(here, move |tx| Ok(tx.end_session(id, bob, NOW)?.is_some()))));
    assert_eq!(winners(outcomes), 1);
}

fn one_of_many_makes_an_attempt(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.logout_client("app"), world.here);
    for round in 0..5 {
        world.signed_out(bob, app, &format!("sid-{round}"));
        let due = world
            .instance(|instance| instance.list_due_deliveries(NOW, (None, &PassedBy::default()), 10))
            .pop()
            .unwrap()
            .delivery;
        let outcomes = race(world, MANY, |store, _| {
            let due = due.clone();
            wait(store.write(here, move |tx| tx.claim_delivery(&due, later(10))))
        });
        assert_eq!(winners(outcomes), 1);
        world.write(move |tx| tx.finish_delivery(due.id, NOW));
    }
}

fn a_client_is_told_once_however_many_end_a_session(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.logout_client("app"), world.here);
    let id = world.signed_in(bob, app, "sid");
    race(world, MANY, |store, number| {
        wait(store.write(here, move |tx| match number % 3 {
            0 => tx.end_session(id, bob, NOW).map(drop),
            1 => tx.end_sessions_of(bob, None, NOW).map(drop),
            _ => tx.withdraw_consent(bob, app, NOW).map(drop),
        }))
        .unwrap();
    });
    assert_eq!(world.read(move |tx| tx.list_deliveries(app, 10)).len(), 1);
}

fn a_client_that_a_person_signs_in_to_at_the_last_moment_is_told_or_gets_nothing(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.logout_client("app"), world.here);
    for round in 0..10 {
        let sid = format!("sid-{round}");
        let new = NewSession { sid: sid.clone(), ..session(bob) };
        let id = world.write(move |tx| tx.insert_session(&new, NOW));
        let by = SignedIn { user: bob, session: id, sid, auth_time: NOW };
        let noted = race(world, 8, |store, number| {
            let by = by.clone();
            wait(store.write(here, move |tx| match number {
                3 => tx.end_session(id, bob, NOW).map(|_| false),
                _ => tx.note_session_client(&by, app, later(60)),
            }))
            .unwrap()
        });
        let told = || world.read(move |tx| tx.list_deliveries(app, 100)).iter().filter(|it| it.sid == by.sid).count();
        assert_eq!(told(), usize::from(noted.contains(&true)));
        world.write(move |tx| tx.end_sessions_of(bob, None, NOW));
        assert!(told() <= 1, "somebody was signed in to the client after its session had ended");
    }
}

fn all_agree_on_what_was_written_once(world: &World) {
    let outcomes = race(world, MANY, |store, number| {
        wait(store.write_instance(move |instance| instance.put_meta_once("key", &[number as u8]))).unwrap()
    });
    assert_eq!(outcomes.into_iter().collect::<BTreeSet<_>>().len(), 1);
}

fn a_withdrawal_and_a_redemption_leave_no_grant_alive(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.client("app"), world.here);
    let grant = world.grant(pending(bob, app));
    let approved = approved::code(world, grant);
    race(world, 8, |store, number| {
        let approved = approved.clone();
        wait(store.write(here, move |tx| match number {
            0 => tx.withdraw_consent(bob, app, NOW),
            _ => Ok(tx.redeem(&approved)?.is_some()),
        }))
        .unwrap()
    });
    assert_eq!(world.read(move |tx| tx.find_grant(grant)).unwrap().state, GrantState::Revoked);
}

fn a_withdrawal_and_an_authorization_leave_no_grant_without_consent(world: &World) {
    let (bob, app, here) = (world.user("bob"), world.client("app"), world.here);
    for _ in 0..10 {
        world.write(move |tx| tx.remember_consent(bob, app, &scope("read"), NOW));
        race(world, MANY, |store, number| {
            wait(store.write(here, move |tx| match number {
                3 => tx.withdraw_consent(bob, app, NOW).map(drop),
                _ => match tx.hold_consent(bob, app)? {
                    Some(_) => tx.insert_grant(&pending(bob, app)).map(drop),
                    None => Ok(()),
                },
            }))
            .unwrap();
        });
        assert_eq!(world.read(move |tx| tx.find_consent(bob, app)), None);
        assert_eq!(world.read(move |tx| tx.list_connected_apps(bob, NOW)), []);
        assert_eq!(world.write(move |tx| tx.revoke_grants_of(bob, app, NOW)), 0, "a grant was left alive");
    }
}

fn a_login_that_was_being_checked_does_not_outlive_a_changed_password(world: &World) {
    let (bob, here) = (world.user("bob"), world.here);
    for round in 0..10 {
        let (old, new) = (format!("digest {round}"), format!("digest {}", round + 1));
        let before = old.clone();
        world.write(move |tx| tx.set_password(bob, &before));
        race(world, MANY, |store, number| {
            let (old, new) = (old.clone(), new.clone());
            wait(store.write(here, move |tx| {
                if number == 3 {
                    tx.set_password(bob, &new)?;
                    return tx.end_sessions_of(bob, None, NOW).map(drop);
                }
                if tx.confirm_password(bob, &old)? { tx.insert_session(&session(bob), NOW).map(drop) } else { Ok(()) }
            }))
            .unwrap();
        });
        assert_eq!(world.read(move |tx| tx.list_sessions(bob, NOW)), []);
    }
}

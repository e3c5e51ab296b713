//! What of a workspace may be kept in memory: whoever keeps it can ask whether it was changed.

use crate::world::{
    NOW, World, active, client, days, later, on_both_engines, registration, session, user, wait, workspace,
};
use grantry_protocol::jose::{Algorithm, KeyManagement};
use grantry_storage::{KeyPurpose, NewKey, NewSigningKey, Result, StorageError, Tx};

on_both_engines!(
    whatever_is_kept_of_a_workspace_is_noted,
    what_is_read_each_time_is_not,
    a_failure_is_noted_no_later_than_its_answer,
    one_process_knows_nothing_of_another,
);

/// Whether a unit of work is noted as a change of its workspace.
fn is_noted<T: Send + 'static>(world: &World, work: impl FnMut(&mut Tx) -> Result<T> + Send + 'static) -> bool {
    let before = world.store.moment();
    world.write(work);
    !world.store.is_unchanged(world.here, before)
}

fn whatever_is_kept_of_a_workspace_is_noted(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let sealed = || vec![1];
    let new_key = move || NewKey { purpose: KeyPurpose::Sealing, sealed: sealed() };
    let signing = move || NewSigningKey { algorithm: Algorithm::ES256, sealed: sealed(), active_at: NOW };
    let alg = KeyManagement::EcdhEs;
    assert!(is_noted(world, move |tx| tx.update_registration(app, &registration("changed"))));
    assert!(is_noted(world, move |tx| tx.update_own_registration(app, &registration("changed"), 0)));
    assert!(is_noted(world, move |tx| tx.keep_client(app)));
    assert!(is_noted(world, move |tx| tx.set_client_disabled(app, Some(NOW))));
    assert!(is_noted(world, move |tx| tx.rotate_secret(app, "digest 2", NOW, days(1))));
    assert!(is_noted(world, move |tx| tx.retire_secret(app, 1, NOW)));
    assert!(is_noted(world, move |tx| tx.insert_key(&new_key(), NOW)));
    assert!(is_noted(world, move |tx| tx.insert_only_key(&new_key(), NOW)));
    assert!(is_noted(world, move |tx| tx.insert_first_signing_key(&signing(), NOW)));
    assert!(is_noted(world, move |tx| tx.insert_next_signing_key(&signing(), NOW)));
    assert!(is_noted(world, move |tx| tx.insert_encryption_key(alg, &sealed(), NOW)));
    assert!(is_noted(world, move |tx| tx.insert_next_encryption_key((alg, 1), &sealed(), NOW)));
    assert!(is_noted(world, move |tx| tx.retire_keys_before(KeyPurpose::Sealing, 9, NOW)));
    assert!(is_noted(world, move |tx| tx.delete_key(KeyPurpose::Sealing, 1)));
    assert!(is_noted(world, move |tx| tx.delete_user(bob, NOW)), "it may own clients");
    assert!(is_noted(world, move |tx| tx.delete_client(app)));

    let here = world.here;
    let row = world.instance(move |instance| instance.find_workspace_by_id(here)).unwrap();
    let before = world.store.moment();
    world.instance(move |instance| instance.update_workspace(&row));
    assert!(!world.store.is_unchanged(here, before));
    let before = world.store.moment();
    world.instance(move |instance| instance.delete_workspace(here));
    assert!(!world.store.is_unchanged(here, before));
}

fn what_is_read_each_time_is_not(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let before = world.store.moment();
    world.write(move |tx| tx.insert_user(&user("alice"), NOW));
    world.write(move |tx| tx.set_password(bob, "digest"));
    let id = world.signed_in(bob, app, "sid");
    world.write(move |tx| tx.insert_session(&session(bob), NOW));
    let grant = world.grant(active(bob, app));
    world.write(move |tx| tx.touch_grant(grant, NOW, later(60)));
    world.write(move |tx| tx.deny_token(&[1; 16], later(60)));
    world.write(move |tx| tx.insert_used_assertion(app, b"jti", later(60)));
    world.write(move |tx| tx.end_session(id, bob, NOW));
    world.read(|tx| tx.list_every_key());
    assert!(world.store.is_unchanged(world.here, before));
    // Nor is it what comes into being elsewhere.
    world.instance(|instance| instance.create_workspace(&workspace("new"), NOW));
    world.instance(|instance| instance.clean_up(NOW, 10));
    assert!(world.store.is_unchanged(world.here, before));
}

fn a_failure_is_noted_no_later_than_its_answer(world: &World) {
    let before = world.store.moment();
    let refused = world.try_write(|tx| tx.insert_client(&client("app"), NOW).and(Err::<(), _>(StorageError::Busy)));
    assert_eq!(refused, Err(StorageError::Busy));
    assert!(!world.store.is_unchanged(world.here, before), "whether a commit came through is not always known");
}

fn one_process_knows_nothing_of_another(world: &World) {
    let [one, other] = world.two_stores();
    let before = other.moment();
    wait(one.write(world.here, |tx| tx.insert_client(&client("app"), NOW))).unwrap();
    assert_eq!(other.is_unchanged(world.here, before), other.is_shared());
}

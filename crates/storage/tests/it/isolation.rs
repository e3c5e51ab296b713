//! A row is invisible from another workspace: to every statement that finds, lists, counts, changes or deletes.

use crate::world::{
    NOW, OPTIONS, World, active, approved, client, days, later, on_both_engines, pending, registration, scope, session,
    user, wait,
};
use grantry_protocol::sealed::AccessSubject;
use grantry_storage::{ClientFilter, Database, KeyPurpose, NewClient, NewKey, Page, Result, Tx};

on_both_engines!(nothing_is_found_from_elsewhere, nothing_changes_from_elsewhere, names_are_free_elsewhere);

const ALL: Page = Page { limit: 100, offset: 0 };

/// Runs work in the other workspace.
fn elsewhere<T: Send + 'static>(world: &World, work: impl FnMut(&mut Tx) -> Result<T> + Send + 'static) -> T {
    wait(world.store.write(world.elsewhere, work)).unwrap()
}

fn nothing_is_found_from_elsewhere(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let grant = world.grant(active(bob, app));
    let began = world.write(move |tx| {
        let mut resource = registration("API");
        resource.resource = Some("https://api.example".to_owned());
        tx.insert_client(&NewClient { registration: resource, owner: Some(bob), ..client("api") }, NOW)?;
        tx.remember_consent(bob, app, &scope("read"), NOW)?;
        tx.deny_token(&[1; 16], later(60))?;
        tx.insert_key(&NewKey { purpose: KeyPurpose::Sealing, sealed: vec![1] }, NOW)?;
        tx.insert_session(&session(bob), NOW)
    });
    elsewhere(world, move |tx| {
        assert_eq!(tx.find_user(bob)?, None);
        assert_eq!(tx.find_user_by_username("bob")?, None);
        assert_eq!(tx.find_user_by_subject("sub-bob")?, None);
        assert_eq!(tx.find_password("bob")?, None);
        assert_eq!((tx.list_users("", ALL)?, tx.count_users("")?), (vec![], 0));
        assert_eq!(tx.find_client("app")?, None);
        assert_eq!(tx.find_client_by_row(app)?, None);
        for owner in [None, Some(bob)] {
            let filter = ClientFilter { owner, search: String::new() };
            assert_eq!((tx.list_clients(&filter, ALL)?, tx.count_clients(&filter)?), (vec![], 0));
        }
        assert_eq!(tx.find_resource_servers()?, []);
        assert_eq!(tx.find_session(began)?, None);
        assert_eq!(tx.list_sessions(bob, NOW)?, []);
        assert_eq!(tx.find_consent(bob, app)?, None);
        assert_eq!(tx.list_connected_apps(bob, NOW)?, []);
        assert_eq!(tx.find_grant(grant)?, None);
        assert_eq!(tx.find_standing(grant)?, None);
        assert_eq!(tx.find_standing_of(grant, &[2; 16])?, None);
        assert_eq!(tx.find_backing(AccessSubject::Grant(grant), &[2; 16])?, None);
        assert!(!tx.is_denied(&[1; 16])?);
        assert!(tx.list_keys(KeyPurpose::Sealing)?.is_empty());
        assert!(tx.list_every_key()?.is_empty());
        Ok(())
    });
}

fn nothing_changes_from_elsewhere(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let (granted, waiting) = (world.grant(active(bob, app)), world.grant(pending(bob, app)));
    let (refresh, code) = (approved::refresh(world, granted, 0), approved::code(world, waiting));
    let began = world.write(move |tx| {
        tx.rotate_secret(app, "digest 2", NOW, days(1))?;
        tx.remember_consent(bob, app, &scope("read"), NOW)?;
        tx.insert_key(&NewKey { purpose: KeyPurpose::Sealing, sealed: vec![1] }, NOW)?;
        tx.insert_session(&session(bob), NOW)
    });
    let everything = |tx: &mut Tx, bob, app, began, granted, waiting| {
        let keys = tx.list_keys(KeyPurpose::Sealing)?;
        Ok((
            (tx.find_password("bob")?, tx.find_client("app")?, tx.find_session(began)?, tx.find_consent(bob, app)?),
            (tx.find_grant(granted)?, tx.find_grant(waiting)?),
            keys.into_iter().map(|key| (key.number, key.retired_at)).collect::<Vec<_>>(),
        ))
    };
    let look = move |tx: &mut Tx| everything(tx, bob, app, began, granted, waiting);
    let (before, its_user) = (world.read(look), world.read(move |tx| tx.find_user(bob)).unwrap());
    elsewhere(world, move |tx| {
        assert!(!tx.update_user(&its_user)? && !tx.set_password(bob, "x")? && !tx.delete_user(bob, NOW)?);
        assert!(!tx.update_registration(app, &registration("x"))? && !tx.set_client_disabled(app, Some(NOW))?);
        assert!(tx.rotate_secret(app, "x", days(2), days(2))?.is_none() && !tx.retire_secret(app, 1, NOW)?);
        assert!(!tx.delete_client(app)? && tx.end_session(began, bob, NOW)?.is_none());
        tx.touch_session(began, days(1))?;
        assert_eq!(tx.end_sessions_of(bob, None, NOW)?, 0);
        assert!(!tx.withdraw_consent(bob, app, NOW)? && !tx.revoke_grant(granted, NOW)? && !tx.burn_code(waiting)?);
        assert_eq!((tx.revoke_grants_of(bob, app, NOW)?, tx.redeem(&code)?, tx.rotate(&refresh)?), (0, None, None));
        tx.touch_grant(granted, days(1), days(2))?;
        assert_eq!(tx.retire_keys_before(KeyPurpose::Sealing, 9, NOW)?, 0);
        assert!(!tx.delete_key(KeyPurpose::Sealing, 1)?);
        Ok(())
    });
    assert_eq!(world.read(look), before);

    // Nor does a workspace that goes take anything along.
    let gone = world.elsewhere;
    assert!(world.instance(move |instance| instance.delete_workspace(gone)));
    assert_eq!(world.read(look), before);
}

/// The same names, and on PostgreSQL even the same row ids, are other rows elsewhere.
fn names_are_free_elsewhere(world: &mut World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    // With its clock standing still, a restarted store gives out the same ids again.
    world.reopen(OPTIONS);
    let (ids, grant) = elsewhere(world, move |tx| {
        let ids = ["bob", "alice", "carol"].map(|name| tx.insert_user(&user(name), NOW));
        let app = tx.insert_client(&client("app"), NOW)?;
        tx.deny_token(&[1; 16], later(60))?;
        assert_eq!(tx.insert_key(&NewKey { purpose: KeyPurpose::Sealing, sealed: vec![2] }, NOW)?, 1);
        Ok((ids.map(Result::unwrap), tx.insert_grant(&active(bob, app))?))
    });
    assert_eq!(ids.contains(&bob), matches!(world.database, Database::Postgres(_)));
    assert_eq!(world.read(move |tx| tx.find_grant(grant)), None);
    assert!(!world.read(|tx| tx.is_denied(&[1; 16])));
    assert_eq!(world.read(|tx| tx.find_client("app")).unwrap().row, app);
    assert_eq!(world.read(move |tx| tx.find_user(bob)).unwrap().username, "bob");
    assert_eq!(world.read(|tx| tx.count_users("")), 1);
}

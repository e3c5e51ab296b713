//! Workspaces, their keys, and what the database says about itself.

use crate::world::{NOW, World, active, on_both_engines, pending, scope, session, workspace};
use grantry_protocol::types::{GrantType, Seconds};
use grantry_protocol::workspace::{ScopeDefinition, Slug, Workspace};
use grantry_storage::{KeyPurpose, NewKey, Page, StorageError};

on_both_engines!(
    a_workspace_is_made_with_its_first_key,
    a_workspace_can_change,
    a_workspace_goes_with_everything_in_it,
    its_rules_are_held_while_it_stands,
    workspaces_are_searched_and_paged,
    what_is_written_once_stays,
    keys_are_numbered_and_retired,
    a_token_is_denied_where_it_was_revoked,
);

const SEALING: KeyPurpose = KeyPurpose::Sealing;

fn key(byte: u8) -> NewKey {
    NewKey { purpose: SEALING, sealed: vec![byte; 60] }
}

fn a_workspace_is_made_with_its_first_key(world: &World) {
    let id = world.instance(|instance| {
        let id = instance.create_workspace(&workspace("new"), NOW)?;
        instance.within(id).insert_key(&key(7), NOW)?;
        Ok(id)
    });
    let found = world.instance(|instance| instance.find_workspace("new")).unwrap();
    assert_eq!((found.id, found.slug.as_str(), found.name.as_str()), (id, "new", "The new"));
    let scopes = ScopeDefinition::with_standard(workspace("new").scopes);
    assert_eq!((found.policy.clone(), found.scopes.clone()), (workspace("new").policy, scopes));
    assert_eq!(world.instance(move |instance| instance.find_workspace_by_id(id)), Some(found));
    assert_eq!(world.instance(move |instance| instance.within(id).list_keys(SEALING)).len(), 1);
    let again = world.store.write_instance(|instance| instance.create_workspace(&workspace("new"), NOW));
    assert_eq!(crate::world::wait(again), Err(StorageError::Conflict));
}

fn a_workspace_can_change(world: &World) {
    let mut changed = world.instance(|instance| instance.find_workspace("here")).unwrap();
    changed.slug = Slug::parse("renamed").unwrap();
    changed.policy.grant_types.insert(GrantType::Password);
    changed.policy.lifetimes.code = Seconds(30);
    changed.scopes.retain(|scope| scope.name != "read");
    changed.disabled_at = Some(NOW);
    let written = changed.clone();
    assert!(world.instance(move |instance| instance.update_workspace(&written)));
    assert_eq!(world.instance(|instance| instance.find_workspace("renamed")), Some(changed));
    assert_eq!(world.instance(|instance| instance.find_workspace("here")), None);
}

fn its_rules_are_held_while_it_stands(world: &World) {
    let id = world.here;
    let change = move |change: fn(&mut Workspace)| {
        world.instance(move |instance| {
            let mut row = instance.find_workspace_by_id(id)?.unwrap();
            change(&mut row);
            instance.update_workspace(&row)
        })
    };
    change(|row| row.policy.sign_up = true);
    assert!(world.write(|tx| tx.hold_policy()).is_some_and(|policy| policy.sign_up));
    change(|row| row.disabled_at = Some(NOW));
    assert_eq!(world.write(|tx| tx.hold_policy()), None);
    change(|row| row.disabled_at = None);
    assert!(world.write(|tx| tx.hold_policy()).is_some());
    world.instance(move |instance| instance.delete_workspace(id));
    assert_eq!(world.write(|tx| tx.hold_policy()), None);
}

fn a_workspace_goes_with_everything_in_it(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let (id, grant) = (world.here, world.grant(active(bob, app)));
    world.grant(pending(bob, app));
    let began = world.write(move |tx| {
        tx.remember_consent(bob, app, &scope("read"), NOW)?;
        tx.deny_token(&[1; 16], crate::world::later(60))?;
        tx.insert_key(&key(1), NOW)?;
        tx.insert_session(&session(bob), NOW)
    });
    assert!(world.instance(move |instance| instance.delete_workspace(id)));
    assert!(!world.instance(move |instance| instance.delete_workspace(id)));
    assert_eq!(world.read(move |tx| tx.find_user(bob)), None);
    assert_eq!(world.read(move |tx| tx.find_client_by_row(app)), None);
    assert_eq!(world.read(move |tx| tx.find_grant(grant)), None);
    assert_eq!(world.read(move |tx| tx.find_session(began)), None);
    assert_eq!(world.read(move |tx| tx.find_consent(bob, app)), None);
    assert!(!world.read(|tx| tx.is_denied(&[1; 16])));
    assert!(world.read(|tx| tx.list_keys(SEALING)).is_empty());
    assert_eq!(world.instance(|instance| instance.count_workspaces("")), 1);
}

fn workspaces_are_searched_and_paged(world: &World) {
    world.instance(|instance| instance.create_workspace(&workspace("a-z"), NOW));
    let list = |search: &'static str, limit, offset| -> Vec<String> {
        let found = world.instance(move |instance| instance.list_workspaces(search, Page { limit, offset }));
        found.into_iter().map(|workspace| workspace.slug.to_string()).collect()
    };
    assert_eq!(list("", 9, 0), ["a-z", "elsewhere", "here"]);
    assert_eq!(list("", 1, 1), ["elsewhere"]);
    assert_eq!(list("THE else", 9, 0), ["elsewhere"]);
    assert_eq!(list("a_z", 9, 0), [""; 0]);
    assert_eq!(world.instance(|instance| instance.count_workspaces("here")), 2);
}

fn what_is_written_once_stays(world: &World) {
    assert_eq!(world.instance(|instance| instance.meta("key")), None);
    assert_eq!(world.instance(|instance| instance.put_meta_once("key", b"one")), b"one");
    assert_eq!(world.instance(|instance| instance.put_meta_once("key", b"two")), b"one");
    assert_eq!(world.instance(|instance| instance.meta("key")), Some(b"one".to_vec()));
}

fn keys_are_numbered_and_retired(world: &World) {
    let numbers = [1, 2, 3].map(|byte| world.write(move |tx| tx.insert_key(&key(byte), NOW)));
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(world.write(|tx| tx.retire_keys_before(SEALING, 3, NOW)), 2);
    let keys = world.read(|tx| tx.list_keys(SEALING));
    let seen: Vec<_> = keys.iter().map(|key| (key.number, key.sealed[0], key.retired_at.is_some())).collect();
    assert_eq!(seen, [(3, 3, false), (2, 2, true), (1, 1, true)]);
    assert!(world.write(|tx| tx.delete_key(SEALING, 1)));
    assert!(!world.write(|tx| tx.delete_key(SEALING, 1)));
}

fn a_token_is_denied_where_it_was_revoked(world: &World) {
    let id = |last| [[0, 255, 7, 0], [1; 4], [2; 4], [0, 0, 0, last]].concat().try_into().unwrap();
    let deny = || world.write(move |tx| tx.deny_token(&id(7), crate::world::later(60)));
    deny();
    deny();
    assert!(world.read(move |tx| tx.is_denied(&id(7))));
    assert!(!world.read(move |tx| tx.is_denied(&id(8))));
}

//! Clients and their secrets.

use crate::world::{NOW, World, active, client, later, on_both_engines, registration, scope};
use grantry_protocol::ClientRow;
use grantry_storage::{ClientFilter, NewClient, Page, StorageError};

on_both_engines!(
    a_client_is_found_with_its_secrets,
    a_client_can_change_and_go,
    a_list_is_filtered_and_paged,
    two_secrets_live_at_a_time,
    the_last_secret_is_never_retired,
);

fn a_client_is_found_with_its_secrets(world: &World) {
    let row = world.client("app");
    let found = world.read(|tx| tx.find_client("app")).unwrap();
    assert_eq!((found.row, found.client_id.as_str()), (row, "app"));
    assert_eq!(found.registration, registration("App app"));
    assert_eq!((found.secrets[0].number, found.secrets[0].digest.as_str()), (1, "digest 1"));
    assert_eq!(found.secrets[0].expires_at, None);
    assert_eq!(world.read(move |tx| tx.find_client_by_row(row)), Some(found));

    world.write(|tx| tx.insert_client(&NewClient { digest: None, ..client("public") }, NOW));
    assert_eq!(world.read(|tx| tx.find_client("public")).unwrap().secrets, []);
    assert_eq!(world.try_write(|tx| tx.insert_client(&client("app"), NOW)), Err(StorageError::Conflict));
    assert_eq!(world.read(|tx| tx.find_client("App")), None);
}

fn a_client_can_change_and_go(world: &World) {
    let (bob, row) = (world.user("bob"), world.client("app"));
    let mut changed = registration("Renamed");
    changed.resource = Some("https://api.example".to_owned());
    let written = changed.clone();
    assert_eq!(world.read(|tx| tx.find_resource_servers()), []);
    assert!(world.write(move |tx| tx.update_registration(row, &written)));
    assert!(world.write(move |tx| tx.set_client_disabled(row, Some(NOW))));
    let found = world.read(|tx| tx.find_client("app")).unwrap();
    assert_eq!((&found.registration, found.disabled_at), (&changed, Some(NOW)));
    assert_eq!(world.read(|tx| tx.find_resource_servers()), [found]);
    assert!(world.write(move |tx| tx.set_client_disabled(row, None)));
    assert_eq!(world.read(|tx| tx.find_client("app")).unwrap().disabled_at, None);

    let grant = world.grant(active(bob, row));
    world.write(move |tx| tx.remember_consent(bob, row, &scope("read"), NOW));
    assert!(world.write(move |tx| tx.delete_client(row)));
    assert!(!world.write(move |tx| tx.delete_client(row)));
    assert_eq!(world.read(|tx| tx.find_client("app")), None);
    assert_eq!(world.read(move |tx| tx.find_grant(grant)), None);
    assert_eq!(world.read(move |tx| tx.find_consent(bob, row)), None);
    let same_name = world.client("app");
    assert_ne!(same_name, row);
    assert_eq!(world.read(|tx| tx.find_client("app")).unwrap().secrets.len(), 1);
}

fn a_list_is_filtered_and_paged(world: &World) {
    let bob = world.user("bob");
    for (client_id, name, owner) in
        [("x-1", "beta", None), ("x-2", "Alpha", Some(bob)), ("y_3", "gamma 50%", Some(bob)), ("y-4", "delta", None)]
    {
        let new = NewClient { registration: registration(name), owner, ..client(client_id) };
        world.write(move |tx| tx.insert_client(&new, NOW));
    }
    let row = world.read(|tx| tx.find_client("x-1")).unwrap().row;
    world.write(move |tx| tx.rotate_secret(row, "digest 2", NOW, later(60)));
    let list = |owner, search: &str, limit, offset| -> Vec<String> {
        let filter = ClientFilter { owner, search: search.to_owned() };
        let clients = world.read(move |tx| tx.list_clients(&filter, Page { limit, offset }));
        clients.into_iter().map(|client| client.registration.name).collect()
    };
    assert_eq!(list(None, "", 9, 0), ["Alpha", "beta", "delta", "gamma 50%"]);
    assert_eq!(list(None, "", 2, 1), ["beta", "delta"]);
    assert_eq!(list(Some(bob), "", 9, 0), ["Alpha", "gamma 50%"]);
    assert_eq!(list(None, "Y_", 9, 0), ["gamma 50%"]);
    assert_eq!(list(None, "%", 9, 0), ["gamma 50%"]);
    assert_eq!(list(Some(bob), "ALPH", 9, 0), ["Alpha"]);
    let count = |filter: ClientFilter| world.read(move |tx| tx.count_clients(&filter));
    assert_eq!(count(ClientFilter::default()), 4);
    assert_eq!(count(ClientFilter { owner: Some(bob), search: "x-".to_owned() }), 1);
    let all = world.read(|tx| tx.list_clients(&ClientFilter::default(), Page { limit: 9, offset: 0 }));
    assert_eq!(all.iter().map(|client| client.secrets.len()).collect::<Vec<_>>(), [1, 2, 1, 1]);
}

/// Number and end of each secret, newest first.
fn secrets(world: &World, row: ClientRow) -> Vec<(i64, Option<i64>)> {
    let secrets = world.read(move |tx| tx.find_client_by_row(row)).unwrap().secrets;
    secrets.iter().map(|secret| (secret.number, secret.expires_at.map(|at| at.as_unix() - NOW.as_unix()))).collect()
}

fn two_secrets_live_at_a_time(world: &World) {
    let row = world.client("app");
    let rotate = |now| world.write(move |tx| tx.rotate_secret(row, "more", now, later(60)));
    let second = rotate(NOW).unwrap();
    assert_eq!(secrets(world, row), [(second, None), (1, Some(60))]);
    assert_eq!(rotate(later(59)), None);
    assert_eq!(secrets(world, row).len(), 2);
    // The first has expired by now, and its end is not moved.
    let third = rotate(later(60)).unwrap();
    assert!(third > second);
    assert_eq!(secrets(world, row), [(third, None), (second, Some(60)), (1, Some(60))]);
    // Two are good, and none of them shall stay so.
    let now = later(70);
    world.write(move |tx| tx.rotate_secret(row, "more", now, later(900)));
    let only = world.write(move |tx| tx.rotate_secret(row, "more", now, now)).unwrap();
    let good: Vec<_> = secrets(world, row).into_iter().filter(|(_, end)| end.is_none_or(|end| end > 70)).collect();
    assert_eq!(good, [(only, None)]);
    assert_eq!(world.write(|tx| tx.rotate_secret(ClientRow(1), "x", NOW, NOW)), None);
}

fn the_last_secret_is_never_retired(world: &World) {
    let row = world.client("app");
    let retire = |number, now| world.write(move |tx| tx.retire_secret(row, number, now));
    assert!(!retire(1, NOW));
    let second = world.write(move |tx| tx.rotate_secret(row, "more", NOW, later(60))).unwrap();
    assert!(retire(1, later(5)));
    assert!(!retire(1, later(5)));
    assert!(!retire(second, later(5)));
    assert_eq!(secrets(world, row), [(second, None), (1, Some(5))]);
}

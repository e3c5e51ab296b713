//! Clean-up: a little at a time, nothing too early, nothing left.

use crate::world::{NOW, World, active, client, days, later, on_both_engines, pending, session};
use grantry_protocol::client::DynamicRegistration;
use grantry_protocol::grant::NewGrant;
use grantry_protocol::jose::Algorithm;
use grantry_protocol::{GrantId, Timestamp};
use grantry_storage::{KeyPurpose, NewClient, NewKey, NewSession, NewSigningKey};

on_both_engines!(
    it_takes_at_most_what_it_may,
    grants_go_when_they_are_over,
    sessions_go_when_nothing_hangs_on_them,
    secrets_and_denied_tokens_go,
    used_assertions_go_when_nobody_would_take_them_again,
    signing_keys_go_when_nothing_they_signed_can_live,
    clients_that_registered_themselves_go_when_nobody_uses_them,
);

fn clean_up(world: &World, now: Timestamp, limit: i64) -> u64 {
    world.instance(move |instance| instance.clean_up(now, limit))
}

fn it_takes_at_most_what_it_may(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    world.write(move |tx| {
        for number in 0..30_u8 {
            tx.deny_token(&[number; 16], later(1))?;
        }
        for _ in 0..400 {
            tx.insert_grant(&pending(bob, app))?;
        }
        Ok(())
    });
    assert_eq!(clean_up(world, NOW, 500), 0);
    assert_eq!(clean_up(world, days(2), -1), 0);
    assert_eq!(clean_up(world, days(2), 10), 10);
    assert_eq!(clean_up(world, days(2), 40), 40);
    assert_eq!([100, 100, 100, 80].map(|_| clean_up(world, days(2), i64::MAX)), [100, 100, 100, 80]);
    assert_eq!(clean_up(world, days(2), 500), 0);
}

fn grants_go_when_they_are_over(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let short = NewGrant { expires_at: later(3_600), ..active(bob, app) };
    let [over, refreshed, revoked, standing] =
        [short.clone(), short.clone(), active(bob, app), active(bob, app)].map(|new| world.grant(new));
    world.write(move |tx| tx.touch_grant(refreshed, NOW, days(40)));
    world.write(move |tx| tx.revoke_grant(revoked, NOW));
    let there = |grant: GrantId| world.read(move |tx| tx.find_grant(grant)).is_some();
    // Not before a day has passed.
    assert_eq!(clean_up(world, days(1), 500), 0);
    // One is gone, and when to look at the other is put off.
    assert_eq!(clean_up(world, days(2), 500), 2);
    assert_eq!(clean_up(world, days(2), 500), 0);
    assert!(!there(over) && there(refreshed) && there(standing));
    assert_eq!(clean_up(world, days(32), 500), 2);
    assert!(there(refreshed) && !there(revoked) && !there(standing));
    assert_eq!(clean_up(world, days(42), 500), 1);
    assert!(!there(refreshed));
}

fn clients_that_registered_themselves_go_when_nobody_uses_them(world: &World) {
    let dynamic = |end| Some(DynamicRegistration { generation: 1, unused_until: Some(end) });
    let insert = |client_id: &'static str, dynamic| {
        world.write(move |tx| tx.insert_client(&NewClient { dynamic, ..client(client_id) }, NOW))
    };
    let [unused, used, later] =
        [("unused", days(30)), ("used", days(30)), ("later", days(31))].map(|(id, end)| insert(id, dynamic(end)));
    let registered = insert("registered", None);
    assert!(world.write(move |tx| tx.keep_client(used)));
    assert!(world.write(move |tx| tx.keep_client(used)), "others may use it at the same time");
    let there = |row| world.read(move |tx| tx.find_client_by_row(row));
    assert_eq!(there(later).unwrap().dynamic, dynamic(days(31)));
    assert_eq!(there(used).unwrap().dynamic, Some(DynamicRegistration { generation: 1, unused_until: None }));
    assert_eq!(clean_up(world, days(30), 500), 0);
    assert_eq!(clean_up(world, days(31), 500), 1);
    assert!(!world.write(move |tx| tx.keep_client(unused)), "who is gone is not kept");
    assert!(there(unused).is_none() && there(used).is_some() && there(later).is_some());
    assert_eq!(clean_up(world, days(60), 500), 1);
    assert!(there(used).is_some() && there(registered).is_some());
    // Its secret went with it: whoever had its row next would have none.
    world.run_sql(&format!("UPDATE clients SET id = {unused} WHERE id = {registered}"));
    assert_eq!(there(unused).unwrap().secrets, []);
}

fn sessions_go_when_nothing_hangs_on_them(world: &World) {
    let (bob, app) = (world.user("bob"), world.client("app"));
    let begin = |days_long| {
        world.write(move |tx| tx.insert_session(&NewSession { expires_at: days(days_long), ..session(bob) }, NOW))
    };
    let (ran_out, ended, given_in, late) = (begin(1), begin(1), begin(1), begin(20));
    world.write(move |tx| tx.end_session(ended, bob, NOW));
    // A code that was being issued while its session ended, and a grant that whoever signs out later is to end.
    let [raced, given] =
        [ended, given_in].map(|session| world.grant(NewGrant { session: Some(session), ..active(bob, app) }));
    assert_eq!(clean_up(world, days(2), 500), 0);
    // One is gone, and when to look at the two others is put off.
    assert_eq!(clean_up(world, days(3), 500), 3);
    assert_eq!(clean_up(world, days(3), 500), 0);
    let there = |id| world.read(move |tx| tx.find_session(id)).is_some();
    assert!(!there(ran_out) && there(ended) && there(given_in) && there(late));
    assert!(world.read(move |tx| tx.find_standing(raced)).unwrap().session_ended);
    world.write(move |tx| tx.touch_grant(given, NOW, days(60)));
    // The grants are over after 30 days and removed after 31; only then the sessions they must not outlive.
    assert_eq!(clean_up(world, days(32), 500), 5);
    assert!(!there(ended) && there(given_in) && !there(late));
    assert_eq!(clean_up(world, days(62), 500), 2);
    assert!(!there(given_in));
}

fn secrets_and_denied_tokens_go(world: &World) {
    let app = world.write(|tx| tx.insert_client(&NewClient { digest: Some("one".to_owned()), ..client("app") }, NOW));
    world.write(move |tx| {
        tx.deny_token(&[1; 16], later(10))?;
        tx.deny_token(&[2; 16], days(9))?;
        tx.rotate_secret(app, "two", NOW, later(10))
    });
    assert_eq!(clean_up(world, later(11), 500), 1);
    assert!(!world.read(|tx| tx.is_denied(&[1; 16])) && world.read(|tx| tx.is_denied(&[2; 16])));
    assert_eq!(clean_up(world, days(2), 500), 1);
    let secrets = world.read(move |tx| tx.find_client_by_row(app)).unwrap().secrets;
    assert_eq!(secrets.iter().map(|secret| secret.digest.as_str()).collect::<Vec<_>>(), ["two"]);
    assert!(clean_up(world, days(4_000), 500) > 0);
    assert_eq!(world.read(move |tx| tx.find_client_by_row(app)).unwrap().secrets.len(), 1);
}

fn used_assertions_go_when_nobody_would_take_them_again(world: &World) {
    let app = world.client("app");
    let insert = || world.write(move |tx| tx.insert_used_assertion(app, b"jti", later(60)));
    assert!(insert());
    assert_eq!(clean_up(world, later(60), 500), 0);
    assert!(!insert());
    assert_eq!(clean_up(world, later(61), 500), 1);
    assert!(insert());
}

fn signing_keys_go_when_nothing_they_signed_can_live(world: &World) {
    let key = |active_at| NewSigningKey { algorithm: Algorithm::ES256, sealed: vec![1; 60], active_at };
    let (first, next) = (key(NOW), key(days(1)));
    world.write(move |tx| {
        tx.insert_key(&NewKey { purpose: KeyPurpose::Sealing, sealed: vec![2; 60] }, NOW)?;
        tx.insert_key(&NewKey { purpose: KeyPurpose::Sealing, sealed: vec![2; 60] }, NOW)?;
        tx.retire_keys_before(KeyPurpose::Sealing, 2, NOW)?;
        tx.insert_first_signing_key(&first, NOW)?;
        tx.insert_next_signing_key(&next, NOW)
    });
    // The first one signed until a day from now.
    assert_eq!(clean_up(world, days(3), 500), 0);
    assert_eq!(clean_up(world, later(3 * 86_400 + 1), 500), 1);
    let left = world.read(|tx| tx.list_every_key());
    let left: Vec<_> = left.iter().map(|key| (key.purpose.as_str(), key.number)).collect();
    assert_eq!(left, [("sealing", 2), ("sealing", 1), ("signing", 2)]);
}

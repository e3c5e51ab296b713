//! A database of an earlier version goes on working.

use crate::world::{NOW, OPTIONS, World, days, later, on_both_engines};
use grantry_protocol::authorize::SignedIn;
use grantry_protocol::client::{AccessTokenChoice, OpenidRegistration};
use grantry_protocol::grant::GrantState;
use grantry_protocol::types::Seconds;
use grantry_protocol::workspace::DynamicRegistrationPolicy;
use grantry_protocol::{ClientRow, GrantId, SessionId, UserId, WorkspaceId};

on_both_engines!(what_the_first_version_wrote_is_read_by_this_one);

/// What 0002 made is gone, and the version with it.
const BACK_TO_0001: &str = "
    DROP TABLE session_clients; DROP TABLE used_assertions; DROP TABLE logout_deliveries;
    DROP INDEX clients_unused;
    DROP INDEX sessions_sweep;
    ALTER TABLE sessions DROP COLUMN sweep_at;
    CREATE INDEX sessions_expiry ON sessions (expires_at);
    ALTER TABLE sessions DROP COLUMN sid;
    ALTER TABLE grants DROP COLUMN openid;
    ALTER TABLE clients DROP COLUMN registration_generation;
    ALTER TABLE clients DROP COLUMN unused_until;
    DELETE FROM grantry_schema WHERE version > 1;";

/// Rows as the first version wrote them, members and all.
const WRITTEN_BY_0001: &str = r#"
    INSERT INTO workspaces (id, slug, name, policy, scopes, created_at) VALUES (900, 'old', 'Old',
        '{"grant_types":["authorization_code","refresh_token"],"lifetimes":{"code":60,"access_token":3600,
          "refresh_idle":2592000,"refresh_absolute":15552000,"refresh_grace":30,"session":43200},"app_registration":"users"}',
        '[{"name":"read","description":"Read","optional":true}]', 1);
    INSERT INTO users (workspace_id, id, subject, username, display_name, claims, created_at)
        VALUES (900, 1, 'sub-bob', 'bob', 'Bob', '{}', 1);
    INSERT INTO clients (workspace_id, id, client_id, name, registration, last_secret, created_at) VALUES (900, 2, 'app', 'App',
        '{"name":"App","description":"","application_type":"web","token_endpoint_auth_method":"client_secret_basic",
          "redirect_uris":["https://app.example/callback"],"grant_types":["authorization_code","refresh_token"],
          "scope":"read","lifetimes":{}}', 1, 1);
    INSERT INTO client_secrets (workspace_id, client_row, number, digest, created_at) VALUES (900, 2, 1, 'sha256:x', 1);
    INSERT INTO sessions (workspace_id, id, user_id, auth_time, last_seen_at, expires_at, user_agent, address)
        VALUES (900, 3, 1, 1800000000, 1800000000, 1800043200, 'Browser', '192.0.2.1'),
               (900, 4, 1, 1800000000, 1800000000, 1800043200, 'Browser', '192.0.2.1');
    INSERT INTO consents (workspace_id, user_id, client_row, scope, granted_at) VALUES (900, 1, 2, 'read', 1);
    INSERT INTO grants (workspace_id, id, user_id, client_row, session_id, grant_type, scope, auth_time, state, generation,
        created_at, last_used_at, refresh_until, expires_at, sweep_at)
        VALUES (900, 5, 1, 2, 3, 'authorization_code', 'read', 1800000000, 'active', 0, 1800000000, 1800000000, 1815552000,
                1802592000, 1802592000);"#;

fn what_the_first_version_wrote_is_read_by_this_one(world: &mut World) {
    world.store.close();
    world.run_sql(BACK_TO_0001);
    world.run_sql(WRITTEN_BY_0001);
    world.reopen(OPTIONS);
    world.here = WorkspaceId(900);
    let (bob, app, first, second, grant) = (UserId(1), ClientRow(2), SessionId(3), SessionId(4), GrantId(5));

    let workspace = world.instance(|instance| instance.find_workspace("old")).unwrap();
    assert_eq!(workspace.policy.dynamic_registration, DynamicRegistrationPolicy::Off);
    assert_eq!(workspace.policy.lifetimes.signing_key, Seconds::days(90));
    let names: Vec<_> = workspace.scopes.iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!(names, ["read", "openid", "profile", "email", "address", "phone", "offline_access"]);

    let client = world.read(|tx| tx.find_client("app")).unwrap();
    let registration = &client.registration;
    assert_eq!((client.row, client.secrets.len(), client.dynamic), (app, 1, None));
    assert_eq!(
        (&registration.openid, registration.access_token),
        (&OpenidRegistration::default(), AccessTokenChoice::default())
    );
    let written = registration.clone();
    assert!(world.write(move |tx| tx.update_registration(app, &written)));

    let standing = world.read(move |tx| tx.find_standing(grant)).unwrap();
    assert!(standing.is_good(&client, later(1)) && standing.grant.openid.is_none());
    assert_eq!(standing.subject, "sub-bob");

    let [one, other] = [first, second].map(|id| world.read(move |tx| tx.find_session(id)).unwrap().0);
    assert!(one.is_live(later(1)) && one.sid != other.sid, "each is known to clients by a name of its own");
    let by = SignedIn { user: bob, session: first, sid: one.sid, auth_time: NOW };
    assert!(world.write(move |tx| tx.note_session_client(&by, app, days(1))));
    let told = world.write(move |tx| tx.end_session(first, bob, later(2))).unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(world.read(move |tx| tx.find_grant(grant)).unwrap().state, GrantState::Revoked);
    assert!(world.read(move |tx| tx.find_session(second)).unwrap().0.is_live(later(3)));
    world.instance(|instance| instance.clean_up(days(400), 500));
    assert!(world.read(|tx| tx.find_client("app")).is_some(), "it did not register itself");
}

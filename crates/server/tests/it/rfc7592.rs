//! RFC 7592: an app that registered itself sees, changes and removes its registration.

use crate::harness::{Answer, CALLBACK, Engine, ISSUER, World, basic, wait};
use crate::rfc7591::{REGISTER, find, initial_access_token, least, open_world, open_world_on, register};
use crate::site::{Page, Site};
use grantry_protocol::workspace::DynamicRegistrationPolicy;
use grantry_server::operator::app::Changes;
use grantry_server::operator::{self, Command};
use serde_json::{Value, json};

/// An app that has registered itself.
struct App<'w> {
    world: &'w World,
    told: Value,
}

impl<'w> App<'w> {
    fn new(world: &'w World, metadata: &Value) -> Self {
        Self { world, told: register(world, metadata).json() }
    }

    fn member(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap()
    }

    fn path(&self) -> String {
        self.member("registration_client_uri").strip_prefix("https://grantry.test").unwrap().to_owned()
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.member("registration_access_token"))
    }

    fn get(&self) -> Answer {
        self.world.get(&self.path(), &[("authorization", &self.bearer())])
    }

    fn put(&self, metadata: &Value) -> Answer {
        self.world.put_json(&self.path(), metadata, &[("authorization", &self.bearer())])
    }

    fn delete(&self) -> Answer {
        self.world.delete(&self.path(), &[("authorization", &self.bearer())])
    }

    /// The least that an update says, and this.
    fn update(&self, more: Value) -> Answer {
        let mut metadata = least();
        metadata["client_id"] = self.told["client_id"].clone();
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.put(&metadata)
    }
}

/// Without what may differ from one answer to the next.
fn lasting(mut told: Value) -> Value {
    for member in ["client_secret", "client_secret_expires_at", "registration_access_token"] {
        told.as_object_mut().unwrap().remove(member);
    }
    told
}

#[test]
fn s2_1_it_reads_what_it_registered_and_its_token_stays_good() {
    let world = open_world();
    let app = App::new(&world, &json!({ "redirect_uris": [CALLBACK], "initiate_login_uri": "https://app.test/login" }));
    for _ in 0..2 {
        let read = app.get();
        assert_eq!((read.status, read.header("cache-control")), (200, Some("no-store")));
        assert_eq!(lasting(read.json()), lasting(app.told.clone()));
        assert_eq!(read.json()["initiate_login_uri"], "https://app.test/login");
        let again = format!("Bearer {}", read.text("registration_access_token"));
        assert_eq!(world.get(&app.path(), &[("authorization", &again)]).status, 200);
    }
    world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::Off);
    assert_eq!(app.get().status, 200, "who is registered stays so");
}

#[test]
fn s2_2_an_update_replaces_everything() {
    let world = open_world();
    let app =
        App::new(&world, &json!({ "redirect_uris": [CALLBACK], "client_name": "Old", "contacts": ["dev@app.test"] }));
    let updated =
        app.update(json!({ "redirect_uris": ["https://app.test/other"], "logo_uri": "https://app.test/logo.png" }));
    assert_eq!((updated.status, updated.header("cache-control")), (200, Some("no-store")), "{}", updated.body);
    let told = updated.json();
    assert_eq!(told["redirect_uris"], json!(["https://app.test/other"]));
    assert_eq!(told["logo_uri"], "https://app.test/logo.png");
    assert_eq!((&told["client_name"], told.get("contacts")), (&told["client_id"], None));
    assert_eq!(told.get("client_secret"), None, "it keeps the one it has");
    assert_eq!(lasting(app.get().json()), lasting(told));
    let registered = find(&world, app.member("client_id")).unwrap();
    assert_eq!(registered.secrets.len(), 1);
    assert_eq!(registered.registration.redirect_uris[0].as_str(), "https://app.test/other");
}

#[test]
fn s2_2_an_update_names_its_client_and_chooses_nothing_that_is_ours() {
    let world = open_world();
    let app = App::new(&world, &least());
    let secret = app.told["client_secret"].clone();
    assert_eq!(app.update(json!({ "client_secret": secret, "client_name": "Named" })).status, 200);
    for more in [
        json!({ "client_id": "app" }),
        json!({ "client_id": null }),
        json!({ "client_secret": "0c5bd1ffbc6b4e5f9a3d7e2c1b0a9f8e" }),
        json!({ "client_secret_expires_at": 0 }),
        json!({ "registration_access_token": app.told["registration_access_token"] }),
        json!({ "registration_client_uri": app.told["registration_client_uri"] }),
        json!({ "client_id_issued_at": 0 }),
        json!({ "redirect_uris": [] }),
        json!({ "logo_uri": "javascript:alert(1)" }),
        json!({ "token_endpoint_auth_method": "none" }),
        json!({ "grant_types": ["client_credentials"] }),
    ] {
        let refused = app.update(more.clone());
        assert_eq!(refused.status, 400, "{more}");
        let codes = ["invalid_client_metadata", "invalid_redirect_uri"];
        assert!(codes.contains(&refused.error().as_str()), "{more}: {}", refused.body);
    }
    assert_eq!(app.get().json()["client_name"], "Named", "nothing of them was kept");
}

/// What another does while an update has been read, and waits for the list of its sector: the answer to the update after that.
fn overtaken(engine: Engine, meanwhile: impl FnOnce(&App<'_>)) -> (World, Value, Answer) {
    let (world, site) = (open_world_on(engine), Site::new());
    site.show("/sector", Page::json(&json!([CALLBACK])));
    site.hold();
    let app = App::new(&world, &json!({ "redirect_uris": [CALLBACK], "client_name": "Old" }));
    let answer = std::thread::scope(|scope| {
        let update = json!({ "client_name": "Late", "sector_identifier_uri": site.url("/sector"),
            "token_endpoint_auth_method": "client_secret_jwt" });
        let late = scope.spawn(|| app.update(update));
        site.wait_for("/sector", 1);
        meanwhile(&app);
        site.release();
        late.join().unwrap()
    });
    let told = app.told.clone();
    (world, told, answer)
}

#[test]
fn s2_2_an_update_that_was_overtaken_changes_nothing() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (world, told, late) = overtaken(engine, |app| {
            let answer = app.update(json!({ "client_name": "New" }));
            assert_eq!(answer.status, 200, "{}", answer.body);
        });
        assert_eq!((late.status, late.header("retry-after")), (503, Some("1")), "{engine:?} {}", late.body);
        let app = App { world: &world, told };
        assert_eq!(app.get().json()["client_name"], "New");
        let secret = basic(app.member("client_id"), app.member("client_secret"));
        let revoked = world.post("/acme/oauth2/revoke", "token=x", &[("authorization", &secret)]);
        assert_eq!(revoked.status, 200, "its secret is the one that it was told");

        let (world, told, late) = overtaken(engine, |app| assert_eq!(app.delete().status, 204));
        assert_eq!(late.status, 503, "{engine:?} {}", late.body);
        assert_eq!(App { world: &world, told: told.clone() }.get().status, 401, "it is gone");
        assert!(find(&world, told["client_id"].as_str().unwrap()).is_none());

        let (world, told, late) = overtaken(engine, |app| {
            let changes = Changes { description: Some("Looked at".to_owned()), ..Changes::default() };
            let update = operator::app::Command::Update(app.member("client_id").to_owned(), Box::new(changes));
            wait(operator::execute(app.world.server(), Command::App("acme".to_owned(), update))).unwrap();
        });
        assert_eq!(late.status, 503, "{engine:?} {}", late.body);
        let client = find(&world, told["client_id"].as_str().unwrap()).unwrap();
        assert_eq!((&*client.registration.description, &*client.registration.name), ("Looked at", "Old"));
    }
}

#[test]
fn s2_3_what_is_deleted_is_gone_with_its_tokens() {
    let world = open_world();
    let app = App::new(&world, &least());
    let client_id = app.member("client_id");
    let code = world.code_for(client_id, &format!("&scope=openid&redirect_uri={CALLBACK}"));
    let secret = basic(client_id, app.member("client_secret"));
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}");
    let token = world.post("/acme/oauth2/token", &form, &[("authorization", &secret)]).text("access_token");
    let userinfo = || world.get("/acme/oauth2/userinfo", &[("authorization", &format!("Bearer {token}"))]).status;
    assert_eq!(userinfo(), 200);
    let deleted = app.delete();
    assert_eq!((deleted.status, deleted.body.as_str(), deleted.header("cache-control")), (204, "", Some("no-store")));
    assert_eq!(userinfo(), 401);
    assert!(find(&world, client_id).is_none());
    let update = json!({ "client_id": client_id, "redirect_uris": [CALLBACK] });
    for answer in [app.get(), app.put(&update), app.delete()] {
        assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_token"));
    }
}

#[test]
fn s3_only_its_own_token_opens_a_registration() {
    let world = open_world();
    world.create_workspace("other");
    let [app, other] = [(); 2].map(|()| App::new(&world, &least()));
    let registered = format!("{REGISTER}/app");
    for (path, authorization) in [
        (app.path(), other.bearer()),
        (app.path(), format!("Bearer {}", app.member("client_secret"))),
        (app.path(), basic(app.member("client_id"), app.member("client_secret"))),
        (app.path(), "Bearer x".to_owned()),
        (app.path().replace("acme", "other"), app.bearer()),
        (format!("{REGISTER}/unknown"), app.bearer()),
        (registered, app.bearer()),
    ] {
        let headers = [("authorization", authorization.as_str())];
        for answer in
            [world.get(&path, &headers), world.put_json(&path, &least(), &headers), world.delete(&path, &headers)]
        {
            assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_token"), "{path} {authorization}");
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "));
        }
    }
    let none = world.get(&app.path(), &[]);
    assert_eq!(none.status, 401);
    assert_eq!((app.get().status, other.get().status), (200, 200), "nobody deleted anything");
}

#[test]
fn s2_an_app_that_was_disabled_changes_nothing() {
    let world = open_world();
    let app = App::new(&world, &least());
    let (row, now) = (find(&world, app.member("client_id")).unwrap().row, world.server().clock().now());
    wait(world.server().store().write(world.workspace, move |tx| tx.set_client_disabled(row, Some(now)))).unwrap();
    assert_eq!((app.get().status, app.delete().status), (401, 401));
}

#[test]
fn s2_2_a_method_that_needs_a_secret_brings_one() {
    let world = open_world();
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let metadata = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [key] } });
    let app = App::new(&world, &metadata);
    assert_eq!((app.told.get("client_secret"), &app.told["jwks"]), (None, &metadata["jwks"]));
    let updated = app.update(json!({ "token_endpoint_auth_method": "client_secret_post" })).json();
    assert!(updated["client_secret"].is_string());
    assert_eq!(updated["client_secret_expires_at"], 0);
    let again = app.update(json!({ "client_secret": updated["client_secret"] }));
    assert_eq!((again.status, again.json().get("client_secret")), (200, None));
}

#[test]
fn s2_2_a_secret_that_signs_is_another_one() {
    let world = open_world();
    let app = App::new(&world, &least());
    let method = |method: &str, secret: &Value| {
        let answer = app.update(json!({ "token_endpoint_auth_method": method, "client_secret": secret }));
        (answer.status, answer.json().get("client_secret").cloned().unwrap_or_default())
    };
    let (status, signs) = method("client_secret_jwt", &app.told["client_secret"]);
    assert!(status == 200 && signs.is_string() && signs != app.told["client_secret"]);
    assert_eq!(method("client_secret_jwt", &app.told["client_secret"]).0, 400, "the one before has ended");
    assert_eq!(method("client_secret_jwt", &signs), (200, Value::Null));
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let keys = app.update(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [key] } }));
    assert_eq!((keys.status, keys.json().get("client_secret")), (200, None));
    let (status, plain) = method("client_secret_basic", &Value::Null);
    assert!(status == 200 && plain.is_string(), "the one that signs cannot be compared");
}

#[test]
fn rfc7591_s5_who_registered_as_a_stranger_stays_one_when_the_workspace_asks_for_a_token() {
    let world = open_world();
    let app = App::new(&world, &least());
    world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::InitialAccessToken);
    let service = json!({ "grant_types": ["authorization_code", "client_credentials"] });
    let refused = app.update(service.clone());
    assert_eq!((refused.status, refused.error().as_str()), (400, "invalid_client_metadata"), "{}", refused.body);
    assert_eq!(app.update(json!({ "client_name": "Renamed" })).status, 200);
    // What an app was trusted with by its initial access token, it keeps.
    let token = format!("Bearer {}", initial_access_token(&world, 60));
    let mut metadata = least();
    metadata.as_object_mut().unwrap().extend(service.as_object().unwrap().clone());
    let told = world.post_json(REGISTER, &metadata, &[("authorization", &token)]).json();
    let invited = App { world: &world, told };
    assert_eq!(invited.update(service).status, 200);
}

#[test]
fn rfc7591_s5_changes_count_like_registrations() {
    let world = open_world();
    let app = App::new(&world, &least());
    for _ in 1..200 {
        assert_eq!(app.put(&json!({})).status, 400);
    }
    assert_eq!(app.update(json!({})).status, 429);
    assert_eq!(app.get().status, 200, "reading costs nothing");
    world.pass(9);
    assert_eq!(app.update(json!({})).status, 200);
}

#[test]
fn s3_the_uri_is_one_of_the_workspace() {
    let world = open_world();
    let app = App::new(&world, &least());
    assert!(app.member("registration_client_uri").starts_with(&format!("{ISSUER}/oauth2/register/")));
}

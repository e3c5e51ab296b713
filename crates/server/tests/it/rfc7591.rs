//! RFC 7591, OpenID Connect Registration: apps register themselves.

use crate::harness::{Answer, CALLBACK, Engine, ISSUER, World, basic, wait};
use crate::site::{Page, Site};
use grantry_protocol::client::Client;
use grantry_protocol::sealed::{self, InitialAccessToken, KeyRing, SealingKey};
use grantry_protocol::types::Seconds;
use grantry_protocol::workspace::DynamicRegistrationPolicy;
use grantry_server::operator::{self, Command, workspace};
use grantry_server::settings::Network;
use serde_json::{Value, json};

const DAY: i64 = 86_400;
pub(crate) const REGISTER: &str = "/acme/oauth2/register";

/// A world where every app registers itself.
pub(crate) fn open_world() -> World {
    open_world_on(Engine::Sqlite)
}

pub(crate) fn open_world_on(engine: Engine) -> World {
    let world = World::on(engine);
    world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::Open);
    world
}

/// The least that there is to say.
pub(crate) fn least() -> Value {
    json!({ "redirect_uris": [CALLBACK] })
}

/// The least, and this.
fn with(more: Value) -> Value {
    let mut metadata = least();
    metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    metadata
}

/// What a registration answers that has to succeed.
pub(crate) fn register(world: &World, metadata: &Value) -> Answer {
    let answer = world.post_json(REGISTER, metadata, &[]);
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

pub(crate) fn find(world: &World, client_id: &str) -> Option<Client> {
    let client_id = client_id.to_owned();
    wait(world.server().store().read(world.workspace, move |tx| tx.find_client(&client_id))).unwrap()
}

fn count(world: &World) -> i64 {
    wait(world.server().store().read(world.workspace, |tx| tx.count_clients(&Default::default()))).unwrap()
}

pub(crate) fn initial_access_token(world: &World, expires_in: i64) -> String {
    let command = workspace::Command::RegistrationToken { slug: "acme".to_owned(), expires_in: Seconds(expires_in) };
    let answer = wait(operator::execute(world.server(), Command::Workspace(command))).unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["registration_endpoint"], format!("{ISSUER}/oauth2/register"));
    answer["initial_access_token"].as_str().unwrap().to_owned()
}

#[test]
fn s5_an_app_that_has_just_gone_gets_nothing() {
    let world = open_world_on(Engine::Postgres);
    let other = world.another();
    world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::InitialAccessToken);
    let token = initial_access_token(&world, 60);
    let metadata = with(json!({ "grant_types": ["client_credentials", "authorization_code"] }));
    let register = || world.post_json(REGISTER, &metadata, &[("authorization", &bearer(&token))]).json();
    // Another process cleans up, of which nobody hears who has just read the app.
    let remove = |client_id: &str| {
        let row = find(&world, client_id).unwrap().row;
        assert!(wait(other.server().store().write(world.workspace, move |tx| tx.delete_client(row))).unwrap());
    };

    let told = register();
    let (client_id, secret) = (told["client_id"].as_str().unwrap(), told["client_secret"].as_str().unwrap());
    let headers = [("authorization", &*basic(client_id, secret))];
    assert_eq!(world.post("/acme/oauth2/revoke", "token=x", &headers).status, 200, "now it is known");
    remove(client_id);
    let answer = world.post("/acme/oauth2/token", "grant_type=client_credentials&scope=read", &headers);
    assert_eq!((answer.status, &*answer.error()), (401, "invalid_client"), "{}", answer.body);

    let told = register();
    let (client_id, mut bob) = (told["client_id"].as_str().unwrap(), world.bob());
    let asked = bob.get(&format!("/acme/oauth2/authorize?client_id={client_id}&response_type=code&scope=read"));
    remove(client_id);
    let answer = bob.consent(&asked, "allow", &[]);
    assert_eq!((answer.status, answer.header("location")), (400, None), "{answer:?}");
    assert!(answer.body.contains(">invalid_client<"), "{}", answer.body);
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[test]
fn s3_2_1_an_app_registers_and_is_told_everything() {
    let world = open_world();
    let answer = register(&world, &with(json!({ "client_name": "Notes", "contacts": ["dev@app.test"], "new": {} })));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let told = answer.json();
    let client_id = answer.text("client_id");
    assert_eq!(told["client_secret_expires_at"], 0);
    assert_eq!(told["client_id_issued_at"], world.server().clock().now().as_unix());
    assert_eq!(told["registration_client_uri"], format!("{ISSUER}/oauth2/register/{client_id}"));
    assert!(answer.text("registration_access_token").starts_with("gry_ra_"));
    assert_eq!(told["client_name"], "Notes");
    assert_eq!(told["contacts"], json!(["dev@app.test"]));
    assert_eq!(told["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!((&told["grant_types"], &told["response_types"]), (&json!(["authorization_code"]), &json!(["code"])));
    assert!(told["scope"].as_str().unwrap().split(' ').any(|scope| scope == "openid"), "all scopes: {}", told["scope"]);
    assert_eq!(told.get("new"), None);
    let code = world.code_for(&client_id, &format!("&scope=openid+read&redirect_uri={CALLBACK}"));
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}");
    let secret = basic(&client_id, &answer.text("client_secret"));
    let tokens = world.post("/acme/oauth2/token", &form, &[("authorization", &secret)]);
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    assert!(tokens.json()["id_token"].is_string());
}

#[test]
fn s2_a_public_client_has_no_secret() {
    let world = open_world();
    let told = register(&world, &with(json!({ "token_endpoint_auth_method": "none" }))).json();
    assert_eq!((told.get("client_secret"), told.get("client_secret_expires_at")), (None, None));
    world.public_tokens(told["client_id"].as_str().unwrap());
}

#[test]
fn rfc8252_s8_4_a_native_app_may_have_a_secret_of_its_own() {
    let world = open_world();
    let native = json!({ "application_type": "native", "redirect_uris": ["com.example.app:/cb"] });
    let told = register(&world, &native).json();
    assert!(told["client_secret"].is_string());
    assert_eq!(told["application_type"], "native");
}

#[test]
fn s3_the_workspace_says_who_registers() {
    let world = World::new();
    let metadata = |world: &World| world.get("/acme/.well-known/oauth-authorization-server", &[]).json();
    let refused = world.post_json(REGISTER, &least(), &[]);
    assert_eq!((refused.status, refused.error().as_str()), (403, "access_denied"));
    assert!(refused.text("error_description").contains("--dynamic-registration"));
    assert_eq!(metadata(&world).get("registration_endpoint"), None);
    world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::InitialAccessToken);
    assert_eq!(metadata(&world)["registration_endpoint"], format!("{ISSUER}/oauth2/register"));
    let token = initial_access_token(&world, 60);
    assert!(token.starts_with("gry_ia_"));
    let with_token = |token: &str| world.post_json(REGISTER, &least(), &[("authorization", &bearer(token))]);
    for _ in 0..2 {
        assert_eq!(with_token(&token).status, 201, "as often as they like");
    }
    let registration_token = with_token(&token).text("registration_access_token");
    let foreign = {
        let ring = KeyRing::new(world.workspace, vec![SealingKey::new(1, &[9; 32]).unwrap()]).unwrap();
        let expires_at = world.server().clock().now().plus(Seconds(60));
        sealed::seal(&ring, &InitialAccessToken { expires_at }, &mut world.server().randomness())
    };
    for bad in [foreign.as_str(), &registration_token, "x", ""] {
        let refused = with_token(bad);
        assert_eq!((refused.status, refused.error().as_str()), (401, "invalid_token"), "{bad}");
        assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer "));
    }
    assert_eq!(world.post_json(REGISTER, &least(), &[]).status, 401);
    world.pass(60);
    assert_eq!(with_token(&token).status, 401, "expired");
}

#[test]
fn s3_an_initial_access_token_is_good_in_its_workspace_only() {
    let mut world = World::new();
    let by_token = |world: &World| {
        world.change_workspace(|row| {
            row.policy.dynamic_registration = DynamicRegistrationPolicy::InitialAccessToken;
        });
    };
    by_token(&world);
    let token = bearer(&initial_access_token(&world, 60));
    world.workspace = world.create_workspace("other");
    by_token(&world);
    let headers = [("authorization", token.as_str())];
    assert_eq!(world.post_json("/other/oauth2/register", &least(), &headers).status, 401);
    assert_eq!(world.post_json(REGISTER, &least(), &headers).status, 201);
}

#[test]
fn s5_a_name_that_does_not_read_as_it_is_written_is_refused() {
    let world = open_world();
    for name in ["Not \u{202e}elgooG", "\u{2066}App", "App\u{2069}", "\u{200b}App", "\u{feff}"] {
        for member in ["client_name", "client_name#de"] {
            let refused = world.post_json(REGISTER, &with(json!({ member: name })), &[]);
            assert_eq!((refused.status, refused.error().as_str()), (400, "invalid_client_metadata"), "{name:?}");
        }
    }
    // Persian and families of emoji need what joins letters.
    register(&world, &with(json!({ "client_name": "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{646}\u{645}" })));
}

#[test]
fn s5_a_stranger_is_not_trusted_with_what_no_person_gives() {
    let world = open_world();
    let service = json!({ "grant_types": ["client_credentials"], "response_types": [] });
    let refused = world.post_json(REGISTER, &service, &[]);
    assert_eq!((refused.status, refused.error().as_str()), (400, "invalid_client_metadata"));
    world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::InitialAccessToken);
    let token = bearer(&initial_access_token(&world, 60));
    let told = world.post_json(REGISTER, &service, &[("authorization", &token)]);
    assert_eq!(told.status, 201, "{}", told.body);
    assert_eq!(told.json()["response_types"], json!([]));
    let secret = basic(&told.text("client_id"), &told.text("client_secret"));
    let form = "grant_type=client_credentials&scope=read";
    assert_eq!(world.post("/acme/oauth2/token", form, &[("authorization", &secret)]).status, 200);
}

#[test]
fn s3_2_2_what_cannot_be_registered_is_refused_by_code_and_stored_nowhere() {
    let world = open_world();
    let before = count(&world);
    for (code, more) in [
        ("invalid_redirect_uri", json!({ "redirect_uris": ["https://app.test/cb#x"] })),
        ("invalid_redirect_uri", json!({ "redirect_uris": ["https://app.test/cb#"] })),
        ("invalid_redirect_uri", json!({ "redirect_uris": ["javascript:alert(1)"] })),
        ("invalid_redirect_uri", json!({ "redirect_uris": ["data:text/html,x"] })),
        ("invalid_redirect_uri", json!({ "redirect_uris": ["https://app.test/*"] })),
        ("invalid_redirect_uri", json!({ "redirect_uris": [] })),
        ("invalid_redirect_uri", json!({ "redirect_uris": {} })),
        ("invalid_redirect_uri", json!({ "redirect_uris": vec!["https://a/"; 4_000] })),
        ("invalid_client_metadata", json!({ "initiate_login_uri": "http://app.test/login" })),
        ("invalid_client_metadata", json!({ "jwks_uri": "http://app.test/jwks" })),
        ("invalid_client_metadata", json!({ "logo_uri": "javascript:alert(1)" })),
        ("invalid_client_metadata", json!({ "client_uri": "data:text/html,x" })),
        ("invalid_client_metadata", json!({ "policy_uri": "vbscript:x" })),
        ("invalid_client_metadata", json!({ "tos_uri#fr": "javascript:alert(1)" })),
        ("invalid_client_metadata", json!({ "post_logout_redirect_uris": ["javascript:alert(1)"] })),
        ("invalid_client_metadata", json!({ "backchannel_logout_uri": "http://127.0.0.1/logout" })),
        ("invalid_client_metadata", json!({ "frontchannel_logout_uri": "https://other.test/logout" })),
        ("invalid_client_metadata", json!({ "request_uris": ["http://app.test/r"] })),
        ("invalid_client_metadata", json!({ "contacts": vec!["a"; 10_000] })),
        ("invalid_client_metadata", json!({ "request_uris": vec!["x"; 10_000] })),
        ("invalid_client_metadata", json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AAAA" }] } })),
        (
            "invalid_client_metadata",
            json!({ "jwks": (0..120).fold(json!({ "keys": [] }), |it, _| json!({ "keys": [], "x": it })) }),
        ),
        ("invalid_client_metadata", json!({ "token_endpoint_auth_method": 1 })),
        ("invalid_client_metadata", json!({ "grant_types": ["urn:example:magic"] })),
        ("invalid_client_metadata", json!({ "response_types": ["code id_token"] })),
        ("invalid_client_metadata", json!({ "id_token_signed_response_alg": "none" })),
        (
            "invalid_client_metadata",
            json!({ "subject_type": "pairwise", "redirect_uris": [CALLBACK, "https://other.test/"] }),
        ),
        ("invalid_client_metadata", json!({ "scope": "read magic" })),
        ("invalid_client_metadata", json!({ "client_name": "a\u{0}b" })),
        ("invalid_software_statement", json!({ "software_statement": "x" })),
        ("unapproved_software_statement", json!({ "software_statement": "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.AAAA" })),
    ] {
        let refused = world.post_json(REGISTER, &with(more.clone()), &[]);
        assert_eq!((refused.status, refused.error().as_str()), (400, code), "{more}: {}", refused.body);
        let description = refused.text("error_description");
        let plain = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(plain), "{description}");
        assert!(!refused.body.contains("alert"), "what was sent is not repeated: {}", refused.body);
        assert_eq!(refused.header("cache-control"), Some("no-store"));
    }
    assert_eq!(count(&world), before);
}

#[test]
fn s3_1_the_body_is_one_json_object_of_bounded_size() {
    let world = open_world();
    let before = count(&world);
    let post = |content_type: &str, body: &str| world.post_as(content_type, REGISTER, body, &[]);
    let deep = format!("{{\"redirect_uris\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for body in [
        "",
        "[]",
        "null",
        "{",
        "redirect_uris=https://app.test/cb",
        "{\"redirect_uris\":[\"https://app.test/\"]} {}",
        &deep,
    ] {
        let refused = post("application/json", body);
        assert_eq!((refused.status, refused.error().as_str()), (400, "invalid_client_metadata"), "{}", refused.body);
    }
    for content_type in ["application/x-www-form-urlencoded", "text/plain", "application/jsonp", ""] {
        let refused = post(content_type, &least().to_string());
        assert_eq!((refused.status, refused.error().as_str()), (400, "invalid_client_metadata"), "{content_type}");
        assert!(refused.text("error_description").contains("application/json"));
    }
    let huge = with(json!({ "new": "x".repeat(70_000) }));
    assert_eq!(world.post_json(REGISTER, &huge, &[]).status, 413);
    assert_eq!(count(&world), before);
    assert_eq!(post("Application/JSON; charset=utf-8", &least().to_string()).status, 201);
    assert_eq!(world.get(REGISTER, &[]).status, 405);
}

#[test]
fn registration_s5_the_sector_is_read_before_anything_is_stored() {
    let (world, site) = (open_world(), Site::new());
    let before = count(&world);
    let metadata = |path: &str| with(json!({ "subject_type": "pairwise", "sector_identifier_uri": site.url(path) }));
    site.show("/bad", Page::json(&json!(["https://example.com/op"])));
    site.show("/object", Page::json(&json!({ "redirect_uris": [CALLBACK] })));
    for path in ["/bad", "/object", "/missing"] {
        let refused = world.post_json(REGISTER, &metadata(path), &[]);
        assert_eq!((refused.status, refused.error().as_str()), (400, "invalid_client_metadata"), "{}", refused.body);
        assert!(refused.text("error_description").starts_with("sector_identifier_uri: "));
    }
    assert_eq!(count(&world), before);
    site.show("/good", Page::json(&json!(["https://example.com/op", CALLBACK])));
    let told = register(&world, &metadata("/good")).json();
    site.show("/bad", Page::json(&json!([CALLBACK])));
    register(&world, &metadata("/bad"));
    site.show("/bad", Page::json(&json!([])));
    assert_eq!(world.post_json(REGISTER, &metadata("/bad"), &[]).status, 400, "it counts what it says now");
    assert_eq!(told["sector_identifier_uri"], site.url("/good"));
    let bad = with(json!({ "sector_identifier_uri": site.url("/unread"), "client_name": "" }));
    assert_eq!(world.post_json(REGISTER, &bad, &[]).status, 400);
    assert_eq!(site.count("/unread"), 0, "what is wrong anyhow is not a reason to ask anybody");
}

#[test]
fn s5_one_address_registers_so_many_and_no_more() {
    let world = World::with(Engine::Sqlite, |settings| {
        settings.trusted_proxies = vec![Network::parse("127.0.0.1").unwrap()];
    });
    world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::Open);
    let from = |address: &str| world.post_json(REGISTER, &json!({}), &[("x-forwarded-for", address)]);
    for _ in 0..200 {
        assert_eq!(from("192.0.2.1").status, 400);
    }
    let refused = from("192.0.2.1");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("9")));
    assert_eq!(refused.error(), "temporarily_unavailable");
    assert_eq!(from("192.0.2.2").status, 400, "others are not held up");
    world.pass(9);
    assert_eq!(from("192.0.2.1").status, 400);
    assert_eq!(from("192.0.2.1").status, 429);
}

#[test]
fn s5_an_app_that_nobody_uses_goes_with_its_secret() {
    let world = open_world();
    let [unused, used] = [(); 2].map(|()| register(&world, &least()).text("client_id"));
    world.code_for(&used, "");
    assert_eq!(find(&world, &used).unwrap().dynamic.unwrap().unused_until, None);
    let clean_up = || {
        let now = world.server().clock().now();
        wait(world.server().store().write_instance(move |instance| instance.clean_up(now, 500))).unwrap()
    };
    world.pass(30 * DAY);
    clean_up();
    assert!(find(&world, &unused).is_some());
    world.pass(1);
    clean_up();
    assert!(find(&world, &unused).is_none());
    assert!(find(&world, &used).is_some() && find(&world, "app").is_some());
}

#[test]
fn s5_on_postgres_an_app_registers_is_used_and_goes() {
    let world = open_world_on(Engine::Postgres);
    let told = register(&world, &with(json!({ "client_name": "\u{e9}", "client_name#ja": "\u{5ba2}" })));
    assert_eq!(told.json()["client_name#ja"], "\u{5ba2}");
    let refused = world.post_json(REGISTER, &with(json!({ "software_id": "\u{0}" })), &[]);
    assert_eq!((refused.status, refused.error().as_str()), (400, "invalid_client_metadata"));
    world.code_for(&told.text("client_id"), "");
    let refused = world.post_json(REGISTER, &with(json!({ "new": "\u{0}" })), &[]);
    assert_eq!(refused.status, 201, "what is ignored is not stored");
}

#[test]
fn s3_pages_of_any_origin_may_register() {
    let world = open_world();
    let answer = world.post_json(REGISTER, &least(), &[("origin", "https://any.test")]);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let refused = world.post_json(REGISTER, &json!({}), &[("origin", "https://any.test")]);
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"), "refusals can be read too");
}

//! RFC 7516, OpenID Connect Core §10.2: ID Tokens and UserInfo answers encrypted for clients, and request objects encrypted for us.

use crate::harness::{Answer, CALLBACK, Engine, ISSUER, World, wait};
use crate::signer::{Signer, unsigned};
use crate::site::{Page, Site};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantry_protocol::Scope;
use grantry_protocol::client::OpenidRegistration;
use grantry_protocol::jose::{
    Algorithm, ClientKeys, ContentEncryption, DecryptionKey, KeyManagement, SigningKeys, decrypt,
};
use grantry_protocol::types::Timestamp;
use grantry_protocol::workspace::DynamicRegistrationPolicy;
use grantry_server::operator::{self, Command, key};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

const JWKS: &str = "/acme/oauth2/jwks";
const OPENID: &str = "response_type=code&scope=openid&redirect_uri=https://app.test/cb";

fn new_key(alg: KeyManagement) -> DecryptionKey {
    DecryptionKey::from_pkcs8(alg, &DecryptionKey::generate(alg).unwrap()).unwrap()
}

/// What a client publishes of its key.
fn published(key: &DecryptionKey) -> Value {
    serde_json::to_value(SigningKeys::default().key_set(Timestamp::from_unix(0)).with_encryption_keys([key])).unwrap()
}

/// A client with this key, that registers more.
fn register(world: &World, client_id: &str, key: &DecryptionKey, more: impl Fn(&mut OpenidRegistration)) {
    let jwks = published(key);
    world.register(client_id, |registration| {
        registration.scope = Scope::parse("openid read").unwrap();
        registration.openid.jwks = Some(jwks.clone());
        more(&mut registration.openid);
    });
}

/// The tokens that bob's login buys the client.
fn tokens(world: &World, client_id: &str) -> Answer {
    let code = world.code_for(client_id, &format!("&{}", OPENID.split_once('&').unwrap().1));
    world.token_as(client_id, &format!("grant_type=authorization_code&redirect_uri={CALLBACK}&code={code}"))
}

fn userinfo(world: &World, token: &str) -> Answer {
    world.get("/acme/oauth2/userinfo", &[("authorization", &format!("Bearer {token}"))])
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

fn opened(key: &DecryptionKey, text: &str) -> String {
    String::from_utf8(decrypt(text, [key], text.len()).unwrap()).unwrap()
}

/// Claims that the workspace signed, as a library verifies them.
fn verified(world: &World, client_id: &str, jwt: &str) -> Value {
    let keys: JwkSet = serde_json::from_value(world.get(JWKS, &[]).json()).unwrap();
    let header = jsonwebtoken::decode_header(jwt).unwrap();
    let mut validation = Validation::new(header.alg);
    (validation.validate_exp, validation.required_spec_claims) = (false, Default::default());
    validation.set_audience(&[client_id]);
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    jsonwebtoken::decode::<Value>(jwt, &key, &validation).unwrap().claims
}

#[test]
fn core_s10_2_id_tokens_and_userinfo_are_signed_and_then_encrypted() {
    let world = World::new();
    for (alg, enc) in KeyManagement::ALL.into_iter().zip(ContentEncryption::ALL.into_iter().cycle()) {
        let (client_id, key) = (format!("{alg}").replace('+', "-"), new_key(alg));
        register(&world, &client_id, &key, |openid| {
            (openid.id_token_encrypted_response_alg, openid.id_token_encrypted_response_enc) = (Some(alg), Some(enc));
            (openid.userinfo_encrypted_response_alg, openid.userinfo_encrypted_response_enc) = (Some(alg), Some(enc));
            openid.userinfo_signed_response_alg = Some(Algorithm::ES256);
        });
        let tokens = tokens(&world, &client_id);
        let id_token = tokens.text("id_token");
        let head = header(&id_token);
        assert_eq!((&head["alg"], &head["enc"]), (&json!(alg.as_str()), &json!(enc.as_str())));
        assert_eq!((&head["cty"], &head["kid"]), (&json!("JWT"), &json!(key.kid())));
        let claims = verified(&world, &client_id, &opened(&key, &id_token));
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!(ISSUER), &json!("sub-bob")));
        let answer = userinfo(&world, &tokens.text("access_token"));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/jwt")));
        assert_eq!(header(&answer.body)["cty"], "JWT");
        assert_eq!(verified(&world, &client_id, &opened(&key, &answer.body))["sub"], "sub-bob");
    }
}

#[test]
fn core_s5_3_2_an_answer_may_be_encrypted_without_being_signed() {
    let (world, key) = (World::new(), new_key(KeyManagement::EcdhEs));
    register(&world, "rp", &key, |openid| openid.userinfo_encrypted_response_alg = Some(KeyManagement::EcdhEs));
    let tokens = tokens(&world, "rp");
    assert_eq!(tokens.text("id_token").split('.').count(), 3, "each for itself");
    let answer = userinfo(&world, &tokens.text("access_token"));
    assert_eq!(answer.header("content-type"), Some("application/jwt"));
    let head = header(&answer.body);
    // OpenID Connect Registration §2: the default.
    assert_eq!((&head["enc"], head.get("cty")), (&json!("A128CBC-HS256"), None));
    let claims: Value = serde_json::from_str(&opened(&key, &answer.body)).unwrap();
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("sub-bob"), &json!("rp")));
}

#[test]
fn core_s3_2_2_5_an_id_token_from_the_authorization_endpoint_is_encrypted_too() {
    let (world, key) = (World::new(), new_key(KeyManagement::EcdhEsA256Kw));
    register(&world, "rp", &key, |openid| openid.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEsA256Kw));
    let query = format!("client_id=rp&response_type=id_token&scope=openid&nonce=n&redirect_uri={CALLBACK}");
    let id_token = world.bob().authorize(&query).answer_parameter("id_token").unwrap();
    assert_eq!(verified(&world, "rp", &opened(&key, &id_token))["nonce"], "n");
}

#[test]
fn core_s10_2_1_a_new_key_is_found_where_the_client_publishes_it() {
    let (world, site) = (World::new(), Site::new());
    let [one, two] = [KeyManagement::EcdhEs, KeyManagement::RsaOaep256].map(new_key);
    site.show("/jwks", Page::json(&published(&one)));
    let uri = site.url("/jwks");
    register(&world, "rp", &one, |openid| {
        (openid.jwks, openid.jwks_uri) = (None, Some(uri.clone()));
        openid.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEs);
    });
    assert!(opened(&one, &tokens(&world, "rp").text("id_token")).contains('.'));
    world.change_registration("rp", |it| it.openid.id_token_encrypted_response_alg = Some(KeyManagement::RsaOaep256));
    site.show("/jwks", Page::json(&published(&two)));
    world.pass(30);
    assert!(opened(&two, &tokens(&world, "rp").text("id_token")).contains('.'));
}

#[test]
fn core_s10_2_without_a_key_that_fits_there_is_no_token_in_the_clear() {
    let (world, key) = (World::new(), new_key(KeyManagement::EcdhEs));
    register(&world, "rp", &key, |_| ());
    let code = world.code_for("rp", &format!("&{}", OPENID.split_once('&').unwrap().1));
    let ask = || world.token_as("rp", &format!("grant_type=authorization_code&redirect_uri={CALLBACK}&code={code}"));
    world.change_registration("rp", |it| it.openid.id_token_encrypted_response_alg = Some(KeyManagement::RsaOaep256));
    let answer = ask();
    assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_request"), "{}", answer.body);
    world.change_registration("rp", |it| it.openid.id_token_encrypted_response_alg = None);
    let tokens = ask();
    assert_eq!(tokens.status, 200, "nothing was consumed: {}", tokens.body);
    world.change_registration("rp", |it| it.openid.userinfo_encrypted_response_alg = Some(KeyManagement::RsaOaep256));
    assert_eq!(userinfo(&world, &tokens.text("access_token")).status, 400);
}

#[test]
fn core_s10_2_requests_without_openid_need_no_key_of_the_app() {
    let (world, key) = (World::new(), new_key(KeyManagement::EcdhEs));
    register(&world, "rp", &key, |openid| openid.id_token_encrypted_response_alg = Some(KeyManagement::RsaOaep256));
    let code = world.code_for("rp", &format!("&scope=read&redirect_uri={CALLBACK}"));
    let form = format!("grant_type=authorization_code&redirect_uri={CALLBACK}&code={code}");
    let refresh = world.token_as("rp", &form).text("refresh_token");
    for form in [
        format!("grant_type=refresh_token&refresh_token={refresh}"),
        "grant_type=password&username=bob&password=secret".to_owned(),
        "grant_type=client_credentials&scope=read".to_owned(),
    ] {
        let answer = world.token_as("rp", &form);
        assert_eq!((answer.status, answer.json().get("id_token")), (200, None), "{form}: {}", answer.body);
    }
    let token = world.bob().authorize(&format!("client_id=rp&response_type=token&scope=read&redirect_uri={CALLBACK}"));
    assert!(token.answer_parameter("access_token").is_some(), "{token:?}");
}

/// A client that registered itself, with these members.
fn register_itself(world: &World, members: Value) -> Answer {
    world.post_json("/acme/oauth2/register", &members, &[])
}

fn open_world(engine: Engine) -> World {
    let world = World::on(engine);
    world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::Open);
    world
}

/// The members of a client with this key, which encrypts by `alg`.
fn members(signer: &Signer, alg: KeyManagement) -> Value {
    json!({ "client_name": "RP", "redirect_uris": [CALLBACK], "jwks": signer.jwks(), "scope": "openid read",
        "request_object_encryption_alg": alg.as_str() })
}

/// The published keys that are for encryption.
fn encryption_keys(world: &World) -> Vec<Value> {
    let set = world.get(JWKS, &[]).json();
    set["keys"].as_array().unwrap().iter().filter(|key| key["use"] == "enc").cloned().collect()
}

fn encrypted(world: &World, alg: KeyManagement, plain: &str) -> String {
    let keys = ClientKeys::parse(world.get(JWKS, &[]).body.as_bytes()).unwrap();
    let key = keys.encryption_key(alg).unwrap();
    key.encrypt(plain.as_bytes(), ContentEncryption::A256Gcm, Some("JWT"), &mut world.server().randomness()).unwrap()
}

fn asked(world: &World, client_id: &str, object: &str) -> Answer {
    world.bob().authorize(&format!("client_id={client_id}&{OPENID}&request={object}"))
}

#[test]
fn rfc9101_s6_1_objects_are_encrypted_with_keys_that_are_made_when_an_app_says_that_it_does() {
    let (world, signer) = (open_world(Engine::Sqlite), Signer::new(Algorithm::ES256, None));
    assert_eq!(encryption_keys(&world), [Value::Null; 0]);
    for (count, alg) in KeyManagement::ALL.into_iter().enumerate() {
        let client_id = register_itself(&world, members(&signer, alg)).text("client_id");
        let published = encryption_keys(&world);
        assert_eq!(published.len(), count + 1, "{alg}");
        assert!(published.iter().all(|key| key.get("d").is_none() && key["kid"].is_string()));
        let object = signer.sign(&json!({ "client_id": client_id, "state": "inside" }));
        let answer = asked(&world, &client_id, &encrypted(&world, alg, &object));
        assert_eq!(answer.answer_parameter("state").as_deref(), Some("inside"), "{answer:?}");
        assert!(answer.answer_parameter("code").is_some());
        // OpenID Connect Registration §2: it says that it may, not that it must; so what is encrypted in another way, or not at
        // all, is as good.
        let first = encrypted(&world, KeyManagement::ALL[0], &object);
        assert!(asked(&world, &client_id, &first).answer_parameter("code").is_some(), "{alg}");
        assert!(asked(&world, &client_id, &object).answer_parameter("code").is_some());
    }
    register_itself(&world, members(&signer, KeyManagement::EcdhEs));
    assert_eq!(encryption_keys(&world).len(), 4, "one for each algorithm");
    assert_eq!(world.get(JWKS, &[]).json()["keys"].as_array().unwrap().len(), 5);
}

#[test]
fn rfc9101_s6_1_what_does_not_decrypt_to_a_signed_object_is_refused() {
    let (world, signer) = (open_world(Engine::Sqlite), Signer::new(Algorithm::ES256, None));
    let client_id = register_itself(&world, members(&signer, KeyManagement::EcdhEs)).text("client_id");
    let claims = json!({ "client_id": client_id });
    let object = signer.sign(&claims);
    let for_us = |plain: &str| encrypted(&world, KeyManagement::EcdhEs, plain);
    let stranger = new_key(KeyManagement::EcdhEs);
    let keys = ClientKeys::parse(published(&stranger).to_string().as_bytes()).unwrap();
    let key = keys.encryption_key(KeyManagement::EcdhEs).unwrap();
    let randomness = &mut world.server().randomness();
    let for_another = key.encrypt(object.as_bytes(), ContentEncryption::A256Gcm, None, randomness).unwrap();
    let mut changed = for_us(&object);
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'Q' } else { 'A' });
    for (why, object) in [
        ("for another", for_another),
        ("changed", changed),
        ("encrypted twice", for_us(&for_us(&object))),
        ("not signed", for_us(&format!("{}.", unsigned(&json!({ "alg": "none" }), &claims.to_string())))),
        ("bare claims", for_us(&claims.to_string())),
        ("five empty parts", "....".to_owned()),
    ] {
        let answer = asked(&world, &client_id, &object);
        assert_eq!(answer.answer_parameter("error").as_deref(), Some("invalid_request_object"), "{why}: {answer:?}");
    }
    assert!(asked(&world, &client_id, &for_us(&object)).answer_parameter("code").is_some());
}

#[test]
fn core_s10_2_1_a_new_key_is_published_at_once_and_the_old_one_opens_for_a_while() {
    let (world, signer) = (open_world(Engine::Sqlite), Signer::new(Algorithm::ES256, None));
    let rotate = || {
        let command = Command::Key("acme".to_owned(), key::Command::RotateEncryption);
        let done = wait(operator::execute(world.server(), command));
        done.map(|answer| serde_json::to_value(answer).unwrap()["keys"].clone()).map_err(|error| error.to_string())
    };
    assert!(rotate().unwrap_err().contains("has no encryption key yet"));
    let algs = [KeyManagement::EcdhEs, KeyManagement::RsaOaep256];
    let client_id = algs.map(|alg| register_itself(&world, members(&signer, alg)).text("client_id"))[0].clone();
    let object = signer.sign(&json!({ "client_id": client_id }));
    let [old, old_rsa] = algs.map(|alg| encrypted(&world, alg, &object));
    let is_good = |object: &str| asked(&world, &client_id, object).answer_parameter("code").is_some();
    let kids = || encryption_keys(&world).into_iter().map(|key| key["kid"].clone()).collect::<Vec<_>>();
    let before = kids();

    let shown = rotate().unwrap();
    let states: Vec<_> = shown.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["active", "active", "retiring", "retiring"]);
    let after = kids();
    assert_eq!(after.len(), 2, "one for each algorithm");
    assert!(after.iter().all(|kid| !before.contains(kid)));
    assert!(after.contains(&shown[0]["kid"]) && before.contains(&shown[2]["kid"]));
    let new = encrypted(&world, KeyManagement::EcdhEs, &object);
    assert!(is_good(&old) && is_good(&old_rsa) && is_good(&new));
    world.pass(25 * 3_600 - 1);
    assert!(is_good(&old) && is_good(&new));
    world.pass(1);
    assert!(!is_good(&old) && !is_good(&old_rsa) && is_good(&new));
    assert_eq!(kids(), after);
}

#[test]
fn postgres_two_processes_make_one_key() {
    let (world, signer) = (open_world(Engine::Postgres), Signer::new(Algorithm::ES256, None));
    let other = world.another();
    std::thread::scope(|scope| {
        for world in [&world, &other, &world, &other] {
            scope.spawn(|| register_itself(world, members(&signer, KeyManagement::EcdhEs)).text("client_id"));
        }
    });
    world.pass(2);
    let keys = encryption_keys(&world);
    assert_eq!((keys.len(), keys), (1, encryption_keys(&other)));
}

#[test]
fn registration_s2_encryption_is_registered_whole_and_with_a_key() {
    let (world, signer) = (open_world(Engine::Sqlite), Signer::new(Algorithm::ES256, None));
    let rsa = Signer::new(Algorithm::RS256, None);
    let with = |signer: &Signer, more: Value| {
        let mut key = signer.jwk();
        // A key that does not say what it is for is for everything.
        key.as_object_mut().unwrap().retain(|member, _| member != "alg" && member != "use");
        let mut members = json!({ "redirect_uris": [CALLBACK], "jwks": { "keys": [key] } });
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = register_itself(&world, members);
        (answer.status, if answer.status == 201 { String::new() } else { answer.error() })
    };
    let refused = (400, "invalid_client_metadata".to_owned());
    for what in ["id_token_encrypted_response", "userinfo_encrypted_response"] {
        let (alg, enc) = (format!("{what}_alg"), format!("{what}_enc"));
        assert_eq!(with(&signer, json!({ &alg: "ECDH-ES", &enc: "A256GCM" })).0, 201, "{what}");
        assert_eq!(with(&rsa, json!({ &alg: "RSA-OAEP-256" })).0, 201, "{what}");
        for bad in [
            json!({ &enc: "A256GCM" }),
            json!({ &alg: "RSA-OAEP-256" }),
            json!({ &alg: "RSA-OAEP" }),
            json!({ &alg: "dir" }),
            json!({ &alg: "ECDH-ES", &enc: "A192GCM" }),
        ] {
            assert_eq!(with(&signer, bad.clone()), refused, "{bad}");
        }
        assert_eq!(with(&signer, json!({ &alg: "ECDH-ES", "jwks": { "keys": [] } })), refused, "{what}");
    }
    assert_eq!(with(&signer, json!({ "request_object_encryption_enc": "A256GCM" })), refused);
}

#[test]
fn discovery_s3_metadata_names_the_algorithms() {
    let metadata = World::new().get("/acme/.well-known/openid-configuration", &[]).json();
    for what in ["id_token", "userinfo", "request_object"] {
        let algs = json!(["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]);
        assert_eq!(metadata[format!("{what}_encryption_alg_values_supported")], algs, "{what}");
        let encs = json!(["A128CBC-HS256", "A128GCM", "A256GCM"]);
        assert_eq!(metadata[format!("{what}_encryption_enc_values_supported")], encs, "{what}");
    }
}

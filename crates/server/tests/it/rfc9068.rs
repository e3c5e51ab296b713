//! RFC 9068: access tokens as JWTs, verified as a resource server does: with the published keys, by a library of its own.

use crate::harness::{Answer, ISSUER, SECRET, World, basic, wait};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantry_protocol::client::AccessTokenFormat;
use grantry_protocol::jose::Algorithm;
use grantry_storage::NewClient;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

const JWKS: &str = "/acme/oauth2/jwks";
const PASSWORD: &str = "grant_type=password&username=bob&password=secret";

fn register(world: &World, client_id: &str, algorithm: Algorithm) {
    world.register(client_id, |registration| {
        registration.access_token.format = AccessTokenFormat::Jwt;
        registration.access_token.signing_alg = algorithm;
    });
}

fn jwt_world() -> World {
    let world = World::new();
    register(&world, "jwt", Algorithm::ES256);
    world
}

/// A token of the client `jwt` for bob.
fn token(world: &World) -> String {
    world.token_as("jwt", PASSWORD).text("access_token")
}

fn key_set(world: &World) -> Value {
    world.get(JWKS, &[]).json()
}

/// Verifies as a resource server does, with nothing but what is published, and says what the token claims.
fn verified(world: &World, audience: &str, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let header = jsonwebtoken::decode_header(token)?;
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let set: JwkSet = serde_json::from_value(key_set(world)).unwrap();
    let published = set.find(&header.kid.unwrap()).expect("the key is published").clone();
    assert_eq!(published.common.key_algorithm.unwrap().to_string(), format!("{:?}", header.alg));
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[audience]);
    Ok(jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(&published)?, &validation)?.claims)
}

fn told(world: &World, token: &str) -> Answer {
    world.post("/acme/oauth2/introspect", &format!("token={token}"), &[("authorization", &basic("jwt", SECRET))])
}

fn is_active(world: &World, token: &str) -> bool {
    let answer = told(world, token);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let active = answer.json()["active"] == true;
    assert!(active || answer.body == r#"{"active":false}"#, "{}", answer.body);
    active
}

#[test]
fn s2_2_every_algorithm_verifies_with_the_published_keys() {
    let world = World::new();
    assert_eq!(
        key_set(&world)["keys"].as_array().unwrap().len(),
        1,
        "other keys than the usual one are made when an app needs one"
    );
    for algorithm in Algorithm::ALL {
        register(&world, algorithm.as_str(), algorithm);
        let answer = world.token_as(algorithm.as_str(), &format!("{PASSWORD}&scope=read"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let claims = verified(&world, ISSUER, &answer.text("access_token")).unwrap();
        let now = world.server().clock().now().as_unix();
        assert_eq!(claims["iss"], ISSUER);
        assert_eq!(claims["aud"], json!([ISSUER]), "no resource was named");
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("sub-bob"), &json!(algorithm.as_str())));
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 3_600)));
        assert_eq!((&claims["scope"], &claims["auth_time"]), (&json!("read"), &json!(now)));
        assert!(claims["jti"].is_string());
    }
    assert_eq!(key_set(&world)["keys"].as_array().unwrap().len(), 4, "one for each algorithm");
}

#[test]
fn s2_2_every_grant_brings_one_and_says_whose_it_is() {
    let world = jwt_world();
    let subject = |token: &str| verified(&world, ISSUER, token).unwrap()["sub"].clone();
    let itself = world.token_as("jwt", "grant_type=client_credentials").text("access_token");
    assert_eq!(subject(&itself), "jwt", "without a resource owner the subject is the client");
    assert!(verified(&world, ISSUER, &itself).unwrap().get("auth_time").is_none());
    let code = world.code_for("jwt", "");
    let by_code = world.token_as("jwt", &format!("grant_type=authorization_code&code={code}"));
    let refresh = format!("grant_type=refresh_token&refresh_token={}", by_code.text("refresh_token"));
    let refreshed = world.token_as("jwt", &refresh);
    let implicit = world.bob().authorize("response_type=token&client_id=jwt").answer_parameter("access_token").unwrap();
    for token in [by_code.text("access_token"), refreshed.text("access_token"), implicit, token(&world)] {
        assert_eq!(subject(&token), "sub-bob");
        assert!(is_active(&world, &token));
    }
    assert!(is_active(&world, &itself));
    // A public app whose refresh tokens rotate.
    world.register("spa", |registration| {
        registration.token_endpoint_auth_method = grantry_protocol::client::AuthMethod::None;
        registration.access_token.format = AccessTokenFormat::Jwt;
    });
    let refresh = world.public_tokens("spa")["refresh_token"].as_str().unwrap().to_owned();
    let form = format!("grant_type=refresh_token&client_id=spa&refresh_token={refresh}");
    for _ in ["the first", "the same successor again"] {
        let token = world.post("/acme/oauth2/token", &form, &[]).text("access_token");
        assert_eq!(subject(&token), "sub-bob");
    }
}

#[test]
fn s3_the_audience_is_the_resource_of_the_scopes() {
    let world = jwt_world();
    for (client, resource) in [("api", "https://api.test"), ("files", "https://files.test")] {
        world.register(client, |registration| registration.resource = Some(resource.to_owned()));
    }
    world.change_workspace(|row| row.scopes[1].audience = Some("https://files.test".to_owned()));
    let token = |scope: &str| world.token_as("jwt", &format!("{PASSWORD}&scope={scope}")).text("access_token");
    let (for_all, for_files) = (token("read"), token("write"));
    assert!(verified(&world, "https://files.test", &for_files).is_ok());
    assert!(verified(&world, "https://api.test", &for_files).is_err());
    let seen = |client: &str, token: &str| {
        let headers = [("authorization", &*basic(client, SECRET))];
        world.post("/acme/oauth2/introspect", &format!("token={token}"), &headers).json()["active"].clone()
    };
    assert_eq!([seen("api", &for_all), seen("files", &for_all)], [true, true]);
    assert_eq!([seen("api", &for_files), seen("files", &for_files)], [false, true]);
}

#[test]
fn s4_introspection_says_the_same_of_both_forms() {
    let world = jwt_world();
    let of = |client: &str| {
        let token = world.token_as(client, &format!("{PASSWORD}&scope=read")).text("access_token");
        let form = format!("token={token}");
        let answer = world.post("/acme/oauth2/introspect", &form, &[("authorization", &basic(client, SECRET))]).json();
        (token, answer)
    };
    let ((signed, mut of_signed), (_, mut of_sealed)) = (of("jwt"), of("app"));
    assert_eq!(of_signed["jti"], verified(&world, ISSUER, &signed).unwrap()["jti"]);
    for (answer, client) in [(&mut of_signed, "jwt"), (&mut of_sealed, "app")] {
        let answer = answer.as_object_mut().unwrap();
        assert_eq!(answer.remove("client_id"), Some(json!(client)));
        assert!(answer.remove("jti").is_some());
    }
    assert_eq!(of_signed, of_sealed);
    assert!(!world.is_active(&signed), "another app's token is not this app's business");
}

#[test]
fn s4_what_ended_is_inactive_and_one_token_can_be_given_back() {
    let world = jwt_world();
    let give_back = |client: &str, token: &str| {
        let headers = [("authorization", &*basic(client, SECRET))];
        assert_eq!(world.post("/acme/oauth2/revoke", &format!("token={token}"), &headers).status, 200);
    };
    let (one, other) = (token(&world), token(&world));
    give_back("app", &one);
    assert!(is_active(&world, &one), "a stranger gives nothing back");
    give_back("jwt", &one);
    assert!(!is_active(&world, &one));
    assert!(is_active(&world, &other), "the denylist names one token");
    let answer = world.token_as("jwt", PASSWORD);
    give_back("jwt", &answer.text("refresh_token"));
    assert!(!is_active(&world, &answer.text("access_token")), "it dies with its grant");
    let itself = world.token_as("jwt", "grant_type=client_credentials").text("access_token");
    give_back("jwt", &itself);
    assert!(!is_active(&world, &itself));
    world.pass(3_600);
    assert!(!is_active(&world, &other), "expired");
}

/// The parts of a token, and how to put others together.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[test]
fn s4_what_this_workspace_did_not_sign_as_an_access_token_is_inactive() {
    let world = jwt_world();
    let good = token(&world);
    let kid = jsonwebtoken::decode_header(&good).unwrap().kid.unwrap();
    let keys = key_set(&world);
    let jwk = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid).unwrap().clone();
    let claims = verified(&world, ISSUER, &good).unwrap();
    for header in [
        json!({ "typ": "at+jwt", "alg": "none", "kid": kid }),
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid, "crit": ["b64"], "b64": false }),
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid, "jku": "https://evil.test/jwks" }),
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid, "jwk": jwk }),
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": "unknown" }),
        json!({ "typ": "JWT", "alg": "ES256", "kid": kid }),
    ] {
        assert!(!is_active(&world, &with_header(&good, &header)), "{header}");
    }
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = encoded(&json!({ "typ": "at+jwt", "alg": "none" }));
    assert!(!is_active(&world, &format!("{none}.{}.", encoded(&claims))));
    // HMAC with the public key as the secret (RFC 8725 §2.1).
    let hmac = Header { typ: Some("at+jwt".to_owned()), kid: Some(kid.clone()), ..Header::default() };
    for secret in [jwk.to_string().into_bytes(), URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap()] {
        let forged = jsonwebtoken::encode(&hmac, &claims, &EncodingKey::from_secret(&secret)).unwrap();
        assert!(!is_active(&world, &forged));
    }
    // A key of somebody else's, under our key's name, with and without itself in the header.
    let foreign = grantry_protocol::jose::SigningKey::generate(Algorithm::ES256).unwrap();
    let foreign = EncodingKey::from_ec_der(&foreign);
    let mut header = Header { typ: Some("at+jwt".to_owned()), ..Header::new(jsonwebtoken::Algorithm::ES256) };
    header.kid = Some(kid);
    assert!(!is_active(&world, &jsonwebtoken::encode(&header, &claims, &foreign).unwrap()));
    let own = jsonwebtoken::jwk::Jwk::from_encoding_key(&foreign, jsonwebtoken::Algorithm::ES256).unwrap();
    header.jwk = Some(own);
    assert!(!is_active(&world, &jsonwebtoken::encode(&header, &claims, &foreign).unwrap()));
    let (start, _) = good.rsplit_once('.').unwrap();
    for bad in [start.to_owned(), format!("{start}."), format!("{good}."), format!("{good}{}", "A".repeat(13_000))] {
        assert!(!is_active(&world, &bad));
    }
    assert!(is_active(&world, &good));
}

#[test]
fn s4_a_token_of_another_workspace_is_foreign() {
    let world = jwt_world();
    let good = token(&world);
    let id = world.create_workspace("other");
    let registration = wait(world.server().store().read(world.workspace, |tx| tx.find_client("jwt"))).unwrap().unwrap();
    let digest = Some(registration.secrets[0].digest.clone());
    let registration = registration.registration;
    let new = NewClient { client_id: "jwt".to_owned(), registration, digest, owner: None, dynamic: None };
    let now = world.server().clock().now();
    wait(world.server().store().write(id, move |tx| tx.insert_client(&new, now))).unwrap();
    let headers = [("authorization", &*basic("jwt", SECRET))];
    let own = world.post("/other/oauth2/token", "grant_type=client_credentials", &headers).text("access_token");
    let told = |token: &str| world.post("/other/oauth2/introspect", &format!("token={token}"), &headers).json();
    assert_eq!(told(&own)["active"], true);
    assert_eq!(told(&good), json!({ "active": false }));
    assert!(!is_active(&world, &own));
}

#[test]
fn s5_a_jwt_lives_a_day_at_most() {
    let world = jwt_world();
    world.change_workspace(|row| row.policy.lifetimes.access_token = grantry_protocol::types::Seconds::days(30));
    assert_eq!(world.token_as("jwt", PASSWORD).json()["expires_in"], 86_400);
    assert_eq!(world.token(PASSWORD).json()["expires_in"], 30 * 86_400, "a sealed one lives as long as was asked for");
}

//! RFC 7523 §3, OpenID Connect Core §9: clients that prove themselves by assertions.

use crate::harness::{Answer, Engine, ISSUER, SECRET, World, basic, wait};
use crate::signer::{Signer, hs256, unsigned};
use crate::site::{Page, Site};
use grantry_protocol::Scope;
use grantry_protocol::client::AuthMethod;
use grantry_protocol::jose::Algorithm;
use grantry_protocol::workspace::DynamicRegistrationPolicy;
use grantry_server::operator;
use grantry_server::operator::app::{Changes, Command, Create};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

const TYPE: &str = "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TOKEN: &str = "/acme/oauth2/token";
const PARALLEL: usize = 64;

/// Claims that nobody used before, good for a minute.
fn claims(world: &World, client_id: &str) -> Value {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let now = world.server().clock().now().as_unix();
    let jti = NUMBER.fetch_add(1, Ordering::SeqCst).to_string();
    json!({ "iss": client_id, "sub": client_id, "aud": ISSUER, "jti": jti, "iat": now, "nbf": now, "exp": now + 60 })
}

/// A client that signs with this key.
fn register(world: &World, client_id: &str, signer: &Signer) {
    let jwks = signer.jwks();
    world.register(client_id, |registration| {
        registration.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        registration.openid.jwks = Some(jwks.clone());
    });
}

/// A world with the client `signs`, and its key.
fn world() -> (World, Signer) {
    let (world, signer) = (World::new(), Signer::new(Algorithm::ES256, Some("one")));
    register(&world, "signs", &signer);
    (world, signer)
}

fn token(world: &World, assertion: &str) -> Answer {
    world.post(TOKEN, &format!("grant_type=client_credentials&{TYPE}&client_assertion={assertion}"), &[])
}

fn assert_refused(answer: &Answer, why: &str) {
    assert_eq!((answer.status, answer.error().as_str()), (401, "invalid_client"), "{why}: {}", answer.body);
}

#[test]
fn s2_2_every_algorithm_proves_a_client_with_and_without_a_kid() {
    let world = World::new();
    for (algorithm, kid) in Algorithm::ALL.into_iter().flat_map(|algorithm| [(algorithm, None), (algorithm, Some("k"))])
    {
        let client_id = format!("{algorithm}-{}", kid.unwrap_or_default());
        let signer = Signer::new(algorithm, kid);
        register(&world, &client_id, &signer);
        let answer = token(&world, &signer.sign(&claims(&world, &client_id)));
        assert_eq!(answer.status, 200, "{client_id}: {}", answer.body);
    }
}

#[test]
fn core_s10_1_the_one_key_without_a_name_is_meant_by_any_name() {
    let (world, site) = (World::new(), Site::new());
    let (signer, other) = (Signer::new(Algorithm::ES256, None), Signer::new(Algorithm::ES256, Some("other")));
    let ask = || {
        let claims = claims(&world, "signs").to_string();
        token(&world, &signer.sign_as(&json!({ "alg": "ES256", "kid": "mine" }), &claims))
    };
    register(&world, "signs", &signer);
    assert_eq!(ask().status, 200);
    let both = json!({ "keys": [signer.jwk(), other.jwk()] });
    world.change_registration("signs", |it| it.openid.jwks = Some(both.clone()));
    assert_refused(&ask(), "it has more than one");
    site.show("/jwks", Page::json(&signer.jwks()));
    world.change_registration("signs", |it| {
        (it.openid.jwks, it.openid.jwks_uri) = (None, Some(site.url("/jwks")));
    });
    assert_eq!(ask().status, 200);
    assert_eq!(site.count("/jwks"), 1, "nothing is missing that a second look could bring");
}

#[test]
fn rfc8017_s3_1_a_key_that_anybody_can_sign_for_is_none() {
    let (world, site) = (World::new(), Site::new());
    let signer = Signer::new(Algorithm::RS256, None);
    published(&world, &site);
    let ask = || token(&world, &signer.sign(&claims(&world, "signs")));
    for (e, status) in [("AQ", 401), ("AQAA", 401), ("AQEBAQEBAQEB", 401), ("AQAB", 200)] {
        let mut jwk = signer.jwk();
        jwk["e"] = json!(e);
        site.show("/jwks", Page::json(&json!({ "keys": [jwk] })));
        world.pass(3_600);
        assert_eq!(ask().status, status, "{e}");
        let registered = json!({ "redirect_uris": ["https://app.test/cb"], "jwks": { "keys": [jwk] },
            "token_endpoint_auth_method": "private_key_jwt" });
        world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::Open);
        let answer = world.post_json("/acme/oauth2/register", &registered, &[]);
        assert_eq!(answer.status == 201, status == 200, "{e}: {}", answer.body);
    }
}

#[test]
fn s2_2_an_assertion_is_good_wherever_clients_authenticate() {
    let (world, signer) = world();
    let form = || format!("{TYPE}&client_assertion={}", signer.sign(&claims(&world, "signs")));
    let code = world.code_for("signs", "");
    let tokens = world.post(TOKEN, &format!("grant_type=authorization_code&code={code}&{}", form()), &[]);
    let refresh = tokens.text("refresh_token");
    let again = world.post(TOKEN, &format!("grant_type=refresh_token&refresh_token={refresh}&{}", form()), &[]);
    let token = again.text("access_token");
    let introspect =
        || world.post("/acme/oauth2/introspect", &format!("token={token}&{}", form()), &[]).json()["active"].clone();
    assert_eq!(introspect(), true);
    let revoked = world.post("/acme/oauth2/revoke", &format!("token={token}&client_id=signs&{}", form()), &[]);
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    assert_eq!(introspect(), false);
    for path in ["token", "introspect", "revoke"] {
        let replayed = form();
        let ask = || {
            world.post(
                &format!("/acme/oauth2/{path}"),
                &format!("token=x&grant_type=client_credentials&{replayed}"),
                &[],
            )
        };
        assert_eq!(ask().status, 200, "{path}");
        assert_refused(&ask(), path);
    }
}

#[test]
fn s3_claims_of_the_wrong_kind_are_refused() {
    let (world, signer) = world();
    let now = world.server().clock().now().as_unix();
    let endpoint = format!("{ISSUER}/oauth2/token");
    for (claim, value) in [
        ("iss", json!("app")),
        ("iss", json!(["signs"])),
        ("sub", json!("app")),
        ("sub", json!(7)),
        ("aud", json!(endpoint)),
        ("aud", json!([ISSUER])),
        ("aud", json!([ISSUER, endpoint])),
        ("aud", json!("https://grantry.test/other")),
        ("aud", json!({})),
        ("exp", json!((now + 60).to_string())),
        ("exp", json!(now - 60)),
        ("exp", json!(now + 86_400)),
        ("exp", json!(null)),
        ("nbf", json!(now + 120)),
        ("iat", json!(now + 120)),
        ("jti", json!(null)),
        ("jti", json!("")),
    ] {
        let mut claims = claims(&world, "signs");
        claims[claim] = value.clone();
        assert_refused(&token(&world, &signer.sign(&claims)), &format!("{claim} {value}"));
    }
    for claim in ["iss", "sub", "aud", "exp", "jti"] {
        let mut claims = claims(&world, "signs");
        claims.as_object_mut().unwrap().remove(claim);
        assert_refused(&token(&world, &signer.sign(&claims)), claim);
    }
}

#[test]
fn s3_the_refusal_of_an_audience_says_what_it_has_to_be() {
    let (world, signer) = world();
    let metadata = world.get("/acme/.well-known/openid-configuration", &[]).json();
    let (issuer, endpoint) = (metadata["issuer"].clone(), metadata["token_endpoint"].clone());
    let ask = |aud: Value| {
        let mut claims = claims(&world, "signs");
        claims["aud"] = aud;
        token(&world, &signer.sign(&claims))
    };
    for aud in [endpoint.clone(), json!([issuer]), json!([issuer, endpoint])] {
        let answer = ask(aud);
        let told = answer.text("error_description");
        assert!(told.contains("must be the issuer of this workspace, as one string"), "{told}");
        assert!(told.contains("issuer in its .well-known/openid-configuration"), "{told}");
        assert_eq!(answer.text("error_uri"), "https://www.rfc-editor.org/rfc/rfc7523#section-3");
    }
    assert_eq!(ask(issuer).status, 200);
}

#[test]
fn s3_an_assertion_is_for_now_whenever_it_ends() {
    let (world, signer) = world();
    let mut claims = claims(&world, "signs");
    claims["exp"] = json!(world.server().clock().now().as_unix() + 3_600);
    let [first, second, late] = ["1", "2", "3"].map(|jti| {
        claims["jti"] = json!(jti);
        signer.sign(&claims)
    });
    assert_eq!(token(&world, &first).status, 200);
    world.pass(359);
    assert_eq!(token(&world, &second).status, 200);
    let clean_up = || {
        wait(world.server().store().write_instance({
            let now = world.server().clock().now();
            move |instance| instance.clean_up(now, 500)
        }))
        .unwrap()
    };
    clean_up();
    assert_refused(&token(&world, &first), "used before, and good for as long");
    world.pass(1);
    let answer = token(&world, &late);
    assert_refused(&answer, "late");
    assert!(answer.text("error_description").contains("more than five minutes ago"), "{}", answer.body);
}

#[test]
fn rfc8725_s3_what_a_header_brings_is_not_believed() {
    let (world, signer) = world();
    let stranger = Signer::new(Algorithm::ES256, Some("one"));
    let fresh = || claims(&world, "signs");
    let (claims, with) = (fresh().to_string(), |name: &str, value: Value| {
        let mut header = signer.header();
        header[name] = value;
        header
    });
    let public = signer.jwk();
    let inner = signer.sign(&fresh());
    for (why, assertion) in [
        ("alg none", format!("{}.", unsigned(&json!({ "alg": "none" }), &claims))),
        ("alg none with a signature", signer.sign_as(&json!({ "alg": "none" }), &claims)),
        ("HMAC with the public key", hs256(public.to_string().as_bytes(), &json!({ "alg": "HS256" }), &fresh())),
        ("HMAC with its point", hs256(public["x"].as_str().unwrap().as_bytes(), &json!({ "alg": "HS256" }), &fresh())),
        ("another key under the same kid", stranger.sign_as(&stranger.header(), &claims)),
        ("its own key in the header", stranger.sign_as(&json!({ "alg": "ES256", "jwk": stranger.jwk() }), &claims)),
        ("jku", signer.sign_as(&with("jku", json!("https://app.test/jwks")), &claims)),
        ("x5u", signer.sign_as(&with("x5u", json!("https://app.test/x")), &claims)),
        ("crit", signer.sign_as(&with("crit", json!(["exp"])), &claims)),
        ("a foreign kid", signer.sign_as(&with("kid", json!("two")), &claims)),
        ("an algorithm that is not its key's", signer.sign_as(&with("alg", json!("EdDSA")), &claims)),
        ("an access token's typ", signer.sign_as(&with("typ", json!("at+jwt")), &claims)),
        ("a JWT in a JWT", signer.sign_as(&with("cty", json!("JWT")), &inner)),
        ("an array", signer.sign_as(&signer.header(), "[]")),
        ("a claim twice", signer.sign_as(&signer.header(), &claims.replacen('{', "{\"iss\":\"signs\",", 1))),
        ("four parts", format!("{inner}.x")),
        ("no parts", "x".to_owned()),
        ("padding", format!("{inner}=")),
    ] {
        assert_refused(&token(&world, &assertion), why);
    }
    let mut large = fresh();
    large["more"] = json!("x".repeat(13_000));
    let answer = token(&world, &signer.sign(&large));
    assert!([401, 413].contains(&answer.status), "{}", answer.body);
    assert_eq!(token(&world, &inner).status, 200, "nothing of all that was remembered");
}

#[test]
fn s3_tokens_that_we_signed_are_no_assertions() {
    let (world, signer) = world();
    world.change_registration("signs", |registration| {
        registration.scope = Scope::parse("openid read").unwrap();
        registration.access_token.format = grantry_protocol::client::AccessTokenFormat::Jwt;
    });
    let code = world.code_for("signs", "&scope=openid+read&redirect_uri=https://app.test/cb");
    let assertion = signer.sign(&claims(&world, "signs"));
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=https://app.test/cb&{TYPE}&client_assertion={assertion}"
    );
    let tokens = world.post(TOKEN, &form, &[]);
    for member in ["id_token", "access_token"] {
        assert_refused(&token(&world, &tokens.text(member)), member);
    }
}

#[test]
fn s2_2_one_method_and_the_registered_one() {
    let (world, signer) = world();
    let assertion = || format!("{TYPE}&client_assertion={}", signer.sign(&claims(&world, "signs")));
    let ask = |form: String, headers: &[(&str, &str)]| {
        let answer = world.post(TOKEN, &format!("grant_type=client_credentials&{form}"), headers);
        (answer.status, if answer.status == 200 { String::new() } else { answer.error() })
    };
    let twice = (400, "invalid_request".to_owned());
    let header = basic("signs", SECRET);
    assert_eq!(ask(assertion(), &[("authorization", &header)]), twice);
    assert_eq!(ask(format!("{}&client_secret={SECRET}", assertion()), &[]), twice);
    assert_eq!(ask(format!("{}&client_id=app", assertion()), &[]), twice);
    let refused = (401, "invalid_client".to_owned());
    assert_eq!(ask(format!("client_id=signs&client_secret={SECRET}"), &[]), refused);
    assert_eq!(ask("client_id=signs".to_owned(), &[]), refused);
    assert_eq!(ask(assertion().replace("jwt-bearer", "saml2-bearer"), &[]), refused);
    assert_eq!(ask(assertion().replace(TYPE, "client_id=signs"), &[]), refused);
    // The key is known, the method is another.
    world.change_registration("signs", |it| it.token_endpoint_auth_method = AuthMethod::ClientSecretPost);
    assert_eq!(ask(assertion(), &[]), refused);
    assert_eq!(ask(format!("client_id=signs&client_secret={SECRET}"), &[]).0, 200);
}

#[test]
fn registration_s2_the_registered_algorithm_is_the_only_one() {
    let (world, signer) = world();
    let register = |alg: &'static str| {
        world.change_registration("signs", |it| it.openid.token_endpoint_auth_signing_alg = Some(alg.to_owned()));
    };
    register("RS256");
    assert_refused(&token(&world, &signer.sign(&claims(&world, "signs"))), "RS256");
    register("ES256");
    assert_eq!(token(&world, &signer.sign(&claims(&world, "signs"))).status, 200);
}

/// Presents one assertion from 64 threads at once, in turn to each of the servers. How often it was good.
fn at_once(worlds: &[&World], assertion: &str) -> usize {
    let barrier = Barrier::new(PARALLEL);
    let answers = std::thread::scope(|scope| {
        let ask = |number: usize| {
            let (world, barrier) = (worlds[number % worlds.len()], &barrier);
            scope.spawn(move || {
                barrier.wait();
                token(world, assertion)
            })
        };
        let asked: Vec<_> = (0..PARALLEL).map(ask).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect::<Vec<_>>()
    });
    let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    bad.iter().for_each(|answer| assert_refused(answer, "used before"));
    good.len()
}

#[test]
fn sqlite_s3_an_assertion_is_good_once() {
    let (world, signer) = world();
    for _ in 0..3 {
        assert_eq!(at_once(&[&world], &signer.sign(&claims(&world, "signs"))), 1);
    }
}

#[test]
fn postgres_s3_an_assertion_is_good_once_across_processes_and_restarts() {
    let (world, signer) = (World::on(Engine::Postgres), Signer::new(Algorithm::ES256, Some("one")));
    register(&world, "signs", &signer);
    let other = world.another();
    let assertion = signer.sign(&claims(&world, "signs"));
    assert_eq!(at_once(&[&world, &other], &assertion), 1);
    drop(other);
    let restarted = world.another();
    assert_refused(&token(&restarted, &assertion), "used before the restart");
    world.pass(119);
    assert_refused(&token(&restarted, &assertion), "used before, and within the skew");
    // Another client may use the same name.
    register(&world, "other", &signer);
    let mut same = claims(&world, "other");
    let jti = &mut same["jti"];
    *jti = json!("same");
    assert_eq!(token(&world, &signer.sign(&same)).status, 200);
    let mut theirs = claims(&world, "signs");
    theirs["jti"] = json!("same");
    assert_eq!(token(&world, &signer.sign(&theirs)).status, 200);
}

fn operate(world: &World, command: Command) -> Result<Value, String> {
    let done = wait(operator::execute(world.server(), operator::Command::App("acme".to_owned(), command)));
    done.map(|answer| serde_json::to_value(answer).unwrap()).map_err(|error| error.to_string())
}

fn create(client_id: &str, secret: Option<&str>) -> Command {
    let changes = Changes {
        name: Some("Signs".to_owned()),
        auth_method: Some(AuthMethod::ClientSecretJwt),
        ..Changes::default()
    };
    Command::Create(Box::new(Create {
        application_type: grantry_protocol::client::ApplicationType::Service,
        client_id: Some(client_id.to_owned()),
        secret: secret.map(|secret| grantry_protocol::types::Secret::new(secret.to_owned())),
        changes,
    }))
}

#[test]
fn core_s9_an_app_signs_with_its_secret_which_rests_sealed() {
    let world = World::new();
    let app = operate(&world, create("mac", None)).unwrap();
    let secret = app["client_secret"].as_str().unwrap().to_owned();
    let ask =
        |secret: &str| token(&world, &hs256(secret.as_bytes(), &json!({ "alg": "HS256" }), &claims(&world, "mac")));
    assert_eq!(ask(&secret).status, 200, "{}", ask(&secret).body);
    assert_refused(&ask(&secret[1..]), "another secret");
    assert_refused(&ask(SECRET), "another secret");
    let client = wait(world.server().store().read(world.workspace, |tx| tx.find_client("mac"))).unwrap().unwrap();
    let digest = &client.secrets[0].digest;
    assert!(digest.starts_with("sealed:") && !digest.contains(&secret), "{digest}");
    // A new secret signs beside the old one, until that one ends.
    let rotate =
        Command::RotateSecret { client_id: "mac".into(), secret: None, keep_old: grantry_protocol::types::Seconds(60) };
    let new = operate(&world, rotate).unwrap()["client_secret"].as_str().unwrap().to_owned();
    assert_eq!([ask(&secret).status, ask(&new).status], [200, 200]);
    world.pass(61);
    assert_eq!([ask(&secret).status, ask(&new).status], [401, 200]);
    // The secret itself is not a password, and its digest not a key.
    let posted = world.post(TOKEN, &format!("grant_type=client_credentials&client_id=mac&client_secret={new}"), &[]);
    assert_refused(&posted, "client_secret_post");
    for key in [digest.as_str(), digest.trim_start_matches("sealed:")] {
        assert_refused(&ask(key), "what rests in the database");
    }
}

#[test]
fn rfc7518_s3_2_a_secret_that_signs_is_long_and_random() {
    let world = World::new();
    for weak in ["secret", "correct horse battery staple, which is long", "h3Kd9_x-Qw7Zp2Lm5Vt8Rn"] {
        let told = operate(&world, create("mac", Some(weak))).unwrap_err();
        assert!(told.contains("at least 32 characters"), "{told}");
    }
    operate(&world, create("mac", Some(SECRET))).unwrap();
    let assertion = hs256(SECRET.as_bytes(), &json!({ "alg": "HS256" }), &claims(&world, "mac"));
    assert_eq!(token(&world, &assertion).status, 200);
}

#[test]
fn core_s9_a_secret_from_before_the_method_changed_signs_nothing() {
    let world = World::new();
    world.change_registration("app", |it| it.token_endpoint_auth_method = AuthMethod::ClientSecretJwt);
    let ask =
        |secret: &str| token(&world, &hs256(secret.as_bytes(), &json!({ "alg": "HS256" }), &claims(&world, "app")));
    let answer = ask(SECRET);
    assert_refused(&answer, "its digest is all that is known");
    assert!(answer.text("error_description").contains("rotate its secret"), "{}", answer.body);
    let rotate =
        Command::RotateSecret { client_id: "app".into(), secret: None, keep_old: grantry_protocol::types::Seconds(0) };
    let new = operate(&world, rotate).unwrap()["client_secret"].as_str().unwrap().to_owned();
    assert_eq!(ask(&new).status, 200);
    world.change_registration("app", |it| it.token_endpoint_auth_method = AuthMethod::ClientSecretBasic);
    let answer = world.post(TOKEN, "grant_type=client_credentials", &[("authorization", &basic("app", &new))]);
    assert!(answer.text("error_description").contains("rotate its secret"), "{}", answer.body);
}

/// The client `signs` with its keys at a site.
fn published(world: &World, site: &Site) {
    let uri = site.url("/jwks");
    world.register("signs", |registration| {
        registration.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        registration.openid.jwks_uri = Some(uri.clone());
    });
}

#[test]
fn core_s10_1_1_an_unknown_kid_has_the_keys_read_again_but_not_all_the_time() {
    let (world, site) = (World::new(), Site::new());
    let [one, two] = ["one", "two"].map(|kid| Signer::new(Algorithm::ES256, Some(kid)));
    published(&world, &site);
    site.show("/jwks", Page::json(&one.jwks()));
    let ask = |signer: &Signer| token(&world, &signer.sign(&claims(&world, "signs"))).status;
    assert_eq!([ask(&one), ask(&one)], [200, 200]);
    assert_eq!(site.count("/jwks"), 1, "known for a while");
    assert_eq!([ask(&two), ask(&two)], [401, 401]);
    assert_eq!(site.count("/jwks"), 1, "it was read a moment ago");
    site.show("/jwks", Page::json(&two.jwks()));
    world.pass(60);
    assert_eq!([ask(&two), ask(&two)], [200, 200]);
    assert_eq!(site.count("/jwks"), 2);
    assert_eq!(ask(&one), 401, "withdrawn");
}

#[test]
fn core_s10_1_1_keys_without_names_are_read_again_too() {
    let (world, site) = (World::new(), Site::new());
    let [one, two] = [None, None].map(|kid| Signer::new(Algorithm::EdDSA, kid));
    published(&world, &site);
    site.show("/jwks", Page::json(&one.jwks()));
    let ask = |signer: &Signer| token(&world, &signer.sign(&claims(&world, "signs"))).status;
    assert_eq!(ask(&one), 200);
    site.show("/jwks", Page::json(&two.jwks()));
    world.pass(60);
    assert_eq!([ask(&two), ask(&one)], [200, 401]);
}

#[test]
fn s3_keys_that_cannot_be_read_prove_nothing() {
    let (world, site, signer) = (World::new(), Site::new(), Signer::new(Algorithm::ES256, None));
    published(&world, &site);
    let mut private = signer.jwk();
    private["d"] = json!("AAAA");
    for (why, page) in [
        ("missing", Page::status(404)),
        ("elsewhere", Page::status(302).header("location", &site.url("/other"))),
        ("endless", Page::endless()),
        ("no keys", Page::json(&json!({}))),
        ("a private key", Page::json(&json!({ "keys": [private] }))),
        ("too many keys", Page::json(&json!({ "keys": vec![signer.jwk(); 51] }))),
        ("a page", Page::new("text/html", "<html>")),
    ] {
        site.show("/jwks", page);
        world.pass(3_601);
        assert_refused(&token(&world, &signer.sign(&claims(&world, "signs"))), why);
    }
    site.show("/other", Page::json(&signer.jwks()));
    assert_eq!(site.count("/other"), 0, "a redirect is not followed");
    // Nor from where nobody on the internet could read them.
    world.change_registration("signs", |it| it.openid.jwks_uri = Some("https://10.0.0.1/jwks".to_owned()));
    assert_refused(&token(&world, &signer.sign(&claims(&world, "signs"))), "a private address");
    world.change_registration("signs", |it| it.openid.jwks_uri = Some("http://app.test/jwks".to_owned()));
    assert_refused(&token(&world, &signer.sign(&claims(&world, "signs"))), "http");
}

#[test]
fn s3_a_slow_jwks_uri_ends_in_time() {
    let site = Site::new();
    let world =
        World::with(Engine::Sqlite, |settings| settings.outbound.timeout = std::time::Duration::from_millis(300));
    published(&world, &site);
    site.show("/jwks", Page::stalling());
    let signer = Signer::new(Algorithm::ES256, None);
    let answer = token(&world, &signer.sign(&claims(&world, "signs")));
    assert_refused(&answer, "slow");
    assert!(answer.text("error_description").contains("does not answer in time"), "{}", answer.body);
}

#[test]
fn discovery_s3_metadata_says_how_clients_sign() {
    let metadata = World::new().get("/acme/.well-known/openid-configuration", &[]).json();
    let algorithms = json!(["ES256", "EdDSA", "RS256", "PS256", "HS256"]);
    for endpoint in ["token", "revocation", "introspection"] {
        assert_eq!(
            metadata[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")],
            algorithms,
            "{endpoint}"
        );
        let methods = metadata[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().unwrap();
        assert!(methods.contains(&json!("private_key_jwt")) && methods.contains(&json!("client_secret_jwt")));
    }
}

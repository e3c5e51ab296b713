//! RFC 9101, OpenID Connect Core §6: authorization requests in request objects, by value and by reference.

use crate::harness::{Answer, Browser, CALLBACK, CHALLENGE, ISSUER, World};
use crate::signer::{Signer, hs256, unsigned};
use crate::site::{Page, Site};
use grantry_protocol::Scope;
use grantry_protocol::jose::Algorithm;
use serde_json::{Value, json};

const AUTHORIZE: &str = "/acme/oauth2/authorize";
/// What stands outside in an OpenID request.
const OUTER: &str = "client_id=signs&response_type=code&scope=openid";

/// A world with the client `signs`, and its key.
fn world() -> (World, Signer) {
    let (world, signer) = (World::new(), Signer::new(Algorithm::ES256, None));
    register(&world, &signer);
    (world, signer)
}

fn register(world: &World, signer: &Signer) {
    let jwks = signer.jwks();
    world.register("signs", |registration| {
        registration.scope = Scope::parse("openid read write profile").unwrap();
        registration.openid.jwks = Some(jwks.clone());
    });
}

/// The whole request, with `state=inside`.
fn object() -> Value {
    json!({ "client_id": "signs", "response_type": "code", "scope": "openid read", "redirect_uri": CALLBACK, "state": "inside",
        "nonce": "n", "iss": "signs", "aud": ISSUER })
}

fn with(claim: &str, value: Value) -> Value {
    let mut object = object();
    object[claim] = value;
    object
}

/// What a browser gets in which bob is signed in, and agrees.
fn asked(world: &World, query: &str) -> Answer {
    world.bob().authorize(query)
}

fn by_value(world: &World, outer: &str, object: &str) -> Answer {
    asked(world, &format!("{outer}&request={object}"))
}

/// The error that the client is told of, or `shown` and the code on the page.
fn told(answer: &Answer) -> String {
    match answer.answer_parameter("error") {
        Some(error) => error,
        None => {
            assert_eq!(answer.status, 400, "{answer:?}");
            let codes = ["invalid_request_object", "invalid_request_uri", "invalid_request", "invalid_client"];
            format!(
                "shown {}",
                codes.into_iter().find(|code| answer.body.contains(&format!(">{code}<"))).unwrap_or_default()
            )
        }
    }
}

fn assert_good(answer: &Answer) {
    assert!(answer.answer_parameter("code").is_some(), "{answer:?}");
    assert_eq!(answer.answer_parameter("state").as_deref(), Some("inside"));
}

#[test]
fn core_s6_1_an_object_by_value_is_the_request() {
    let world = World::new();
    for algorithm in Algorithm::ALL {
        let signer = Signer::new(algorithm, None);
        let client_id = algorithm.as_str();
        let jwks = signer.jwks();
        world.register(client_id, |registration| {
            registration.scope = Scope::parse("openid read").unwrap();
            registration.openid.jwks = Some(jwks.clone());
        });
        let mut object = object();
        (object["client_id"], object["iss"]) = (json!(client_id), json!(client_id));
        let outer = format!("client_id={client_id}&response_type=code&scope=openid&state=outside");
        assert_good(&by_value(&world, &outer, &signer.sign(&object)));
    }
}

#[test]
fn core_s6_1_in_openid_requests_the_object_wins_and_the_rest_fills_in() {
    let (world, signer) = world();
    let object = signer.sign(&json!({ "state": "inside", "redirect_uri": CALLBACK, "max_age": 1_000 }));
    assert_good(&by_value(&world, &format!("{OUTER}&state=outside&redirect_uri=https://evil.test/"), &object));
    let object = signer.sign(&json!({ "scope": "openid" }));
    let answer = by_value(&world, &format!("{OUTER}&state=inside&redirect_uri={CALLBACK}&nonce=n"), &object);
    assert_good(&answer);
}

#[test]
fn s6_3_in_other_requests_what_stands_outside_does_not_count() {
    let (world, signer) = world();
    let outer = format!("client_id=signs&response_type=code&state=outside&scope=write&redirect_uri={CALLBACK}");
    let inner = json!({ "response_type": "code", "redirect_uri": CALLBACK, "scope": "read" });
    let answer = by_value(&world, &outer, &signer.sign(&inner));
    assert!(answer.answer_parameter("code").is_some(), "{answer:?}");
    assert_eq!(answer.answer_parameter("state"), None);
    let form = format!(
        "grant_type=authorization_code&redirect_uri={CALLBACK}&code={}",
        answer.answer_parameter("code").unwrap()
    );
    assert_eq!(world.token_as("signs", &form).text("scope"), "read");
    // PKCE of a public app has to stand inside.
    let jwks = signer.jwks();
    world.register_public("spa");
    world.change_registration("spa", move |registration| registration.openid.jwks = Some(jwks.clone()));
    let pkce = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let outer = format!("client_id=spa&response_type=code{pkce}");
    assert_eq!(told(&by_value(&world, &outer, &signer.sign(&inner))), "invalid_request");
    let mut inner = inner;
    (inner["code_challenge"], inner["code_challenge_method"]) = (json!(CHALLENGE), json!("S256"));
    assert!(by_value(&world, "client_id=spa", &signer.sign(&inner)).answer_parameter("code").is_some());
}

#[test]
fn core_s6_1_an_object_that_is_not_good_is_refused_by_redirect() {
    let (world, signer) = world();
    let now = world.server().clock().now().as_unix();
    for (claim, value) in [
        ("iss", json!("app")),
        ("aud", json!("https://grantry.test/other")),
        ("sub", json!("signs")),
        ("client_id", json!("app")),
        ("response_type", json!("code id_token")),
        ("exp", json!(now - 60)),
        ("nbf", json!(now + 61)),
        ("request", json!("x")),
        ("request_uri", json!("https://app.test/r")),
        ("state", json!({})),
        ("prompt", json!(["none"])),
    ] {
        let answer = by_value(&world, OUTER, &signer.sign(&with(claim, value.clone())));
        let name = format!("{claim} {value}");
        assert_eq!(told(&answer), "invalid_request_object", "{name}: {answer:?}");
        let separator = if claim == "response_type" { '#' } else { '?' };
        assert!(answer.location().starts_with(&format!("{CALLBACK}{separator}")), "{name}");
        let state = (claim != "state").then_some("inside");
        assert_eq!(answer.answer_parameter("state").as_deref(), state, "{name}");
    }
    // What is no JWT says nothing that could be believed, not even where the client is.
    for (claim, value) in [("iss", json!(["signs"])), ("aud", json!(7)), ("exp", json!("soon")), ("jti", json!(1))] {
        let answer = by_value(&world, OUTER, &signer.sign(&with(claim, value.clone())));
        assert_eq!(told(&answer), "shown invalid_request_object", "{claim} {value}");
    }
}

#[test]
fn s6_2_what_the_client_did_not_sign_is_refused_on_a_page_or_at_a_registered_uri_outside() {
    let (world, signer) = world();
    let stranger = Signer::new(Algorithm::ES256, Some("one"));
    let claims = object().to_string();
    let header = |name: &str, value: Value| {
        let mut header = signer.header();
        header[name] = value;
        signer.sign_as(&header, &claims)
    };
    let inner = signer.sign(&object());
    for (why, object) in [
        ("alg none", format!("{}.", unsigned(&json!({ "alg": "none" }), &claims))),
        ("HMAC with the public key", hs256(signer.jwk().to_string().as_bytes(), &json!({ "alg": "HS256" }), &object())),
        ("another key", stranger.sign(&object())),
        ("a key in the header", stranger.sign_as(&json!({ "alg": "ES256", "jwk": stranger.jwk() }), &claims)),
        ("jku", header("jku", json!("https://app.test/jwks"))),
        ("crit", header("crit", json!(["exp"]))),
        ("a foreign kid", stranger.sign_as(&json!({ "alg": "ES256", "kid": "two" }), &claims)),
        ("another algorithm", header("alg", json!("EdDSA"))),
        ("a JWT in a JWT", signer.sign_as(&signer.header(), &inner)),
        ("no JWT", "x".to_owned()),
    ] {
        assert_eq!(told(&by_value(&world, OUTER, &object)), "shown invalid_request_object", "{why}");
        let answer = by_value(&world, &format!("{OUTER}&state=outside&redirect_uri={CALLBACK}"), &object);
        assert_eq!(told(&answer), "invalid_request_object", "{why}");
        assert_eq!(answer.answer_parameter("state").as_deref(), Some("outside"), "{why}");
        let answer = by_value(&world, &format!("{OUTER}&redirect_uri=https://evil.test/"), &object);
        assert_eq!(told(&answer), "shown invalid_request_object", "{why}");
    }
    // Of another kind.
    let mut typed = signer.header();
    typed["typ"] = json!("at+jwt");
    assert_eq!(told(&by_value(&world, OUTER, &signer.sign_as(&typed, &claims))), "invalid_request_object");
    // Neither client nor redirect URI are known.
    let answer = by_value(&world, "client_id=nobody&response_type=code&scope=openid", &inner);
    assert_eq!(told(&answer), "shown invalid_client");
    let answer = by_value(&world, OUTER, &signer.sign(&with("redirect_uri", json!("https://evil.test/"))));
    assert_eq!(told(&answer), "shown invalid_request");
}

#[test]
fn s5_one_reference_and_no_parameter_twice() {
    let (world, signer) = world();
    let object = signer.sign(&object());
    let both = format!("{OUTER}&redirect_uri={CALLBACK}&request_uri=https://app.test/r");
    assert_eq!(told(&by_value(&world, &both, &object)), "invalid_request");
    let twice = format!("{OUTER}&redirect_uri={CALLBACK}&request={object}");
    assert_eq!(told(&by_value(&world, &twice, &object)), "invalid_request");
    let scope = format!("{OUTER}&redirect_uri={CALLBACK}&scope=read");
    assert_eq!(told(&by_value(&world, &scope, &object)), "invalid_request");
}

#[test]
fn registration_s2_the_registered_algorithm_is_the_only_one() {
    let (world, signer) = world();
    let register = |alg| world.change_registration("signs", move |it| it.openid.request_object_signing_alg = Some(alg));
    register(Algorithm::RS256);
    assert_eq!(told(&by_value(&world, OUTER, &signer.sign(&object()))), "shown invalid_request_object");
    register(Algorithm::ES256);
    assert_good(&by_value(&world, OUTER, &signer.sign(&object())));
}

#[test]
fn s10_an_object_that_expires_while_the_person_signs_in_was_read_before() {
    let (world, signer) = world();
    let now = world.server().clock().now().as_unix();
    let object = signer.sign(&with("exp", json!(now + 30)));
    let mut browser = Browser::new(&world);
    let login = browser.get(&format!("{AUTHORIZE}?{OUTER}&request={object}"));
    assert!(login.location().starts_with("/acme/login?request="), "{login:?}");
    world.pass(600);
    let back = browser.sign_in(login.location(), "bob", "secret");
    let consent = browser.get(back.location());
    assert_good(&browser.consent(&consent, "allow", &[]));
    // By then it is too late to begin with it.
    assert_eq!(told(&by_value(&world, OUTER, &object)), "invalid_request_object");
}

#[test]
fn rfc9700_s4_11_2_nobody_is_sent_to_an_app_before_they_signed_in() {
    let (world, signer) = world();
    let bad = signer.sign(&with("iss", json!("app")));
    let outer = format!("{OUTER}&redirect_uri={CALLBACK}");
    for object in [&bad, "x"] {
        let answer = Browser::new(&world).get(&format!("{AUTHORIZE}?{outer}&request={object}"));
        assert_eq!(told(&answer), "shown invalid_request_object");
    }
    assert_eq!(told(&by_value(&world, &outer, &bad)), "invalid_request_object");
    // But for prompt=none, where no page may be shown.
    let silent = Browser::new(&world).get(&format!("{AUTHORIZE}?{OUTER}&prompt=none&request={bad}"));
    assert_eq!(told(&silent), "invalid_request_object");
    let ask = |object: &str| told(&Browser::new(&world).get(&format!("{AUTHORIZE}?{outer}&request={object}")));
    let mut late = with("prompt", json!("none"));
    late["exp"] = json!(world.server().clock().now().as_unix() - 600);
    assert_eq!(ask(&signer.sign(&late)), "invalid_request_object", "the client said so itself");
    let stranger = Signer::new(Algorithm::ES256, None);
    assert_eq!(ask(&stranger.sign(&late)), "shown invalid_request_object", "anybody may have said so");
    let silent = signer.sign(&with("prompt", json!("none")));
    assert_eq!(told(&Browser::new(&world).get(&format!("{AUTHORIZE}?{OUTER}&request={silent}"))), "login_required");
}

#[test]
fn s3_an_object_by_post_is_as_good() {
    let (world, signer) = world();
    let mut bob = world.bob();
    let object = signer.sign(&object());
    let there = bob.post(
        AUTHORIZE,
        &[("client_id", "signs"), ("response_type", "code"), ("scope", "openid"), ("request", &object)],
    );
    let consent = bob.get(there.location());
    assert_good(&bob.consent(&consent, "allow", &[]));
}

/// A world with the client `signs`, its key, and its site with a registered `request_uri`.
fn with_site(fragment: &str) -> (World, Signer, Site) {
    let ((world, signer), site) = (world(), Site::new());
    let uri = site.url(&format!("/request{fragment}"));
    world.change_registration("signs", move |registration| registration.openid.request_uris = vec![uri.clone()]);
    (world, signer, site)
}

fn by_uri(world: &World, outer: &str, uri: &str) -> Answer {
    let uri: String = form_urlencoded::byte_serialize(uri.as_bytes()).collect();
    asked(world, &format!("{outer}&request_uri={uri}"))
}

#[test]
fn core_s6_2_an_object_by_reference_is_the_request() {
    for (registered, sent) in [("", ""), ("", "#any"), ("#not-the-hash", "#not-the-hash")] {
        let (world, signer, site) = with_site(registered);
        for content_type in ["application/jwt", "application/oauth-authz-req+jwt", "text/plain"] {
            site.show("/request", Page::new(content_type, &signer.sign(&object())));
            assert_good(&by_uri(&world, OUTER, &site.url(&format!("/request{sent}"))));
        }
    }
}

#[test]
fn core_s6_2_what_stands_at_an_address_may_change() {
    let (world, signer, site) = with_site("");
    let ask = |state: &str, sent: &str| {
        site.show("/request", Page::new("application/jwt", &signer.sign(&with("state", json!(state)))));
        by_uri(&world, OUTER, &site.url(&format!("/request{sent}"))).answer_parameter("state").unwrap()
    };
    assert_eq!(ask("one", ""), "one");
    assert_eq!(ask("one", "#1"), "one");
    world.pass(20);
    assert_eq!(ask("two", ""), "two");
    assert_eq!(ask("two", "#1"), "two");
    assert_eq!(ask("two", "#2"), "two");
}

#[test]
fn core_s6_2_a_made_up_fragment_makes_nobody_ask_sooner() {
    let (world, signer, site) = with_site("");
    site.show("/request", Page::new("application/jwt", &signer.sign(&object())));
    for fragment in ["", "#1", "#2", "#3"] {
        assert_good(&by_uri(&world, OUTER, &site.url(&format!("/request{fragment}"))));
    }
    assert_eq!(site.count("/request"), 1, "anybody can send such a request");
    world.pass(20);
    assert_good(&by_uri(&world, OUTER, &site.url("/request#4")));
    assert_eq!(site.count("/request"), 2);
}

#[test]
fn core_s6_2_addresses_that_are_not_registered_are_not_asked() {
    let (world, signer, site) = with_site("#1");
    site.show("/request", Page::new("application/jwt", &signer.sign(&object())));
    let outer = format!("{OUTER}&redirect_uri={CALLBACK}");
    for path in ["/request", "/request#2", "/request?x=1#1", "/other#1"] {
        assert_eq!(told(&by_uri(&world, &outer, &site.url(path))), "invalid_request_uri", "{path}");
        assert_eq!(told(&by_uri(&world, OUTER, &site.url(path))), "shown invalid_request_uri", "{path}");
    }
    let bad = site.url("/request#1").replace("https", "http");
    world.change_registration("signs", |registration| registration.openid.request_uris.push(bad.clone()));
    assert_eq!(told(&by_uri(&world, &outer, &bad)), "invalid_request_uri");
    assert_eq!(told(&by_uri(&world, &outer, "urn:ietf:params:oauth:request_uri:x")), "invalid_request_uri");
    assert_eq!([site.count("/request"), site.count("/other")], [0, 0]);
}

#[test]
fn core_s6_2_what_cannot_be_read_there_is_refused() {
    let (world, signer, site) = with_site("");
    site.show("/there", Page::new("application/jwt", &signer.sign(&object())));
    let outer = format!("{OUTER}&redirect_uri={CALLBACK}");
    let large = signer.sign(&with("login_hint", json!("x".repeat(66_000))));
    let wide = signer.sign(&with("login_hint", json!("x".repeat(9_000))));
    for (page, code) in [
        (Page::status(404), "invalid_request_uri"),
        (Page::status(302).header("location", &site.url("/there")), "invalid_request_uri"),
        (Page::endless(), "invalid_request_uri"),
        (Page::new("application/jwt", &large), "invalid_request_uri"),
        (Page::new("application/jwt", &wide), "invalid_request_object"),
        (Page::new("text/html", "<html>"), "invalid_request_object"),
        (
            Page::new("application/jwt", &format!("{}.", unsigned(&json!({ "alg": "none" }), &object().to_string()))),
            "invalid_request_object",
        ),
    ] {
        site.show("/request", page);
        world.pass(20);
        assert_eq!(told(&by_uri(&world, &outer, &site.url("/request"))), code);
    }
    assert_eq!(site.count("/there"), 0);
    let private = "https://192.168.0.1/request";
    world.change_registration("signs", |registration| registration.openid.request_uris.push(private.to_owned()));
    assert_eq!(told(&by_uri(&world, &outer, private)), "invalid_request_uri");
}

#[test]
fn core_s10_1_1_keys_at_a_jwks_uri_sign_objects_too() {
    let (world, signer, site) = with_site("");
    let jwks_uri = site.url("/jwks");
    world.change_registration("signs", move |registration| {
        (registration.openid.jwks, registration.openid.jwks_uri) = (None, Some(jwks_uri.clone()));
    });
    site.show("/jwks", Page::json(&signer.jwks()));
    assert_good(&by_value(&world, OUTER, &signer.sign(&object())));
    let next = Signer::new(Algorithm::RS256, Some("next"));
    site.show("/jwks", Page::json(&next.jwks()));
    world.pass(60);
    assert_good(&by_value(&world, OUTER, &next.sign(&object())));
    assert_eq!(site.count("/jwks"), 2);
}

#[test]
fn discovery_s3_metadata_says_what_is_supported() {
    let metadata = World::new().get("/acme/.well-known/openid-configuration", &[]).json();
    for member in ["request_parameter_supported", "request_uri_parameter_supported", "require_request_uri_registration"]
    {
        assert_eq!(metadata[member], true, "{member}");
    }
    assert_eq!(metadata["request_object_signing_alg_values_supported"], json!(["RS256", "ES256", "EdDSA", "PS256"]));
}

//! OpenID Connect Core: ID Tokens by every flow, prompts, hints, claims, and UserInfo, at the front door.

use crate::harness::{Answer, Browser, CALLBACK, ISSUER, World, basic};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantry_protocol::Scope;
use grantry_protocol::client::SubjectType;
use grantry_protocol::jose::Algorithm;
use grantry_protocol::redirect_uri::RedirectUri;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

const EVERYTHING: &str = "openid profile email address phone offline_access read";
const OPTIONAL: [&str; 5] = ["profile", "email", "address", "phone", "offline_access"];
const CLAIMS: &str = r#"{"name":"Bob Baker","given_name":"Bob","email":"bob@app.test","email_verified":true,
    "phone_number":"+1 555 010 0199","address":{"country":"Nowhere"},"birthdate":"1990-01-31"}"#;

/// A workspace whose `bob` has claims, with the client `rp` for all of OpenID Connect.
fn world() -> World {
    let world = World::new();
    world.change_user("bob", |user| user.claims = CLAIMS.to_owned());
    register(&world, "rp");
    world
}

fn register(world: &World, client_id: &'static str) {
    world.register(client_id, |registration| registration.scope = Scope::parse(EVERYTHING).unwrap());
}

fn query(client_id: &str, rest: &str) -> String {
    format!("client_id={client_id}&redirect_uri={CALLBACK}&state=st&nonce=n-0S6&{rest}")
}

/// What the app is answered when bob agrees to everything it asks for.
fn answer(browser: &mut Browser<'_>, query: &str) -> Answer {
    let asked = browser.get(&format!("/acme/oauth2/authorize?{query}"));
    match asked.header("location") {
        Some(location) if location.starts_with("/acme/consent") => browser.consent(&asked, "allow", &OPTIONAL),
        _ => asked,
    }
}

fn exchange(world: &World, client_id: &str, code: &str) -> Answer {
    world.token_as(client_id, &format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}"))
}

/// Claims of an ID Token whose signature verifies with the published keys, by the library and not by us.
fn verified(world: &World, client_id: &str, id_token: &str) -> Value {
    let keys: JwkSet = serde_json::from_value(world.get("/acme/oauth2/jwks", &[]).json()).unwrap();
    let header = jsonwebtoken::decode_header(id_token).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).expect("its key is published");
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[client_id]);
    validation.set_issuer(&[ISSUER]);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Value>(id_token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims
}

fn userinfo(world: &World, access_token: &str) -> Answer {
    world.get("/acme/oauth2/userinfo", &[("authorization", &format!("Bearer {access_token}"))])
}

fn half_hash(algorithm: Algorithm, value: &str) -> Value {
    Value::from(algorithm.half_hash(value))
}

#[test]
fn s3_1_a_code_buys_an_id_token_about_the_login() {
    let world = world();
    let answer = answer(&mut world.bob(), &query("rp", "response_type=code&scope=openid+email"));
    let tokens = exchange(&world, "rp", &answer.answer_parameter("code").unwrap());
    assert_eq!((tokens.status, tokens.header("cache-control")), (200, Some("no-store")));
    let claims = verified(&world, "rp", &tokens.text("id_token"));
    let now = world.server().clock().now().as_unix();
    let hash = half_hash(Algorithm::RS256, &tokens.text("access_token"));
    assert!(claims["sid"].as_str().unwrap().len() > 20);
    let expected = json!({
        "iss": ISSUER, "sub": "sub-bob", "aud": "rp", "azp": "rp", "iat": now, "exp": now + 3_600, "auth_time": now,
        "nonce": "n-0S6", "acr": "urn:grantry:acr:password", "amr": ["pwd"], "at_hash": hash, "sid": claims["sid"],
    });
    assert_eq!(claims, expected, "scope claims are for UserInfo");
    assert_eq!(userinfo(&world, &tokens.text("access_token")).json()["email"], "bob@app.test");
}

#[test]
fn s3_1_2_1_without_openid_there_is_no_id_token() {
    let world = world();
    let answer = answer(&mut world.bob(), &query("rp", "response_type=code&scope=read+profile"));
    let tokens = exchange(&world, "rp", &answer.answer_parameter("code").unwrap());
    assert!(tokens.json().get("id_token").is_none());
    let refused = userinfo(&world, &tokens.text("access_token"));
    assert_eq!((refused.status, refused.error().as_str()), (403, "insufficient_scope"));
}

#[test]
fn s3_2_s3_3_every_response_type_answers_what_it_says_and_vouches_for_it() {
    let world = world();
    let mut browser = world.bob();
    for (response_type, code, token, id_token) in [
        ("code", true, false, false),
        ("id_token", false, false, true),
        ("id_token token", false, true, true),
        ("code id_token", true, false, true),
        ("code token", true, true, false),
        ("code id_token token", true, true, true),
        ("token", false, true, false),
        ("none", false, false, false),
    ] {
        let encoded = response_type.replace(' ', "+");
        let answer = answer(&mut browser, &query("rp", &format!("response_type={encoded}&scope=openid+profile")));
        let part = |name: &str| answer.answer_parameter(name);
        let found = (part("code").is_some(), part("access_token").is_some(), part("id_token").is_some());
        assert_eq!(found, (code, token, id_token), "{response_type}: {}", answer.location());
        assert_eq!((part("state").as_deref(), part("iss").as_deref()), (Some("st"), Some(ISSUER)));
        let separator = if response_type == "code" || response_type == "none" { '?' } else { '#' };
        assert!(answer.location().starts_with(&format!("{CALLBACK}{separator}")), "{response_type}");
        if let Some(front) = part("id_token") {
            let claims = verified(&world, "rp", &front);
            let expected = |value: Option<String>| value.map_or(Value::Null, |it| half_hash(Algorithm::RS256, &it));
            assert_eq!(claims["c_hash"], expected(part("code")), "{response_type}");
            assert_eq!(claims["at_hash"], expected(part("access_token")), "{response_type}");
            assert_eq!((&claims["s_hash"], &claims["nonce"]), (&expected(part("state")), &json!("n-0S6")));
            // §5.4: scope claims only where there is no access token to fetch them with.
            assert_eq!(claims.get("given_name").is_some(), response_type == "id_token", "{response_type}");
        }
        if let Some(token) = part("access_token") {
            assert_eq!(userinfo(&world, &token).json()["sub"], "sub-bob", "{response_type}");
        }
        if let Some(code) = part("code") {
            let tokens = exchange(&world, "rp", &code);
            assert_eq!(verified(&world, "rp", &tokens.text("id_token"))["sub"], "sub-bob", "{response_type}");
        }
    }
}

#[test]
fn s2_every_algorithm_a_client_can_choose_verifies() {
    let world = world();
    for algorithm in Algorithm::ALL {
        world.change_registration("rp", |registration| registration.openid.id_token_signed_response_alg = algorithm);
        let answer = answer(&mut world.bob(), &query("rp", "response_type=code+id_token+token&scope=openid"));
        let id_token = answer.answer_parameter("id_token").unwrap();
        assert_eq!(jsonwebtoken::decode_header(&id_token).unwrap().alg, in_library(algorithm));
        let claims = verified(&world, "rp", &id_token);
        assert_eq!(claims["at_hash"], half_hash(algorithm, &answer.answer_parameter("access_token").unwrap()));
    }
}

fn in_library(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::PS256 => jsonwebtoken::Algorithm::PS256,
    }
}

#[test]
fn form_post_s2_the_answer_is_a_form_that_posts_itself_and_escapes() {
    let world = world();
    let request = format!(
        "client_id=rp&redirect_uri={CALLBACK}&nonce=n&response_type=code+id_token&scope=openid&response_mode=form_post\
         &state=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"
    );
    let page = answer(&mut world.bob(), &request);
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
    assert!(page.body.contains(&format!("<form method=\"post\" action=\"{CALLBACK}\" data-submits-itself>")));
    assert!(page.body.contains("type=\"submit\"") && !page.body.contains("<script>alert"));
    assert_eq!(verified(&world, "rp", &page.hidden("id_token"))["sub"], "sub-bob");
    assert_eq!(exchange(&world, "rp", &page.hidden("code")).status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://app.test;"), "{policy}");
    let error = answer(&mut world.bob(), &format!("{}&prompt=none+login", request.replace("&nonce=n", "")));
    assert_eq!(error.hidden("error"), "invalid_request");
}

#[test]
fn s3_1_2_1_prompt_none_answers_without_a_page() {
    let world = world();
    let silent = query("rp", "response_type=code&scope=openid&prompt=none");
    let error = |browser: &mut Browser<'_>, query: &str| {
        let answer = browser.get(&format!("/acme/oauth2/authorize?{query}"));
        assert!(answer.location().starts_with(CALLBACK), "{}", answer.location());
        answer.answer_parameter("error").unwrap_or_else(|| "none".to_owned())
    };
    assert_eq!(error(&mut Browser::new(&world), &silent), "login_required");
    let mut bob = world.bob();
    assert_eq!(error(&mut bob, &silent), "consent_required");
    answer(&mut bob, &query("rp", "response_type=code&scope=openid"));
    assert_eq!(error(&mut bob, &silent), "none");
    world.pass(11);
    assert_eq!(error(&mut bob, &format!("{silent}&max_age=10")), "login_required");
    assert_eq!(error(&mut bob, &format!("{silent}&max_age=11")), "none");
    let wrong = silent.replace("response_type=code", "response_type=cake");
    assert_eq!(error(&mut Browser::new(&world), &wrong), "unsupported_response_type");
}

#[test]
fn s3_1_2_1_prompt_login_and_max_age_ask_again_once_and_keep_the_session_of_the_same_person() {
    let world = world();
    let mut browser = world.bob();
    let first = answer(&mut browser, &query("rp", "response_type=id_token&scope=openid"));
    let before = verified(&world, "rp", &first.answer_parameter("id_token").unwrap());
    world.pass(100);
    for again in ["prompt=login", "max_age=10"] {
        let request = query("rp", &format!("response_type=id_token&scope=openid&{again}"));
        let asked = browser.get(&format!("/acme/oauth2/authorize?{request}"));
        assert!(asked.location().starts_with("/acme/login?request="), "{again}: {}", asked.location());
        let signed_in = browser.sign_in(asked.location(), "bob", "secret");
        let answer = browser.get(signed_in.location());
        let after = verified(&world, "rp", &answer.answer_parameter("id_token").unwrap());
        assert_eq!(after["auth_time"].as_i64().unwrap(), world.server().clock().now().as_unix(), "{again}");
        assert_eq!(after["sid"], before["sid"], "{again}: clients go on knowing the session");
        world.pass(100);
    }
    let silently = answer(&mut browser, &query("rp", "response_type=id_token&scope=openid&prompt=none"));
    let quiet = verified(&world, "rp", &silently.answer_parameter("id_token").unwrap());
    assert_eq!(quiet["auth_time"].as_i64().unwrap(), world.server().clock().now().as_unix() - 100);
}

#[test]
fn s3_1_2_1_prompt_consent_asks_again_and_select_account_offers_the_account() {
    let world = world();
    let mut browser = world.bob();
    answer(&mut browser, &query("rp", "response_type=code&scope=openid"));
    let again = query("rp", "response_type=code&scope=openid&prompt=consent");
    assert!(browser.get(&format!("/acme/oauth2/authorize?{again}")).location().starts_with("/acme/consent"));
    world.create_user("alice", "secret");
    let mut alice = Browser::new(&world);
    alice.sign_in("/acme/login", "alice", "secret");
    world.pass(1);
    let select = query("rp", "response_type=code&scope=openid&prompt=select_account");
    let asked = browser.get(&format!("/acme/oauth2/authorize?{select}"));
    let page = browser.get(asked.location());
    assert!(page.body.contains("Choose an account") && page.body.contains("id=\"choose-continue\""));
    let another = browser.get(&format!("{}&another=1", asked.location()));
    assert!(another.body.contains("id=\"login-submit\""), "another account signs in");
    let (token, request) = (page.hidden("form_token"), page.hidden("request"));
    let chosen = [("form_token", &*token), ("request", &*request), ("decision", "continue")];
    let on = browser.post("/acme/login", &chosen);
    // What one person chose, another has not.
    let asked_too = alice.get(on.location());
    assert!(asked_too.location().starts_with("/acme/login"), "{asked_too:?}");
    assert!(browser.get(on.location()).answer_parameter("code").is_some());
    let cancelled = browser.post("/acme/login", &[chosen[0], chosen[1], ("decision", "cancel")]);
    assert_eq!(cancelled.answer_parameter("error").as_deref(), Some("access_denied"));
    // A link of somebody else's is no choice.
    let forged = browser.post_across("cross-site", "/acme/login", &chosen);
    assert_eq!(forged.status, 403);
}

#[test]
fn s3_1_2_1_two_tabs_at_once_both_finish() {
    let world = world();
    let mut browser = Browser::new(&world);
    let tab = |browser: &mut Browser<'_>, state: &str| {
        let request = query("rp", "response_type=code&scope=openid").replace("state=st", &format!("state={state}"));
        browser.get(&format!("/acme/oauth2/authorize?{request}"))
    };
    let (one, two) = (tab(&mut browser, "one"), tab(&mut browser, "two"));
    for (asked, state) in [(two, "two"), (one, "one")] {
        let signed_in = browser.sign_in(asked.location(), "bob", "secret");
        let on = browser.get(signed_in.location());
        let answer = match on.location().starts_with("/acme/consent") {
            true => browser.consent(&on, "allow", &[]),
            false => on,
        };
        assert_eq!(answer.answer_parameter("state").as_deref(), Some(state));
        assert_eq!(exchange(&world, "rp", &answer.answer_parameter("code").unwrap()).status, 200);
    }
}

#[test]
fn s3_1_2_1_a_hint_names_the_one_person_who_is_answered_about() {
    let world = world();
    world.create_user("ann", "secret");
    let mut bob = world.bob();
    let request = query("rp", "response_type=id_token&scope=openid");
    let hint = answer(&mut bob, &request).answer_parameter("id_token").unwrap();
    let silent = |hint: &str| format!("/acme/oauth2/authorize?{request}&prompt=none&id_token_hint={hint}");
    assert!(bob.get(&silent(&hint)).answer_parameter("id_token").is_some());
    let mut ann = Browser::new(&world);
    ann.sign_in("/acme/login", "ann", "secret");
    answer(&mut ann, &request);
    assert_eq!(ann.get(&silent(&hint)).answer_parameter("error").as_deref(), Some("login_required"));
    // With pages, she is asked to sign in, and stays refused as somebody else.
    let asked = ann.get(&format!("/acme/oauth2/authorize?{request}&id_token_hint={hint}"));
    assert!(asked.location().starts_with("/acme/login"));
    let signed_in = ann.sign_in(asked.location(), "ann", "secret");
    let refused = ann.get(signed_in.location());
    assert_eq!(refused.answer_parameter("error").as_deref(), Some("login_required"));
    // Not ours, not this client's, or an access token: nothing is believed.
    register(&world, "other");
    let other = answer(&mut bob, &query("other", "response_type=id_token&scope=openid"));
    let [header, payload, signature] = hint.split('.').collect::<Vec<_>>().try_into().unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for bad in [
        other.answer_parameter("id_token").unwrap(),
        format!("{none}.{payload}."),
        format!("{header}.{payload}.{}", signature.chars().rev().collect::<String>()),
        "gry_at_x".to_owned(),
    ] {
        let answer = bob.get(&silent(&bad));
        assert_eq!(answer.answer_parameter("error").as_deref(), Some("invalid_request"), "{bad}");
    }
    world.pass(3_600);
    assert_eq!(bob.get(&silent(&hint)).answer_parameter("error").as_deref(), Some("login_required"), "it has expired");
}

#[test]
fn rfc9700_s4_11_2_a_bad_hint_redirects_nobody_who_has_not_signed_in() {
    let world = world();
    let request = query("rp", "response_type=code&scope=openid&id_token_hint=x");
    let mut browser = Browser::new(&world);
    let asked = browser.get(&format!("/acme/oauth2/authorize?{request}"));
    assert!(asked.location().starts_with("/acme/login?request="), "{}", asked.location());
    let signed_in = browser.sign_in(asked.location(), "bob", "secret");
    let refused = browser.get(signed_in.location());
    assert_eq!(refused.answer_parameter("error").as_deref(), Some("invalid_request"));
    let silent = Browser::new(&world).get(&format!("/acme/oauth2/authorize?{request}&prompt=none"));
    assert_eq!(silent.answer_parameter("error").as_deref(), Some("invalid_request"));
}

#[test]
fn s3_1_3_3_a_code_outlives_that_its_app_may_ask_for_openid() {
    let world = world();
    let answer = answer(&mut world.bob(), &query("rp", "response_type=code&scope=openid+read"));
    world.change_registration("rp", |registration| registration.scope = Scope::parse("read").unwrap());
    let tokens = exchange(&world, "rp", &answer.answer_parameter("code").unwrap());
    assert_eq!((tokens.status, tokens.text("scope").as_str()), (200, "read"));
    assert!(tokens.json().get("id_token").is_none());
}

#[test]
fn s5_5_claims_are_asked_for_by_name_and_the_person_agrees() {
    let world = world();
    let mut browser = world.bob();
    let encoded = |claims: &Value| form_urlencoded::byte_serialize(claims.to_string().as_bytes()).collect::<String>();
    let claims = json!({ "userinfo": { "given_name": null }, "id_token": { "email": { "essential": true } } });
    let request = query("rp", &format!("response_type=code&scope=openid&claims={}", encoded(&claims)));
    let asked = browser.get(&format!("/acme/oauth2/authorize?{request}"));
    let page = browser.get(asked.location());
    assert!(page.body.contains("value=\"profile\"") && page.body.contains("value=\"email\""), "the person is asked");
    let refused = browser.consent(&asked, "allow", &["email"]);
    let tokens = exchange(&world, "rp", &refused.answer_parameter("code").unwrap());
    assert_eq!(tokens.text("scope"), "openid", "claims by name are no scopes");
    assert_eq!(verified(&world, "rp", &tokens.text("id_token"))["email"], "bob@app.test");
    let told = userinfo(&world, &tokens.text("access_token")).json();
    assert_eq!(told, json!({ "sub": "sub-bob" }), "the profile was unticked");
    let essential = json!({ "id_token": { "acr": { "essential": true, "values": ["urn:other"] } } });
    let request = query("rp", &format!("response_type=code&scope=openid&claims={}", encoded(&essential)));
    let answer = browser.get(&format!("/acme/oauth2/authorize?{request}"));
    assert_eq!(answer.answer_parameter("error").as_deref(), Some("unmet_authentication_requirements"));
    let another = json!({ "id_token": { "sub": { "value": "sub-ann" } } });
    let request = query("rp", &format!("response_type=code&scope=openid&prompt=none&claims={}", encoded(&another)));
    let answer = browser.get(&format!("/acme/oauth2/authorize?{request}"));
    assert_eq!(answer.answer_parameter("error").as_deref(), Some("login_required"));
    let broken = query("rp", "response_type=code&scope=openid&claims=%5B%5D");
    let answer = browser.get(&format!("/acme/oauth2/authorize?{broken}"));
    assert_eq!(answer.answer_parameter("error").as_deref(), Some("invalid_request"));
}

#[test]
fn s5_3_userinfo_answers_a_good_token_by_header_or_form() {
    let world = world();
    let answer = answer(&mut world.bob(), &query("rp", "response_type=code&scope=openid+profile+email+address+phone"));
    let tokens = exchange(&world, "rp", &answer.answer_parameter("code").unwrap());
    let token = tokens.text("access_token");
    let told = userinfo(&world, &token);
    assert_eq!((told.status, told.header("content-type")), (200, Some("application/json")));
    assert_eq!(
        (told.header("cache-control"), told.header("access-control-allow-origin")),
        (Some("no-store"), Some("*"))
    );
    let claims = told.json();
    assert_eq!(claims["address"], json!({ "country": "Nowhere" }));
    assert_eq!((&claims["email_verified"], &claims["phone_number"]), (&json!(true), &json!("+1 555 010 0199")));
    assert_eq!((&claims["preferred_username"], &claims["name"]), (&json!("bob"), &json!("Bob Baker")));
    assert!(claims["updated_at"].is_i64() && claims.get("iss").is_none());
    let bearer = format!("Bearer {token}");
    assert_eq!(world.post("/acme/oauth2/userinfo", "", &[("authorization", &bearer)]).json(), claims);
    assert_eq!(world.post_as("text/plain", "/acme/oauth2/userinfo", "", &[("authorization", &bearer)]).json(), claims);
    assert_eq!(world.post("/acme/oauth2/userinfo", &format!("access_token={token}"), &[]).json(), claims);
    let both = world.post("/acme/oauth2/userinfo", &format!("access_token={token}"), &[("authorization", &bearer)]);
    assert_eq!((both.status, both.error().as_str()), (400, "invalid_request"));
    let in_query = world.get(&format!("/acme/oauth2/userinfo?access_token={token}"), &[]);
    assert_eq!((in_query.status, in_query.error().as_str()), (401, "invalid_token"));
    let refresh = tokens.text("refresh_token");
    let itself = world.token_as("rp", "grant_type=client_credentials").text("access_token");
    // RFC 6750 §3.1: who sent no token is not told that one was wrong.
    for none in
        [world.get("/acme/oauth2/userinfo", &[]), world.get("/acme/oauth2/userinfo", &[("authorization", "Basic x")])]
    {
        assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Bearer realm=\"acme\"")));
    }
    for bad in ["x", &tokens.text("id_token"), &refresh, &itself] {
        let refused = userinfo(&world, bad);
        assert_eq!((refused.status, refused.error().as_str()), (401, "invalid_token"), "{bad}");
        assert!(
            refused.header("www-authenticate").unwrap().starts_with("Bearer realm=\"acme\", error=\"invalid_token\"")
        );
    }
    world.post(
        "/acme/oauth2/revoke",
        &format!("token={token}"),
        &[("authorization", &basic("rp", crate::harness::SECRET))],
    );
    assert_eq!(userinfo(&world, &token).status, 401);
}

#[test]
fn s5_3_2_a_signed_answer_says_by_whom_and_for_whom() {
    let world = world();
    world.change_registration("rp", |it| it.openid.userinfo_signed_response_alg = Some(Algorithm::ES256));
    let answer = answer(&mut world.bob(), &query("rp", "response_type=code&scope=openid+email"));
    let tokens = exchange(&world, "rp", &answer.answer_parameter("code").unwrap());
    let told = userinfo(&world, &tokens.text("access_token"));
    assert_eq!(told.header("content-type"), Some("application/jwt"));
    let claims = verified(&world, "rp", &told.body);
    let expected =
        json!({ "iss": ISSUER, "aud": "rp", "sub": "sub-bob", "email": "bob@app.test", "email_verified": true });
    assert_eq!(claims, expected);
    let hint = query("rp", &format!("response_type=code&scope=openid&prompt=none&id_token_hint={}", told.body));
    let refused = world.bob().get(&format!("/acme/oauth2/authorize?{hint}"));
    assert_eq!(refused.answer_parameter("error").as_deref(), Some("invalid_request"), "it is no ID Token");
}

#[test]
fn s8_1_pairwise_clients_of_two_sectors_cannot_compare() {
    let world = world();
    let mut subjects = Vec::new();
    for (client_id, host) in [("one", "one.test"), ("two", "two.test")] {
        let uri = format!("https://{host}/cb");
        world.register(client_id, |it| {
            it.scope = Scope::parse(EVERYTHING).unwrap();
            it.openid.subject_type = SubjectType::Pairwise;
            it.redirect_uris = vec![RedirectUri::register(&uri).unwrap()];
        });
        let request = query(client_id, "response_type=code+id_token&scope=openid").replace(CALLBACK, &uri);
        let answer = answer(&mut world.bob(), &request);
        let sub = verified(&world, client_id, &answer.answer_parameter("id_token").unwrap())["sub"].clone();
        let code = answer.answer_parameter("code").unwrap();
        let form = format!("grant_type=authorization_code&code={code}&redirect_uri={uri}");
        let tokens = world.token_as(client_id, &form);
        assert_eq!(verified(&world, client_id, &tokens.text("id_token"))["sub"], sub);
        assert_eq!(userinfo(&world, &tokens.text("access_token")).json()["sub"], sub);
        let asker = basic(client_id, crate::harness::SECRET);
        for token in ["access_token", "refresh_token"] {
            let form = format!("token={}", tokens.text(token));
            let known = world.post("/acme/oauth2/introspect", &form, &[("authorization", &asker)]);
            assert_eq!(known.json()["sub"], sub, "{token}");
        }
        let refreshed = format!("grant_type=refresh_token&refresh_token={}", tokens.text("refresh_token"));
        let refreshed = world.token_as(client_id, &refreshed);
        assert_eq!(verified(&world, client_id, &refreshed.text("id_token"))["sub"], sub);
        subjects.push(sub);
    }
    assert_ne!(subjects[0], subjects[1]);
    assert!(subjects.iter().all(|sub| sub != "sub-bob"));
}

#[test]
fn s12_2_a_refreshed_id_token_is_about_the_same_login_and_has_no_nonce() {
    let world = world();
    let answer = answer(&mut world.bob(), &query("rp", "response_type=code&scope=openid+read"));
    let tokens = exchange(&world, "rp", &answer.answer_parameter("code").unwrap());
    let first = verified(&world, "rp", &tokens.text("id_token"));
    world.pass(60);
    let form = format!("grant_type=refresh_token&refresh_token={}", tokens.text("refresh_token"));
    let second = verified(&world, "rp", &world.token_as("rp", &form).text("id_token"));
    for claim in ["iss", "sub", "aud", "azp", "auth_time", "sid"] {
        assert_eq!(first[claim], second[claim], "{claim}");
    }
    assert_eq!(second["iat"].as_i64().unwrap(), first["iat"].as_i64().unwrap() + 60);
    assert!(second.get("nonce").is_none());
    let narrowed = world.token_as("rp", &format!("{form}&scope=read"));
    assert!(narrowed.json().get("id_token").is_none(), "openid was given up for this token");
}

#[test]
fn s3_1_2_1_login_hint_fills_in_the_name() {
    let world = world();
    let mut browser = Browser::new(&world);
    let request = query("rp", "response_type=code&scope=openid&login_hint=bob%22%3E");
    let asked = browser.get(&format!("/acme/oauth2/authorize?{request}"));
    assert!(browser.get(asked.location()).body.contains("name=\"username\" value=\"bob&#34;&#62;\""));
}

#[test]
fn s3_1_2_1_a_request_by_post_is_one_by_get() {
    let world = world();
    let mut browser = world.bob();
    let fields = [
        ("client_id", "rp"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "a b"),
    ];
    let on = browser.post_from("https://app.test", "/acme/oauth2/authorize", &fields);
    let asked = browser.get(on.location());
    assert_eq!(browser.consent(&asked, "allow", &[]).answer_parameter("state").as_deref(), Some("a b"));
}

#[test]
fn discovery_s4_every_workspace_is_a_provider() {
    let world = world();
    let found = world.get("/acme/.well-known/openid-configuration", &[]).json();
    assert_eq!(found, world.get("/acme/.well-known/oauth-authorization-server", &[]).json());
    assert_eq!(
        (&found["issuer"], &found["userinfo_endpoint"]),
        (&json!(ISSUER), &json!(format!("{ISSUER}/oauth2/userinfo")))
    );
    assert!(found["scopes_supported"].as_array().unwrap().contains(&json!("openid")));
    assert!(found["id_token_signing_alg_values_supported"].as_array().unwrap().contains(&json!("RS256")));
    let keys = world.get("/acme/oauth2/jwks", &[]).json();
    assert_eq!((&keys["keys"][0]["alg"], &keys["keys"][0]["use"]), (&json!("RS256"), &json!("sig")));
    assert!(keys["keys"][0]["kid"].is_string() && keys["keys"][0].get("d").is_none());
}

#[test]
fn s3_1_2_4_what_was_agreed_for_a_code_is_no_answer_to_a_request_for_a_token() {
    let world = world();
    let mut browser = world.bob();
    let page = |browser: &mut Browser<'_>, response_type: &str| {
        let request = query("rp", &format!("response_type={response_type}&scope=openid"));
        let asked = browser.get(&format!("/acme/oauth2/authorize?{request}"));
        browser.get(asked.location())
    };
    let (code, token) = (page(&mut browser, "code"), page(&mut browser, "id_token+token"));
    let post = |browser: &mut Browser<'_>, shown: &Answer, waiting: &Answer| {
        let (form, request) = (shown.form_token("/acme/consent"), waiting.hidden("request"));
        let fields = [("form_token", &*form), ("request", &*request), ("decision", "allow")];
        browser.post("/acme/consent", &fields)
    };
    assert_eq!(post(&mut browser, &code, &token).status, 403);
    assert!(post(&mut browser, &token, &token).answer_parameter("access_token").is_some());
}

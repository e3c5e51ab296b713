//! ID Tokens that are verified in front of the reader, and apps that sign.

use super::*;

/// What the page says of each check of the ID token: whether it passed, and which it is.
fn checks(page: &Answer) -> Vec<(bool, String)> {
    let (_, rows) = page.body.split_once("id=\"id-token-checks\"").unwrap_or_else(|| panic!("{}", page.body));
    let rows = rows.split_once("</ul>").unwrap().0.split("<li>").skip(1);
    let which = |row: &str| {
        if row.contains("The signature") { "signature" } else { row.split(['<', '>']).nth(8).unwrap() }.to_owned()
    };
    rows.map(|row| (row.contains(">ok</span>"), which(row))).collect()
}

#[test]
fn openid_connect_core_s3_1_3_7_the_live_link_ends_with_a_verified_id_token_and_userinfo() {
    let world = openid_demo();
    let mut browser = Browser::new(&world);
    let page = follow_link(&mut browser, DOCS, "try-openid-link");
    assert_eq!(page.body.matches(">ok</span>").count(), 2, "iss and state: {}", page.body);
    let nonce = page.hidden("nonce");
    assert!(nonce.len() >= 22, "{nonce}");
    let tokens = exchange(&mut browser, &page, &[]);
    let names = ["alg", "signature", "iss", "aud", "nonce", "exp", "at_hash"];
    assert_eq!(checks(&tokens), names.map(|name| (true, name.to_owned())), "{}", tokens.body);
    let claims: serde_json::Value = serde_json::from_str(&block(&tokens, "\"Claims of the ID token\"")).unwrap();
    assert_eq!((&claims["sub"], &claims["nonce"]), (&"sub-bob".into(), &nonce.as_str().into()));
    assert!(!block(&tokens, "\"Request of step 1\"").contains("nonce"), "the nonce is compared, not sent");
    assert!(block(&tokens, "\"Request of step 2\"").starts_with("GET /acme/oauth2/jwks HTTP/1.1"));

    let ask = |bearer: &str, subject: &str| {
        let form_token = tokens.hidden_in("/oauth2/try");
        [("form_token", form_token), ("bearer", bearer.to_owned()), ("subject", subject.to_owned())]
    };
    let mut userinfo = |fields: [(&str, String); 3]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(TRY, &fields)
    };
    let (bearer, subject) = (tokens.hidden("bearer"), tokens.hidden("subject"));
    let answer = userinfo(ask(&bearer, &subject));
    let claims: serde_json::Value = serde_json::from_str(&block(&answer, "\"Answer of step 1\"")).unwrap();
    assert_eq!(claims["sub"], "sub-bob");
    assert_eq!((answer.body.matches(">ok</span>").count(), answer.body.matches(">wrong</span>").count()), (1, 0));
    assert!(userinfo(ask(&bearer, "somebody else")).body.contains(">wrong</span>"));
    let refused = userinfo(ask("gry_at_x", &subject));
    assert!(refused.body.contains("role=\"alert\"") && refused.body.contains("invalid_token"), "{}", refused.body);
}

#[test]
fn openid_connect_core_s3_1_3_7_a_wrong_nonce_is_pointed_out() {
    let world = openid_demo();
    let mut browser = Browser::new(&world);
    let page = follow_link(&mut browser, DOCS, "try-openid-link");
    let tokens = exchange(&mut browser, &page, &[("nonce", "another")]);
    let failed: Vec<_> = checks(&tokens).into_iter().filter(|(passed, _)| !passed).collect();
    assert_eq!(failed, [(false, "nonce".to_owned())]);
    assert!(tokens.body.contains("must refuse this ID token") && tokens.body.contains(">another</code>"));
    // Each link has its own.
    let other = follow_link(&mut browser, DOCS, "try-openid-link");
    assert_ne!(page.hidden("nonce"), other.hidden("nonce"));
    let without = follow(&mut browser, DOCS);
    assert!(!without.body.contains("name=\"nonce\""), "{}", without.body);
    let tokens = exchange(&mut browser, &without, &[]);
    assert!(checks(&tokens).iter().all(|(passed, _)| *passed), "no nonce was sent, and none came back");

    // The example with every parameter, pasted from the page.
    let example = block(&browser.get(DOCS), "aria-label=\"OpenID authorization request: HTTP\"");
    let answer = browser.authorize(example.split(['?', ' ']).nth(2).unwrap());
    let page = browser.get(path(answer.location()));
    let tokens = exchange(&mut browser, &page, &[]);
    assert!(checks(&tokens).iter().all(|(passed, _)| *passed), "{}", tokens.body);
    let refresh = [
        ("form_token", &*tokens.hidden_in("/oauth2/try")),
        ("grant_type", "refresh_token"),
        ("refresh_token", &*tokens.hidden("refresh_token")),
        ("client_id", "demo"),
        ("client_secret", SECRET),
    ];
    let refreshed = browser.post(TRY, &refresh);
    assert!(checks(&refreshed).iter().all(|(passed, _)| *passed), "{}", refreshed.body);
}

#[test]
fn an_app_is_verified_by_what_it_is_registered_for() {
    let world = World::new();
    let bob = owner(&world, "bob");
    register_for(&world, bob, "public", |it| {
        it.token_endpoint_auth_method = AuthMethod::None;
        it.scope = Scope::parse("openid read").unwrap();
        it.openid.id_token_signed_response_alg = Algorithm::EdDSA;
        it.openid.userinfo_signed_response_alg = Some(Algorithm::ES256);
        it.access_token.format = AccessTokenFormat::Jwt;
    });
    register_for(&world, bob, "plain", |_| ());
    let mut browser = world.bob();
    let docs = "/acme/oauth2?app=public";
    assert!(block(&browser.get(docs), "\"Verify an ID token: JavaScript\"").contains("algorithms: [\"EdDSA\"]"));
    let page = follow_link(&mut browser, docs, "try-openid-link");
    let tokens = exchange(&mut browser, &page, &[]);
    assert!(checks(&tokens).iter().all(|(passed, _)| *passed), "{}", tokens.body);
    assert!(block(&tokens, "\"Header of the ID token\"").contains("EdDSA"));
    assert!(block(&tokens, "\"Header of the access token\"").contains("at+jwt"));
    assert!(block(&tokens, "\"Claims of the access token\"").contains("\"client_id\": \"public\""));
    let (form_token, bearer, subject) =
        (tokens.hidden_in("/oauth2/try"), tokens.hidden("bearer"), tokens.hidden("subject"));
    let userinfo = browser.post(TRY, &[("form_token", &form_token), ("bearer", &bearer), ("subject", &subject)]);
    assert!(block(&userinfo, "\"Claims of the answer\"").contains("sub-bob") && userinfo.body.contains(">ok</span>"));

    let plain = browser.get("/acme/oauth2?app=plain");
    assert!(plain.body.contains("may not ask for <code>openid</code>") && !plain.body.contains("try-openid-link"));
}

#[test]
fn openid_connect_core_s3_3_2_an_id_token_from_the_fragment_is_verified_with_what_came_beside_it() {
    let world = openid_demo();
    let mut browser = Browser::new(&world);
    browser.sign_in("/acme/login", "bob", "secret");
    let request = format!(
        "/acme/oauth2/authorize?client_id=demo&redirect_uri={ISSUER}/oauth2/grant&scope=openid&nonce=n-1\
         &response_type=code+id_token+token"
    );
    let asked = browser.get(&request);
    let answer = browser.consent(&asked, "allow", &[]);
    let part = |name: &str| answer.answer_parameter(name).unwrap();
    let page = browser.get(GRANT);
    assert_eq!(page.hidden("client_id"), "demo", "the app of the docs page");
    let form_token = page.hidden_in("/oauth2/grant");
    let good = [
        ("form_token", form_token),
        ("id_token", part("id_token")),
        ("access_token", part("access_token")),
        ("code", part("code")),
        ("client_id", "demo".to_owned()),
        ("nonce", "n-1".to_owned()),
    ];
    let mut verified = |field: &str, value: &str| {
        let changed = good.each_ref().map(|(name, own)| (*name, if *name == field { value } else { own.as_str() }));
        browser.post(GRANT, &changed)
    };
    let all = verified("", "");
    let names = ["alg", "signature", "iss", "aud", "nonce", "exp", "at_hash", "c_hash"];
    assert_eq!(checks(&all), names.map(|name| (true, name.to_owned())), "{}", all.body);
    assert!(block(&all, "\"Request of step 1\"").starts_with("GET /acme/oauth2/jwks HTTP/1.1"));
    assert!(all.body.contains("name=\"bearer\"") && !all.body.contains("It worked."), "{}", all.body);
    for (field, value, check) in [
        ("nonce", "n-2", "nonce"),
        ("client_id", "other", "aud"),
        ("access_token", "gry_at_x", "at_hash"),
        ("code", "gry_ac_x", "c_hash"),
    ] {
        let failed: Vec<_> = checks(&verified(field, value)).into_iter().filter(|(passed, _)| !passed).collect();
        assert_eq!(failed, [(false, check.to_owned())], "{field}");
    }
    let without = verified("access_token", "");
    assert!(checks(&without).iter().all(|(passed, name)| *passed && name != "at_hash"), "{}", without.body);
    let nonsense = verified("id_token", "<b>no JWT</b>");
    assert!(nonsense.status == 200 && !nonsense.body.contains("<b>no JWT"), "{}", nonsense.body);
    assert_eq!(verified("form_token", "").status, 403);
}

#[test]
fn rfc7523_s2_2_an_app_that_signs_sends_an_assertion_wherever_others_send_a_secret() {
    let world = World::new();
    let (bob, signer) = (owner(&world, "bob"), Signer::new(Algorithm::EdDSA, None));
    register_for(&world, bob, "signs", |it| {
        it.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        it.openid.jwks = Some(signer.jwks());
        it.openid.token_endpoint_auth_signing_alg = Some("EdDSA".to_owned());
    });
    let assertion = |jti: &str| {
        let exp = world.server().clock().now().as_unix() + 60;
        signer.sign(&serde_json::json!({ "iss": "signs", "sub": "signs", "aud": ISSUER, "exp": exp, "jti": jti }))
    };
    let mut browser = world.bob();
    let docs = browser.get("/acme/oauth2?app=signs");
    assert!(!docs.body.contains("Basic") && !docs.body.contains("name=\"client_secret\""), "{}", docs.body);
    assert!(block(&docs, "\"Make a client assertion: JavaScript\"").contains("alg: \"EdDSA\""));
    for name in ["Client credentials request", "Introspection request"] {
        let sample = block(&docs, &format!("\"{name}: HTTP\"")).replace("CLIENT_ASSERTION", &assertion(name));
        assert_eq!(send(&world, &sample).0, 200, "{sample}");
    }
    let given = assertion("try");
    let fields = [("grant_type", "client_credentials"), ("client_id", "signs"), ("client_assertion", given.as_str())];
    let worked = try_it(&mut browser, &fields);
    assert!(worked.body.contains("It worked.") && !worked.body.contains("id=\"give-back\""), "{}", worked.body);
    assert!(try_it(&mut browser, &fields).body.contains("was used before"));

    let page = follow(&mut browser, "/acme/oauth2?app=signs");
    let form = [
        ("form_token", page.hidden_in("/oauth2/grant")),
        ("code", page.hidden("code")),
        ("client_id", page.hidden("client_id")),
        ("client_assertion", assertion("code")),
    ];
    let tokens = browser.post(GRANT, &form.each_ref().map(|(name, value)| (*name, value.as_str())));
    assert!(tokens.body.contains("It worked.") && !tokens.body.contains("name=\"refresh_token\""), "{}", tokens.body);
}

//! The docs page: what it is filled with, its requests as they stand, *Try it*, and its callback.

use crate::harness::{Answer, Browser, ISSUER, PUBLIC_URL, SECRET, VERIFIER, World, basic, wait};
use crate::signer::Signer;
use grantry_protocol::client::{AccessTokenFormat, AuthMethod, Registration};
use grantry_protocol::client_auth::SecretDigest;
use grantry_protocol::jose::Algorithm;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::types::GrantType;
use grantry_protocol::{Scope, UserId};
use grantry_storage::NewClient;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const DOCS: &str = "/acme/oauth2";
const TRY: &str = "/acme/oauth2/try";
const GRANT: &str = "/acme/oauth2/grant";

/// A server whose workspace `acme` is a demo.
fn demo() -> World {
    let world = World::new();
    world.register("demo", |registration| registration.redirect_uris = vec![callback()]);
    world
}

/// The same, with an app that may ask who signed in.
fn openid_demo() -> World {
    let world = World::new();
    world.register("demo", |registration| {
        registration.redirect_uris = vec![callback()];
        registration.scope = Scope::parse("openid profile email read").unwrap();
    });
    world
}

fn callback() -> RedirectUri {
    RedirectUri::register(&format!("{ISSUER}/oauth2/grant")).unwrap()
}

/// Registers an app that belongs to a user.
fn register_for(world: &World, owner: UserId, client_id: &str, change: impl Fn(&mut Registration)) {
    let now = world.server().clock().now();
    let read = world.server().store().read(world.workspace, |tx| tx.find_client("app"));
    let mut registration =
        Registration { redirect_uris: vec![callback()], ..wait(read).unwrap().unwrap().registration };
    registration.name = format!("The {client_id}");
    change(&mut registration);
    let secret = registration.token_endpoint_auth_method != AuthMethod::None;
    let digest = secret.then(|| SecretDigest::of_random(SECRET).as_str().to_owned());
    let new = NewClient { client_id: client_id.to_owned(), registration, digest, owner: Some(owner), dynamic: None };
    wait(world.server().store().write(world.workspace, move |tx| tx.insert_client(&new, now))).unwrap();
}

fn owner(world: &World, username: &'static str) -> UserId {
    let read = world.server().store().read(world.workspace, move |tx| tx.find_user_by_username(username));
    wait(read).unwrap().unwrap().id
}

fn unescaped(html: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .into_iter()
        .fold(html.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

/// The text of every block of code whose opening tag contains `mark`.
fn blocks(page: &Answer, mark: &str) -> Vec<String> {
    let blocks = page.body.split("<pre ").skip(1).filter_map(|rest| rest.split_once("><code>"));
    let marked = blocks.filter(|(tag, _)| tag.contains(mark));
    marked.map(|(_, rest)| unescaped(rest.split("</code>").next().unwrap())).collect()
}

fn block(page: &Answer, mark: &str) -> String {
    blocks(page, mark).into_iter().next().unwrap_or_else(|| panic!("no {mark}: {} {}", page.status, page.body))
}

/// The link with this id.
fn href(page: &Answer, id: &str) -> String {
    let (_, rest) = page.body.split_once(&format!("id=\"{id}\" href=\"")).unwrap_or_else(|| panic!("no link {id}"));
    unescaped(rest.split('"').next().unwrap())
}

/// The path of one of this server's own addresses.
fn path(address: &str) -> &str {
    address.strip_prefix(PUBLIC_URL).unwrap_or(address)
}

/// Sends a text as it stands; only the framing of HTTP/1.1 is added. The status and the body.
fn send(world: &World, text: &str) -> (u16, String) {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = head.replace('\n', "\r\n");
    let mut stream = TcpStream::connect(world.address).unwrap();
    write!(stream, "{head}\r\n{length}Connection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// Whether a token of the demo's app is good.
fn is_active(world: &World, token: &str) -> bool {
    let header = basic("demo", SECRET);
    let answer = world.post("/acme/oauth2/introspect", &format!("token={token}"), &[("authorization", &header)]);
    answer.json()["active"].as_bool().unwrap()
}

/// Fills in a *Try it* form.
fn try_it(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> Answer {
    let token = browser.get(DOCS).hidden_in("/oauth2/try");
    let mut all = vec![("form_token", token.as_str())];
    all.extend_from_slice(fields);
    browser.post(TRY, &all)
}

impl Answer {
    /// The form token of the first form that posts to `action`.
    fn hidden_in(&self, action: &str) -> String {
        let form =
            self.body.split("<form").find(|form| form.contains(action)).unwrap_or_else(|| panic!("{}", self.body));
        Answer { status: self.status, headers: Vec::new(), body: form.to_owned() }.hidden("form_token")
    }
}

/// Follows the live link, signs in as bob where asked, agrees, and stands at the callback.
fn follow(browser: &mut Browser<'_>, docs: &str) -> Answer {
    follow_link(browser, docs, "try-code-link")
}

fn follow_link(browser: &mut Browser<'_>, docs: &str, id: &str) -> Answer {
    let link = href(&browser.get(docs), id);
    let mut answer = browser.get(path(&link));
    while let Some(location) = answer.header("location").map(str::to_owned) {
        answer = match path(&location) {
            login if login.starts_with("/acme/login") => browser.sign_in(login, "bob", "secret"),
            consent if consent.starts_with("/acme/consent") => {
                browser.consent(&answer, "allow", &["write", "profile", "email"])
            }
            elsewhere => browser.get(elsewhere),
        };
    }
    answer
}

/// Sends the exchange form of the callback as it is filled in, but for what is given.
fn exchange(browser: &mut Browser<'_>, page: &Answer, given: &[(&str, &str)]) -> Answer {
    let mut names = vec!["form_token", "code", "client_id", "client_secret", "redirect_uri", "code_verifier"];
    names.extend(page.body.contains("name=\"nonce\"").then_some("nonce"));
    let (_, form) = page.body.split_once("/oauth2/grant\"").unwrap_or_else(|| panic!("{}", page.body));
    let form = Answer { status: page.status, headers: Vec::new(), body: form.to_owned() };
    let value = |name: &&str| given.iter().find(|(own, _)| own == name).map(|(_, value)| (*value).to_owned());
    let filled: Vec<_> = names.iter().map(|name| (*name, value(name).unwrap_or_else(|| form.hidden(name)))).collect();
    let fields: Vec<_> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(GRANT, &fields)
}

#[test]
fn the_front_door_of_a_workspace_is_its_docs_page() {
    let world = World::new();
    let answer = world.get("/acme", &[]);
    assert_eq!((answer.status, answer.location()), (303, DOCS));
    assert_eq!(world.get("/nowhere", &[]).status, 404);
    assert_eq!(world.get("/nowhere/oauth2", &[]).status, 404);
    let root = world.get("/", &[]);
    assert!(root.status == 200 && root.body.contains("Grantry is running") && !root.body.contains("acme"));
}

#[test]
fn the_page_is_filled_with_the_demo_the_readers_app_or_placeholders() {
    let world = World::new();
    let nobody = world.get(DOCS, &[]);
    assert!(nobody.body.contains("client_id=CLIENT_ID") && !nobody.body.contains("id=\"try-code-link\""));
    let bob = owner(&world, "bob");
    register_for(&world, bob, "bobs", |_| ());
    let page = world.bob().get(DOCS);
    assert!(page.body.contains("client_id=bobs") && page.body.contains("CLIENT_SECRET") && !page.body.contains(SECRET));
    world.register("demo", |_| ());
    let visitor = world.get(DOCS, &[]);
    assert!(visitor.body.contains("client_id=demo") && visitor.body.contains(SECRET));
    let mut bob = world.bob();
    assert!(bob.get(DOCS).body.contains("client_id=demo"), "the demo's, until bob chooses");
    let chosen = bob.get("/acme/oauth2?app=bobs");
    assert!(chosen.body.contains("client_id=bobs") && !chosen.body.contains(SECRET));
    assert!(
        chosen.body.contains("<option value=\"bobs\" selected>") && chosen.body.contains("<option value=\"demo\">")
    );
}

#[test]
fn nobody_sees_an_app_of_others_and_admins_neither() {
    let world = World::new();
    world.create_user("admin", "secret");
    let bob = owner(&world, "bob");
    register_for(&world, bob, "bobs", |_| ());
    for username in ["", "admin"] {
        let mut browser = Browser::new(&world);
        if !username.is_empty() {
            assert_eq!(browser.sign_in("/acme/login", username, "secret").status, 303);
        }
        for docs in [DOCS, "/acme/oauth2?app=bobs", "/acme/oauth2?app=app", "/acme/oauth2?app=nobodys"] {
            let page = browser.get(docs);
            assert!(page.status == 200 && page.body.contains("client_id=CLIENT_ID"), "{username} {docs}");
            assert!(!page.body.contains("bobs"), "{username} {docs}");
        }
    }
}

#[test]
fn a_grant_that_cannot_be_used_says_who_can_change_that() {
    let world = World::new();
    let bob = owner(&world, "bob");
    register_for(&world, bob, "bobs", |registration| {
        registration.grant_types = [GrantType::AuthorizationCode, GrantType::Password].into();
    });
    world.change_workspace(|workspace| {
        workspace.policy.grant_types.remove(&GrantType::Password);
    });
    let page = world.bob().get(DOCS);
    assert!(page.body.contains("switched off in this workspace") && page.body.contains("/oauth2/apps/bobs/edit"));
    assert!(page.body.contains("id=\"try-code-link\""));
    assert!(!page.body.contains("id=\"try-password\"") && !page.body.contains("id=\"try-client-credentials\""));
}

/// Every request in its HTTP form, sent over a socket as it stands. What stands for an earlier answer is replaced by it.
#[test]
fn the_requests_of_the_page_work_as_they_stand() {
    let world = openid_demo();
    let page = world.get(DOCS, &[]);
    let label =
        |pre: &str| pre.split_once("aria-label=\"")?.1.split_once(": HTTP\"").map(|(label, _)| label.to_owned());
    let mut left: Vec<_> =
        page.body.split("<pre ").filter(|pre| pre.starts_with("class=\"code http")).map(label).collect();
    let mut find = |label: &str| {
        left.retain(|other| other.as_deref() != Some(label));
        block(&page, &format!("aria-label=\"{label}: HTTP\""))
    };
    let code = |request: &str| {
        let query = request.split(['?', ' ']).nth(2).unwrap();
        world.bob().authorize(query).answer_parameter("code").unwrap()
    };
    let good = |text: &str| {
        let (status, body) = send(&world, text);
        assert_eq!(status, 200, "{text}\n{body}");
        serde_json::from_str::<serde_json::Value>(&body).unwrap_or_default()
    };
    let with_secret = ["Authorization request", "Shortest authorization request", "Implicit authorization request"];
    let [full, short, implicit] = with_secret.map(&mut find);
    let openid = find("OpenID authorization request");
    for request in [&full, &short, &implicit, &openid] {
        assert_eq!(send(&world, request).0, 303, "{request}");
    }
    let metadata = good(&find("Metadata request"));
    assert_eq!(good(&find("Discovery request")), metadata);
    good(&find("Client credentials request"));
    good(&find("Exchange of the code").replace("CODE&", &format!("{}&", code(&full))));
    good(&find("Shortest exchange").replace("CODE", &code(&short)));
    let tokens = good(&find("Password request"));
    let token = |tokens: &serde_json::Value, name: &str| tokens[name].as_str().unwrap().to_owned();
    let introspect = find("Introspection request").replace("ACCESS_TOKEN", &token(&tokens, "access_token"));
    assert_eq!(good(&introspect)["active"], true);
    good(&find("Refresh request").replace("REFRESH_TOKEN", &token(&tokens, "refresh_token")));
    good(&find("Revocation request").replace("REFRESH_TOKEN", &token(&tokens, "refresh_token")));
    assert_eq!(good(&introspect)["active"], false);

    let exchange = find("Exchange for an ID token").replace("CODE&", &format!("{}&", code(&openid)));
    let tokens = good(&exchange);
    let claims = good(&find("UserInfo request").replace("ACCESS_TOKEN", &token(&tokens, "access_token")));
    assert_eq!(claims["sub"], "sub-bob");
    if metadata.get("end_session_endpoint").is_some() {
        let sign_out = find("Sign-out request").replace("ID_TOKEN", &token(&tokens, "id_token"));
        assert!(send(&world, &sign_out).0 < 400, "{sign_out}");
    }
    assert!(left.is_empty(), "not tried: {left:?}");
}

/// The ways in which an app can be registered, each with the requests that are made for it.
#[test]
fn the_requests_fit_the_app_that_they_name() {
    let world = World::new();
    let bob = owner(&world, "bob");
    register_for(&world, bob, "in-form", |it| it.token_endpoint_auth_method = AuthMethod::ClientSecretPost);
    register_for(&world, bob, "public", |it| it.token_endpoint_auth_method = AuthMethod::None);
    register_for(&world, bob, "two", |it| {
        it.redirect_uris.insert(0, RedirectUri::register("https://app.test/cb").unwrap())
    });
    register_for(&world, bob, "a b&c", |_| ());
    for client_id in ["in-form", "public", "two", "a+b%26c"] {
        let page = world.bob().get(&format!("/acme/oauth2?app={client_id}"));
        let authorize = block(&page, "aria-label=\"Shortest authorization request: HTTP\"");
        let query = authorize.split(['?', ' ']).nth(2).unwrap();
        let code = world.bob().authorize(query).answer_parameter("code").unwrap_or_else(|| panic!("{authorize}"));
        if client_id == "public" {
            // What an app without a secret cannot do is shown for one that can.
            for label in ["Client credentials request", "Introspection request"] {
                let request = block(&page, &format!("aria-label=\"{label}: HTTP\""));
                assert!(request.contains("Basic base64(CLIENT_ID:CLIENT_SECRET)"), "{request}");
            }
        }
        let pair = format!("{client_id}:{SECRET}");
        let header = basic(client_id, SECRET);
        let exchange = block(&page, "aria-label=\"Shortest exchange: HTTP\"").replace("=CODE", &format!("={code}"));
        let exchange = exchange.replace("CLIENT_SECRET", SECRET).replace(&format!("Basic base64({pair})"), &header);
        let (status, body) = send(&world, &exchange);
        assert_eq!(status, 200, "{exchange}\n{body}");
    }
}

#[test]
fn try_it_shows_what_was_sent_and_what_came_back() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let app = [("client_id", "demo"), ("client_secret", SECRET)];
    let password =
        [("grant_type", "password"), ("username", "bob"), ("password", "secret"), ("scope", "read"), app[0], app[1]];
    let page = try_it(&mut browser, &password);
    assert!(page.status == 200 && page.body.contains("It worked."), "{}", page.body);
    let request = block(&page, "\"Request of step 1\"");
    assert!(
        request.starts_with("POST /acme/oauth2/token HTTP/1.1\nHost: grantry.test\nAuthorization: Basic "),
        "{request}"
    );
    assert!(request.ends_with("grant_type=password&username=bob&password=secret&scope=read"), "{request}");
    let answer: serde_json::Value = serde_json::from_str(&block(&page, "\"Answer of step 1\"")).unwrap();
    assert_eq!(answer["scope"], "read");
    assert!(is_active(&world, answer["access_token"].as_str().unwrap()));
    let introspection: serde_json::Value = serde_json::from_str(&block(&page, "\"Answer of step 2\"")).unwrap();
    assert_eq!((&introspection["active"], &introspection["username"]), (&true.into(), &"bob".into()));
    let service = try_it(&mut browser, &[("grant_type", "client_credentials"), app[0], app[1]]);
    assert!(service.body.contains("It worked.") && service.body.contains("Give it back"));

    let token = page.hidden_in("/oauth2/try");
    let refresh_token = page.hidden("refresh_token");
    let refresh = [
        ("form_token", token.as_str()),
        ("grant_type", "refresh_token"),
        ("refresh_token", &refresh_token),
        app[0],
        app[1],
    ];
    assert!(browser.post(TRY, &refresh).body.contains("It worked."));
    let access_token = page.hidden("access_token");
    let revoke =
        [("form_token", token.as_str()), ("token", &refresh_token), ("access_token", &access_token), app[0], app[1]];
    let revoked = browser.post(TRY, &revoke);
    assert!(block(&revoked, "\"Request of step 1\"").contains("POST /acme/oauth2/revoke"));
    assert_eq!(block(&revoked, "\"Answer of step 2\""), "{\n  \"active\": false\n}");
    assert!(browser.post(TRY, &refresh).body.contains("invalid_grant"));
}

#[test]
fn try_it_can_do_what_the_endpoint_allows_and_no_more() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let refused = |page: Answer, code: &str| {
        assert!(
            page.status == 200 && page.body.contains("role=\"alert\"") && page.body.contains(code),
            "{code}: {}",
            page.body
        );
        assert!(!page.body.contains("gry_at_"), "{}", page.body);
    };
    let app = [("client_id", "demo"), ("client_secret", SECRET)];
    refused(
        try_it(&mut browser, &[("grant_type", "client_credentials"), app[0], ("client_secret", "wrong")]),
        "invalid_client",
    );
    refused(try_it(&mut browser, &[("grant_type", "client_credentials"), app[0]]), "invalid_client");
    refused(try_it(&mut browser, &[("grant_type", "../revoke"), app[0], app[1]]), "unsupported_grant_type");
    refused(try_it(&mut browser, &[app[0], app[1]]), "invalid_request");
    let guess = [("grant_type", "password"), ("username", "bob"), ("password", "wrong"), app[0], app[1]];
    for _ in 0..5 {
        refused(try_it(&mut browser, &guess), "invalid_grant");
    }
    refused(try_it(&mut browser, &guess), "temporarily_unavailable");
    let header = basic("demo", SECRET);
    let form = "grant_type=password&username=bob&password=wrong";
    let direct = world.post("/acme/oauth2/token", form, &[("authorization", &header)]);
    assert_eq!(direct.status, 429, "both doors count together: {}", direct.body);
}

#[test]
fn a_form_of_another_site_or_of_another_page_does_nothing() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let docs = browser.get(DOCS);
    let token = docs.hidden_in("/oauth2/try");
    let fields = |token| {
        [("form_token", token), ("grant_type", "client_credentials"), ("client_id", "demo"), ("client_secret", SECRET)]
    };
    assert_eq!(browser.post_from("https://evil.test", TRY, &fields(&token)).status, 403);
    assert_eq!(browser.post(TRY, &fields("")).status, 403);
    assert_eq!(browser.post(GRANT, &fields(&token)).status, 403);
    assert_eq!(Browser::new(&world).post(TRY, &fields(&token)).status, 403, "another browser");
    let link = href(&docs, "try-code-link");
    let state = link.split("state=").nth(1).unwrap();
    assert_eq!(browser.post(TRY, &fields(state)).status, 403, "a state is no form token");
    assert_eq!(browser.post(TRY, &fields(&token)).status, 200);
}

#[test]
fn the_live_link_comes_back_with_a_code_that_is_exchanged_on_a_click() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let page = follow(&mut browser, DOCS);
    assert!(page.body.contains("A code has arrived"), "{}", page.body);
    assert_eq!(page.body.matches(">ok</span>").count(), 2, "iss and state: {}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let tokens = exchange(&mut browser, &page, &[]);
    assert!(is_active(&world, &tokens.hidden("access_token")));
    assert!(tokens.body.contains("It worked.") && tokens.body.contains("gry_rt_"), "{}", tokens.body);
    let introspection: serde_json::Value = serde_json::from_str(&block(&tokens, "\"Answer of step 2\"")).unwrap();
    assert_eq!((&introspection["active"], &introspection["sub"]), (&true.into(), &"sub-bob".into()));
    let again = exchange(&mut browser, &page, &[]);
    assert!(again.body.contains("invalid_grant") && !again.body.contains("gry_at_"), "{}", again.body);
    assert!(!is_active(&world, &tokens.hidden("access_token")), "a second use ends what the first bought");
}

#[test]
fn the_callback_knows_whose_request_comes_back() {
    let world = demo();
    let bob = owner(&world, "bob");
    register_for(&world, bob, "public", |it| it.token_endpoint_auth_method = AuthMethod::None);
    register_for(&world, bob, "two", |it| {
        it.redirect_uris.insert(0, RedirectUri::register("https://app.test/cb").unwrap())
    });
    let mut browser = world.bob();
    let page = follow(&mut browser, "/acme/oauth2?app=public");
    assert!(page.body.contains("value=\"public\"") && page.body.contains(VERIFIER), "{}", page.body);
    let tokens = exchange(&mut browser, &page, &[]);
    assert!(tokens.body.contains("It worked.") && !tokens.body.contains("Request of step 2"), "{}", tokens.body);
    let page = follow(&mut browser, "/acme/oauth2?app=two");
    let tokens = exchange(&mut browser, &page, &[("client_secret", SECRET)]);
    assert!(tokens.body.contains("It worked."), "{}", tokens.body);

    // The example with every parameter, pasted from the page.
    let example = block(&browser.get(DOCS), "aria-label=\"Authorization request: HTTP\"");
    let answer = browser.authorize(example.split(['?', ' ']).nth(2).unwrap());
    let page = browser.get(path(answer.location()));
    assert_eq!(page.body.matches(">ok</span>").count(), 2, "{}", page.body);
    assert!(exchange(&mut browser, &page, &[]).body.contains("It worked."));
}

#[test]
fn the_callback_repeats_nothing_that_a_stranger_wrote() {
    let world = demo();
    let mut browser = Browser::new(&world);
    let link = "error=access_denied&error_description=Call+555-0100&error_uri=javascript:alert(1)&iss=https://evil.test&state=x";
    let page = browser.get(&format!("{GRANT}?{link}"));
    assert!(page.body.contains("access_denied") && page.body.matches(">wrong</span>").count() == 2, "{}", page.body);
    assert!(!page.body.contains("555-0100") && !page.body.contains("javascript:"), "{}", page.body);
    for stranger in ["code=Call+555-0100", "error=Call+555-0100", "code=gry_ac_AAAA", ""] {
        let page = browser.get(&format!("{GRANT}?{stranger}"));
        assert!(page.body.contains("id=\"fragment\"") && !page.body.contains("555-0100"), "{stranger}: {}", page.body);
    }
    // What this server says to this browser is shown in full.
    let link = href(&browser.get(DOCS), "try-code-link");
    browser.sign_in("/acme/login", "bob", "secret");
    let asked = browser.get(path(&link));
    let denied = browser.consent(&asked, "deny", &[]);
    let page = browser.get(path(denied.location()));
    assert!(page.body.contains("access_denied") && page.body.contains("The user denied the request."), "{}", page.body);
    assert!(page.body.contains("RFC 6749 section"), "{}", page.body);
}

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

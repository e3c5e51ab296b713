//! The app portal: what a developer does there, and what nobody may do there.

use crate::harness::{Answer, Browser, SECRET, World, basic, wait};
use crate::site::{Page, Site};
use grantry_protocol::authorize::ResponseType;
use grantry_protocol::client::{AccessTokenFormat, Client};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::workspace::AppRegistration;

const NEW: &str = "/acme/oauth2/apps/new";

/// What a developer fills in for a web app.
const WEB: [(&str, &str); 9] = [
    ("name", "Notebook"),
    ("description", "Keeps notes."),
    ("type", "web"),
    ("redirect_uris", "https://notebook.test/cb\r\n"),
    ("grant", "authorization_code"),
    ("grant", "refresh_token"),
    ("grant", "client_credentials"),
    ("scope", "read"),
    ("token_endpoint_auth_method", "client_secret_basic"),
];

/// What a developer fills in for OpenID Connect.
const OPENID: [(&str, &str); 10] = [
    ("scope", "openid"),
    ("post_logout_redirect_uris", "https://notebook.test/bye\r\nhttps://notebook.test/ciao"),
    ("id_token_signed_response_alg", "EdDSA"),
    ("subject_type", "pairwise"),
    ("require_auth_time", ""),
    ("require_auth_time", "true"),
    ("backchannel_logout_session_required", ""),
    ("backchannel_logout_uri", "https://notebook.test/back"),
    ("default_max_age", "60"),
    ("jwks", "{\"keys\":[]}"),
];

/// Fills in a form of the portal: loads the page, and posts its token with `fields`.
fn fill(browser: &mut Browser<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    let token = browser.get(path).form_token(path);
    let mut all = vec![("form_token", token.as_str())];
    all.extend(fields);
    browser.post(path, &all)
}

/// The same fields with one of them changed.
fn with<'f>(name: &'f str, value: &'f str) -> Vec<(&'f str, &'f str)> {
    let mut fields: Vec<_> = WEB.into_iter().filter(|(own, _)| *own != name).collect();
    fields.push((name, value));
    fields
}

/// Registers an app; its client_id.
fn register(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> String {
    let answer = fill(browser, NEW, fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let rest = answer.location().strip_prefix("/acme/oauth2/apps/").unwrap();
    rest.strip_suffix("/secret").unwrap().to_owned()
}

fn secret_on(page: &Answer) -> Option<String> {
    let (_, rest) = page.body.split_once("id=\"client-secret\">")?;
    Some(rest.split('<').next().unwrap().to_owned())
}

/// Registers [`WEB`]; its client_id and secret.
fn register_web(browser: &mut Browser<'_>) -> (String, String) {
    let client_id = register(browser, &WEB);
    let page = browser.get(&format!("/acme/oauth2/apps/{client_id}/secret"));
    (client_id, secret_on(&page).unwrap())
}

fn rotate(browser: &mut Browser<'_>, client_id: &str) -> String {
    let answer = fill(browser, &format!("/acme/oauth2/apps/{client_id}/rotate"), &[]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    secret_on(&browser.get(answer.location())).unwrap()
}

/// The status of a client credentials request.
fn tries(world: &World, client_id: &str, secret: &str) -> u16 {
    let header = basic(client_id, secret);
    world.post("/acme/oauth2/token", "grant_type=client_credentials", &[("authorization", &header)]).status
}

fn client(world: &World, client_id: &str) -> Option<Client> {
    let client_id = client_id.to_owned();
    wait(world.server().store().read(world.workspace, move |tx| tx.find_client(&client_id))).unwrap()
}

fn signed_in<'w>(world: &'w World, username: &str) -> Browser<'w> {
    let mut browser = Browser::new(world);
    assert_eq!(browser.sign_in("/acme/login", username, "secret").status, 303);
    browser
}

#[test]
fn whoever_is_not_signed_in_signs_in_and_comes_back() {
    let world = World::new();
    let mut browser = Browser::new(&world);
    let answer = browser.get("/acme/oauth2/apps?q=a%20b&page=2");
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location(), "/acme/login?return_to=%2Facme%2Foauth2%2Fapps%3Fq%3Da%2520b%26page%3D2");
    let page = browser.get(answer.location());
    let (token, back) = (page.hidden("form_token"), page.hidden("return_to").replace("&#38;", "&"));
    let fields = [("form_token", token.as_str()), ("return_to", &back), ("username", "bob"), ("password", "secret")];
    assert_eq!(browser.post("/acme/login", &fields).location(), "/acme/oauth2/apps?q=a%20b&page=2");
    for path in ["/new", "/app", "/app/edit", "/app/secret", "/app/rotate", "/app/secrets/1/retire", "/app/delete"] {
        let answer = world.get(&format!("/acme/oauth2/apps{path}"), &[]);
        assert!(answer.location().starts_with("/acme/login?return_to=%2Facme%2Foauth2%2Fapps%2F"), "{path}");
    }
}

#[test]
fn an_app_is_registered_and_its_secret_shown_once() {
    let world = World::new();
    let mut bob = world.bob();
    let answer = fill(&mut bob, NEW, &WEB);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = answer.location().to_owned();
    let cookie = answer.headers.iter().find(|(_, value)| value.starts_with("__Secure-gry_fs_acme=")).unwrap().1.clone();
    for part in [format!("Path={page};").as_str(), "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=300"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let shown = bob.get(&page);
    let secret = secret_on(&shown).unwrap();
    assert!(shown.body.contains("Notebook is registered"));
    assert_eq!(secret.len(), 43);
    assert!(!answer.location().contains(&secret) && !cookie.contains(&secret));
    let client_id = page.strip_prefix("/acme/oauth2/apps/").unwrap().strip_suffix("/secret").unwrap();
    assert_eq!(tries(&world, client_id, &secret), 200);

    let again = bob.get(&page);
    assert_eq!((again.status, secret_on(&again)), (200, None));
    assert!(again.body.contains("is not shown again") && again.body.contains("/rotate\""), "{}", again.body);
    let stored = client(&world, client_id).unwrap();
    assert!(stored.secrets.iter().all(|stored| stored.digest.starts_with("sha256:")));
    let app = bob.get(&format!("/acme/oauth2/apps/{client_id}"));
    for part in ["Notebook", "https://notebook.test/cb", "Client Credentials", "client_secret_basic", "60 seconds"] {
        assert!(app.body.contains(part), "{part}");
    }
    assert!(!app.body.contains(&secret));
}

#[test]
fn a_secret_waits_five_minutes_and_for_its_own_page_only() {
    let world = World::new();
    let mut bob = world.bob();
    let (one, other) = (register(&mut bob, &WEB), register(&mut bob, &WEB));
    // The jar of these tests knows no paths: the cookie of the second app is shown to the page of the first.
    let kept = bob.cookies.clone();
    assert_eq!(secret_on(&bob.get(&format!("/acme/oauth2/apps/{one}/secret"))), None);
    bob.cookies = kept;
    world.pass(301);
    assert_eq!(secret_on(&bob.get(&format!("/acme/oauth2/apps/{other}/secret"))), None);
}

#[test]
fn a_public_app_has_no_secret() {
    let world = World::new();
    let mut bob = world.bob();
    let fields: Vec<_> = with("type", "spa").into_iter().filter(|field| field.1 != "client_credentials").collect();
    let client_id = register(&mut bob, &fields);
    let page = bob.get(&format!("/acme/oauth2/apps/{client_id}/secret"));
    assert!(page.body.contains("proves itself with PKCE") && secret_on(&page).is_none());
    assert!(client(&world, &client_id).unwrap().is_public());
    assert_eq!(bob.get(&format!("/acme/oauth2/apps/{client_id}/rotate")).status, 404);
}

#[test]
fn a_service_gets_its_usual_grants_without_touching_a_tick() {
    let world = World::new();
    let mut bob = world.bob();
    let page = bob.get(NEW);
    let (token, preselected) = (page.form_token(NEW), page.hidden("preselected_for"));
    let fields = [
        ("form_token", token.as_str()),
        ("preselected_for", &preselected),
        ("name", "Nightly report"),
        ("type", "service"),
        ("grant", "authorization_code"),
        ("grant", "refresh_token"),
    ];
    let answer = bob.post(NEW, &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let client_id = answer.location().split('/').nth(4).unwrap().to_owned();
    let secret = secret_on(&bob.get(answer.location())).unwrap();
    assert_eq!(tries(&world, &client_id, &secret), 200);
}

#[test]
fn what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost() {
    let world = World::new();
    let mut bob = world.bob();
    let uris = "https://notebook.test/cb\nhttps://notebook.test/cb#top\nhttp://notebook.test/<b>";
    let answer = fill(&mut bob, NEW, &with("redirect_uris", uris));
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("Line 2") && answer.body.contains("fragment"), "{}", answer.body);
    assert!(answer.body.contains("Line 3") && !answer.body.contains("/<b>"));
    assert!(answer.body.contains("value=\"Notebook\"") && answer.body.contains("Keeps notes."));
    let listed = bob.get("/acme/oauth2/apps");
    assert!(listed.body.contains("No apps yet"), "{}", listed.body);
    for (name, value, text) in [
        ("name", "", "Give the app a name"),
        ("scope", "admin", "no scope called"),
        ("code_lifetime", "3600", "between 10 and 600"),
        ("type", "robot", "Choose what kind"),
    ] {
        let answer = fill(&mut bob, NEW, &with(name, value));
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.body.contains(text), "{text}: {}", answer.body);
    }
}

#[test]
fn a_form_of_another_page_site_or_day_does_nothing() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, secret) = register_web(&mut bob);
    let other = register(&mut bob, &with("name", "Other"));
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let token = bob.get(&edit).form_token(&edit);
    let mut fields = vec![("form_token", token.as_str())];
    fields.extend(with("name", "Taken over"));

    let answer = bob.post_from("https://evil.test", &edit, &fields);
    assert_eq!(answer.status, 403);
    // The form comes back with what was typed, and a token that is good.
    assert!(answer.body.contains("value=\"Taken over\"") && answer.body.contains("open for too long"));
    assert_eq!(bob.post(&format!("/acme/oauth2/apps/{other}/edit"), &fields).status, 403);
    assert_eq!(bob.post(NEW, &fields).status, 403);
    for page in ["rotate", "delete"] {
        let fields = [("form_token", token.as_str()), ("confirm_name", "Notebook")];
        assert_eq!(bob.post(&format!("/acme/oauth2/apps/{client_id}/{page}"), &fields).status, 403, "{page}");
    }
    world.pass(2 * 3_600);
    assert_eq!(bob.post(&edit, &fields).status, 403);
    assert_eq!(bob.post(&edit, &with("name", "No token")).status, 403);
    assert_eq!(client(&world, &client_id).unwrap().registration.name, "Notebook");
    assert_eq!(client(&world, &other).unwrap().registration.name, "Other");
    assert_eq!(tries(&world, &client_id, &secret), 200);
}

/// The text of a page, but for the request id.
fn without_id(answer: &Answer) -> String {
    answer.body.replace(answer.header("x-request-id").unwrap(), "")
}

#[test]
fn someone_elses_app_is_the_same_404_as_none() {
    let world = World::new();
    world.create_user("alice", "secret");
    let (client_id, _) = register_web(&mut world.bob());
    let mut alice = signed_in(&world, "alice");
    for rest in ["", "/edit", "/secret", "/rotate", "/secrets/1/retire", "/delete"] {
        let theirs = alice.get(&format!("/acme/oauth2/apps/{client_id}{rest}"));
        let nobodys = alice.get(&format!("/acme/oauth2/apps/00000000000000000000{rest}"));
        assert_eq!((theirs.status, nobodys.status), (404, 404), "{rest}");
        assert_eq!(without_id(&theirs), without_id(&nobodys), "{rest}");
        // What an operator registered belongs to no user.
        assert_eq!(alice.get(&format!("/acme/oauth2/apps/app{rest}")).status, 404);
    }
    for rest in ["/edit", "/rotate", "/secrets/1/retire", "/delete"] {
        let answer = alice.post(&format!("/acme/oauth2/apps/{client_id}{rest}"), &[("confirm_name", "Notebook")]);
        assert_eq!(answer.status, 404, "{rest}");
    }
    assert_eq!(alice.get("/acme/oauth2/apps/a%00b").status, 404);
    assert!(!alice.get("/acme/oauth2/apps").body.contains("Notebook"));
}

#[test]
fn admins_see_every_app_and_owners_their_own() {
    let world = World::new();
    world.create_user("admin", "secret");
    let (client_id, _) = register_web(&mut world.bob());
    let mut admin = signed_in(&world, "admin");
    let list = admin.get("/acme/oauth2/apps");
    for part in ["2 apps", "Notebook", "The app", "<dd>bob</dd>"] {
        assert!(list.body.contains(part), "{part}: {}", list.body);
    }
    let own = world.bob().get("/acme/oauth2/apps");
    assert!(own.body.contains("1 app<") && !own.body.contains("The app<"), "{}", own.body);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    assert_eq!(fill(&mut admin, &edit, &with("name", "Renamed")).status, 303);
    assert_eq!(client(&world, &client_id).unwrap().registration.name, "Renamed");
}

#[test]
fn the_list_is_searched_and_paged() {
    let world = World::new();
    world.create_user("admin", "secret");
    for number in 1..=44 {
        world.register(&format!("app-{number:02}"), |_| ());
    }
    let mut admin = signed_in(&world, "admin");
    let first = admin.get("/acme/oauth2/apps?q=app-");
    assert!(first.body.contains("44 apps") && first.body.contains("1 to 20 shown"), "{}", first.body);
    assert!(first.body.contains("q=app-&#38;page=2") && !first.body.contains("rel=\"prev\""), "{}", first.body);
    let last = admin.get("/acme/oauth2/apps?q=app-&page=99");
    assert!(last.body.contains("41 to 44 shown") && !last.body.contains("rel=\"next\""), "{}", last.body);
    for query in ["page=0", "page=-1", "page=x", "page=9223372036854775807", "q=%00", "q=a&q=b", "q=%25"] {
        assert_eq!(admin.get(&format!("/acme/oauth2/apps?{query}")).status, 200, "{query}");
    }
    let none = admin.get("/acme/oauth2/apps?q=%3Cscript%3E");
    assert!(none.body.contains("Nothing found") && !none.body.contains("<script>"), "{}", none.body);
}

#[test]
fn a_workspace_can_leave_registering_to_its_admins() {
    let world = World::new();
    world.create_user("admin", "secret");
    let mut bob = world.bob();
    let (client_id, _) = register_web(&mut bob);
    let token = bob.get(NEW).form_token(NEW);
    world.change_workspace(|row| row.policy.app_registration = AppRegistration::Admins);
    assert_eq!(bob.get(NEW).status, 403);
    let mut fields = vec![("form_token", token.as_str())];
    fields.extend(WEB);
    assert_eq!(bob.post(NEW, &fields).status, 403);
    assert!(!bob.get("/acme/oauth2/apps").body.contains("id=\"register-app\""));
    // What bob has stays his to change.
    assert_eq!(bob.get(&format!("/acme/oauth2/apps/{client_id}/edit")).status, 200);
    register(&mut signed_in(&world, "admin"), &WEB);
}

#[test]
fn only_admins_make_resource_servers() {
    let world = World::new();
    world.create_user("admin", "secret");
    let mut api = WEB.to_vec();
    api.extend([("resource_server", "yes"), ("resource", "https://api.test")]);
    let mut bob = world.bob();
    assert!(!bob.get(NEW).body.contains("name=\"resource\""));
    let answer = fill(&mut bob, NEW, &api);
    assert_eq!(answer.status, 422);
    let mut admin = signed_in(&world, "admin");
    let client_id = register(&mut admin, &api);
    assert_eq!(client(&world, &client_id).unwrap().registration.resource.as_deref(), Some("https://api.test"));
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    assert_eq!(fill(&mut admin, &edit, &WEB).status, 303);
    assert_eq!(client(&world, &client_id).unwrap().registration.resource, None);
}

#[test]
fn an_edit_counts_at_once() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, secret) = register_web(&mut bob);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let answer = fill(&mut bob, &edit, &with("redirect_uris", "https://notebook.test/new\nhttp://127.0.0.1/cb"));
    assert_eq!(answer.status, 303, "{}", answer.body);
    let app = bob.get(answer.location());
    assert!(app.body.contains("Saved.") && app.body.contains("http://127.0.0.1/cb"), "{}", app.body);
    let ask = |uri: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("response_type", "code"), ("client_id", &client_id), ("redirect_uri", uri)])
            .finish();
        world.get(&format!("/acme/oauth2/authorize?{query}"), &[]).status
    };
    assert_eq!((ask("https://notebook.test/cb"), ask("https://notebook.test/new")), (400, 303));
    assert_eq!(tries(&world, &client_id, &secret), 200);
    let fewer: Vec<_> = WEB.into_iter().filter(|field| field.1 != "client_credentials").collect();
    assert_eq!(fill(&mut bob, &edit, &fewer).status, 303);
    assert_eq!(tries(&world, &client_id, &secret), 400);
}

#[test]
fn openid_registration_s2_an_app_has_what_its_form_says_and_keeps_what_the_form_does_not_show() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, _) = register_web(&mut bob);
    let openid = |change: &dyn Fn(&mut grantry_protocol::client::OpenidRegistration)| {
        let mut registration = client(&world, &client_id).unwrap().registration;
        change(&mut registration.openid);
        let row = client(&world, &client_id).unwrap().row;
        wait(world.server().store().write(world.workspace, move |tx| tx.update_registration(row, &registration)))
            .unwrap();
    };
    openid(&|openid| openid.contacts = vec!["ada@notebook.test".into()]);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let fields: Vec<_> = WEB.into_iter().filter(|(name, _)| *name != "scope").chain(OPENID).collect();
    let answer = fill(&mut bob, &edit, &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let registered = client(&world, &client_id).unwrap().registration.openid;
    assert_eq!(
        serde_json::to_value(&registered).unwrap(),
        serde_json::json!({
            "post_logout_redirect_uris": ["https://notebook.test/bye", "https://notebook.test/ciao"],
            "id_token_signed_response_alg": "EdDSA",
            "subject_type": "pairwise",
            "require_auth_time": true,
            "frontchannel_logout_session_required": false,
            "backchannel_logout_session_required": false,
            "backchannel_logout_uri": "https://notebook.test/back",
            "default_max_age": 60,
            "jwks": {"keys": []},
            "contacts": ["ada@notebook.test"],
        })
    );
    let app = bob.get(answer.location());
    for part in [
        "EdDSA",
        "pairwise",
        "https://notebook.test/ciao",
        "https://notebook.test/back",
        "/acme/.well-known/openid-configuration",
    ] {
        assert!(app.body.contains(part), "{part}");
    }
    // A form without these fields leaves all of it as it is; its own form has all of it filled in.
    assert_eq!(fill(&mut bob, &edit, &WEB).status, 303);
    assert_eq!(client(&world, &client_id).unwrap().registration.openid, registered);
    let form = bob.get(&edit);
    for part in
        ["https://notebook.test/ciao", "value=\"EdDSA\" selected", "value=\"pairwise\" selected", "value=\"60\""]
    {
        assert!(form.body.contains(part), "{part}");
    }
    assert!(
        !bob.get(&format!("/acme/oauth2/apps/{client_id}")).body.contains("Discovery"),
        "it asks nobody to sign in"
    );
}

#[test]
fn openid_registration_s2_what_is_wrong_with_a_setting_stands_beside_it() {
    let world = World::new();
    let mut bob = world.bob();
    for (name, value, text) in [
        ("post_logout_redirect_uris", "https://notebook.test/\nhttps://notebook.test/#x", "Line 2"),
        ("default_max_age", "soon", "whole number"),
        ("jwks", "keys", "JSON Web Key Set"),
        ("id_token_signed_response_alg", "none", "Choose from the list"),
    ] {
        let fields: Vec<_> = WEB.into_iter().chain([(name, value)]).collect();
        let answer = fill(&mut bob, NEW, &fields);
        assert_eq!(answer.status, 422, "{name}");
        let (_, error) = answer.body.split_once(&format!("id=\"{name}-error\"")).unwrap();
        assert!(error.split("</div>").next().unwrap().contains(text), "{name}: {}", answer.body);
        assert!(answer.body.contains("class=\"advanced\" open"), "{name}");
    }
}

#[test]
fn openid_registration_s5_the_sector_is_read_before_anything_is_stored() {
    let (world, site) = (World::new(), Site::new());
    let mut bob = world.bob();
    site.show("/bad", Page::json(&serde_json::json!(["https://example.com/op"])));
    site.show("/good", Page::json(&serde_json::json!(["https://notebook.test/cb"])));
    for (path, text) in [("/bad", "must list every redirect URI"), ("/missing", "sector_identifier_uri-error")] {
        let uri = site.url(path);
        let fields: Vec<_> = WEB.into_iter().chain([("sector_identifier_uri", uri.as_str())]).collect();
        let answer = fill(&mut bob, NEW, &fields);
        assert_eq!(answer.status, 422, "{path}");
        assert!(answer.body.contains(text), "{}", answer.body);
    }
    assert!(bob.get("/acme/oauth2/apps").body.contains("No apps yet"));
    let uri = site.url("/good");
    let fields: Vec<_> = WEB.into_iter().chain([("sector_identifier_uri", uri.as_str())]).collect();
    let client_id = register(&mut bob, &fields);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    world.pass(60);
    assert_eq!(fill(&mut bob, &edit, &with("name", "Notes")).status, 303);
    assert_eq!(site.count("/good"), 1, "what it says of the same redirect URIs is known");
    let answer = fill(&mut bob, &edit, &with("redirect_uris", "https://notebook.test/cb\nhttps://notebook.test/2"));
    assert_eq!((answer.status, site.count("/good")), (422, 2));
}

#[test]
fn what_is_wrong_with_a_member_that_the_form_does_not_show_stands_above_the_form() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, _) = register_web(&mut bob);
    let Client { row, mut registration, .. } = client(&world, &client_id).unwrap();
    registration.openid.response_types = [ResponseType::Code].into();
    wait(world.server().store().write(world.workspace, move |tx| tx.update_registration(row, &registration))).unwrap();
    let fields: Vec<_> =
        WEB.into_iter().filter(|field| !["authorization_code", "refresh_token"].contains(&field.1)).collect();
    let answer = fill(&mut bob, &format!("/acme/oauth2/apps/{client_id}/edit"), &fields);
    assert_eq!(answer.status, 422);
    let (_, notice) = answer.body.split_once("role=\"alert\"").unwrap();
    assert!(
        notice.split("</div>").next().unwrap().contains("response_types: The response type code"),
        "{}",
        answer.body
    );
}

#[test]
fn an_app_keeps_a_grant_that_the_workspace_has_switched_off() {
    let world = World::new();
    let mut bob = world.bob();
    let mut fields = WEB.to_vec();
    fields.push(("grant", "implicit"));
    let client_id = register(&mut bob, &fields);
    world.change_workspace(|row| {
        row.policy.grant_types.remove(&grantry_protocol::types::GrantType::Implicit);
    });
    assert_eq!(fill(&mut bob, NEW, &fields).status, 422);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let page = bob.get(&edit);
    let box_of_implicit =
        page.body.split("id=\"grant-implicit\"").nth(1).and_then(|rest| rest.split('>').next()).unwrap();
    assert!(box_of_implicit.contains("checked") && !box_of_implicit.contains("disabled"), "{box_of_implicit}");
    assert_eq!(fill(&mut bob, &edit, &fields).status, 303);
    assert_eq!(client(&world, &client_id).unwrap().registration.grant_types.len(), 4);
}

#[test]
fn a_rotated_secret_overlaps_and_can_be_retired() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, first) = register_web(&mut bob);
    let app = format!("/acme/oauth2/apps/{client_id}");
    assert!(bob.get(&format!("{app}/rotate")).body.contains("7 days"));
    assert_eq!(tries(&world, &client_id, &first), 200, "looking changes nothing");
    let early = bob.get(&format!("{app}/rotate")).form_token(&format!("{app}/rotate"));
    let second = rotate(&mut bob, &client_id);
    assert_eq!((tries(&world, &client_id, &first), tries(&world, &client_id, &second)), (200, 200));

    // Two work: a third would leave nobody time to change over.
    let full = bob.get(&format!("{app}/rotate"));
    assert!(full.body.contains("/secrets/1/retire"), "{}", full.body);
    let refused = bob.post(&format!("{app}/rotate"), &[("form_token", &early)]);
    assert_eq!((refused.status, refused.body.contains("/secrets/1/retire")), (409, true), "{}", refused.body);
    // The newest is what the app should use: it can be replaced, not retired.
    assert_eq!(bob.get(&format!("{app}/secrets/2/retire")).status, 404);
    assert_eq!(bob.get(&format!("{app}/secrets/x/retire")).status, 404);

    let answer = fill(&mut bob, &format!("{app}/secrets/1/retire"), &[]);
    assert!(bob.get(answer.location()).body.contains("has been retired"));
    assert_eq!((tries(&world, &client_id, &first), tries(&world, &client_id, &second)), (401, 200));
    let third = rotate(&mut bob, &client_id);
    world.pass(7 * 86_400 - 1);
    assert_eq!(tries(&world, &client_id, &second), 200);
    world.pass(1);
    assert_eq!((tries(&world, &client_id, &second), tries(&world, &client_id, &third)), (401, 200));
}

#[test]
fn an_app_is_deleted_by_typing_its_name() {
    let world = World::new();
    let mut bob = world.bob();
    let (client_id, secret) = register_web(&mut bob);
    let path = format!("/acme/oauth2/apps/{client_id}/delete");
    let header = basic(&client_id, &secret);
    let token = world.post("/acme/oauth2/token", "grant_type=client_credentials", &[("authorization", &header)]);
    let token = token.text("access_token");
    for wrong in ["", "notebook", "Notebook 2"] {
        let answer = fill(&mut bob, &path, &[("confirm_name", wrong)]);
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains("not the name"), "{}", answer.body);
    }
    assert_eq!(tries(&world, &client_id, &secret), 200);
    let answer = fill(&mut bob, &path, &[("confirm_name", "Notebook")]);
    assert_eq!(answer.status, 303);
    assert!(bob.get(answer.location()).body.contains("has been deleted"));
    assert_eq!(bob.get(&format!("/acme/oauth2/apps/{client_id}")).status, 404);
    assert_eq!(tries(&world, &client_id, &secret), 401);
    assert!(!world.is_active(&token));
    assert_eq!(tries(&world, "app", SECRET), 200);
}

#[test]
fn an_app_of_another_workspace_is_not_here() {
    let world = World::new();
    world.create_workspace("other");
    let mut bob = world.bob();
    let (client_id, _) = register_web(&mut bob);
    // bob's session is one of acme: elsewhere nobody is signed in.
    let answer = bob.get(&format!("/other/oauth2/apps/{client_id}"));
    assert!(answer.location().starts_with("/other/login?return_to="), "{}", answer.location());
}

#[test]
fn the_form_of_access_tokens_is_chosen_under_advanced_and_stays_until_it_is_changed() {
    let world = World::new();
    let mut browser = signed_in(&world, "bob");
    let (client_id, _) = register_web(&mut browser);
    let choice = || client(&world, &client_id).unwrap().registration.access_token;
    assert_eq!(choice().format, AccessTokenFormat::Opaque);
    let edit = format!("/acme/oauth2/apps/{client_id}/edit");
    let fields = |more: &[(&'static str, &'static str)]| [WEB.as_slice(), more].concat();
    let jwt = fields(&[("access_token_format", "jwt"), ("access_token_signing_alg", "PS256")]);
    assert_eq!(fill(&mut browser, &edit, &jwt).status, 303);
    assert_eq!((choice().format, choice().signing_alg), (AccessTokenFormat::Jwt, Algorithm::PS256));
    let keys = world.get("/acme/oauth2/jwks", &[]).json();
    let algs: Vec<&serde_json::Value> = keys["keys"].as_array().unwrap().iter().map(|key| &key["alg"]).collect();
    assert!(algs.contains(&&serde_json::Value::from("PS256")), "published before it signs");
    let page = browser.get(&format!("/acme/oauth2/apps/{client_id}"));
    assert!(page.body.contains("jwt, PS256"));
    let page = browser.get(&edit);
    assert!(page.body.contains(r#"<option value="jwt" selected>"#) && page.body.contains(r#"value="PS256" selected>"#));
    assert_eq!(fill(&mut browser, &edit, &WEB).status, 303);
    assert_eq!(choice().format, AccessTokenFormat::Jwt, "a form that does not say leaves it");
    for wrong in [("access_token_format", "paper"), ("access_token_signing_alg", "HS256")] {
        let answer = fill(&mut browser, &edit, &fields(&[wrong]));
        assert!(answer.body.contains("Choose a form and an algorithm"), "{wrong:?}");
    }
    assert_eq!(choice().signing_alg, Algorithm::PS256);
}

#[test]
fn an_app_can_sign_with_the_secret_it_was_shown_and_with_the_next_one() {
    let world = World::new();
    let mut bob = world.bob();
    let client_id = register(&mut bob, &with("token_endpoint_auth_method", "client_secret_jwt"));
    let first = secret_on(&bob.get(&format!("/acme/oauth2/apps/{client_id}/secret"))).unwrap();
    let second = rotate(&mut bob, &client_id);
    for (secret, status) in [(&first, 200), (&second, 200), (&first[1..].to_owned(), 401)] {
        let now = world.server().clock().now().as_unix();
        let claims = serde_json::json!({ "iss": client_id, "sub": client_id, "aud": crate::harness::ISSUER, "jti": secret, "exp": now + 60 });
        let assertion = crate::signer::hs256(secret.as_bytes(), &serde_json::json!({ "alg": "HS256" }), &claims);
        let form = format!(
            "grant_type=client_credentials&client_assertion_type={}&client_assertion={assertion}",
            grantry_protocol::client_auth::ASSERTION_TYPE
        );
        let answer = world.post("/acme/oauth2/token", &form, &[]);
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

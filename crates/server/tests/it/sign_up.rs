//! The page on which people make accounts: who may, what they may call themselves, and what happens once.

use crate::harness::{Answer, Browser, Engine, World, wait};
use grantry_protocol::account::User;
use grantry_server::settings::Network;
use std::sync::Barrier;

/// A workspace where people make accounts by themselves.
pub(crate) fn open_world() -> World {
    opened(World::new())
}

fn opened(world: World) -> World {
    world.change_workspace(|row| row.policy.sign_up = true);
    world
}

/// Fills in the page that is open.
pub(crate) fn fill_in(browser: &mut Browser<'_>, page: &Answer, username: &str, password: &str) -> Answer {
    let token = page.hidden("form_token");
    let request = if page.body.contains("name=\"request\"") { page.hidden("request") } else { String::new() };
    let fields = [
        ("form_token", token.as_str()),
        ("request", &request),
        ("username", username),
        ("display_name", "Ann of Acme"),
        ("password", password),
    ];
    browser.post("/acme/sign-up", &fields)
}

/// Opens the page and fills it in.
fn sign_up(browser: &mut Browser<'_>, username: &str, password: &str) -> Answer {
    let page = browser.get("/acme/sign-up");
    fill_in(browser, &page, username, password)
}

impl World {
    pub(crate) fn user(&self, username: &str) -> Option<User> {
        let username = username.to_owned();
        wait(self.server().store().read(self.workspace, move |tx| tx.find_user_by_username(&username))).unwrap()
    }

    fn users(&self) -> i64 {
        wait(self.server().store().read(self.workspace, |tx| tx.count_users(""))).unwrap()
    }
}

#[test]
fn a_person_makes_an_account_and_is_signed_in_with_no_power_over_anybody() {
    let world = open_world();
    let mut browser = Browser::new(&world);
    let made = sign_up(&mut browser, "ann", "correct horse");
    assert_eq!((made.status, made.location()), (303, "/acme/oauth2"));
    let ann = world.user("ann").unwrap();
    assert_eq!((ann.display_name.as_str(), ann.admin_since, ann.disabled_at), ("Ann of Acme", None, None));
    assert_eq!((ann.claims.as_str(), ann.subject.len()), ("{}", 20));
    let account = browser.get("/acme/account");
    assert!(account.status == 200 && account.body.contains("Ann of Acme"), "{}", account.body);
    let set = made.headers.iter().find(|(name, value)| name == "set-cookie" && value.starts_with("__Host-gry_se_"));
    assert!(set.is_some_and(|(_, value)| value.contains("HttpOnly") && value.contains("SameSite=Lax")));
    assert_eq!(Browser::new(&world).sign_in("/acme/login", "ann", "correct horse").status, 303, "and later again");
}

#[test]
fn the_page_and_the_link_to_it_are_there_where_the_policy_says_so() {
    let world = World::new();
    let mut browser = Browser::new(&world);
    let off = browser.get("/acme/sign-up");
    assert!(off.status == 404 && !off.body.contains("Sign in as someone"), "{}", off.body);
    let login = browser.get("/acme/login?return_to=/acme/account");
    assert!(!login.body.contains("sign-up"));
    let token = login.hidden("form_token");
    let posted =
        browser.post("/acme/sign-up", &[("form_token", &token), ("username", "ann"), ("password", "correct horse")]);
    assert_eq!((posted.status, world.users()), (404, 1));
    world.change_workspace(|row| row.policy.sign_up = true);
    let login = browser.get("/acme/login?return_to=/acme/account");
    let href = "/acme/sign-up?return_to=%2Facme%2Faccount";
    assert!(login.body.contains(&format!("<a id=\"sign-up\" href=\"{href}\">")), "{}", login.body);
    let page = browser.get(href);
    assert!(page.body.contains("<a id=\"login\" href=\"/acme/login?return_to=%2Facme%2Faccount\">"), "{}", page.body);
    let strip = |answer: Answer| answer.body.replace(answer.header("x-request-id").unwrap(), "ID");
    let [nobody, nowhere] = ["/nobody/sign-up", "/nobody/login"].map(|path| strip(world.get(path, &[])));
    assert_eq!(nobody, nowhere, "an unknown workspace is uniform");
}

#[test]
fn what_does_not_fit_is_told_beside_its_field_and_nothing_is_stored() {
    let world = open_world();
    let long = "a".repeat(30_000);
    for (username, password, told) in [
        ("", "correct horse", "username-error"),
        ("Ann", "correct horse", "username-error"),
        ("b\u{43e}b", "correct horse", "username-error"),
        ("bob\u{200b}", "correct horse", "username-error"),
        ("\u{202e}bob", "correct horse", "username-error"),
        ("bob ", "correct horse", "username-error"),
        ("<b>", "correct horse", "username-error"),
        (&long, "correct horse", "username-error"),
        ("ann", "short", "password-error"),
        ("ann-of-acme", "ann-of-acme", "password-error"),
        ("ann", &long, "password-error"),
    ] {
        let answer = sign_up(&mut Browser::new(&world), username, password);
        assert_eq!(answer.status, 422, "{username}");
        assert!(answer.body.contains(&format!("id=\"{told}\"")), "{username}: {}", answer.body);
        assert!(!answer.body.contains("<b>") && !answer.body.contains("correct horse"), "{}", answer.body);
    }
    let mut browser = Browser::new(&world);
    assert_eq!(sign_up(&mut browser, "ann\0", "correct horse").status, 400);
    assert_eq!(sign_up(&mut browser, "ann", &"a".repeat(70_000)).status, 413);
    let page = browser.get("/acme/sign-up");
    let token = page.hidden("form_token");
    let named = |name| {
        [("form_token", token.as_str()), ("username", "ann"), ("password", "correct horse"), ("display_name", name)]
    };
    let wrong = browser.post("/acme/sign-up", &named("two\nlines"));
    assert!(wrong.status == 422 && wrong.body.contains("id=\"display_name-error\""), "{}", wrong.body);
    assert_eq!(world.users(), 1);
    assert_eq!(browser.post("/acme/sign-up", &named("  ")).status, 303);
    assert_eq!(world.user("ann").unwrap().display_name, "ann", "without a name they are called by their user name");
}

#[test]
fn a_name_that_is_taken_is_told_and_its_owner_loses_nothing() {
    let world = open_world();
    let mut browser = Browser::new(&world);
    let answer = sign_up(&mut browser, "bob", "correct horse");
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("This user name is taken") && answer.body.contains("value=\"Ann of Acme\""));
    assert!(!browser.cookies.contains_key("__Host-gry_se_acme"));
    assert_eq!(Browser::new(&world).sign_in("/acme/login", "bob", "correct horse").status, 422);
    assert_eq!(Browser::new(&world).sign_in("/acme/login", "bob", "secret").status, 303);
}

#[test]
fn a_form_sent_twice_makes_one_account_and_the_person_stays_signed_in() {
    let world = open_world();
    let mut browser = Browser::new(&world);
    let page = browser.get("/acme/sign-up");
    assert_eq!(fill_in(&mut browser, &page, "ann", "correct horse").status, 303);
    assert_eq!(fill_in(&mut browser, &page, "ann", "correct horse").status, 422);
    assert_eq!((world.users(), browser.get("/acme/account").status), (2, 200));
}

#[test]
fn a_form_has_to_come_from_our_page_in_this_browser_and_lately() {
    let world = open_world();
    let mut browser = Browser::new(&world);
    let token = browser.get("/acme/sign-up").hidden("form_token");
    let of_login = browser.get("/acme/login").hidden("form_token");
    let form = |token: &'static str| [("form_token", token), ("username", "ann"), ("password", "correct horse")];
    let (token, of_login): (&'static str, &'static str) = (token.leak(), of_login.leak());
    assert_eq!(browser.post_from("https://evil.test", "/acme/sign-up", &form(token)).status, 403);
    assert_eq!(browser.post_across("cross-site", "/acme/sign-up", &form(token)).status, 403);
    assert_eq!(browser.post("/acme/sign-up", &form("")).status, 403);
    assert_eq!(browser.post("/acme/sign-up", &form(of_login)).status, 403, "a form token of another form");
    let mut other = Browser::new(&world);
    other.get("/acme/sign-up");
    assert_eq!(other.post("/acme/sign-up", &form(token)).status, 403, "another browser's form");
    world.pass(2 * 3_600);
    let old = browser.post("/acme/sign-up", &form(token));
    assert!(old.status == 403 && old.body.contains("value=\"ann\""), "{}", old.body);
    assert_eq!(world.users(), 1);
    assert_eq!(fill_in(&mut browser, &old, "ann", "correct horse").status, 303, "the fresh form works");
}

/// Whoever has an account is not to read that nothing was changed.
#[test]
fn a_request_that_cannot_go_on_is_told_before_the_account_is_made() {
    let world = open_world();
    let mut browser = Browser::new(&world);
    let token = browser.get("/acme/sign-up").hidden("form_token");
    let form = |request| {
        [("form_token", token.as_str()), ("request", request), ("username", "ann"), ("password", "correct horse")]
    };
    let told = browser.post("/acme/sign-up", &form("garbage"));
    assert_eq!((told.status, world.users()), (403, 1), "{}", told.body);
    assert!(told.body.contains("no account was made") && told.body.contains("value=\"ann\""), "{}", told.body);
    assert!(!told.body.contains("name=\"request\""), "the next one stands without it");
    assert_eq!(fill_in(&mut browser, &told, "ann", "correct horse").location(), "/acme/oauth2");
    let again = [("form_token", token.as_str()), ("request", "garbage"), ("decision", "cancel")];
    assert_eq!(browser.post("/acme/sign-up", &again).status, 403);
}

#[test]
fn whoever_is_signed_in_reads_that_a_new_account_signs_them_out() {
    let world = open_world();
    let bob = world.user("bob").unwrap();
    wait(world.server().store().write(world.workspace, move |tx| {
        tx.change_profile(&bob, &User { display_name: "<i>Bob".to_owned(), ..bob.clone() })
    }))
    .unwrap();
    let line = "A new account signs you out.";
    let page = world.bob().get("/acme/sign-up");
    assert!(page.body.contains(line) && !page.body.contains("<i>"), "{}", page.body);
    assert!(page.body.contains("You are signed in as <strong>&#60;i&#62;Bob</strong>."), "{}", page.body);
    assert!(!Browser::new(&world).get("/acme/sign-up").body.contains(line));
}

#[test]
fn return_to_stays_in_the_workspace() {
    let world = open_world();
    for (number, (return_to, goes_to)) in [
        ("/acme/account", "/acme/account"),
        ("https://evil.test/", "/acme/oauth2"),
        ("//evil.test/", "/acme/oauth2"),
        ("/acme/../other/account", "/acme/oauth2"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut browser = Browser::new(&world);
        let token = browser.get("/acme/sign-up").hidden("form_token");
        let username = format!("ann{number}");
        let form = [
            ("form_token", token.as_str()),
            ("username", &username),
            ("password", "correct horse"),
            ("return_to", return_to),
        ];
        assert_eq!(browser.post("/acme/sign-up", &form).location(), goes_to, "{return_to}");
    }
}

#[test]
fn an_address_makes_so_many_accounts_and_then_waits() {
    let world = open_world();
    let mut browser = Browser::new(&world);
    for _ in 0..40 {
        assert_eq!(sign_up(&mut browser, "bob", "correct horse").status, 422);
    }
    let refused = sign_up(&mut browser, "ann", "correct horse");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert!(refused.body.contains("Try again in 60 seconds") && refused.body.contains("value=\"ann\""));
    assert_eq!(sign_up(&mut browser, "ann", "short").status, 422, "what does not fit costs nothing");
    world.pass(60);
    assert_eq!(sign_up(&mut browser, "ann", "correct horse").status, 303);
}

#[test]
fn many_addresses_together_do_not_fill_a_workspace() {
    let world = opened(World::with(Engine::Sqlite, |settings| {
        settings.trusted_proxies = vec![Network::parse("127.0.0.1").unwrap()];
    }));
    let mut browser = Browser::new(&world);
    let token = browser.get("/acme/sign-up").hidden("form_token");
    let mut from = |address: &str| {
        let form = [("form_token", token.as_str()), ("username", "bob"), ("password", "correct horse")];
        browser.post_with(("x-forwarded-for", address), "/acme/sign-up", &form)
    };
    for (subscriber, network) in (0..10).flat_map(|subscriber| (0..40).map(move |network| (subscriber, network))) {
        assert_eq!(from(&format!("2001:db8:{subscriber}:{network:x}::1")).status, 422, "{subscriber} {network}");
    }
    let same = from("2001:db8:0:ff::1");
    assert_eq!((same.status, same.header("retry-after")), (429, Some("60")), "one subscriber, whatever the network");
    let other = from("2001:db8:a::1");
    assert_eq!((other.status, other.header("retry-after")), (429, Some("6")));
    assert!(other.body.contains("asked for in this workspace"), "{}", other.body);
    world.pass(6);
    assert_eq!(from("2001:db8:a::1").status, 422);
}

#[test]
fn a_full_line_for_passwords_is_told_and_no_account_is_made() {
    let world = opened(World::with(Engine::Sqlite, |settings| {
        settings.workers = 1;
        settings.password_queue = 1;
    }));
    let names: Vec<String> = (0..16).map(|number| format!("ann{number}")).collect();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let world = &world;
        let asking: Vec<_> =
            names.iter().map(|name| scope.spawn(|| sign_up(&mut Browser::new(world), name, "correct horse"))).collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect()
    });
    let made = answers.iter().filter(|answer| answer.status == 303).count();
    let told = |answer: &&Answer| answer.status == 503 && answer.header("retry-after") == Some("1");
    assert!(answers.iter().any(|answer| told(&answer)), "{answers:?}");
    assert_eq!(made + answers.iter().filter(told).count(), 16);
    assert_eq!(world.users(), 1 + i64::try_from(made).unwrap());
}

/// The workspace as this server read it a moment ago is not enough to make an account in.
#[test]
fn nothing_is_made_in_a_workspace_that_was_switched_off_or_is_gone() {
    for gone in [false, true] {
        let world = open_world();
        let mut browser = Browser::new(&world);
        let page = browser.get("/acme/sign-up");
        let id = world.workspace;
        wait(world.server().store().write_instance(move |instance| {
            let mut row = instance.find_workspace_by_id(id)?.unwrap();
            row.policy.sign_up = false;
            if gone { instance.delete_workspace(id) } else { instance.update_workspace(&row) }
        }))
        .unwrap();
        let before = world.users();
        assert_eq!(fill_in(&mut browser, &page, "ann", "correct horse").status, 404);
        assert_eq!((world.users(), browser.cookies.contains_key("__Host-gry_se_acme")), (before, false));
        world.pass(2);
        assert_eq!(browser.get("/acme/sign-up").status, 404);
    }
}

fn one_of_many_gets_a_name(worlds: &[&World]) {
    const PARALLEL: usize = 16;
    let world = worlds[0];
    let barrier = Barrier::new(PARALLEL);
    let answers: Vec<(u16, bool)> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..PARALLEL)
            .map(|number| {
                let (world, barrier) = (worlds[number % worlds.len()], &barrier);
                scope.spawn(move || {
                    let mut browser = Browser::new(world);
                    let page = browser.get("/acme/sign-up");
                    barrier.wait();
                    let status = fill_in(&mut browser, &page, "ann", "correct horse").status;
                    (status, browser.cookies.contains_key("__Host-gry_se_acme"))
                })
            })
            .collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect()
    });
    let made = answers.iter().filter(|(status, signed_in)| *status == 303 && *signed_in).count();
    let told = answers.iter().filter(|(status, signed_in)| *status == 422 && !signed_in).count();
    assert_eq!((made, told), (1, PARALLEL - 1), "{answers:?}");
    let ann = world.user("ann").unwrap();
    let now = world.server().clock().now();
    let sessions = wait(world.server().store().read(world.workspace, move |tx| tx.list_sessions(ann.id, now))).unwrap();
    assert_eq!((world.users(), sessions.len()), (2, 1));
}

#[test]
fn sqlite_one_of_many_gets_a_name() {
    one_of_many_gets_a_name(&[&open_world()]);
}

#[test]
fn postgres_one_of_many_gets_a_name_across_two_processes() {
    let world = opened(World::on(Engine::Postgres));
    let other = world.another();
    one_of_many_gets_a_name(&[&world, &other]);
}

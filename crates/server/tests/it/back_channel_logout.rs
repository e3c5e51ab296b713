//! OpenID Connect Back-Channel Logout 1.0, at the front door, with a client that has a web server. Names begin with its sections.

use crate::harness::{Answer, Browser, Engine, ISSUER, World, jwt_part, wait};
use crate::site::{Page, Silent, Site, reach};
use grantry_protocol::authorize::SignedIn;
use grantry_protocol::client::Registration;
use grantry_protocol::client::SubjectType;
use grantry_protocol::jose::Algorithm;
use grantry_protocol::types::Seconds;
use grantry_protocol::{ClientRow, Scope, UserId};
use grantry_server::operator::{self, Command, user};
use grantry_server::settings::Reach;
use grantry_storage::{LogoutDelivery, NewSession};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LOGOUT: &str = "/backchannel";

/// With the client `rp`, whose site takes what it is told.
fn world(site: &Site) -> World {
    world_with(site, |_| ())
}

fn world_with(site: &Site, change: impl Fn(&mut Registration)) -> World {
    let world = World::new();
    site.show(LOGOUT, Page::status(200));
    register(&world, site, "rp", change);
    world
}

fn register(world: &World, site: &Site, client_id: &str, change: impl Fn(&mut Registration)) {
    world.register(client_id, |registration| {
        registration.scope = Scope::parse("openid read").unwrap();
        registration.openid.backchannel_logout_uri = Some(site.url(LOGOUT));
        change(registration);
    });
}

/// Signs in to a client: what its ID Token says.
fn sign_in_to(browser: &mut Browser<'_>, client_id: &str) -> Value {
    jwt_part(&browser.sign_in_to(client_id, "").text("id_token"), 1)
}

fn sign_out(browser: &mut Browser<'_>) -> Answer {
    let path = "/acme/account/sign-out";
    let token = browser.get("/acme/account").form_token(path);
    browser.post(path, &[("form_token", &token)])
}

/// The Logout Token of the request with this number.
fn received(site: &Site, number: usize) -> String {
    site.wait_for(LOGOUT, number + 1);
    let request = site.received(LOGOUT).swap_remove(number);
    assert_eq!((&*request.method, request.header("content-type")), ("POST", Some("application/x-www-form-urlencoded")));
    let fields: Vec<_> = form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    let [(name, token)] = fields.as_slice() else { panic!("{}", request.body) };
    assert_eq!(name, "logout_token");
    token.clone()
}

fn deliveries(world: &World, client_id: &'static str) -> Vec<LogoutDelivery> {
    let work = world.server().store().read(world.workspace, move |tx| match tx.find_client(client_id)? {
        Some(client) => tx.list_deliveries(client.row, 100),
        None => Ok(Vec::new()),
    });
    wait(work).unwrap()
}

/// Waits until a delivery looks like this.
fn until(world: &World, is_so: impl Fn(&LogoutDelivery) -> bool) -> LogoutDelivery {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let found = deliveries(world, "rp");
        if let [delivery] = found.as_slice()
            && is_so(delivery)
        {
            return delivery.clone();
        }
        assert!(Instant::now() < deadline, "{found:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Time passes, and the server looks at what is due, as it does after every command of an operator.
fn pass(world: &World, seconds: i64) {
    world.pass(seconds);
    wait(operator::execute(world.server(), Command::Status)).unwrap();
}

#[test]
fn s2_4_the_client_is_told_at_once_who_signed_out_and_of_which_session() {
    let site = Site::new();
    let world = world(&site);
    let keys = world.get("/acme/oauth2/jwks", &[]).json();
    let mut bob = world.bob();
    let id_token = sign_in_to(&mut bob, "rp");
    assert_eq!(sign_out(&mut bob).status, 303);
    let token = received(&site, 0);
    let (header, payload) = (jwt_part(&token, 0), jwt_part(&token, 1));
    let now = world.server().clock().now().as_unix();
    assert_eq!(header, json!({ "typ": "logout+jwt", "alg": "RS256", "kid": keys["keys"][0]["kid"] }));
    assert!(payload["jti"].as_str().unwrap().len() >= 20);
    let expected = json!({
        "iss": ISSUER, "aud": "rp", "sub": id_token["sub"], "sid": id_token["sid"], "iat": now, "exp": now + 120,
        "jti": payload["jti"], "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    assert_eq!(payload, expected);
    let delivery = until(&world, |delivery| delivery.delivered_at.is_some());
    assert_eq!((delivery.attempts, delivery.next_attempt_at, delivery.last_problem), (1, None, None));
}

#[test]
fn s2_6_it_is_signed_as_the_id_tokens_of_the_client_and_tells_its_own_sub() {
    let site = Site::new();
    let world = world_with(&site, |registration| {
        registration.openid.id_token_signed_response_alg = Algorithm::EdDSA;
        registration.openid.subject_type = SubjectType::Pairwise;
    });
    let mut bob = world.bob();
    let id_token = sign_in_to(&mut bob, "rp");
    sign_out(&mut bob);
    let token = received(&site, 0);
    assert_eq!(jwt_part(&token, 0)["alg"], "EdDSA");
    assert_eq!(jwt_part(&token, 1)["sub"], id_token["sub"]);
    assert_ne!(id_token["sub"], "sub-bob");
    // A Logout Token is no ID Token, and the other way round.
    let answer =
        Browser::new(&world).get(&format!("/acme/oauth2/logout?id_token_hint={token}&post_logout_redirect_uri=x"));
    assert_eq!(answer.location(), "/acme/account/signed-out");
}

#[test]
fn s2_5_clients_hear_of_every_way_to_end_a_session_once() {
    let site = Site::new();
    let world = world(&site);
    let all = "/acme/account/sessions/sign-out-all";
    let withdraw = "/acme/account/apps/rp/withdraw";
    let mut told = 0;
    let mut hears = |sid: &Value| {
        assert_eq!(jwt_part(&received(&site, told), 1)["sid"], *sid);
        told += 1;
    };

    let (mut here, mut there) = (world.bob(), world.bob());
    let (first, second) = (sign_in_to(&mut here, "rp")["sid"].clone(), sign_in_to(&mut there, "rp")["sid"].clone());
    let token = here.get("/acme/account").form_tokens(all).remove(0);
    here.post(all, &[("form_token", &token), ("which", "others")]);
    hears(&second);
    let token = here.get(withdraw).form_token(withdraw);
    here.post(withdraw, &[("form_token", &token)]);
    hears(&first);

    let again = sign_in_to(&mut here, "rp")["sid"].clone();
    assert_eq!(again, first, "it is the same session");
    world.create_user("alice", "secret");
    here.sign_in("/acme/login", "alice", "secret");
    hears(&first);

    let hers = sign_in_to(&mut here, "rp")["sid"].clone();
    let command = |command| Command::User("acme".to_owned(), command);
    let update = user::Changes { disabled: Some(true), ..user::Changes::default() };
    wait(operator::execute(world.server(), command(user::Command::Update("alice".to_owned(), Box::new(update)))))
        .unwrap();
    hears(&hers);

    let mut bob = world.bob();
    let his = sign_in_to(&mut bob, "rp")["sid"].clone();
    wait(operator::execute(world.server(), command(user::Command::Delete("bob".to_owned())))).unwrap();
    let token = received(&site, 4);
    assert_eq!(
        (&jwt_part(&token, 1)["sid"], jwt_part(&token, 1).get("sub")),
        (&his, None),
        "nobody has that sub any more"
    );
    assert_eq!(deliveries(&world, "rp").len(), 5);
    assert_eq!(site.count(LOGOUT), 5);
}

#[test]
fn s2_8_a_client_that_fails_is_told_again_and_its_owner_sees_it() {
    let site = Site::new();
    let world = world(&site);
    site.show(LOGOUT, Page::status(500));
    world.create_user("admin", "secret");
    let mut admin = Browser::new(&world);
    admin.sign_in("/acme/login", "admin", "secret");
    let page = |admin: &mut Browser<'_>| admin.get("/acme/oauth2/apps/rp").body;
    assert!(page(&mut admin).contains("There was none in the last seven days"));
    assert!(!admin.get("/acme/oauth2/apps/app").body.contains("Sign-out notices"), "it is not told");

    let mut bob = world.bob();
    sign_in_to(&mut bob, "rp");
    sign_out(&mut bob);
    let mut tokens = vec![received(&site, 0)];
    for (attempt, wait) in [(1, 10), (2, 60), (3, 300), (4, 1_800), (5, 7_200)] {
        let next = world.server().clock().now().plus(Seconds(wait));
        let failed = until(&world, |it| it.last_problem.is_some() && it.next_attempt_at == Some(next));
        assert_eq!(failed.attempts, attempt);
        assert_eq!(failed.last_problem.as_deref(), Some("the URL answers with status 500, not 200"));
        if attempt == 1 {
            let body = page(&mut admin);
            assert!(body.contains("waiting") && body.contains("status 500") && body.contains("Next attempt"), "{body}");
        }
        pass(&world, wait);
        tokens.push(received(&site, tokens.len()));
    }
    let given_up = until(&world, |delivery| delivery.next_attempt_at.is_none());
    assert_eq!((given_up.attempts, given_up.delivered_at), (6, None));
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 6, "each attempt has a Logout Token of its own");
    admin.sign_in("/acme/login", "admin", "secret");
    assert!(page(&mut admin).contains("given up"));
}

#[test]
fn s2_8_what_fails_at_first_arrives_later_even_through_another_process() {
    let site = Site::new();
    let world = World::on(Engine::Postgres);
    site.show(LOGOUT, Page::status(400));
    register(&world, &site, "rp", |_| ());
    let mut bob = world.bob();
    sign_in_to(&mut bob, "rp");
    sign_out(&mut bob);
    until(&world, |delivery| delivery.last_problem.is_some());
    site.show(LOGOUT, Page::status(204));
    // The process that began it stops; both run for a while.
    let another = world.another();
    world.serving.stop();
    pass(&another, 10);
    let delivery = until(&another, |delivery| delivery.delivered_at.is_some());
    assert_eq!((delivery.attempts, site.count(LOGOUT)), (2, 2));
}

#[test]
fn s2_5_two_processes_tell_a_client_once() {
    let site = Site::new();
    let world = World::on(Engine::Postgres);
    site.show(LOGOUT, Page::status(200));
    register(&world, &site, "rp", |_| ());
    let another = world.another();
    for round in 1..=5 {
        let mut bob = world.bob();
        sign_in_to(&mut bob, "rp");
        let token = bob.get("/acme/account").form_token("/acme/account/sign-out");
        let mut bob = Browser { world: &another, cookies: bob.cookies.clone() };
        bob.post("/acme/account/sign-out", &[("form_token", &token)]);
        site.wait_for(LOGOUT, round);
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while deliveries(&world, "rp").iter().any(|delivery| delivery.delivered_at.is_none()) {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((site.count(LOGOUT), deliveries(&world, "rp").len()), (5, 5));
    assert!(deliveries(&world, "rp").iter().all(|delivery| delivery.attempts == 1));
}

#[test]
fn s2_5_a_slow_client_holds_up_nobody() {
    let (slow, site) = (Site::new(), Site::new());
    slow.hold();
    let world = world(&site);
    register(&world, &slow, "slow", |_| ());
    let mut bob = world.bob();
    sign_in_to(&mut bob, "slow");
    sign_in_to(&mut bob, "rp");
    assert_eq!(sign_out(&mut bob).status, 303);
    slow.wait_for(LOGOUT, 1);
    received(&site, 0);
    until(&world, |delivery| delivery.delivered_at.is_some());
    assert_eq!(deliveries(&world, "slow")[0].delivered_at, None);
    slow.release();
}

#[test]
fn s2_5_a_person_with_many_slow_clients_holds_up_nobody() {
    const CLIENTS: u8 = 40;
    let (slow, site) = (Silent::new(), Site::new());
    let world = World::with(Engine::Sqlite, |settings| {
        settings.outbound = Reach { timeout: Duration::from_secs(60), ..reach() };
    });
    site.show(LOGOUT, Page::status(200));
    register(&world, &site, "rp", |_| ());
    world.create_user("alice", "secret");
    let (mut bob, mut alice) = (world.bob(), Browser::new(&world));
    alice.sign_in("/acme/login", "alice", "secret");
    sign_in_to(&mut alice, "rp");
    for n in 1..=CLIENTS {
        let url = slow.url(n);
        let uri = || Some(url.clone());
        register(&world, &site, &format!("slow-{n}"), |it| it.openid.backchannel_logout_uri = uri());
        sign_in_to(&mut bob, &format!("slow-{n}"));
    }
    sign_out(&mut bob);
    slow.wait_for(8);
    sign_out(&mut alice);
    received(&site, 0);
    until(&world, |delivery| delivery.delivered_at.is_some());
    slow.hang_up();
    let all = wait(world.server().store().read(world.workspace, |tx| {
        let clients: Vec<_> = (1..=CLIENTS).map(|n| tx.find_client(&format!("slow-{n}"))).collect();
        Ok(clients.into_iter().flatten().flatten().map(|client| client.row).collect::<Vec<_>>())
    }));
    let all = all.unwrap();
    assert_eq!(all.len(), usize::from(CLIENTS));
    let deadline = Instant::now() + Duration::from_secs(20);
    for client in all {
        let tried = || {
            let rows = wait(world.server().store().read(world.workspace, move |tx| tx.list_deliveries(client, 2)));
            rows.unwrap()[0].last_problem.is_some()
        };
        while !tried() {
            assert!(Instant::now() < deadline, "each share came back, and the next client was told");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Sessions of a user that signed in to these clients end, so often, as if a browser each had signed out.
fn end_sessions(world: &World, user: UserId, clients: [ClientRow; 2], times: i64) {
    let now = world.server().clock().now();
    let work = world.server().store().write(world.workspace, move |tx| {
        for number in 0..times {
            let sid = format!("{}-{number}", user.0);
            let new = NewSession {
                sid: sid.clone(),
                user,
                auth_time: now,
                expires_at: now.plus(Seconds::hours(1)),
                user_agent: "Browser".to_owned(),
                address: "192.0.2.1".to_owned(),
            };
            let session = tx.insert_session(&new, now)?;
            let by = SignedIn { user, session, sid, auth_time: now };
            for client in clients {
                assert!(tx.note_session_client(&by, client, new.expires_at)?);
            }
            tx.end_session(session, user, now)?;
        }
        Ok(())
    });
    wait(work).unwrap();
}

fn a_backlog_at_one_host_holds_up_nobody(engine: Engine) {
    const PLACES_AT_A_HOST: usize = 8;
    let (slow, site) = (Silent::new(), Site::new());
    let world = World::with(engine, |settings| {
        settings.outbound = Reach { timeout: Duration::from_secs(60), ..reach() };
    });
    site.show(LOGOUT, Page::status(200));
    register(&world, &site, "rp", |_| ());
    let mut bob = world.bob();
    sign_in_to(&mut bob, "rp");
    let url = slow.url(1);
    let clients = ["slow-1", "slow-2"]
        .map(|client_id| world.register(client_id, |it| it.openid.backchannel_logout_uri = Some(url.clone())));
    for n in 0..4 {
        let user = world.create_user(&format!("user-{n}"), "secret");
        end_sessions(&world, user, clients, 40);
    }
    wait(operator::execute(world.server(), Command::Status)).unwrap();
    slow.wait_for(PLACES_AT_A_HOST);
    assert_eq!(sign_out(&mut bob).status, 303);
    received(&site, 0);
    until(&world, |delivery| delivery.delivered_at.is_some());
    let rows = clients.map(|client| {
        wait(world.server().store().read(world.workspace, move |tx| tx.list_deliveries(client, 1_000))).unwrap()
    });
    let touched = |it: &&LogoutDelivery| it.attempts > 0 || it.next_attempt_at != Some(it.created_at);
    assert_eq!(rows.iter().flatten().count(), 320);
    assert_eq!(rows.iter().flatten().filter(touched).count(), PLACES_AT_A_HOST, "without a place nothing is written");
    slow.hang_up();
}

#[test]
fn s2_5_a_backlog_at_one_slow_host_holds_up_nobody() {
    a_backlog_at_one_host_holds_up_nobody(Engine::Sqlite);
}

#[test]
fn s2_5_a_backlog_at_one_slow_host_holds_up_nobody_on_postgres() {
    a_backlog_at_one_host_holds_up_nobody(Engine::Postgres);
}

#[test]
fn s2_5_an_app_that_is_not_told_any_more_is_not_told() {
    let site = Site::new();
    let world = world(&site);
    site.show(LOGOUT, Page::status(503));
    let mut bob = world.bob();
    sign_in_to(&mut bob, "rp");
    sign_out(&mut bob);
    until(&world, |delivery| delivery.last_problem.is_some());
    world.change_registration("rp", |registration| registration.openid.backchannel_logout_uri = None);
    pass(&world, 10);
    let delivery = until(&world, |delivery| delivery.next_attempt_at.is_none());
    assert!(delivery.last_problem.unwrap().contains("backchannel_logout_uri"));
    assert_eq!(site.count(LOGOUT), 1);
}

#[test]
fn s2_5_an_app_with_more_sessions_than_places_hears_of_every_end() {
    const SESSIONS: usize = 10;
    let site = Site::new();
    let world = world(&site);
    world.create_user("alice", "secret");
    for n in 0..SESSIONS {
        let mut browser = Browser::new(&world);
        browser.sign_in("/acme/login", ["alice", "bob"][n % 2], "secret");
        sign_in_to(&mut browser, "rp");
    }
    let count =
        |is_so: &dyn Fn(&LogoutDelivery) -> bool| deliveries(&world, "rp").iter().filter(|it| is_so(it)).count();
    let until = |wanted: usize, is_so: &dyn Fn(&LogoutDelivery) -> bool| {
        let deadline = Instant::now() + Duration::from_secs(20);
        while count(is_so) != wanted {
            assert!(Instant::now() < deadline, "{:?}", deliveries(&world, "rp"));
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    site.hold();
    for username in ["alice", "bob"] {
        let update = user::Changes { disabled: Some(true), ..user::Changes::default() };
        let update = user::Command::Update(username.to_owned(), Box::new(update));
        wait(operator::execute(world.server(), Command::User("acme".to_owned(), update))).unwrap();
    }
    site.wait_for(LOGOUT, 8);
    until(2, &|it| it.next_attempt_at == Some(it.created_at) && it.attempts == 0);
    site.release();
    until(SESSIONS, &|it| it.delivered_at.is_some() && it.attempts == 1);
    assert_eq!(site.count(LOGOUT), SESSIONS);
}

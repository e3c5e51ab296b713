//! Asking other servers: whom it reaches, what it reads, and how often it asks.

use crate::harness::{Engine, World, wait};
use crate::signer::{Signer, unsigned};
use crate::site::{Page, Silent, Site, reach};
use axum::http::StatusCode;
use grantry_protocol::client::AuthMethod;
use grantry_protocol::jose::Algorithm;
use grantry_protocol::workspace::DynamicRegistrationPolicy;
use grantry_server::outbound::{Asker, Fetched, Unreachable};
use grantry_server::settings::{Network, Reach};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

type Got = Result<Arc<Fetched>, Unreachable>;

fn asker(world: &World) -> Asker {
    Asker { workspace: world.workspace, place: world.address.ip() }
}

fn get(world: &World, url: &str) -> Got {
    wait(world.server().outbound().get(&Url::parse(url).unwrap(), asker(world)))
}

fn get_fresh(world: &World, url: &str) -> Got {
    wait(world.server().outbound().get_fresh(&Url::parse(url).unwrap(), asker(world)))
}

fn failure(world: &World, url: &str) -> Unreachable {
    get(world, url).expect_err(url)
}

fn body(got: &Got) -> &[u8] {
    &got.as_ref().unwrap().body
}

fn world_reaching(reach: Reach) -> World {
    World::with(Engine::Sqlite, move |settings| settings.outbound = reach.clone())
}

#[test]
fn what_a_site_shows_is_fetched() {
    let (site, world) = (Site::new(), World::new());
    site.show("/jwks", Page::json(&json!({ "keys": [] })));
    let fetched = get(&world, &site.url("/jwks?a=b#fragment")).unwrap();
    assert_eq!((&fetched.body[..], fetched.content_type.as_deref()), (&b"{\"keys\":[]}"[..], Some("application/json")));
    let [request] = site.received("/jwks").try_into().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/jwks?a=b"));
    assert_eq!(request.header("host"), Some(site.url("").trim_start_matches("https://")));
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    for absent in ["cookie", "authorization", "referer"] {
        assert_eq!(request.header(absent), None);
    }
    assert_eq!(body(&get(&world, &site.url("/jwks").replace("localhost", "127.0.0.1"))), b"{\"keys\":[]}");
}

#[test]
fn addresses_that_are_not_public_are_not_reached() {
    let site = Site::new();
    let world = world_reaching(Reach { private: Vec::new(), ..reach() });
    // No name has so long a label, so nobody has to be asked to know that this one does not exist.
    let unknown = format!("{}.example", "x".repeat(64));
    for host in [
        "localhost",
        "localhost.",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        &unknown,
        "10.0.0.1",
        "169.254.169.254",
    ] {
        let url = site.url("/jwks").replace("localhost", host);
        assert_eq!(failure(&world, &url), Unreachable::NoAddress, "{host}");
        let posted = post(&world, &Url::parse(&url).unwrap(), "");
        assert_eq!(posted, Err(Unreachable::NoAddress), "{host}");
    }
    assert_eq!(site.count("/jwks"), 0);
}

#[test]
fn networks_that_the_operator_lists_are_reached_and_no_others() {
    let site = Site::new();
    site.show("/", Page::new("text/plain", "here"));
    let private = vec![Network::parse("127.0.0.1").unwrap()];
    let world = world_reaching(Reach { private, ..reach() });
    assert_eq!(body(&get(&world, &site.url("/"))), b"here");
    assert_eq!(failure(&world, "https://127.0.0.2/"), Unreachable::NoAddress);
    let mapped = site.url("/").replace("localhost", "[::ffff:127.0.0.1]");
    assert_eq!(failure(&world, &mapped), Unreachable::Failed, "reached, and its certificate is not for this address");
}

#[test]
fn only_https_is_spoken() {
    let (site, world) = (Site::new(), World::new());
    assert_eq!(failure(&world, &site.url("/").replace("https:", "http:")), Unreachable::NotAllowed);
    assert_eq!(failure(&world, &format!("https://{}/healthz", world.address)), Unreachable::Failed, "not TLS");
}

#[test]
fn certificates_have_to_be_trusted_and_valid_now() {
    let site = Site::new();
    site.show("/", Page::new("text/plain", "here"));
    let stranger = world_reaching(Reach { certificates: Default::default(), ..reach() });
    assert_eq!(failure(&stranger, &site.url("/")), Unreachable::Failed);
    let world = World::new();
    assert_eq!(body(&get(&world, &site.url("/"))), b"here");
    world.pass(20 * 365 * 86_400);
    assert_eq!(failure(&world, &site.url("/")), Unreachable::Failed, "expired by the server's clock");
    assert_eq!(site.count("/"), 1);
}

#[test]
fn redirects_and_other_failures_are_no_answers() {
    let (site, world) = (Site::new(), World::new());
    site.show("/here", Page::new("text/plain", "here"));
    for status in [301, 302, 303, 307, 308] {
        site.show("/moved", Page::status(status).header("location", &site.url("/here")));
        assert_eq!(failure(&world, &site.url(&format!("/moved?{status}"))), Unreachable::Redirected);
    }
    for status in [204, 206, 304, 400, 404, 500] {
        site.show("/odd", Page::status(status));
        let expected = if status == 304 { Unreachable::Redirected } else { Unreachable::WrongStatus };
        assert_eq!(failure(&world, &site.url(&format!("/odd?{status}"))), expected, "{status}");
    }
    site.show("/packed", Page::new("application/json", "x").header("content-encoding", "gzip"));
    assert_eq!(failure(&world, &site.url("/packed")), Unreachable::Encoded);
    assert_eq!(site.count("/here"), 0);
}

#[test]
fn no_more_is_read_than_the_limit() {
    let (site, world) = (Site::new(), World::new());
    site.show("/endless", Page::endless());
    assert_eq!(failure(&world, &site.url("/endless")), Unreachable::TooLarge);
    site.show("/large", Page::new("text/plain", &"x".repeat(64 * 1024 + 1)));
    assert_eq!(failure(&world, &site.url("/large")), Unreachable::TooLarge);
    site.show("/just", Page::new("text/plain", &"x".repeat(64 * 1024)));
    assert_eq!(body(&get(&world, &site.url("/just"))).len(), 64 * 1024);
    site.show("/head", Page::status(200).header("x", &"x".repeat(32 * 1024)));
    assert_eq!(failure(&world, &site.url("/head")), Unreachable::Failed);
}

#[test]
fn a_slow_answer_is_given_up() {
    let site = Site::new();
    let world = world_reaching(Reach { timeout: Duration::from_millis(300), ..reach() });
    site.show("/stalling", Page::stalling());
    let begin = Instant::now();
    assert_eq!(failure(&world, &site.url("/stalling")), Unreachable::TimedOut);
    site.hold();
    assert_eq!(failure(&world, &site.url("/held")), Unreachable::TimedOut);
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_answer_is_kept_for_as_long_as_it_says() {
    let (site, world) = (Site::new(), World::new());
    site.show("/a", Page::new("text/plain", "1").header("cache-control", "public, max-age=120"));
    for (pass, count) in [(0, 1), (119, 1), (1, 2)] {
        world.pass(pass);
        assert_eq!(body(&get(&world, &site.url("/a"))), b"1");
        assert_eq!(site.count("/a"), count);
    }
    get(&world, &site.url("/a#another")).unwrap();
    assert_eq!(site.count("/a"), 2, "RFC 9110 §7.1: a fragment is not sent");
}

#[test]
fn a_fresh_answer_is_fetched_once_in_a_while_whoever_wants_it() {
    let (site, world) = (Site::new(), World::new());
    site.show("/jwks", Page::new("text/plain", "1"));
    assert_eq!(body(&get(&world, &site.url("/jwks"))), b"1");
    site.show("/jwks", Page::new("text/plain", "2"));
    for _ in 0..10 {
        assert_eq!(body(&get_fresh(&world, &site.url("/jwks"))), b"1");
    }
    assert_eq!(site.count("/jwks"), 1);
    world.pass(10);
    for _ in 0..10 {
        assert_eq!(body(&get_fresh(&world, &site.url("/jwks"))), b"2");
        assert_eq!(body(&get(&world, &site.url("/jwks"))), b"2");
    }
    assert_eq!(site.count("/jwks"), 2);
}

#[test]
fn a_failure_is_remembered_for_a_moment_and_spoils_nothing() {
    let (site, world) = (Site::new(), World::new());
    let url = site.url("/jwks");
    for _ in 0..10 {
        assert_eq!(failure(&world, &url), Unreachable::WrongStatus);
    }
    assert_eq!(site.count("/jwks"), 1);
    site.show("/jwks", Page::new("text/plain", "1"));
    world.pass(10);
    assert_eq!(body(&get(&world, &url)), b"1");
    site.show("/jwks", Page::status(500));
    world.pass(10);
    assert_eq!(get_fresh(&world, &url).unwrap_err(), Unreachable::WrongStatus);
    assert_eq!(body(&get(&world, &url)), b"1", "what was good stays good");
    assert_eq!(site.count("/jwks"), 3);
}

#[test]
fn those_who_want_the_same_wait_for_one_request() {
    let (site, world) = (Site::new(), World::new());
    site.show("/jwks", Page::new("text/plain", "1"));
    site.hold();
    std::thread::scope(|scope| {
        let wanting: Vec<_> = (0..20)
            .map(|n| {
                let (world, url) = (&world, site.url("/jwks"));
                scope.spawn(move || if n % 2 == 0 { get(world, &url) } else { get_fresh(world, &url) })
            })
            .collect();
        site.wait_for("/jwks", 1);
        site.release();
        assert!(wanting.into_iter().all(|got| body(&got.join().unwrap()) == b"1"));
    });
    assert_eq!(site.count("/jwks"), 1);
}

#[test]
fn hanging_up_spoils_nothing_for_those_who_wait_and_asks_nobody_again() {
    let (site, world) = (Site::new(), World::new());
    site.show("/jwks", Page::new("text/plain", "1"));
    site.hold();
    let (outbound, url) = (world.server().outbound(), Url::parse(&site.url("/jwks")).unwrap());
    wait(async {
        for _ in 0..3 {
            let gone = tokio::time::timeout(Duration::from_millis(50), outbound.get(&url, asker(&world))).await;
            assert!(gone.is_err(), "it is held");
        }
        site.release();
        assert_eq!(body(&outbound.get(&url, asker(&world)).await), b"1");
    });
    assert_eq!(site.count("/jwks"), 1);
}

#[test]
fn a_slow_host_is_full_at_once_and_holds_up_no_other() {
    let (slow, other, world) = (Site::new(), Site::new(), World::new());
    other.show("/", Page::new("text/plain", "here"));
    slow.hold();
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|n| {
                let url = Url::parse(&slow.url(&format!("/jwks?{n}"))).unwrap();
                let (world, asker) = (&world, Asker { place: [192, 0, 2, n].into(), ..asker(&world) });
                scope.spawn(move || wait(world.server().outbound().get(&url, asker)))
            })
            .collect();
        slow.wait_for("/jwks", 8);
        assert_eq!(failure(&world, &slow.url("/more")), Unreachable::Busy);
        assert_eq!(body(&get(&world, &other.url("/").replace("localhost", "127.0.0.1"))), b"here");
        slow.release();
        assert!(asking.into_iter().all(|got| got.join().unwrap().unwrap_err() == Unreachable::WrongStatus));
    });
    let again = failure(&world, &slow.url("/more"));
    assert_eq!(again, Unreachable::WrongStatus, "there is room again, and that there was none is not remembered");
    assert_eq!(slow.count("/more"), 1);
}

#[test]
fn a_stranger_with_many_slow_hosts_is_told_to_wait_and_holds_up_nobody_else() {
    let (slow, site) = (Silent::new(), Site::new());
    let world = World::with(Engine::Sqlite, |settings| {
        settings.outbound = Reach { timeout: Duration::from_secs(20), ..reach() };
        settings.trusted_proxies = vec![Network::parse("127.0.0.1").unwrap()];
    });
    world.change_workspace(|row| row.policy.dynamic_registration = DynamicRegistrationPolicy::Open);
    let register = |client_id: &str, jwks_uri: &str| {
        world.register(client_id, |registration| {
            registration.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            registration.openid.jwks_uri = Some(jwks_uri.to_owned());
            registration.openid.request_uris = vec![slow.url(100)];
        });
    };
    let signer = Signer::new(Algorithm::ES256, None);
    site.show("/jwks", Page::json(&signer.jwks()));
    register("good", &site.url("/jwks"));
    let log_in = |client_id: &str, address: &str| {
        let exp = world.server().clock().now().as_unix() + 60;
        let claims =
            json!({ "iss": client_id, "sub": client_id, "aud": crate::harness::ISSUER, "jti": "1", "exp": exp });
        let assertion = signer.sign(&claims);
        let form = format!(
            "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer\
             &client_assertion={assertion}"
        );
        world.post("/acme/oauth2/token", &form, &[("x-forwarded-for", address)])
    };
    const STRANGER: &str = "2001:db8::1";
    const SAME_NETWORK: &str = "2001:db8::2";
    std::thread::scope(|scope| {
        let log_in = &log_in;
        for n in 1..=6 {
            register(&format!("slow-{n}"), &slow.url(n));
            scope.spawn(move || log_in(&format!("slow-{n}"), STRANGER));
        }
        slow.wait_for(6);
        register("slow-9", &slow.url(9));
        let object = unsigned(&json!({ "alg": "ES256" }), "{}");
        let query = format!("client_id=slow-9&response_type=code&request_uri={}", slow.url(100));
        let by_value = format!("client_id=slow-9&response_type=code&request={object}");
        let sector = json!({ "redirect_uris": [crate::harness::CALLBACK], "sector_identifier_uri": slow.url(101) });
        let forwarded = [("x-forwarded-for", SAME_NETWORK)];
        for answer in [
            log_in("slow-9", SAME_NETWORK),
            world.get(&format!("/acme/oauth2/authorize?{query}"), &forwarded),
            world.get(&format!("/acme/oauth2/authorize?{by_value}"), &forwarded),
            world.post_json("/acme/oauth2/register", &sector, &forwarded),
        ] {
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{}", answer.body);
        }
        let answer = log_in("good", "192.0.2.1");
        assert_eq!(answer.status, 200, "{}", answer.body);
        slow.hang_up();
    });
    let answer = log_in("good", STRANGER);
    assert_eq!(answer.error(), "invalid_client", "the assertion was used before, and its keys could be read");
}

fn post(world: &World, url: &Url, body: &str) -> Result<StatusCode, Unreachable> {
    let outbound = world.server().outbound();
    wait(outbound.post_form(outbound.recipient(url)?, body.to_owned()))
}

#[test]
fn a_form_is_posted_each_time_and_its_status_told() {
    let (site, world) = (Site::new(), World::new());
    let url = Url::parse(&site.url("/logout")).unwrap();
    let post = || post(&world, &url, "logout_token=x");
    for status in [200, 204, 400, 503] {
        site.show("/logout", Page::status(status));
        assert_eq!(post(), Ok(StatusCode::from_u16(status).unwrap()));
    }
    site.show("/logout", Page::endless());
    assert_eq!(post(), Ok(StatusCode::OK), "nothing is read but the status");
    site.show("/logout", Page::status(302).header("location", "/elsewhere"));
    assert_eq!(post(), Err(Unreachable::Redirected));
    let requests = site.received("/logout");
    assert_eq!(requests.len(), 6);
    for request in requests {
        assert_eq!((request.method.as_str(), request.body.as_str()), ("POST", "logout_token=x"));
        assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    }
}

#[test]
fn rfc6749_s5_2_every_reason_is_fit_for_an_error_description() {
    for reason in [
        Unreachable::NotAllowed,
        Unreachable::NoAddress,
        Unreachable::Failed,
        Unreachable::TimedOut,
        Unreachable::Redirected,
        Unreachable::WrongStatus,
        Unreachable::TooLarge,
        Unreachable::Encoded,
        Unreachable::Busy,
    ] {
        let text = reason.as_str();
        assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'), "{text}");
    }
}

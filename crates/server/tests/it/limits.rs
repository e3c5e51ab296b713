//! Limits on everything, and failures that are never a success.

use crate::harness::{Engine, SECRET, World, basic, dear_digest};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn an_oversize_body_is_refused() {
    let world = World::new();
    let form = format!("grant_type=client_credentials&x={}", "a".repeat(17 * 1024));
    let answer = world.token(&form);
    assert_eq!((answer.status, answer.error().as_str()), (413, "invalid_request"));
    let page = world.post("/acme/login", &format!("x={}", "a".repeat(65 * 1024)), &[]);
    assert_eq!(page.status, 413);
    assert!(page.body.contains("<h1"), "people get a page");
}

#[test]
fn too_many_parameters_are_refused() {
    let world = World::new();
    let form: String = (0..100).map(|n| format!("p{n}=1&")).collect();
    assert_eq!(world.token(&form).error(), "invalid_request");
}

#[test]
fn oversize_headers_are_refused_and_the_server_lives_on() {
    let world = World::new();
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "a".repeat(128 * 1024));
    // The server may hang up before all of it is written.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(world.get("/healthz", &[]).status, 200);
}

#[test]
fn a_request_id_of_the_client_is_not_believed() {
    let world = World::new();
    let answer = world.get("/healthz", &[("x-request-id", "forged")]);
    assert_ne!(answer.header("x-request-id"), Some("forged"));
}

#[test]
fn a_full_line_for_passwords_is_told_at_once_and_holds_up_nothing_else() {
    let world = World::with(Engine::Sqlite, |settings| {
        settings.workers = 1;
        settings.password_queue = 1;
    });
    world.create_user_with("slow", dear_digest("secret"));
    let form = "grant_type=password&username=slow&password=secret";
    let answers: Vec<_> = std::thread::scope(|scope| {
        let logins: Vec<_> = (0..16).map(|_| scope.spawn(|| world.token(form))).collect();
        let meanwhile = world.token("grant_type=client_credentials");
        assert_eq!(meanwhile.status, 200, "{}", meanwhile.body);
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    });
    let busy: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(!busy.is_empty() && answers.iter().any(|answer| answer.status == 200));
    assert!(
        busy.iter().all(|answer| answer.error() == "temporarily_unavailable" && answer.header("retry-after").is_some())
    );
}

#[test]
fn what_is_stored_nowhere_is_never_a_success() {
    let world = World::new();
    let code = world.code();
    let token = world.token("grant_type=password&username=bob&password=secret").text("access_token");
    world.server().store().close();
    let answer = world.token(&format!("grant_type=authorization_code&code={code}"));
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.error(), "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(world.get("/healthz", &[]).status, 200, "the process is alive");
    assert_eq!(world.get("/readyz", &[]).status, 503, "and not ready");
    let header = basic("app", SECRET);
    let asked = format!("token={token}");
    assert_eq!(world.post("/acme/oauth2/introspect", &asked, &[("authorization", &header)]).status, 503);
}

/// The status line of the answer to a request as it stands on the wire.
fn raw(world: &World, request: &str) -> String {
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn rfc9112_s3_2_a_request_names_one_host() {
    let world = World::new();
    for (hosts, status) in [("", "400"), ("Host: a\r\nHost: b\r\n", "400"), ("Host: a\r\n", "200")] {
        let answer = raw(&world, &format!("GET /healthz HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{hosts}: {answer}");
    }
}

#[test]
fn two_content_types_are_none() {
    let world = World::new();
    let form = "application/x-www-form-urlencoded";
    let request = format!(
        "POST /acme/oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: {form}\r\nContent-Type: text/plain\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    assert!(raw(&world, &request).starts_with("HTTP/1.1 400"));
}

#[test]
fn postgres_is_never_asked_for_a_nul() {
    let world = World::on(Engine::Postgres);
    for path in ["/%00/oauth2", "/acme%00/login", "/.well-known/oauth-authorization-server/%00"] {
        assert_eq!(world.get(path, &[]).status, 404, "{path}");
    }
    assert_eq!(world.bob().get("/acme/oauth2?app=%00").status, 400);
}

#[test]
fn workspaces_that_nobody_asks_for_are_let_go() {
    let world = World::new();
    let ask = |slug: &str| world.get(&format!("/{slug}/.well-known/oauth-authorization-server"), &[]).status;
    for slug in ["first", "second", "third"] {
        world.create_workspace(slug);
        // The first time makes a key, so the second reads it again.
        assert_eq!([ask(slug), ask(slug)], [200, 200]);
    }
    let open = || {
        let metrics = world.get("/metrics", &[]).body;
        let line = metrics.lines().find_map(|line| line.strip_prefix("grantry_workspaces_open "));
        line.unwrap_or_else(|| panic!("{metrics}")).parse::<u32>().unwrap()
    };
    assert_eq!(open(), 3);
    world.pass(60);
    assert_eq!(ask("first"), 200);
    assert_eq!(open(), 3, "memory grows only where one is opened");
    assert_eq!(ask("acme"), 200);
    assert_eq!(open(), 2);
    assert_eq!(ask("second"), 200, "and opened again");
    assert_eq!(open(), 3);
}

#[test]
fn a_request_that_nobody_waits_for_any_more_is_noted_too() {
    let world = World::new();
    world.create_user_with("slow", dear_digest("slow-password"));
    let form = "grant_type=password&username=slow&password=slow-password";
    let (length, authorization) = (form.len(), basic("app", SECRET));
    let request = format!(
        "POST /acme/oauth2/token HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    );
    let ask = || {
        let mut stream = TcpStream::connect(world.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    let metrics = || world.get("/metrics", &[]).body;
    // Reading them is in flight, too.
    let alone = |text: &str| text.lines().any(|line| line == "grantry_http_requests_in_flight 1");
    let until = |fits: &dyn Fn(&str) -> bool| (0..10_000).any(|_| fits(&metrics()));
    let streams: Vec<_> = (0..8).map(|_| ask()).collect();
    assert!(until(&|text| !alone(text)), "they are being answered");
    drop(streams);
    assert!(until(&alone), "{}", metrics());
    assert!(metrics().contains("status=\"499\""), "{}", metrics());
}

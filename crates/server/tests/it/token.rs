//! RFC 6749 §3.2, §4.1.3, §4.3, §4.4, §5 and RFC 7636: the token endpoint.

use crate::harness::{CALLBACK, CHALLENGE, SECRET, VERIFIER, World, basic, dear_digest};
use grantry_protocol::client::AuthMethod;
use grantry_protocol::types::{GrantType, Seconds};

#[test]
fn s4_1_3_a_code_buys_tokens_once_and_its_second_use_ends_what_it_bought() {
    let world = World::new();
    let code = world.code();
    let first = world.token(&format!("grant_type=authorization_code&code={code}"));
    assert_eq!(first.status, 200, "{}", first.body);
    let (access, refresh) = (first.text("access_token"), first.text("refresh_token"));
    assert!(access.starts_with("gry_at_") && refresh.starts_with("gry_rt_"));
    assert!(world.is_active(&access));
    let second = world.token(&format!("grant_type=authorization_code&code={code}"));
    assert_eq!((second.status, second.error().as_str()), (400, "invalid_grant"));
    assert!(!world.is_active(&access));
    assert_eq!(world.token(&format!("grant_type=refresh_token&refresh_token={refresh}")).error(), "invalid_grant");
}

#[test]
fn s5_1_the_answer_says_what_was_granted_and_is_never_cached() {
    let world = World::new();
    let answer = world.token(&format!("grant_type=code&code={}", world.code()));
    assert_eq!(answer.text("token_type"), "Bearer");
    assert_eq!(answer.json()["expires_in"], 3_600);
    assert_eq!(answer.text("scope"), "profile read write");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("content-type").unwrap().starts_with("application/json"));
}

#[test]
fn s4_1_3_a_stranger_with_a_code_changes_nothing() {
    let world = World::new();
    world.register("stranger", |_| ());
    let code = world.code();
    let form = format!("grant_type=authorization_code&code={code}");
    assert_eq!(world.token_as("stranger", &form).error(), "invalid_grant");
    let rightful = world.token(&form);
    assert_eq!(rightful.status, 200, "{}", rightful.body);
    assert_eq!(world.token_as("stranger", &form).error(), "invalid_grant");
    assert!(world.is_active(&rightful.text("access_token")), "a stranger's replay revokes nothing");
}

#[test]
fn s4_1_2_a_code_lives_for_sixty_seconds() {
    let world = World::new();
    let (early, late) = (world.code(), world.code());
    world.pass(59);
    assert_eq!(world.token(&format!("grant_type=authorization_code&code={early}")).status, 200);
    world.pass(1);
    assert_eq!(world.token(&format!("grant_type=authorization_code&code={late}")).error(), "invalid_grant");
}

#[test]
fn s4_1_3_the_redirect_uri_is_the_one_of_the_request() {
    let world = World::new();
    let with = || world.code_for("app", &format!("&redirect_uri={CALLBACK}"));
    let redeem = |code: String, more: &str| world.token(&format!("grant_type=authorization_code&code={code}{more}"));
    assert_eq!(redeem(with(), "").error(), "invalid_grant");
    assert_eq!(redeem(with(), "&redirect_uri=https://app.test/CB").error(), "invalid_grant");
    assert_eq!(redeem(with(), &format!("&redirect_uri={CALLBACK}")).status, 200);
    assert_eq!(redeem(world.code(), "").status, 200);
    assert_eq!(redeem(world.code(), &format!("&redirect_uri={CALLBACK}")).status, 200);
    assert_eq!(redeem(world.code(), "&redirect_uri=https://evil.test/").error(), "invalid_grant");
}

#[test]
fn rfc7636_s4_6_a_failed_proof_uses_the_code_up() {
    let world = World::new();
    let challenge = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let redeem = |code: &str, more: &str| world.token(&format!("grant_type=authorization_code&code={code}{more}"));
    let verifier = format!("&code_verifier={VERIFIER}");
    assert_eq!(redeem(&world.code_for("app", &challenge), &verifier).status, 200);
    for (asked, wrong) in [
        (challenge.as_str(), ""),
        (challenge.as_str(), "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX"),
        (challenge.as_str(), "&code_verifier=short"),
        ("", verifier.as_str()),
    ] {
        let code = world.code_for("app", asked);
        assert_eq!(redeem(&code, wrong).error(), "invalid_grant", "{asked} {wrong}");
        let right = if asked.is_empty() { "" } else { verifier.as_str() };
        assert_eq!(redeem(&code, right).error(), "invalid_grant", "the code is burned");
    }
}

#[test]
fn s2_3_1_the_client_authenticates_by_its_registered_method() {
    let world = World::new();
    world.register("poster", |registration| registration.token_endpoint_auth_method = AuthMethod::ClientSecretPost);
    let path = "/acme/oauth2/token";
    let grant = "grant_type=client_credentials";
    let post = |form: &str, headers: &[(&str, &str)]| world.post(path, form, headers);
    let app = basic("app", SECRET);
    assert_eq!(post(grant, &[("authorization", &app)]).status, 200);
    assert_eq!(post(&format!("{grant}&client_id=poster&client_secret={SECRET}"), &[]).status, 200);
    for (form, headers, code) in [
        (grant.to_owned(), vec![], "invalid_client"),
        (grant.to_owned(), vec![("authorization", basic("app", "wrong"))], "invalid_client"),
        (grant.to_owned(), vec![("authorization", basic("nobody", SECRET))], "invalid_client"),
        (grant.to_owned(), vec![("authorization", basic("poster", SECRET))], "invalid_client"),
        (grant.to_owned(), vec![("authorization", "Basic ???".to_owned())], "invalid_client"),
        (grant.to_owned(), vec![("authorization", "Bearer x".to_owned())], "invalid_client"),
        (format!("{grant}&client_id=app&client_secret={SECRET}"), vec![], "invalid_client"),
        (
            format!("{grant}&client_id=app&client_secret={SECRET}"),
            vec![("authorization", app.clone())],
            "invalid_request",
        ),
        (format!("{grant}&client_id=other"), vec![("authorization", app.clone())], "invalid_request"),
        (grant.to_owned(), vec![("authorization", app.clone()), ("authorization", app.clone())], "invalid_request"),
        (format!("{grant}&client_id=app"), vec![], "invalid_client"),
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = post(&form, &headers);
        assert_eq!(answer.error(), code, "{form} {headers:?}");
        if code == "invalid_client" {
            assert_eq!(answer.status, 401);
            assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="));
        }
    }
}

#[test]
fn s5_2_what_is_wrong_is_named_with_its_rule() {
    let world = World::new();
    world.register("narrow", |registration| registration.grant_types = [GrantType::AuthorizationCode].into());
    for (client, form, code) in [
        ("app", "", "invalid_request"),
        ("app", "grant_type=", "invalid_request"),
        ("app", "grant_type=magic", "unsupported_grant_type"),
        ("app", "grant_type=implicit", "unsupported_grant_type"),
        ("app", "grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("app", "grant_type=client_credentials&scope[]=read", "invalid_request"),
        ("app", "grant_type=client_credentials&scope=admin", "invalid_scope"),
        ("app", "grant_type=client_credentials&scope=read%00", "invalid_request"),
        ("app", "grant_type=client_credentials&scope=%ff", "invalid_request"),
        ("app", "grant_type=authorization_code", "invalid_request"),
        ("app", "grant_type=authorization_code&code=nonsense", "invalid_grant"),
        ("app", "grant_type=refresh_token", "invalid_request"),
        ("app", "grant_type=refresh_token&refresh_token=nonsense", "invalid_grant"),
        ("app", "grant_type=password&username=bob", "invalid_request"),
        ("app", "grant_type=password&username=bob&password=wrong", "invalid_grant"),
        ("app", "grant_type=password&username=nobody&password=secret", "invalid_grant"),
        ("narrow", "grant_type=client_credentials", "unauthorized_client"),
    ] {
        let answer = world.token_as(client, form);
        assert_eq!(answer.error(), code, "{form}");
        let description = answer.text("error_description");
        assert!(description.contains("RFC "), "{description}");
        // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
        assert!(description.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)), "{description}");
        assert!(answer.text("error_uri").starts_with("https://www.rfc-editor.org/rfc/rfc"));
        assert_eq!(Some(answer.text("request_id").as_str()), answer.header("x-request-id"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn s3_2_only_a_form_is_read() {
    let world = World::new();
    let headers = [("authorization", basic("app", SECRET))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let json =
        world.post_as("application/json", "/acme/oauth2/token", r#"{"grant_type":"client_credentials"}"#, &headers);
    assert_eq!((json.status, json.error().as_str()), (400, "invalid_request"));
    let charset = "application/x-www-form-urlencoded; charset=UTF-8";
    assert_eq!(world.post_as(charset, "/acme/oauth2/token", "grant_type=client_credentials", &headers).status, 200);
    let get = world.get("/acme/oauth2/token?grant_type=client_credentials", &headers);
    assert_eq!(get.status, 405);
    assert!(get.header("allow").unwrap().contains("POST"));
}

#[test]
fn s4_4_a_client_acts_for_itself_without_a_refresh_token_at_both_urls() {
    let world = World::new();
    let app = basic("app", SECRET);
    for path in ["/acme/oauth2/token", "/acme/oauth/2/token"] {
        let answer = world.post(path, "grant_type=client_credentials&scope=*", &[("authorization", &app)]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.json().get("refresh_token").is_none());
        let told = world.introspect(&answer.text("access_token")).json();
        assert_eq!((told["active"].as_bool(), told["sub"].as_str()), (Some(true), Some("app")));
        assert!(told.get("username").is_none());
    }
    world.register_public("public");
    let public = world.post("/acme/oauth2/token", "grant_type=client_credentials&client_id=public", &[]);
    assert_eq!(public.error(), "unauthorized_client");
}

#[test]
fn s4_3_a_password_buys_tokens_where_the_workspace_allows_it() {
    let world = World::new();
    let form = "grant_type=password&username=bob&password=secret&scope=*";
    let answer = world.token(form);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = world.introspect(&answer.text("access_token")).json();
    assert_eq!((told["username"].as_str(), told["sub"].as_str()), (Some("bob"), Some("sub-bob")));
    let refresh = format!("grant_type=refresh_token&refresh_token={}", answer.text("refresh_token"));
    assert_eq!(world.token(&refresh).status, 200);
    world.change_workspace(|row| {
        row.policy.grant_types.remove(&GrantType::Password);
    });
    assert_eq!(world.token(form).error(), "unsupported_grant_type");
}

#[test]
fn s4_3_2_guessing_is_slowed_down() {
    let world = World::new();
    let wrong = || world.token("grant_type=password&username=bob&password=wrong");
    let mut answers: Vec<_> = (0..6).map(|_| wrong()).collect();
    let last = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| answer.error() == "invalid_grant"));
    assert_eq!(last.status, 429, "{}", last.body);
    let seconds: i64 = last.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&seconds));
    world.pass(seconds);
    assert_eq!(world.token("grant_type=password&username=bob&password=secret").status, 200);
}

#[test]
fn s2_3_1_guessing_a_secret_that_is_not_random_is_slowed_down() {
    let world = World::new();
    world.register_with("weak", dear_digest("weakpw"), |_| ());
    let guess = |secret: &str| {
        world
            .post("/acme/oauth2/token", "grant_type=client_credentials", &[("authorization", &basic("weak", secret))])
            .status
    };
    assert_eq!(guess("weakpw"), 200);
    let statuses: Vec<u16> = (0..6).map(|_| guess("wrong")).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
    assert_eq!(world.token("grant_type=client_credentials").status, 200, "other apps are not held up");
}

#[test]
fn lifetimes_are_the_workspaces_unless_the_app_has_its_own() {
    let world = World::new();
    world.register("quick", |registration| registration.lifetimes.access_token = Some(Seconds(60)));
    world.change_workspace(|row| row.policy.lifetimes.access_token = Seconds(600));
    let form = "grant_type=client_credentials";
    assert_eq!(world.token(form).json()["expires_in"], 600);
    let quick = world.token_as("quick", form);
    assert_eq!(quick.json()["expires_in"], 60);
    let token = quick.text("access_token");
    let told = |world: &World| {
        let headers = basic("quick", SECRET);
        world.post("/acme/oauth2/introspect", &format!("token={token}"), &[("authorization", &headers)]).json()["active"].clone()
    };
    world.pass(59);
    assert_eq!(told(&world), true);
    world.pass(1);
    assert_eq!(told(&world), false);
}

#[test]
fn a_statement_of_another_kind_or_workspace_is_worth_nothing() {
    let world = World::new();
    world.create_workspace("other");
    let code = world.code();
    let answer = world.token("grant_type=password&username=bob&password=secret");
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    for form in [
        format!("grant_type=authorization_code&code={refresh}"),
        format!("grant_type=authorization_code&code={}", refresh.replace("gry_rt_", "gry_ac_")),
        format!("grant_type=refresh_token&refresh_token={code}"),
        format!("grant_type=refresh_token&refresh_token={access}"),
        format!("grant_type=refresh_token&refresh_token={}", access.replace("gry_at_", "gry_rt_")),
        format!("grant_type=refresh_token&refresh_token=%20{refresh}"),
        format!("grant_type=refresh_token&refresh_token={refresh}="),
    ] {
        assert_eq!(world.token(&form).error(), "invalid_grant", "{form}");
    }
    assert!(!world.is_active(&code));
    let elsewhere = world.post(
        "/other/oauth2/token",
        &format!("grant_type=refresh_token&refresh_token={refresh}"),
        &[("authorization", &basic("app", SECRET))],
    );
    assert_eq!(elsewhere.error(), "invalid_client", "the app is not known there");
    assert_eq!(world.token(&format!("grant_type=refresh_token&refresh_token={refresh}")).status, 200);
}

#[test]
fn what_another_process_changed_about_a_client_counts_within_a_second() {
    let world = World::new();
    let form = "grant_type=client_credentials";
    assert_eq!(world.token(form).status, 200);
    // Behind this server's back, as another node would.
    world.change_registration("app", |registration| {
        registration.grant_types.remove(&GrantType::ClientCredentials);
    });
    world.pass(1);
    assert_eq!(world.token(form).error(), "unauthorized_client");
}

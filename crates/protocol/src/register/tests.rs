use super::*;
use crate::authorize::ResponseType;
use crate::client::{AuthMethod, LifetimeOverrides, OpenidRegistration, SubjectType};
use crate::sample;
use crate::types::Seconds;
use serde_json::json;

fn workspace() -> Workspace {
    let mut workspace = sample::workspace();
    workspace.policy.grant_types.remove(&GrantType::Implicit);
    workspace
}

/// What can be registered.
fn good() -> Registration {
    let mut good = sample::client().registration;
    good.grant_types.remove(&GrantType::Implicit);
    good
}

/// The members that something is wrong with.
fn found(asked: &Registration, before: Option<&Registration>) -> Vec<Field> {
    check(asked, before, &workspace()).into_iter().map(|problem| problem.field).collect()
}

/// What is wrong with a good registration after this change.
fn wrong(change: impl FnOnce(&mut Registration)) -> Vec<Field> {
    let mut asked = good();
    change(&mut asked);
    found(&asked, None)
}

#[test]
fn s2_every_member_has_its_limits_and_all_of_them_are_told() {
    assert_eq!(wrong(|_| ()), []);
    for bad in ["", " App", "a\u{7}b", &"x".repeat(101)] {
        assert_eq!(wrong(|it| it.name = bad.into()), [Field::Name], "{bad}");
    }
    assert_eq!(wrong(|it| it.name = "\u{e9}".repeat(100)), []);
    assert_eq!(wrong(|it| it.description = "x".repeat(301)), [Field::Description]);
    assert_eq!(wrong(|it| it.scope = Scope::parse("read admin").unwrap()), [Field::Scope]);
    for bad in ["", "api", "https://api.example/#x", "https://api.example/ x"] {
        assert_eq!(wrong(|it| it.resource = Some(bad.into())), [Field::Resource], "{bad}");
    }
    let both = |it: &mut Registration| (it.name, it.lifetimes.code) = (String::new(), Some(Seconds(601)));
    assert_eq!(wrong(both), [Field::Name, Field::CodeLifetime]);
}

#[test]
fn what_was_registered_before_may_stay() {
    let mut before = good();
    before.description = "x".repeat(1_000);
    before.grant_types.insert(GrantType::Implicit);
    before.scope = Scope::parse("gone read").unwrap();
    before.lifetimes.code = Some(Seconds(1));
    before.resource = Some("api".into());
    assert_eq!(found(&before, Some(&before)), []);
    let told = [Field::Description, Field::GrantTypes, Field::Scope, Field::CodeLifetime, Field::Resource];
    before.application_type = ApplicationType::Service;
    assert_eq!(found(&before, None), told);
}

#[test]
fn rfc6749_s2_1_an_app_has_a_secret_or_has_none_and_that_for_good() {
    let public = |it: &mut Registration| {
        it.token_endpoint_auth_method = AuthMethod::None;
        it.grant_types.remove(&GrantType::ClientCredentials);
    };
    assert_eq!(wrong(public), [Field::AuthMethod]);
    assert_eq!(wrong(|it| it.application_type = ApplicationType::Native), [Field::AuthMethod]);
    let mut spa = Registration { application_type: ApplicationType::Spa, ..good() };
    public(&mut spa);
    assert_eq!(found(&spa, None), []);
    assert_eq!(found(&spa, Some(&good())), [Field::ApplicationType, Field::AuthMethod]);
}

#[test]
fn rfc6749_s4_grants_go_together() {
    let with = |grants: &[GrantType]| wrong(|it| it.grant_types = grants.iter().copied().collect());
    use GrantType::{ClientCredentials, Implicit, Password, RefreshToken};
    assert_eq!(with(&[Implicit]), [Field::GrantTypes]);
    assert_eq!(with(&[]), [Field::GrantTypes]);
    assert_eq!(with(&[ClientCredentials, RefreshToken]), [Field::GrantTypes]);
    assert_eq!(with(&[Password, RefreshToken]), []);
    let api = |it: &mut Registration| (it.grant_types, it.resource) = ([].into(), Some("https://api.example".into()));
    assert_eq!(wrong(api), []);
    let mut public = sample::public().registration;
    public.application_type = ApplicationType::Spa;
    public.grant_types = [ClientCredentials].into();
    let problems = check(&public, None, &workspace());
    assert_eq!(problems.iter().map(|it| it.rule).collect::<Vec<_>>(), [Some(Rule::rfc(6749, "4.4"))]);
}

#[test]
fn rfc6749_s3_1_2_2_some_redirect_uris_each_once() {
    let uris = |count: usize, of: usize| {
        let uri = |n| RedirectUri::register(&format!("https://app.test/{}", n % of)).unwrap();
        wrong(|it| it.redirect_uris = (0..count).map(uri).collect())
    };
    for (count, of, told) in [(0, 1, 1), (1, 1, 0), (50, 50, 0), (51, 51, 1), (3, 2, 1)] {
        assert_eq!(uris(count, of), vec![Field::RedirectUris; told], "{count} of {of}");
    }
}

#[test]
fn lifetimes_have_bounds_and_what_lives_longest_lives_longer() {
    let lifetimes = |code, access_token, refresh_idle, refresh_absolute| {
        let seconds = |n: i64| (n != 0).then_some(Seconds(n));
        let [code, access_token] = [code, access_token].map(seconds);
        let [refresh_idle, refresh_absolute] = [refresh_idle, refresh_absolute].map(seconds);
        wrong(|it| it.lifetimes = LifetimeOverrides { code, access_token, refresh_idle, refresh_absolute })
    };
    assert_eq!(lifetimes(10, 60, 300, 300), []);
    assert_eq!(lifetimes(600, 86_400, 31_536_000, 315_360_000), []);
    assert_eq!(lifetimes(9, 59, 299, 300), [Field::CodeLifetime, Field::AccessTokenLifetime, Field::RefreshIdle]);
    assert_eq!(lifetimes(601, 86_401, 0, 0), [Field::CodeLifetime, Field::AccessTokenLifetime]);
    for (idle, absolute) in [(600, 599), (0, 600), (31_536_000, 0)] {
        assert_eq!(lifetimes(0, 0, idle, absolute), [Field::RefreshAbsolute], "{idle} {absolute}");
    }
}

/// The members of OpenID Connect that something is wrong with, after this change of a good registration.
fn openid_wrong(change: impl FnOnce(&mut OpenidRegistration)) -> Vec<&'static str> {
    wrong(|it| change(&mut it.openid)).into_iter().map(Field::member).collect()
}

/// RFC 7517 appendix A.1.
fn public_key() -> serde_json::Value {
    json!({ "kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" })
}

#[test]
fn openid_connect_registration_s2_each_address_is_checked_at_every_door() {
    type Member = fn(&mut OpenidRegistration) -> &mut Option<String>;
    let members: [(&str, Member, &str); 9] = [
        ("jwks_uri", |it| &mut it.jwks_uri, "https://app.test/jwks"),
        ("sector_identifier_uri", |it| &mut it.sector_identifier_uri, "https://app.test/sector.json"),
        ("initiate_login_uri", |it| &mut it.initiate_login_uri, "https://app.test/#/login"),
        ("backchannel_logout_uri", |it| &mut it.backchannel_logout_uri, "https://app.test/logout"),
        ("frontchannel_logout_uri", |it| &mut it.frontchannel_logout_uri, "https://app.test/logout?a=b"),
        ("client_uri", |it| &mut it.client_uri, "http://app.test/"),
        ("logo_uri", |it| &mut it.logo_uri, "https://cdn.test/logo.png"),
        ("policy_uri", |it| &mut it.policy_uri, "https://app.test/policy#data"),
        ("tos_uri", |it| &mut it.tos_uri, "https://app.test/tos"),
    ];
    for (member, of, fine) in members {
        assert_eq!(openid_wrong(|it| *of(it) = Some(fine.into())), [""; 0], "{fine}");
        for bad in ["javascript:alert(1)", "data:text/html,x", "urn:x:y", "/x", "https://u@app.test/"] {
            assert!(openid_wrong(|it| *of(it) = Some(bad.into())).contains(&member), "{member} {bad}");
        }
        let mut before = good();
        *of(&mut before.openid) = Some("javascript:alert(1)".into());
        assert_eq!(found(&before, Some(&before)), [], "what is there stays: {member}");
    }
    for (member, of, _) in &members[..4] {
        assert_eq!(openid_wrong(|it| *of(it) = Some("http://app.test/x".into())), [*member], "plain http");
    }
    assert_eq!(openid_wrong(|it| it.jwks_uri = Some("https://app.test/jwks#x".into())), ["jwks_uri"]);
}

#[test]
fn openid_connect_core_s6_2_request_uris_are_https_and_may_have_a_fragment() {
    let uris = |uris: &[&str]| openid_wrong(|it| it.request_uris = uris.iter().map(|&uri| uri.into()).collect());
    assert_eq!(uris(&["https://app.test/request.jwt#GkurKxf5T0Y"]), [""; 0]);
    for bad in ["http://app.test/request.jwt", "javascript:x", "urn:ietf:params:oauth:request_uri:x"] {
        assert_eq!(uris(&["https://app.test/", bad]), ["request_uris"], "{bad}");
    }
    assert_eq!(uris(&["https://app.test/"; 51]), ["request_uris"]);
}

#[test]
fn rp_initiated_logout_s3_1_a_post_logout_redirect_uri_is_checked_like_a_redirect_uri() {
    // Read back from JSON, which checks nothing.
    let uris = |uris: serde_json::Value| {
        openid_wrong(|it| it.post_logout_redirect_uris = serde_json::from_value(uris).unwrap())
    };
    assert_eq!(uris(json!(["https://app.test/bye", "com.example.app:/bye"])), [""; 0]);
    for bad in ["javascript:alert(1)", "http://app.test/bye", "https://app.test/bye#x", "data:,x", ""] {
        assert_eq!(uris(json!([bad])), ["post_logout_redirect_uris"], "{bad}");
    }
    assert_eq!(uris(json!(vec!["https://app.test/bye"; 51])), ["post_logout_redirect_uris"]);
}

#[test]
fn frontchannel_logout_s2_it_is_on_the_origin_of_a_redirect_uri() {
    let at = |uri: &str| openid_wrong(|it| it.frontchannel_logout_uri = Some(uri.into()));
    assert_eq!(at("https://app.test/frame"), [""; 0]);
    for bad in ["https://other.test/frame", "https://app.test:8443/frame", "https://app.test/frame#x"] {
        assert_eq!(at(bad), ["frontchannel_logout_uri"], "{bad}");
    }
    let local = |it: &mut Registration| {
        it.redirect_uris = vec![RedirectUri::register("http://localhost:3000/cb").unwrap()];
        it.openid.frontchannel_logout_uri = Some("http://localhost:3000/frame".into());
    };
    assert_eq!(wrong(local), [], "on the same machine, plain http will do");
}

#[test]
fn rfc7591_s2_keys_come_in_one_way_and_are_public() {
    let jwks = |value| openid_wrong(|it| it.jwks = Some(value));
    assert_eq!(jwks(json!({ "keys": [public_key()] })), [""; 0]);
    let mut private = public_key();
    private["d"] = json!("870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE");
    for bad in [
        json!({ "keys": [private] }),
        json!({}),
        json!([]),
        json!("x"),
        json!({ "keys": [1] }),
        json!({ "keys": [{ "kty": "oct" }] }),
    ] {
        assert_eq!(jwks(bad.clone()), ["jwks"], "{bad}");
    }
    let deep = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(jwks(json!({ "keys": [public_key()], "x": deep(7) })), [""; 0]);
    assert_eq!(jwks(json!({ "keys": [public_key()], "x": deep(8) })), ["jwks"]);
    let both = |it: &mut OpenidRegistration| {
        (it.jwks, it.jwks_uri) = (Some(json!({ "keys": [public_key()] })), Some("https://app.test/jwks".into()));
    };
    assert_eq!(openid_wrong(both), ["jwks"]);
}

#[test]
fn openid_connect_core_s9_assertions_need_keys_and_an_algorithm_of_their_own() {
    let with = |method, alg: &str, jwks: Option<serde_json::Value>| {
        let change = |it: &mut Registration| {
            it.token_endpoint_auth_method = method;
            it.openid.token_endpoint_auth_signing_alg = Some(alg.to_owned()).filter(|alg| !alg.is_empty());
            it.openid.jwks = jwks;
        };
        wrong(change).into_iter().map(Field::member).collect::<Vec<_>>()
    };
    let keys = || Some(json!({ "keys": [public_key()] }));
    let alg = "token_endpoint_auth_signing_alg";
    assert_eq!(with(AuthMethod::PrivateKeyJwt, "", keys()), [""; 0]);
    assert_eq!(with(AuthMethod::PrivateKeyJwt, "", None), ["token_endpoint_auth_method"]);
    assert_eq!(with(AuthMethod::PrivateKeyJwt, "", Some(json!({ "keys": [] }))), ["jwks"]);
    for (bad, method) in [
        ("none", AuthMethod::PrivateKeyJwt),
        ("HS256", AuthMethod::PrivateKeyJwt),
        ("RS256", AuthMethod::ClientSecretJwt),
        ("none", AuthMethod::ClientSecretBasic),
    ] {
        assert_eq!(with(method, bad, keys()), [alg], "{bad}");
    }
    for (good, method) in [
        ("ES256", AuthMethod::PrivateKeyJwt),
        ("HS256", AuthMethod::ClientSecretJwt),
        ("RS256", AuthMethod::ClientSecretBasic),
    ] {
        assert_eq!(with(method, good, keys()), [""; 0], "{good}");
    }
}

#[test]
fn openid_connect_registration_s2_response_types_fit_grant_types() {
    use GrantType::{AuthorizationCode, ClientCredentials, Implicit};
    let mut workspace = workspace();
    workspace.policy.grant_types.insert(Implicit);
    let fits = |types: &str, grants: &[GrantType]| {
        let mut asked = good();
        asked.grant_types = grants.iter().copied().collect();
        asked.openid.response_types = types.split(',').filter_map(ResponseType::parse).collect();
        check(&asked, None, &workspace).is_empty()
    };
    for (types, grants) in [
        ("code", &[AuthorizationCode][..]),
        ("id_token", &[Implicit]),
        ("id_token token", &[Implicit]),
        ("code id_token", &[AuthorizationCode, Implicit]),
        ("code token", &[AuthorizationCode, Implicit]),
        ("code id_token token", &[AuthorizationCode, Implicit]),
        ("code,id_token", &[AuthorizationCode, Implicit]),
        ("", &[ClientCredentials]),
    ] {
        assert!(fits(types, grants), "{types}");
    }
    for (types, grants) in [
        ("code", &[Implicit][..]),
        ("id_token", &[AuthorizationCode]),
        ("token", &[AuthorizationCode]),
        ("code id_token", &[AuthorizationCode]),
        ("code id_token", &[Implicit]),
        ("code", &[ClientCredentials]),
        ("code,id_token", &[AuthorizationCode]),
    ] {
        assert!(!fits(types, grants), "{types}");
    }
}

#[test]
fn openid_connect_core_s8_1_several_hosts_need_a_sector_identifier() {
    let pairwise = |uris: &[&str], sector: Option<&str>| {
        wrong(|it| {
            it.redirect_uris = uris.iter().map(|uri| RedirectUri::register(uri).unwrap()).collect();
            it.openid.subject_type = SubjectType::Pairwise;
            it.openid.sector_identifier_uri = sector.map(str::to_owned);
        })
    };
    let (one, other) = ("https://app.test/cb", "https://other.test/cb");
    assert_eq!(pairwise(&[one, "https://app.test:8443/cb"], None), []);
    assert_eq!(pairwise(&[one, other], Some("https://app.test/sector.json")), []);
    assert_eq!(pairwise(&[one, other], None), [Field::Other("sector_identifier_uri")]);
}

#[test]
fn openid_connect_registration_s2_texts_and_numbers_have_limits() {
    assert_eq!(openid_wrong(|it| it.default_max_age = Some(Seconds(0))), [""; 0]);
    assert_eq!(openid_wrong(|it| it.default_max_age = Some(Seconds(-1))), ["default_max_age"]);
    let acr = |values: &[&str]| openid_wrong(|it| it.default_acr_values = values.iter().map(|&it| it.into()).collect());
    assert_eq!(acr(&["urn:example:loa:2"]), [""; 0]);
    for bad in [&[""][..], &["a b"], &["\u{e9}"], &["x"; 11], &[&"x".repeat(255)]] {
        assert_eq!(acr(bad), ["default_acr_values"]);
    }
    let contacts = |values: &[&str]| openid_wrong(|it| it.contacts = values.iter().map(|&it| it.into()).collect());
    assert_eq!(contacts(&["dev@app.test", "+1 555 010 0199"]), [""; 0]);
    for bad in [&[""][..], &[" x"], &["a\nb"], &["x"; 11], &[&"x".repeat(255)]] {
        assert_eq!(contacts(bad), ["contacts"]);
    }
    assert_eq!(openid_wrong(|it| it.software_id = Some("4NRB1-0XZABZI9E6-5SM3R".into())), [""; 0]);
    assert_eq!(openid_wrong(|it| it.software_id = Some("x".repeat(255))), ["software_id"]);
    assert_eq!(openid_wrong(|it| it.software_version = Some("\u{7}".into())), ["software_version"]);
}

#[test]
fn rfc7591_s2_2_other_languages_keep_the_same_rules() {
    let localized = |member: &str, text: &str| openid_wrong(|it| drop(it.localized.insert(member.into(), text.into())));
    assert_eq!(localized("client_name#ja-Hani-JP", "\u{5ba2}"), [""; 0]);
    assert_eq!(localized("logo_uri#fr", "https://app.test/fr.png"), [""; 0]);
    assert_eq!(localized("logo_uri#fr", "javascript:alert(1)"), ["logo_uri"]);
    assert_eq!(localized("tos_uri#fr", "data:,x"), ["tos_uri"]);
    for (member, text) in
        [("client_name#fr", ""), ("client_name#", "x"), ("client_name#a b", "x"), ("client_name#fr", "a\nb")]
    {
        assert_eq!(localized(member, text), ["client_name"], "{member}");
    }
    let many = |it: &mut OpenidRegistration| {
        it.localized = (0..51).map(|n| (format!("client_name#x-{n}"), "x".into())).collect()
    };
    assert_eq!(openid_wrong(many), ["client_name"]);
}

/// The members that something is wrong with when an app asks for this itself.
fn of_itself(registrar: Registrar, change: impl FnOnce(&mut Registration)) -> Vec<Field> {
    let mut asked = Registration { grant_types: [GrantType::AuthorizationCode].into(), ..good() };
    change(&mut asked);
    check_from(registrar, &asked, None, &sample::workspace()).into_iter().map(|problem| problem.field).collect()
}

#[test]
fn openid_connect_registration_s2_implicit_web_apps_redirect_by_https_and_not_to_localhost() {
    let implicit = |registrar, kind, uri: &str| {
        of_itself(registrar, |it| {
            (it.application_type, it.grant_types) = (kind, [GrantType::Implicit].into());
            it.redirect_uris = vec![RedirectUri::register(uri).unwrap()];
        })
    };
    use ApplicationType::{Native, Web};
    assert_eq!(implicit(Registrar::Anyone, Web, "https://app.test/cb"), []);
    for bad in ["http://127.0.0.1/cb", "http://localhost/cb", "https://localhost/cb", "com.example.app:/cb"] {
        assert_eq!(implicit(Registrar::Anyone, Web, bad), [Field::RedirectUris], "{bad}");
        assert_eq!(implicit(Registrar::Invited, Web, bad), [Field::RedirectUris], "{bad}");
        assert_eq!(implicit(Registrar::Person, Web, bad), [], "{bad}");
        assert_eq!(implicit(Registrar::Anyone, Native, bad), [], "{bad}");
    }
}

#[test]
fn rfc7591_s5_a_stranger_gets_only_what_a_person_gives() {
    for grant in [GrantType::ClientCredentials, GrantType::Password] {
        let with = |it: &mut Registration| it.grant_types.extend([grant]);
        assert_eq!(of_itself(Registrar::Anyone, with), [Field::GrantTypes], "{grant}");
        assert_eq!(of_itself(Registrar::Invited, with), [], "{grant}");
        let mut before = good();
        before.grant_types = [grant].into();
        assert_eq!(check_from(Registrar::Anyone, &before, Some(&before), &workspace()), [], "it had it before");
    }
}

#[test]
fn rfc8252_s8_4_a_native_app_that_registers_itself_may_have_a_secret() {
    let native = |it: &mut Registration| it.application_type = ApplicationType::Native;
    assert_eq!(of_itself(Registrar::Anyone, native), []);
    assert_eq!(of_itself(Registrar::Person, native), [Field::AuthMethod]);
}

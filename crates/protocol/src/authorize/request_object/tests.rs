use super::*;
use crate::sample::{self, KEY, NOW};
use serde_json::json;

const ISSUER: &str = "https://grantry.test/acme";
const OPENID: &str = "client_id=app&response_type=code&scope=openid";

fn params(query: &str) -> Params {
    Params::parse_telling(query.as_bytes()).unwrap()
}

/// What an object comes to that the client signed.
fn resolved(outer: &str, claims: &Value) -> Resolved {
    typed(None, outer, claims)
}

fn typed(typ: Option<&str>, outer: &str, claims: &Value) -> Resolved {
    let outer = format!("{outer}&request=x&request_uri=y");
    resolve(&params(&outer), &sample::signed(typ, claims), (&sample::client(), &KEY.1), ISSUER, NOW).unwrap()
}

/// The parameters of a good request, as a query.
fn merged(outer: &str, claims: &Value) -> String {
    let Resolved { params, verdict } = resolved(outer, claims);
    assert_eq!(verdict, Ok(()));
    params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Whether an object with this claim is refused.
fn refuses(claim: &str, value: Value) -> bool {
    let verdict = resolved(OPENID, &json!({ claim: value })).verdict;
    assert!(verdict.is_ok() || verdict.unwrap_err().code == ErrorCode::InvalidRequestObject, "{claim}");
    verdict.is_err()
}

#[test]
fn core_s6_1_in_openid_requests_the_object_supersedes_and_the_rest_fills_in() {
    let object = json!({ "scope": "openid read", "state": "inner", "max_age": 10_000, "claims": { "userinfo": { "name": null } } });
    let outer = format!("{OPENID}&state=outer&nonce=n");
    let expected = "claims={\"userinfo\":{\"name\":null}}&client_id=app&max_age=10000&nonce=n&response_type=code\
                    &scope=openid read&state=inner";
    assert_eq!(merged(&outer, &object), expected);
}

#[test]
fn s6_3_in_other_requests_the_object_alone_counts() {
    let outer = "client_id=app&response_type=code&state=outer&scope=write&redirect_uri=https://app.test/cb";
    let object = json!({ "response_type": "code", "scope": "read" });
    assert_eq!(merged(outer, &object), "client_id=app&response_type=code&scope=read");
    // The object itself does not make it an OpenID request.
    assert_eq!(merged("client_id=app&nonce=n", &json!({ "scope": "openid" })), "client_id=app&scope=openid");
}

#[test]
fn s4_parameters_are_texts_and_numbers() {
    let long = "x".repeat(9_000);
    let object = json!({ "state": "a b&c=%41\u{e9}\"", "max_age": 5, "made_up": [1], "exp": NOW.as_unix(), "nonce": "", "login_hint": long });
    let expected =
        format!("client_id=app&login_hint={long}&max_age=5&response_type=code&scope=openid&state=a b&c=%41\u{e9}\"");
    assert_eq!(merged(&format!("{OPENID}&nonce=n"), &object), expected, "an empty text is as good as none");
    for value in [json!(true), json!(null), json!(["a"]), json!({ "a": 1 })] {
        assert!(refuses("state", value.clone()), "{value}");
        assert!(refuses("redirect_uri", value));
    }
    for value in [json!(true), json!(null), json!(["a"])] {
        assert!(refuses("claims", value));
    }
    let verdict = resolved(OPENID, &json!({ "state": "a\0b" })).verdict;
    assert_eq!(verdict.unwrap_err().code, ErrorCode::InvalidRequest);
}

#[test]
fn s4_an_object_does_not_refer_to_another() {
    assert!(refuses("request", json!("x")) && refuses("request_uri", json!("https://app.test/r")));
    assert!(refuses("request", json!("")) && refuses("request_uri", json!(null)));
}

#[test]
fn core_s6_1_iss_and_aud_are_right_where_they_are() {
    for (claim, value, good) in [
        ("iss", json!("app"), true),
        ("iss", json!("other"), false),
        ("aud", json!(ISSUER), true),
        ("aud", json!(["https://other.test", ISSUER]), true),
        ("aud", json!("https://other.test"), false),
        ("aud", json!([]), false),
        ("sub", json!("somebody"), true),
        ("sub", json!("app"), false),
    ] {
        assert_eq!(refuses(claim, value.clone()), !good, "{claim} {value}");
    }
}

#[test]
fn rfc7519_s4_1_an_object_has_its_time_within_a_minute() {
    let now = NOW.as_unix();
    for (claim, offset, good) in [
        ("exp", -59, true),
        ("exp", -60, false),
        ("exp", 1_000_000, true),
        ("nbf", 60, true),
        ("nbf", 61, false),
        ("iat", 61, false),
        ("iat", -1_000_000, true),
    ] {
        assert_eq!(refuses(claim, json!(now + offset)), !good, "{claim} {offset}");
    }
}

#[test]
fn s5_what_stands_outside_too_is_the_same() {
    assert!(!refuses("client_id", json!("app")) && !refuses("response_type", json!("code")));
    assert!(refuses("client_id", json!("other")) && refuses("response_type", json!("code id_token")));
    let object = json!({ "response_type": "id_token", "client_id": "app" });
    assert_eq!(merged("client_id=app", &object), "client_id=app&response_type=id_token");
    assert!(resolved("client_id=app&response_type=code", &object).verdict.is_err());
}

#[test]
fn s10_8_other_kinds_of_jwt_are_no_request_objects() {
    let verdict = |typ| typed(typ, OPENID, &json!({})).verdict;
    // RFC 7515 §4.1.9: with or without application/ it is the same.
    let good =
        ["JWT", "oauth-authz-req+jwt", "OAuth-AuthZ-Req+JWT", "application/oauth-authz-req+jwt", "Application/JWT"];
    for typ in [None].into_iter().chain(good.map(Some)) {
        assert_eq!(verdict(typ), Ok(()), "{typ:?}");
    }
    for typ in ["at+jwt", "application/at+jwt", "text/jwt", "client-authentication+jwt", "logout+jwt", ""] {
        assert!(verdict(Some(typ)).is_err(), "{typ}");
    }
}

#[test]
fn a_refused_object_tells_where_the_client_is() {
    let resolved =
        resolved("client_id=app", &json!({ "redirect_uri": "https://app.test/cb", "state": "s", "iss": "other" }));
    assert!(resolved.verdict.is_err());
    assert_eq!(
        (resolved.params.get("redirect_uri"), resolved.params.get("state")),
        (Some("https://app.test/cb"), Some("s"))
    );
}

#[test]
fn registration_s2_the_registered_algorithm_and_no_other() {
    let object = sample::signed(None, &json!({}));
    let with = |registered| {
        let mut client = sample::client();
        client.registration.openid.request_object_signing_alg = registered;
        resolve(&params(OPENID), &object, (&client, &KEY.1), ISSUER, NOW).is_ok()
    };
    assert!(with(None) && with(Some(Algorithm::ES256)) && !with(Some(Algorithm::RS256)));
}

#[test]
fn what_the_client_did_not_sign_is_refused() {
    let object = sample::signed(None, &json!({}));
    let refused = |object: &str, keys: &ClientKeys| {
        resolve(&params(OPENID), object, (&sample::client(), keys), ISSUER, NOW).map(|_| ()).unwrap_err()
    };
    let [header, payload, signature] = object.split('.').collect::<Vec<_>>().try_into().unwrap();
    // {"alg":"none"}
    for bad in [
        format!("eyJhbGciOiJub25lIn0.{payload}."),
        format!("eyJhbGciOiJub25lIn0.{payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        String::new(),
    ] {
        assert_eq!(OAuthError::from(refused(&bad, &KEY.1)).code, ErrorCode::InvalidRequestObject, "{bad}");
    }
    assert!(matches!(refused(&object, &ClientKeys::default()), Unproven::UnknownKey(_)));
}

#[test]
fn core_s6_2_an_address_is_one_of_the_registered() {
    let registered = ["https://app.test/a", "https://app.test/b#1", "http://app.test/c"].map(str::to_owned);
    let openid = OpenidRegistration { request_uris: registered.to_vec(), ..OpenidRegistration::default() };
    for (uri, good) in [
        ("https://app.test/a", true),
        ("https://app.test/a#any", true),
        ("https://app.test/b#1", true),
        ("https://app.test/b", false),
        ("https://app.test/b#2", false),
        ("https://app.test/a?x=1", false),
        ("https://app.test/a/", false),
        ("https://APP.test/a", false),
        ("http://app.test/c", false),
        ("#any", false),
        ("", false),
    ] {
        let found = registered_uri(uri, &openid);
        assert_eq!(found.as_ref().map(Url::as_str).ok(), good.then_some(uri), "{uri}");
    }
}

#[test]
fn s5_one_reference_and_no_parameter_twice() {
    let code = |query: &str| Reference::of(&params(query)).map(|it| it.is_some()).map_err(|error| error.code);
    assert_eq!(code("client_id=app"), Ok(false));
    assert_eq!(Reference::of(&params("request=x")), Ok(Some(Reference::Value("x"))));
    assert_eq!(Reference::of(&params("request_uri=x&request=")), Ok(Some(Reference::Uri("x"))));
    for bad in ["request=x&request_uri=y", "request=x&scope=a&scope=b"] {
        assert_eq!(code(bad), Err(ErrorCode::InvalidRequest), "{bad}");
    }
}

use super::super::SecretDigest;
use super::super::{Check, Credentials, check};
use super::*;
use crate::client::StoredSecret;
use crate::params::Params;
use crate::sample::{self, KEY, NOW};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

const ISSUER: &str = "https://grantry.test/acme";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn client(method: AuthMethod) -> Client {
    let sealed = SecretDigest::of_sealed(SECRET).as_str().to_owned();
    let stored = StoredSecret { number: 1, digest: sealed, created_at: NOW, expires_at: None };
    let mut client = Client { secrets: vec![stored], ..sample::client() };
    client.registration.token_endpoint_auth_method = method;
    client
}

/// Claims that prove the client.
fn good() -> Value {
    let now = NOW.as_unix();
    json!({ "iss": "app", "sub": "app", "aud": ISSUER, "jti": "1", "exp": now + 60, "iat": now, "nbf": now })
}

fn signed(typ: Option<&str>, claims: &Value) -> String {
    sample::signed(typ, claims)
}

fn by_secret(claims: &Value) -> String {
    jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

fn present(client: Client, assertion: &str) -> Result<AssertionCheck, OAuthError> {
    let form = format!("client_assertion_type={ASSERTION_TYPE}&client_assertion={assertion}");
    let credentials = Credentials::read(None, &Params::parse(form.as_bytes()).unwrap())?;
    match check(credentials, Some(client.into()), NOW)? {
        Check::Assertion(check) => Ok(check),
        Check::Verified(_) | Check::Slow(_) => panic!("an assertion proves nothing by itself"),
    }
}

fn judged(assertion: &str) -> Result<ProvenOnce, OAuthError> {
    Ok(present(client(AuthMethod::PrivateKeyJwt), assertion)?.verify(&KEY.1, ISSUER, NOW)?)
}

/// The code and the first words of the refusal of a good assertion with this change.
fn refused(change: impl FnOnce(&mut Value)) -> Option<&'static str> {
    let mut claims = good();
    change(&mut claims);
    let error = judged(&signed(None, &claims)).err()?;
    assert_eq!(error.code, ErrorCode::InvalidClient);
    Some(error.description)
}

#[test]
fn s3_an_assertion_proves_its_client_once() {
    let proven = judged(&signed(None, &good())).unwrap();
    assert_eq!(proven.expires_at(), NOW.plus(Seconds(60 + 120)));
    assert_eq!(proven.jti_digest().len(), 32);
    assert_eq!(proven.conclude(true).unwrap().client().client_id, "app");
    let again = judged(&signed(None, &good())).unwrap();
    assert_eq!(again.conclude(false).unwrap_err().code, ErrorCode::InvalidClient);
}

#[test]
fn s3_it_is_from_the_client_about_the_client_and_for_us() {
    // One of the engines could not even be asked for such a name.
    for no_name in ["a\0b", "äpp"] {
        let said = refused(|claims| claims["iss"] = no_name.into());
        assert_eq!(said, Some("the client assertion needs an iss: it is the client_id"));
    }
    for claim in ["iss", "sub", "aud"] {
        for value in [json!("other"), json!(null), json!(1), json!(["app", ISSUER]), json!([ISSUER]), json!({})] {
            assert!(refused(|it| it[claim] = value.clone()).is_some(), "{claim} {value}");
        }
        assert!(refused(|it| drop(it.as_object_mut().unwrap().remove(claim))).is_some(), "{claim}");
    }
    for aud in [format!("{ISSUER}/"), format!("{ISSUER}/oauth2/token"), "https://grantry.test".to_owned()] {
        let told = refused(|it| it["aud"] = json!(aud)).unwrap();
        assert!(told.starts_with("aud of the client assertion must be the issuer"), "{aud}: {told}");
    }
}

#[test]
fn s3_it_ends_within_an_hour_and_clocks_differ_by_a_minute() {
    let now = NOW.as_unix();
    for (claim, offset, good) in [
        ("exp", -59, true),
        ("exp", -60, false),
        ("exp", 3_660, true),
        ("exp", 3_661, false),
        ("nbf", 60, true),
        ("nbf", 61, false),
        ("iat", 60, true),
        ("iat", 61, false),
        ("iat", -359, true),
        ("iat", -360, false),
        ("iat", -86_400, false),
    ] {
        assert_eq!(refused(|it| it[claim] = json!(now + offset)).is_none(), good, "{claim} {offset}");
    }
    assert!(refused(|it| drop(it.as_object_mut().unwrap().remove("exp"))).is_some());
    for claim in ["exp", "nbf", "iat"] {
        assert!(refused(|it| it[claim] = json!((now + 30).to_string())).is_some(), "{claim}");
    }
    let without_iat = |offset: i64| {
        move |it: &mut Value| {
            it["exp"] = json!(now + offset);
            it.as_object_mut().unwrap().retain(|claim, _| claim != "nbf" && claim != "iat");
        }
    };
    for (offset, good) in [(60, true), (360, true), (361, false), (3_600, false)] {
        assert_eq!(refused(without_iat(offset)).is_none(), good, "exp {offset}, and no iat");
    }
}

#[test]
fn s3_it_is_remembered_for_minutes_however_late_it_ends() {
    let now = NOW.as_unix();
    for (iat, exp, remembered) in
        [(0, 60, 180), (0, 299, 419), (0, 3_600, 420), (-200, 3_600, 220), (60, 3_660, 480), (-359, 3_600, 61)]
    {
        let mut claims = good();
        (claims["iat"], claims["exp"]) = (json!(now + iat), json!(now + exp));
        let proven = judged(&signed(None, &claims)).unwrap();
        assert_eq!(proven.expires_at(), NOW.plus(Seconds(remembered)), "{iat} {exp}");
    }
}

#[test]
fn core_s9_jti_is_required() {
    for jti in [json!(null), json!(""), json!(1)] {
        assert!(refused(|it| it["jti"] = jti.clone()).is_some(), "{jti}");
    }
    assert!(refused(|it| drop(it.as_object_mut().unwrap().remove("jti"))).is_some());
}

#[test]
fn rfc8725_s3_11_other_kinds_of_jwt_prove_nothing() {
    for typ in ["JWT", "jwt", "client-authentication+jwt"] {
        assert!(judged(&signed(Some(typ), &good())).is_ok(), "{typ}");
    }
    for typ in ["at+jwt", "oauth-authz-req+jwt", "dpop+jwt", "logout+jwt", ""] {
        assert!(judged(&signed(Some(typ), &good())).is_err(), "{typ}");
    }
}

#[test]
fn registration_s2_the_registered_algorithm_and_no_other() {
    let with = |alg: &str| {
        let mut client = client(AuthMethod::PrivateKeyJwt);
        client.registration.openid.token_endpoint_auth_signing_alg = Some(alg.to_owned());
        present(client, &signed(None, &good())).unwrap().verify(&KEY.1, ISSUER, NOW).is_ok()
    };
    assert!(with("ES256"));
    for other in ["RS256", "HS256", "none", "ES384"] {
        assert!(!with(other), "{other}");
    }
}

#[test]
fn core_s9_a_secret_signs_for_client_secret_jwt_and_nothing_else() {
    let with = |method, assertion: &str| present(client(method), assertion).unwrap();
    let check = with(AuthMethod::ClientSecretJwt, &by_secret(&good()));
    assert_eq!(check.sealed_secrets(NOW), [SECRET]);
    assert!(check.verify_with_secrets(&[b"wrong".as_slice(), SECRET], ISSUER, NOW).is_ok());
    assert!(check.verify_with_secrets(&[&SECRET[..31]], ISSUER, NOW).is_err());
    let none = check.verify_with_secrets::<&[u8]>(&[], ISSUER, NOW).unwrap_err();
    assert!(none.description.contains("rotate its secret"), "{none:?}");
    assert!(check.verify(&KEY.1, ISSUER, NOW).is_err());
    // The other method, with the same secret, and with a public key in its place.
    let check = with(AuthMethod::PrivateKeyJwt, &by_secret(&good()));
    assert!(check.verify_with_secrets(&[SECRET], ISSUER, NOW).is_err() && check.verify(&KEY.1, ISSUER, NOW).is_err());
    // Not by a key, either.
    let check = with(AuthMethod::ClientSecretJwt, &signed(None, &good()));
    assert!(check.verify_with_secrets(&[SECRET], ISSUER, NOW).is_err());
}

#[test]
fn registration_s2_a_client_that_registered_another_algorithm_does_not_use_hs256() {
    let with = |alg: &str| {
        let mut client = client(AuthMethod::ClientSecretJwt);
        client.registration.openid.token_endpoint_auth_signing_alg = Some(alg.to_owned());
        present(client, &by_secret(&good())).unwrap().verify_with_secrets(&[SECRET], ISSUER, NOW).is_ok()
    };
    assert!(with("HS256") && !with("HS512") && !with("ES256"));
}

#[test]
fn a_secret_that_ended_signs_no_more() {
    let mut client = client(AuthMethod::ClientSecretJwt);
    client.secrets[0].expires_at = Some(NOW);
    assert!(present(client, &by_secret(&good())).unwrap().sealed_secrets(NOW).is_empty());
}

#[test]
fn a_key_that_is_not_known_may_have_been_published_since() {
    let check = present(client(AuthMethod::PrivateKeyJwt), &signed(None, &good())).unwrap();
    assert!(matches!(check.verify(&ClientKeys::default(), ISSUER, NOW), Err(Unproven::UnknownKey(_))));
    assert!(matches!(check.verify(&KEY.1, "https://other.test", NOW), Err(Unproven::Refused(_))));
}

#[test]
fn rfc7521_s4_2_one_method_one_type_one_client() {
    let assertion = signed(None, &good());
    let read = |header: Option<&str>, form: &str| {
        let params = Params::parse(form.replace("{a}", &assertion).as_bytes()).unwrap();
        Credentials::read(header, &params).map(|credentials| credentials.client_id).map_err(|error| error.code)
    };
    let typed = format!("client_assertion_type={ASSERTION_TYPE}&client_assertion={{a}}");
    assert_eq!(read(None, &typed).as_deref(), Ok("app"));
    assert_eq!(read(None, &format!("{typed}&client_id=app")).as_deref(), Ok("app"));
    assert_eq!(read(None, &format!("{typed}&client_id=other")), Err(ErrorCode::InvalidRequest));
    assert_eq!(read(None, &format!("{typed}&client_secret=s")), Err(ErrorCode::InvalidRequest));
    assert_eq!(read(Some("Basic YXBwOnM="), &typed), Err(ErrorCode::InvalidRequest));
    for form in [
        "client_assertion={a}&client_id=app",
        "client_assertion_type=jwt&client_assertion={a}",
        "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer&client_assertion={a}",
        "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_id=app",
        "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=a.b.c",
    ] {
        assert_eq!(read(None, form), Err(ErrorCode::InvalidClient), "{form}");
    }
}

//! Each test starts from a valid request, changes one thing, and compares.

use super::*;
use crate::account::Consent;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::grant::GrantState;
use crate::params::Params;
use crate::sample::{NOW, client, workspace};
use crate::scope::Scope;
use crate::types::{GrantType, SessionId, UserId};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const ISSUER: &str = "https://grantry.test/acme";

fn asked(query: &str, client: Option<Client>) -> Result<ValidRequest, Refusal> {
    validate(&Params::parse(query.as_bytes()).unwrap(), &workspace(), client, ISSUER)
}

fn told(refusal: Result<ValidRequest, Refusal>) -> (&'static str, ErrorCode) {
    match refusal {
        Ok(_) => panic!("the request was valid"),
        Err(Refusal::Show(error)) => ("shown", error.code),
        Err(Refusal::Redirect(_, error)) => ("redirected", error.code),
    }
}

fn person() -> SignedIn {
    SignedIn { user: UserId(1), session: SessionId(2), auth_time: NOW }
}

fn agreed(scope: &str) -> Consent {
    Consent { user: UserId(1), client: client().row, scope: Scope::parse(scope).unwrap(), granted_at: NOW }
}

#[test]
fn s4_1_2_1_until_client_and_redirect_uri_are_known_good_errors_are_shown() {
    let disabled = Client { disabled_at: Some(NOW), ..client() };
    assert_eq!(told(asked("response_type=code", Some(client()))), ("shown", ErrorCode::InvalidRequest));
    assert_eq!(told(asked("response_type=code&client_id=app", None)), ("shown", ErrorCode::InvalidClient));
    assert_eq!(told(asked("response_type=code&client_id=app", Some(disabled))), ("shown", ErrorCode::InvalidClient));
    let elsewhere = "response_type=code&client_id=app&redirect_uri=https://evil.test/";
    assert_eq!(told(asked(elsewhere, Some(client()))), ("shown", ErrorCode::InvalidRequest));
}

#[test]
fn s4_1_2_1_after_that_the_client_is_told() {
    for (query, code) in [
        ("client_id=app", ErrorCode::InvalidRequest),
        ("client_id=app&response_type=code+token", ErrorCode::UnsupportedResponseType),
        ("client_id=app&response_type=code&scope=admin", ErrorCode::InvalidScope),
        ("client_id=app&response_type=code&code_challenge=x&code_challenge_method=S256", ErrorCode::InvalidRequest),
    ] {
        assert_eq!(told(asked(query, Some(client()))), ("redirected", code), "{query}");
    }
    let mut narrow = client();
    narrow.registration.grant_types.remove(&GrantType::AuthorizationCode);
    assert_eq!(
        told(asked("client_id=app&response_type=code", Some(narrow))),
        ("redirected", ErrorCode::UnauthorizedClient)
    );
}

#[test]
fn rfc9700_s2_1_1_a_public_client_needs_pkce() {
    let mut public = client();
    public.registration.token_endpoint_auth_method = crate::client::AuthMethod::None;
    let plain = "client_id=app&response_type=code";
    assert_eq!(told(asked(plain, Some(public.clone()))), ("redirected", ErrorCode::InvalidRequest));
    let with = format!("{plain}&code_challenge={CHALLENGE}&code_challenge_method=S256");
    assert!(asked(&with, Some(public)).is_ok());
}

#[test]
fn an_app_gets_no_scope_that_the_workspace_no_longer_has() {
    let mut client = client();
    client.registration.scope = Scope::parse("read gone").unwrap();
    let request = asked("client_id=app&response_type=code", Some(client.clone())).unwrap();
    assert_eq!(request.scope().to_string(), "read");
    let named = asked("client_id=app&response_type=code&scope=gone", Some(client));
    assert_eq!(told(named), ("redirected", ErrorCode::InvalidScope));
}

#[test]
fn rfc9207_s2_state_and_issuer_are_in_every_answer() {
    let request = asked("client_id=app&response_type=code&state=a%26b", Some(client())).unwrap();
    let answer = request.target().with_code("gry_ac_x");
    assert_eq!(answer, "https://app.test/cb?code=gry_ac_x&state=a%26b&iss=https%3A%2F%2Fgrantry.test%2Facme");
    let refused = request.target().with_error(&denied("no"));
    assert!(refused.contains("error=access_denied") && refused.contains("state=a%26b") && refused.contains("iss="));
    let implicit = asked("client_id=app&response_type=token&state=s", Some(client())).unwrap();
    let answer = implicit.target().with_token("gry_at_x", 60, "read");
    assert_eq!(
        answer,
        "https://app.test/cb#access_token=gry_at_x&token_type=Bearer&expires_in=60&scope=read&state=s\
         &iss=https%3A%2F%2Fgrantry.test%2Facme"
    );
}

#[test]
fn s4_1_1_sign_in_then_ask_then_answer() {
    let request = || asked("client_id=app&response_type=code&scope=read", Some(client())).unwrap();
    assert!(matches!(decide(request(), None, Some(&agreed("read"))), Decision::SignIn(_)));
    assert!(matches!(decide(request(), Some(person()), None), Decision::Ask(_)));
    assert!(matches!(decide(request(), Some(person()), Some(&agreed("write"))), Decision::Ask(_)));
    assert!(matches!(decide(request(), Some(person()), Some(&agreed("read write"))), Decision::Answer(_)));
}

#[test]
fn s3_3_the_person_may_narrow_what_is_optional() {
    let question = |query: &str| match decide(asked(query, Some(client())).unwrap(), Some(person()), None) {
        Decision::Ask(question) => question,
        other => panic!("{other:?}"),
    };
    let allow = |query: &str, ticked: &str| {
        question(query).allow(&Scope::parse(ticked).unwrap(), &workspace()).map(|it| it.scope().to_string())
    };
    let all = "client_id=app&response_type=code";
    assert_eq!(allow(all, ""), Ok("read".to_owned()), "read is required");
    assert_eq!(allow(all, "write not-asked"), Ok("read write".to_owned()));
    let optional = "client_id=app&response_type=code&scope=write";
    assert_eq!(allow(optional, "read").map_err(|error: OAuthError| error.code), Err(ErrorCode::AccessDenied));
}

#[test]
fn s4_2_2_the_implicit_grant_is_active_at_once_and_has_no_refresh_token() {
    let grant = |query: &str| match decide(asked(query, Some(client())).unwrap(), Some(person()), Some(&agreed("read")))
    {
        Decision::Answer(authorized) => authorized.to_grant(&workspace().policy.lifetimes, NOW),
        other => panic!("{other:?}"),
    };
    let implicit = grant("client_id=app&response_type=token&scope=read");
    assert_eq!((implicit.state, implicit.refresh_until), (GrantState::Active, None));
    assert_eq!(implicit.expires_at.since(NOW), workspace().policy.lifetimes.access_token);
    let code = grant("client_id=app&response_type=code&scope=read");
    assert_eq!((code.state, code.expires_at.since(NOW)), (GrantState::Pending, workspace().policy.lifetimes.code));
}

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
    SignedIn { user: UserId(1), session: SessionId(2), sid: "sid".to_owned(), auth_time: NOW }
}

/// What comes of a request of somebody who agreed to this scope, or who is not there.
fn decided(request: ValidRequest, person: Option<&SignedIn>, consent: Option<&Consent>) -> Decision {
    decide(request, Known { person, consent, expects_another: false, waited: None, now: NOW })
}

fn location(answer: Answer) -> String {
    match answer {
        Answer::Redirect(location) => location,
        Answer::FormPost { .. } => panic!("{answer:?}"),
    }
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
        ("client_id=app&response_type=code+cake", ErrorCode::UnsupportedResponseType),
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
    let code = Issued { code: Some("gry_ac_x"), ..Issued::default() };
    let answer = location(request.target().with(&code));
    assert_eq!(answer, "https://app.test/cb?code=gry_ac_x&state=a%26b&iss=https%3A%2F%2Fgrantry.test%2Facme");
    let refused = location(request.target().with_error(&denied("no")));
    assert!(refused.contains("error=access_denied") && refused.contains("state=a%26b") && refused.contains("iss="));
    let implicit = asked("client_id=app&response_type=token&state=s", Some(client())).unwrap();
    let token = Issued { access_token: Some(("gry_at_x", 60, "read")), ..Issued::default() };
    let answer = location(implicit.target().with(&token));
    assert_eq!(
        answer,
        "https://app.test/cb#access_token=gry_at_x&token_type=Bearer&expires_in=60&scope=read&state=s\
         &iss=https%3A%2F%2Fgrantry.test%2Facme"
    );
}

#[test]
fn s4_1_1_sign_in_then_ask_then_answer() {
    let request = || asked("client_id=app&response_type=code&scope=read", Some(client())).unwrap();
    assert!(matches!(decided(request(), None, Some(&agreed("read"))), Decision::SignIn(_)));
    assert!(matches!(decided(request(), Some(&person()), None), Decision::Ask(_)));
    assert!(matches!(decided(request(), Some(&person()), Some(&agreed("write"))), Decision::Ask(_)));
    assert!(matches!(decided(request(), Some(&person()), Some(&agreed("read write"))), Decision::Answer(_)));
}

#[test]
fn s3_3_the_person_may_narrow_what_is_optional() {
    let question = |query: &str| match decided(asked(query, Some(client())).unwrap(), Some(&person()), None) {
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
    let lifetimes = workspace().policy.lifetimes;
    let authorized =
        |query: &str| match decided(asked(query, Some(client())).unwrap(), Some(&person()), Some(&agreed("read"))) {
            Decision::Answer(authorized) => authorized,
            other => panic!("{other:?}"),
        };
    let both = authorized("client_id=app&response_type=code+token&scope=read");
    let implicit = both.to_token_grant(&lifetimes, NOW).unwrap();
    assert_eq!((implicit.state, implicit.refresh_until), (GrantState::Active, None));
    assert_eq!(implicit.expires_at.since(NOW), lifetimes.access_token);
    let code = both.to_code_grant(&lifetimes, NOW).unwrap();
    assert_eq!((code.state, code.expires_at.since(NOW)), (GrantState::Pending, lifetimes.code));
    assert_eq!(authorized("client_id=app&response_type=code&scope=read").to_token_grant(&lifetimes, NOW), None);
    assert_eq!(authorized("client_id=app&response_type=token&scope=read").to_code_grant(&lifetimes, NOW), None);
    let none = authorized("client_id=app&response_type=none&scope=read");
    assert!(none.to_code_grant(&lifetimes, NOW).is_none() && none.to_token_grant(&lifetimes, NOW).is_none());
}

mod openid {
    use super::*;
    use crate::types::Seconds;
    use crate::workspace::{ScopeDefinition, Workspace};

    const CODE: &str = "client_id=app&response_type=code&scope=openid&redirect_uri=https://app.test/cb";

    /// A request of a client that may ask for the standard scopes.
    fn asked(query: &str) -> Result<ValidRequest, Refusal> {
        asked_of(workspace(), query)
    }

    fn asked_of(mut workspace: Workspace, query: &str) -> Result<ValidRequest, Refusal> {
        workspace.scopes = ScopeDefinition::with_standard(workspace.scopes);
        let mut client = client();
        client.registration.scope = workspace.scope_names();
        validate(&Params::parse(query.as_bytes()).unwrap(), &workspace, Some(client), ISSUER)
    }

    fn with(more: &str) -> ValidRequest {
        asked(&format!("{CODE}{more}")).unwrap()
    }

    fn known<'a>(person: Option<&'a SignedIn>, consent: Option<&'a Consent>) -> Known<'a> {
        Known { person, consent, expects_another: false, waited: None, now: NOW }
    }

    /// The page that is needed, or the code of the error.
    fn outcome(decision: Decision) -> &'static str {
        match decision {
            Decision::SignIn(_) => "sign in",
            Decision::SignUp(_) => "sign up",
            Decision::Choose(_) => "choose",
            Decision::Ask(_) => "ask",
            Decision::Answer(_) => "answer",
            Decision::Refuse(_, error) => error.code.as_str(),
        }
    }

    #[test]
    fn core_s3_1_2_1_an_openid_request_names_its_redirect_uri() {
        let without = "client_id=app&response_type=code&scope=openid";
        assert_eq!(told(asked(without)), ("shown", ErrorCode::InvalidRequest));
        assert!(asked("client_id=app&response_type=code&scope=*").is_ok());
    }

    #[test]
    fn core_s3_2_2_1_s3_3_2_1_an_id_token_from_the_browser_needs_openid_and_a_nonce() {
        let uri = "redirect_uri=https://app.test/cb";
        for response_type in ["id_token", "id_token+token", "code+id_token", "code+id_token+token"] {
            let query = |rest: &str| format!("client_id=app&response_type={response_type}&{uri}{rest}");
            let request = asked(&query("&scope=openid&nonce=n"));
            assert_eq!(request.unwrap().authentication().nonce.as_deref(), Some("n"), "{response_type}");
            let refused = ("redirected", ErrorCode::InvalidRequest);
            assert_eq!(told(asked(&query("&scope=openid"))), refused, "{response_type}");
            assert_eq!(told(asked(&query("&scope=read&nonce=n"))), refused, "{response_type}");
        }
        assert!(asked(CODE).is_ok(), "the code flow needs no nonce");
    }

    #[test]
    fn multiple_response_types_s2_1_the_answer_travels_as_asked_and_no_token_in_a_query() {
        let query = |rest: &str| format!("client_id=app&scope=openid&nonce=n&redirect_uri=https://app.test/cb&{rest}");
        let answer = |rest: &str| asked(&query(rest)).unwrap().target().with(&Issued::default());
        assert!(location(answer("response_type=code")).starts_with("https://app.test/cb?iss="));
        assert!(location(answer("response_type=code&response_mode=fragment")).starts_with("https://app.test/cb#iss="));
        assert!(location(answer("response_type=code+id_token")).starts_with("https://app.test/cb#iss="));
        let Answer::FormPost { action, fields } =
            answer("response_type=id_token&response_mode=form_post&state=%3Cb%3E")
        else {
            panic!("not posted")
        };
        assert_eq!(action, "https://app.test/cb");
        assert_eq!(fields[0], ("state".to_owned(), "<b>".to_owned()));
        for bad in ["response_type=id_token&response_mode=query", "response_type=code&response_mode=web_message"] {
            assert_eq!(told(asked(&query(bad))), ("redirected", ErrorCode::InvalidRequest), "{bad}");
        }
    }

    #[test]
    fn core_s3_1_2_1_what_cannot_be_understood_is_refused_by_its_own_code() {
        for (more, code) in [
            ("&prompt=none+login", ErrorCode::InvalidRequest),
            ("&prompt=dance", ErrorCode::InvalidRequest),
            ("&max_age=-1", ErrorCode::InvalidRequest),
            ("&max_age=%2B1", ErrorCode::InvalidRequest),
            ("&max_age=1.5", ErrorCode::InvalidRequest),
            ("&max_age=99999999999999999999", ErrorCode::InvalidRequest),
            ("&registration=%7B%7D", ErrorCode::RegistrationNotSupported),
        ] {
            assert_eq!(told(asked(&format!("{CODE}{more}"))), ("redirected", code), "{more}");
        }
        assert!(asked(&format!("{CODE}&display=hologram&ui_locales=xx&claims_locales=se&extra=foobar")).is_ok());
    }

    #[test]
    fn core_s11_offline_access_is_ignored_without_a_code() {
        let query = |kind: &str| format!("client_id=app&response_type={kind}&scope=read+offline_access");
        assert_eq!(asked(&query("token")).unwrap().scope().to_string(), "read");
        assert_eq!(asked(&query("code")).unwrap().scope().to_string(), "offline_access read");
    }

    #[test]
    fn core_s3_1_2_3_prompt_none_tells_the_app_what_would_be_needed() {
        let agreed = agreed("openid");
        let person = person();
        let outcome = |more: &str, known: Known<'_>| outcome(decide(with(more), known));
        assert_eq!(outcome("&prompt=none", known(None, None)), "login_required");
        assert_eq!(outcome("&prompt=none", known(Some(&person), None)), "consent_required");
        assert_eq!(outcome("&prompt=none", known(Some(&person), Some(&agreed))), "answer");
        assert_eq!(outcome("&prompt=consent", known(Some(&person), Some(&agreed))), "ask");
        let later = Known { now: NOW.plus(Seconds(11)), ..known(Some(&person), Some(&agreed)) };
        assert_eq!(outcome("&prompt=none&max_age=10", later), "login_required");
        assert_eq!(outcome("&max_age=11", later), "answer");
        let other = Known { expects_another: true, ..known(Some(&person), Some(&agreed)) };
        assert_eq!(outcome("&prompt=none", other), "login_required");
        assert_eq!(outcome("", other), "sign in");
    }

    #[test]
    fn core_s3_1_2_3_prompt_login_is_satisfied_by_a_new_session_only() {
        let (agreed, person) = (agreed("openid"), person());
        let waited = |session, since| Waited { since, session, chosen: None };
        let outcome =
            |more: &str, waited| outcome(decide(with(more), Known { waited, ..known(Some(&person), Some(&agreed)) }));
        for more in ["&prompt=login", "&max_age=0"] {
            assert_eq!(outcome(more, None), "sign in");
            assert_eq!(outcome(more, Some(waited(Some(SessionId(2)), NOW))), "sign in", "the same session as before");
            assert_eq!(outcome(more, Some(waited(Some(SessionId(1)), NOW))), "answer");
            assert_eq!(outcome(more, Some(waited(None, NOW))), "answer");
            assert_eq!(
                outcome(more, Some(waited(None, NOW.plus(Seconds(1))))),
                "sign in",
                "signed in before it was sent"
            );
        }
        assert_eq!(outcome("&prompt=select_account", None), "choose");
        let chosen = Waited { chosen: Some(SessionId(2)), ..waited(Some(SessionId(2)), NOW) };
        assert_eq!(outcome("&prompt=select_account", Some(chosen)), "answer");
        assert_eq!(outcome("&prompt=login", Some(chosen)), "sign in", "a choice is no login");
        let another = Waited { chosen: Some(SessionId(1)), ..chosen };
        assert_eq!(outcome("&prompt=select_account", Some(another)), "choose", "somebody else chose");
    }

    /// The same in a workspace where people sign up by themselves.
    fn open(more: &str) -> Result<ValidRequest, Refusal> {
        let mut workspace = workspace();
        workspace.policy.sign_up = true;
        asked_of(workspace, &format!("{CODE}{more}"))
    }

    #[test]
    fn prompt_create_s4_1_it_is_refused_where_nobody_signs_up_and_beside_other_values() {
        assert!(open("&prompt=create").is_ok());
        assert_eq!(told(asked(&format!("{CODE}&prompt=create"))), ("redirected", ErrorCode::InvalidRequest));
        for more in ["none", "login", "consent", "select_account"] {
            let both = open(&format!("&prompt=create+{more}"));
            assert_eq!(told(both), ("redirected", ErrorCode::InvalidRequest), "{more}");
        }
    }

    #[test]
    fn prompt_create_s4_1_it_is_for_somebody_new_and_names_nobody() {
        for (member, sub) in [("id_token", "{\"value\":\"bob\"}"), ("userinfo", "{\"values\":[\"\"]}")] {
            let more = format!("&prompt=create&claims={{\"{member}\":{{\"sub\":{sub}}}}}");
            assert_eq!(told(open(&more)), ("redirected", ErrorCode::InvalidRequest), "{more}");
        }
        assert_eq!(told(open("&prompt=create&id_token_hint=e30")), ("redirected", ErrorCode::InvalidRequest));
        assert!(open("&prompt=create&claims={\"id_token\":{\"sub\":null}}").is_ok());
    }

    #[test]
    fn prompt_create_s4_1_whoever_is_signed_in_signs_up_unless_it_was_for_this_request() {
        let (agreed, person) = (agreed("openid"), person());
        let outcome = |known: Known<'_>| outcome(decide(open("&prompt=create").unwrap(), known));
        let waited = |session, since| Some(Waited { since, session, chosen: Some(SessionId(2)) });
        let signed_in = |waited| Known { waited, ..known(Some(&person), Some(&agreed)) };
        assert_eq!(outcome(known(None, None)), "sign up");
        assert_eq!(outcome(signed_in(None)), "sign up");
        assert_eq!(outcome(signed_in(waited(Some(SessionId(2)), NOW))), "sign up", "the same session as before");
        assert_eq!(outcome(signed_in(waited(None, NOW.plus(Seconds(1))))), "sign up", "before it was sent");
        assert_eq!(outcome(signed_in(waited(Some(SessionId(1)), NOW))), "answer");
    }

    #[test]
    fn core_s3_1_2_2_who_signs_in_as_somebody_else_ends_the_request() {
        let (agreed, person) = (agreed("openid"), person());
        let waited = Some(Waited { since: NOW, session: None, chosen: None });
        let known = Known { expects_another: true, waited, ..known(Some(&person), Some(&agreed)) };
        assert_eq!(outcome(decide(with(""), known)), "login_required");
    }
}

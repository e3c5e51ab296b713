//! Each test starts from a valid request, changes one thing, and compares.

use super::*;
use crate::account::Consent;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::grant::{GrantState, NewGrant};
use crate::params::Params;
use crate::redirect_uri::RedirectUri;
use crate::sample::{NOW, client, public, workspace};
use crate::scope::Scope;
use crate::types::{GrantType, Seconds, SessionId, UserId};
use crate::workspace::ScopeDefinition;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const ISSUER: &str = "https://grantry.test/acme";

fn asked(query: &str, client: Option<Client>) -> Result<ValidRequest, Refusal> {
    validate(&Params::parse(query.as_bytes()).unwrap(), &workspace(), client.map(Into::into), ISSUER)
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
    let plain = "client_id=app&response_type=code";
    assert_eq!(told(asked(plain, Some(public()))), ("redirected", ErrorCode::InvalidRequest));
    let with = format!("{plain}&code_challenge={CHALLENGE}&code_challenge_method=S256");
    assert!(asked(&with, Some(public())).is_ok());
    assert!(
        asked("client_id=app&response_type=token", Some(public())).is_ok(),
        "there is no code that a proof could guard"
    );
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
fn s4_1_2_1_a_parameter_that_is_there_twice_is_refused_and_never_leads_anywhere() {
    let good = "client_id=app&response_type=code&redirect_uri=https://app.test/cb";
    for (twice, how) in [
        ("client_id=app", "shown"),
        ("redirect_uri=https://app.test/cb", "shown"),
        ("state=s&state=s", "redirected"),
        ("response_type=code", "redirected"),
    ] {
        let params = Params::parse_telling(format!("{good}&{twice}").as_bytes()).unwrap();
        let refusal = validate(&params, &workspace(), Some(client().into()), ISSUER);
        assert!(format!("{refusal:?}").contains("more than once"), "{refusal:?}");
        assert_eq!(told(refusal), (how, ErrorCode::InvalidRequest), "{twice}");
    }
}

#[test]
fn rfc9101_s5_a_request_object_that_nobody_resolved_is_no_request() {
    for object in ["request=x", "request_uri=https://app.test/object"] {
        let said = told(asked(&format!("client_id=app&response_type=code&{object}"), Some(client())));
        assert_eq!(said, ("redirected", ErrorCode::InvalidRequestObject), "{object}");
    }
}

#[test]
fn rfc9700_s2_1_2_a_response_type_needs_each_of_its_grants_from_the_workspace_and_the_app() {
    for (missing, response_type, code) in [
        (GrantType::Implicit, "token", ErrorCode::UnsupportedResponseType),
        (GrantType::Implicit, "code+token", ErrorCode::UnsupportedResponseType),
        (GrantType::AuthorizationCode, "code", ErrorCode::UnsupportedResponseType),
        (GrantType::AuthorizationCode, "none", ErrorCode::UnsupportedResponseType),
    ] {
        let query = format!("client_id=app&response_type={response_type}");
        let (mut workspace, mut narrow) = (workspace(), client());
        workspace.policy.grant_types.remove(&missing);
        narrow.registration.grant_types.remove(&missing);
        let params = Params::parse(query.as_bytes()).unwrap();
        let said = told(validate(&params, &workspace, Some(client().into()), ISSUER));
        assert_eq!(said, ("redirected", code), "{response_type} in the workspace");
        let said = told(asked(&query, Some(narrow)));
        assert_eq!(said, ("redirected", ErrorCode::UnauthorizedClient), "{response_type} of the app");
    }
}

#[test]
fn rfc7591_s2_an_app_that_registered_response_types_uses_no_other() {
    let mut restricted = client();
    restricted.registration.openid.response_types = [ResponseType::Token].into();
    let asked = |kind: &str| asked(&format!("client_id=app&response_type={kind}"), Some(restricted.clone()));
    assert!(asked("token").is_ok());
    assert_eq!(told(asked("code")), ("redirected", ErrorCode::UnauthorizedClient));
    assert_eq!(told(asked("code+token")), ("redirected", ErrorCode::UnauthorizedClient));
}

#[test]
fn s3_1_2_an_answer_keeps_the_query_of_the_redirect_uri() {
    let mut client = client();
    client.registration.redirect_uris = vec![RedirectUri::register("https://app.test/cb?to=us").unwrap()];
    let answer = |kind: &str| {
        let request = asked(&format!("client_id=app&response_type={kind}"), Some(client.clone())).unwrap();
        location(request.target().with(&Issued { code: Some("x"), ..Issued::default() }))
    };
    let iss = "iss=https%3A%2F%2Fgrantry.test%2Facme";
    assert_eq!(answer("code"), format!("https://app.test/cb?to=us&code=x&{iss}"));
    assert_eq!(answer("code+token"), format!("https://app.test/cb?to=us#code=x&{iss}"));
}

#[test]
fn s4_2_2_an_answer_has_all_that_was_issued_and_no_empty_scope() {
    let request = asked("client_id=app&response_type=code+token&response_mode=form_post", Some(client())).unwrap();
    let issued = |scope| Issued {
        code: Some("c"),
        access_token: Some(("a", 60, scope)),
        id_token: Some("i"),
        session_state: Some("s"),
    };
    let names = |scope| match request.target().with(&issued(scope)) {
        Answer::FormPost { fields, .. } => fields.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" "),
        answer => panic!("{answer:?}"),
    };
    assert_eq!(names("read"), "code access_token token_type expires_in scope id_token session_state iss");
    assert_eq!(names(""), "code access_token token_type expires_in id_token session_state iss");
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
fn rfc8252_s8_6_what_any_program_could_receive_and_use_is_asked_about_each_time() {
    let outcome = |uri: &str, kind: &str, mut client: Client| {
        client.registration.redirect_uris = vec![RedirectUri::register(uri).unwrap()];
        let proof = format!("code_challenge={CHALLENGE}&code_challenge_method=S256&nonce=n");
        let query = format!("client_id=app&scope=openid&redirect_uri={uri}&response_type={kind}&{proof}");
        let mut workspace = workspace();
        workspace.scopes = ScopeDefinition::with_standard(workspace.scopes);
        client.registration.scope = workspace.scope_names();
        let request = validate(&Params::parse(query.as_bytes()).unwrap(), &workspace, Some(client.into()), ISSUER);
        match decided(request.unwrap(), Some(&person()), Some(&agreed("openid"))) {
            Decision::Ask(_) => "ask",
            Decision::Answer(_) => "answer",
            other => panic!("{other:?}"),
        }
    };
    let local = "http://127.0.0.1/cb";
    assert_eq!(outcome(local, "code", client()), "answer", "the code needs the secret of the app");
    for kind in ["token", "id_token", "code+token", "code+id_token"] {
        assert_eq!(outcome(local, kind, client()), "ask", "{kind}");
        assert_eq!(outcome("https://app.test/cb", kind, public()), "answer", "{kind}");
    }
    assert_eq!(outcome(local, "code", public()), "ask");
}

#[test]
fn s3_3_the_person_is_shown_what_is_asked_and_what_they_allowed_before() {
    let request = asked("client_id=app&response_type=code&scope=write", Some(client())).unwrap();
    let Decision::Ask(question) = decided(request, Some(&person()), Some(&agreed("read"))) else { panic!() };
    let workspace = workspace();
    let shown: Vec<_> = question.scopes(&workspace).into_iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!(shown, ["write"]);
    assert!(question.is_known("read") && !question.is_known("write"));
}

#[test]
fn s3_3_to_nothing_but_who_they_are_there_is_nothing_to_untick() {
    let mut client = client();
    client.registration.scope = Scope::default();
    let request = asked("client_id=app&response_type=code", Some(client)).unwrap();
    let Decision::Ask(question) = decided(request, Some(&person()), None) else { panic!() };
    assert!(question.allow(&Scope::default(), &workspace()).unwrap().agreed().is_empty());
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

#[test]
fn s4_1_3_a_grant_is_bound_to_whom_it_is_of_and_to_what_was_said_when_it_was_asked_for() {
    let query = format!(
        "client_id=app&response_type=code+token&scope=read&redirect_uri=https://app.test/cb\
         &code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let person = SignedIn { auth_time: NOW.plus(Seconds(-5)), ..person() };
    let request = asked(&query, Some(client())).unwrap();
    let Decision::Answer(both) = decided(request, Some(&person), Some(&agreed("read"))) else { panic!() };
    let lifetimes = workspace().policy.lifetimes;
    let code = NewGrant {
        user: UserId(1),
        client: client().row,
        session: Some(SessionId(2)),
        grant_type: GrantType::AuthorizationCode,
        scope: Scope::parse("read").unwrap(),
        auth_time: NOW.plus(Seconds(-5)),
        redirect_uri: Some("https://app.test/cb".to_owned()),
        code_challenge: Some(CHALLENGE.to_owned()),
        openid: None,
        state: GrantState::Pending,
        created_at: NOW,
        refresh_until: None,
        expires_at: NOW.plus(lifetimes.code),
    };
    let expires_at = NOW.plus(lifetimes.access_token);
    let token = NewGrant { grant_type: GrantType::Implicit, state: GrantState::Active, expires_at, ..code.clone() };
    assert_eq!(both.to_code_grant(&lifetimes, NOW), Some(code));
    assert_eq!(both.to_token_grant(&lifetimes, NOW), Some(token));
}

mod openid {
    use super::*;
    use crate::workspace::Workspace;

    const CODE: &str = "client_id=app&response_type=code&scope=openid&redirect_uri=https://app.test/cb";

    /// A request of a client that may ask for the standard scopes.
    fn asked(query: &str) -> Result<ValidRequest, Refusal> {
        asked_of(workspace(), query)
    }

    fn asked_of(mut workspace: Workspace, query: &str) -> Result<ValidRequest, Refusal> {
        workspace.scopes = ScopeDefinition::with_standard(workspace.scopes);
        let mut client = client();
        client.registration.scope = workspace.scope_names();
        validate(&Params::parse(query.as_bytes()).unwrap(), &workspace, Some(client.into()), ISSUER)
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
        assert!(location(answer("response_type=code&response_mode=query")).starts_with("https://app.test/cb?iss="));
        for bad in ["response_type=id_token&response_mode=query", "response_type=code&response_mode=web_message"] {
            assert_eq!(told(asked(&query(bad))), ("redirected", ErrorCode::InvalidRequest), "{bad}");
        }
    }

    #[test]
    fn core_s3_1_2_1_what_cannot_be_understood_is_refused_by_its_own_code() {
        for (more, code) in [
            ("&prompt=none+login", ErrorCode::InvalidRequest),
            ("&prompt=none+consent", ErrorCode::InvalidRequest),
            ("&prompt=none+select_account", ErrorCode::InvalidRequest),
            ("&prompt=dance", ErrorCode::InvalidRequest),
            ("&max_age=-1", ErrorCode::InvalidRequest),
            ("&max_age=%2B1", ErrorCode::InvalidRequest),
            ("&max_age=1.5", ErrorCode::InvalidRequest),
            ("&max_age=99999999999999999999", ErrorCode::InvalidRequest),
            ("&registration=%7B%7D", ErrorCode::RegistrationNotSupported),
        ] {
            assert_eq!(told(asked(&format!("{CODE}{more}"))), ("redirected", code), "{more}");
        }
        let nonce = |length| asked(&format!("{CODE}&nonce={}", "n".repeat(length)));
        assert!(nonce(512).is_ok());
        assert_eq!(told(nonce(513)), ("redirected", ErrorCode::InvalidRequest));
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
        let fresh = waited(Some(SessionId(1)), NOW);
        assert_eq!(
            outcome("&prompt=select_account", Some(fresh)),
            "answer",
            "who signed in for this request chose by it"
        );
        let another = Waited { chosen: Some(SessionId(1)), ..chosen };
        assert_eq!(outcome("&prompt=select_account", Some(another)), "choose", "somebody else chose");
    }

    #[test]
    fn core_s5_5_1_1_an_essential_acr_that_cannot_be_reached_is_a_failed_login_and_a_wish_is_not() {
        let (agreed, person) = (agreed("openid"), person());
        for (acr, expected) in [
            (r#"{"essential":true,"values":["gold"]}"#, "unmet_authentication_requirements"),
            (r#"{"essential":true,"values":["gold","urn:grantry:acr:password"]}"#, "answer"),
            (r#"{"essential":true}"#, "answer"),
            (r#"{"values":["gold"]}"#, "answer"),
            ("null", "answer"),
        ] {
            let request = with(&format!(r#"&claims={{"id_token":{{"acr":{acr}}}}}"#));
            assert_eq!(outcome(decide(request, known(Some(&person), Some(&agreed)))), expected, "{acr}");
        }
    }

    #[test]
    fn registration_s2_the_defaults_of_the_app_stand_in_for_what_the_request_leaves_out() {
        let mut client = client();
        client.registration.openid.default_max_age = Some(Seconds(60));
        client.registration.openid.default_acr_values = vec!["silver".to_owned()];
        let said = |more: &str| {
            let said = super::asked(&format!("client_id=app&response_type=code{more}"), Some(client.clone())).unwrap();
            (said.authentication().max_age, said.authentication().acr_values.join("|"))
        };
        assert_eq!(said(""), (Some(Seconds(60)), "silver".to_owned()));
        assert_eq!(said("&max_age=5&acr_values=+gold++bronze"), (Some(Seconds(5)), "gold|bronze".to_owned()));
        assert_eq!(said("&acr_values=+").1, "silver");
    }

    #[test]
    fn core_s5_5_no_claim_is_asked_for_of_a_scope_that_the_app_may_not_have() {
        let mut workspace = workspace();
        workspace.scopes = ScopeDefinition::with_standard(workspace.scopes);
        let asked = |may_have: &str| {
            let mut client = client();
            client.registration.scope = Scope::parse(may_have).unwrap();
            let query = format!(r#"{CODE}&claims={{"userinfo":{{"email":null}},"id_token":{{"name":null}}}}"#);
            let params = Params::parse(query.as_bytes()).unwrap();
            validate(&params, &workspace, Some(client.into()), ISSUER).unwrap().asked().to_string()
        };
        assert_eq!(asked("openid"), "openid");
        assert_eq!(asked("email openid"), "email openid");
        assert_eq!(asked("email openid profile"), "email openid profile");
    }

    #[test]
    fn core_s3_1_2_1_only_who_agrees_to_openid_is_told_of() {
        let authorized =
            |query: &str| match decide(asked(query).unwrap(), known(Some(&person()), Some(&agreed("openid read")))) {
                Decision::Answer(authorized) => authorized,
                other => panic!("{other:?}"),
            };
        let (openid, oauth) = (authorized(CODE), authorized("client_id=app&response_type=code&scope=read"));
        assert!(openid.is_openid() && openid.openid().is_some_and(|said| said.sid == "sid" && said.amr == ["pwd"]));
        assert!(!oauth.is_openid() && oauth.openid().is_none());
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

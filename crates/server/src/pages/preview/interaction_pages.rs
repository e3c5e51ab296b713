//! Sign in, consent, errors, signed out, root.

use super::{frame, page};
use crate::pages::app_links::AppLinks;
use crate::pages::choose::ChoosePage;
use crate::pages::consent::{ConsentPage, ConsentProblem, ConsentScope};
use crate::pages::error::{ErrorPage, Rule};
use crate::pages::form_post::FormPostPage;
use crate::pages::home::RootPage;
use crate::pages::layout::Frame;
use crate::pages::login::{LoginPage, LoginProblem};
use crate::pages::logout::LogoutPage;
use crate::pages::onward::Onward;
use crate::pages::sign_up::{SignUpErrors, SignUpPage};
use crate::pages::signed_out::{GoesOn, SignedOutPage};
use grantry_protocol::account::SignUp;
use url::Url;

fn links() -> AppLinks {
    let at = |path| Some(format!("https://postmortem.example/{path}"));
    AppLinks { logo: at("logo.png"), home: at(""), policy: at("privacy"), terms: at("terms") }
}

fn login(app: Option<&str>, problem: Option<LoginProblem>) -> LoginPage {
    LoginPage {
        frame: frame(false),
        form_token: "gry_ft_sample".into(),
        onward: onward(app),
        app_name: app.map(str::to_owned),
        links: app.map(|_| links()).unwrap_or_default(),
        username: if problem.is_some() { "bob".into() } else { String::new() },
        problem,
        sign_up: app.map(|_| "/workflow/sign-up?request=gry_rq_sample".to_owned()),
    }
}

fn onward(app: Option<&str>) -> Onward {
    Onward { request: app.map(|_| "gry_rq_sample".to_owned()), return_to: None }
}

#[test]
fn sign_up_pages() {
    let mut sign_up = SignUpPage {
        frame: frame(false),
        form_token: "gry_ft_sample".into(),
        onward: onward(Some("Postmortem")),
        app_name: Some("Postmortem".into()),
        links: links(),
        username: String::new(),
        display_name: String::new(),
        min_length: 8,
        longest_username: 64,
        errors: SignUpErrors::default(),
        login: "/workflow/login?request=gry_rq_sample".into(),
    };
    let contract =
        ["name=\"username\"", "name=\"display_name\"", "name=\"password\"", "id=\"sign-up-submit\"", "id=\"cancel\""];
    page("sign-up-app", &sign_up, &contract);
    sign_up.frame = frame(true);
    page(
        "sign-up-signed-in",
        &sign_up,
        &["You are signed in as <strong>Bob Builder</strong>. A new account signs you out."],
    );
    sign_up.frame = frame(false);
    sign_up.username = "Bob".into();
    sign_up.errors.fields = SignUp::read("Bob", "", "short").expect_err("neither fits");
    sign_up.errors.form = Some("The server is busy.".into());
    (sign_up.app_name, sign_up.onward, sign_up.links) = (None, Onward::default(), AppLinks::default());
    page("sign-up-wrong", &sign_up, &["role=\"alert\"", "username-error", "password-error", "value=\"Bob\""]);
    let html = askama::Template::render(&sign_up).expect("renders");
    assert_eq!((html.matches("autofocus").count(), html.contains("id=\"cancel\"")), (1, false));
}

#[test]
fn login_pages() {
    let contract = ["Sign in", "name=\"username\"", "name=\"password\"", "id=\"login-submit\""];
    page("login", &login(None, None), &contract);
    assert!(!askama::Template::render(&login(None, None)).expect("renders").contains("id=\"cancel\""));
    let app = login(Some("Postmortem"), Some(LoginProblem::WrongCredentials));
    page(
        "login-app",
        &app,
        &[
            "id=\"cancel\"",
            "role=\"alert\"",
            "name=\"request\"",
            "value=\"bob\"",
            "Postmortem",
            "alt=\"Logo of Postmortem\"",
            "Privacy policy",
        ],
    );
    page("login-throttled", &login(None, Some(LoginProblem::Throttled { seconds: 1 })), &["1 second."]);
    page("login-stale", &login(None, Some(LoginProblem::StaleForm)), &["too long"]);
    page("login-busy", &login(None, Some(LoginProblem::Busy)), &["busy"]);
}

#[test]
fn choose_page() {
    let choose = ChoosePage {
        frame: frame(true),
        form_token: "gry_ft_sample".into(),
        request: "gry_rq_sample".into(),
        app_name: "Postmortem".into(),
        username: "bob".into(),
        display_name: "Bob Builder".into(),
    };
    page("choose", &choose, &["id=\"choose-continue\"", "id=\"choose-another\"", "id=\"cancel\"", "Bob Builder"]);
}

#[test]
fn form_post_page() {
    let answer = FormPostPage {
        frame: frame(true),
        action: "https://app.example/callback".into(),
        fields: vec![("code".into(), "gry_ac_sample".into()), ("state".into(), "\"><b>".into())],
        origin: "https://app.example".into(),
    };
    page("form-post", &answer, &["type=\"submit\"", "name=\"code\"", "https://app.example/callback"]);
}

fn scope(name: &str, description: &str, required: bool, already_granted: bool) -> ConsentScope {
    ConsentScope { name: name.into(), description: description.into(), required, already_granted, checked: !required }
}

#[test]
fn consent_page() {
    let consent = ConsentPage {
        frame: frame(true),
        form_token: "gry_ft_sample".into(),
        request: "gry_rq_sample".into(),
        app_name: "Postmortem".into(),
        links: links(),
        app_description: Some("Keeps the minutes of incidents.".into()),
        app_owner: Some("ada".into()),
        app_created: "3 March 2026".into(),
        username: "bob".into(),
        display_name: "Bob Builder".into(),
        switch_href: "/workflow/login?request=gry_rq_sample&switch=yes".into(),
        redirect_origin: "https://postmortem.example".into(),
        scopes: vec![
            scope("profile", "See your name and picture", true, true),
            scope("tasks:read", "Read your tasks", false, true),
            scope("tasks:write", "Create, change and complete tasks in every project that you can see", false, false),
            scope("undescribed", "", false, false),
        ],
        problem: Some(ConsentProblem::StaleForm),
    };
    let contract =
        ["id=\"consent-allow\"", "id=\"consent-deny\"", "id=\"cancel\"", "value=\"tasks:read\"", "/logo.png", "/terms"];
    page("consent", &consent, &contract);
    let html = askama::Template::render(&consent).expect("renders");
    assert!(!html.contains("name=\"scope\" value=\"profile\""), "a required scope is not a choice");
    page(
        "consent-bare",
        &ConsentPage {
            scopes: Vec::new(),
            problem: None,
            app_description: None,
            links: AppLinks::default(),
            ..consent
        },
        &[],
    );
}

#[test]
fn error_pages() {
    let mut error = ErrorPage {
        frame: frame(false),
        status: 400,
        title: "This link does not lead anywhere safe".into(),
        code: Some("invalid_request".into()),
        explanation: "The app asked to send you to an address that it has not registered, so nothing was sent there.".into(),
        rule: Some(Rule {
            text: "RFC 6749 section 4.1.2.1".into(),
            href: "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1".into(),
        }),
        what_to_do: Some("Tell the makers of the app, with the request id below. If you make it: compare redirect_uri letter by letter.".into()),
        request_id: "01JDA7R8Q2ZK".into(),
    };
    page("error", &error, &["invalid_request", "01JDA7R8Q2ZK", "#section-4.1.2.1"]);
    error.frame = Frame::outside(error.frame.css_href.clone(), error.frame.script_href.clone());
    (error.status, error.code, error.rule) = (404, None, None);
    (error.title, error.explanation, error.what_to_do) =
        ("Not found".into(), "There is nothing at this address.".into(), None);
    page("error-404", &error, &["Not found"]);
}

#[test]
fn logout_pages() {
    let logout = LogoutPage {
        frame: frame(true),
        form_token: "gry_ft_sample".into(),
        request: "gry_lq_sample".into(),
        app_name: Some("Postmortem".into()),
        goes_to: Some("https://postmortem.example".into()),
        asks_in_vain: false,
        is_stale: true,
    };
    page("logout", &logout, &["id=\"logout-yes\"", "Postmortem", "https://postmortem.example", "role=\"alert\""]);
    let unknown = LogoutPage { app_name: None, goes_to: None, asks_in_vain: true, is_stale: false, ..logout };
    page("logout-unknown", &unknown, &["id=\"logout-yes\"", "id_token_hint"]);
}

#[test]
fn other_pages() {
    page("signed-out", &SignedOutPage::new(frame(false), None), &["Signed out"]);
    let goes_on = |by_itself| Some(GoesOn { href: "https://postmortem.example/bye?state=1&x".into(), by_itself });
    let mut signed_out = SignedOutPage::new(frame(false), goes_on(true));
    signed_out.frames = vec![Url::parse("https://notebook.example/out?a=\"b\"&sid=1").expect("a URL")];
    let contract = ["Signed out", "data-goes-by-itself", "id=\"continue\"", "<iframe hidden", "a=%22b%22&#38;sid=1"];
    page("signed-out-goes-on", &signed_out, &contract);
    let offer = SignedOutPage::new(frame(false), goes_on(false));
    page("signed-out-offer", &offer, &["id=\"continue\""]);
    assert!(!askama::Template::render(&offer).expect("renders").contains("data-goes-by-itself"));
    let outside = Frame::outside(frame(false).css_href, String::new());
    page("root", &RootPage { frame: outside, version: "0.1.0".into() }, &["Grantry is running"]);
}

//! The app portal.

use super::{admin, frame, page, when};
use crate::portal::confirm::{ConfirmPage, Confirmation};
use crate::portal::form::{Editing, FormErrors, FormPage, GrantChoice, Lifetimes, LineError, ScopeChoice};
use crate::portal::list::{AppRow, ListPage};
use crate::portal::registration::Members;
use crate::portal::secret::{SecretPage, ShownSecret};
use crate::portal::show::{AppLifetimes, OpenidFacts, SecretRow, ShowNotice, ShowPage};
use crate::portal::sign_out_notices::{NoticeOutcome, SignOutNotice, SignOutNotices};
use grantry_protocol::client::OpenidRegistration;
use grantry_protocol::register::Field;
use grantry_protocol::workspace::ScopeDefinition;

const CURL: &str = "curl http://127.0.0.1:8080/workflow/oauth2/token \\\n  -u 'gx3nq0v6kz:CLIENT_SECRET' \\\n  -d grant_type=client_credentials \\\n  -d 'scope=*'";

#[test]
fn list_pages() {
    let row = |name: &str, kind: &str, rotated: bool| AppRow {
        name: name.into(),
        client_id: "gx3nq0v6kz4m1t8w".into(),
        kind: kind.into(),
        created: when("3 March 2026"),
        rotated: rotated.then(|| when("20 November 2026")),
        owner: Some("ada".into()),
    };
    let list = ListPage {
        frame: admin(),
        query: String::new(),
        apps: vec![
            row("Postmortem", "web", true),
            row("Notebook", "spa", false),
            row("A name that goes on for much longer than a name of an app should go on", "native", false),
            row("Nightly report", "service", true),
        ],
        total: 44,
        first: 21,
        last: 24,
        previous_href: Some("/workflow/oauth2/apps?page=1".into()),
        next_href: Some("/workflow/oauth2/apps?page=3".into()),
        may_register: true,
        deleted: true,
    };
    page("apps-list", &list, &["name=\"q\"", "Register an app", "rel=\"next\""]);
    let empty = ListPage {
        frame: frame(true),
        apps: Vec::new(),
        total: 0,
        first: 0,
        last: 0,
        previous_href: None,
        next_href: None,
        deleted: false,
        ..list
    };
    page("apps-empty", &empty, &["No apps yet", "Register an app"]);
    page("apps-nothing-found", &ListPage { query: "zebra".into(), ..empty }, &["zebra"]);
}

fn form() -> FormPage {
    let grant = |name: &str, checked, allowed| GrantChoice { name: name.into(), checked, allowed, can_choose: allowed };
    let scope = |name: &str, standard: bool| ScopeChoice {
        name: name.into(),
        description: format!("Use the scope {name}"),
        standard,
        checked: true,
    };
    let seconds = |text: &str| text.to_owned();
    FormPage {
        frame: frame(true),
        form_token: "gry_ft_sample".into(),
        editing: None,
        name: String::new(),
        description: String::new(),
        kind: "web".into(),
        redirect_uris: String::new(),
        grants: vec![
            grant("authorization_code", true, true),
            grant("refresh_token", true, true),
            grant("client_credentials", false, true),
            grant("implicit", false, false),
            grant("password", false, false),
        ],
        preselected_for: "web".into(),
        scopes: ScopeDefinition::standard().map(|name| scope(name, true)).chain([scope("tasks:read", false)]).collect(),
        auth_method: "client_secret_basic".into(),
        access_token_format: "opaque".into(),
        access_token_alg: "ES256".into(),
        lifetimes: Lifetimes::default(),
        openid: Members::registered(&OpenidRegistration::default()),
        default_lifetimes: Lifetimes {
            code: seconds("60"),
            access_token: seconds("3600"),
            refresh_token_idle: seconds("2592000"),
            refresh_token_absolute: seconds("15552000"),
        },
        may_set_resource: true,
        resource_server: false,
        resource: String::new(),
        docs_callback: "http://127.0.0.1:8080/workflow/oauth2/grant".into(),
        errors: FormErrors::default(),
    }
}

#[test]
fn form_pages() {
    let fields = [
        "name=\"name\"",
        "name=\"type\"",
        "name=\"redirect_uris\"",
        "name=\"grant\"",
        "name=\"scope\"",
        "name=\"resource\"",
    ];
    page("apps-new", &form(), &fields);
    let mut wrong = form();
    wrong.editing = Some(Editing { client_id: "gx3nq0v6kz".into(), name: "Notebook".into() });
    wrong.redirect_uris = "https://notebook.example/callback\nhttp://notebook.example/cb#x".into();
    let line = |line, uri: &str, message: &str| {
        (Field::RedirectUris, LineError { line, uri: uri.into(), message: message.into() })
    };
    wrong.grants.iter_mut().for_each(|grant| grant.can_choose = true);
    wrong.errors = FormErrors {
        lines: vec![
            line(2, "http://notebook.example/cb#x", "A redirect URI has no fragment; leave out “#x”."),
            line(2, "http://notebook.example/cb#x", "http:// is for this machine only; use https://."),
        ],
        others: vec![
            (Field::Name, "Give the app a name.".into()),
            (Field::AccessTokenLifetime, "Between 60 and 86400 seconds.".into()),
            (Field::Other("logo_uri"), "An https:// address.".into()),
            (Field::Other("jwks"), "Paste a JSON Web Key Set.".into()),
        ],
        ..FormErrors::default()
    };
    page(
        "apps-edit-wrong",
        &wrong,
        &[
            "aria-invalid=\"true\"",
            "id=\"redirect_uris-error\"",
            "id=\"logo_uri-error\"",
            "id=\"jwks-error\"",
            "id_token token",
        ],
    );
    let details =
        |page: &FormPage| askama::Template::render(page).expect("renders").matches("class=\"advanced\" open>").count();
    assert_eq!([details(&form()), details(&wrong)], [0, 2]);
}

fn sign_out_notices() -> SignOutNotices {
    let notice = |outcome, problem: Option<&str>| SignOutNotice {
        signed_out: when("21 November 2026"),
        attempts: 2,
        outcome,
        problem: problem.map(str::to_owned),
    };
    SignOutNotices {
        uri: "https://postmortem.example/backchannel-logout".into(),
        notices: vec![
            notice(NoticeOutcome::Next(when("22 November 2026")), Some("the URL does not answer in time")),
            notice(NoticeOutcome::GivenUp, Some("the URL answers with status 500, not 200")),
            notice(NoticeOutcome::Delivered(when("21 November 2026")), None),
        ],
    }
}

#[test]
fn app_pages() {
    let secret = |number, current: bool| SecretRow {
        number,
        created: when("20 November 2026"),
        expires: (!current).then(|| when("27 November 2026, 17:00 UTC")),
        current,
    };
    let show = ShowPage {
        frame: frame(true),
        client_id: "gx3nq0v6kz4m1t8w".into(),
        name: "Postmortem".into(),
        description: Some("Keeps the minutes of incidents.".into()),
        kind: "web".into(),
        owner: Some("ada".into()),
        created: when("3 March 2026"),
        redirect_uris: vec![
            "https://postmortem.example/callback".into(),
            "http://127.0.0.1:8080/workflow/oauth2/grant".into(),
        ],
        grants: vec!["authorization_code".into(), "refresh_token".into()],
        scopes: vec!["profile".into(), "tasks:read".into()],
        auth_method: "client_secret_basic".into(),
        access_tokens: "opaque".into(),
        lifetimes: AppLifetimes {
            code: "60 seconds".into(),
            access_token: "1 hour".into(),
            refresh_token_idle: "30 days".into(),
            refresh_token_absolute: "180 days".into(),
        },
        resource: Some("https://api.example".into()),
        openid: Some(OpenidFacts {
            issuer: "http://127.0.0.1:8080/workflow".into(),
            id_token_alg: "RS256".into(),
            subject_type: "pairwise".into(),
            post_logout_redirect_uris: vec!["https://postmortem.example/goodbye".into()],
            frontchannel_logout_uri: None,
            backchannel_logout_uri: Some("https://postmortem.example/signed-out".into()),
        }),
        secrets: vec![secret(2, true), secret(1, false)],
        told: Some(sign_out_notices()),
        curl: CURL.into(),
        notice: Some(ShowNotice::Saved),
    };
    page(
        "apps-show",
        &show,
        &[
            "id=\"rotate-secret\"",
            "id=\"delete-app\"",
            "id=\"edit-app\"",
            "/secrets/1/retire",
            "/.well-known/openid-configuration",
        ],
    );
}

#[test]
fn secret_pages() {
    let secret = |secret| SecretPage {
        frame: frame(true),
        app_name: "Postmortem".into(),
        client_id: "gx3nq0v6kz4m1t8w".into(),
        secret,
        curl: CURL.into(),
    };
    let fresh = ShownSecret::Fresh {
        value: "Zt8fO3ZyqkqWQm6yQJ5c9mQxk1nq2d0v7b4s6g8h0jA".into(),
        registered: false,
        previous_until: Some(when("29 November 2026, 17:00 UTC")),
    };
    page("apps-secret", &secret(fresh), &["id=\"client-secret\"", "Zt8fO3"]);
    page("apps-registered-public", &secret(ShownSecret::None), &["is registered"]);
    page("apps-secret-gone", &secret(ShownSecret::Gone), &["is not shown again", "/rotate"]);
}

#[test]
fn confirm_pages() {
    let confirm = |what, error: Option<&str>| ConfirmPage {
        frame: frame(true),
        form_token: "gry_ft_sample".into(),
        client_id: "gx3nq0v6kz".into(),
        app_name: "Postmortem".into(),
        what,
        error: error.map(str::to_owned),
    };
    let rotate = confirm(Confirmation::Rotate { overlap: "7 days".into() }, None);
    page("apps-rotate", &rotate, &["id=\"confirm\"", "/apps/gx3nq0v6kz/rotate"]);
    let full = confirm(Confirmation::RetireFirst { number: 1, created: "20 November 2026".into() }, None);
    page("apps-retire-first", &full, &["id=\"retire-first\"", "/secrets/1/retire"]);
    let retire =
        confirm(Confirmation::Retire { number: 1, created: "20 November 2026".into() }, Some("This form was too old."));
    page("apps-retire", &retire, &["/secrets/1/retire", "too old"]);
    let delete = confirm(Confirmation::Delete { users: 12 }, Some("That is not the app’s name."));
    page("apps-delete", &delete, &["name=\"confirm_name\"", "12 users", "aria-invalid"]);
}

//! The user's own page.

use super::{frame, page, when};
use crate::account::home::{AccountNotice, AccountPage, ConnectedApp, ConnectedScope, SessionRow};
use crate::account::password::{PasswordErrors, PasswordPage};
use crate::account::profile::{ProfileErrors, ProfilePage};
use crate::account::withdraw::WithdrawPage;
use grantry_protocol::claims::own_fields;

fn scopes() -> Vec<ConnectedScope> {
    let scope = |name: &str, description: &str| ConnectedScope { name: name.into(), description: description.into() };
    vec![
        scope("profile", "See your name and picture"),
        scope("tasks:write", "Create, change and complete tasks"),
        scope("odd", ""),
    ]
}

#[test]
fn account_home() {
    let app = |name: &str, used: bool| ConnectedApp {
        client_id: "gx3nq0v6kz".into(),
        name: name.into(),
        scopes: scopes(),
        first_granted: when("3 March 2026"),
        last_used: used.then(|| when("today, 17:02 UTC")),
    };
    let session = |number, device: &str, this_one| SessionRow {
        form_token: format!("gry_ft_{number}"),
        device: device.into(),
        address: if this_one { "127.0.0.1".into() } else { "2001:db8:85a3::8a2e:370:7334".into() },
        signed_in: when("21 November 2026, 08:11 UTC"),
        last_seen: when("now"),
        this_one,
    };
    let account = AccountPage {
        frame: frame(true),
        form_token: "gry_ft_sample".into(),
        username: "bob".into(),
        display_name: "Bob Builder".into(),
        email: Some("bob@workflow.example".into()),
        apps: vec![app("Postmortem", true), app("Notebook", false)],
        sessions: vec![session(1, "Firefox on Linux", true), session(2, "Safari on iPhone", false)],
        notice: Some(AccountNotice::Withdrawn { app_name: "Old app".into() }),
    };
    page(
        "account",
        &account,
        &["/apps/gx3nq0v6kz/withdraw", "this browser", "id=\"sign-out-others\"", "id=\"sign-out-all\""],
    );
    let one = vec![session(1, "Firefox on Linux", true)];
    let alone = AccountPage { apps: Vec::new(), sessions: one, notice: Some(AccountNotice::StaleForm), ..account };
    page("account-new", &alone, &["No app has access"]);
    for notice in [
        AccountNotice::ProfileSaved,
        AccountNotice::PasswordChanged,
        AccountNotice::SessionSignedOut,
        AccountNotice::OthersSignedOut,
    ] {
        let text = match notice {
            AccountNotice::ProfileSaved => "Your profile has been saved.",
            AccountNotice::PasswordChanged => "Your password has been changed.",
            AccountNotice::SessionSignedOut => "That browser has been signed out.",
            _ => "All other browsers have been signed out.",
        };
        page(
            "account-notice",
            &AccountPage {
                notice: Some(notice),
                apps: Vec::new(),
                sessions: Vec::new(),
                frame: frame(true),
                ..clone(&alone)
            },
            &[text],
        );
    }
}

fn clone(page: &AccountPage) -> AccountPage {
    AccountPage {
        frame: page.frame.clone(),
        form_token: page.form_token.clone(),
        username: page.username.clone(),
        display_name: page.display_name.clone(),
        email: None,
        apps: Vec::new(),
        sessions: Vec::new(),
        notice: None,
    }
}

#[test]
fn password_and_withdraw() {
    let errors = PasswordErrors {
        current: Some("This is not your current password.".into()),
        repeat: Some("The two new passwords differ.".into()),
        ..PasswordErrors::default()
    };
    let password = PasswordPage {
        frame: frame(true),
        form_token: "gry_ft_sample".into(),
        username: "bob".into(),
        min_length: 8,
        errors,
    };
    page(
        "account-password",
        &password,
        &["name=\"current\"", "name=\"new\"", "name=\"repeat\"", "aria-describedby=\"new-hint\""],
    );
    let withdraw = WithdrawPage {
        frame: frame(true),
        form_token: "gry_ft_sample".into(),
        client_id: "gx3nq0v6kz".into(),
        app_name: "Postmortem".into(),
        scopes: scopes(),
        error: None,
    };
    page("account-withdraw", &withdraw, &["id=\"confirm\"", "/withdraw"]);
}

#[test]
fn profile() {
    let profile = ProfilePage {
        frame: frame(true),
        form_token: "gry_ft_sample".into(),
        username: "bob".into(),
        values: vec![
            ("name", "Bob Builder".into()),
            ("email", "bob@workflow.example".into()),
            ("website", "bob".into()),
        ],
        email_verified: true,
        phone_number_verified: false,
        errors: ProfileErrors {
            form: Some("Nothing has been saved."),
            fields: vec![("website", "Please type a web address.".into())],
        },
    };
    let names: Vec<String> = own_fields().map(|(field, _)| format!("name=\"{field}\"")).collect();
    let mut contains: Vec<&str> = names.iter().map(String::as_str).collect();
    contains.extend(["id=\"save-profile\"", "aria-describedby=\"email-hint\"", "id=\"website-error\"", "Confirmed."]);
    page("account-profile", &profile, &contains);
}

//! What is in the demo.

use crate::failure::Failure;
use grantry_protocol::client::ApplicationType;
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::types::{GrantType, Secret};
use grantry_protocol::workspace::{DynamicRegistrationPolicy, Slug};
use grantry_server::operator::{self, Command, ErrorKind, app, user, workspace};
use grantry_server::server::Server;
use grantry_server::settings::{Demo, PublicUrl};

/// The workspace.
pub(super) const WORKSPACE: &str = "workflow";
/// Its app.
pub(super) const CLIENT_ID: &str = "x-pm-local-client";
/// The app's secret, which everyone knows.
pub(super) const CLIENT_SECRET: &str = "179ad45c6ce2cb97cf1029e212046e81";
const USERNAME: &str = "bob";
const PASSWORD: &str = "secret";
const ADMIN: &str = "admin";
const SCOPES: [(&str, &str, bool); 2] =
    [("read", "See your workflows", false), ("write", "Create and change your workflows", true)];

/// OpenID Connect Core §5.1: all of them, so that every page and claim has something to show.
const CLAIMS: [(&str, &str); 19] = [
    ("name", "Bob Baker"),
    ("given_name", "Bob"),
    ("family_name", "Baker"),
    ("middle_name", "Norman"),
    ("nickname", "Bobby"),
    ("preferred_username", "bob"),
    ("profile", "https://example.com/bob"),
    ("picture", "https://example.com/bob.png"),
    ("website", "https://example.com"),
    ("email", "bob@example.com"),
    ("email_verified", "true"),
    ("gender", "male"),
    ("birthdate", "1990-01-31"),
    ("zoneinfo", "Europe/Berlin"),
    ("locale", "en-GB"),
    ("phone_number", "+1 555 010 0199"),
    ("phone_number_verified", "false"),
    (
        "address",
        r#"{"formatted":"1 Sample Street\n12345 Exampletown\nNowhere","street_address":"1 Sample Street","locality":"Exampletown","region":"Example","postal_code":"12345","country":"Nowhere"}"#,
    ),
    ("updated_at", "1767225600"),
];

/// What the docs page may show.
pub(super) fn shown() -> Demo {
    Demo {
        workspace: WORKSPACE,
        client_id: CLIENT_ID,
        client_secret: Secret::new(CLIENT_SECRET),
        username: USERNAME,
        password: Secret::new(PASSWORD),
    }
}

/// Adds what is missing, and brings the app's redirect URI up to date with the address.
pub(super) async fn ensure(server: &Server, url: &PublicUrl) -> Result<(), Failure> {
    ensure_workspace(server).await?;
    ensure_user(server, USERNAME, PASSWORD, bob()).await?;
    let name = Some("Demo administrator".to_owned());
    let admin = user::Changes { name, admin: Some(true), ..user::Changes::default() };
    ensure_user(server, ADMIN, ADMIN, admin).await?;
    ensure_app(server, url).await
}

fn bob() -> user::Changes {
    let claims = CLAIMS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    user::Changes { name: Some("Bob Baker".to_owned()), claims, ..user::Changes::default() }
}

async fn ensure_workspace(server: &Server) -> Result<(), Failure> {
    if exists(server, Command::Workspace(workspace::Command::Show(WORKSPACE.to_owned()))).await? {
        return Ok(());
    }
    let scope = |(name, description, optional): (&str, &str, bool)| workspace::ScopeChange {
        name: name.to_owned(),
        description: description.to_owned(),
        optional,
    };
    let changes = workspace::Changes {
        name: Some("Workflow".to_owned()),
        scopes: SCOPES.map(scope).into(),
        grant_types: Some(GrantType::ALL.into()),
        dynamic_registration: Some(DynamicRegistrationPolicy::Open),
        sign_up: Some(true),
        ..workspace::Changes::default()
    };
    let slug = Slug::parse(WORKSPACE).map_err(Failure::failed)?;
    operator::execute(server, Command::Workspace(workspace::Command::Create(slug, Box::new(changes)))).await?;
    Ok(())
}

async fn ensure_user(server: &Server, name: &str, password: &str, changes: user::Changes) -> Result<(), Failure> {
    let command = |command| Command::User(WORKSPACE.to_owned(), command);
    if exists(server, command(user::Command::Show(name.to_owned()))).await? {
        return Ok(());
    }
    let changes = user::Changes { password: Some(Secret::new(password.to_owned())), ..changes };
    operator::execute(server, command(user::Command::Create(name.to_owned(), Box::new(changes)))).await?;
    Ok(())
}

async fn ensure_app(server: &Server, url: &PublicUrl) -> Result<(), Failure> {
    let callback = RedirectUri::register(&format!("{url}/{WORKSPACE}/oauth2/grant")).map_err(Failure::failed)?;
    let redirect_uris = Some(vec![callback]);
    let command = |command| Command::App(WORKSPACE.to_owned(), command);
    if exists(server, command(app::Command::Show(CLIENT_ID.to_owned()))).await? {
        let changes = app::Changes { redirect_uris, ..app::Changes::default() };
        operator::execute(server, command(app::Command::Update(CLIENT_ID.to_owned(), Box::new(changes)))).await?;
        return Ok(());
    }
    let create = app::Create {
        application_type: ApplicationType::Web,
        client_id: Some(CLIENT_ID.to_owned()),
        secret: Some(Secret::new(CLIENT_SECRET.to_owned())),
        changes: app::Changes {
            name: Some("Local client".to_owned()),
            redirect_uris,
            grant_types: Some(GrantType::ALL.into()),
            ..app::Changes::default()
        },
    };
    operator::execute(server, command(app::Command::Create(Box::new(create)))).await?;
    Ok(())
}

async fn exists(server: &Server, show: Command) -> Result<bool, Failure> {
    match operator::execute(server, show).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What is there, in requests that can be pasted.
pub(super) fn welcome(base: &str, data_dir: &str) -> String {
    format!(
        "The demo is running. Stop it with Ctrl-C; its data stays in {data_dir}.

Docs, with every grant to try   {base}/oauth2
OpenID Connect metadata         {base}/.well-known/openid-configuration
Sign in as                      {USERNAME} / {PASSWORD}, or {ADMIN} / {ADMIN} to administer

Authorization code and OpenID Connect: open this in a browser
  {base}/oauth2/authorize?response_type=code&client_id={CLIENT_ID}&scope=*

Client credentials
  curl -u {CLIENT_ID}:{CLIENT_SECRET} -d grant_type=client_credentials {base}/oauth2/token

Password
  curl -u {CLIENT_ID}:{CLIENT_SECRET} -d 'grant_type=password&username={USERNAME}&password={PASSWORD}&scope=*' {base}/oauth2/token

OpenID Connect UserInfo: whose is an access token of those two? (put it in)
  curl -H 'Authorization: Bearer gry_at_…' {base}/oauth2/userinfo
"
    )
}

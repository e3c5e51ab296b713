//! One app: `GET /{workspace}/oauth2/apps/{client_id}`.

use super::app::OwnApp;
use super::sign_out_notices::{self, NoticeOutcome, SignOutNotices};
use crate::here::Here;
use crate::pages::layout::{Frame, When};
use crate::pages::sample::{Credentials, Request};
use crate::reply::Failure;
use crate::words;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use grantry_protocol::authorize::OPENID;
use grantry_protocol::client::{
    AccessTokenChoice, AccessTokenFormat, AuthMethod, Client, OpenidRegistration, StoredSecret,
};
use grantry_protocol::redirect_uri::RedirectUri;
use grantry_protocol::types::GrantType;
use grantry_protocol::workspace;

/// What is registered, and what can be done with it. No secret's value is ever shown here.
#[derive(Template)]
#[template(path = "en/apps/show.html")]
pub(crate) struct ShowPage {
    pub(crate) frame: Frame,
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// `web`, `spa`, `native` or `service`.
    pub(crate) kind: String,
    pub(crate) owner: Option<String>,
    pub(crate) created: When,
    pub(crate) redirect_uris: Vec<String>,
    /// Wire values of the grant types.
    pub(crate) grants: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) auth_method: String,
    /// `opaque`, or `jwt` with its algorithm.
    pub(crate) access_tokens: String,
    /// In words, e.g. "60 seconds".
    pub(crate) lifetimes: AppLifetimes,
    /// The identifier of a resource server.
    pub(crate) resource: Option<String>,
    /// For an app to which users sign in.
    pub(crate) openid: Option<OpenidFacts>,
    pub(crate) secrets: Vec<SecretRow>,
    /// None: the app is not told when somebody signs out.
    pub(crate) told: Option<SignOutNotices>,
    /// A command that can be pasted; empty for an app that cannot ask for a token on its own.
    pub(crate) curl: String,
    pub(crate) notice: Option<ShowNotice>,
}

/// What has just been done.
pub(crate) enum ShowNotice {
    /// The app was changed.
    Saved,
    /// A secret was retired.
    SecretRetired,
}

/// The lifetimes in force, in words.
pub(crate) struct AppLifetimes {
    pub(crate) code: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token_idle: String,
    pub(crate) refresh_token_absolute: String,
}

/// What a developer needs for OpenID Connect.
pub(crate) struct OpenidFacts {
    pub(crate) issuer: String,
    pub(crate) id_token_alg: String,
    /// `public` or `pairwise`.
    pub(crate) subject_type: String,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) frontchannel_logout_uri: Option<String>,
    pub(crate) backchannel_logout_uri: Option<String>,
}

/// A live secret.
pub(crate) struct SecretRow {
    /// The `n` of `…/secrets/{n}/retire`.
    pub(crate) number: u64,
    pub(crate) created: When,
    pub(crate) expires: Option<When>,
    /// The newest one cannot be retired, only rotated.
    pub(crate) current: bool,
}

/// Stands for a secret that the server cannot show, since it keeps a hash only.
const SECRET_PLACEHOLDER: &str = "CLIENT_SECRET";

/// `GET W/oauth2/apps/{client_id}`.
pub(crate) async fn get(own: OwnApp) -> Result<Response, Failure> {
    let owner = match own.client.owner {
        Some(owner) => own.reader.here.read(move |tx| tx.find_user(owner)).await?,
        None => None,
    };
    let secrets = own.live_secrets();
    let newest = secrets.first().map(|secret| secret.number);
    let OwnApp { reader, client } = own;
    let notice = match reader.asked("done").as_str() {
        "saved" => Some(ShowNotice::Saved),
        "retired" => Some(ShowNotice::SecretRetired),
        _ => None,
    };
    let lifetimes = client.lifetimes(&reader.here.row().policy.lifetimes);
    let curl = curl(&reader.here, &client, None);
    let told = sign_out_notices::find(&reader.here, &client).await?;
    let registration = client.registration;
    let openid = registration.scope.contains(OPENID).then(|| openid_facts(&reader.here, &registration.openid));
    let page = ShowPage {
        frame: reader.frame(),
        client_id: client.client_id,
        name: registration.name,
        description: Some(registration.description).filter(|text| !text.is_empty()),
        kind: registration.application_type.as_str().to_owned(),
        owner: owner.map(|owner| owner.username),
        created: words::when(client.created_at),
        redirect_uris: registration.redirect_uris.iter().map(RedirectUri::to_string).collect(),
        grants: registration.grant_types.iter().map(GrantType::to_string).collect(),
        scopes: registration.scope.iter().map(str::to_owned).collect(),
        auth_method: registration.token_endpoint_auth_method.as_str().to_owned(),
        access_tokens: access_tokens(registration.access_token),
        lifetimes: in_words(&lifetimes),
        resource: registration.resource,
        openid,
        secrets: secrets.iter().map(|secret| secret_row(secret, newest)).collect(),
        told,
        curl,
        notice,
    };
    reader.show(&page, StatusCode::OK)
}

fn access_tokens(choice: AccessTokenChoice) -> String {
    match choice.format {
        AccessTokenFormat::Opaque => choice.format.as_str().to_owned(),
        AccessTokenFormat::Jwt => format!("{}, {}", choice.format.as_str(), choice.signing_alg),
    }
}

fn openid_facts(here: &Here, openid: &OpenidRegistration) -> OpenidFacts {
    OpenidFacts {
        issuer: here.issuer().to_owned(),
        id_token_alg: openid.id_token_signed_response_alg.to_string(),
        subject_type: openid.subject_type.as_str().to_owned(),
        post_logout_redirect_uris: openid.post_logout_redirect_uris.iter().map(RedirectUri::to_string).collect(),
        frontchannel_logout_uri: openid.frontchannel_logout_uri.clone(),
        backchannel_logout_uri: openid.backchannel_logout_uri.clone(),
    }
}

fn in_words(lifetimes: &workspace::Lifetimes) -> AppLifetimes {
    AppLifetimes {
        code: words::duration(lifetimes.code),
        access_token: words::duration(lifetimes.access_token),
        refresh_token_idle: words::duration(lifetimes.refresh_idle),
        refresh_token_absolute: words::duration(lifetimes.refresh_absolute),
    }
}

fn secret_row(secret: &StoredSecret, newest: Option<i64>) -> SecretRow {
    SecretRow {
        number: u64::try_from(secret.number).unwrap_or(0),
        created: words::when(secret.created_at),
        expires: secret.expires_at.map(words::when),
        current: Some(secret.number) == newest,
    }
}

/// The request that this app can make on its own, as a shell command; empty if it can make none.
pub(super) fn curl(here: &Here, client: &Client, secret: Option<&str>) -> String {
    if client.check_grant(GrantType::ClientCredentials).is_err() {
        return String::new();
    }
    let request = Request::post(format!("{}/oauth2/token", here.issuer())).with("grant_type", "client_credentials");
    let (client_id, client_secret) = (client.client_id.clone(), secret.unwrap_or(SECRET_PLACEHOLDER).to_owned());
    let request = request.with("scope", "*");
    let request = match client.registration.token_endpoint_auth_method {
        AuthMethod::ClientSecretBasic => {
            request.signed_by(Credentials { client_id, client_secret, known: secret.is_some() })
        }
        AuthMethod::ClientSecretPost => request.with("client_id", &client_id).with("client_secret", &client_secret),
        AuthMethod::PrivateKeyJwt | AuthMethod::ClientSecretJwt | AuthMethod::None => return String::new(),
    };
    request.curl()
}

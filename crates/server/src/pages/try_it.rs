//! What a *Try it* form answers with: each step's request as it was sent, the answer, and what to do next.

mod answer;
mod decoded;
mod id_token;
mod requests;
mod send;
mod userinfo;

use super::error::Rule;
use super::layout::Frame;
use crate::browser::Browser;
use crate::form::Fields;
use crate::here::Here;
use crate::pages;
use crate::reply::{Failure, sentence};
use answer::Members;
use askama::Template;
use axum::http::HeaderMap;
use axum::response::Response;
use id_token::{Beside, Known};
use requests::Speaker;
use send::send;

pub(crate) use decoded::Decoded;
pub(crate) use id_token::{Check, CheckKind, IdToken};
pub(crate) use userinfo::UserinfoForm;

/// Answer to `POST /{workspace}/oauth2/try` and to the exchange on the docs callback, `POST /{workspace}/oauth2/grant`.
#[derive(Template)]
#[template(path = "en/try.html")]
pub(crate) struct TryPage {
    pub(crate) frame: Frame,
    /// What was tried: the wire value of a grant type, e.g. `authorization_code`, or `revoke`, or `id_token`.
    pub(crate) grant_type: String,
    /// The first step asks for the token; further steps use it, e.g. introspect it.
    pub(crate) steps: Vec<Step>,
    /// Set when the first step failed.
    pub(crate) refusal: Option<Refusal>,
    /// The ID Token that was issued, verified.
    pub(crate) id_token: Option<IdToken>,
    /// Whether a UserInfo answer is about the same person as the ID Token.
    pub(crate) subject: Option<Check>,
    /// The access token that was issued.
    pub(crate) access_token: Option<String>,
    /// What it says, where it is a JWT (RFC 9068).
    pub(crate) access_token_says: Option<Decoded>,
    /// With an ID Token: the form that asks who that is.
    pub(crate) userinfo: Option<UserinfoForm>,
    /// With a refresh token: the form that uses it.
    pub(crate) refresh: Option<RefreshForm>,
    /// With any token: the form that gives it back.
    pub(crate) revoke: Option<RevokeForm>,
}

/// One request and its answer.
pub(crate) struct Step {
    pub(crate) kind: StepKind,
    /// The whole request, as sent.
    pub(crate) request: String,
    /// E.g. "200 OK".
    pub(crate) status: String,
    /// Whether the status is a success.
    pub(crate) ok: bool,
    pub(crate) headers: Vec<(String, String)>,
    /// The body, JSON indented; empty when there is none.
    pub(crate) body: String,
    /// What the body says, where it is a JWT.
    pub(crate) decoded: Option<Decoded>,
}

/// What a step is for; the template has the words.
pub(crate) enum StepKind {
    /// Ask for tokens.
    Token,
    /// Ask for the keys, and verify the ID Token with them.
    Keys,
    /// Ask what the access token says.
    Introspection,
    /// Ask who the access token is about.
    Userinfo,
    /// End a token.
    Revocation,
}

/// The token endpoint's refusal in plain words.
pub(crate) struct Refusal {
    /// The OAuth error code.
    pub(crate) code: String,
    /// The `error_description`.
    pub(crate) description: String,
    pub(crate) rule: Option<Rule>,
}

/// What the "use the refresh token" form is filled with.
pub(crate) struct RefreshForm {
    pub(crate) form_token: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) refresh_token: String,
    /// The scopes granted, separated by spaces.
    pub(crate) scope: String,
}

/// What the "give it back" form is filled with.
pub(crate) struct RevokeForm {
    pub(crate) form_token: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// The token to revoke: the refresh token, since the access tokens end with it, where there is one.
    pub(crate) token: String,
    /// The access token, to see what has become of it.
    pub(crate) access_token: String,
}

/// The action of the forms on the docs page and on the answers to them.
pub(crate) const ACTION: &str = "try";

/// `POST W/oauth2/try`. Nobody has to be signed in: it can do nothing that the endpoints do not do for everyone.
pub(crate) async fn post(here: Here, headers: HeaderMap, fields: Fields) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    browser.check_form(&here, &headers, fields.get("form_token"), ACTION)?;
    match (fields.filled("token"), fields.filled("bearer")) {
        (Some(token), _) => revoke(&here, browser, &fields, token).await,
        (None, Some(access_token)) => userinfo::ask(&here, browser, &fields, access_token).await,
        (None, None) => ask(&here, browser, &fields, fields.get("grant_type")).await,
    }
}

/// Sends the token request that a form stands for, verifies the ID Token, and asks what the access token says.
pub(crate) async fn ask(here: &Here, browser: Browser, fields: &Fields, grant: &str) -> Result<Response, Failure> {
    let speaker = Speaker::read(here, fields).await?;
    let (asked, answer) = send(here, StepKind::Token, &speaker.token(grant, fields)).await?;
    let mut steps = vec![asked];
    let (access_token, refresh_token) = (answer.text("access_token"), answer.text("refresh_token"));
    let beside = Beside { access_token, code: None };
    let verified = match answer.text("id_token") {
        Some(text) => Some(verify(here, (&speaker, fields), text, beside).await?),
        None => None,
    };
    let (keys, id_token) = verified.unzip();
    steps.extend(keys);
    steps.extend(look_into(here, &speaker, access_token).await?);
    let subject = id_token.as_ref().and_then(IdToken::subject).unwrap_or_default();
    let filled = |token: &str| (browser.form_token(here, ACTION), &speaker, token.to_owned());
    // Whoever signs needs a new assertion for each of these.
    let again = !speaker.signs();
    let page = TryPage {
        userinfo: access_token
            .filter(|_| id_token.is_some())
            .map(|access| UserinfoForm::new(here, &browser, (access, subject))),
        id_token,
        access_token: access_token.map(str::to_owned),
        access_token_says: access_token.and_then(Decoded::read),
        refresh: refresh_token.filter(|_| again).map(|token| RefreshForm::new(filled(token), &answer)),
        revoke: access_token
            .filter(|_| again)
            .map(|access| RevokeForm::new(filled(refresh_token.unwrap_or(access)), access)),
        ..TryPage::of(pages::frame(here, &browser), grant, steps, refusal(&answer))
    };
    Ok(browser.finish(pages::page(&page)?))
}

/// Verifies an ID Token that came by the browser, with what came beside it.
pub(crate) async fn examine(here: &Here, browser: Browser, fields: &Fields, text: &str) -> Result<Response, Failure> {
    let speaker = Speaker::read(here, fields).await?;
    let access_token = fields.filled("access_token");
    let beside = Beside { access_token, code: fields.filled("code") };
    let (keys, id_token) = verify(here, (&speaker, fields), text, beside).await?;
    let subject = id_token.subject().unwrap_or_default();
    let page = TryPage {
        userinfo: access_token.map(|access| UserinfoForm::new(here, &browser, (access, subject))),
        id_token: Some(id_token),
        access_token: access_token.map(str::to_owned),
        access_token_says: access_token.and_then(Decoded::read),
        ..TryPage::of(pages::frame(here, &browser), "id_token", vec![keys], None)
    };
    Ok(browser.finish(pages::page(&page)?))
}

/// Verifies an ID Token with the keys that everyone can ask for.
async fn verify(
    here: &Here,
    (speaker, fields): (&Speaker, &Fields),
    text: &str,
    beside: Beside<'_>,
) -> Result<(Step, IdToken), Failure> {
    let (keys, _) = send(here, StepKind::Keys, &speaker.keys()).await?;
    let known = Known {
        issuer: here.issuer(),
        client_id: &speaker.client_id,
        algorithm: speaker.id_token_algorithm,
        nonce: fields.filled("nonce"),
        beside,
        now: here.now,
    };
    let id_token = IdToken::verify(text, &keys.body, &known);
    Ok((keys, id_token))
}

/// Gives a token back, and asks what has become of the access token.
async fn revoke(here: &Here, browser: Browser, fields: &Fields, token: &str) -> Result<Response, Failure> {
    let speaker = Speaker::read(here, fields).await?;
    let (revoked, answer) = send(here, StepKind::Revocation, &speaker.revoke(token)).await?;
    let mut steps = vec![revoked];
    steps.extend(look_into(here, &speaker, fields.filled("access_token")).await?);
    let page = TryPage::of(pages::frame(here, &browser), "revoke", steps, refusal(&answer));
    Ok(browser.finish(pages::page(&page)?))
}

/// RFC 7662 §2.1: introspection is for apps that can prove who they are, so an app without a secret has no such step.
async fn look_into(here: &Here, speaker: &Speaker, access_token: Option<&str>) -> Result<Option<Step>, Failure> {
    let Some(token) = access_token.filter(|_| !speaker.client_secret.is_empty()) else { return Ok(None) };
    let (step, _) = send(here, StepKind::Introspection, &speaker.introspect(token)).await?;
    Ok(Some(step))
}

fn refusal(answer: &Members) -> Option<Refusal> {
    let code = answer.text("error")?.to_owned();
    let rule = answer.text("error_uri").and_then(Rule::at);
    let description = answer.text("error_description").unwrap_or_default();
    Some(Refusal { code, description: sentence(&Rule::without(description, rule.as_ref())), rule })
}

impl TryPage {
    /// What was tried and what came of it, with nothing to do next.
    pub(crate) fn of(frame: Frame, grant_type: &str, steps: Vec<Step>, refusal: Option<Refusal>) -> Self {
        Self {
            frame,
            grant_type: grant_type.to_owned(),
            steps,
            refusal,
            id_token: None,
            subject: None,
            access_token: None,
            access_token_says: None,
            userinfo: None,
            refresh: None,
            revoke: None,
        }
    }
}

impl RefreshForm {
    fn new((form_token, speaker, refresh_token): (String, &Speaker, String), answer: &Members) -> Self {
        let scope = answer.text("scope").unwrap_or_default().to_owned();
        let (client_id, client_secret) = (speaker.client_id.clone(), speaker.client_secret.clone());
        Self { form_token, client_id, client_secret, refresh_token, scope }
    }
}

impl RevokeForm {
    fn new((form_token, speaker, token): (String, &Speaker, String), access_token: &str) -> Self {
        let (client_id, client_secret) = (speaker.client_id.clone(), speaker.client_secret.clone());
        Self { form_token, client_id, client_secret, token, access_token: access_token.to_owned() }
    }
}

//! The consent page: `GET, POST /{workspace}/consent`.

use super::layout::Frame;
use crate::asked::Query;
use crate::browser::Browser;
use crate::endpoints::authorize::{decision, issue, open_waiting, valid_request};
use crate::form::Fields;
use crate::here::Here;
use crate::pages;
use crate::reply::{Failure, see_other};
use crate::words;
use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use grantry_protocol::Scope;
use grantry_protocol::authorize::{Decision, Question, denied};
use grantry_protocol::sealed::WaitingRequest;
use serde::Deserialize;

/// The form posts `form_token`, `request`, every ticked optional `scope`, and `decision` = `allow`, `deny` or `cancel`.
#[derive(Template)]
#[template(path = "en/consent.html")]
pub(crate) struct ConsentPage {
    pub(crate) frame: Frame,
    pub(crate) form_token: String,
    /// The sealed authorization request that waits for this decision.
    pub(crate) request: String,
    pub(crate) app_name: String,
    pub(crate) app_description: Option<String>,
    /// Who registered the app, where that is a user of this workspace.
    pub(crate) app_owner: Option<String>,
    /// The date on which the app was registered.
    pub(crate) app_created: String,
    /// The user name and display name of who is asked.
    pub(crate) username: String,
    pub(crate) display_name: String,
    /// Where "not you?" leads: the login page that takes another user for the same request.
    pub(crate) switch_href: String,
    /// Scheme and host of the redirect URI, e.g. `https://app.example`.
    pub(crate) redirect_origin: String,
    pub(crate) scopes: Vec<ConsentScope>,
    pub(crate) problem: Option<ConsentProblem>,
}

/// One scope that the app asks for.
pub(crate) struct ConsentScope {
    pub(crate) name: String,
    /// What the scope lets the app do, in the workspace's words; may be empty.
    pub(crate) description: String,
    /// A required scope cannot be unticked and is not posted.
    pub(crate) required: bool,
    /// The user has allowed it before.
    pub(crate) already_granted: bool,
    /// An optional scope's tick.
    pub(crate) checked: bool,
}

/// Why the form is shown again.
pub(crate) enum ConsentProblem {
    /// The form was too old or came from another browser.
    StaleForm,
}

impl ConsentPage {
    /// Whether some scopes can be unticked.
    pub(crate) fn has_optional(&self) -> bool {
        self.scopes.iter().any(|scope| !scope.required)
    }
}

/// What the page is asked with.
#[derive(Deserialize)]
pub(crate) struct Asked {
    request: String,
}

/// The form's action, which its token is bound to.
const ACTION: &str = "consent";

/// `GET W/consent`.
pub(crate) async fn get(here: Here, headers: HeaderMap, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let waiting = open_waiting(&here, &asked.request)?;
    match decide(&here, &waiting, &browser).await? {
        Decision::Ask(question) => show(&here, browser, asked.request, (question, None)).await,
        // Signed out, or agreed in another tab, since the request began to wait.
        Decision::SignIn(_) | Decision::Answer(_) => Ok(browser.finish(again(&here, &waiting))),
    }
}

/// `POST W/consent`.
pub(crate) async fn post(here: Here, headers: HeaderMap, fields: Fields) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let sealed = fields.get("request").to_owned();
    let waiting = open_waiting(&here, &sealed)?;
    let form = browser.check_form(&here, &headers, fields.get("form_token"), ACTION);
    let question = match decide(&here, &waiting, &browser).await? {
        Decision::Ask(question) => question,
        Decision::Answer(authorized) if form.is_ok() && fields.get("decision") == "allow" => {
            return Ok(browser.finish(issue(&here, authorized, false).await?));
        }
        Decision::Answer(_) | Decision::SignIn(_) => return Ok(browser.finish(again(&here, &waiting))),
    };
    if form.is_err() {
        return show(&here, browser, sealed, (question, Some(ConsentProblem::StaleForm))).await;
    }
    let response = match fields.get("decision") {
        "allow" => {
            // Names that are not scope tokens were not on our page.
            let ticked: Scope =
                fields.all("scope").filter(|name| grantry_protocol::scope::is_scope_token(name)).collect();
            let target = question.target().clone();
            match question.allow(&ticked, here.row()) {
                Ok(authorized) => issue(&here, authorized, true).await?,
                Err(error) => see_other(&target.with_error(&error)),
            }
        }
        "cancel" => see_other(&question.target().with_error(&denied("the user cancelled at the consent page"))),
        _ => see_other(&question.target().with_error(&denied("the user denied the request"))),
    };
    Ok(browser.finish(response))
}

async fn decide(here: &Here, waiting: &WaitingRequest, browser: &Browser) -> Result<Decision, Failure> {
    let request = valid_request(here, waiting.query.as_bytes()).await?;
    decision(here, request, browser).await
}

/// Back to the authorization endpoint, which knows what is needed now.
fn again(here: &Here, waiting: &WaitingRequest) -> Response {
    see_other(&format!("{}?{}", here.path("/oauth2/authorize"), waiting.query))
}

async fn show(
    here: &Here,
    browser: Browser,
    request: String,
    (question, problem): (Question, Option<ConsentProblem>),
) -> Result<Response, Failure> {
    let client = question.client().clone();
    let owner = match client.owner {
        Some(owner) => here.read(move |tx| tx.find_user(owner)).await?,
        None => None,
    };
    let user = browser.user().cloned();
    let page = ConsentPage {
        frame: pages::frame(here, &browser),
        form_token: browser.form_token(here, ACTION),
        app_name: client.registration.name.clone(),
        app_description: Some(client.registration.description.clone()).filter(|text| !text.is_empty()),
        app_owner: owner.map(|owner| owner.display_name),
        app_created: words::day(client.created_at),
        username: user.as_ref().map(|user| user.username.clone()).unwrap_or_default(),
        display_name: user.map(|user| user.display_name).unwrap_or_default(),
        switch_href: format!("{}?request={request}", here.path("/login")),
        redirect_origin: words::origin(question.target().uri()),
        scopes: scopes(here, &question),
        request,
        problem,
    };
    let mut response = pages::page_that_leads_to(&page, Some(question.target().uri()))?;
    if page.problem.is_some() {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    Ok(browser.finish(response))
}

fn scopes(here: &Here, question: &Question) -> Vec<ConsentScope> {
    let asked = question.scopes(here.row());
    let shown = asked.into_iter().map(|scope| ConsentScope {
        name: scope.name.clone(),
        description: scope.description.clone(),
        required: !scope.optional,
        already_granted: question.is_known(&scope.name),
        checked: true,
    });
    shown.collect()
}

//! The consent page: `GET, POST /{workspace}/consent`.

use super::app_links::AppLinks;
use super::layout::Frame;
use crate::asked::Query;
use crate::browser::Browser;
use crate::endpoints::authorize::{Consent, decision, issue, open_waiting, resume, valid_request};
use crate::form::Fields;
use crate::here::Here;
use crate::pages::{self, Beyond};
use crate::reply::Failure;
use crate::words;
use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use grantry_protocol::authorize::{Authorized, Decision, Question, RedirectTarget, ValidRequest, denied};
use grantry_protocol::scope::is_scope_token;
use grantry_protocol::sealed::WaitingRequest;
use grantry_protocol::{OAuthError, Scope};
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
    pub(crate) links: AppLinks,
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

/// The form's action, which its token is bound to: what was shown. Of anything else the person has not been asked.
fn action(here: &Here, request: &ValidRequest) -> String {
    let asked = request.asked();
    let required = here.row().scopes.iter().filter(|scope| !scope.optional).map(|scope| scope.name.as_str());
    let required = required.collect::<Scope>().intersection(&asked);
    let (client, response_type, uri) = (request.client().row, request.response_type().as_str(), request.target().uri());
    format!("consent:{client}:{response_type}:{asked}:{required}:{uri}")
}

/// `GET W/consent`.
pub(crate) async fn get(here: Here, headers: HeaderMap, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let waiting = open_waiting(&here, &asked.request)?;
    let decided = match decide(&here, &waiting, &browser).await {
        // RFC 9700 §4.11.2: of a refusal the app is told by the authorization endpoint, which has the person sign in first.
        Err(Failure::Redirected(..)) => return Ok(browser.finish(resume(&here, &waiting))),
        decided => decided?,
    };
    match decided {
        Decision::Ask(question) => show(&here, browser, asked.request, (question, None)).await,
        // Signed out, or agreed in another tab, since the request began to wait; or it cannot be granted at all.
        Decision::SignIn(_)
        | Decision::SignUp(_)
        | Decision::Choose(_)
        | Decision::Answer(_)
        | Decision::Refuse(..) => Ok(browser.finish(resume(&here, &waiting))),
    }
}

/// `POST W/consent`.
pub(crate) async fn post(here: Here, headers: HeaderMap, fields: Fields) -> Result<Response, Failure> {
    let browser = Browser::read(&here, &headers).await?;
    let sealed = fields.get("request").to_owned();
    let waiting = open_waiting(&here, &sealed)?;
    let request = match valid_request(&here, &waiting).await {
        Err(Failure::Redirected(..)) => return Ok(browser.finish(resume(&here, &waiting))),
        request => request?,
    };
    let form = browser.check_form(&here, &headers, fields.get("form_token"), &action(&here, &request));
    let target = request.target().clone();
    let decision = decision(&here, request, &browser, &waiting).await?;
    let choice = fields.get("decision");
    let response = match decision {
        Decision::SignIn(_) | Decision::SignUp(_) | Decision::Choose(_) | Decision::Refuse(..) => {
            resume(&here, &waiting)
        }
        Decision::Ask(question) if form.is_err() => {
            return show(&here, browser, sealed, (question, Some(ConsentProblem::StaleForm))).await;
        }
        Decision::Answer(_) if form.is_err() => resume(&here, &waiting),
        Decision::Ask(question) if choice == "allow" => {
            answer(&here, &browser, &waiting, (question.allow(&ticked(&fields), here.row()), &target)).await?
        }
        // Agreed in another tab meanwhile; what was decided here counts all the same.
        Decision::Answer(authorized) if choice == "allow" => {
            answer(&here, &browser, &waiting, (authorized.narrow(&ticked(&fields), here.row()), &target)).await?
        }
        _ if choice == "cancel" => refuse(&here, &browser, &target, &denied("the user cancelled at the consent page"))?,
        _ => refuse(&here, &browser, &target, &denied("the user denied the request"))?,
    };
    Ok(browser.finish(response))
}

async fn answer(
    here: &Here,
    browser: &Browser,
    waiting: &WaitingRequest,
    (decided, target): (Result<Authorized, OAuthError>, &RedirectTarget),
) -> Result<Response, Failure> {
    match decided {
        Ok(authorized) => {
            let answer = issue(here, browser, (authorized, Consent::Given)).await?;
            // Signed out in this very moment.
            Ok(answer.unwrap_or_else(|| resume(here, waiting)))
        }
        Err(error) => refuse(here, browser, target, &error),
    }
}

fn refuse(here: &Here, browser: &Browser, target: &RedirectTarget, error: &OAuthError) -> Result<Response, Failure> {
    pages::answer(target.with_error(error), || pages::frame(here, browser))
}

/// The optional scopes that were ticked. Names that are not scope tokens were not on our page.
fn ticked(fields: &Fields) -> Scope {
    fields.all("scope").filter(|name| is_scope_token(name)).collect()
}

async fn decide(here: &Here, waiting: &WaitingRequest, browser: &Browser) -> Result<Decision, Failure> {
    let request = valid_request(here, waiting).await?;
    decision(here, request, browser, waiting).await
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
        form_token: browser.form_token(here, &action(here, question.request())),
        app_name: client.registration.name.clone(),
        links: AppLinks::of(&client.registration.openid),
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
    let beyond =
        Beyond { target: Some(question.target().uri()), image: page.links.logo.as_deref(), ..Beyond::default() };
    let mut response = pages::page_that_reaches(&page, beyond)?;
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

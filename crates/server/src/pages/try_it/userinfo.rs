//! OpenID Connect Core §5.3: UserInfo is asked with an access token that was just issued.

use super::id_token::{Check, CheckKind};
use super::send::send;
use super::{ACTION, StepKind, TryPage, refusal};
use crate::browser::Browser;
use crate::form::Fields;
use crate::here::Here;
use crate::pages;
use crate::pages::sample::Request;
use crate::reply::Failure;
use axum::response::Response;

/// What the "ask UserInfo" form is filled with.
pub(crate) struct UserinfoForm {
    pub(crate) form_token: String,
    pub(crate) access_token: String,
    /// The `sub` of the ID Token.
    pub(crate) subject: String,
}

impl UserinfoForm {
    pub(super) fn new(here: &Here, browser: &Browser, (access_token, subject): (&str, &str)) -> Self {
        let form_token = browser.form_token(here, ACTION);
        Self { form_token, access_token: access_token.to_owned(), subject: subject.to_owned() }
    }
}

/// Asks, and compares whom the answer is about with whom the ID Token was about.
pub(super) async fn ask(
    here: &Here,
    browser: Browser,
    fields: &Fields,
    access_token: &str,
) -> Result<Response, Failure> {
    let request = Request::get(format!("{}/oauth2/userinfo", here.issuer())).bearing(access_token);
    let (step, answer) = send(here, StepKind::Userinfo, &request).await?;
    let signed = step.decoded.as_ref().map(|decoded| &decoded.claims);
    let found = signed.unwrap_or(&answer).text("sub").map(str::to_owned);
    // OpenID Connect Core §5.3.2: the sub must be that of the ID Token.
    let subject = Check::equal(CheckKind::Subject, fields.filled("subject").map(str::to_owned), found);
    let subject = step.ok.then_some(subject);
    let refusal = refusal(&answer);
    let page = TryPage { subject, ..TryPage::of(pages::frame(here, &browser), "userinfo", vec![step], refusal) };
    Ok(browser.finish(pages::page(&page)?))
}

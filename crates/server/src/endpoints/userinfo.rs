//! OpenID Connect Core §5.3: `GET, POST W/oauth2/userinfo`.

use super::{authorization, presented};
use crate::client_keys::Recipient;
use crate::form::RawForm;
use crate::here::Here;
use crate::reply::{Failure, NO_STORE, json};
use crate::signing;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL, CONTENT_TYPE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use grantry_protocol::account::User;
use grantry_protocol::authorize::OPENID;
use grantry_protocol::client::Client;
use grantry_protocol::grant::Standing;
use grantry_protocol::sealed::{AccessSubject, AccessToken};
use grantry_protocol::{Params, Scope, bearer, claims};
use grantry_storage::Tx;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Without cookies, the token is all that counts: any page that has one may ask (Fetch §3.2).
const FOR_ANY_ORIGIN: (HeaderName, HeaderValue) = (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));

/// The access token in the header.
pub(crate) async fn get(here: Here, headers: HeaderMap) -> Response {
    share(answer(&here, &headers, &Params::default()).await)
}

/// The access token in the header, or in a form.
pub(crate) async fn post(here: Here, headers: HeaderMap, form: Result<RawForm, Failure>) -> Response {
    // RFC 6750 §2.2: only what says that it is a form is read as one.
    let params = match form {
        Ok(RawForm(body)) => Params::parse(&body).map_err(Failure::from),
        Err(Failure::WrongContentType) => Ok(Params::default()),
        Err(failure) => Err(failure),
    };
    share(match params {
        Ok(params) => answer(&here, &headers, &params).await,
        Err(failure) => Err(failure),
    })
}

/// A page of another origin asks whether it may send the header.
pub(crate) async fn preflight() -> Response {
    let answer = [
        FOR_ANY_ORIGIN,
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
    ];
    (StatusCode::NO_CONTENT, answer).into_response()
}

fn share(answer: Result<Response, Failure>) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().extend([FOR_ANY_ORIGIN]);
    response
}

async fn answer(here: &Here, headers: &HeaderMap, params: &Params) -> Result<Response, Failure> {
    let text = bearer::read(authorization(headers)?, params)?;
    let token = presented::access_token(here, text).await?.ok_or(bearer::not_good())?;
    let Known { standing, user, client } = known(here, &token).await?.ok_or(bearer::not_good())?;
    // OpenID Connect Core §5.3.1: the token comes from an OpenID request.
    if !token.scope.contains(OPENID) {
        return Err(bearer::insufficient_scope("the access token does not allow openid; ask for scope=openid").into());
    }
    let answer = claims_of(here, (&standing, &client), &user, &token.scope);
    let openid = &client.registration.openid;
    let recipient = Recipient::of(here, openid, openid.userinfo_encryption()).await?;
    if openid.userinfo_signed_response_alg.is_none() && recipient.is_none() {
        return Ok(json(&answer));
    }
    // OpenID Connect Core §5.3.2: an answer that can be passed on says by whom and for whom.
    let mut answer = answer;
    answer.insert("iss".to_owned(), here.issuer().into());
    answer.insert("aud".to_owned(), client.client_id.as_str().into());
    let (text, cty) = match openid.userinfo_signed_response_alg {
        Some(algorithm) => (signing::key(here, algorithm).await?.sign("JWT", &answer), Some("JWT")),
        None => (serde_json::to_string(&answer).ok(), None),
    };
    let text = text.ok_or(Failure::Internal)?;
    let jwt = match recipient {
        Some(client) => client.encrypt(&text, cty, &mut here.server.randomness())?,
        None => text,
    };
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/jwt")), (CACHE_CONTROL, NO_STORE)];
    Ok((headers, jwt).into_response())
}

/// Everything about a good access token.
struct Known {
    standing: Standing,
    user: User,
    client: Arc<Client>,
}

/// `None`: the token is not good any more, or is not about a person.
async fn known(here: &Here, token: &AccessToken) -> Result<Option<Known>, Failure> {
    let AccessSubject::Grant(id) = token.about else { return Ok(None) };
    let (token_id, expires_at, now) = (token.token_id, token.expires_at, here.now);
    if now >= expires_at {
        return Ok(None);
    }
    let read = move |tx: &mut Tx<'_>| {
        let Some(standing) = tx.find_standing_of(id, &token_id)? else { return Ok(None) };
        Ok(tx.find_user(standing.grant.user)?.map(|user| (standing, user)))
    };
    let Some((standing, user)) = here.read(read).await? else { return Ok(None) };
    let client = here.client_by_row(standing.grant.client).await?.filter(|client| standing.is_good(client, now));
    Ok(client.map(|client| Known { standing, user, client }))
}

fn claims_of(here: &Here, (standing, client): (&Standing, &Client), user: &User, scope: &Scope) -> Map<String, Value> {
    let asked = standing.grant.openid.as_ref().map(|openid| openid.claims.clone()).unwrap_or_default();
    let mut answer = claims::for_userinfo(user, scope, &asked);
    // OpenID Connect Core §5.3.2: sub is always there, and the same as in the ID Token.
    answer.insert("sub".to_owned(), here.told(client, &standing.subject).into());
    answer
}

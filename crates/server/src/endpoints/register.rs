//! RFC 7591, OpenID Connect Registration: an app registers itself at `W/oauth2/register`. RFC 7592: with the token that it
//! got there it sees, changes and removes its registration at `W/oauth2/register/{client_id}`.

use super::authorization;
use crate::form::Json;
use crate::here::Here;
use crate::portal::register::new_client_id;
use crate::reply::{Failure, NO_STORE, json};
use crate::secrets;
use crate::sector;
use crate::server::Server;
use crate::signing;
use crate::throttle::place_of;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use grantry_protocol::client::{Client, DynamicRegistration, Registration};
use grantry_protocol::client_auth::{has_secret_for, is_secret_of, sealed_secrets};
use grantry_protocol::register::{Metadata, Registrar, RegistrationError, describe};
use grantry_protocol::sealed::{InitialAccessToken, RegistrationAccessToken};
use grantry_protocol::types::Seconds;
use grantry_protocol::workspace::DynamicRegistrationPolicy;
use grantry_protocol::{ClientRow, Timestamp, bearer, entropy};
use grantry_storage::NewClient;
use serde::Serialize;
use serde_json::{Map, Value};

/// How long an app that registered itself is kept for somebody to use it.
const UNUSED: Seconds = Seconds::days(30);

/// `POST W/oauth2/register`.
pub(crate) async fn post(here: Here, headers: HeaderMap, Json(body): Json) -> Result<Response, Failure> {
    let registrar = registrar(&here, &headers)?;
    use_one(&here)?;
    let metadata = Metadata::read(&body, here.row(), here.issuer(), here.now)?;
    let statement = metadata.software_statement().cloned();
    let client_id = new_client_id(&mut here.server.randomness());
    let registration = metadata.registration(&client_id, registrar, None, here.row())?;
    sector::check(&here, &registration).await?.map_err(RegistrationError::from)?;
    let secret = fresh_secret(&here, &registration);
    let dynamic = DynamicRegistration { generation: 0, unused_until: Some(here.now.plus(UNUSED)) };
    let new = NewClient {
        client_id: client_id.clone(),
        registration: registration.clone(),
        digest: secret.as_ref().map(|secret| secret.digest.clone()),
        owner: None,
        dynamic: Some(dynamic),
    };
    let now = here.now;
    let row = here.write(move |tx| tx.insert_client(&new, now)).await?;
    let client = Known { row, client_id: &client_id, created_at: now };
    let answer = client.answer(&here, &registration, (secret, statement));
    registered(&here, &registration).await;
    Ok((StatusCode::CREATED, answer).into_response())
}

/// `GET W/oauth2/register/{client_id}`.
pub(crate) async fn get(own: Own) -> Response {
    own.known().answer(&own.here, &own.client.registration, (None, None))
}

/// `PUT W/oauth2/register/{client_id}`: what is not said is as usual again.
pub(crate) async fn put(own: Own, Json(body): Json) -> Result<Response, Failure> {
    let Own { here, client, .. } = &own;
    use_one(here)?;
    let metadata = Metadata::read(&body, here.row(), here.issuer(), here.now)?;
    let sealed = secrets::open(here, &sealed_secrets(client, here.now))?;
    metadata.check_update(&client.client_id, |text| is_secret_of(client, text, &sealed, here.now))?;
    let statement = metadata.software_statement().cloned();
    // RFC 7591 §5: its token says which app it is, not that anybody invited it; what it was trusted with before, it keeps.
    let before = Some(&client.registration);
    let registration = metadata.registration(&client.client_id, Registrar::Anyone, before, here.row())?;
    sector::check(here, &registration).await?.map_err(RegistrationError::from)?;
    // A method that needs a secret, where there is none that rests as it needs it.
    let has_one = has_secret_for(client, registration.token_endpoint_auth_method, here.now);
    let secret = if has_one { None } else { fresh_secret(here, &registration) };
    let (row, now, new) = (client.row, here.now, registration.clone());
    let digest = secret.as_ref().map(|secret| secret.digest.clone());
    let generation = own.dynamic.generation;
    let updated = here.write(move |tx| {
        let updated = tx.update_own_registration(row, &new, generation)?;
        if let (true, Some(digest)) = (updated, &digest) {
            tx.rotate_secret(row, digest, now, now)?;
        }
        Ok(updated)
    });
    // RFC 7592 §2.2: what it replaces is what it was read with. Whoever changed or removed that meanwhile comes first.
    if !updated.await? {
        return Err(Failure::Busy);
    }
    let answer = own.known().answer(here, &registration, (secret, statement));
    registered(here, &registration).await;
    Ok(answer)
}

/// `DELETE W/oauth2/register/{client_id}`, with every token of the app.
pub(crate) async fn delete(own: Own) -> Result<Response, Failure> {
    let row = own.client.row;
    if !own.here.write(move |tx| tx.delete_client(row)).await? {
        return Err(bearer::not_good().into());
    }
    Ok((StatusCode::NO_CONTENT, [(CACHE_CONTROL, NO_STORE)]).into_response())
}

/// A page of another origin asks whether it may send this.
pub(crate) async fn preflight(_here: Here) -> Response {
    let answer = [
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, DELETE")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
    ];
    (StatusCode::NO_CONTENT, answer).into_response()
}

/// Without cookies, the token is all that counts: any page may register an app, and whoever has a token may use it.
pub(crate) async fn share(mut response: Response) -> Response {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// An app that presents its registration access token at its own URL.
#[derive(Debug)]
pub(crate) struct Own {
    here: Here,
    client: Client,
    dynamic: DynamicRegistration,
}

impl FromRequestParts<Server> for Own {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Failure> {
        let here = Here::from_request_parts(parts, server).await?;
        let path = RawPathParams::from_request_parts(parts, server).await.map_err(|_| Failure::NotFound)?;
        let asked = path.iter().find(|(name, _)| *name == "client_id").map(|(_, value)| value.to_owned());
        let token: RegistrationAccessToken = here.open(presented(&parts.headers)?).ok_or(bearer::not_good())?;
        let client = here.read(move |tx| tx.find_client_by_row(token.client)).await?;
        // RFC 7592 §2.1: the token of another client, or of one that is gone, is not good here.
        let own = client.filter(|client| asked.as_ref() == Some(&client.client_id) && client.disabled_at.is_none());
        let own = own.and_then(|client| Some((client.dynamic?, client)));
        let (dynamic, client) = own.ok_or(bearer::not_good())?;
        Ok(Self { here, client, dynamic })
    }
}

impl Own {
    fn known(&self) -> Known<'_> {
        let Client { row, client_id, created_at, .. } = &self.client;
        Known { row: *row, client_id, created_at: *created_at }
    }
}

/// RFC 6750 §2.1: the token in the header.
fn presented(headers: &HeaderMap) -> Result<&str, Failure> {
    Ok(bearer::read_header(authorization(headers)?)?)
}

/// Who registers here, if they may.
fn registrar(here: &Here, headers: &HeaderMap) -> Result<Registrar, Failure> {
    let policy = here.row().policy.dynamic_registration;
    match policy {
        DynamicRegistrationPolicy::Off => {
            return Err(Failure::Forbidden(
                "apps do not register themselves in this workspace; register the app in the app portal, or have an operator \
                 allow it by grantry workspace update --dynamic-registration",
            ));
        }
        DynamicRegistrationPolicy::InitialAccessToken => {
            let token: InitialAccessToken = here.open(presented(headers)?).ok_or(bearer::not_good())?;
            // RFC 7591 §3: an initial access token is good for as long as the one who gave it wished.
            if here.now >= token.expires_at {
                return Err(bearer::not_good().into());
            }
        }
        DynamicRegistrationPolicy::Open => {}
    }
    Ok(Registrar::under(policy))
}

/// RFC 7591 §5: what anybody may do is limited, for each address. A change may make the server ask another one, as a new app does.
pub(crate) fn use_one(here: &Here) -> Result<(), Failure> {
    here.server.registrations().use_one(place_of(here.address), here.now).map_err(Failure::Throttled)
}

/// A secret that the app is told once.
struct FreshSecret {
    text: String,
    digest: String,
}

/// A new secret, where the method of the app needs one.
fn fresh_secret(here: &Here, registration: &Registration) -> Option<FreshSecret> {
    registration.token_endpoint_auth_method.has_secret().then(|| {
        let text = entropy::draw_text::<32>(&mut here.server.randomness());
        let method = registration.token_endpoint_auth_method;
        let digest = secrets::at_rest(&here.server, here.row().id, method, &text).as_str().to_owned();
        FreshSecret { text, digest }
    })
}

/// After a registration: the keys that the app chose are made, so that they are published before they sign.
async fn registered(here: &Here, registration: &Registration) {
    signing::prepare(&here.server, here.row().slug.as_str(), &registration.chosen_algorithms()).await;
}

/// What an answer says of a client beside what is registered.
struct Known<'a> {
    row: ClientRow,
    client_id: &'a str,
    created_at: Timestamp,
}

/// RFC 7591 §3.2.1, RFC 7592 §3.
#[derive(Serialize)]
struct Answer<'a> {
    client_id: &'a str,
    client_id_issued_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// Zero: it does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<i64>,
    registration_access_token: String,
    registration_client_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    software_statement: Option<Value>,
    #[serde(flatten)]
    metadata: Map<String, Value>,
}

impl Known<'_> {
    /// A secret is told when it is new: at rest, nobody can read it.
    fn answer(
        &self,
        here: &Here,
        registration: &Registration,
        (secret, software_statement): (Option<FreshSecret>, Option<Value>),
    ) -> Response {
        let token = RegistrationAccessToken { client: self.row };
        let answer = Answer {
            client_id: self.client_id,
            client_id_issued_at: self.created_at,
            client_secret_expires_at: secret.is_some().then_some(0),
            client_secret: secret.map(|secret| secret.text),
            registration_access_token: here.seal(&token),
            registration_client_uri: format!("{}/oauth2/register/{}", here.issuer(), self.client_id),
            software_statement,
            metadata: describe(registration),
        };
        json(&answer)
    }
}

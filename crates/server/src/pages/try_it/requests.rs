//! The requests that a *Try it* form stands for.

use crate::form::Fields;
use crate::here::Here;
use crate::pages::sample::{Credentials, Request};
use crate::reply::Failure;
use grantry_protocol::client::{AuthMethod, ID_TOKEN_ALGORITHM};
use grantry_protocol::client_auth::ASSERTION_TYPE;
use grantry_protocol::jose::Algorithm;

/// The parameters of token requests that have a field on one of the pages.
const PARAMETERS: [&str; 7] =
    ["code", "redirect_uri", "code_verifier", "username", "password", "refresh_token", "scope"];

/// The app that a form speaks for: what it was filled in with, and how the app is registered to prove itself.
pub(crate) struct Speaker {
    issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Signed by the reader's app, good for one request.
    client_assertion: String,
    in_form: bool,
    /// By which algorithm its ID Tokens are signed.
    pub(crate) id_token_algorithm: Algorithm,
}

impl Speaker {
    /// Reads the credentials of a form. Only the way in which they are sent is looked up; whether they are right is for the
    /// endpoint to say.
    pub(crate) async fn read(here: &Here, fields: &Fields) -> Result<Self, Failure> {
        let [client_id, client_secret, client_assertion] =
            ["client_id", "client_secret", "client_assertion"].map(|name| fields.get(name).to_owned());
        let asked = client_id.clone();
        let client = here.read(move |tx| tx.find_client(&asked)).await?;
        let registered = client.map(|client| client.registration);
        let method = registered.as_ref().map(|registered| registered.token_endpoint_auth_method);
        let in_form = method == Some(AuthMethod::ClientSecretPost);
        let id_token_algorithm = registered.map_or(ID_TOKEN_ALGORITHM, |it| it.openid.id_token_signed_response_alg);
        let issuer = here.issuer().to_owned();
        Ok(Self { issuer, client_id, client_secret, client_assertion, in_form, id_token_algorithm })
    }

    /// Whether what it proves itself with is good for one request only.
    pub(crate) fn signs(&self) -> bool {
        !self.client_assertion.is_empty()
    }

    /// The token request of a form: what was filled in, and nothing else.
    pub(crate) fn token(&self, grant_type: &str, fields: &Fields) -> Request {
        let request = Request::post(self.url("token")).with("grant_type", grant_type);
        let filled = PARAMETERS.into_iter().filter_map(|name| Some((name, fields.filled(name)?)));
        self.signed(filled.fold(request, |request, (name, value)| request.with(name, value)))
    }

    /// Asks what a token says.
    pub(crate) fn introspect(&self, token: &str) -> Request {
        self.signed(Request::post(self.url("introspect")).with("token", token))
    }

    /// Asks for the keys that ID Tokens are verified with.
    pub(crate) fn keys(&self) -> Request {
        Request::get(self.url("jwks"))
    }

    /// Ends a token.
    pub(crate) fn revoke(&self, token: &str) -> Request {
        self.signed(Request::post(self.url("revoke")).with("token", token))
    }

    fn url(&self, endpoint: &str) -> String {
        format!("{}/oauth2/{endpoint}", self.issuer)
    }

    fn signed(&self, request: Request) -> Request {
        if self.signs() {
            let request = request.with("client_assertion_type", ASSERTION_TYPE);
            return request.with("client_assertion", &self.client_assertion);
        }
        if self.client_secret.is_empty() || self.in_form {
            let request = request.with("client_id", &self.client_id);
            return request.maybe("client_secret", Some(self.client_secret.as_str()).filter(|it| !it.is_empty()));
        }
        request.signed_by(Credentials {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            known: true,
        })
    }
}

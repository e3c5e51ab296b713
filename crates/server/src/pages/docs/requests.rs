//! The requests of the docs page, one function each, for this issuer and this app.

use super::DocsPage;
use crate::pages::sample::{Credentials, Request};
use grantry_protocol::client::AuthMethod;
use grantry_protocol::client_auth::ASSERTION_TYPE;

/// Stands for a secret that the server cannot show (it keeps a hash only).
pub(super) const SECRET_PLACEHOLDER: &str = "CLIENT_SECRET";
/// The verifier of RFC 7636 appendix B, for requests that a reader sends by hand.
pub(crate) const EXAMPLE_VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its challenge.
pub(crate) const EXAMPLE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// An example of a `state`.
pub(crate) const EXAMPLE_STATE: &str = "af0ifjsldkj";
/// The `state` of the example of an OpenID request: another one, by which its callback knows that there was a nonce.
pub(crate) const EXAMPLE_OPENID_STATE: &str = "k7d2mvq9xtb";
/// An example of a `nonce`.
pub(crate) const EXAMPLE_NONCE: &str = "n-0S6_WzA2Mj";

/// What an OpenID request asks for, as far as the app may have it.
const OPENID_SCOPES: [&str; 3] = ["openid", "profile", "email"];

impl DocsPage {
    /// The authorization request as an app should make it.
    pub(crate) fn authorize(&self) -> Request {
        let request = self.front("code").with("state", EXAMPLE_STATE);
        request.with("code_challenge", EXAMPLE_CHALLENGE).with("code_challenge_method", "S256")
    }

    /// The shortest authorization request that this app can make.
    pub(crate) fn authorize_short(&self) -> Request {
        let mut request = Request::get(self.url("authorize")).with("response_type", "code");
        request = request.with("client_id", &self.app.client_id).with("scope", "*");
        if self.app.redirect_uri_count > 1 {
            request = request.maybe("redirect_uri", self.app.redirect_uri.as_deref());
        }
        if self.app.is_public() {
            request = request.with("code_challenge", EXAMPLE_CHALLENGE).with("code_challenge_method", "S256");
        }
        request
    }

    /// The live link: the shortest request, with a `state` by which the callback knows this browser and this app again.
    pub(crate) fn live_link(&self) -> String {
        self.authorize_short().with("state", &self.state).link()
    }

    /// The code is exchanged.
    pub(crate) fn exchange(&self) -> Request {
        let request = self.token("authorization_code").with("code", "CODE");
        request.maybe("redirect_uri", self.app.redirect_uri.as_deref()).with("code_verifier", EXAMPLE_VERIFIER)
    }

    /// The exchange that belongs to the shortest authorization request.
    pub(crate) fn exchange_short(&self) -> Request {
        let mut request = self.token("authorization_code").with("code", "CODE");
        if self.app.redirect_uri_count > 1 {
            request = request.maybe("redirect_uri", self.app.redirect_uri.as_deref());
        }
        if self.app.is_public() { request.with("code_verifier", EXAMPLE_VERIFIER) } else { request }
    }

    /// The OpenID request as an app should make it.
    pub(crate) fn openid_authorize(&self) -> Request {
        let request = self.openid_front(EXAMPLE_OPENID_STATE, EXAMPLE_NONCE);
        request.with("code_challenge", EXAMPLE_CHALLENGE).with("code_challenge_method", "S256")
    }

    /// The OpenID request's live link, by whose `state` the callback knows its `nonce` again.
    pub(crate) fn openid_live_link(&self) -> String {
        let mut request = self.openid_front(&self.openid.state, &self.openid.nonce);
        if self.app.is_public() {
            request = request.with("code_challenge", EXAMPLE_CHALLENGE).with("code_challenge_method", "S256");
        }
        request.link()
    }

    /// UserInfo is asked for.
    pub(crate) fn userinfo(&self) -> Request {
        Request::get(self.url("userinfo")).bearing("ACCESS_TOKEN")
    }

    /// The metadata is read as an OpenID Provider's.
    pub(crate) fn discovery(&self) -> Request {
        Request::get(format!("{}/.well-known/openid-configuration", self.issuer))
    }

    /// The browser is sent to sign out (RP-Initiated Logout §2).
    pub(crate) fn sign_out(&self) -> Request {
        let request = Request::get(self.url("logout")).with("id_token_hint", "ID_TOKEN");
        match self.openid.post_logout_redirect_uri.as_deref() {
            Some(uri) => request.with("post_logout_redirect_uri", uri).with("state", EXAMPLE_STATE),
            None => request,
        }
    }

    /// The implicit grant's authorization request.
    pub(crate) fn implicit(&self) -> Request {
        self.front("token").with("state", EXAMPLE_STATE)
    }

    /// The implicit grant's live link.
    pub(crate) fn implicit_short(&self) -> Request {
        let mut request = Request::get(self.url("authorize")).with("response_type", "token");
        request = request.with("client_id", &self.app.client_id).with("scope", "*");
        if self.app.redirect_uri_count > 1 {
            request = request.maybe("redirect_uri", self.app.redirect_uri.as_deref());
        }
        request
    }

    /// The password grant.
    pub(crate) fn password(&self) -> Request {
        let or =
            |value: &str, placeholder: &str| if value.is_empty() { placeholder.to_owned() } else { value.to_owned() };
        self.token("password")
            .with("username", &or(&self.app.try_username, "USERNAME"))
            .with("password", &or(&self.app.try_password, "PASSWORD"))
            .with("scope", "*")
    }

    /// The client credentials grant.
    pub(crate) fn client_credentials(&self) -> Request {
        let request = Request::post(self.url("token")).with("grant_type", "client_credentials");
        self.signed_by_secret(request).with("scope", "*")
    }

    /// The refresh token is used.
    pub(crate) fn refresh(&self) -> Request {
        self.token("refresh_token").with("refresh_token", "REFRESH_TOKEN")
    }

    /// A token is introspected.
    pub(crate) fn introspect(&self) -> Request {
        self.signed_by_secret(Request::post(self.url("introspect")).with("token", "ACCESS_TOKEN"))
    }

    /// A token is revoked.
    pub(crate) fn revoke(&self) -> Request {
        self.signed(Request::post(self.url("revoke")).with("token", "REFRESH_TOKEN"))
    }

    /// The metadata is read.
    pub(crate) fn metadata(&self) -> Request {
        Request::get(format!("{}/.well-known/oauth-authorization-server", self.issuer))
    }

    fn url(&self, endpoint: &str) -> String {
        format!("{}/oauth2/{endpoint}", self.issuer)
    }

    fn front(&self, response_type: &str) -> Request {
        let request = Request::get(self.url("authorize")).with("response_type", response_type);
        let request = request.with("client_id", &self.app.client_id);
        request.maybe("redirect_uri", self.app.redirect_uri.as_deref()).with("scope", &self.scope())
    }

    fn openid_front(&self, state: &str, nonce: &str) -> Request {
        let request = Request::get(self.url("authorize")).with("response_type", "code");
        let request = request.with("client_id", &self.app.client_id);
        let request = request.maybe("redirect_uri", self.app.redirect_uri.as_deref());
        request.with("scope", &self.openid_scope()).with("state", state).with("nonce", nonce)
    }

    /// All of them where no app is known; without the first it is no OpenID request.
    pub(super) fn openid_scope(&self) -> String {
        let may_have =
            |name: &&str| !self.has_app() || *name == "openid" || self.app.scopes.iter().any(|it| it == name);
        OPENID_SCOPES.into_iter().filter(may_have).collect::<Vec<_>>().join(" ")
    }

    fn scope(&self) -> String {
        if self.app.scopes.is_empty() { "*".to_owned() } else { self.app.scopes.join(" ") }
    }

    fn token(&self, grant_type: &str) -> Request {
        self.signed(Request::post(self.url("token")).with("grant_type", grant_type))
    }

    /// A request that an app without a secret cannot make: it shows placeholders for one that can.
    fn signed_by_secret(&self, request: Request) -> Request {
        if !self.app.is_public() {
            return self.signed(request);
        }
        let (client_id, client_secret) = ("CLIENT_ID".to_owned(), SECRET_PLACEHOLDER.to_owned());
        request.signed_by(Credentials { client_id, client_secret, known: false })
    }

    /// The request with client authentication, by the method that the app is registered for.
    fn signed(&self, request: Request) -> Request {
        let client_id = &self.app.client_id;
        match self.app.method {
            AuthMethod::None => request.with("client_id", client_id),
            AuthMethod::ClientSecretPost => request.with("client_id", client_id).with("client_secret", &self.secret()),
            // RFC 7523 §2.2: it says who the app is, too.
            AuthMethod::PrivateKeyJwt | AuthMethod::ClientSecretJwt => {
                request.with("client_assertion_type", ASSERTION_TYPE).with("client_assertion", "CLIENT_ASSERTION")
            }
            AuthMethod::ClientSecretBasic => request.signed_by(Credentials {
                client_id: client_id.clone(),
                client_secret: self.secret(),
                known: self.app.client_secret.is_some(),
            }),
        }
    }
}

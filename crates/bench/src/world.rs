//! The world that is measured in: a workspace with its clients, users and grants, and requests about them.

use crate::ask::{get, post};
use crate::rows::ROTATING_CLIENTS;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use grantry_protocol::entropy::{self, Entropy};
use grantry_protocol::jose::Algorithm;
use grantry_protocol::sealed::{
    self, AccessSubject, AccessToken, AuthorizationCode, BrowserCookie, KeyRing, RefreshToken, SessionCookie,
};
use grantry_protocol::types::{Seconds, SessionId};
use grantry_protocol::{GrantId, Scope, Timestamp};

/// The workspace.
pub(crate) const SLUG: &str = "bench";
/// Users.
pub(crate) const USERS: usize = 10_000;
/// Clients with a secret; as many have none.
pub(crate) const CLIENTS: usize = 500;
/// Clients of each algorithm whose access tokens are JWTs.
pub(crate) const JWT_CLIENTS: usize = 20;
/// Live grants.
pub(crate) const GRANTS: usize = 1_000_000;
/// Grants whose code is not redeemed yet.
pub(crate) const PENDING: usize = 200_000;
/// The secret of every client that has one.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789a";
/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Where answers are sent.
pub(crate) const REDIRECT_URI: &str = "https://app.example/callback";
/// Of every exchange.
pub(crate) const CODE_VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its challenge.
pub(crate) const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// How many requests a run is given, where it may send them again.
const ENOUGH: usize = 20_000;
/// How many codes a run is given: more than any server redeems in its time.
const CODES: usize = 50_000;

/// The system's randomness.
pub(crate) struct Randomness;

impl Entropy for Randomness {
    fn fill(&mut self, bytes: &mut [u8]) {
        // Where there is none, the seals come out alike; for a measurement that is no harm.
        let _ = rand::fill(bytes);
    }
}

/// What was written into the database, as far as requests have to know it.
pub(crate) struct World {
    /// What seals the tokens of the workspace.
    pub(crate) ring: KeyRing,
    /// What users granted.
    pub(crate) scope: Scope,
    /// Grant `n` is of user `n / 1000 % 10000` and client `n % 1000`; clients from 500 on are public.
    pub(crate) grants: Vec<GrantId>,
    /// Pending grant `n` is of user `n % 10000` and the public client `500 + n % 500`.
    pub(crate) pending: Vec<GrantId>,
    /// Session `n` is of user `n`.
    pub(crate) sessions: Vec<SessionId>,
    /// When it was made.
    pub(crate) now: Timestamp,
}

/// The identifier of a client.
pub(crate) fn client_id(number: usize) -> String {
    format!("client-{number:04}")
}

/// The identifier of a client whose access tokens are JWTs.
pub(crate) fn jwt_client_id(algorithm: Algorithm, number: usize) -> String {
    format!("jwt-{algorithm}-{number:02}")
}

/// The name of a user.
pub(crate) fn username(number: usize) -> String {
    format!("user{number:05}")
}

/// The header by which a client proves itself.
fn basic(client: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{client}:{SECRET}")))
}

fn token_url() -> String {
    format!("/{SLUG}/oauth2/token")
}

/// An authorization request of a browser in which someone is signed in.
pub(crate) fn authorize((slug, ring): (&str, &KeyRing), session: SessionId, client: &str, scope: &str) -> String {
    let browser = BrowserCookie { browser: entropy::draw(&mut Randomness) };
    let cookie = format!(
        "gry_br_{slug}={}; gry_se_{slug}={}",
        sealed::seal(ring, &browser, &mut Randomness),
        sealed::seal(ring, &SessionCookie { session }, &mut Randomness)
    );
    let state = URL_SAFE_NO_PAD.encode(entropy::draw::<16>(&mut Randomness));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", REDIRECT_URI),
            ("scope", scope),
            ("state", &state),
            ("code_challenge", CODE_CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    get(&format!("/{slug}/oauth2/authorize?{query}"), Some(&cookie))
}

/// Client credentials of a client of this workspace.
pub(crate) fn client_credentials(slug: &str, client: &str) -> String {
    let fields = [("grant_type", "client_credentials"), ("scope", "read")];
    post(&format!("/{slug}/oauth2/token"), &basic(client), &fields)
}

impl World {
    fn seal<S: sealed::Statement>(&self, statement: &S) -> String {
        sealed::seal(&self.ring, statement, &mut Randomness)
    }

    /// Client credentials, by clients in turn.
    pub(crate) fn client_credentials(&self) -> Vec<String> {
        (0..CLIENTS).map(|number| client_credentials(SLUG, &client_id(number))).collect()
    }

    /// The same, by clients whose access tokens are JWTs.
    pub(crate) fn jwt_client_credentials(&self, algorithm: Algorithm) -> Vec<String> {
        (0..JWT_CLIENTS).map(|number| client_credentials(SLUG, &jwt_client_id(algorithm, number))).collect()
    }

    /// Introspection, by a resource server about grants from everywhere in the table.
    pub(crate) fn introspection(&self, turn: usize) -> Vec<String> {
        let apart = self.grants.len() / ENOUGH;
        let about = (0..ENOUGH).map(|n| self.grants[n * apart + turn % apart]);
        about.map(|grant| self.introspection_of(grant)).collect()
    }

    /// Introspection of an access token that belongs to a grant.
    pub(crate) fn introspection_of(&self, grant: GrantId) -> String {
        let token = AccessToken {
            token_id: entropy::draw(&mut Randomness),
            about: AccessSubject::Grant(grant),
            scope: self.scope.clone(),
            audience: Vec::new(),
            issued_at: self.now,
            expires_at: self.now.plus(Seconds::hours(1)),
        };
        post(&format!("/{SLUG}/oauth2/introspect"), &basic("api"), &[("token", &self.seal(&token))])
    }

    /// Revocation of grant `n`, which must be one of a client with a secret.
    pub(crate) fn revocation_of(&self, n: usize) -> String {
        let token = self.refresh_token(self.grants[n]);
        post(&format!("/{SLUG}/oauth2/revoke"), &basic(&client_id(n % (2 * CLIENTS))), &[("token", token.as_str())])
    }

    /// Refreshes by public clients, one for each thread of the load generator, which no turn before used.
    pub(crate) fn rotation(&self, turn: usize) -> Vec<String> {
        let clients = (0..ROTATING_CLIENTS).map(|thread| CLIENTS + (turn * ROTATING_CLIENTS + thread) % CLIENTS);
        let clients: Vec<usize> = clients.collect();
        let ask = |(n, grant): (usize, &GrantId)| {
            let client = client_id(n % (2 * CLIENTS));
            let token = self.refresh_token(*grant);
            let fields = [("grant_type", "refresh_token"), ("client_id", client.as_str()), ("refresh_token", &token)];
            post(&token_url(), "", &fields)
        };
        let rows = self.grants.chunks_exact(2 * CLIENTS).enumerate();
        rows.flat_map(|(row, _)| clients.iter().map(move |client| row * 2 * CLIENTS + client))
            .map(|n| ask((n, &self.grants[n])))
            .collect()
    }

    /// Refreshes by clients with a secret.
    pub(crate) fn confidential_refresh(&self, turn: usize) -> Vec<String> {
        let own = self.grants.iter().enumerate().filter(|(n, _)| n % (2 * CLIENTS) < CLIENTS);
        let apart = self.grants.len() / 2 / ENOUGH;
        let some = own.skip(turn % apart).step_by(apart);
        let ask = |(n, grant): (usize, &GrantId)| {
            let token = self.refresh_token(*grant);
            let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
            post(&token_url(), &basic(&client_id(n % (2 * CLIENTS))), &fields)
        };
        some.map(ask).collect()
    }

    fn refresh_token(&self, grant: GrantId) -> String {
        self.seal(&RefreshToken { grant, generation: 0 })
    }

    /// Exchanges by public clients, with PKCE, of codes which no turn before used.
    pub(crate) fn code_exchange(&self, turn: usize) -> Vec<String> {
        let first = turn * CODES % self.pending.len();
        (first..self.pending.len().min(first + CODES)).map(|n| self.exchange_of(n)).collect()
    }

    /// Exchange of the code of pending grant `n`.
    pub(crate) fn exchange_of(&self, n: usize) -> String {
        let client = client_id(CLIENTS + n % CLIENTS);
        let code =
            self.seal(&AuthorizationCode { grant: self.pending[n], expires_at: self.now.plus(Seconds::hours(1)) });
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client.as_str()),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", CODE_VERIFIER),
        ];
        post(&token_url(), "", &fields)
    }

    /// Authorization requests of browsers in which someone is signed in who agreed before.
    pub(crate) fn authorize(&self) -> Vec<String> {
        let scope = self.scope.to_string();
        let sessions = self.sessions.iter().enumerate();
        sessions.map(|(n, session)| authorize((SLUG, &self.ring), *session, &client_id(n % CLIENTS), &scope)).collect()
    }

    /// The password grant, by everyone.
    pub(crate) fn password_grant(&self) -> Vec<String> {
        let ask = |n| {
            let name = username(n);
            let fields = [("grant_type", "password"), ("username", name.as_str()), ("password", PASSWORD)];
            post(&token_url(), &basic(&client_id(n % CLIENTS)), &fields)
        };
        (0..USERS).map(ask).collect()
    }

    /// The login form, sent by everyone from one browser, which was shown it with this token and cookie.
    pub(crate) fn login(&self, form_token: &str, cookie: &str) -> Vec<String> {
        let ask = |n| {
            let name = username(n);
            let fields = [("form_token", form_token), ("username", name.as_str()), ("password", PASSWORD)];
            post(&format!("/{SLUG}/login"), &format!("Cookie: {cookie}\r\n"), &fields)
        };
        (0..USERS).map(ask).collect()
    }

    /// Metadata.
    pub(crate) fn discovery(&self) -> Vec<String> {
        vec![get(&format!("/{SLUG}/.well-known/oauth-authorization-server"), None); 4]
    }

    /// The public keys.
    pub(crate) fn key_set(&self) -> Vec<String> {
        vec![get(&format!("/{SLUG}/oauth2/jwks"), None); 4]
    }
}

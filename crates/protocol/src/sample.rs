//! A valid case of everything, for tests to change one thing of.

use crate::account::User;
use crate::client::{
    AccessTokenChoice, ApplicationType, AuthMethod, Client, LifetimeOverrides, OpenidRegistration, Registration,
    StoredSecret,
};
use crate::client_auth::{Check, Credentials, SecretDigest, VerifiedClient, check};
use crate::grant::{Grant, GrantState, Standing};
use crate::jose::{Algorithm, ClientKeys, SigningKey};
use crate::params::Params;
use crate::redirect_uri::RedirectUri;
use crate::scope::Scope;
use crate::types::{ClientRow, GrantId, GrantType, Seconds, SessionId, Timestamp, UserId, WorkspaceId};
use crate::workspace::{Policy, ScopeDefinition, Slug, Workspace};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use std::sync::LazyLock;

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

pub(crate) fn workspace() -> Workspace {
    let scope = |name: &str, optional| ScopeDefinition {
        name: name.to_owned(),
        description: String::new(),
        optional,
        audience: None,
    };
    Workspace {
        id: WorkspaceId(1),
        slug: Slug::parse("acme").unwrap(),
        name: "Acme".to_owned(),
        policy: Policy { grant_types: GrantType::ALL.into(), ..Policy::default() },
        scopes: vec![scope("read", false), scope("write", true)],
        created_at: NOW,
        disabled_at: None,
    }
}

/// A user about whom this is known.
pub(crate) fn user(claims: Value) -> User {
    User {
        id: UserId(1),
        subject: "sub".to_owned(),
        username: "bob".to_owned(),
        display_name: "Bob of Acme".to_owned(),
        admin_since: None,
        disabled_at: None,
        created_at: NOW,
        claims: claims.to_string(),
    }
}

/// A key of the client: for it to sign with, and as it published it.
pub(crate) static KEY: LazyLock<(EncodingKey, ClientKeys)> = LazyLock::new(|| {
    let key = EncodingKey::from_ec_der(&SigningKey::generate(Algorithm::ES256).unwrap());
    let public = Jwk::from_encoding_key(&key, jsonwebtoken::Algorithm::ES256).unwrap();
    let set = json!({ "keys": [public] }).to_string();
    (key, ClientKeys::parse(set.as_bytes()).unwrap())
});

/// Claims that the client signed with it.
pub(crate) fn signed(typ: Option<&str>, claims: &Value) -> String {
    let header = Header { typ: typ.map(str::to_owned), ..Header::new(jsonwebtoken::Algorithm::ES256) };
    jsonwebtoken::encode(&header, claims, &KEY.0).unwrap()
}

/// A confidential client with the secret `secret`.
pub(crate) fn client() -> Client {
    Client {
        row: ClientRow(1),
        client_id: "app".to_owned(),
        registration: Registration {
            name: "App".to_owned(),
            description: String::new(),
            application_type: ApplicationType::Web,
            token_endpoint_auth_method: AuthMethod::ClientSecretPost,
            redirect_uris: vec![RedirectUri::register("https://app.test/cb").unwrap()],
            grant_types: GrantType::ALL.into(),
            scope: Scope::parse("read write").unwrap(),
            lifetimes: LifetimeOverrides::default(),
            access_token: AccessTokenChoice::default(),
            openid: OpenidRegistration::default(),
            resource: None,
        },
        secrets: vec![StoredSecret {
            number: 1,
            digest: SecretDigest::of_random("secret").as_str().to_owned(),
            created_at: NOW,
            expires_at: None,
        }],
        owner: None,
        created_at: NOW,
        dynamic: None,
        disabled_at: None,
    }
}

/// The same app, without a secret.
pub(crate) fn public() -> Client {
    let mut client = client();
    client.registration.token_endpoint_auth_method = AuthMethod::None;
    client
}

/// The client, proved by the only way there is.
pub(crate) fn verified(client: Client) -> VerifiedClient {
    let form = if client.is_public() { "client_id=app" } else { "client_id=app&client_secret=secret" };
    let credentials = Credentials::read(None, &Params::parse(form.as_bytes()).unwrap()).unwrap();
    match check(credentials, Some(client.into()), NOW).unwrap() {
        Check::Verified(client) => client,
        Check::Slow(_) | Check::Assertion(_) => panic!("the secret is random"),
    }
}

/// A grant with a code that was issued now.
pub(crate) fn pending() -> Standing {
    Standing {
        grant: Grant {
            id: GrantId(7),
            user: UserId(1),
            client: client().row,
            session: Some(SessionId(1)),
            grant_type: GrantType::AuthorizationCode,
            scope: Scope::parse("read write").unwrap(),
            auth_time: NOW,
            redirect_uri: None,
            code_challenge: None,
            openid: None,
            state: GrantState::Pending,
            generation: 0,
            rotated_at: None,
            created_at: NOW,
            last_used_at: None,
            refresh_until: None,
            expires_at: NOW.plus(Seconds(60)),
        },
        subject: "sub".to_owned(),
        username: "bob".to_owned(),
        user_enabled: true,
        session_ended: false,
    }
}

/// A grant whose refresh token was rotated three times, last ten seconds ago.
pub(crate) fn active() -> Standing {
    let mut standing = pending();
    standing.grant.state = GrantState::Active;
    standing.grant.generation = 3;
    standing.grant.rotated_at = Some(Timestamp::from_unix(NOW.as_unix() - 10));
    standing.grant.refresh_until = Some(NOW.plus(Seconds::days(180)));
    standing.grant.expires_at = NOW.plus(Seconds::days(30));
    standing
}

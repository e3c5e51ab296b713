//! What an app that uses a library writes: signing in, and verifying an ID Token. For this issuer and this app.

use super::DocsPage;
use grantry_protocol::client::AuthMethod;

/// A program that uses a library, in two languages.
pub(crate) struct Programs {
    pub(crate) javascript: String,
    pub(crate) python: String,
}

impl DocsPage {
    /// An ID Token is verified (OpenID Connect Core §3.1.3.7).
    pub(crate) fn verify_id_token(&self) -> Programs {
        let (issuer, client_id, algorithm) = (&self.issuer, &self.app.client_id, self.openid.algorithm);
        Programs {
            javascript: format!(
                r#"import {{ createRemoteJWKSet, jwtVerify }} from "jose"; // npm install jose

const keys = createRemoteJWKSet(new URL({jwks:?}));
const {{ payload }} = await jwtVerify("ID_TOKEN", keys, {{
  issuer: {issuer:?},
  audience: {client_id:?},
  algorithms: [{algorithm:?}],
  requiredClaims: ["sub", "exp", "iat"],
}});
if (payload.nonce !== "NONCE") throw new Error("not the nonce that was sent");
console.log(payload.sub);"#,
                jwks = self.jwks()
            ),
            python: format!(
                r#"import json
import urllib.request

from joserfc import jwt  # pip install joserfc
from joserfc.jwk import KeySet

with urllib.request.urlopen({jwks:?}) as answer:
    keys = KeySet.import_key_set(json.load(answer))
token = jwt.decode("ID_TOKEN", keys, algorithms=[{algorithm:?}])
jwt.JWTClaimsRegistry(
    iss={{"essential": True, "value": {issuer:?}}},
    aud={{"essential": True, "value": {client_id:?}}},
    nonce={{"essential": True, "value": "NONCE"}},
    exp={{"essential": True}},
    sub={{"essential": True}},
).validate(token.claims)
print(token.claims["sub"])"#,
                jwks = self.jwks()
            ),
        }
    }

    /// A person signs in, and a library sees to all of it.
    pub(crate) fn sign_in_by_library(&self) -> Programs {
        Programs { javascript: self.openid_client(), python: self.authlib() }
    }

    fn openid_client(&self) -> String {
        let (issuer, client_id) = (&self.issuer, &self.app.client_id);
        let secret = self.secret();
        let authentication = match self.app.method {
            AuthMethod::None => "client.None()".to_owned(),
            AuthMethod::ClientSecretPost => format!("client.ClientSecretPost({secret:?})"),
            AuthMethod::ClientSecretBasic => format!("client.ClientSecretBasic({secret:?})"),
            AuthMethod::ClientSecretJwt => format!("client.ClientSecretJwt({secret:?})"),
            AuthMethod::PrivateKeyJwt => format!("client.PrivateKeyJwt({})", self.pkcs8()),
        };
        let imports = match self.app.method {
            AuthMethod::PrivateKeyJwt => {
                "import { readFile } from \"node:fs/promises\";\nimport { importPKCS8 } from \"jose\"; // npm install jose\n"
            }
            _ => "",
        };
        // The library refuses http unless it is told that this is meant.
        let insecure =
            if self.issuer.starts_with("http:") { ", {\n  execute: [client.allowInsecureRequests],\n}" } else { "" };
        format!(
            r#"{imports}import * as client from "openid-client"; // npm install openid-client

const authentication = {authentication};
const config = await client.discovery(new URL({issuer:?}), {client_id:?}, undefined, authentication{insecure});
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const url = client.buildAuthorizationUrl(config, {{
  redirect_uri: {redirect_uri:?},
  scope: {scope:?},
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
}});
console.log(url.href); // send the browser there; keep the three values in its session

// When the browser has come back:
const tokens = await client.authorizationCodeGrant(config, new URL("CALLBACK_URL"), {{
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
}});
const {{ sub }} = tokens.claims(); // the ID token, verified
console.log(await client.fetchUserInfo(config, tokens.access_token, sub));"#,
            redirect_uri = self.redirect_uri(),
            scope = self.openid_scope(),
        )
    }

    fn authlib(&self) -> String {
        let (issuer, client_id) = (&self.issuer, &self.app.client_id);
        let (method, secret) = (self.app.method.as_str(), self.secret());
        let credentials = match self.app.method {
            AuthMethod::ClientSecretBasic => format!("{client_id:?}, {secret:?}"),
            AuthMethod::None => format!("{client_id:?}, token_endpoint_auth_method={method:?}"),
            AuthMethod::PrivateKeyJwt => format!("{client_id:?}, key, token_endpoint_auth_method={method:?}"),
            AuthMethod::ClientSecretPost | AuthMethod::ClientSecretJwt => {
                format!("{client_id:?}, {secret:?}, token_endpoint_auth_method={method:?}")
            }
        };
        let (import, register) = self.authlib_assertion();
        // So does this one.
        let insecure = if self.issuer.starts_with("http:") {
            "import os\n\nos.environ[\"AUTHLIB_INSECURE_TRANSPORT\"] = \"1\"  # http, on this machine only\n\n"
        } else {
            ""
        };
        format!(
            r#"{insecure}from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session  # pip install authlib requests
{import}
session = OAuth2Session(
    {credentials},
    redirect_uri={redirect_uri:?},
    scope={scope:?},
    code_challenge_method="S256",
    token_endpoint="{issuer}/oauth2/token",
)
{register}verifier, nonce = generate_token(48), generate_token(24)
url, state = session.create_authorization_url(
    "{issuer}/oauth2/authorize", code_verifier=verifier, nonce=nonce
)
print(url)  # send the browser there; keep the three values in its session

# When the browser has come back:
token = session.fetch_token(authorization_response="CALLBACK_URL", state=state, code_verifier=verifier)
print(token["id_token"], nonce)  # verify it as below
print(session.get("{issuer}/oauth2/userinfo").json())"#,
            redirect_uri = self.redirect_uri(),
            scope = self.openid_scope(),
        )
    }

    /// For an app that signs: what is imported, with the lines that read its key, and the line that has the library sign.
    fn authlib_assertion(&self) -> (String, String) {
        let (class, key) = match self.app.method {
            AuthMethod::ClientSecretJwt => ("ClientSecretJWT", String::new()),
            AuthMethod::PrivateKeyJwt => {
                let (import, lines) = self.python_key();
                ("PrivateKeyJWT", format!("{import}\n\n{lines}\n"))
            }
            _ => return Default::default(),
        };
        let (issuer, algorithm) = (&self.issuer, &self.app.assertion_algorithm);
        let register = format!("session.register_client_auth_method({class}({issuer:?}, alg={algorithm:?}))");
        (
            format!("from authlib.oauth2.rfc7523 import {class}\n{key}"),
            format!("{register}  # the issuer is the audience\n"),
        )
    }

    fn jwks(&self) -> String {
        format!("{}/oauth2/jwks", self.issuer)
    }

    fn redirect_uri(&self) -> &str {
        self.app.redirect_uri.as_deref().unwrap_or("https://app.example/callback")
    }
}

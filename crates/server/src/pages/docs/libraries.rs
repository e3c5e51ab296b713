//! What an app that uses a library writes: signing in, and verifying an ID Token. For this issuer and this app.

use super::DocsPage;

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
        let authentication = match (self.app.public, self.app.secret_in_form) {
            (true, _) => "client.None()".to_owned(),
            (_, true) => format!("client.ClientSecretPost({:?})", self.secret()),
            _ => format!("client.ClientSecretBasic({:?})", self.secret()),
        };
        // The library refuses http unless it is told that this is meant.
        let insecure =
            if self.issuer.starts_with("http:") { ", {\n  execute: [client.allowInsecureRequests],\n}" } else { "" };
        format!(
            r#"import * as client from "openid-client"; // npm install openid-client

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
        let credentials = match (self.app.public, self.app.secret_in_form) {
            (true, _) => format!("{client_id:?}, token_endpoint_auth_method=\"none\""),
            (_, true) => {
                format!("{client_id:?}, {:?}, token_endpoint_auth_method=\"client_secret_post\"", self.secret())
            }
            _ => format!("{client_id:?}, {:?}", self.secret()),
        };
        // So does this one.
        let insecure = if self.issuer.starts_with("http:") {
            "import os\n\nos.environ[\"AUTHLIB_INSECURE_TRANSPORT\"] = \"1\"  # http, on this machine only\n\n"
        } else {
            ""
        };
        format!(
            r#"{insecure}from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session  # pip install authlib requests

session = OAuth2Session(
    {credentials},
    redirect_uri={redirect_uri:?},
    scope={scope:?},
    code_challenge_method="S256",
    token_endpoint="{issuer}/oauth2/token",
)
verifier, nonce = generate_token(48), generate_token(24)
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

    fn jwks(&self) -> String {
        format!("{}/oauth2/jwks", self.issuer)
    }

    fn redirect_uri(&self) -> &str {
        self.app.redirect_uri.as_deref().unwrap_or("https://app.example/callback")
    }
}

//! RFC 7523 §2.2, OpenID Connect Core §9: what an app writes that proves itself by a JWT of its own. The key is the app's, so the
//! page can only show how it is used.

use super::DocsPage;
use super::libraries::Programs;
use grantry_protocol::client::AuthMethod;

/// The file in which the programs look for the app's private key.
const KEY_FILE: &str = "private-key.pem";

impl DocsPage {
    /// An assertion is made, good for one request.
    pub(crate) fn client_assertion(&self) -> Programs {
        Programs { javascript: self.assertion_by_jose(), python: self.assertion_by_joserfc() }
    }

    fn assertion_by_jose(&self) -> String {
        let (issuer, client_id, algorithm) = (&self.issuer, &self.app.client_id, &self.app.assertion_algorithm);
        let (imports, key) = self.javascript_key();
        format!(
            r#"import {{ randomUUID }} from "node:crypto";
{imports}
const key = {key};
const assertion = new SignJWT({{ jti: randomUUID() }})
  .setProtectedHeader({{ alg: {algorithm:?} }})
  .setIssuer({client_id:?})
  .setSubject({client_id:?})
  .setAudience({issuer:?})
  .setIssuedAt()
  .setExpirationTime("1 minute");
console.log(await assertion.sign(key)); // good once, as CLIENT_ASSERTION"#
        )
    }

    fn assertion_by_joserfc(&self) -> String {
        let (issuer, client_id, algorithm) = (&self.issuer, &self.app.client_id, &self.app.assertion_algorithm);
        let (import, key) = self.python_key();
        format!(
            r#"import secrets
import time

from joserfc import jwt  # pip install joserfc
{import}

{key}
now = int(time.time())
claims = {{
    "iss": {client_id:?},
    "sub": {client_id:?},
    "aud": {issuer:?},
    "jti": secrets.token_urlsafe(16),
    "iat": now,
    "exp": now + 60,
}}
print(jwt.encode({{"alg": {algorithm:?}}}, claims, key, algorithms=[{algorithm:?}]))  # good once, as CLIENT_ASSERTION"#
        )
    }

    /// The imports of a program that signs, and the expression of its key.
    fn javascript_key(&self) -> (&'static str, String) {
        if self.app.method == AuthMethod::ClientSecretJwt {
            let import = "import { SignJWT } from \"jose\"; // npm install jose\n";
            return (import, format!("new TextEncoder().encode({:?})", self.secret()));
        }
        let imports = "import { readFile } from \"node:fs/promises\";\nimport { SignJWT, importPKCS8 } from \"jose\"; // npm install jose\n";
        (imports, self.pkcs8())
    }

    /// The private key, as an expression of JavaScript.
    pub(super) fn pkcs8(&self) -> String {
        format!("await importPKCS8(await readFile({KEY_FILE:?}, \"utf8\"), {:?})", self.app.assertion_algorithm)
    }

    /// The import of a program that signs, and the lines that read its key.
    pub(super) fn python_key(&self) -> (&'static str, String) {
        if self.app.method == AuthMethod::ClientSecretJwt {
            return ("from joserfc.jwk import OctKey", format!("key = OctKey.import_key({:?})", self.secret()));
        }
        let kind = match self.app.assertion_algorithm.as_str() {
            "RS256" | "PS256" => "RSA",
            "EdDSA" | "Ed25519" => "OKP",
            _ => "EC",
        };
        let lines = format!("with open({KEY_FILE:?}) as file:\n    key = import_key(file.read(), {kind:?})");
        ("from joserfc.jwk import import_key", lines)
    }
}

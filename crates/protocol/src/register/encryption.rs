//! OpenID Connect Registration §2: what is encrypted for an app, and by it.

use super::openid::RULE;
use super::{Check, Field};
use crate::jose::{ClientKeys, ContentEncryption, KeyManagement};
use crate::rule::Rule;

/// Two members that go together, and their names.
type Pair = ([&'static str; 2], Option<KeyManagement>, Option<ContentEncryption>);

impl Check<'_> {
    pub(super) fn encryption(&mut self) {
        let asked = &self.asked.openid;
        let id_token: Pair = (
            ["id_token_encrypted_response_alg", "id_token_encrypted_response_enc"],
            asked.id_token_encrypted_response_alg,
            asked.id_token_encrypted_response_enc,
        );
        let userinfo: Pair = (
            ["userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc"],
            asked.userinfo_encrypted_response_alg,
            asked.userinfo_encrypted_response_enc,
        );
        let request_object: Pair = (
            ["request_object_encryption_alg", "request_object_encryption_enc"],
            asked.request_object_encryption_alg,
            asked.request_object_encryption_enc,
        );
        for ([alg_member, enc_member], alg, enc) in [&id_token, &userinfo, &request_object] {
            // OpenID Connect Registration §2: an enc without an alg says nothing.
            if enc.is_some() && alg.is_none() {
                self.against(RULE, Field::Other(enc_member), format!("it needs {alg_member} beside it"));
            }
        }
        for ([alg_member, _], alg, _) in [id_token, userinfo] {
            if alg.is_some_and(|alg| !self.has_key_for(alg)) {
                // OpenID Connect Core §10.2: what is encrypted for a client is encrypted with a key that it registered.
                let message = "it needs a key of the app to encrypt with, in jwks or behind jwks_uri: RSA for RSA-OAEP-256, \
                               and P-256 for ECDH-ES";
                self.against(Rule::oidc_core("10.2"), Field::Other(alg_member), message);
            }
        }
    }

    /// Behind a `jwks_uri` a key may be any day.
    fn has_key_for(&self, alg: KeyManagement) -> bool {
        let openid = &self.asked.openid;
        let keys = openid.jwks.as_ref().and_then(|jwks| ClientKeys::parse(jwks.to_string().as_bytes()).ok());
        openid.jwks_uri.is_some() || keys.is_some_and(|keys| keys.encryption_key(alg).is_some())
    }
}

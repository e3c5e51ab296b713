//! OpenID Connect Registration §2: the algorithms that an app chose, and how what is meant for it is encrypted.

use super::openid::{ID_TOKEN_ALGORITHM, OpenidRegistration};
use super::{AccessTokenFormat, Registration};
use crate::authorize::OPENID;
use crate::jose::{Algorithm, ContentEncryption, KeyManagement};
use std::collections::BTreeSet;

/// The algorithms for which the workspace needs keys because an app chose them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChosenAlgorithms {
    /// Those that sign what it is sent, but for those that are used by everyone anyhow.
    pub signing: Vec<Algorithm>,
    /// The one by which it encrypts its request objects.
    pub decryption: Option<KeyManagement>,
}

/// How something is encrypted for an app: the key, and the content.
pub type Encryption = (KeyManagement, ContentEncryption);

impl Registration {
    /// The algorithms it chose.
    pub fn chosen_algorithms(&self) -> ChosenAlgorithms {
        let openid = self.scope.contains(OPENID).then_some(&self.openid);
        let access_token = self.access_token;
        let chosen = [
            (access_token.format == AccessTokenFormat::Jwt).then_some(access_token.signing_alg),
            openid.map(|openid| openid.id_token_signed_response_alg),
            openid.and_then(|openid| openid.userinfo_signed_response_alg),
        ];
        let chosen: BTreeSet<Algorithm> = chosen.into_iter().flatten().collect();
        let signing = chosen.into_iter().filter(|algorithm| *algorithm != ID_TOKEN_ALGORITHM).collect();
        ChosenAlgorithms { signing, decryption: self.openid.request_object_encryption_alg }
    }
}

impl OpenidRegistration {
    /// How its ID Tokens are encrypted, if they are.
    pub fn id_token_encryption(&self) -> Option<Encryption> {
        Some((self.id_token_encrypted_response_alg?, self.id_token_encrypted_response_enc.unwrap_or_default()))
    }

    /// How its UserInfo answers are encrypted, if they are.
    pub fn userinfo_encryption(&self) -> Option<Encryption> {
        Some((self.userinfo_encrypted_response_alg?, self.userinfo_encrypted_response_enc.unwrap_or_default()))
    }
}

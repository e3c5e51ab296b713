//! RFC 7516 §5.2: what clients encrypted for us, and the keys for that.

use super::agreement::Parties;
use super::content::Encrypted;
use super::{ContentEncryption, KeyManagement};
use crate::jose::header::Header;
use crate::jose::jwk::{Jwk, Material};
use crate::jose::pkcs8;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::rsa::{KeyPair, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair as _, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{PublicKeyUse, ThumbprintHash};
use serde_json::Value;
use std::fmt;
use zeroize::Zeroizing;

/// A private key that clients encrypt for, read once. The algorithm belongs to the key, never to a message.
pub struct DecryptionKey {
    alg: KeyManagement,
    pair: Pair,
    pub(super) kid: String,
    jwk: Value,
}

enum Pair {
    P256(PrivateKey),
    Rsa(OaepPrivateDecryptingKey),
}

/// RFC 7516 §5.2: what was encrypted, in a text of at most `longest` bytes, for one of these keys. `None` for every reason
/// alike: why something does not decrypt helps nobody but those who guess.
pub fn decrypt<'k>(text: &str, keys: impl IntoIterator<Item = &'k DecryptionKey>, longest: usize) -> Option<Vec<u8>> {
    let message = Message::parse(text, longest)?;
    let alg = KeyManagement::parse(message.header.text("alg")?)?;
    let kid = message.header.text("kid");
    // RFC 7516 §4.1.6: the key is the one that is named; else every key of the algorithm is tried.
    let mut keys = keys.into_iter().filter(|key| key.alg == alg && kid.is_none_or(|kid| kid == key.kid));
    keys.find_map(|key| key.decrypt(&message))
}

impl DecryptionKey {
    /// Makes a key: its PKCS#8 (RFC 5208), for the database. RSA takes a good part of a second, so not on a thread that others
    /// wait for. The randomness is the library's own: it takes none from outside.
    pub fn generate(alg: KeyManagement) -> Option<Zeroizing<Vec<u8>>> {
        match alg {
            KeyManagement::RsaOaep256 => pkcs8::rsa(),
            KeyManagement::EcdhEs | KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw => pkcs8::p256(),
        }
    }

    /// Reads a key from its PKCS#8; `None` if it is not one for this algorithm.
    pub fn from_pkcs8(alg: KeyManagement, material: &[u8]) -> Option<Self> {
        let (pair, public) = match alg {
            KeyManagement::RsaOaep256 => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(KeyPair::from_pkcs8(material).ok()?.public_key());
                let pair = OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(material).ok()?).ok()?;
                (Pair::Rsa(pair), DecodingKey::from_rsa_raw_components(&public.n, &public.e))
            }
            KeyManagement::EcdhEs | KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw => {
                let pair = PrivateKey::from_private_key_der(&ECDH_P256, material).ok()?;
                let public = DecodingKey::from_ec_der(pair.compute_public_key().ok()?.as_ref());
                (Pair::P256(pair), public)
            }
        };
        let mut jwk = jsonwebtoken::jwk::Jwk::from_decoding_key(&public, None).ok()?;
        // RFC 7638: the thumbprint names a key the same way wherever it is computed.
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Encryption);
        let mut jwk = serde_json::to_value(jwk).ok()?;
        jwk["alg"] = alg.as_str().into();
        Some(Self { alg, pair, kid, jwk })
    }

    /// The algorithm it is for.
    pub const fn alg(&self) -> KeyManagement {
        self.alg
    }

    /// Its name (RFC 7517 §4.5): its thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// RFC 7517 §4: what is published of it.
    pub(in crate::jose) const fn jwk(&self) -> &Value {
        &self.jwk
    }

    fn decrypt(&self, message: &Message<'_>) -> Option<Vec<u8>> {
        let enc = ContentEncryption::parse(message.header.text("enc")?)?;
        let content_key = self.content_key(enc, message)?;
        enc.decrypt(&content_key, message.protected.as_bytes(), &message.content)
    }

    fn content_key(&self, enc: ContentEncryption, message: &Message<'_>) -> Option<Zeroizing<Vec<u8>>> {
        match &self.pair {
            Pair::Rsa(key) => {
                let mut room = Zeroizing::new(vec![0; key.min_output_size()]);
                let content_key = key.decrypt(&OAEP_SHA256_MGF1SHA256, &message.encrypted_key, &mut room, None).ok()?;
                Some(Zeroizing::new(content_key.to_vec()))
            }
            Pair::P256(key) => {
                let agreed = self.alg.agree(enc, key, &message.ephemeral_public_key()?, &message.parties()?)?;
                match self.alg {
                    // RFC 7516 §5.2: with direct key agreement the encrypted key must be empty.
                    KeyManagement::EcdhEs => message.encrypted_key.is_empty().then_some(agreed),
                    _ => self.alg.unwrap(&agreed, &message.encrypted_key),
                }
            }
        }
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey({})", self.kid)
    }
}

/// A message in the compact form, taken apart.
struct Message<'a> {
    protected: &'a str,
    header: Header,
    encrypted_key: Vec<u8>,
    content: Encrypted,
}

impl<'a> Message<'a> {
    fn parse(text: &'a str, longest: usize) -> Option<Self> {
        if text.len() > longest {
            return None;
        }
        // RFC 7516 §7.1: five parts.
        let parts: Vec<&str> = text.splitn(6, '.').collect();
        let [protected, encrypted_key, iv, ciphertext, tag] = parts[..] else { return None };
        // RFC 8725 §3.6: a short text that unpacks to a long one is a way to keep us busy, and its length tells of its content.
        let header = Header::parse(protected).filter(|header| header.get("zip").is_none())?;
        let bytes = |part| URL_SAFE_NO_PAD.decode(part).ok();
        let content = Encrypted { iv: bytes(iv)?, ciphertext: bytes(ciphertext)?, tag: bytes(tag)? };
        Some(Self { protected, header, encrypted_key: bytes(encrypted_key)?, content })
    }

    /// RFC 7518 §4.6.1.1.
    fn ephemeral_public_key(&self) -> Option<Vec<u8>> {
        match Jwk::read(self.header.get("epk")?.as_object()?)?.material {
            Material::P256(point) => Some(point),
            Material::Ed25519(_) | Material::Rsa(_) => None,
        }
    }

    fn parties(&self) -> Option<Parties> {
        let party = |name| match self.header.get(name) {
            None => Some(Vec::new()),
            Some(value) => URL_SAFE_NO_PAD.decode(value.as_str()?).ok(),
        };
        Some(Parties { apu: party("apu")?, apv: party("apv")? })
    }
}

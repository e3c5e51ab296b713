//! RFC 7516 §5.1: encrypting for whoever has the private half of a key.

use super::agreement::Parties;
use super::content::Encrypted;
use super::{ContentEncryption, KeyManagement};
use crate::entropy::{self, Entropy};
use crate::jose::jwk::Material;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey};
use aws_lc_rs::signature::RsaPublicKeyComponents;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use zeroize::Zeroizing;

/// A key that a client published for this, with the one algorithm by which it is used.
#[derive(Debug)]
pub struct EncryptionKey<'a> {
    pub(in crate::jose) alg: KeyManagement,
    pub(in crate::jose) kid: Option<&'a str>,
    pub(in crate::jose) material: &'a Material,
}

/// RFC 7516 §4.1: all that our headers say.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epk: Option<EphemeralPublicKey>,
    enc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cty: Option<&'a str>,
}

/// RFC 7518 §4.6.1.1.
#[derive(Serialize)]
struct EphemeralPublicKey {
    kty: &'static str,
    crv: &'static str,
    x: String,
    y: String,
}

/// The key of the content, and how it gets there.
struct Conveyed {
    content_key: Zeroizing<Vec<u8>>,
    encrypted_key: Vec<u8>,
    epk: Option<EphemeralPublicKey>,
}

impl EncryptionKey<'_> {
    /// Encrypts in the compact form. `cty` says what is encrypted: `JWT` for a signed JWT (RFC 7519 §5.2), and nothing for
    /// bare claims. RSAES-OAEP takes its randomness from the library.
    pub fn encrypt(
        &self,
        plain: &[u8],
        enc: ContentEncryption,
        cty: Option<&str>,
        entropy: &mut dyn Entropy,
    ) -> Option<String> {
        let Conveyed { content_key, encrypted_key, epk } = match self.material {
            Material::Rsa(key) => self.convey_by_rsa(key, enc, entropy)?,
            Material::P256(point) => self.convey_by_agreement(point, enc, entropy)?,
            Material::Ed25519(_) => return None,
        };
        let header = Header { alg: self.alg.as_str(), kid: self.kid, epk, enc: enc.as_str(), cty };
        let mut text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).ok()?);
        let iv = random(enc.iv_length(), entropy);
        let Encrypted { iv, ciphertext, tag } = enc.encrypt(&content_key, iv, text.as_bytes(), plain)?;
        for part in [encrypted_key, iv, ciphertext, tag] {
            text.push('.');
            URL_SAFE_NO_PAD.encode_string(part, &mut text);
        }
        Some(text)
    }

    fn convey_by_rsa(
        &self,
        key: &RsaPublicKeyComponents<Vec<u8>>,
        enc: ContentEncryption,
        entropy: &mut dyn Entropy,
    ) -> Option<Conveyed> {
        let content_key = Zeroizing::new(random(enc.key_length(), entropy));
        let key = OaepPublicEncryptingKey::new(key.clone().try_into().ok()?).ok()?;
        let mut encrypted_key = vec![0; key.ciphertext_size()];
        key.encrypt(&OAEP_SHA256_MGF1SHA256, &content_key, &mut encrypted_key, None).ok()?;
        Some(Conveyed { content_key, encrypted_key, epk: None })
    }

    fn convey_by_agreement(&self, point: &[u8], enc: ContentEncryption, entropy: &mut dyn Entropy) -> Option<Conveyed> {
        // One number in 2^32 is above the order of the curve and no private key.
        let ephemeral = (0..4).find_map(|_| {
            let number = Zeroizing::new(entropy::draw::<32>(entropy));
            PrivateKey::from_private_key(&ECDH_P256, &number[..]).ok()
        })?;
        let epk = EphemeralPublicKey::of(&ephemeral)?;
        let agreed = self.alg.agree(enc, &ephemeral, point, &Parties::default())?;
        let (content_key, encrypted_key) = match self.alg {
            // RFC 7516 §5.1: with direct key agreement there is no encrypted key.
            KeyManagement::EcdhEs => (agreed, Vec::new()),
            _ => {
                let content_key = Zeroizing::new(random(enc.key_length(), entropy));
                let wrapped = self.alg.wrap(&agreed, &content_key)?;
                (content_key, wrapped)
            }
        };
        Some(Conveyed { content_key, encrypted_key, epk: Some(epk) })
    }
}

impl EphemeralPublicKey {
    fn of(key: &PrivateKey) -> Option<Self> {
        let public = key.compute_public_key().ok()?;
        let (x, y) = public.as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
        Some(Self { kty: "EC", crv: "P-256", x: URL_SAFE_NO_PAD.encode(x), y: URL_SAFE_NO_PAD.encode(y) })
    }
}

fn random(length: usize, entropy: &mut dyn Entropy) -> Vec<u8> {
    let mut bytes = vec![0; length];
    entropy.fill(&mut bytes);
    bytes
}

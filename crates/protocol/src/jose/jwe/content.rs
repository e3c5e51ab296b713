//! RFC 7518 §5: encrypting content, so that a change of it or of its header shows.

use super::ContentEncryption;
use aws_lc_rs::aead::{self, AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

/// RFC 7518 §5.2.2.1, §5.3: the length of every authentication tag in bytes.
const TAG: usize = 16;

/// RFC 7518 §5.2.3: the length of each half of the key of A128CBC-HS256.
const HALF: usize = 16;

/// Encrypted content.
#[derive(Debug)]
pub(super) struct Encrypted {
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl ContentEncryption {
    /// The length of its keys in bytes.
    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::A128CbcHs256 => 2 * HALF,
            Self::A128Gcm => 16,
            Self::A256Gcm => 32,
        }
    }

    /// The length of its initialization vectors in bytes.
    pub(super) const fn iv_length(self) -> usize {
        match self {
            Self::A128CbcHs256 => 16,
            Self::A128Gcm | Self::A256Gcm => aead::NONCE_LEN,
        }
    }

    const fn aead(self) -> Option<&'static aead::Algorithm> {
        match self {
            Self::A128CbcHs256 => None,
            Self::A128Gcm => Some(&AES_128_GCM),
            Self::A256Gcm => Some(&AES_256_GCM),
        }
    }

    /// Encrypts with a key and an initialization vector that nothing else was encrypted with.
    pub(super) fn encrypt(self, key: &[u8], iv: Vec<u8>, aad: &[u8], plain: &[u8]) -> Option<Encrypted> {
        let mut ciphertext = plain.to_vec();
        let tag = match self.aead() {
            Some(algorithm) => {
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
                let nonce = Nonce::try_assume_unique_for_key(&iv).ok()?;
                key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut ciphertext).ok()?.as_ref().to_vec()
            }
            // RFC 7518 §5.2.2.1: the second half of the key encrypts, the first authenticates what was encrypted.
            None => {
                let (authenticating, encrypting) = halves(key)?;
                let cbc = UnboundCipherKey::new(&cipher::AES_128, encrypting).ok()?;
                let context = EncryptionContext::Iv128(FixedLength::try_from(iv.as_slice()).ok()?);
                let cbc = PaddedBlockEncryptingKey::cbc_pkcs7(cbc).ok()?;
                cbc.less_safe_encrypt(&mut ciphertext, context).ok()?;
                authenticate(authenticating, aad, &iv, &ciphertext).as_ref().get(..TAG)?.to_vec()
            }
        };
        Some(Encrypted { iv, ciphertext, tag })
    }

    /// Decrypts; `None` if anything is not as it was when it was encrypted.
    pub(super) fn decrypt(self, key: &[u8], aad: &[u8], encrypted: &Encrypted) -> Option<Vec<u8>> {
        let Encrypted { iv, ciphertext, tag } = encrypted;
        let mut ciphertext = ciphertext.clone();
        if tag.len() != TAG {
            return None;
        }
        let plain = match self.aead() {
            Some(algorithm) => {
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
                let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
                ciphertext.extend(tag);
                key.open_in_place(nonce, Aad::from(aad), &mut ciphertext).ok()?
            }
            // RFC 7518 §5.2.2.2: nothing is decrypted, and no padding looked at, before the tag is known to be right.
            None => {
                let (authenticating, decrypting) = halves(key)?;
                let expected = authenticate(authenticating, aad, iv, &ciphertext);
                verify_slices_are_equal(expected.as_ref().get(..TAG)?, tag).ok()?;
                let cbc = UnboundCipherKey::new(&cipher::AES_128, decrypting).ok()?;
                let context = DecryptionContext::Iv128(FixedLength::try_from(iv.as_slice()).ok()?);
                PaddedBlockDecryptingKey::cbc_pkcs7(cbc).ok()?.decrypt(&mut ciphertext, context).ok()?
            }
        };
        Some(plain.to_vec())
    }
}

fn halves(key: &[u8]) -> Option<(&[u8], &[u8])> {
    (key.len() == 2 * HALF).then(|| key.split_at(HALF))
}

/// RFC 7518 §5.2.2.1: the tag, before it is cut in half.
fn authenticate(key: &[u8], aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    let bits = (aad.len() as u64).saturating_mul(8).to_be_bytes();
    for part in [aad, iv, ciphertext, &bits] {
        context.update(part);
    }
    context.sign()
}

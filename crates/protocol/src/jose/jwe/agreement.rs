//! RFC 7518 §4.6: a key that both sides compute, each from its own private key and the public key of the other.

use super::{ContentEncryption, KeyManagement};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap as _};
use zeroize::Zeroizing;

/// RFC 7518 §4.6.1.2, §4.6.1.3: what the header says of the two sides.
#[derive(Debug, Default)]
pub(super) struct Parties {
    pub(super) apu: Vec<u8>,
    pub(super) apv: Vec<u8>,
}

impl KeyManagement {
    /// The key that is agreed on: that of the content, or one that wraps it.
    pub(super) fn agree(
        self,
        enc: ContentEncryption,
        ours: &PrivateKey,
        theirs: &[u8],
        parties: &Parties,
    ) -> Option<Zeroizing<Vec<u8>>> {
        // RFC 7518 §4.6.2: `AlgorithmID` is what the key is for.
        let (algorithm_id, length) = match self {
            Self::RsaOaep256 => return None,
            Self::EcdhEs => (enc.as_str(), enc.key_length()),
            Self::EcdhEsA128Kw => (self.as_str(), 16),
            Self::EcdhEsA256Kw => (self.as_str(), 32),
        };
        let theirs = UnparsedPublicKey::new(&ECDH_P256, theirs);
        agreement::agree(ours, theirs, (), |secret| derive(secret, algorithm_id, length, parties).ok_or(())).ok()
    }

    /// RFC 3394: wraps a key under the one agreed on.
    pub(super) fn wrap(self, agreed: &[u8], key: &[u8]) -> Option<Vec<u8>> {
        let mut wrapped = vec![0; key.len() + 8];
        self.kek(agreed)?.wrap(key, &mut wrapped).ok()?;
        Some(wrapped)
    }

    /// RFC 3394: unwraps a key; `None` if it is not what was wrapped.
    pub(super) fn unwrap(self, agreed: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut key = Zeroizing::new(vec![0; wrapped.len().checked_sub(8)?]);
        self.kek(agreed)?.unwrap(wrapped, &mut key).ok()?;
        Some(key)
    }

    fn kek(self, agreed: &[u8]) -> Option<AesKek> {
        match self {
            Self::RsaOaep256 | Self::EcdhEs => None,
            Self::EcdhEsA128Kw => AesKek::new(&AES_128, agreed).ok(),
            Self::EcdhEsA256Kw => AesKek::new(&AES_256, agreed).ok(),
        }
    }
}

/// RFC 7518 §4.6.2: the Concat KDF of NIST SP 800-56A with SHA-256.
fn derive(secret: &[u8], algorithm_id: &str, length: usize, parties: &Parties) -> Option<Zeroizing<Vec<u8>>> {
    let mut info = Vec::new();
    for part in [algorithm_id.as_bytes(), &parties.apu, &parties.apv] {
        info.extend(u32::try_from(part.len()).ok()?.to_be_bytes());
        info.extend(part);
    }
    info.extend(u32::try_from(length * 8).ok()?.to_be_bytes());
    let mut key = Zeroizing::new(vec![0; length]);
    sskdf_digest(get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?, secret, &info, &mut key).ok()?;
    Some(key)
}

//! The keys that seal: one ring per workspace, and the master key under which rings rest in the database.

use crate::entropy::{self, Entropy};
use crate::types::WorkspaceId;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// What a key of a workspace is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPurpose {
    /// Sealing tokens and cookies.
    Sealing,
    /// Signing tokens that others verify.
    Signing,
    /// Computing pairwise `sub`s (OpenID Connect Core §8.1).
    Pairwise,
    /// Decrypting what others encrypt for us.
    Encryption,
    /// Authenticating messages of a client that has it too: its secret. It rests with the client, not among the keys.
    ClientSecret,
}

impl KeyPurpose {
    const ALL: [Self; 4] = [Self::Sealing, Self::Signing, Self::Pairwise, Self::Encryption];

    /// The stored form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sealing => "sealing",
            Self::Signing => "signing",
            Self::Pairwise => "pairwise",
            Self::Encryption => "encryption",
            Self::ClientSecret => "client_secret",
        }
    }

    /// The purpose with this stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// One AES-256-GCM key (NIST SP 800-38D) with its number in the workspace.
///
/// Nonces are 96 random bits, so one key may seal 2^32 statements (SP 800-38D §8.3); `grantry key rotate` starts a new one.
pub struct SealingKey {
    number: u16,
    key: LessSafeKey,
}

impl SealingKey {
    /// A key from its 32 bytes of material.
    pub fn new(number: u16, material: &[u8]) -> Option<Self> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, material).ok()?);
        Some(Self { number, key })
    }

    /// Its number, written in front of everything it seals.
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// `head ‖ nonce ‖ ciphertext ‖ tag`. Empty if the cipher refuses, which opens nowhere.
    pub(super) fn seal(
        &self,
        (head, plain): (&[u8], &[u8]),
        associated_data: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = entropy::draw(entropy);
        let mut sealed = Vec::with_capacity(head.len() + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        for part in [head, &nonce, plain] {
            sealed.extend_from_slice(part);
        }
        let secret = &mut sealed[head.len() + NONCE_LEN..];
        let nonce = Nonce::assume_unique_for_key(nonce);
        match self.key.seal_in_place_separate_tag(nonce, Aad::from(associated_data), secret) {
            Ok(tag) => sealed.extend_from_slice(tag.as_ref()),
            Err(_) => sealed.clear(),
        }
        sealed
    }

    /// Opens `nonce ‖ ciphertext ‖ tag` in place.
    pub(super) fn open<'b>(&self, associated_data: &[u8], sealed: &'b mut [u8]) -> Option<&'b [u8]> {
        let (nonce, ciphertext) = sealed.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.key.open_in_place(nonce, Aad::from(associated_data), ciphertext).ok().map(|plain| &*plain)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.number)
    }
}

/// The sealing keys of one workspace, newest first. Never empty.
#[derive(Debug)]
pub struct KeyRing {
    workspace: WorkspaceId,
    newest: SealingKey,
    older: Vec<SealingKey>,
}

impl KeyRing {
    /// A ring from its keys, newest first; `None` without keys.
    pub fn new(workspace: WorkspaceId, keys: Vec<SealingKey>) -> Option<Self> {
        let mut keys = keys.into_iter();
        Some(Self { workspace, newest: keys.next()?, older: keys.collect() })
    }

    pub(super) const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    pub(super) const fn newest(&self) -> &SealingKey {
        &self.newest
    }

    pub(super) fn numbered(&self, number: u16) -> Option<&SealingKey> {
        std::iter::once(&self.newest).chain(&self.older).find(|key| key.number == number)
    }
}

/// The key that all keys of the database rest under. It lives in a file, never in the database.
pub struct MasterKey(SealingKey);

impl MasterKey {
    /// Length of the material in bytes.
    pub const LENGTH: usize = 32;

    /// A master key from its material.
    pub fn new(material: &[u8; Self::LENGTH]) -> Option<Self> {
        SealingKey::new(0, material).map(Self)
    }

    /// Makes the material of a new sealing key and seals it for the database.
    pub fn generate(&self, workspace: WorkspaceId, purpose: KeyPurpose, entropy: &mut dyn Entropy) -> Vec<u8> {
        let material = Zeroizing::new(entropy::draw::<32>(entropy));
        self.seal(workspace, purpose, &material[..], entropy)
    }

    /// Seals the material of a key for the database.
    pub fn seal(
        &self,
        workspace: WorkspaceId,
        purpose: KeyPurpose,
        material: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Vec<u8> {
        self.0.seal((&[], material), &rest(workspace, purpose), entropy)
    }

    /// Opens the material of a key as it rests in the database; `None` under another master key.
    pub fn open(&self, workspace: WorkspaceId, purpose: KeyPurpose, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut sealed = sealed.to_vec();
        self.0.open(&rest(workspace, purpose), &mut sealed).map(|material| Zeroizing::new(material.to_vec()))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

fn rest(workspace: WorkspaceId, purpose: KeyPurpose) -> Vec<u8> {
    [workspace.0.to_be_bytes().as_slice(), b"key:", purpose.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant;

    impl Entropy for Constant {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn a_key_rests_for_one_workspace_and_one_purpose() {
        let master = MasterKey::new(&[1; MasterKey::LENGTH]).unwrap();
        for purpose in KeyPurpose::ALL {
            assert_eq!(KeyPurpose::parse(purpose.as_str()), Some(purpose));
            let sealed = master.seal(WorkspaceId(1), purpose, b"material", &mut Constant);
            for other in KeyPurpose::ALL {
                let opened = master.open(WorkspaceId(1), other, &sealed);
                assert_eq!(opened.is_some_and(|material| *material == b"material"), other == purpose);
            }
            assert_eq!(master.open(WorkspaceId(2), purpose, &sealed), None);
            assert_eq!(MasterKey::new(&[2; MasterKey::LENGTH]).unwrap().open(WorkspaceId(1), purpose, &sealed), None);
        }
        assert_eq!(KeyPurpose::parse("made-up"), None);
    }
}

//! Tokens as sealed statements: AES-256-GCM under a key of the workspace, with (workspace, kind) as associated data.
//!
//! A token of another workspace, of another kind, or with one bit changed does not open, so confusing
//! them cannot even be written. The text form is `gry_<kind>_` and base64url, so that secret scanners find leaks.

mod keys;
mod payloads;

pub use keys::{KeyPurpose, KeyRing, MasterKey, SealingKey};
pub use payloads::{
    AccessReference, AccessSubject, AccessToken, AuthorizationCode, BrowserCookie, DeviceCookie, FormToken,
    FreshSecret, InitialAccessToken, RefreshToken, RegistrationAccessToken, SessionCookie, SignedOut, WaitingRequest,
};

use crate::entropy::Entropy;
use crate::types::WorkspaceId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, de::DeserializeOwned};

/// What a sealed text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An access token (RFC 6749 §1.4).
    AccessToken,
    /// What a JWT access token is about (RFC 9068).
    AccessReference,
    /// A refresh token (RFC 6749 §1.5).
    RefreshToken,
    /// An authorization code (RFC 6749 §1.3.1).
    AuthorizationCode,
    /// The cookie of a signed-in browser.
    Session,
    /// The cookie that names a browser until it is closed; form tokens are bound to it.
    Browser,
    /// The cookie of a browser that a user has signed in with before.
    Device,
    /// The hidden field that proves a form came from our page.
    Form,
    /// An authorization request that waits for a person.
    Request,
    /// A client secret on its way to the page that shows it once.
    FreshSecret,
    /// What lets an app register itself (RFC 7591 §1.2).
    InitialAccessToken,
    /// What lets an app that registered itself see and change that (RFC 7592 §1).
    RegistrationAccessToken,
    /// A request to sign out that waits for a person (RP-Initiated Logout §2).
    LogoutRequest,
    /// What a browser has to do whose session has just ended.
    SignedOut,
}

impl Kind {
    /// What the text form begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AccessToken => "gry_at_",
            Self::AccessReference => "gry_ar_",
            Self::RefreshToken => "gry_rt_",
            Self::AuthorizationCode => "gry_ac_",
            Self::Session => "gry_se_",
            Self::Browser => "gry_br_",
            Self::Device => "gry_dv_",
            Self::Form => "gry_ft_",
            Self::Request => "gry_rq_",
            Self::FreshSecret => "gry_fs_",
            Self::InitialAccessToken => "gry_ia_",
            Self::RegistrationAccessToken => "gry_ra_",
            Self::LogoutRequest => "gry_lq_",
            Self::SignedOut => "gry_so_",
        }
    }
}

/// Something that can be sealed.
pub trait Statement: Serialize + DeserializeOwned {
    /// Its kind, part of the associated data.
    const KIND: Kind;
}

/// Longest sealed text that is looked at, in bytes.
const LONGEST: usize = 16_384;

/// Seals a statement under the newest key of a workspace.
pub fn seal<S: Statement>(ring: &KeyRing, statement: &S, entropy: &mut dyn Entropy) -> String {
    let plain = postcard::to_stdvec(statement).unwrap_or_default();
    let key = ring.newest();
    let sealed = key.seal((&key.number().to_be_bytes(), &plain), &associated_data(ring.workspace(), S::KIND), entropy);
    let prefix = S::KIND.prefix();
    let mut text = String::with_capacity(prefix.len() + sealed.len().div_ceil(3) * 4);
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(sealed, &mut text);
    text
}

/// Opens a sealed text. `None` for everything that this workspace did not seal as this kind: nobody learns why.
pub fn open<S: Statement>(ring: &KeyRing, text: &str) -> Option<S> {
    let encoded = text.strip_prefix(S::KIND.prefix()).filter(|rest| rest.len() <= LONGEST)?;
    // RFC 4648 §3.2, §3.3, §3.5: no padding, nothing outside the alphabet, no stray bits; one statement has one text.
    let mut bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let (number, sealed) = bytes.split_first_chunk_mut::<2>()?;
    let key = ring.numbered(u16::from_be_bytes(*number))?;
    let plain = key.open(&associated_data(ring.workspace(), S::KIND), sealed)?;
    match postcard::take_from_bytes(plain) {
        Ok((statement, [])) => Some(statement),
        _ => None,
    }
}

fn associated_data(workspace: WorkspaceId, kind: Kind) -> Vec<u8> {
    [&workspace.0.to_be_bytes(), kind.prefix().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{GrantId, Timestamp};
    use proptest::prelude::*;

    struct Counting(u8);
    impl Entropy for Counting {
        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
        }
    }

    fn ring(workspace: i64, key: u8) -> KeyRing {
        KeyRing::new(WorkspaceId(workspace), vec![SealingKey::new(1, &[key; 32]).unwrap()]).unwrap()
    }

    fn code() -> AuthorizationCode {
        AuthorizationCode { grant: GrantId(7), expires_at: Timestamp::from_unix(60) }
    }

    #[test]
    fn what_was_sealed_opens_as_it_was() {
        let ring = ring(1, 1);
        let text = seal(&ring, &code(), &mut Counting(0));
        assert!(text.starts_with("gry_ac_"));
        assert_eq!(open::<AuthorizationCode>(&ring, &text), Some(code()));
    }

    #[test]
    fn another_workspace_kind_or_key_opens_nothing() {
        let text = seal(&ring(1, 1), &code(), &mut Counting(0));
        assert_eq!(open::<AuthorizationCode>(&ring(2, 1), &text), None);
        assert_eq!(open::<AuthorizationCode>(&ring(1, 2), &text), None);
        assert_eq!(open::<RefreshToken>(&ring(1, 1), &text), None);
        assert_eq!(open::<RefreshToken>(&ring(1, 1), &text.replace("gry_ac_", "gry_rt_")), None);
    }

    #[test]
    fn a_rotated_key_still_opens_and_the_newest_seals() {
        let old = ring(1, 1);
        let text = seal(&old, &code(), &mut Counting(0));
        let keys = vec![SealingKey::new(2, &[9; 32]).unwrap(), SealingKey::new(1, &[1; 32]).unwrap()];
        let rotated = KeyRing::new(WorkspaceId(1), keys).unwrap();
        assert_eq!(open::<AuthorizationCode>(&rotated, &text), Some(code()));
        let newer = seal(&rotated, &code(), &mut Counting(0));
        assert_eq!(open::<AuthorizationCode>(&old, &newer), None);
    }

    #[test]
    fn parsing_is_strict() {
        let ring = ring(1, 1);
        let text = seal(&ring, &code(), &mut Counting(0));
        for bad in [
            format!(" {text}"),
            format!("{text} "),
            format!("{text}="),
            format!("{text}\n"),
            format!("{text}A"),
            text.to_uppercase(),
        ] {
            assert_eq!(open::<AuthorizationCode>(&ring, &bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_bit_does_not_open(position: prop::sample::Index, bit in 0..8u8) {
            let ring = ring(1, 1);
            let text = seal(&ring, &code(), &mut Counting(0));
            let mut bytes = text.clone().into_bytes();
            let at = position.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(changed) = String::from_utf8(bytes) {
                prop_assert_eq!(open::<AuthorizationCode>(&ring, &changed), None);
            }
        }

        #[test]
        fn any_text_is_opened_or_refused_without_a_panic(text in "(gry_(ac|rt|at)_)?[A-Za-z0-9_-]{0,80}") {
            prop_assert_eq!(open::<AuthorizationCode>(&ring(1, 1), &text), None);
        }
    }
}

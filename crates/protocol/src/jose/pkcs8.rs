//! RFC 5208: new private keys, in the form in which they rest sealed. The randomness is the library's own: it takes none from
//! outside.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use zeroize::Zeroizing;

/// A key on P-256, for signing or for key agreement.
pub(super) fn p256() -> Option<Zeroizing<Vec<u8>>> {
    let document = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?.to_pkcs8v1().ok()?;
    Some(Zeroizing::new(document.as_ref().to_vec()))
}

/// A key that signs with Ed25519.
pub(super) fn ed25519() -> Option<Zeroizing<Vec<u8>>> {
    let document = Ed25519KeyPair::generate().ok()?.to_pkcs8v1().ok()?;
    Some(Zeroizing::new(document.as_ref().to_vec()))
}

/// RFC 7518 §3.3, §3.5, §4.3: an RSA key, of 2048 bits or larger. It takes a good part of a second.
pub(super) fn rsa() -> Option<Zeroizing<Vec<u8>>> {
    let der: Pkcs8V1Der<'_> = RsaKeyPair::generate(KeySize::Rsa2048).ok()?.as_der().ok()?;
    Some(Zeroizing::new(der.as_ref().to_vec()))
}

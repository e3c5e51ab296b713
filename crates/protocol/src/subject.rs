//! OpenID Connect Core §8: by which `sub` a client knows a user.

use crate::client::{Registration, SubjectType};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use url::Url;

/// What pairwise `sub`s of a workspace are computed with. It is never rotated, or every user would become another.
pub struct PairwiseKey(Key);

impl PairwiseKey {
    /// A key from its material.
    pub fn new(material: &[u8]) -> Self {
        Self(Key::new(HMAC_SHA256, material))
    }

    /// The `sub` that a client is told of the user whose public one this is.
    pub fn told(&self, public: &str, client: &Registration) -> String {
        match sector_of(client) {
            None => public.to_owned(),
            Some(sector) => self.within(&sector, public),
        }
    }

    /// OpenID Connect Core §8.1: the `sub` of a user within a sector. Nobody can compute the user's other ones from it.
    fn within(&self, sector: &str, subject: &str) -> String {
        // Neither a host nor a subject contains a NUL, so no two pairs meet.
        URL_SAFE_NO_PAD.encode(sign(&self.0, format!("{sector}\0{subject}").as_bytes()))
    }
}

impl fmt::Debug for PairwiseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairwiseKey(***)")
    }
}

/// OpenID Connect Core §8.1: the host of the sector identifier, or else of the redirect URIs, which is the same for all of
/// them. None: the client has public `sub`s.
fn sector_of(registration: &Registration) -> Option<String> {
    if registration.openid.subject_type == SubjectType::Public {
        return None;
    }
    let identifier = registration.openid.sector_identifier_uri.as_deref();
    let first = identifier.or_else(|| registration.redirect_uris.first().map(|uri| uri.as_str())).unwrap_or_default();
    Some(sector_named_by(first))
}

/// The host of a URI; all of one that has none.
pub(crate) fn sector_named_by(uri: &str) -> String {
    let host = Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| uri.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redirect_uri::RedirectUri;
    use crate::sample;

    #[test]
    fn s8_1_clients_of_one_sector_share_a_sub_and_others_do_not() {
        let key = PairwiseKey::new(&[7; 32]);
        let mut registration = sample::client().registration;
        assert_eq!(key.told("bob", &registration), "bob");
        registration.openid.subject_type = SubjectType::Pairwise;
        let here = key.told("bob", &registration);
        assert_ne!(here, "bob");
        assert_ne!(here, key.told("ann", &registration));
        assert_ne!(here, PairwiseKey::new(&[8; 32]).told("bob", &registration));
        registration.redirect_uris = vec![RedirectUri::register("https://app.test/another").unwrap()];
        assert_eq!(here, key.told("bob", &registration), "same host, same sector");
        registration.openid.sector_identifier_uri = Some("https://other.test/list.json".to_owned());
        assert_ne!(here, key.told("bob", &registration));
    }
}

//! OpenID Connect Registration §2: what people see of an app beside its name, as its maker registered it.

use grantry_protocol::client::OpenidRegistration;
use url::Url;

/// The picture and the pages of an app. What a browser should not open from our pages is left out.
#[derive(Default)]
pub(crate) struct AppLinks {
    /// An image at an https address.
    pub(crate) logo: Option<String>,
    pub(crate) home: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) terms: Option<String>,
}

impl AppLinks {
    /// Those of an app.
    pub(crate) fn of(openid: &OpenidRegistration) -> Self {
        let page = |uri: &Option<String>| uri.clone().filter(|uri| has_scheme(uri, &["https", "http"]));
        Self {
            // W3C Mixed Content §5.3: a browser would ask for one at an http address without encryption, or not at all.
            logo: openid.logo_uri.clone().filter(|uri| has_scheme(uri, &["https"])),
            home: page(&openid.client_uri),
            policy: page(&openid.policy_uri),
            terms: page(&openid.tos_uri),
        }
    }

    /// Whether there is a page to link to.
    pub(crate) fn any(&self) -> bool {
        self.home.is_some() || self.policy.is_some() || self.terms.is_some()
    }
}

fn has_scheme(uri: &str, schemes: &[&str]) -> bool {
    Url::parse(uri).is_ok_and(|url| schemes.contains(&url.scheme()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_s2_only_what_a_browser_may_open_is_shown() {
        let links = |uri: &str| {
            let uri = Some(uri.to_owned());
            let openid = OpenidRegistration { logo_uri: uri.clone(), policy_uri: uri, ..OpenidRegistration::default() };
            let links = AppLinks::of(&openid);
            (links.logo.is_some(), links.policy.is_some())
        };
        assert_eq!(links("https://app.test/x"), (true, true));
        assert_eq!(links("http://app.test/x"), (false, true));
        for bad in ["javascript:alert(1)", "data:image/png,x", "/x", ""] {
            assert_eq!(links(bad), (false, false), "{bad}");
        }
    }
}

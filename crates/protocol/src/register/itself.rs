//! OpenID Connect Registration §2, RFC 7591 §5: what is asked beyond the usual of an app that registers itself, because nobody
//! looked at it.

use super::{Check, Field, Registrar};
use crate::client::ApplicationType;
use crate::redirect_uri::RedirectUri;
use crate::rule::{OpenId, Rule};
use crate::types::GrantType;
use url::Url;

impl Check<'_> {
    pub(super) fn of_itself(&mut self) {
        if self.registrar != Registrar::Person {
            self.implicit_of_itself();
        }
        if self.registrar == Registrar::Anyone {
            self.grants_of_anyone();
        }
    }

    fn implicit_of_itself(&mut self) {
        let kind = self.asked.application_type;
        let web = matches!(kind, ApplicationType::Web | ApplicationType::Spa);
        // OpenID Connect Registration §2: web clients with the implicit grant use https, and not localhost.
        let elsewhere = |uri: &RedirectUri| {
            let url = Url::parse(uri.as_str()).ok();
            url.is_some_and(|url| url.scheme() == "https" && url.host_str() != Some("localhost"))
        };
        if web
            && self.asked.grant_types.contains(&GrantType::Implicit)
            && !self.asked.redirect_uris.iter().all(elsewhere)
        {
            let message = "a web app with the implicit grant has https redirect URIs only, and none at localhost";
            self.against(Rule::openid(OpenId::Registration, "2"), Field::RedirectUris, message);
        }
    }

    fn grants_of_anyone(&mut self) {
        let before = self.before.map(|before| &before.grant_types);
        let new = |grant: &&GrantType| before.is_none_or(|before| !before.contains(*grant));
        // RFC 7591 §5: a stranger's app gets nothing but what a person at the authorization endpoint gives it.
        let trusted = |grant: &&GrantType| matches!(grant, GrantType::ClientCredentials | GrantType::Password);
        for grant in self.asked.grant_types.iter().filter(trusted).filter(new) {
            let message =
                format!("the grant {grant} is for apps that somebody answers for: register it in the app portal");
            self.against(Rule::rfc(7591, "5"), Field::GrantTypes, message);
        }
    }
}

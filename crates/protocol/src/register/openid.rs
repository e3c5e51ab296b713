//! OpenID Connect Registration §2 and the logout specifications: the members of `OpenidRegistration`, and what of them goes
//! together.

use super::address::Address;
use super::{Check, Field};
use crate::client::{AuthMethod, OpenidRegistration};
use crate::jose::{Algorithm, ClientKeys};
use crate::plain::is_plain;
use crate::redirect_uri::RedirectUri;
use crate::rule::{OpenId, Rule};
use crate::types::Seconds;
use serde_json::Value;
use url::Url;

/// Most addresses of one kind, and most members in other languages.
const MOST: usize = 50;
/// Most contacts, and most authentication context classes.
const MOST_TEXTS: usize = 10;
/// Longest of them, in characters.
const LONGEST_TEXT: usize = 254;
/// Longest name, in characters.
const LONGEST_NAME: usize = 100;
/// Deepest nesting of a key set: its keys have arrays of certificates, and no more (RFC 7517 §4.7).
const DEEPEST_JWKS: usize = 8;
/// RFC 5646 §4.4: language tags up to this length are supported everywhere.
const LONGEST_TAG: usize = 35;

/// OpenID Connect Registration §2.
pub(super) const RULE: Rule = Rule::openid(OpenId::Registration, "2");

/// A registered address: its member, the address, what it is for, and where that is said.
type Registered<'a> = (&'static str, &'a str, Address, Rule);

impl<'a> Check<'a> {
    pub(super) fn openid(&mut self) {
        self.response_types();
        self.keys();
        self.encryption();
        self.sector();
        self.addresses();
        self.after_logout();
        self.frontchannel();
        self.defaults();
        self.about();
        self.localized();
    }

    /// A text that was not there before.
    fn new_text(&self, member: impl Fn(&'a OpenidRegistration) -> &'a Option<String>) -> Option<&'a str> {
        let before = self.before.and_then(|before| member(&before.openid).as_deref());
        member(&self.asked.openid).as_deref().filter(|asked| Some(*asked) != before)
    }

    fn response_types(&mut self) {
        let asked = self.asked;
        let lacks = |kind: &&crate::authorize::ResponseType| {
            kind.grant_types().iter().any(|grant| !asked.grant_types.contains(grant))
        };
        // OpenID Connect Registration §2: each response type takes the grant types of its parts.
        for kind in asked.openid.response_types.iter().filter(lacks) {
            let needed: Vec<&str> = kind.grant_types().iter().map(|grant| grant.as_str()).collect();
            let message = format!("the response type {} takes the grant types {}", kind.as_str(), needed.join(" and "));
            self.against(RULE, Field::Other("response_types"), message);
        }
    }

    fn keys(&mut self) {
        let openid = &self.asked.openid;
        // RFC 7591 §2: jwks and jwks_uri must not both be present.
        if openid.jwks.is_some() && openid.jwks_uri.is_some() {
            let message = "an app has jwks or jwks_uri, not both";
            self.against(Rule::rfc(7591, "2"), Field::Other("jwks"), message);
        }
        // RFC 7517 §5, §9.2: public keys, as a set.
        let is_new = self.before.is_none_or(|before| before.openid.jwks != openid.jwks);
        let method = self.asked.token_endpoint_auth_method;
        let parsed = openid.jwks.as_ref().filter(|_| is_new).map(|keys| ClientKeys::parse(keys.to_string().as_bytes()));
        match parsed {
            // What rests as JSON has to be read again, whatever stands around it.
            Some(Ok(_)) if openid.jwks.as_ref().is_some_and(|keys| depth(keys) > DEEPEST_JWKS) => {
                let message = format!("it is nested deeper than {DEEPEST_JWKS} levels");
                self.against(Rule::rfc(7517, "5"), Field::Other("jwks"), message);
            }
            Some(Err(error)) => self.against(Rule::rfc(7517, "5"), Field::Other("jwks"), error.description()),
            Some(Ok(keys)) if keys.is_empty() && method == AuthMethod::PrivateKeyJwt => {
                let message = "there is no public key in it that this server can verify a signature with";
                self.against(Rule::rfc(7517, "5"), Field::Other("jwks"), message);
            }
            _ => {}
        }
        // OpenID Connect Core §9: an assertion is verified by registered keys.
        if method == AuthMethod::PrivateKeyJwt && openid.jwks.is_none() && openid.jwks_uri.is_none() {
            self.against(Rule::oidc_core("9"), Field::AuthMethod, "private_key_jwt needs jwks or jwks_uri");
        }
        let fits = |alg: &String| match method {
            AuthMethod::ClientSecretJwt => alg == "HS256",
            AuthMethod::PrivateKeyJwt => Algorithm::parse(alg).is_some(),
            _ => alg == "HS256" || Algorithm::parse(alg).is_some(),
        };
        // OpenID Connect Registration §2: `none` is no algorithm here.
        if !openid.token_endpoint_auth_signing_alg.as_ref().is_none_or(fits) {
            let message = "private_key_jwt signs by ES256, EdDSA, RS256 or PS256, and client_secret_jwt by HS256";
            self.against(RULE, Field::Other("token_endpoint_auth_signing_alg"), message);
        }
    }

    fn addresses(&mut self) {
        let asked = &self.asked.openid;
        if asked.request_uris.len() > MOST {
            self.wrong(Field::Other("request_uris"), format!("an app has at most {MOST} of them"));
            return;
        }
        let before = self.before.map(|before| addresses(&before.openid)).unwrap_or_default();
        for address in addresses(asked).into_iter().filter(|address| !before.contains(address)) {
            let (member, text, purpose, rule) = address;
            if let Err(message) = purpose.check(text) {
                self.against(rule, Field::Other(member), message);
            }
        }
    }

    fn after_logout(&mut self) {
        let field = Field::Other("post_logout_redirect_uris");
        let uris = &self.asked.openid.post_logout_redirect_uris;
        if uris.len() > MOST {
            self.wrong(field, format!("an app has at most {MOST} of them"));
            return;
        }
        let before = self.before.map(|before| before.openid.post_logout_redirect_uris.as_slice()).unwrap_or_default();
        for uri in uris.iter().filter(|uri| !before.contains(uri)) {
            // RP-Initiated Logout §3.1: where a person is sent afterwards is as dangerous as where an answer is sent.
            if let Err(message) = RedirectUri::register(uri.as_str()) {
                self.against(Rule::openid(OpenId::RpInitiatedLogout, "3.1"), field, message);
            }
        }
    }

    fn frontchannel(&mut self) {
        let Some(uri) = self.new_text(|openid| &openid.frontchannel_logout_uri) else { return };
        let origin = Url::parse(uri).ok().map(|url| url.origin().ascii_serialization());
        // Front-Channel Logout §2: it is on the origin of a redirect URI, so that cookies of the app reach it.
        if self.asked.redirect_uris.iter().all(|redirect| redirect.origin() != origin) {
            let message = "it has the scheme, host and port of one of the redirect URIs";
            self.against(
                Rule::openid(OpenId::FrontChannelLogout, "2"),
                Field::Other("frontchannel_logout_uri"),
                message,
            );
        }
    }

    fn defaults(&mut self) {
        let openid = &self.asked.openid;
        if openid.default_max_age.is_some_and(|age| age < Seconds(0)) {
            self.against(RULE, Field::Other("default_max_age"), "it is a number of seconds, zero or more");
        }
        let acr = |text: &String| {
            (1..=LONGEST_TEXT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let classes = &openid.default_acr_values;
        // OpenID Connect Core §3.1.2.1: acr_values is a list separated by spaces, so none is part of a value.
        if classes.len() > MOST_TEXTS || !classes.iter().all(acr) {
            let limits = format!("at most {MOST_TEXTS} texts of at most {LONGEST_TEXT} printable characters");
            self.against(RULE, Field::Other("default_acr_values"), format!("it holds {limits} without spaces"));
        }
    }

    fn about(&mut self) {
        let contacts = &self.asked.openid.contacts;
        let before = self.before.map(|before| before.openid.contacts.as_slice()).unwrap_or_default();
        // RFC 7591 §2: ways to reach those who are responsible, which people read.
        let good = |contact: &String| before.contains(contact) || is_line(contact, LONGEST_TEXT);
        if contacts.len() > MOST_TEXTS || !contacts.iter().all(good) {
            let limits = format!("at most {MOST_TEXTS} single lines of at most {LONGEST_TEXT} characters");
            self.against(Rule::rfc(7591, "2"), Field::Other("contacts"), format!("it holds {limits}"));
        }
        let software = [
            ("software_id", self.new_text(|openid| &openid.software_id)),
            ("software_version", self.new_text(|openid| &openid.software_version)),
        ];
        for (member, text) in software {
            if text.is_some_and(|text| !is_line(text, LONGEST_TEXT)) {
                let message = format!("it is one line of at most {LONGEST_TEXT} characters");
                self.against(Rule::rfc(7591, "2"), Field::Other(member), message);
            }
        }
    }

    fn localized(&mut self) {
        let localized = &self.asked.openid.localized;
        // RFC 7591 §2.2: names in other languages are names, each under a language tag.
        let wrong = |(member, text): (&String, &String)| {
            let (name, tag) = member.split_once('#').unwrap_or_default();
            let good_tag = (1..=LONGEST_TAG).contains(&tag.len())
                && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            !good_tag || name == "client_name" && !is_line(text, LONGEST_NAME)
        };
        if localized.len() > MOST || localized.iter().any(wrong) {
            let limits = format!(
                "at most {MOST} members, each named by a BCP 47 tag, and names of at most {LONGEST_NAME} characters"
            );
            self.against(Rule::rfc(7591, "2.2"), Field::Other("client_name"), format!("other languages: {limits}"));
        }
    }
}

/// How deep arrays and objects are nested.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// One line of text that people can read as it is written.
fn is_line(text: &str, longest: usize) -> bool {
    is_plain(text) && (1..=longest).contains(&text.chars().count())
}

/// Every address of a registration but its redirect URIs.
fn addresses(openid: &OpenidRegistration) -> Vec<Registered<'_>> {
    const METADATA: Rule = Rule::rfc(7591, "2");
    const LOGIN: Rule = Rule::oidc_core("4");
    const BACK: Rule = Rule::openid(OpenId::BackChannelLogout, "2.2");
    const FRONT: Rule = Rule::openid(OpenId::FrontChannelLogout, "2");
    let one = [
        ("jwks_uri", &openid.jwks_uri, Address::Called, METADATA),
        ("sector_identifier_uri", &openid.sector_identifier_uri, Address::Called, RULE),
        ("initiate_login_uri", &openid.initiate_login_uri, Address::CalledWithFragment, LOGIN),
        // A call of our own, which plain http would show to everybody on the way.
        ("backchannel_logout_uri", &openid.backchannel_logout_uri, Address::Called, BACK),
        ("frontchannel_logout_uri", &openid.frontchannel_logout_uri, Address::Framed, FRONT),
        ("client_uri", &openid.client_uri, Address::ForPeople, METADATA),
        ("logo_uri", &openid.logo_uri, Address::ForPeople, METADATA),
        ("policy_uri", &openid.policy_uri, Address::ForPeople, METADATA),
        ("tos_uri", &openid.tos_uri, Address::ForPeople, METADATA),
    ];
    let one =
        one.into_iter().filter_map(|(member, text, purpose, rule)| Some((member, text.as_deref()?, purpose, rule)));
    let request = |uri| ("request_uris", uri, Address::CalledWithFragment, Rule::oidc_core("6.2"));
    let requests = openid.request_uris.iter().map(String::as_str).map(request);
    // RFC 7591 §2.2: `logo_uri#ja` is a logo.
    let localized = openid.localized.iter().filter_map(|(member, text)| {
        let known = ["client_uri", "logo_uri", "policy_uri", "tos_uri"];
        let member = known.into_iter().find(|known| member.split('#').next() == Some(known))?;
        Some((member, text.as_str(), Address::ForPeople, METADATA))
    });
    one.chain(requests).chain(localized).collect()
}

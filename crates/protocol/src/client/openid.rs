//! OpenID Connect Registration §2, RFC 7591 §2 and the logout specifications: what a client registers beside what OAuth
//! itself needs. Members have their wire names, so what rests is what was registered and what is answered.

use crate::authorize::ResponseType;
use crate::jose::{Algorithm, ContentEncryption, KeyManagement};
use crate::redirect_uri::RedirectUri;
use crate::types::Seconds;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The algorithm of ID Tokens where a client has not chosen another (OpenID Connect Registration §2).
pub const ID_TOKEN_ALGORITHM: Algorithm = Algorithm::RS256;

/// What a client registers for OpenID Connect. Absent members have the defaults of OpenID Connect Registration §2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenidRegistration {
    /// What it may ask the authorization endpoint for; empty: everything that its grant types allow.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub response_types: BTreeSet<ResponseType>,
    /// Whether it shares its users' `sub` with every other client (OpenID Connect Core §8).
    pub subject_type: SubjectType,
    /// Where the redirect URIs of everyone are listed who shares pairwise `sub`s with it (OpenID Connect Core §8.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    /// By which algorithm its ID Tokens are signed.
    pub id_token_signed_response_alg: Algorithm,
    /// By which algorithm its ID Tokens are encrypted after they were signed; none: they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<KeyManagement>,
    /// How their content is encrypted then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentEncryption>,
    /// By which algorithm its UserInfo answers are signed; none: they are plain JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Algorithm>,
    /// By which algorithm its UserInfo answers are encrypted; none: they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<KeyManagement>,
    /// How their content is encrypted then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentEncryption>,
    /// The one algorithm its Request Objects are signed by; none: any that is supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<Algorithm>,
    /// By which algorithm it may encrypt its Request Objects for us; it need not, and may use another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<KeyManagement>,
    /// How it may encrypt their content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<ContentEncryption>,
    /// Where it keeps Request Objects; a `request_uri` must be one of these (OpenID Connect Core §6.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// The one algorithm of its assertions at the token endpoint, by wire value; none: any that its method allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// Its public keys (RFC 7517 §5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where it publishes its public keys; never together with `jwks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// How old a login may be, where a request does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<Seconds>,
    /// Whether its ID Tokens must say when the person signed in.
    pub require_auth_time: bool,
    /// The authentication context classes it asks for, where a request does not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// Where a login that somebody else starts begins (OpenID Connect Core §4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// Where a person may be sent after they signed out, compared as exact strings (RP-Initiated Logout §3.1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// What a browser loads in a frame when the person signs out (Front-Channel Logout §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Whether that address needs `iss` and `sid`.
    pub frontchannel_logout_session_required: bool,
    /// Where it is told that a person signed out (Back-Channel Logout §2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Whether it has to be told in which session.
    pub backchannel_logout_session_required: bool,
    /// Its home page, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its logo, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// How it uses what it learns about people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Whom to write to about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Which software it is an instance of (RFC 7591 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// Which version of that software (RFC 7591 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// Names and addresses for people in other languages, by member and language tag, such as `client_name#ja` (RFC 7591 §2.2).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub localized: BTreeMap<String, String>,
}

impl Default for OpenidRegistration {
    fn default() -> Self {
        Self {
            response_types: BTreeSet::new(),
            subject_type: SubjectType::Public,
            sector_identifier_uri: None,
            id_token_signed_response_alg: ID_TOKEN_ALGORITHM,
            id_token_encrypted_response_alg: None,
            id_token_encrypted_response_enc: None,
            userinfo_signed_response_alg: None,
            userinfo_encrypted_response_alg: None,
            userinfo_encrypted_response_enc: None,
            request_object_signing_alg: None,
            request_object_encryption_alg: None,
            request_object_encryption_enc: None,
            request_uris: Vec::new(),
            token_endpoint_auth_signing_alg: None,
            jwks: None,
            jwks_uri: None,
            default_max_age: None,
            require_auth_time: false,
            default_acr_values: Vec::new(),
            initiate_login_uri: None,
            post_logout_redirect_uris: Vec::new(),
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            contacts: Vec::new(),
            software_id: None,
            software_version: None,
            localized: BTreeMap::new(),
        }
    }
}

impl OpenidRegistration {
    /// The same with another value of a member, by its name here; `null` stands for its default. None where there is no such
    /// member, or it cannot have this value. Whether it may have it, [`crate::register`] says.
    pub fn with(&self, member: &str, value: Value) -> Option<Self> {
        let mut members = self.members();
        members.remove(member);
        let is_default = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !is_default {
            members.insert(member.to_owned(), value);
        }
        let changed: Self = serde_json::from_value(Value::Object(members)).ok()?;
        (is_default || changed.members().contains_key(member)).then_some(changed)
    }

    /// The members by name; those that are absent by default are absent.
    pub fn members(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            // All of it has a form as JSON: it rests as such.
            _ => Map::new(),
        }
    }
}

/// Whether the clients of a workspace know one user by one `sub` (OpenID Connect Core §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// One for all of them.
    #[default]
    Public,
    /// One for each sector, so that clients of different ones cannot compare.
    Pairwise,
}

impl SubjectType {
    /// Every type, in the order pages offer them.
    pub const ALL: [Self; 2] = [Self::Public, Self::Pairwise];

    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Pairwise => "pairwise",
        }
    }

    /// The type with this wire value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn registration_s2_a_member_is_changed_by_its_name() {
        let with = |member: &str, value| OpenidRegistration::default().with(member, value);
        let changed = with("subject_type", json!("pairwise")).unwrap();
        assert_eq!(changed.subject_type, SubjectType::Pairwise);
        assert_eq!(changed.with("subject_type", Value::Null), Some(OpenidRegistration::default()));
        assert_eq!(with("request_uris", json!([])), Some(OpenidRegistration::default()));
        assert_eq!(with("require_auth_time", json!(false)), Some(OpenidRegistration::default()));
        for (member, value) in [("subject_type", json!("x")), ("magic", json!(1)), ("jwks_uri", json!(1))] {
            assert_eq!(with(member, value), None, "{member}");
        }
    }
}

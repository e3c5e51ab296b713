//! The OpenID Connect members of the app form. A field has the wire name of its member, so one table makes members of what
//! was typed, and texts of what is registered.

use super::redirect_uris;
use crate::form::Fields;
use crate::portal::form::FormErrors;
use grantry_protocol::client::OpenidRegistration;
use grantry_protocol::register::Field;
use serde_json::Value;
use std::collections::BTreeMap;

/// The members that the form shows; all others stay as they are.
const SHOWN: [(&str, Kind); 21] = [
    ("post_logout_redirect_uris", Kind::RedirectUris),
    ("initiate_login_uri", Kind::Text),
    ("client_uri", Kind::Text),
    ("logo_uri", Kind::Text),
    ("policy_uri", Kind::Text),
    ("tos_uri", Kind::Text),
    ("id_token_signed_response_alg", Kind::Text),
    ("userinfo_signed_response_alg", Kind::Text),
    ("subject_type", Kind::Text),
    ("sector_identifier_uri", Kind::Text),
    ("default_max_age", Kind::Seconds),
    ("require_auth_time", Kind::Tick),
    ("response_types", Kind::Lines),
    ("jwks", Kind::Json),
    ("jwks_uri", Kind::Text),
    ("request_object_signing_alg", Kind::Text),
    ("request_uris", Kind::Lines),
    ("frontchannel_logout_uri", Kind::Text),
    ("frontchannel_logout_session_required", Kind::Tick),
    ("backchannel_logout_uri", Kind::Text),
    ("backchannel_logout_session_required", Kind::Tick),
];

/// How a member is typed.
#[derive(Clone, Copy)]
enum Kind {
    /// In one line, or chosen from a list.
    Text,
    /// One value per line, or several ticks.
    Lines,
    /// One redirect URI per line.
    RedirectUris,
    /// A number.
    Seconds,
    /// A tick.
    Tick,
    /// A JSON object.
    Json,
}

/// What stands in the fields, by name. A field that the form did not have is not in it.
#[derive(Clone, Default)]
pub(crate) struct Members(BTreeMap<&'static str, String>);

impl Members {
    /// The members as they are registered.
    pub(crate) fn registered(openid: &OpenidRegistration) -> Self {
        let members = openid.members();
        Self(SHOWN.map(|(name, _)| (name, members.get(name).map(text).unwrap_or_default())).into())
    }

    /// What was posted. Ticks have an empty hidden field beside them, so that none of them is no missing field.
    pub(super) fn typed(fields: &Fields) -> Self {
        let typed = SHOWN.into_iter().filter_map(|(name, _)| {
            let values: Vec<&str> = fields.all(name).collect();
            (!values.is_empty()).then(|| (name, values.join("\n").replace("\r\n", "\n").trim().to_owned()))
        });
        Self(typed.collect())
    }

    /// What was typed over what is registered.
    pub(super) fn over(&self, mut openid: OpenidRegistration, errors: &mut FormErrors) -> OpenidRegistration {
        for (name, kind) in SHOWN {
            let Some(typed) = self.0.get(name) else { continue };
            match kind.read(name, typed, errors).and_then(|value| openid.with(name, value)) {
                Some(changed) => openid = changed,
                None => errors.put(Field::Other(name), kind.expected().to_owned()),
            }
        }
        openid
    }

    /// What stands in a field.
    pub(crate) fn of(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Whether the form had a field of this name.
    pub(super) fn has_field(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether one of the lines, or ticks, of a field is this one.
    pub(crate) fn has(&self, name: &str, line: &str) -> bool {
        self.of(name).lines().any(|own| own.trim() == line)
    }
}

impl Kind {
    /// What was typed as a value, if it can be one.
    fn read(self, name: &'static str, typed: &str, errors: &mut FormErrors) -> Option<Value> {
        let lines = || typed.lines().map(str::trim).filter(|line| !line.is_empty());
        Some(match self {
            _ if typed.is_empty() => Value::Null,
            Self::Text => typed.into(),
            Self::Lines => lines().collect(),
            Self::RedirectUris => {
                redirect_uris(typed, Field::Other(name), errors).iter().map(|uri| uri.as_str()).collect()
            }
            Self::Seconds => typed.parse::<u32>().ok()?.into(),
            Self::Tick => true.into(),
            Self::Json => serde_json::from_str(typed).ok().filter(Value::is_object)?,
        })
    }

    /// What was expected where there is no value.
    fn expected(self) -> &'static str {
        match self {
            Self::Seconds => "Give a whole number of seconds, or nothing.",
            Self::Json => "Paste a JSON Web Key Set, such as {\"keys\": [ … ]}.",
            Self::Text | Self::Lines | Self::RedirectUris | Self::Tick => "Choose from the list.",
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().map(text).collect::<Vec<_>>().join("\n"),
        Value::Bool(false) | Value::Null => String::new(),
        Value::Object(_) => serde_json::to_string_pretty(value).unwrap_or_default(),
        other => other.to_string(),
    }
}

//! RFC 7591 §2, §3; OpenID Connect Registration §2, §3: client metadata as it travels, read into a registration and written
//! from one.

use super::{Problem, Registrar, check_from, software_statement, usual_scope};
use crate::authorize::ResponseType;
use crate::client::{
    AccessTokenChoice, ApplicationType, AuthMethod, LifetimeOverrides, OpenidRegistration, Registration,
};
use crate::error::{ErrorCode, Rule};
use crate::redirect_uri::RedirectUri;
use crate::scope::Scope;
use crate::types::{GrantType, Timestamp};
use crate::workspace::Workspace;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The members that have a form for each language (RFC 7591 §2.2).
const LOCALIZED: [&str; 5] = ["client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"];
/// What only an answer holds (RFC 7592 §2.2).
const OURS: [&str; 4] =
    ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];

/// Why metadata were not registered (RFC 7591 §3.2.2). The description is ASCII, and repeats no more of what was sent than names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationError {
    /// The registered code.
    pub code: ErrorCode,
    /// Which member, and what would be right.
    pub description: String,
    /// The rule that is broken.
    pub rule: Rule,
}

impl RegistrationError {
    pub(super) fn new(code: ErrorCode, section: &'static str, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), rule: Rule::rfc(7591, section) }
    }
}

impl From<Problem> for RegistrationError {
    fn from(problem: Problem) -> Self {
        let (member, rule) = (problem.field.member(), problem.rule.unwrap_or(Rule::rfc(7591, "2")));
        Self { code: problem.field.error_code(), description: format!("{member}: {}", problem.message), rule }
    }
}

/// What a client says about itself: the members that are not null, and in place of some, what a software statement says.
#[derive(Clone)]
pub struct Metadata {
    members: Map<String, Value>,
    own: Own,
    openid: OpenidRegistration,
}

/// The members that are not in [`OpenidRegistration`], or are there in another form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Own {
    client_id: Option<String>,
    client_secret: Option<String>,
    client_name: Option<String>,
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: Option<AuthMethod>,
    grant_types: Option<BTreeSet<GrantType>>,
    response_types: Option<BTreeSet<ResponseType>>,
    application_type: Platform,
    scope: Option<Scope>,
}

/// What OpenID Connect Registration §2 calls `application_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Platform {
    #[default]
    Web,
    Native,
}

impl Metadata {
    /// Reads client metadata. Unknown members are ignored (RFC 7591 §2).
    pub fn read(json: &[u8], workspace: &Workspace, issuer: &str, now: Timestamp) -> Result<Self, RegistrationError> {
        let wrong =
            || RegistrationError::new(ErrorCode::InvalidClientMetadata, "3.1", "the body must be a JSON object");
        let mut members: Map<String, Value> = serde_json::from_slice(json).map_err(|_| wrong())?;
        if let Some(statement) = members.get("software_statement").filter(|statement| !statement.is_null()) {
            // RFC 7591 §2.3: what a trusted statement says comes before what stands beside it.
            let stated = software_statement::read(statement, workspace, issuer, now)?;
            members.extend(stated);
        }
        // RFC 7592 §2.2: null says no more than leaving it out.
        members.retain(|_, value| !value.is_null());
        let own = typed(&members)?;
        let openid = openid(&members)?;
        Ok(Self { members, own, openid })
    }

    /// RFC 7592 §2.2: an update names its client, and holds nothing of an answer. Whether `client_secret` is right is asked
    /// by `is_secret`.
    pub fn check_update(&self, client_id: &str, is_secret: impl Fn(&str) -> bool) -> Result<(), RegistrationError> {
        let wrong = |description: String| {
            let rule = Rule::rfc(7592, "2.2");
            Err(RegistrationError { code: ErrorCode::InvalidClientMetadata, description, rule })
        };
        if self.own.client_id.as_deref() != Some(client_id) {
            return wrong("client_id: an update names the client that it is for".to_owned());
        }
        if self.own.client_secret.as_ref().is_some_and(|secret| !is_secret(secret)) {
            return wrong("client_secret: it is not the secret of this client; an update cannot choose one".to_owned());
        }
        match OURS.into_iter().find(|member| self.members.contains_key(*member)) {
            Some(member) => wrong(format!("{member}: an update does not hold what only answers hold")),
            None => Ok(()),
        }
    }

    /// What is to be registered for this client, or the first thing that is wrong with it. An operator's decisions of
    /// `before` stay.
    pub fn registration(
        self,
        client_id: &str,
        registrar: Registrar,
        before: Option<&Registration>,
        workspace: &Workspace,
    ) -> Result<Registration, RegistrationError> {
        let Self { own, openid, .. } = self;
        // RFC 7591 §2: the defaults of what was left out.
        let method = own.token_endpoint_auth_method.unwrap_or(AuthMethod::ClientSecretBasic);
        let grant_types = own.grant_types.unwrap_or_else(|| [GrantType::AuthorizationCode].into());
        // RFC 7591 §2.1: a client without the code grant cannot have the default `code`.
        let usual = || grant_types.contains(&GrantType::AuthorizationCode).then_some(ResponseType::Code);
        let response_types = own.response_types.unwrap_or_else(|| usual().into_iter().collect());
        let application_type = match (own.application_type, method) {
            (Platform::Native, _) => ApplicationType::Native,
            (Platform::Web, AuthMethod::None) => ApplicationType::Spa,
            (Platform::Web, _) => ApplicationType::Web,
        };
        let registration = Registration {
            // RFC 7591 §2: without a name, people are shown the client_id.
            name: own.client_name.unwrap_or_else(|| client_id.to_owned()),
            description: before.map(|before| before.description.clone()).unwrap_or_default(),
            application_type,
            token_endpoint_auth_method: method,
            redirect_uris: redirect_uris(&own.redirect_uris, before)?,
            grant_types,
            // RFC 7591 §2: without a scope, the client gets the default ones.
            scope: own.scope.unwrap_or_else(|| usual_scope(application_type, workspace)),
            lifetimes: before.map_or_else(LifetimeOverrides::default, |before| before.lifetimes),
            access_token: before.map_or_else(AccessTokenChoice::default, |before| before.access_token),
            openid: OpenidRegistration { response_types, ..openid },
            resource: before.and_then(|before| before.resource.clone()),
        };
        match check_from(registrar, &registration, before, workspace).into_iter().next() {
            Some(problem) => Err(problem.into()),
            None => Ok(registration),
        }
    }

    /// RFC 7591 §3.2.1: the software statement, which is answered as it came.
    pub fn software_statement(&self) -> Option<&Value> {
        self.members.get("software_statement")
    }
}

/// The redirect URIs, or what is wrong with the first that cannot be registered.
fn redirect_uris(texts: &[String], before: Option<&Registration>) -> Result<Vec<RedirectUri>, RegistrationError> {
    let known = before.map(|before| before.redirect_uris.as_slice()).unwrap_or_default();
    let read = |text: &String| match known.iter().find(|uri| uri.as_str() == text) {
        Some(uri) => Ok(uri.clone()),
        None => RedirectUri::register(text),
    };
    let wrong = |message| RegistrationError {
        code: ErrorCode::InvalidRedirectUri,
        description: format!("redirect_uris: {message}"),
        rule: Rule::rfc(6749, "3.1.2"),
    };
    texts.iter().map(read).collect::<Result<_, _>>().map_err(wrong)
}

fn openid(members: &Map<String, Value>) -> Result<OpenidRegistration, RegistrationError> {
    let is_ours = |name: &String| *name == "localized";
    let known: Map<String, Value> = members.iter().filter(|(name, _)| !is_ours(name)).map(owned).collect();
    // RFC 7591 §2.2: `client_name#ja` is the name in Japanese.
    let localized = |name: &String| name.split_once('#').is_some_and(|(member, _)| LOCALIZED.contains(&member));
    let localized: Map<String, Value> = members.iter().filter(|(name, _)| localized(name)).map(owned).collect();
    let localized: BTreeMap<String, String> = serde_json::from_value(Value::Object(localized)).map_err(|_| {
        RegistrationError::new(
            ErrorCode::InvalidClientMetadata,
            "2.2",
            "names and addresses are texts in every language",
        )
    })?;
    Ok(OpenidRegistration { localized, ..typed(&known)? })
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// The members that `T` knows, or the first of them that is not what it has to be.
fn typed<T: DeserializeOwned>(members: &Map<String, Value>) -> Result<T, RegistrationError> {
    let read = |members: Map<String, Value>| serde_json::from_value(Value::Object(members)).ok();
    if let Some(all) = read(members.clone()) {
        return Ok(all);
    }
    // What is not known cannot be wrong, so only names of members are ever told.
    let wrong = members.iter().map(owned).find(|member| read([member.clone()].into_iter().collect()).is_none());
    let member = wrong.map(|(name, _)| name).unwrap_or_default();
    let code = if member == "redirect_uris" { ErrorCode::InvalidRedirectUri } else { ErrorCode::InvalidClientMetadata };
    let description =
        format!("{member}: it has another type than specified, or a value that this server does not support");
    Err(RegistrationError::new(code, "2", description))
}

/// RFC 7591 §3.2.1: everything that is registered, with the defaults that were taken.
pub fn describe(registration: &Registration) -> Map<String, Value> {
    #[derive(Serialize)]
    struct Described<'a> {
        client_name: &'a str,
        redirect_uris: &'a [RedirectUri],
        token_endpoint_auth_method: AuthMethod,
        grant_types: &'a BTreeSet<GrantType>,
        application_type: Platform,
        scope: &'a Scope,
        #[serde(flatten)]
        openid: OpenidRegistration,
        #[serde(flatten)]
        localized: &'a BTreeMap<String, String>,
    }
    let native = registration.application_type == ApplicationType::Native;
    let described = Described {
        client_name: &registration.name,
        redirect_uris: &registration.redirect_uris,
        token_endpoint_auth_method: registration.token_endpoint_auth_method,
        grant_types: &registration.grant_types,
        application_type: if native { Platform::Native } else { Platform::Web },
        scope: &registration.scope,
        openid: OpenidRegistration {
            response_types: registration.response_types(),
            localized: BTreeMap::new(),
            ..registration.openid.clone()
        },
        localized: &registration.openid.localized,
    };
    match serde_json::to_value(described) {
        Ok(Value::Object(members)) => members,
        // All of it has a form as JSON: it rests as such.
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::Algorithm;
    use crate::sample::{self, NOW};
    use serde_json::json;

    fn workspace() -> Workspace {
        sample::workspace()
    }

    fn read(json: &Value) -> Result<Metadata, RegistrationError> {
        Metadata::read(json.to_string().as_bytes(), &workspace(), "https://grantry.test/acme", NOW)
    }

    fn register(json: &Value) -> Result<Registration, RegistrationError> {
        read(json)?.registration("id", Registrar::Anyone, None, &workspace())
    }

    fn least() -> Value {
        json!({ "redirect_uris": ["https://app.test/cb"] })
    }

    /// What is registered when this is said beside the least that there is to say.
    fn with(member: &str, value: Value) -> Result<Registration, RegistrationError> {
        let mut metadata = least();
        metadata[member] = value;
        register(&metadata)
    }

    #[test]
    fn s2_what_is_left_out_has_its_default_and_is_told() {
        let registration = register(&least()).unwrap();
        let told = json!({
            "client_name": "id",
            "redirect_uris": ["https://app.test/cb"],
            "token_endpoint_auth_method": "client_secret_basic",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "application_type": "web",
            "scope": "read write",
            "subject_type": "public",
            "id_token_signed_response_alg": "RS256",
            "require_auth_time": false,
            "frontchannel_logout_session_required": false,
            "backchannel_logout_session_required": false,
        });
        assert_eq!(Value::Object(describe(&registration)), told);
    }

    #[test]
    fn s3_2_1_everything_that_is_registered_is_told_as_it_came() {
        let mut asked = json!({
            "client_name": "App",
            "client_name#fr": "Appli",
            "redirect_uris": ["com.example.app:/cb"],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "application_type": "native",
            "scope": "read",
            "subject_type": "pairwise",
            "id_token_signed_response_alg": "ES256",
            "userinfo_signed_response_alg": "RS256",
            "request_object_signing_alg": "RS256",
            "request_uris": ["https://app.test/r#x"],
            "jwks_uri": "https://app.test/jwks",
            "default_max_age": 60,
            "require_auth_time": true,
            "default_acr_values": ["1"],
            "initiate_login_uri": "https://app.test/login",
            "post_logout_redirect_uris": ["https://app.test/bye"],
            "frontchannel_logout_session_required": false,
            "backchannel_logout_uri": "https://app.test/back",
            "backchannel_logout_session_required": true,
            "logo_uri": "https://app.test/logo.png",
            "contacts": ["dev@app.test"],
            "software_id": "app",
            "software_version": "1",
        });
        let registration = register(&asked).unwrap();
        assert_eq!(Value::Object(describe(&registration)), asked);
        asked["something_new"] = json!({ "x": [1] });
        asked["something_new#fr"] = json!(1);
        asked["localized"] = json!(1);
        asked["policy_uri"] = Value::Null;
        assert_eq!(register(&asked).unwrap(), registration, "what is unknown or null is ignored");
    }

    #[test]
    fn s2_wrong_types_are_refused_by_name() {
        for (member, value) in [
            ("redirect_uris", json!("https://app.test/cb")),
            ("redirect_uris", json!([1])),
            ("client_name", json!(1)),
            ("grant_types", json!("authorization_code")),
            ("grant_types", json!(["magic"])),
            ("response_types", json!(["code code"])),
            ("response_types", json!({})),
            ("application_type", json!("robot")),
            ("token_endpoint_auth_method", json!("magic")),
            ("scope", json!(["read"])),
            ("subject_type", json!("both")),
            ("id_token_signed_response_alg", json!("none")),
            ("id_token_signed_response_alg", json!("HS256")),
            ("userinfo_signed_response_alg", json!(1)),
            ("request_uris", json!("https://app.test/r")),
            ("contacts", json!([["a"]])),
            ("default_max_age", json!("60")),
            ("default_max_age", json!(1e99)),
            ("require_auth_time", json!("true")),
            ("jwks_uri", json!(["https://app.test/jwks"])),
            ("post_logout_redirect_uris", json!([1])),
        ] {
            let error = with(member, value.clone()).unwrap_err();
            let code = if member == "redirect_uris" {
                ErrorCode::InvalidRedirectUri
            } else {
                ErrorCode::InvalidClientMetadata
            };
            assert_eq!(error.code, code, "{member} {value}");
            assert!(error.description.starts_with(&format!("{member}: ")), "{}", error.description);
        }
        assert_eq!(with("client_name#fr", json!(1)).unwrap_err().code, ErrorCode::InvalidClientMetadata);
    }

    #[test]
    fn s3_2_2_redirect_uris_have_a_code_of_their_own() {
        for bad in [
            json!([]),
            json!(["https://app.test/cb#x"]),
            json!(["javascript:alert(1)"]),
            json!(vec!["https://app.test/cb"; 10_000]),
        ] {
            let error = with("redirect_uris", bad).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRedirectUri, "{}", error.description);
        }
        for (member, bad) in [
            ("initiate_login_uri", json!("http://app.test/login")),
            ("post_logout_redirect_uris", json!(["javascript:alert(1)"])),
            ("scope", json!("magic")),
            ("client_name", json!("")),
            ("grant_types", json!(["client_credentials"])),
            ("response_types", json!(["id_token"])),
        ] {
            assert_eq!(with(member, bad).unwrap_err().code, ErrorCode::InvalidClientMetadata, "{member}");
        }
    }

    #[test]
    fn s3_1_metadata_are_one_json_object() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let deep_member = format!("{{\"jwks\":{}1{}}}", "{\"a\":".repeat(1_000), "}".repeat(1_000));
        for bad in ["", "[]", "1", "\"x\"", "null", "{", "{} {}", "{\"a\":\u{0}}", &deep, &deep_member] {
            let error = Metadata::read(bad.as_bytes(), &workspace(), "", NOW).err().unwrap();
            assert_eq!(error.code, ErrorCode::InvalidClientMetadata, "{bad}");
        }
    }

    #[test]
    fn s3_2_2_descriptions_are_plain_ascii() {
        let plain = |text: &str| text.bytes().all(|b| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        for (member, value) in [
            ("redirect_uris", json!(["https://\u{e9}\"\\.test/cb"])),
            ("scope", json!("\"\\")),
            ("scope", json!("magic")),
            ("client_name", json!("\u{e9}".repeat(101))),
            ("contacts", json!(["\u{7}"])),
            ("jwks", json!({ "keys": [{ "kty": "oct", "k": "\u{e9}" }] })),
            ("software_statement", json!("\u{e9}")),
        ] {
            let error = with(member, value).unwrap_err();
            assert!(plain(&error.description), "{}", error.description);
        }
    }

    #[test]
    fn s2_a_public_client_of_the_web_runs_in_a_browser() {
        let kind = |method: &str, platform: &str| {
            let mut metadata = least();
            (metadata["token_endpoint_auth_method"], metadata["application_type"]) = (json!(method), json!(platform));
            register(&metadata).unwrap().application_type
        };
        assert_eq!(kind("none", "web"), ApplicationType::Spa);
        assert_eq!(kind("client_secret_post", "web"), ApplicationType::Web);
        assert_eq!(kind("none", "native"), ApplicationType::Native);
        assert_eq!(kind("client_secret_basic", "native"), ApplicationType::Native);
    }

    #[test]
    fn s2_1_a_client_without_the_code_grant_has_no_default_code() {
        let mut metadata = least();
        metadata["grant_types"] = json!(["implicit"]);
        let registration = register(&metadata).unwrap();
        let told = describe(&registration)["response_types"].clone();
        assert_eq!(told, json!(["token", "id_token", "id_token token"]), "all that its grant allows");
    }

    #[test]
    fn rfc7592_s2_2_an_update_replaces_all_but_what_an_operator_decided() {
        let mut before = register(&least()).unwrap();
        before.openid.id_token_signed_response_alg = Algorithm::ES256;
        before.openid.contacts = vec!["dev@app.test".into()];
        (before.description, before.resource) = ("An app".into(), Some("https://api.test".into()));
        let after = read(&least()).unwrap().registration("id", Registrar::Anyone, Some(&before), &workspace()).unwrap();
        assert_eq!((after.description.as_str(), &after.resource), ("An app", &before.resource));
        assert_eq!(after.openid, register(&least()).unwrap().openid);
    }

    #[test]
    fn rfc7592_s2_2_an_update_names_its_client_and_brings_nothing_of_an_answer() {
        let update = |member: &str, value: &str| {
            let mut metadata = least();
            metadata["client_id"] = json!("id");
            metadata[member] = json!(value);
            read(&metadata).unwrap().check_update("id", |secret| secret == "secret")
        };
        assert_eq!(update("client_secret", "secret"), Ok(()));
        assert!(update("client_secret", "other").is_err());
        assert!(update("client_id", "other").is_err());
        for member in OURS {
            assert!(update(member, "x").is_err(), "{member}");
        }
        assert!(read(&least()).unwrap().check_update("id", |_| true).is_err());
    }
}

//! OpenID Connect Core §5.5: the `claims` parameter, by which an app asks for single claims.

use super::find;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::scope::Scope;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;

const RULE: Rule = Rule::oidc_core("5.5");
/// Longest request, in bytes.
const LONGEST: usize = 8_192;
/// Claims about the person, or about their signing in, that are no standard claims of §5.1 and can be asked for all the same.
const OTHERS: [&str; 3] = ["sub", "acr", "auth_time"];

/// The claims that are asked for by name. Names that nobody here knows are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimsRequest {
    pub(super) userinfo: BTreeMap<String, Wanted>,
    pub(super) id_token: BTreeMap<String, Wanted>,
}

/// OpenID Connect Core §5.5.1: how one claim is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    essential: bool,
    /// The values that will do, in order of preference; none: any.
    values: Vec<Value>,
}

/// OpenID Connect Core §5.5.1.1: how the person is asked to have signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcrRequest<'a> {
    /// Whether signing in fails where none of the values is reached.
    pub essential: bool,
    /// The values that will do, in order of preference; none: any.
    pub values: Vec<&'a str>,
}

impl ClaimsRequest {
    /// Reads the `claims` parameter.
    pub fn parse(parameter: &str) -> Result<Self, OAuthError> {
        if parameter.len() > LONGEST {
            return Err(refuse("claims is longer than 8192 bytes; ask for less, or by scopes"));
        }
        Self::read(parameter)
    }

    fn read(text: &str) -> Result<Self, OAuthError> {
        // The reader refuses what is nested more than 127 deep.
        let request: Map<String, Value> = serde_json::from_str(text)
            .map_err(|_| refuse("claims must be a JSON object, such as {\"userinfo\":{\"email\":null}}"))?;
        // OpenID Connect Core §5.5: members that are not understood are ignored.
        Ok(Self { userinfo: read_member(request.get("userinfo"))?, id_token: read_member(request.get("id_token"))? })
    }

    /// Whether this user is one whom the request may be about (§5.5.1: a value of `sub`). `subject` is as the app knows them.
    pub fn permits_subject(&self, subject: &str) -> bool {
        let asked = [&self.id_token, &self.userinfo].into_iter().filter_map(|member| member.get("sub"));
        asked.into_iter().all(|wanted| wanted.accepts(&Value::from(subject)))
    }

    /// Whether the request is about one user, whoever that is (§5.5.1).
    pub fn names_subject(&self) -> bool {
        [&self.id_token, &self.userinfo]
            .into_iter()
            .filter_map(|member| member.get("sub"))
            .any(|it| !it.values.is_empty())
    }

    /// How the person is asked to have signed in, if the request says so.
    pub fn acr(&self) -> Option<AcrRequest<'_>> {
        let wanted = self.id_token.get("acr")?;
        Some(AcrRequest {
            essential: wanted.essential,
            values: wanted.values.iter().filter_map(Value::as_str).collect(),
        })
    }

    /// Whether the ID token is to say when the person signed in.
    pub fn wants_auth_time(&self) -> bool {
        self.id_token.contains_key("auth_time")
    }

    /// The scopes of §5.4 whose claims are asked for.
    pub fn scopes(&self) -> Scope {
        self.userinfo
            .keys()
            .chain(self.id_token.keys())
            .filter_map(|name| find(name))
            .map(|claim| claim.scope)
            .collect()
    }

    /// The request without the claims of other scopes: for what the person did not allow, or the app may not have.
    #[must_use]
    pub fn within(mut self, allowed: &Scope) -> Self {
        let is_allowed = |name: &String| find(name).is_none_or(|claim| allowed.contains(claim.scope));
        self.userinfo.retain(|name, _| is_allowed(name));
        self.id_token.retain(|name, _| is_allowed(name));
        self
    }
}

impl Wanted {
    /// Whether this value will do.
    pub(super) fn accepts(&self, value: &Value) -> bool {
        self.values.is_empty() || self.values.contains(value)
    }

    fn read(wanted: &Value) -> Result<Self, OAuthError> {
        // OpenID Connect Core §5.5.1: null, or a JSON object, whose members are ignored where they are not understood.
        let wanted = match wanted {
            Value::Null => return Ok(Self::default()),
            Value::Object(wanted) => wanted,
            _ => return Err(refuse("a claim in claims must be null or a JSON object, such as {\"essential\":true}")),
        };
        let essential = match wanted.get("essential") {
            None => false,
            Some(Value::Bool(essential)) => *essential,
            Some(_) => return Err(refuse("essential in claims must be true or false")),
        };
        let one = wanted.get("value").filter(|value| !value.is_null()).cloned();
        let more = match wanted.get("values") {
            None => Vec::new(),
            Some(Value::Array(values)) => values.clone(),
            Some(_) => return Err(refuse("values in claims must be a JSON array")),
        };
        Ok(Self { essential, values: one.into_iter().chain(more).collect() })
    }
}

fn read_member(member: Option<&Value>) -> Result<BTreeMap<String, Wanted>, OAuthError> {
    let member = match member {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(member)) => member,
        Some(_) => return Err(refuse("userinfo and id_token in claims must be JSON objects")),
    };
    let mut read = BTreeMap::new();
    for (name, wanted) in member {
        let wanted = Wanted::read(wanted)?;
        // OpenID Connect Core §5.5: that a claim is not known is no error.
        if find(name).is_some() || OTHERS.contains(&name.as_str()) {
            read.insert(name.clone(), wanted);
        }
    }
    Ok(read)
}

impl fmt::Display for ClaimsRequest {
    /// As it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = |wanted: &Wanted| json!({ "essential": wanted.essential, "values": wanted.values });
        let member = |member: &BTreeMap<String, Wanted>| -> Map<String, Value> {
            member.iter().map(|(name, one)| (name.clone(), wanted(one))).collect()
        };
        write!(f, "{}", json!({ "userinfo": member(&self.userinfo), "id_token": member(&self.id_token) }))
    }
}

impl TryFrom<String> for ClaimsRequest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // What was short enough once may be written longer.
        Self::read(&text).map_err(|error| error.description)
    }
}

impl From<ClaimsRequest> for String {
    fn from(request: ClaimsRequest) -> Self {
        request.to_string()
    }
}

fn refuse(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, RULE, description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(value: &Value) -> ClaimsRequest {
        ClaimsRequest::parse(&value.to_string()).unwrap()
    }

    #[test]
    fn s5_5_what_is_not_a_request_is_refused() {
        let deep = format!("{{\"userinfo\":{{\"name\":{{\"value\":{}{}}}}}}}", "[".repeat(200), "]".repeat(200));
        let long = json!({"userinfo": {"name": {"value": "a".repeat(LONGEST)}}}).to_string();
        for bad in [
            "",
            "null",
            "[]",
            "[{},{}]",
            "\"userinfo\"",
            "{\"userinfo\":{}",
            "{} {}",
            r#"{"userinfo":null}"#,
            r#"{"userinfo":[]}"#,
            r#"{"id_token":"name"}"#,
            r#"{"userinfo":{"name":true}}"#,
            r#"{"userinfo":{"name":[]}}"#,
            r#"{"userinfo":{"unknown":1}}"#,
            r#"{"userinfo":{"name":{"essential":"true"}}}"#,
            r#"{"userinfo":{"name":{"values":"Bob"}}}"#,
            &deep,
            &long,
        ] {
            let refused = ClaimsRequest::parse(bad).map_err(|error| (error.code, error.rule));
            assert_eq!(refused, Err((ErrorCode::InvalidRequest, Rule::oidc_core("5.5"))), "{bad}");
        }
    }

    #[test]
    fn s5_5_what_is_not_understood_is_ignored() {
        let plain = request(&json!({"userinfo": {"name": null}}));
        let more = json!({
            "userinfo": {"name": {"purpose": 1, "value": null, "values": []}, "http://example.info/claim": null, "verified_claims": {}},
            "other": [1],
        });
        assert_eq!(request(&more), plain);
        assert_eq!(request(&json!({})), ClaimsRequest::default());
    }

    #[test]
    fn s5_5_a_request_can_be_kept_and_read_again() {
        let asked = request(&json!({
            "userinfo": {"name#ja": null, "email": {"essential": true}},
            "id_token": {"acr": {"value": "a", "values": ["b"]}, "sub": {"value": "x"}},
        }));
        assert_eq!(ClaimsRequest::try_from(asked.to_string()), Ok(asked.clone()));
        let longest = format!("{{\"userinfo\":{{\"name\":{{\"value\":\"{}\"}}}}}}", "a".repeat(LONGEST - 34));
        assert_eq!(longest.len(), LONGEST);
        let asked = ClaimsRequest::parse(&longest).unwrap();
        assert_eq!(ClaimsRequest::try_from(asked.to_string()), Ok(asked));
    }

    #[test]
    fn s5_5_1_a_request_may_be_about_one_user() {
        assert!(ClaimsRequest::default().permits_subject("bob"));
        for member in ["id_token", "userinfo"] {
            assert!(request(&json!({member: {"sub": null}})).permits_subject("bob"));
            assert!(request(&json!({member: {"sub": {"value": "bob"}}})).permits_subject("bob"));
            assert!(request(&json!({member: {"sub": {"values": ["alice", "bob"]}}})).permits_subject("bob"));
            for other in [json!({"value": "alice"}), json!({"value": 7}), json!({"values": ["alice"]})] {
                assert!(!request(&json!({member: {"sub": other}})).permits_subject("bob"), "{other}");
            }
        }
    }

    #[test]
    fn s5_5_1_1_a_way_of_signing_in_may_be_asked_for() {
        let acr = |acr: Value| request(&json!({"id_token": {"acr": acr}}));
        let asked = acr(json!({"essential": true, "values": ["gold", "silver"]}));
        assert_eq!(asked.acr(), Some(AcrRequest { essential: true, values: vec!["gold", "silver"] }));
        assert_eq!(acr(json!({"value": "gold"})).acr(), Some(AcrRequest { essential: false, values: vec!["gold"] }));
        assert_eq!(acr(Value::Null).acr(), Some(AcrRequest { essential: false, values: vec![] }));
        assert_eq!(request(&json!({"userinfo": {"acr": null}})).acr(), None);
        assert!(request(&json!({"id_token": {"auth_time": {"essential": true}}})).wants_auth_time());
        assert!(!request(&json!({"userinfo": {"auth_time": null}})).wants_auth_time());
    }

    #[test]
    fn s5_5_a_request_is_cut_to_what_is_allowed() {
        let asked = request(
            &json!({"userinfo": {"name": null, "email": null}, "id_token": {"phone_number": null, "acr": null}}),
        );
        assert_eq!(asked.scopes().to_string(), "email phone profile");
        let cut = asked.within(&Scope::parse("openid email").unwrap());
        assert_eq!(cut, request(&json!({"userinfo": {"email": null}, "id_token": {"acr": null}})));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}|\\{\"(userinfo|id_token)\":\\{\"(name|sub|acr)\":[\\[\\]{}a-z\":,0-9]{0,20}\\}\\}") {
            if let Ok(asked) = ClaimsRequest::parse(&text) {
                prop_assert_eq!(ClaimsRequest::try_from(asked.to_string()), Ok(asked));
            }
        }
    }
}

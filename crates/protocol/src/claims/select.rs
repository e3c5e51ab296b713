//! OpenID Connect Core §5.3.2, §5.4, §5.5: which claims of a user go where.

use super::request::{ClaimsRequest, Wanted};
use super::{Claims, STANDARD, find, read};
use crate::account::User;
use crate::scope::Scope;
use serde_json::Value;
use std::collections::BTreeMap;

/// The claims of the user that the UserInfo endpoint answers with, `sub` aside.
pub fn for_userinfo(user: &User, scope: &Scope, request: &ClaimsRequest) -> Claims {
    let known = Known { user, stored: read(&user.claims) };
    let mut claims = known.of_scope(scope);
    claims.extend(known.asked_for(&request.userinfo));
    claims
}

/// The claims of the user that go into the ID token, `sub` aside. `with_access_token`: whether one is issued together with it, or
/// for its code.
pub fn for_id_token(user: &User, scope: &Scope, request: &ClaimsRequest, with_access_token: bool) -> Claims {
    let known = Known { user, stored: read(&user.claims) };
    // OpenID Connect Core §5.4: what scopes ask for is in the ID token only where there is no access token to fetch it with.
    let mut claims = if with_access_token { Claims::new() } else { known.of_scope(scope) };
    claims.extend(known.asked_for(&request.id_token));
    claims
}

/// What is known about a user.
struct Known<'a> {
    user: &'a User,
    stored: Claims,
}

impl Known<'_> {
    fn of_scope(&self, scope: &Scope) -> Claims {
        let asked = STANDARD.iter().filter(|claim| scope.contains(claim.scope));
        asked.filter_map(|claim| Some((claim.name.to_owned(), self.claim(claim.name)?))).collect()
    }

    fn asked_for(&self, wanted: &BTreeMap<String, Wanted>) -> Claims {
        // OpenID Connect Core §5.5.1: asked for with a value, it has one of them or is not there.
        let found = wanted.iter().filter_map(|(name, wanted)| self.named(name).filter(|(_, it)| wanted.accepts(it)));
        found.collect()
    }

    /// OpenID Connect Core §5.2: in the language that is asked for, and without one where that is not known.
    fn named(&self, name: &str) -> Option<(String, Value)> {
        let plain = find(name)?.name;
        let tagged = self.stored.get(name).filter(|_| name != plain).filter(|value| !is_empty(value));
        match tagged {
            Some(value) => Some((name.to_owned(), value.clone())),
            None => Some((plain.to_owned(), self.claim(plain)?)),
        }
    }

    /// OpenID Connect Core §5.3.2: a claim that is not known, or that is empty, is left out.
    fn claim(&self, name: &str) -> Option<Value> {
        let stored = || self.stored.get(name).filter(|value| !is_empty(value)).cloned();
        match name {
            "name" => stored().or_else(|| Some(self.user.display_name.as_str().into())),
            "preferred_username" => stored().or_else(|| Some(self.user.username.as_str().into())),
            "updated_at" => stored().or_else(|| Some(self.user.created_at.as_unix().into())),
            "email_verified" => self.claim("email").and_then(|_| stored().or(Some(false.into()))),
            "phone_number_verified" => self.claim("phone_number").and_then(|_| stored().or(Some(false.into()))),
            _ => stored(),
        }
        .filter(|value| !is_empty(value))
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{NOW, user};
    use serde_json::json;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    fn request(value: &Value) -> ClaimsRequest {
        ClaimsRequest::parse(&value.to_string()).unwrap()
    }

    fn bob() -> User {
        user(json!({
            "given_name": "Bob", "nickname": "", "email": "bob@example.com", "email_verified": true, "phone_number": "112",
            "address": {"country": "Nowhere"}, "name#ja": "ボブ", "website#ja": "", "updated_at": 7, "unheard_of": "x",
        }))
    }

    #[test]
    fn s5_4_scopes_ask_for_claims_at_userinfo() {
        let at = |names: &str| Value::Object(for_userinfo(&bob(), &scope(names), &ClaimsRequest::default()));
        assert_eq!(at("openid read"), json!({}));
        assert_eq!(at("openid email"), json!({"email": "bob@example.com", "email_verified": true}));
        assert_eq!(at("openid phone"), json!({"phone_number": "112", "phone_number_verified": false}));
        assert_eq!(at("openid address"), json!({"address": {"country": "Nowhere"}}));
        let profile = json!({"name": "Bob of Acme", "given_name": "Bob", "preferred_username": "bob", "updated_at": 7});
        assert_eq!(at("openid profile"), profile);
    }

    #[test]
    fn s5_4_the_id_token_has_them_only_without_an_access_token() {
        let none = ClaimsRequest::default();
        let email = json!({"email": "bob@example.com", "email_verified": true});
        assert_eq!(Value::Object(for_id_token(&bob(), &scope("openid email"), &none, false)), email);
        assert_eq!(Value::Object(for_id_token(&bob(), &scope("openid email"), &none, true)), json!({}));
    }

    #[test]
    fn s5_5_what_is_asked_for_by_name_goes_where_it_is_asked_for() {
        let asked = request(
            &json!({"userinfo": {"given_name": null, "sub": null}, "id_token": {"email": {"essential": true}, "acr": null}}),
        );
        assert_eq!(Value::Object(for_userinfo(&bob(), &scope("openid"), &asked)), json!({"given_name": "Bob"}));
        let in_token = json!({"email": "bob@example.com"});
        assert_eq!(Value::Object(for_id_token(&bob(), &scope("openid phone"), &asked, true)), in_token);
    }

    #[test]
    fn s5_5_1_a_value_that_is_not_so_is_not_said() {
        let at =
            |wanted: Value| for_userinfo(&bob(), &scope("openid"), &request(&json!({"userinfo": {"email": wanted}})));
        assert!(at(json!({"value": "bob@example.com"})).contains_key("email"));
        assert!(at(json!({"values": ["a@example.com", "bob@example.com"]})).contains_key("email"));
        assert!(at(json!({"value": "a@example.com", "essential": true})).is_empty());
    }

    #[test]
    fn s5_2_a_language_is_answered_where_it_is_known() {
        let asked = json!({"name#ja": null, "given_name#ja": null, "website#ja": null, "family_name#ja": null});
        let claims = for_userinfo(&bob(), &scope("openid"), &request(&json!({"userinfo": asked})));
        assert_eq!(Value::Object(claims), json!({"name#ja": "ボブ", "given_name": "Bob"}));
        let asked = json!({"name#ja": null, "name": null});
        let claims = for_userinfo(&bob(), &scope("openid"), &request(&json!({"userinfo": asked})));
        assert_eq!(Value::Object(claims), json!({"name#ja": "ボブ", "name": "Bob of Acme"}));
    }

    #[test]
    fn s5_3_2_what_is_not_known_is_left_out() {
        let nobody = user(
            json!({"email": "", "email_verified": true, "phone_number_verified": true, "address": {}, "gender": null}),
        );
        let every = scope("openid profile email address phone");
        let claims = for_userinfo(&nobody, &every, &ClaimsRequest::default());
        let expected = json!({"name": "Bob of Acme", "preferred_username": "bob", "updated_at": NOW.as_unix()});
        assert_eq!(Value::Object(claims), expected);
        let asked = request(&json!({"userinfo": {"email": {"essential": true}, "gender": null}}));
        assert!(for_userinfo(&nobody, &scope("openid"), &asked).is_empty());
    }
}

//! OpenID Connect Core §5: what is said about a person, in which form, and what brings it to an app.
//! It does not know how claims travel: that is the business of ID tokens and of the UserInfo endpoint.

mod kind;
mod own;
mod request;
mod select;

pub use kind::Kind;
pub use own::{ADDRESS_MEMBERS, Problem, change_own, own_fields, own_text};
pub use request::{AcrRequest, ClaimsRequest};
pub use select::{for_id_token, for_userinfo};

use serde_json::{Map, Value};

/// Claims by name.
pub type Claims = Map<String, Value>;

/// A standard claim.
#[derive(Debug, PartialEq, Eq)]
pub struct StandardClaim {
    /// Its name in tokens and answers.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// The scope that asks for it together with others.
    pub scope: &'static str,
    /// Whether the person may say it of themselves.
    pub own: bool,
}

/// OpenID Connect Core §5.1: every standard claim but `sub`; §5.4: the scope of each.
pub const STANDARD: [StandardClaim; 19] = [
    by_person("name", Kind::Text, "profile"),
    by_person("given_name", Kind::Text, "profile"),
    by_person("family_name", Kind::Text, "profile"),
    by_person("middle_name", Kind::Text, "profile"),
    by_person("nickname", Kind::Text, "profile"),
    by_person("preferred_username", Kind::Text, "profile"),
    by_person("profile", Kind::Url, "profile"),
    by_person("picture", Kind::Url, "profile"),
    by_person("website", Kind::Url, "profile"),
    by_person("gender", Kind::Text, "profile"),
    by_person("birthdate", Kind::Birthdate, "profile"),
    by_person("zoneinfo", Kind::Zoneinfo, "profile"),
    by_person("locale", Kind::Locale, "profile"),
    by_others("updated_at", Kind::Moment, "profile"),
    by_person("email", Kind::Email, "email"),
    by_others("email_verified", Kind::Boolean, "email"),
    by_person("address", Kind::Address, "address"),
    by_person("phone_number", Kind::PhoneNumber, "phone"),
    by_others("phone_number_verified", Kind::Boolean, "phone"),
];

/// A claim that the person may change.
const fn by_person(name: &'static str, kind: Kind, scope: &'static str) -> StandardClaim {
    StandardClaim { name, kind, scope, own: true }
}

/// A claim that only others can make.
const fn by_others(name: &'static str, kind: Kind, scope: &'static str) -> StandardClaim {
    StandardClaim { name, kind, scope, own: false }
}

/// The standard claim with this name, which may have a language tag: `family_name#ja-Kana-JP`.
pub fn find(name: &str) -> Option<&'static StandardClaim> {
    let (plain, tag) = name.split_once('#').map_or((name, None), |(plain, tag)| (plain, Some(tag)));
    let claim = STANDARD.iter().find(|claim| claim.name == plain)?;
    // OpenID Connect Core §5.2: a language tag, on what is said in a language or leads to such.
    let fits = |tag| matches!(claim.kind, Kind::Text | Kind::Url | Kind::Address) && kind::is_language_tag(tag);
    tag.is_none_or(fits).then_some(claim)
}

/// The claims of a user as they rest; what cannot be read counts as none.
pub fn read(text: &str) -> Claims {
    serde_json::from_str(text).unwrap_or_default()
}

/// Claims as they rest.
pub fn write(claims: Claims) -> String {
    Value::Object(claims).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_4_each_scope_brings_its_claims() {
        let of = |scope| STANDARD.iter().filter(|claim| claim.scope == scope).count();
        assert_eq!(["profile", "email", "address", "phone"].map(of), [14, 2, 1, 2]);
    }

    #[test]
    fn s5_2_names_may_have_a_language() {
        for good in ["name", "name#ja", "family_name#ja-Kana-JP", "website#de", "address#ja"] {
            assert!(find(good).is_some(), "{good}");
        }
        for bad in ["", "sub", "name#", "name#j a", "name#ja#de", "email#ja", "birthdate#en", "email_verified#en"] {
            assert_eq!(find(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_rests_can_be_read() {
        assert_eq!(write(read(r#"{"email":"a@b.example"}"#)), r#"{"email":"a@b.example"}"#);
        assert_eq!(write(read("nonsense")), "{}");
    }
}

//! OpenID Connect Core §5.1: what a person says of themselves.

use super::{Claims, Kind, STANDARD, read, write};
use crate::account::User;
use crate::types::Timestamp;
use serde_json::{Map, Value};

/// OpenID Connect Core §5.1.1: the members of an address.
pub const ADDRESS_MEMBERS: [(&str, Kind); 6] = [
    ("formatted", Kind::Lines),
    ("street_address", Kind::Lines),
    ("locality", Kind::Text),
    ("region", Kind::Text),
    ("postal_code", Kind::Text),
    ("country", Kind::Text),
];

/// Why a claim cannot be what the person wants it to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The claim, or the member of the address.
    pub field: &'static str,
    /// What would be accepted, to follow *please type*.
    pub accepted: &'static str,
}

/// What a person may say of themselves: claims, and the members of the address.
pub fn own_fields() -> impl Iterator<Item = (&'static str, Kind)> {
    let claims = STANDARD.iter().filter(|claim| claim.own && claim.kind != Kind::Address);
    claims.map(|claim| (claim.name, claim.kind)).chain(ADDRESS_MEMBERS)
}

/// The text of a claim, or of a member of the address, as the person last wrote it; empty where there is none.
pub fn own_text(user: &User, field: &str) -> String {
    let claims = read(&user.claims);
    let of_address = || claims.get("address")?.get(field);
    let text = claims.get(field).or_else(of_address).and_then(Value::as_str);
    match text {
        // What pages call the person is their name until they say otherwise.
        None if field == "name" => user.display_name.clone(),
        text => text.unwrap_or_default().to_owned(),
    }
}

/// The user after they said this of themselves. `typed` is asked for each claim that is theirs, and for each member of the
/// address: an empty text takes it away, and what was not typed stays.
pub fn change_own<'t>(
    user: &User,
    typed: impl Fn(&str) -> Option<&'t str>,
    now: Timestamp,
) -> Result<User, Vec<Problem>> {
    let before = read(&user.claims);
    let mut claims = before.clone();
    let mut address = before.get("address").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut problems = Vec::new();
    for field in own_fields() {
        let into = if ADDRESS_MEMBERS.contains(&field) { &mut address } else { &mut claims };
        problems.extend(put(into, field, typed(field.0)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if address.is_empty() {
        claims.remove("address");
    } else {
        claims.insert("address".to_owned(), address.into());
    }
    // OpenID Connect Core §5.1: verified is what somebody took steps to verify, and nobody has for what is new.
    doubt(&mut claims, &before, "email", "email_verified");
    doubt(&mut claims, &before, "phone_number", "phone_number_verified");
    let mut changed = user.clone();
    if typed("name").is_some() {
        changed.display_name = claims.get("name").and_then(Value::as_str).unwrap_or(&user.username).to_owned();
    }
    if claims != before || changed.display_name != user.display_name {
        claims.insert("updated_at".to_owned(), now.as_unix().into());
    }
    changed.claims = write(claims);
    Ok(changed)
}

fn put(into: &mut Map<String, Value>, (name, kind): (&'static str, Kind), typed: Option<&str>) -> Option<Problem> {
    // Browsers send line breaks as CRLF.
    let text = typed?.trim().replace("\r\n", "\n");
    if text.is_empty() {
        into.remove(name);
        return None;
    }
    match kind.read(&text) {
        Ok(value) => {
            into.insert(name.to_owned(), value);
            None
        }
        Err(accepted) => Some(Problem { field: name, accepted }),
    }
}

/// Where `name` is not what it was before, it is not verified.
fn doubt(claims: &mut Claims, before: &Claims, name: &str, verified: &str) {
    if claims.get(name) == before.get(name) {
        return;
    }
    if claims.contains_key(name) {
        claims.insert(verified.to_owned(), false.into());
    } else {
        claims.remove(verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{NOW, user};
    use serde_json::json;

    const LATER: Timestamp = Timestamp::from_unix(NOW.as_unix() + 60);

    fn change(user: &User, typed: &[(&str, &'static str)]) -> Result<User, Vec<Problem>> {
        let typed = typed.to_vec();
        change_own(user, |field| typed.iter().find(|(own, _)| *own == field).map(|(_, text)| *text), LATER)
    }

    fn claims(user: &User) -> Value {
        serde_json::from_str(&user.claims).unwrap()
    }

    #[test]
    fn s5_1_a_person_changes_what_is_theirs_and_nothing_else() {
        let bob = user(json!({"nickname": "Bobby", "gender": "male", "name#ja": "ボブ", "email_verified": true}));
        let typed =
            [("nickname", ""), ("locale", " en-GB "), ("email_verified", "false"), ("name#ja", ""), ("sub", "x")];
        let changed = change(&bob, &typed).unwrap();
        let expected = json!({
            "locale": "en-GB", "gender": "male", "name#ja": "ボブ", "email_verified": true, "updated_at": LATER.as_unix()
        });
        assert_eq!(claims(&changed), expected);
        assert_eq!((changed.id, &changed.subject, &changed.username), (bob.id, &bob.subject, &bob.username));
    }

    #[test]
    fn s5_1_what_is_new_is_not_verified() {
        let verified = json!({
            "email": "bob@example.com", "email_verified": true, "phone_number": "112", "phone_number_verified": true
        });
        let bob = user(verified.clone());
        let same = change(&bob, &[("email", "bob@example.com"), ("phone_number", "112")]).unwrap();
        assert_eq!(claims(&same), verified, "nothing changed, so nothing was updated");
        let other = claims(&change(&bob, &[("email", "b@example.com"), ("phone_number", "")]).unwrap());
        assert_eq!((&other["email"], &other["email_verified"]), (&json!("b@example.com"), &json!(false)));
        assert_eq!((other.get("phone_number"), other.get("phone_number_verified")), (None, None));
        let other = claims(&change(&bob, &[("phone_number", "113")]).unwrap());
        assert_eq!((&other["email_verified"], &other["phone_number_verified"]), (&json!(true), &json!(false)));
    }

    #[test]
    fn s5_1_1_an_address_is_changed_by_its_members() {
        let bob = user(json!({"address": {"locality": "Town", "country": "Nowhere"}}));
        let changed = change(&bob, &[("street_address", "1 Street\r\nBackyard\r\n"), ("country", "")]).unwrap();
        assert_eq!(claims(&changed)["address"], json!({"locality": "Town", "street_address": "1 Street\nBackyard"}));
        assert_eq!(own_text(&changed, "locality"), "Town");
        let gone = change(&bob, &[("locality", ""), ("country", "")]).unwrap();
        assert_eq!(claims(&gone).get("address"), None);
    }

    #[test]
    fn a_name_is_what_pages_call_the_person() {
        let bob = user(json!({}));
        assert_eq!((own_text(&bob, "name"), own_text(&bob, "nickname")), (bob.display_name.clone(), String::new()));
        let named = change(&bob, &[("name", "Bob Baker")]).unwrap();
        assert_eq!((named.display_name.as_str(), own_text(&named, "name").as_str()), ("Bob Baker", "Bob Baker"));
        let nameless = change(&named, &[("name", "")]).unwrap();
        assert_eq!(nameless.display_name, "bob");
        let unnamed = change(&bob, &[("nickname", "Bobby")]).unwrap();
        assert_eq!(unnamed.display_name, bob.display_name, "nothing was said of the name");
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let typed = [("website", "javascript:alert(1)"), ("birthdate", "soon"), ("country", "a\nb"), ("email", "x")];
        let problems = change(&user(json!({})), &typed).unwrap_err();
        let fields: Vec<_> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["website", "birthdate", "email", "country"]);
        assert!(problems[0].accepted.contains("https://"));
    }
}

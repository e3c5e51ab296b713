//! OpenID Connect Core §8.1, OpenID Connect Registration §5: who shares pairwise `sub`s has to say so in one place.

use super::{Check, Field, Problem};
use crate::client::{Registration, SubjectType};
use crate::rule::{OpenId, Rule};
use crate::subject::sector_named_by;
use std::collections::BTreeSet;

const FIELD: Field = Field::Other("sector_identifier_uri");
const RULE: Rule = Rule::openid(OpenId::Registration, "5");

impl Check<'_> {
    pub(super) fn sector(&mut self) {
        let openid = &self.asked.openid;
        let hosts: BTreeSet<String> =
            self.asked.redirect_uris.iter().map(|uri| sector_named_by(uri.as_str())).collect();
        // OpenID Connect Core §8.1: with redirect URIs on several hosts, none of them can name the sector.
        let pairwise = openid.subject_type == SubjectType::Pairwise;
        if pairwise && openid.sector_identifier_uri.is_none() && hosts.len() > 1 {
            let message = "pairwise subjects with redirect URIs on several hosts need a sector_identifier_uri";
            self.against(Rule::oidc_core("8.1"), FIELD, message);
        }
    }
}

/// What is wrong where what `sector_identifier_uri` answers will not do, or cannot be read.
pub fn wrong_sector(reason: &str) -> Problem {
    Problem { field: FIELD, message: reason.to_owned(), rule: Some(RULE) }
}

/// OpenID Connect Registration §5: what `sector_identifier_uri` answers is a JSON array with every redirect URI of the app.
pub fn check_sector(registration: &Registration, answered: &[u8]) -> Result<(), Problem> {
    let listed: BTreeSet<String> = serde_json::from_slice(answered)
        .map_err(|_| wrong_sector("it must answer with a JSON array of redirect URIs"))?;
    if registration.redirect_uris.iter().all(|uri| listed.contains(uri.as_str())) {
        return Ok(());
    }
    Err(wrong_sector("the JSON array that it answers with must list every redirect URI of the app"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn openid_connect_registration_s5_the_sector_lists_every_redirect_uri() {
        let registration = sample::client().registration;
        let listed = |answered: &str| check_sector(&registration, answered.as_bytes()).is_ok();
        assert!(listed(r#"["https://other.test/cb","https://app.test/cb"]"#));
        for bad in ["", "[]", "{}", r#"["https://example.com/op"]"#, r#"["https://app.test/cb",1]"#, "[[[[[[", "null"] {
            assert!(!listed(bad), "{bad}");
        }
    }
}

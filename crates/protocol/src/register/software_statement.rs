//! RFC 7591 §2.3: a software statement, metadata that the publisher of a program signed. A workspace believes those publishers
//! whose keys its operator has entered, and nobody else.

use super::metadata::RegistrationError;
use crate::error::ErrorCode;
use crate::jose::{Algorithm, ClientKeys, SignedJwt};
use crate::types::Timestamp;
use crate::workspace::Workspace;
use serde_json::{Map, Value};

const SECTION: &str = "2.3";

/// What a software statement says, if it is signed by a publisher that the workspace believes.
pub(super) fn read(
    statement: &Value,
    workspace: &Workspace,
    issuer: &str,
    now: Timestamp,
) -> Result<Map<String, Value>, RegistrationError> {
    let invalid = |description| RegistrationError::new(ErrorCode::InvalidSoftwareStatement, SECTION, description);
    let text = statement.as_str().ok_or_else(|| invalid("software_statement must be a JWT, as one text"))?;
    let jwt = SignedJwt::parse(text, SignedJwt::LONGEST).map_err(|error| invalid(error.description()))?;
    // RFC 7591 §2.3: it must name its issuer; and whether that one is trusted is the server's own business.
    let publisher = jwt.unverified_issuer().and_then(|issuer| workspace.policy.software_publishers.get(issuer));
    let publisher = publisher.ok_or_else(|| {
        let description = "this workspace does not know who signed the software statement; leave it out, or have an \
                           operator add its issuer by grantry workspace update --trust-publisher";
        RegistrationError::new(ErrorCode::UnapprovedSoftwareStatement, SECTION, description)
    })?;
    let keys = ClientKeys::parse(publisher.to_string().as_bytes()).unwrap_or_default();
    let claims = jwt.verify(&keys, &Algorithm::ALL).map_err(|error| invalid(error.description()))?;
    // RFC 7519 §4.1: not before its time, not after it, and not for somebody else.
    let good = claims.exp.is_none_or(|end| now < end) && claims.nbf.is_none_or(|start| start <= now);
    if !good || !claims.aud.as_ref().is_none_or(|audience| audience.contains(issuer)) {
        return Err(invalid("the software statement is expired, not good yet, or meant for another server"));
    }
    let mut stated = claims.other.clone();
    // A statement speaks for all instances of a program: it holds nothing that belongs to one of them.
    for of_one in ["client_id", "client_secret", "software_statement"] {
        stated.remove(of_one);
    }
    Ok(stated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{KeySet, Schedule, ScheduledKey, SigningKey, SigningKeys};
    use crate::register::{Metadata, Registrar};
    use crate::sample::{self, NOW};
    use crate::types::Seconds;
    use serde_json::json;
    use std::sync::Arc;

    const ISSUER: &str = "https://grantry.test/acme";

    /// What came of a registration with this statement, and beside it another name.
    fn registered(workspace: &Workspace, statement: &Value) -> Result<String, ErrorCode> {
        let metadata = json!({ "software_statement": statement, "client_name": "Beside", "redirect_uris": ["https://app.test/cb"] });
        let metadata =
            Metadata::read(metadata.to_string().as_bytes(), workspace, ISSUER, NOW).map_err(|error| error.code)?;
        let registration =
            metadata.registration("id", Registrar::Anyone, None, workspace).map_err(|error| error.code)?;
        Ok(registration.name)
    }

    fn published(key: &Arc<SigningKey>) -> KeySet {
        let schedule = Schedule { active_at: NOW, retired_at: None };
        SigningKeys::new(vec![ScheduledKey { number: 1, key: Arc::clone(key), schedule }]).key_set(NOW)
    }

    #[test]
    fn s2_3_a_publisher_is_believed_whose_keys_are_known_and_what_it_says_comes_first() {
        let [key, other] = [(); 2].map(|()| {
            let material = SigningKey::generate(Algorithm::ES256).unwrap();
            Arc::new(SigningKey::from_pkcs8(Algorithm::ES256, &material).unwrap())
        });
        let mut workspace = sample::workspace();
        let statement = |key: &SigningKey, change: fn(&mut Value)| {
            let mut claims =
                json!({ "iss": "publisher", "client_name": "Stated", "exp": NOW.plus(Seconds(60)).as_unix() });
            change(&mut claims);
            Value::from(key.sign("JWT", &claims).unwrap())
        };
        let good = statement(&key, |_| ());
        assert_eq!(registered(&workspace, &good), Err(ErrorCode::UnapprovedSoftwareStatement), "nobody is believed");
        let jwks = serde_json::to_value(published(&key)).unwrap();
        workspace.policy.software_publishers.insert("publisher".to_owned(), jwks);
        assert_eq!(registered(&workspace, &good).as_deref(), Ok("Stated"));
        assert_eq!(registered(&workspace, &statement(&key, |it| it["aud"] = json!([ISSUER]))).as_deref(), Ok("Stated"));
        assert_eq!(registered(&workspace, &Value::Null).as_deref(), Ok("Beside"));
        let stranger = statement(&key, |it| it["iss"] = json!("stranger"));
        assert_eq!(registered(&workspace, &stranger), Err(ErrorCode::UnapprovedSoftwareStatement));
        for (what, bad) in [
            ("another key", statement(&other, |_| ())),
            ("expired", statement(&key, |it| it["exp"] = json!(NOW.as_unix()))),
            ("not good yet", statement(&key, |it| it["nbf"] = json!(NOW.as_unix() + 1))),
            ("for another server", statement(&key, |it| it["aud"] = json!("https://other.test"))),
            ("no JWT", json!("x.y.z")),
            ("no text", json!({ "client_name": "x" })),
            ("alg none", json!("eyJhbGciOiJub25lIn0.eyJpc3MiOiJwdWJsaXNoZXIifQ.")),
        ] {
            assert_eq!(registered(&workspace, &bad), Err(ErrorCode::InvalidSoftwareStatement), "{what}");
        }
        let bad = statement(&key, |it| it["client_name"] = json!(1));
        assert_eq!(registered(&workspace, &bad), Err(ErrorCode::InvalidClientMetadata), "signed nonsense is nonsense");
    }
}

//! OpenID Connect Front-Channel Logout: the address that a frame loads so that a client forgets a person.

use crate::client::OpenidRegistration;
use url::Url;

/// Front-Channel Logout §2: the address for this client when the session `sid` ends; none where it registered none.
pub fn frame(registered: &OpenidRegistration, issuer: &str, sid: &str) -> Option<Url> {
    let mut url = Url::parse(registered.frontchannel_logout_uri.as_deref()?).ok()?;
    // Front-Channel Logout §2: iss and sid where they are required, added to a query that is there already.
    if registered.frontchannel_logout_session_required {
        url.query_pairs_mut().append_pair("iss", issuer).append_pair("sid", sid);
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s2_a_frame_says_which_session_where_that_is_required() {
        let mut registered = OpenidRegistration::default();
        let frame = |registered: &OpenidRegistration| {
            frame(registered, "https://grantry.test/acme", "a sid").map(|url| url.to_string())
        };
        assert_eq!(frame(&registered), None);
        registered.frontchannel_logout_uri = Some("https://app.test/out?from=op".to_owned());
        assert_eq!(frame(&registered).unwrap(), "https://app.test/out?from=op");
        registered.frontchannel_logout_session_required = true;
        assert_eq!(
            frame(&registered).unwrap(),
            "https://app.test/out?from=op&iss=https%3A%2F%2Fgrantry.test%2Facme&sid=a+sid"
        );
        registered.frontchannel_logout_uri = Some("https://app.test/out".to_owned());
        assert_eq!(frame(&registered).unwrap(), "https://app.test/out?iss=https%3A%2F%2Fgrantry.test%2Facme&sid=a+sid");
    }
}

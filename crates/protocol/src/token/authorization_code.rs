//! RFC 6749 §4.1.3: buying tokens with an authorization code.

use super::{Terms, terms};
use crate::client_auth::VerifiedClient;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::grant::{Grant, GrantState, Standing};
use crate::params::Params;
use crate::pkce;
use crate::sealed::AuthorizationCode;
use crate::types::Timestamp;
use crate::workspace::Workspace;

const RULE: Rule = Rule::rfc(6749, "4.1.3");

/// What the checks came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is in order: redeem it.
    Approved(Box<Approved>),
    /// Refused; nothing changes.
    Refused(OAuthError),
    /// Refused, and the code is used up with it.
    Burned(OAuthError),
    /// The code was redeemed before: whatever it bought dies (RFC 6749 §4.1.2).
    Replayed(OAuthError),
}

/// An exchange that passed every check. Storage redeems it, or finds that another request was faster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    grant: Grant,
    terms: Terms,
    now: Timestamp,
}

impl Approved {
    /// The grant to redeem, as it was when it was checked.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// When the grant ends, if it is not refreshed.
    pub const fn expires_at(&self) -> Timestamp {
        self.terms.expires_at
    }

    /// When its refresh token ends for good; none: it has no refresh token.
    pub const fn refresh_until(&self) -> Option<Timestamp> {
        self.terms.refresh_until
    }

    /// The moment of the exchange.
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}

/// Reads the code out of the form.
pub fn read_code(params: &Params) -> Result<&str, OAuthError> {
    params.require("code", RULE, "code is missing")
}

/// What everybody hears whose code is not good, whatever the reason.
pub const fn not_good() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidGrant,
        Rule::rfc(6749, "5.2"),
        "the code is invalid, expired, used, or was issued to another app; codes are short-lived and work once",
    )
}

/// What is known when a code is presented.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// The code, opened.
    pub code: AuthorizationCode,
    /// Its grant, if it is still there.
    pub standing: Option<&'a Standing>,
    /// Who presents it.
    pub client: &'a VerifiedClient,
    /// The form.
    pub params: &'a Params,
}

/// Checks an exchange.
pub fn check(presented: Presented<'_>, workspace: &Workspace, now: Timestamp) -> Verdict {
    let Presented { code, standing, client, params } = presented;
    let Some(standing) = standing else {
        return Verdict::Refused(not_good());
    };
    let grant = &standing.grant;
    // RFC 6749 §4.1.3: the code must have been issued to this client. Before all else, so that a stranger can't revoke.
    if grant.client != client.client().row {
        return Verdict::Refused(not_good());
    }
    match grant.state {
        GrantState::Pending => {}
        // RFC 6749 §4.1.2: a code used more than once is denied, and the tokens it bought are revoked.
        GrantState::Active => return Verdict::Replayed(not_good()),
        GrantState::Revoked => return Verdict::Refused(not_good()),
    }
    // RFC 6749 §4.1.2: the code must expire shortly after it was issued.
    if now >= code.expires_at || !standing.user_enabled || standing.session_ended {
        return Verdict::Refused(not_good());
    }
    // RFC 6749 §4.1.3: redirect_uri must be the one of the authorization request.
    if !redirect_uri_agrees(grant.redirect_uri.as_deref(), params.get("redirect_uri"), client) {
        return Verdict::Refused(OAuthError::new(
            ErrorCode::InvalidGrant,
            RULE,
            "redirect_uri differs from the one in the authorization request",
        ));
    }
    // RFC 7636 §4.6: the verifier must match; a failed proof uses the code up.
    if let Err(error) = pkce::check_verifier(grant.code_challenge.as_deref(), params.get("code_verifier")) {
        return Verdict::Burned(error);
    }
    Verdict::Approved(Box::new(Approved { grant: grant.clone(), terms: terms(client.client(), workspace, now), now }))
}

fn redirect_uri_agrees(asked: Option<&str>, presented: Option<&str>, client: &VerifiedClient) -> bool {
    match (asked, presented) {
        (Some(asked), Some(presented)) => asked == presented,
        (Some(_), None) => false,
        (None, None) => true,
        // Left out then and sent now: it can only be the one that is registered.
        (None, Some(presented)) => client.client().registration.redirect_uris.iter().any(|uri| uri.matches(presented)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;
    use crate::sample::{NOW, client, pending, verified, workspace};
    use crate::types::{ClientRow, GrantId, GrantType, Seconds};

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn verdict(standing: Option<&Standing>, client: Client, form: &str, now: Timestamp) -> Verdict {
        let code = AuthorizationCode { grant: GrantId(7), expires_at: NOW.plus(Seconds(60)) };
        let params = Params::parse(form.as_bytes()).unwrap();
        check(Presented { code, standing, client: &verified(client), params: &params }, &workspace(), now)
    }

    fn refused(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Refused(error) if error.code == ErrorCode::InvalidGrant)
    }

    #[test]
    fn s4_1_3_a_code_in_order_is_approved() {
        let Verdict::Approved(approved) = verdict(Some(&pending()), client(), "", NOW) else { panic!() };
        assert_eq!(approved.expires_at().since(NOW), Seconds::days(30));
        assert_eq!(approved.refresh_until(), Some(NOW.plus(Seconds::days(180))));
        let mut alone = client();
        alone.registration.grant_types.remove(&GrantType::RefreshToken);
        let Verdict::Approved(approved) = verdict(Some(&pending()), alone, "", NOW) else { panic!() };
        assert_eq!((approved.refresh_until(), approved.expires_at().since(NOW)), (None, Seconds::hours(1)));
    }

    #[test]
    fn s4_1_3_issued_to_this_client_comes_before_everything() {
        let stranger = Client { row: ClientRow(2), ..client() };
        let mut redeemed = pending();
        redeemed.grant.state = GrantState::Active;
        assert!(refused(&verdict(Some(&redeemed), stranger, "", NOW)), "a stranger's replay revokes nothing");
        assert!(matches!(verdict(Some(&redeemed), client(), "", NOW), Verdict::Replayed(_)));
    }

    #[test]
    fn s4_1_2_a_replay_counts_even_after_the_code_expired() {
        let mut redeemed = pending();
        redeemed.grant.state = GrantState::Active;
        assert!(matches!(verdict(Some(&redeemed), client(), "", NOW.plus(Seconds(600))), Verdict::Replayed(_)));
    }

    #[test]
    fn s4_1_2_expired_revoked_gone_and_signed_out_are_refused() {
        assert!(refused(&verdict(None, client(), "", NOW)));
        assert!(refused(&verdict(Some(&pending()), client(), "", NOW.plus(Seconds(60)))));
        assert!(matches!(verdict(Some(&pending()), client(), "", NOW.plus(Seconds(59))), Verdict::Approved(_)));
        let mut revoked = pending();
        revoked.grant.state = GrantState::Revoked;
        let disabled = Standing { user_enabled: false, ..pending() };
        let signed_out = Standing { session_ended: true, ..pending() };
        for standing in [revoked, disabled, signed_out] {
            assert!(refused(&verdict(Some(&standing), client(), "", NOW)));
        }
    }

    #[test]
    fn s4_1_3_the_redirect_uri_agrees() {
        let mut named = pending();
        named.grant.redirect_uri = Some("https://app.test/cb".to_owned());
        let approved = |standing: &Standing, form: &str| {
            matches!(verdict(Some(standing), client(), form, NOW), Verdict::Approved(_))
        };
        assert!(approved(&named, "redirect_uri=https://app.test/cb"));
        assert!(!approved(&named, "redirect_uri=https://app.test/CB"));
        assert!(!approved(&named, ""));
        assert!(approved(&pending(), "redirect_uri=https://app.test/cb"));
        assert!(!approved(&pending(), "redirect_uri=https://evil.test/"));
    }

    #[test]
    fn rfc7636_s4_6_a_failed_proof_burns_the_code() {
        let mut challenged = pending();
        challenged.grant.code_challenge = Some(CHALLENGE.to_owned());
        let with = format!("code_verifier={VERIFIER}");
        assert!(matches!(verdict(Some(&challenged), client(), &with, NOW), Verdict::Approved(_)));
        for (standing, form) in [(&challenged, ""), (&challenged, "code_verifier=wrong"), (&pending(), with.as_str())] {
            assert!(matches!(verdict(Some(standing), client(), form, NOW), Verdict::Burned(_)), "{form}");
        }
    }
}

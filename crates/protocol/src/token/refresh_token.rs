//! RFC 6749 §6 and RFC 9700 §4.14.2: refreshing, with rotation for clients that cannot keep a secret.

use super::idle_end;
use crate::client_auth::VerifiedClient;
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::grant::{Grant, Standing};
use crate::params::Params;
use crate::scope::{RequestedScope, Scope};
use crate::sealed::RefreshToken;
use crate::types::Timestamp;
use crate::workspace::Workspace;

const RULE: Rule = Rule::rfc(6749, "6");

/// What the checks came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// In order: a new access token, and a successor to the refresh token (RFC 9700 §4.14.2).
    Rotate(Approved),
    /// In order: a new access token beside the same refresh token.
    Keep(Approved),
    /// The immediate predecessor, within grace: the same successor again, so that a lost answer logs nobody out.
    Again(Approved),
    /// Refused; nothing changes.
    Refused(OAuthError),
    /// An older token came back: the family is revoked (RFC 9700 §4.14.2).
    Replayed(OAuthError),
}

/// A refresh that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    grant: Grant,
    generation: i64,
    scope: Scope,
    expires_at: Timestamp,
    now: Timestamp,
}

impl Approved {
    /// The grant, as it was when it was checked.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The generation that was presented.
    pub const fn presented_generation(&self) -> i64 {
        self.generation
    }

    /// What the new access token allows.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// When the grant ends, if it is not used again.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The moment of the refresh.
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}

/// Reads the refresh token out of the form.
pub fn read_refresh_token(params: &Params) -> Result<&str, OAuthError> {
    params.require("refresh_token", RULE, "refresh_token is missing")
}

/// What everybody hears whose refresh token is not good, whatever the reason.
pub const fn not_good() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidGrant,
        Rule::rfc(6749, "5.2"),
        "the refresh token is invalid, expired, revoked, or was issued to another app; ask the user to sign in again",
    )
}

const fn nothing_left() -> OAuthError {
    let description = "the app may have nothing of what the user granted any more; ask the user to sign in again";
    OAuthError::new(ErrorCode::InvalidScope, RULE, description)
}

/// What is known when a refresh token is presented.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// The token, opened.
    pub token: RefreshToken,
    /// Its grant, if it is still there.
    pub standing: Option<&'a Standing>,
    /// Who presents it.
    pub client: &'a VerifiedClient,
    /// The form.
    pub params: &'a Params,
}

/// Checks a refresh.
pub fn check(presented: Presented<'_>, workspace: &Workspace, now: Timestamp) -> Verdict {
    let Presented { token, standing, client, params } = presented;
    let Some(standing) = standing else {
        return Verdict::Refused(not_good());
    };
    let grant = &standing.grant;
    // RFC 6749 §6: the refresh token is bound to the client. Before all else, so that a stranger can't revoke.
    if grant.client != client.client().row {
        return Verdict::Refused(not_good());
    }
    let Some(until) = grant.refresh_until.filter(|until| now < *until && standing.is_good(client.client(), now)) else {
        return Verdict::Refused(not_good());
    };
    let lifetimes = client.client().lifetimes(&workspace.policy.lifetimes);
    // RFC 9700 §4.14.2: an old token means that two parties hold the family.
    let age = grant.generation.saturating_sub(token.generation);
    let within_grace = grant.rotated_at.is_some_and(|at| now.since(at) <= lifetimes.refresh_grace);
    match age {
        0 => {}
        1 if within_grace => {}
        1.. => return Verdict::Replayed(not_good()),
        _ => return Verdict::Refused(not_good()),
    }
    // RFC 6749 §6: scope may be narrowed, never widened; and an app that may have less by now gets less.
    let may_have = workspace.known_of(&grant.scope.intersection(&client.client().registration.scope));
    // RFC 6749 §5.1: a scope that differs is named, and the empty one has no name; nor would it have an audience.
    if may_have.is_empty() && !grant.scope.is_empty() {
        return Verdict::Refused(nothing_left());
    }
    let scope = match RequestedScope::parse(params.get("scope")).and_then(|asked| asked.within(&may_have)) {
        Ok(scope) => scope,
        Err(error) => return Verdict::Refused(OAuthError { rule: RULE, ..error }),
    };
    let expires_at = idle_end(&lifetimes, until, now);
    let approved = Approved { grant: grant.clone(), generation: token.generation, scope, expires_at, now };
    match (age, client.client().is_public()) {
        (0, true) => Verdict::Rotate(approved),
        (0, false) => Verdict::Keep(approved),
        _ => Verdict::Again(approved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;
    use crate::grant::GrantState;
    use crate::sample::{NOW, active, client, public, verified, workspace};
    use crate::types::{ClientRow, Seconds};

    fn verdict(standing: &Standing, client: Client, generation: i64, form: &str) -> Verdict {
        at(standing, client, generation, (form, NOW))
    }

    fn at(standing: &Standing, client: Client, generation: i64, (form, now): (&str, Timestamp)) -> Verdict {
        let token = RefreshToken { grant: standing.grant.id, generation };
        let params = Params::parse(form.as_bytes()).unwrap();
        let client = verified(client);
        check(Presented { token, standing: Some(standing), client: &client, params: &params }, &workspace(), now)
    }

    fn refused(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Refused(_))
    }

    #[test]
    fn rfc9700_s4_14_2_the_present_rotates_the_predecessor_gets_the_same_the_past_ends_it() {
        assert!(matches!(verdict(&active(), public(), 3, ""), Verdict::Rotate(_)));
        assert!(matches!(verdict(&active(), public(), 2, ""), Verdict::Again(_)));
        assert!(matches!(verdict(&active(), public(), 1, ""), Verdict::Replayed(_)));
        assert!(refused(&verdict(&active(), public(), 4, "")), "a generation that was never issued");
        let after_grace = NOW.plus(Seconds(21));
        assert!(matches!(at(&active(), public(), 2, ("", after_grace)), Verdict::Replayed(_)));
        assert!(matches!(at(&active(), public(), 2, ("", NOW.plus(Seconds(20)))), Verdict::Again(_)));
    }

    #[test]
    fn a_client_that_keeps_secrets_keeps_its_refresh_token() {
        assert!(matches!(verdict(&active(), client(), 3, ""), Verdict::Keep(_)));
    }

    #[test]
    fn s6_a_stranger_neither_uses_nor_ends_it() {
        let stranger = || Client { row: ClientRow(2), ..public() };
        for generation in [1, 2, 3] {
            assert!(refused(&verdict(&active(), stranger(), generation, "")));
        }
    }

    #[test]
    fn what_has_ended_is_refused() {
        let good = active();
        let changed = |change: fn(&mut Standing)| {
            let mut standing = good.clone();
            change(&mut standing);
            standing
        };
        for standing in [
            changed(|it| it.grant.state = GrantState::Revoked),
            changed(|it| it.grant.state = GrantState::Pending),
            changed(|it| it.grant.expires_at = NOW),
            changed(|it| it.grant.refresh_until = Some(NOW)),
            changed(|it| it.grant.refresh_until = None),
            changed(|it| it.user_enabled = false),
            changed(|it| it.session_ended = true),
        ] {
            assert!(refused(&verdict(&standing, public(), 3, "")));
        }
    }

    #[test]
    fn backchannel_s2_7_what_was_given_for_use_while_away_outlives_a_sign_out() {
        let mut standing = active();
        (standing.session_ended, standing.grant.scope) = (true, Scope::parse("read offline_access").unwrap());
        assert!(standing.is_good(&public(), NOW) && !refused(&verdict(&standing, public(), 3, "")));
        standing.user_enabled = false;
        assert!(refused(&verdict(&standing, public(), 3, "")));
    }

    #[test]
    fn s6_scope_is_narrowed_never_widened_and_follows_what_the_app_may_have() {
        let scope = |client: Client, form: &str| match verdict(&active(), client, 3, form) {
            Verdict::Keep(approved) => Ok(approved.scope().to_string()),
            Verdict::Refused(error) => Err(error.code),
            other => panic!("{other:?}"),
        };
        assert_eq!(scope(client(), ""), Ok("read write".to_owned()));
        assert_eq!(scope(client(), "scope=read"), Ok("read".to_owned()));
        assert_eq!(scope(client(), "scope=read+admin"), Err(ErrorCode::InvalidScope));
        let mut less = client();
        less.registration.scope = Scope::parse("read").unwrap();
        assert_eq!(scope(less.clone(), ""), Ok("read".to_owned()));
        assert_eq!(scope(less.clone(), "scope=write"), Err(ErrorCode::InvalidScope));
        less.registration.scope = Scope::parse("other").unwrap();
        assert_eq!(scope(less, ""), Err(ErrorCode::InvalidScope), "nothing is left, and nothing is no scope");
    }

    #[test]
    fn s6_a_grant_of_nothing_is_refreshed_to_nothing() {
        let mut standing = active();
        standing.grant.scope = Scope::default();
        let Verdict::Keep(approved) = verdict(&standing, client(), 3, "") else { panic!() };
        assert!(approved.scope().is_empty());
    }

    #[test]
    fn the_idle_limit_moves_and_the_absolute_one_does_not() {
        let Verdict::Rotate(approved) = verdict(&active(), public(), 3, "") else { panic!() };
        assert_eq!(approved.expires_at(), NOW.plus(Seconds::days(30)));
        let mut near_the_end = active();
        near_the_end.grant.refresh_until = Some(NOW.plus(Seconds::days(1)));
        let Verdict::Rotate(approved) = verdict(&near_the_end, public(), 3, "") else { panic!() };
        assert_eq!(approved.expires_at(), NOW.plus(Seconds::days(1)));
    }
}

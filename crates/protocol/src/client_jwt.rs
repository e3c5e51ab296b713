//! RFC 7519, RFC 8725: what holds for every JWT that a client signs, whatever it says.

use crate::error::OAuthError;
use crate::jose::{Claims, SignedJwt, VerifyError};
use crate::types::{Seconds, Timestamp};

/// How far the clocks of clients may be from ours.
pub(crate) const SKEW: Seconds = Seconds(60);

/// Why a JWT of a client proved nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// No key that is known of the client signed it: the client may have published another since.
    UnknownKey(OAuthError),
    /// It is refused whatever keys the client has.
    Refused(OAuthError),
}

impl Unproven {
    pub(crate) fn of(error: VerifyError, refuse: impl Fn(&'static str) -> OAuthError) -> Self {
        let refusal = refuse(error.description());
        if error == VerifyError::UnknownKey { Self::UnknownKey(refusal) } else { Self::Refused(refusal) }
    }
}

impl From<OAuthError> for Unproven {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error)
    }
}

impl From<Unproven> for OAuthError {
    fn from(unproven: Unproven) -> Self {
        match unproven {
            Unproven::UnknownKey(error) | Unproven::Refused(error) => error,
        }
    }
}

/// RFC 8725 §3.11: whether a JWT says of what kind it is, and that it is of another than `kind`.
pub(crate) fn is_of_another_kind(jwt: &SignedJwt<'_>, kind: &str) -> bool {
    jwt.typ().is_some_and(|typ| {
        // RFC 7515 §4.1.9: application/ may be left out, and is meant where there is no slash.
        let name = match typ.split_once('/') {
            Some((family, name)) if family.eq_ignore_ascii_case("application") => name,
            _ => typ,
        };
        !name.eq_ignore_ascii_case("JWT") && !name.eq_ignore_ascii_case(kind)
    })
}

/// What is wrong with the times of a JWT, as far as it has any.
pub(crate) fn check_times(claims: &Claims, now: Timestamp) -> Result<(), &'static str> {
    // RFC 7519 §4.1.4: not on or after exp.
    if claims.exp.is_some_and(|exp| now >= exp.plus(SKEW)) {
        return Err("the JWT has expired: its exp is in the past");
    }
    // RFC 7519 §4.1.5: not before nbf. RFC 7523 §3: nor where it says that it was made in the future.
    if [claims.nbf, claims.iat].into_iter().flatten().any(|begin| begin > now.plus(SKEW)) {
        return Err("nbf and iat of the JWT must not be in the future: check the clock of the app");
    }
    Ok(())
}

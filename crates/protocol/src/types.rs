//! The small values everything else is made of. They carry meaning and unit, and nothing else.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A moment, in whole seconds since 1970-01-01T00:00:00Z (RFC 7519 §2 `NumericDate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `seconds` after the Unix epoch.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    pub const fn as_unix(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later, or the last one there is.
    pub const fn plus(self, seconds: Seconds) -> Self {
        Self(self.0.saturating_add(seconds.0))
    }

    /// Whether less than `time` has passed since, up to `now`. A clock that was set back makes everything stale, not everything fresh.
    pub fn is_within(self, time: Seconds, now: Self) -> bool {
        self <= now && now.since(self) < time
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub const fn since(self, earlier: Self) -> Seconds {
        let difference = self.0.saturating_sub(earlier.0);
        Seconds(if difference > 0 { difference } else { 0 })
    }
}

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub i64);

impl Seconds {
    /// This many minutes.
    pub const fn minutes(n: i64) -> Self {
        Self(n * 60)
    }

    /// This many hours.
    pub const fn hours(n: i64) -> Self {
        Self(n * 3_600)
    }

    /// This many days.
    pub const fn days(n: i64) -> Self {
        Self(n * 86_400)
    }
}

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

row_id! {
    /// The immutable id of a workspace. It leaves the server only as associated data of a seal.
    WorkspaceId
}
row_id! {
    /// The row of a user within a workspace. Outside tools see the user's `subject` instead.
    UserId
}
row_id! {
    /// The row of a client within a workspace. Outside tools see its `client_id` instead.
    ClientRow
}
row_id! {
    /// The row of a session within a workspace.
    SessionId
}
row_id! {
    /// The row of a grant within a workspace: the root of a token family.
    GrantId
}

/// A value that must not be shown: it prints as `***`, in logs and in debugging alike.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself; the word is long so that every use of it is seen in review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The grants an app may use, by their wire value (RFC 6749 §4, RFC 7591 §2 `grant_types`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §4.2.
    Implicit,
    /// RFC 6749 §4.3.
    Password,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §6.
    RefreshToken,
}

impl GrantType {
    /// Every grant type, in the order in which RFC 6749 presents them.
    pub const ALL: [Self; 5] =
        [Self::AuthorizationCode, Self::Implicit, Self::Password, Self::ClientCredentials, Self::RefreshToken];

    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::Password => "password",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// The grant type with this wire value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    }

    #[test]
    fn time_never_runs_backwards() {
        let now = Timestamp::from_unix(1_000);
        assert_eq!(now.since(now.plus(Seconds(5))), Seconds(0));
        assert_eq!(now.plus(Seconds(5)).since(now), Seconds(5));
        assert_eq!(Timestamp::from_unix(i64::MAX).plus(Seconds(1)).as_unix(), i64::MAX);
    }
}

//! The lifetimes of the app form: whole seconds, or empty for the workspace's.

use crate::form::Fields;
use crate::portal::form::Lifetimes;
use grantry_protocol::client::LifetimeOverrides;
use grantry_protocol::types::Seconds;

impl Lifetimes {
    /// What an app sets for itself.
    pub(super) fn of(own: &LifetimeOverrides) -> Self {
        let text = |seconds: Option<Seconds>| seconds.map(|seconds| seconds.0.to_string()).unwrap_or_default();
        Self {
            code: text(own.code),
            access_token: text(own.access_token),
            refresh_token_idle: text(own.refresh_idle),
            refresh_token_absolute: text(own.refresh_absolute),
        }
    }

    /// What was posted.
    pub(super) fn typed(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).trim().to_owned();
        Self {
            code: text("code_lifetime"),
            access_token: text("access_token_lifetime"),
            refresh_token_idle: text("refresh_token_idle"),
            refresh_token_absolute: text("refresh_token_absolute"),
        }
    }

    /// What was typed, as numbers.
    pub(super) fn read(&self) -> LifetimeOverrides {
        LifetimeOverrides {
            code: seconds(&self.code),
            access_token: seconds(&self.access_token),
            refresh_idle: seconds(&self.refresh_token_idle),
            refresh_absolute: seconds(&self.refresh_token_absolute),
        }
    }
}

/// What is no number of seconds is -1 of them: no lifetime, so that the rules refuse it and name the bounds.
fn seconds(text: &str) -> Option<Seconds> {
    let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    (!text.is_empty()).then(|| Seconds(number.unwrap_or(-1)))
}

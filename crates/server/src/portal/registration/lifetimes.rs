//! The lifetimes of the app form: whole seconds within bounds, or empty for the workspace's.

use super::keep;
use crate::form::Fields;
use crate::portal::form::{FormErrors, Lifetimes};
use grantry_protocol::client::LifetimeOverrides;
use grantry_protocol::types::Seconds;
use grantry_protocol::workspace;
use std::ops::RangeInclusive;

/// RFC 6749 §4.1.2 recommends ten minutes at most; in less than ten seconds a slow network could not answer.
const CODE: RangeInclusive<i64> = 10..=600;
/// Up to a day: nothing but revocation ends it earlier.
const ACCESS_TOKEN: RangeInclusive<i64> = 60..=86_400;
/// Up to a year without use.
const REFRESH_IDLE: RangeInclusive<i64> = 300..=31_536_000;
/// Up to ten years in all.
const REFRESH_ABSOLUTE: RangeInclusive<i64> = 300..=315_360_000;

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

    pub(super) fn check(&self, defaults: &workspace::Lifetimes, errors: &mut FormErrors) -> LifetimeOverrides {
        let code = keep(seconds(&self.code, CODE), &mut errors.code).flatten();
        let access_token = keep(seconds(&self.access_token, ACCESS_TOKEN), &mut errors.access_token).flatten();
        let idle = keep(seconds(&self.refresh_token_idle, REFRESH_IDLE), &mut errors.refresh_token_idle).flatten();
        let absolute = seconds(&self.refresh_token_absolute, REFRESH_ABSOLUTE);
        let absolute = keep(absolute, &mut errors.refresh_token_absolute).flatten();
        let chosen = idle.is_some() || absolute.is_some();
        let effective = (idle.unwrap_or(defaults.refresh_idle), absolute.unwrap_or(defaults.refresh_absolute));
        if chosen && effective.1 < effective.0 && errors.refresh_token_absolute.is_none() {
            errors.refresh_token_absolute =
                Some(format!("In all it lives at least as long as unused: {} seconds or more.", effective.0.0));
        }
        LifetimeOverrides { code, access_token, refresh_idle: idle, refresh_absolute: absolute }
    }
}

fn seconds(text: &str, bounds: RangeInclusive<i64>) -> Result<Option<Seconds>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|number| text.bytes().all(|b| b.is_ascii_digit()) && bounds.contains(number));
    let wrong = || format!("Whole seconds between {} and {}, or nothing.", bounds.start(), bounds.end());
    number.map(|number| Some(Seconds(number))).ok_or_else(wrong)
}

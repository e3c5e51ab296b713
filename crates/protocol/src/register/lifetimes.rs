//! How long the tokens of an app, or of all apps of a workspace, may live.

use super::{Field, Problem};
use crate::client::LifetimeOverrides;
use crate::error::Rule;
use crate::types::Seconds;
use crate::workspace::Lifetimes;

const DAY: i64 = 86_400;

/// Everything that is wrong with the lifetimes that were not so before: an app's own, or those to be its workspace's.
/// `rest` is in force where none is asked for.
pub fn check_lifetimes(asked: &LifetimeOverrides, before: &LifetimeOverrides, rest: &Lifetimes) -> Vec<Problem> {
    let in_force = asked.over(rest);
    let (idle, absolute) = (in_force.refresh_idle.0, in_force.refresh_absolute.0);
    let mut problems = Vec::new();
    let mut check = |field, what, new: Option<Seconds>, before, (least, most)| {
        if new != before && new.is_some_and(|Seconds(new)| !(least..=most).contains(&new)) {
            let rule = (field == Field::CodeLifetime).then_some(Rule::rfc(6749, "4.1.2"));
            let message = format!("the lifetime of {what} is between {least} and {most} whole seconds");
            problems.push(Problem { field, message, rule });
        }
    };
    // RFC 6749 §4.1.2: ten minutes at most; and in less than ten seconds a slow network could not answer.
    check(Field::CodeLifetime, "a code", asked.code, before.code, (10, 600));
    // Up to a day: nothing but revocation ends it earlier.
    check(Field::AccessTokenLifetime, "an access token", asked.access_token, before.access_token, (60, DAY));
    // Up to a year without use, up to ten years in all.
    check(Field::RefreshIdle, "an unused refresh token", asked.refresh_idle, before.refresh_idle, (300, 365 * DAY));
    let family = (asked.refresh_absolute, before.refresh_absolute);
    check(Field::RefreshAbsolute, "a refresh token family", family.0, family.1, (300, 3_650 * DAY));
    // A family that ends before an unused token of it would make the longer number an empty promise.
    let is_new = (asked.refresh_idle, family.0) != (before.refresh_idle, family.1);
    if is_new && asked.refresh_idle.or(family.0).is_some() && absolute < idle {
        let message =
            format!("a refresh token family lives at least as long as an unused refresh token: {idle} seconds");
        problems.push(Problem { field: Field::RefreshAbsolute, message, rule: None });
    }
    problems
}

//! Moments, lengths of time and addresses, in the words of a page.

use crate::pages::layout::When;
use grantry_protocol::Timestamp;
use grantry_protocol::types::Seconds;
use jiff::tz::TimeZone;
use url::Url;

/// A moment, for a `<time>` element; in UTC, since the server does not know the reader's clock.
pub(crate) fn when(moment: Timestamp) -> When {
    When { iso: format(moment, "%Y-%m-%dT%H:%M:%SZ"), text: format(moment, "%Y-%m-%d %H:%M UTC") }
}

/// A day.
pub(crate) fn day(moment: Timestamp) -> String {
    format(moment, "%Y-%m-%d")
}

fn format(moment: Timestamp, pattern: &str) -> String {
    let moment = jiff::Timestamp::from_second(moment.as_unix()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_zoned(TimeZone::UTC).strftime(pattern).to_string()
}

/// A length of time in the largest unit that divides it: `60 seconds`, `1 hour`, `30 days`.
pub(crate) fn duration(length: Seconds) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    // One minute and less reads better in seconds, as the RFCs do.
    let (size, unit) = units
        .into_iter()
        .find(|(size, _)| length.0 > *size && length.0 % size == 0 || length.0 == *size && *size > 60)
        .unwrap_or((1, "second"));
    let count = length.0 / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Scheme and host of a redirect URI; the scheme alone where it has no host.
pub(crate) fn origin(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_aloud() {
        for (seconds, words) in [
            (1, "1 second"),
            (60, "60 seconds"),
            (90, "90 seconds"),
            (120, "2 minutes"),
            (3_600, "1 hour"),
            (5_400, "90 minutes"),
            (86_400, "1 day"),
            (2_592_000, "30 days"),
        ] {
            assert_eq!(duration(Seconds(seconds)), words);
        }
    }

    #[test]
    fn moments_are_in_utc() {
        let moment = Timestamp::from_unix(1_700_000_000);
        assert_eq!(when(moment).iso, "2023-11-14T22:13:20Z");
        assert_eq!(day(moment), "2023-11-14");
    }
}

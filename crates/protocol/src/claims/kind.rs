//! OpenID Connect Core §5.1: what the value of a claim looks like, read from text as a person or an operator types it.

use super::ADDRESS_MEMBERS;
use crate::plain::is_plain;
use serde_json::{Map, Value};
use url::Url;

/// Longest name or other short text, in characters.
const LONGEST_TEXT: usize = 100;
/// Longest text of several lines, in characters.
const LONGEST_LINES: usize = 500;
/// Longest address of a page, in bytes.
const LONGEST_URL: usize = 1_000;
/// Longest email address, in bytes (RFC 5321 §4.5.3.1.3, without its angle brackets).
const LONGEST_EMAIL: usize = 254;
/// Longest phone number, time zone or language, in bytes.
const LONGEST_CODE: usize = 64;

/// What the value of a claim looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line of text.
    Text,
    /// Text of several lines.
    Lines,
    /// The address of something on the web.
    Url,
    /// An email address.
    Email,
    /// A phone number.
    PhoneNumber,
    /// `YYYY-MM-DD`, `YYYY`, or `0000-MM-DD` without a year.
    Birthdate,
    /// A name of the time zone database.
    Zoneinfo,
    /// A language tag.
    Locale,
    /// `true` or `false`.
    Boolean,
    /// Seconds since 1970-01-01T00:00:00Z.
    Moment,
    /// A JSON object with the members of §5.1.1.
    Address,
}

impl Kind {
    /// The value that a text stands for. Otherwise: what would be accepted.
    pub fn read(self, text: &str) -> Result<Value, &'static str> {
        match self {
            // OpenID Connect Core §5.1: JSON true and false, and a JSON number.
            Self::Boolean => text.parse().map(Value::Bool).map_err(|_| self.accepted()),
            Self::Moment => text.parse::<i64>().map(Value::from).map_err(|_| self.accepted()),
            // OpenID Connect Core §5.1.1: a JSON object.
            Self::Address => read_address(text).map(Value::Object).ok_or(self.accepted()),
            _ if self.is_accepted(text) => Ok(Value::from(text)),
            _ => Err(self.accepted()),
        }
    }

    /// Whether a text can be the value of a claim that is text.
    fn is_accepted(self, text: &str) -> bool {
        match self {
            Self::Text => is_text(text, LONGEST_TEXT, false),
            Self::Lines => is_text(text, LONGEST_LINES, true),
            Self::Url => is_url(text),
            Self::Email => is_email(text),
            Self::PhoneNumber => is_phone_number(text),
            Self::Birthdate => is_birthdate(text),
            Self::Zoneinfo => is_zone(text),
            Self::Locale => is_language_tag(text),
            Self::Boolean | Self::Moment | Self::Address => false,
        }
    }

    /// What is accepted, in words that follow *it is* or *please type*.
    const fn accepted(self) -> &'static str {
        match self {
            Self::Text => "one line of at most 100 characters",
            Self::Lines => "at most 500 characters",
            Self::Url => "a web address that begins with https:// or http://, of at most 1000 characters",
            Self::Email => "an email address, such as name@example.com",
            Self::PhoneNumber => "a phone number, such as +1 555 010 0199",
            Self::Birthdate => "a date such as 1990-01-31, a year such as 1990, or 0000-01-31 without the year",
            Self::Zoneinfo => "a time zone, such as Europe/Berlin",
            Self::Locale => "a language, such as en or en-GB",
            Self::Boolean => "true or false",
            Self::Moment => "a moment in seconds since 1970-01-01T00:00:00Z",
            Self::Address => {
                "a JSON object of texts named formatted, street_address, locality, region, postal_code, country"
            }
        }
    }
}

fn is_text(text: &str, longest: usize, lines: bool) -> bool {
    let fits = |line: &str| line.is_empty() || is_plain(line.trim());
    let shown = if lines { text.split('\n').all(fits) && text.trim() == text } else { is_plain(text) };
    shown && !text.is_empty() && text.chars().count() <= longest
}

/// OpenID Connect Core §5.1: the URL of a page or an image. Apps link to it, so it must not be one that runs (`javascript:`) or that
/// shows another place than it leads to (`https://bank.example@evil.example`).
fn is_url(text: &str) -> bool {
    // A parser drops some characters, which whoever reads the text would keep.
    let is_whole =
        text.len() <= LONGEST_URL && !text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\');
    let begins = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
    let has_place = |url: Url| url.has_host() && url.username().is_empty() && url.password().is_none();
    is_whole && begins && Url::parse(text).is_ok_and(has_place)
}

/// OpenID Connect Core §5.1: the addr-spec of RFC 5322 §3.4.1, as far as addresses in use go: unquoted, at a host name.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let special = |c: char| c.is_control() || c.is_whitespace() || "()<>[]:;@\\,\"".contains(c);
    let dotted = |text: &str, fits: &dyn Fn(char) -> bool| {
        text.split('.').all(|part| !part.is_empty() && part.chars().all(fits))
    };
    let in_host = |c: char| c.is_alphanumeric() || c == '-';
    text.len() <= LONGEST_EMAIL && dotted(local, &|c| !special(c)) && dotted(domain, &in_host)
}

/// OpenID Connect Core §5.1: E.164 or RFC 3966 are recommended, so other ways to write a number are accepted.
fn is_phone_number(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b" +()-./;=".contains(&b);
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '(');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() <= LONGEST_CODE && text.trim() == text && begins && digits >= 3 && text.bytes().all(fits)
}

/// OpenID Connect Core §5.1: ISO 8601-1 `YYYY-MM-DD`, whose year may be 0000 for none, or `YYYY` alone.
fn is_birthdate(text: &str) -> bool {
    let number = |part: &str, digits: usize| {
        let is_number = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse::<u16>().ok())?
    };
    match text.split('-').collect::<Vec<_>>()[..] {
        [year] => number(year, 4).is_some_and(|year| year > 0),
        [year, month, day] => match (number(year, 4), number(month, 2), number(day, 2)) {
            (Some(year), Some(month), Some(day)) => (1..=days_of(year, month)).contains(&day),
            _ => false,
        },
        _ => false,
    }
}

/// How many days a month has; the year 0 may be any.
const fn days_of(year: u16, month: u16) -> u16 {
    match month {
        2 if year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// OpenID Connect Core §5.1: a name of the time zone database, as far as its form tells.
fn is_zone(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_+-".contains(&b);
    let is_part = |part: &str| part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(fits);
    text.len() <= LONGEST_CODE && text.split('/').all(is_part)
}

/// OpenID Connect Core §5.1, §5.2: a language tag of BCP 47 (RFC 5646 §2.1), as far as its form tells.
pub(super) fn is_language_tag(text: &str) -> bool {
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let begins = text.split('-').next().is_some_and(|part| part.bytes().all(|b| b.is_ascii_alphabetic()));
    text.len() <= LONGEST_CODE && begins && text.split('-').all(is_subtag)
}

/// OpenID Connect Core §5.1.1: nothing but its members, each a text; none where there is none.
fn read_address(text: &str) -> Option<Map<String, Value>> {
    let address = serde_json::from_str::<Map<String, Value>>(text).ok()?;
    let is_member = |(name, value): (&String, &Value)| {
        let member = ADDRESS_MEMBERS.iter().find(|(own, _)| own == name);
        member.zip(value.as_str()).is_some_and(|((_, kind), text)| kind.is_accepted(text))
    };
    (!address.is_empty() && address.iter().all(is_member)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(kind: Kind, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(kind.read(text), Ok(Value::from(*text)), "{kind:?} {text}");
        }
        for text in bad.iter().chain(&["", " ", "a\0", "a\u{7f}"]) {
            assert_eq!(kind.read(text), Err(kind.accepted()), "{kind:?} {text:?}");
        }
    }

    #[test]
    fn s5_1_text_is_one_line() {
        check(Kind::Text, &["Bob", "Zoë von der Straße", &"é".repeat(100)], &[" Bob", "a\nb", &"a".repeat(101)]);
        check(Kind::Lines, &["Bob", "a\nb", &"é".repeat(500)], &["a\n", "a\rb", &"a".repeat(501)]);
    }

    #[test]
    fn s5_1_a_url_leads_to_the_web_and_where_it_says() {
        let long = format!("https://example.com/{}", "a".repeat(981));
        check(
            Kind::Url,
            &["https://example.com", "http://example.com/~bob?a=b#c", "https://[::1]:8443/", &long[..1_000]],
            &[
                "javascript:alert(1)",
                "JavaScript://example.com/%0aalert(1)",
                "java\tscript:alert(1)",
                "data:text/html,hello",
                "ftp://example.com",
                "//example.com",
                "example.com",
                "https://",
                "https:///example.com:x",
                "https:example.com",
                "https:\\\\example.com",
                "https://bank.example@evil.example/",
                "https://bank.example\\@evil.example/",
                "https://:pw@evil.example/",
                "https://exa\nmple.com/",
                "https://example.com/ b",
                " https://example.com/",
                &long,
            ],
        );
    }

    #[test]
    fn s5_1_an_email_address_is_plausible() {
        let long = format!("{}@example.com", "a".repeat(243));
        check(
            Kind::Email,
            &["bob@example.com", "b.o'b+x=y@sub.example.com", "bob@localhost", "bøb@bücher.example", &long[1..]],
            &[
                "bob",
                "@",
                "bob@",
                "@example.com",
                "a@b@c",
                "a b@example.com",
                "a@exa mple.com",
                ".a@example.com",
                "a..b@example.com",
                "a@example..com",
                "a@example.com.",
                "<a@example.com>",
                "a@example.com,b@example.com",
                "a@[127.0.0.1]",
                &long,
            ],
        );
    }

    #[test]
    fn s5_1_a_phone_number_is_plausible() {
        check(
            Kind::PhoneNumber,
            &["+1 (425) 555-1212", "+56 (2) 687 2400", "+1 (604) 555-1234;ext=5678", "030 12345", "112"],
            &["call me", "+", "12", "tel:112233", "+1 555\n0199", "112<b>", "１２３４", &"1".repeat(65)],
        );
    }

    #[test]
    fn s5_1_a_birthdate_may_lack_day_or_year() {
        check(
            Kind::Birthdate,
            &["1990-01-31", "2000-02-29", "0000-02-29", "0000-12-31", "1990"],
            &[
                "1990-1-31",
                "1990-01-32",
                "1990-00-10",
                "1990-13-01",
                "1900-02-29",
                "2001-02-29",
                "1990-04-31",
                "1990-01",
                "0000",
                "90",
                "31.01.1990",
                "1990-01-31T00:00:00",
                "-1990-01-31",
                "+990-01-31",
                "1990-01-00",
            ],
        );
    }

    #[test]
    fn s5_1_a_zone_and_a_language_have_their_forms() {
        check(
            Kind::Zoneinfo,
            &["Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+10", "UTC", "America/Port-au-Prince"],
            &["/etc/passwd", "Europe/", "Europe//Paris", "../etc", "Europe Paris", "+01:00", &"a".repeat(65)],
        );
        check(
            Kind::Locale,
            &["en", "en-US", "zh-Hant-TW", "de-CH-1996", "sr-Latn"],
            &["en_US", "-en", "en-", "1e", "en--US", "en US", "englishlanguage", "日本", &"en-".repeat(30)],
        );
    }

    #[test]
    fn s5_1_booleans_and_moments_are_json() {
        assert_eq!(Kind::Boolean.read("true"), Ok(json!(true)));
        assert_eq!(Kind::Moment.read("7"), Ok(json!(7)));
        for (kind, bad) in [(Kind::Boolean, "yes"), (Kind::Boolean, "1"), (Kind::Moment, "now"), (Kind::Moment, "1.5")]
        {
            assert_eq!(kind.read(bad), Err(kind.accepted()), "{bad}");
        }
    }

    #[test]
    fn s5_1_1_an_address_is_an_object_of_texts() {
        let good = json!({"formatted": "1 Street\nTown", "country": "Nowhere"});
        assert_eq!(Kind::Address.read(&good.to_string()), Ok(good));
        for bad in [
            json!("1 Street"),
            json!({}),
            json!([]),
            json!({"street": "1 Street"}),
            json!({"country": 1}),
            json!({"country": null}),
            json!({"country": "a\nb"}),
            json!({"formatted": "a".repeat(501)}),
        ] {
            assert_eq!(Kind::Address.read(&bad.to_string()), Err(Kind::Address.accepted()), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_for_a_url_is_one_of_the_web(text in "(https?:|javascript:|\\PC{0,4})[/\\\\]{0,3}\\PC{0,30}") {
            if Kind::Url.read(&text).is_ok() {
                let url = Url::parse(&text).unwrap();
                prop_assert!(["http", "https"].contains(&url.scheme()) && url.has_host() && url.username().is_empty());
            }
        }

        #[test]
        fn no_text_makes_a_kind_panic(text in "\\PC{0,40}|[0-9-]{0,12}") {
            for claim in &super::super::STANDARD {
                let _ = claim.kind.read(&text);
            }
        }
    }
}

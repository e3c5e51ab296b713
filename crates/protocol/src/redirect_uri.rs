//! Redirect URIs: what may be registered, and when a presented one is the registered one
//! (RFC 6749 §3.1.2, RFC 8252 §7.3, RFC 9700 §4.1.3). The only matcher in the product.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use url::Url;

/// A redirect URI that passed the checks of registration, kept as the exact string. One that is read back is not checked again:
/// what was registered stays registered when the rules become stricter ([`crate::register`] checks what is new).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

/// Longest URI that can be registered, in bytes.
pub const MAX_LENGTH: usize = 2_000;

impl RedirectUri {
    /// Checks a URI at the door where it is registered; the error says what is wrong with it.
    pub fn register(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_LENGTH {
            return Err("a redirect URI has at most 2000 bytes");
        }
        // RFC 3986 §2: a URI is printable ASCII; everything else is percent-encoded.
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(
                "a redirect URI has no spaces or other characters outside printable ASCII; percent-encode them",
            );
        }
        if text.contains('\\') || text.contains('"') || text.contains('<') || text.contains('>') {
            return Err("a redirect URI has no quotes, angle brackets or backslashes; percent-encode them");
        }
        // RFC 6749 §3.1.2: an absolute URI without a fragment.
        if text.contains('#') {
            return Err("a redirect URI must not have a fragment (the part from #)");
        }
        // RFC 9700 §4.1.3: no pattern matching.
        if text.contains('*') {
            return Err("a redirect URI is compared exactly: write each one out, without wildcards");
        }
        let Ok(url) = Url::parse(text) else {
            return Err("a redirect URI must be absolute, such as https://app.example/callback");
        };
        check_scheme(text, &url)?;
        check_path(text)?;
        check_query(&url)?;
        Ok(Self(text.to_owned()))
    }

    /// The exact registered string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a presented URI is this one.
    pub fn matches(&self, presented: &str) -> bool {
        // RFC 9700 §4.1.3: simple string comparison.
        if self.0 == presented {
            return true;
        }
        // RFC 8252 §7.3: at a loopback IP address any port, and everything else the same.
        match (loopback_without_port(&self.0), loopback_without_port(presented)) {
            (Some(registered), Some(presented)) => registered == presented,
            _ => false,
        }
    }

    /// The origin that a browser sends from pages of this URI, for CORS; none for schemes without one.
    pub fn origin(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_scheme(text: &str, url: &Url) -> Result<(), &'static str> {
    match url.scheme() {
        "https" | "http" => {
            // RFC 9110 §4.2: an http(s) URI has an authority; parsers mend what lacks one, and we compare strings.
            let Some(authority) = authority(text) else {
                return Err(
                    "a redirect URI starts with https:// (or http:// on the same machine) and a host, in lower case",
                );
            };
            check_authority(authority)?;
            // RFC 9110 §4.2.4: userinfo in an http(s) URI is a way to deceive.
            if authority.contains('@') {
                return Err("a redirect URI must not carry a user name or password before the host");
            }
            // RFC 8252 §8.3, RFC 9700 §2.6: plain http only on the same machine.
            if url.scheme() == "http" && !is_local(url) {
                return Err("a redirect URI uses https; plain http is for localhost, 127.0.0.1 and [::1] only");
            }
            Ok(())
        }
        // A scheme that a browser itself runs or renders is never a place to send a code.
        "javascript" | "data" | "vbscript" | "blob" | "file" | "filesystem" | "about" | "ftp" | "ws" | "wss"
        | "view-source" => {
            Err("this URI scheme can run or show content in the browser itself and cannot receive an answer")
        }
        // RFC 8252 §7.1: a private-use scheme is a reversed domain name that the app's maker controls.
        scheme if scheme.contains('.') => Ok(()),
        _ => Err("a private-use scheme is a reversed domain name of yours, such as com.example.app:/callback"),
    }
}

/// RFC 3986 §3.2.2: a registered name without percent-encoding, an IPv4 address in four parts, or an IPv6 address in brackets.
fn check_authority(authority: &str) -> Result<(), &'static str> {
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, rest)| rest);
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host_and_port, None),
    };
    let name = |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let bracketed = |host: &str| host.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    // Parsers take 127.1 and 0x7f.1 for addresses, and we compare strings.
    let numeric = host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    let good_host = bracketed(host).is_some() || name(host) && (!numeric || host.parse::<Ipv4Addr>().is_ok());
    let good_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if good_host && good_port {
        return Ok(());
    }
    Err("the host of a redirect URI is a plain name or an IP address, and its port a number from 1 to 65535")
}

/// RFC 6749 §3.1: parameters must not be included more than once, and the answer brings these.
fn check_query(url: &Url) -> Result<(), &'static str> {
    const OURS: [&str; 12] = [
        "access_token",
        "code",
        "error",
        "error_description",
        "error_uri",
        "expires_in",
        "id_token",
        "iss",
        "scope",
        "session_state",
        "state",
        "token_type",
    ];
    if url.query_pairs().any(|(name, _)| OURS.contains(&name.as_ref())) {
        return Err(
            "the query of a redirect URI must not hold a parameter that the answer brings, such as code or state",
        );
    }
    Ok(())
}

/// The authority of an http(s) URI whose host and port are written plainly.
pub(crate) fn plain_authority(text: &str) -> Option<&str> {
    authority(text).filter(|authority| check_authority(authority).is_ok())
}

/// The part between `//` and the path, as it stands in the text.
fn authority(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())
}

fn check_path(text: &str) -> Result<(), &'static str> {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let lower = path.to_ascii_lowercase();
    // RFC 3986 §6.2.2: two spellings of one path would be two strings here and one page at the app.
    if lower.contains("%2e") || lower.contains("%2f") || lower.contains("%5c") {
        return Err("the path of a redirect URI must not hide dots or slashes in percent-encoding");
    }
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        return Err("the path of a redirect URI must not contain . or .. segments");
    }
    Ok(())
}

/// Whether a URL stays on this machine.
pub(crate) fn is_local(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// An `http` URI of a loopback IP, split around its port; `localhost` is a name, not an IP (RFC 8252 §8.3).
fn loopback_without_port(text: &str) -> Option<(&'static str, &str)> {
    for host in ["http://127.0.0.1", "http://[::1]"] {
        let Some(rest) = text.strip_prefix(host) else { continue };
        let Some(after_colon) = rest.strip_prefix(':') else {
            return rest.starts_with(['/', '?']).then_some((host, rest)).or(rest.is_empty().then_some((host, rest)));
        };
        let end = after_colon.find(|c: char| !c.is_ascii_digit()).unwrap_or(after_colon.len());
        let (port, tail) = after_colon.split_at(end);
        let good_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        return (good_port && (tail.is_empty() || tail.starts_with(['/', '?']))).then_some((host, tail));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn s3_1_2_what_can_be_registered() {
        for good in [
            "https://app.example/cb",
            "https://app.example:8443/cb?tenant=1",
            "http://127.0.0.1/cb",
            "http://[::1]:3000/cb",
            "http://localhost:3000/cb",
            "com.example.app:/oauth",
            "com.example.app://callback",
        ] {
            assert!(RedirectUri::register(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "app.example/cb",
            "https://app.example/cb#x",
            "https://app.example/cb#",
            "https://user@app.example/cb",
            "https://user:pass@app.example/cb",
            "https://@app.example/cb",
            "http://app.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "myapp:/cb",
            "https://app.example/a/../cb",
            "https://app.example/%2e%2e/cb",
            "https://app.example/a%2Fb",
            "https://app.example\\@evil.example/cb",
            "https://app.example/c b",
            "https://app.example/*",
            "https:///cb",
            "https:app.example/cb",
            "https://a.example;sandbox/cb",
            "https://a.example,b.example/cb",
            "https://a%2eexample/cb",
            "https://app.example:0/cb",
            "https://app.example:/cb",
            "http://127.1/cb",
            "http://0x7f.1/cb",
            "https://app.example/cb?code=x",
            "https://app.example/cb?session_state=x",
            "https://app.example/cb?a=1&st%61te=y",
            "https://app.example/\u{e9}",
            "https://app.example/\n",
        ] {
            assert!(RedirectUri::register(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rfc9700_s4_1_3_comparison_is_exact() {
        let registered = RedirectUri::register("https://app.example/cb").unwrap();
        assert!(registered.matches("https://app.example/cb"));
        for other in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://APP.example/cb",
            "https://app.example:443/cb",
            "https://app.example/cb?x=1",
            "https://app.example/cb#x",
            "https://app.example/%63b",
            "http://app.example/cb",
            "https://user@app.example/cb",
        ] {
            assert!(!registered.matches(other), "{other}");
        }
    }

    #[test]
    fn rfc8252_s7_3_only_the_port_of_a_loopback_ip_may_differ() {
        let registered = RedirectUri::register("http://127.0.0.1/cb").unwrap();
        assert!(registered.matches("http://127.0.0.1:49152/cb"));
        for other in [
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80/CB",
            "http://127.0.0.2:80/cb",
            "http://[::1]:80/cb",
            "https://127.0.0.1:80/cb",
            "http://localhost:80/cb",
            "http://127.0.0.1:80/cb#",
        ] {
            assert!(!registered.matches(other), "{other}");
        }
        let named = RedirectUri::register("http://localhost:3000/cb").unwrap();
        assert!(!named.matches("http://localhost:3001/cb"));
    }

    proptest! {
        #[test]
        fn whatever_registers_matches_itself_and_reads_back(text in "https://[a-z]{1,8}\\.example(:[0-9]{2,4})?/[a-zA-Z0-9/._~?=&%@-]{0,30}") {
            if let Ok(uri) = RedirectUri::register(&text) {
                prop_assert!(uri.matches(&text));
                prop_assert!(!text.contains('#'));
                prop_assert!(Url::parse(&text).unwrap().username().is_empty());
            }
        }

        #[test]
        fn a_presented_text_matches_only_the_same_host(text in "\\PC{0,60}") {
            let registered = RedirectUri::register("http://127.0.0.1:80/cb").unwrap();
            if registered.matches(&text) {
                prop_assert!(Url::parse(&text).unwrap().host_str() == Some("127.0.0.1"));
            }
        }
    }
}

//! RFC 7591 §2, OpenID Connect Registration §2: the addresses that a client registers, beside its redirect URIs. Most are
//! called by this server or opened by people, so what a browser would run never comes in.

use crate::redirect_uri::{MAX_LENGTH, is_local, plain_authority};
use url::Url;

/// What an address is for, and so what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// This server reads it, or posts to it: https.
    Called,
    /// The same, or a browser is sent there: https, and a fragment means something.
    CalledWithFragment,
    /// The browser of a person who signs out loads it: https, or http on the same machine (docs/decisions/0009).
    Framed,
    /// People open it.
    ForPeople,
}

impl Address {
    /// Checks an address; the error says what is wrong with it.
    pub(super) fn check(self, text: &str) -> Result<(), &'static str> {
        // RFC 3986 §2: a URI is printable ASCII; everything else is percent-encoded.
        let plain = text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\'));
        if !plain || text.len() > MAX_LENGTH {
            return Err(
                "a URI has at most 2000 characters of printable ASCII without quotes, angle brackets and backslashes",
            );
        }
        let url = Url::parse(text).map_err(|_| "it is not an absolute URI, such as https://app.example/page")?;
        // RFC 9110 §4.2.4: userinfo in an http(s) URI is a way to deceive.
        if plain_authority(text).is_none_or(|authority| authority.contains('@')) {
            return Err("it is an https URI with a plain host, and without a user name");
        }
        match (url.scheme(), self) {
            ("https", _) | ("http", Self::ForPeople) => {}
            ("http", Self::Framed) if is_local(&url) => {}
            _ => return Err("it is an https URI"),
        }
        if url.fragment().is_some() && matches!(self, Self::Called | Self::Framed) {
            return Err("it has no fragment (the part from #)");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Address; 4] = [Address::Called, Address::CalledWithFragment, Address::Framed, Address::ForPeople];

    /// For which purposes an address is good.
    fn good_for(text: &str) -> Vec<Address> {
        ALL.into_iter().filter(|address| address.check(text).is_ok()).collect()
    }

    #[test]
    fn rfc7591_s2_what_a_browser_would_run_is_refused_at_every_door() {
        for bad in [
            "",
            "app.example",
            "/jwks",
            "javascript:alert(1)",
            "JavaScript://app.example/%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://app.example/",
            "urn:example:x",
            "com.example.app:/x",
            "https:app.example",
            "https:///app.example",
            "https://user@app.example/",
            "https://app.example\\@evil.example/",
            "https://app.example/\"><script>",
            "https://app.example/a b",
            "https://app.example/\u{e9}",
            "https://a%2eexample/",
            "https://0x7f.1/",
            &format!("https://app.example/{}", "x".repeat(2_000)),
        ] {
            assert_eq!(good_for(bad), [], "{bad}");
        }
    }

    #[test]
    fn openid_connect_registration_s2_https_but_for_what_people_open() {
        use Address::{Called, CalledWithFragment, ForPeople, Framed};
        assert_eq!(good_for("https://app.example/x?a=b"), ALL);
        assert_eq!(good_for("https://app.example:8443/x#y"), [CalledWithFragment, ForPeople]);
        assert_eq!(good_for("https://app.example/#"), [CalledWithFragment, ForPeople]);
        assert_eq!(good_for("http://app.example/"), [ForPeople]);
        assert_eq!(good_for("http://127.0.0.1:3000/"), [Framed, ForPeople]);
        assert_eq!(good_for("http://localhost.evil.example/"), [ForPeople]);
        assert!(Called.check("https://app.example").is_ok());
    }
}

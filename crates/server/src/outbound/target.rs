//! The part of a URL that a request needs, of URLs that may be asked at all.

use super::Unreachable;
use axum::http::uri::PathAndQuery;
use url::{Host, Position, Url};

/// Longest URL that is asked, in bytes.
const LONGEST: usize = 2_048;
/// RFC 9110 §4.2.2: where https is spoken unless the URL says otherwise.
const HTTPS_PORT: u16 = 443;

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Target {
    /// A name that has to be looked up, or an address.
    pub(super) host: Host<String>,
    pub(super) port: u16,
    /// The value of `Host`.
    pub(super) authority: String,
    /// What is asked for there. Without the fragment, which is not sent.
    pub(super) path: PathAndQuery,
}

impl Target {
    /// Where this URL leads.
    pub(super) fn of(url: &Url) -> Result<Self, Unreachable> {
        let anonymous = url.username().is_empty() && url.password().is_none();
        if url.scheme() != "https" || !anonymous || url.as_str().len() > LONGEST {
            return Err(Unreachable::NotAllowed);
        }
        let host = url.host().ok_or(Unreachable::NotAllowed)?.to_owned();
        let port = url.port().unwrap_or(HTTPS_PORT);
        let path = url[Position::BeforePath..Position::AfterQuery].parse().map_err(|_| Unreachable::NotAllowed)?;
        if port == 0 {
            return Err(Unreachable::NotAllowed);
        }
        Ok(Self { host, port, authority: url[Position::BeforeHost..Position::AfterPort].to_owned(), path })
    }

    /// The host, as one: a name at the root is the same with a dot at the end.
    pub(super) fn host_name(&self) -> String {
        self.host.to_string().trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<String, Unreachable> {
        let target = Target::of(&Url::parse(url).unwrap())?;
        Ok(format!("{} {} {} {}", target.host_name(), target.port, target.authority, target.path))
    }

    #[test]
    fn a_url_leads_to_a_host_a_port_and_a_path() {
        for (url, expected) in [
            ("https://app.example", "app.example 443 app.example /"),
            ("https://App.example:443/jwks", "app.example 443 app.example /jwks"),
            ("https://app.example:8443/a?b=c&d#fragment", "app.example 8443 app.example:8443 /a?b=c&d"),
            ("https://app.example./", "app.example 443 app.example. /"),
            ("https://[2001:DB8::1]:1/", "[2001:db8::1] 1 [2001:db8::1]:1 /"),
            ("https://0x7f.1/", "127.0.0.1 443 127.0.0.1 /"),
            ("https://app.example/\u{e4} {\"", "app.example 443 app.example /%C3%A4%20%7B%22"),
        ] {
            assert_eq!(target(url).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn other_urls_are_not_asked() {
        let long = format!("https://app.example/{}", "a".repeat(LONGEST));
        for url in [
            "http://app.example/",
            "ftp://app.example/",
            "file:///etc/passwd",
            "data:text/plain,x",
            "urn:example:x",
            "https://user@app.example/",
            "https://:secret@app.example/",
            "https://app.example:0/",
            &long,
        ] {
            assert_eq!(target(url), Err(Unreachable::NotAllowed), "{url}");
        }
    }
}

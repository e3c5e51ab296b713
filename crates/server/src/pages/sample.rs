//! One request written in four forms: HTTP, curl, JavaScript, Python. Knows nothing of what the request is for.

mod forms;

/// A request that the docs page shows.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: Method,
    url: String,
    authorization: Option<Authorization>,
    parameters: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Get,
    Post,
}

/// What the request proves itself with.
#[derive(Clone, Debug)]
enum Authorization {
    Basic(Credentials),
    /// RFC 6750 §2.1.
    Bearer(String),
}

/// What the app authenticates with (`client_secret_basic`).
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// `false`: the secret is a placeholder, so the header cannot be computed.
    pub(crate) known: bool,
}

impl Request {
    /// A GET; its parameters are the query.
    pub(crate) fn get(url: String) -> Self {
        Self { method: Method::Get, url, authorization: None, parameters: Vec::new() }
    }

    /// A POST; its parameters are the form.
    pub(crate) fn post(url: String) -> Self {
        Self { method: Method::Post, url, authorization: None, parameters: Vec::new() }
    }

    /// Adds a parameter.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.parameters.push((name, value.to_owned()));
        self
    }

    /// Adds a parameter if there is a value.
    pub(crate) fn maybe(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds client authentication.
    pub(crate) fn signed_by(mut self, credentials: Credentials) -> Self {
        self.authorization = Some(Authorization::Basic(credentials));
        self
    }

    /// Adds an access token.
    pub(crate) fn bearing(mut self, access_token: &str) -> Self {
        self.authorization = Some(Authorization::Bearer(access_token.to_owned()));
        self
    }
}

impl Credentials {
    /// `client_id:client_secret`, each form-encoded.
    fn pair(&self) -> String {
        // RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
        format!("{}:{}", form_encoded(&self.client_id), form_encoded(&self.client_secret))
    }

    /// The header's value where it can be computed.
    fn header(&self) -> Option<String> {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(self.pair());
        self.known.then(|| format!("Basic {encoded}"))
    }
}

impl Authorization {
    /// The header's value where it can be computed.
    fn header(&self) -> Result<String, &Credentials> {
        match self {
            Self::Basic(credentials) => credentials.header().ok_or(credentials),
            Self::Bearer(access_token) => Ok(format!("Bearer {access_token}")),
        }
    }
}

fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_request() -> Request {
        let credentials = Credentials {
            client_id: "x-pm-local-client".into(),
            client_secret: "179ad45c6ce2cb97cf1029e212046e81".into(),
            known: true,
        };
        let request = Request::post("http://127.0.0.1:8080/workflow/oauth2/token".into()).signed_by(credentials);
        request.with("grant_type", "password").with("username", "o'neil").with("scope", "*")
    }

    #[test]
    fn s2_3_1_the_basic_header_is_computed() {
        let http = token_request().http();
        let header = "eC1wbS1sb2NhbC1jbGllbnQ6MTc5YWQ0NWM2Y2UyY2I5N2NmMTAyOWUyMTIwNDZlODE=";
        assert!(http.contains(&format!("\nAuthorization: Basic {header}\n")), "{http}");
        assert!(http.ends_with("\n\ngrant_type=password&username=o%27neil&scope=*"), "{http}");
        assert!(http.starts_with("POST /workflow/oauth2/token HTTP/1.1\nHost: 127.0.0.1:8080\n"), "{http}");
    }

    #[test]
    fn an_apostrophe_does_not_end_a_shell_word() {
        let curl = token_request().curl();
        assert!(curl.contains(r"--data-urlencode 'username=o'\''neil'"), "{curl}");
    }

    #[test]
    fn a_placeholder_secret_is_encoded_by_the_reader() {
        let mut request = token_request();
        if let Some(Authorization::Basic(credentials)) = &mut request.authorization {
            credentials.known = false;
        }
        assert!(request.http().contains("Authorization: Basic base64("), "{}", request.http());
        assert!(request.javascript().contains("btoa("), "{}", request.javascript());
    }

    #[test]
    fn a_link_imports_what_it_uses() {
        let link = |names: &[&'static str]| {
            let request = Request::get("http://h/w/oauth2/authorize".into()).with("scope", "*");
            names.iter().fold(request, |request, name| request.with(name, "x"))
        };
        for names in [&[][..], &["state"], &["nonce"], &["code_challenge"], &["state", "nonce", "code_challenge"]] {
            let (javascript, python) = (link(names).javascript(), link(names).python());
            for (module, use_of_it) in [("randomBytes", "randomBytes("), ("createHash", "createHash(")] {
                let imported = javascript.lines().any(|line| line.starts_with("import") && line.contains(module));
                assert_eq!(imported, javascript.contains(use_of_it), "{javascript}");
            }
            for (module, use_of_it) in [("secrets", "secrets."), ("hashlib", "hashlib."), ("base64", "base64.")] {
                let imported = python.lines().any(|line| line == format!("import {module}"));
                assert_eq!(imported, python.contains(use_of_it), "{python}");
            }
        }
    }

    #[test]
    fn rfc6750_s2_1_an_access_token_goes_into_the_header() {
        let request = Request::get("http://h/w/oauth2/userinfo".into()).bearing("gry_at_x");
        assert!(request.http().ends_with("\nHost: h\nAuthorization: Bearer gry_at_x"), "{}", request.http());
        assert_eq!(request.curl(), "curl http://h/w/oauth2/userinfo \\\n  -H 'Authorization: Bearer gry_at_x'");
        for text in [request.javascript(), request.python()] {
            assert!(
                text.contains("\"Authorization\", \"Bearer gry_at_x\"")
                    || text.contains("Authorization: \"Bearer gry_at_x\""),
                "{text}"
            );
        }
    }

    #[test]
    fn a_link_keeps_the_star() {
        let link = Request::get("http://h/w/oauth2/authorize".into()).with("scope", "*").link();
        assert_eq!(link, "http://h/w/oauth2/authorize?scope=*");
    }
}

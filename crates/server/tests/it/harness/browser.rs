//! A browser as far as tests need one, and what it is answered: cookies, redirects, forms.

use super::{CALLBACK, PUBLIC_URL, World};
use std::collections::BTreeMap;

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(super) fn read(mut response: ureq::http::Response<ureq::Body>) -> Self {
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned())).collect();
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string().unwrap_or_default();
        Self { status, headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The OAuth error code in a JSON answer.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_else(|| panic!("{}", self.body)).to_owned()
    }

    /// A string member of a JSON answer.
    pub(crate) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("{member}: {}", self.body)).to_owned()
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no Location: {} {}", self.status, self.body))
    }

    /// A parameter of an authorization response, in the query or in the fragment.
    pub(crate) fn answer_parameter(&self, name: &str) -> Option<String> {
        let location = self.header("location")?;
        let encoded = location.split_once(['?', '#'])?.1;
        form_urlencoded::parse(encoded.as_bytes()).find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }

    /// The value of the hidden input with this name.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let start = self.body.find(&marker).unwrap_or_else(|| panic!("no field {name}: {} {}", self.status, self.body));
        let rest = &self.body[start + marker.len()..];
        rest[..rest.find('"').unwrap()].to_owned()
    }

    /// The form tokens of the forms that post to `action`, in the order of the page.
    pub(crate) fn form_tokens(&self, action: &str) -> Vec<String> {
        let forms = self.body.split("<form").filter(|form| form.contains(&format!("action=\"{action}\"")));
        let fields = forms.map(|form| Self { status: self.status, headers: Vec::new(), body: form.to_owned() });
        fields.map(|form| form.hidden("form_token")).collect()
    }

    /// The form token of the one form that posts to `action`.
    pub(crate) fn form_token(&self, action: &str) -> String {
        let tokens = self.form_tokens(action);
        assert_eq!(tokens.len(), 1, "forms that post to {action}: {} {}", self.status, self.body);
        tokens.into_iter().next().unwrap()
    }
}

/// A browser as far as cookies and forms go.
pub(crate) struct Browser<'w> {
    pub(crate) world: &'w World,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl<'w> Browser<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self { world, cookies: BTreeMap::new() }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let cookies = self.cookie_header();
        let answer = self.world.get(path, &[("cookie", &cookies)]);
        self.keep(answer)
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(PUBLIC_URL, path, fields)
    }

    /// A form that says it comes from `origin`, as browsers without fetch metadata do.
    pub(crate) fn post_from(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(("origin", origin), path, fields)
    }

    /// A form as Chromium sends it from a page without a referrer: the origin is null, the site is told apart.
    pub(crate) fn post_across(&mut self, site: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(("sec-fetch-site", site), path, fields)
    }

    /// A form with one more header.
    pub(crate) fn post_with(&mut self, header: (&str, &str), path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let cookies = self.cookie_header();
        let origin = if header.0 == "origin" { header } else { ("origin", "null") };
        let mut headers = vec![("cookie", cookies.as_str()), origin];
        headers.extend((header.0 != "origin").then_some(header));
        let answer = self.world.post(path, &form, &headers);
        self.keep(answer)
    }

    /// Opens a login page and fills it in.
    pub(crate) fn sign_in(&mut self, login: &str, username: &str, password: &str) -> Answer {
        let page = self.get(login);
        let token = page.hidden("form_token");
        let request = if page.body.contains("name=\"request\"") { page.hidden("request") } else { String::new() };
        let fields =
            [("form_token", token.as_str()), ("request", &request), ("username", username), ("password", password)];
        self.post("/acme/login", &fields)
    }

    /// Makes an authorization request and agrees to everything, if asked. The last answer.
    pub(crate) fn authorize(&mut self, query: &str) -> Answer {
        let answer = self.get(&format!("/acme/oauth2/authorize?{query}"));
        if answer.header("location").is_some_and(|location| location.starts_with("/acme/consent")) {
            return self.consent(&answer, "allow", &["write", "profile"]);
        }
        answer
    }

    /// Makes an OpenID request for a client, and agrees to everything if asked; `more` goes with the request. The last answer.
    pub(crate) fn answer_for(&mut self, client_id: &str, more: &str) -> Answer {
        let answer = self.get(&format!("{}{more}", openid_request(client_id)));
        if answer.header("location").is_some_and(|location| location.starts_with("/acme/consent")) {
            return self.consent(&answer, "allow", &["offline_access"]);
        }
        answer
    }

    /// Signs in to a client by OpenID Connect: the token response.
    pub(crate) fn sign_in_to(&mut self, client_id: &str, more: &str) -> Answer {
        let answer = self.answer_for(client_id, more);
        let code = answer.answer_parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
        let form = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}");
        let answer = self.world.token_as(client_id, &form);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// Opens the consent page that an answer leads to and decides.
    pub(crate) fn consent(&mut self, answer: &Answer, decision: &str, ticked: &[&str]) -> Answer {
        let page = self.get(answer.location());
        let (token, request) = (page.hidden("form_token"), page.hidden("request"));
        let mut fields = vec![("form_token", token.as_str()), ("request", &request), ("decision", decision)];
        fields.extend(ticked.iter().map(|scope| ("scope", *scope)));
        self.post("/acme/consent", &fields)
    }

    /// What this browser would send.
    pub(crate) fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: Answer) -> Answer {
        for (_, set) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = set.split(';').next().and_then(|pair| pair.split_once('=')).unwrap();
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// An OpenID request for a code, to which more can be added.
pub(crate) fn openid_request(client_id: &str) -> String {
    format!(
        "/acme/oauth2/authorize?client_id={client_id}&redirect_uri={CALLBACK}&response_type=code&nonce=n&scope=openid"
    )
}

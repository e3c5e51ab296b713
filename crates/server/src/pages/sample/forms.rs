//! The four written forms of a request.

use super::{Authorization, Method, Request, form_encoded};
use std::fmt::Write as _;

/// A URL longer than this is written with one line per parameter.
const READABLE: usize = 160;

/// The parameters that are new for each request, and what the app does with them.
const FRESH: [(&str, &str); 2] =
    [("state", "compare it when the browser comes back"), ("nonce", "keep it: the ID token has to repeat it")];

impl Request {
    /// The whole URL of a GET.
    pub(crate) fn link(&self) -> String {
        if self.parameters.is_empty() { self.url.clone() } else { format!("{}?{}", self.url, self.encoded()) }
    }

    /// As it goes over the wire.
    pub(crate) fn http(&self) -> String {
        let after_scheme = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        let (host, path) = match after_scheme.find('/') {
            Some(slash) => after_scheme.split_at(slash),
            None => (after_scheme, "/"),
        };
        let mut text = match self.method {
            Method::Get if self.parameters.is_empty() => format!("GET {path} HTTP/1.1\nHost: {host}"),
            Method::Get => return format!("GET {path}?{} HTTP/1.1\nHost: {host}", self.encoded()),
            Method::Post => format!("POST {path} HTTP/1.1\nHost: {host}"),
        };
        if let Some(authorization) = &self.authorization {
            let header = authorization.header();
            let value = header.unwrap_or_else(|credentials| format!("Basic base64({})", credentials.pair()));
            text = format!("{text}\nAuthorization: {value}");
        }
        if self.method == Method::Post {
            text.push_str("\nContent-Type: application/x-www-form-urlencoded\n\n");
            text.push_str(&self.encoded());
        }
        text
    }

    /// As a shell command.
    pub(crate) fn curl(&self) -> String {
        if self.method == Method::Get && self.authorization.is_none() {
            let link = self.link();
            let flag = if self.parameters.is_empty() { "" } else { "-i " };
            if link.len() <= READABLE {
                return format!("curl {flag}{}", quoted(&link));
            }
        }
        let flags = if self.method == Method::Get && !self.parameters.is_empty() { "-i -G " } else { "" };
        let mut text = format!("curl {flags}{}", self.url);
        match &self.authorization {
            Some(Authorization::Basic(credentials)) => {
                text = format!("{text} \\\n  -u {}", quoted(&credentials.pair()));
            }
            Some(Authorization::Bearer(token)) => {
                text = format!("{text} \\\n  -H {}", quoted(&format!("Authorization: Bearer {token}")));
            }
            None => {}
        }
        for (name, value) in &self.parameters {
            let pair = format!("{name}={value}");
            let flag = if form_encoded(value) == *value { "-d" } else { "--data-urlencode" };
            text = format!("{text} \\\n  {flag} {}", quoted(&pair));
        }
        text
    }

    /// As a module for Node.js; `fetch` is the browser's too.
    pub(crate) fn javascript(&self) -> String {
        if self.method == Method::Get && !self.parameters.is_empty() {
            return self.javascript_link();
        }
        let headers = self.authorization.as_ref().map(javascript_headers).unwrap_or_default();
        if self.method == Method::Get {
            let options = if headers.is_empty() { String::new() } else { format!(", {{\n{headers}}}") };
            return format!("const answer = await fetch({:?}{options});\nconsole.log(await answer.json());", self.url);
        }
        let mut text = format!("const answer = await fetch({:?}, {{\n  method: \"POST\",\n{headers}", self.url);
        text.push_str("  body: new URLSearchParams({\n");
        for (name, value) in &self.parameters {
            let note = if *name == "code_verifier" { " // the one that was kept" } else { "" };
            let _ = writeln!(text, "    {name}: {value:?},{note}");
        }
        text.push_str("  }),\n});\nconsole.log(answer.status, await answer.text());");
        text
    }

    /// As a program for Python 3, standard library only.
    pub(crate) fn python(&self) -> String {
        if self.method == Method::Get && !self.parameters.is_empty() {
            return self.python_link();
        }
        let header = self.authorization.as_ref().map(python_header);
        if self.method == Method::Get {
            return self.python_get(header.as_deref());
        }
        let mut text = String::from(
            "import urllib.error\nimport urllib.parse\nimport urllib.request\n\nbody = urllib.parse.urlencode({\n",
        );
        for (name, value) in &self.parameters {
            let note = if *name == "code_verifier" { "  # the one that was kept" } else { "" };
            let _ = writeln!(text, "    {name:?}: {value:?},{note}");
        }
        let _ = write!(text, "}}).encode()\nrequest = urllib.request.Request({:?}, body)\n", self.url);
        if let Some(value) = header {
            if value.contains("b64encode") {
                text.insert_str(0, "import base64\n");
            }
            let _ = writeln!(text, "request.add_header(\"Authorization\", {value})");
        }
        text.push_str(
            "try:\n    answer = urllib.request.urlopen(request)\nexcept urllib.error.HTTPError as refusal:\n    answer = refusal\nprint(answer.status, answer.read().decode())",
        );
        text
    }

    fn python_get(&self, header: Option<&str>) -> String {
        let url = &self.url;
        let (before, what) = match header {
            None => (String::new(), format!("{url:?}")),
            Some(value) => (
                format!("request = urllib.request.Request({url:?})\nrequest.add_header(\"Authorization\", {value})\n"),
                "request".to_owned(),
            ),
        };
        format!(
            "import json\nimport urllib.request\n\n{before}with urllib.request.urlopen({what}) as answer:\n    print(json.load(answer))"
        )
    }

    fn encoded(&self) -> String {
        let pairs = self.parameters.iter().map(|(name, value)| format!("{name}={}", form_encoded(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    fn javascript_link(&self) -> String {
        let challenge = self.has("code_challenge");
        let mut text = String::from(match (self.fresh().next().is_some(), challenge) {
            (_, true) => "import { createHash, randomBytes } from \"node:crypto\";\n\n",
            (true, false) => "import { randomBytes } from \"node:crypto\";\n\n",
            (false, false) => "",
        });
        for (name, note) in self.fresh() {
            let _ = writeln!(text, "const {name} = randomBytes(16).toString(\"base64url\"); // {note}");
        }
        if challenge {
            text.push_str("const verifier = randomBytes(32).toString(\"base64url\"); // keep it for the exchange\n");
        }
        let _ = write!(text, "const url = new URL({:?});\nurl.search = new URLSearchParams({{\n", self.url);
        for (name, value) in &self.parameters {
            let _ = match *name {
                "state" | "nonce" => writeln!(text, "  {name},"),
                "code_challenge" => {
                    writeln!(text, "  code_challenge: createHash(\"sha256\").update(verifier).digest(\"base64url\"),")
                }
                _ => writeln!(text, "  {name}: {value:?},"),
            };
        }
        text.push_str("});\nconsole.log(url.href); // send the browser there");
        if challenge {
            text.push_str("\nconsole.log(verifier);");
        }
        text
    }

    fn python_link(&self) -> String {
        let challenge = self.has("code_challenge");
        let mut text = String::new();
        if challenge {
            text.push_str("import base64\nimport hashlib\n");
        }
        if self.fresh().next().is_some() || challenge {
            text.push_str("import secrets\n");
        }
        text.push_str("import urllib.parse\n\n");
        for (name, note) in self.fresh() {
            let _ = writeln!(text, "{name} = secrets.token_urlsafe(16)  # {note}");
        }
        if challenge {
            text.push_str("verifier = secrets.token_urlsafe(32)  # keep it for the exchange\n");
            text.push_str("digest = hashlib.sha256(verifier.encode()).digest()\n");
        }
        let _ = writeln!(text, "print({:?} + urllib.parse.urlencode({{", format!("{}?", self.url));
        for (name, value) in &self.parameters {
            let _ = match *name {
                "state" | "nonce" => writeln!(text, "    {name:?}: {name},"),
                "code_challenge" => {
                    writeln!(text, "    \"code_challenge\": base64.urlsafe_b64encode(digest).rstrip(b\"=\").decode(),")
                }
                _ => writeln!(text, "    {name:?}: {value:?},"),
            };
        }
        text.push_str("}))  # send the browser there");
        if challenge {
            text.push_str("\nprint(verifier)");
        }
        text
    }

    fn fresh(&self) -> impl Iterator<Item = &(&'static str, &'static str)> {
        FRESH.iter().filter(|(name, _)| self.has(name))
    }

    fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(parameter, _)| *parameter == name)
    }
}

fn javascript_headers(authorization: &Authorization) -> String {
    let value = match authorization.header() {
        Ok(header) => format!("{header:?}"),
        Err(credentials) => format!("\"Basic \" + btoa({:?})", credentials.pair()),
    };
    format!("  headers: {{ Authorization: {value} }},\n")
}

fn python_header(authorization: &Authorization) -> String {
    match authorization.header() {
        Ok(header) => format!("{header:?}"),
        Err(credentials) => format!("\"Basic \" + base64.b64encode(b{:?}).decode()", credentials.pair()),
    }
}

/// A word for a POSIX shell; quoted only where that is needed.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:=@%+,".contains(&byte);
    if text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

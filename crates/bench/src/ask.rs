//! One HTTP request at a time, to look at an answer before it is asked for a million times.

use crate::Outcome;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// How much it tells: the body, or where there is none the place that it sends to.
    pub(crate) fn size(&self) -> usize {
        if self.body.is_empty() { self.header("location").map_or(0, str::len) } else { self.body.len() }
    }
}

/// A connection that is asked one request after the other.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a raw request as it is and reads the answer.
    pub(crate) fn ask(&mut self, request: &str) -> Outcome<Answer> {
        self.0.get_mut().write_all(request.as_bytes())?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err("an answer without an end to its head".into());
            }
        }
        let status =
            head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("an answer without a status")?;
        let mut answer = Answer { status, head, body: String::new() };
        let length = answer.header("content-length").unwrap_or("0").trim().parse()?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        answer.body = String::from_utf8(body)?;
        Ok(answer)
    }
}

/// Sends a raw request over a connection of its own.
pub(crate) fn ask(address: SocketAddr, request: &str) -> Outcome<Answer> {
    Connection::open(address)?.ask(request)
}

/// A GET of a path, with a cookie where there is one.
pub(crate) fn get(path: &str, cookie: Option<&str>) -> String {
    let cookie = cookie.map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}\r\n")
}

/// A form that is posted to a path; `headers` are whole lines.
pub(crate) fn post(path: &str, headers: &str, fields: &[(&str, &str)]) -> String {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

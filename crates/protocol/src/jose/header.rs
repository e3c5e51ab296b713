//! RFC 7515 §4, RFC 7516 §4: the header of a token that somebody else made.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// RFC 7515 §4.1: what no header may bring. Critical extensions are not understood, and a key that comes with a message proves
/// nothing of its sender.
const REFUSED: [&str; 4] = ["crit", "jku", "jwk", "x5u"];

/// A header, read strictly.
pub(super) struct Header(Map<String, Value>);

impl Header {
    pub(super) fn parse(part: &str) -> Option<Self> {
        let members: Map<String, Value> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
        let known = ["alg", "enc", "kid", "typ"].iter().filter_map(|name| members.get(*name));
        let good = known.into_iter().all(Value::is_string) && !REFUSED.iter().any(|name| members.contains_key(*name));
        good.then_some(Self(members))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }
}

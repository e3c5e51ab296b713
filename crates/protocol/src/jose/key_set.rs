//! RFC 7517 §5: the signing keys of a workspace, which of them signs, and the set that is published.

use super::schedule::{KeyState, PUBLISHED_AHEAD, Schedule};
use super::{Algorithm, DecryptionKey, PublicKey, SigningKey};
use crate::types::{Seconds, Timestamp};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// Longest token that is looked at, in bytes.
const LONGEST: usize = 16_384;

/// A key with its number in the workspace and its times.
#[derive(Clone, Debug)]
pub struct ScheduledKey {
    /// Its number among the signing keys of the workspace.
    pub number: i64,
    /// The key.
    pub key: Arc<SigningKey>,
    /// When it signs.
    pub schedule: Schedule,
}

/// The signing keys of one workspace, newest first. It may have none yet.
#[derive(Clone, Debug, Default)]
pub struct SigningKeys(Vec<ScheduledKey>);

impl SigningKeys {
    /// The keys of a workspace, newest first.
    pub const fn new(keys: Vec<ScheduledKey>) -> Self {
        Self(keys)
    }

    /// The key with this number.
    pub fn numbered(&self, number: i64) -> Option<&Arc<SigningKey>> {
        self.0.iter().find(|scheduled| scheduled.number == number).map(|scheduled| &scheduled.key)
    }

    /// The key that signs by this algorithm now.
    pub fn active(&self, algorithm: Algorithm, now: Timestamp) -> Option<&Arc<SigningKey>> {
        let active =
            |it: &&ScheduledKey| it.key.public().algorithm() == algorithm && it.schedule.state(now) == KeyState::Active;
        self.0.iter().find(active).map(|scheduled| &scheduled.key)
    }

    /// The algorithms whose key will have signed for `lifetime` when a successor that is made now begins, and has none yet.
    pub fn due(&self, lifetime: Seconds, now: Timestamp) -> Vec<Algorithm> {
        let ends = |schedule: &Schedule| schedule.active_at.plus(lifetime) <= now.plus(PUBLISHED_AHEAD);
        let due = self.0.iter().filter(|it| {
            it.schedule.retired_at.is_none() && it.schedule.state(now) == KeyState::Active && ends(&it.schedule)
        });
        due.map(|scheduled| scheduled.key.public().algorithm()).collect()
    }

    fn published(&self, now: Timestamp) -> impl Iterator<Item = &PublicKey> {
        let published = self.0.iter().filter(move |it| it.schedule.state(now) != KeyState::Retired);
        published.map(|scheduled| scheduled.key.public())
    }

    /// What is published.
    pub fn key_set(&self, now: Timestamp) -> KeySet {
        KeySet::new(self.published(now).map(|key| key.jwk().clone()).collect())
    }

    /// Whether a published key signs tokens with the header of this one.
    pub fn know_header(&self, typ: &str, text: &str, now: Timestamp) -> bool {
        self.signer(typ, text, now).is_some()
    }

    /// RFC 8725 §3.1, §3.11; RFC 7515 §5.2: the payload of a token of this type that one of these keys signed.
    pub fn open(&self, typ: &str, text: &str, now: Timestamp) -> Option<Vec<u8>> {
        let key = self.signer(typ, text, now)?;
        let (message, signature) = text.rsplit_once('.')?;
        let (_, payload) = message.split_once('.')?;
        key.verifies(message, signature).then(|| URL_SAFE_NO_PAD.decode(payload).ok())?
    }

    /// The key whose one header this token has. So a header is compared, never obeyed: another `alg`, another `typ`, an
    /// unknown `kid`, `crit`, `jku` or an embedded `jwk` is simply not a header of ours.
    fn signer(&self, typ: &str, text: &str, now: Timestamp) -> Option<&PublicKey> {
        let (header, _) = text.split_once('.').filter(|_| text.len() <= LONGEST)?;
        self.published(now).find(|key| key.header(typ) == header)
    }
}

/// RFC 7517 §5: a published set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeySet {
    keys: Vec<Value>,
    #[serde(skip)]
    etag: String,
}

impl KeySet {
    fn new(keys: Vec<Value>) -> Self {
        let kids: Vec<&str> = keys.iter().filter_map(|key| key["kid"].as_str()).collect();
        // The names are thumbprints, so together they say everything that the set says.
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest(&SHA256, kids.join(",").as_bytes())));
        Self { keys, etag }
    }

    /// The set with these keys too, for clients to encrypt with.
    #[must_use]
    pub fn with_encryption_keys<'k>(mut self, keys: impl IntoIterator<Item = &'k DecryptionKey>) -> Self {
        self.keys.extend(keys.into_iter().map(|key| key.jwk().clone()));
        Self::new(self.keys)
    }

    /// RFC 9110 §8.8.3: changes when the set does. In quotes.
    pub fn etag(&self) -> &str {
        &self.etag
    }
}

//! The one outbound HTTP client: for `jwks_uri`, `request_uri`, `sector_identifier_uri`, logos and back-channel calls. Strangers
//! say these URLs, so what they lead to is checked and limited, and nobody is asked more often than needed.

mod address;
mod cache;
mod exchange;
mod places;
mod target;
mod tls;
mod unreachable;

pub use places::Asker;
pub use unreachable::Unreachable;

use crate::settings::Reach;
use axum::http::StatusCode;
use bytes::Bytes;
use cache::{Cache, Outcome, Wanted};
use exchange::Exchange;
use grantry_protocol::types::Seconds;
use grantry_storage::Clock;
use places::Place;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use target::Target;
use url::{Position, Url};

/// Asks other servers. A clone is the same client.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    exchange: Exchange,
    cache: Cache,
    clock: Clock,
    timeout: Duration,
}

/// What a URL answered to a GET with status 200.
#[derive(Debug)]
pub struct Fetched {
    /// The body, as it is: it was not compressed.
    pub body: Bytes,
    /// The media type, as the other side wrote it.
    pub content_type: Option<String>,
    /// How long it may be used again.
    lifetime: Seconds,
}

/// Where a form can be posted now: there is a place for it until this is dropped.
#[derive(Debug)]
pub struct Recipient {
    target: Target,
    place: Place,
}

/// Whether TLS to other servers can be set up; the error says why not.
pub fn check_tls(reach: &Reach, clock: &Clock) -> Result<(), String> {
    tls::connector(reach, clock).map(drop).map_err(|error| error.to_string())
}

impl Outbound {
    pub(crate) fn new(reach: Reach, clock: Clock) -> Self {
        let timeout = reach.timeout;
        Self(Arc::new(Inner { exchange: Exchange::new(reach, clock.clone()), cache: Cache::default(), clock, timeout }))
    }

    /// What the URL answers, or answered lately: for as long as its `Cache-Control: max-age` says, within a minute and an hour.
    pub async fn get(&self, url: &Url, asker: Asker) -> Result<Arc<Fetched>, Unreachable> {
        self.fetch(url, asker, Wanted::Known).await
    }

    /// What the URL answers now, where what is known of it will not do. No URL is asked more than once in ten seconds; sooner
    /// than that, this is what came of the last time.
    pub async fn get_fresh(&self, url: &Url, asker: Asker) -> Result<Arc<Fetched>, Unreachable> {
        self.fetch(url, asker, Wanted::Fresh).await
    }

    /// What the URL answers to this one request, which nothing before it answers. Nothing of it is kept, so the caller sees to it
    /// that strangers do not have it asked all the time.
    pub async fn get_once(&self, url: &Url, asker: Asker) -> Result<Fetched, Unreachable> {
        self.0.exchange.get(&Target::of(url)?, asker).await
    }

    /// A place for one form that is posted to this URL: had before it is filled in, which may cost more than to ask for a place.
    pub fn recipient(&self, url: &Url) -> Result<Recipient, Unreachable> {
        let target = Target::of(url)?;
        let place = self.0.exchange.place_to_tell(&target).ok_or(Unreachable::Busy)?;
        Ok(Recipient { target, place })
    }

    /// Posts a form, and tells the status of the answer, which is not a redirect. Nothing of it is kept.
    pub async fn post_form(&self, to: Recipient, body: String) -> Result<StatusCode, Unreachable> {
        self.0.exchange.post_form(&to.target, to.place, body).await
    }

    async fn fetch(&self, url: &Url, asker: Asker, wanted: Wanted) -> Outcome {
        let target = Target::of(url)?;
        // RFC 9110 §7.1: a fragment is not sent, so with another one nobody is asked sooner.
        let url = &url[..Position::AfterQuery];
        let known = || self.0.cache.find(url, wanted, self.0.clock.now());
        if let Some(outcome) = known() {
            return outcome;
        }
        let turn = self.0.cache.turn(url);
        let turn = tokio::time::timeout(self.0.timeout, turn.lock_owned()).await.map_err(|_| Unreachable::TimedOut)?;
        // Whoever's turn it was before may have brought what is wanted.
        if let Some(outcome) = known() {
            return outcome;
        }
        let (inner, url) = (Arc::clone(&self.0), url.to_owned());
        // As a task, so that it is finished and remembered even when the one who asked has gone: hanging up early must neither
        // spoil it for those who wait, nor let a URL be asked again and again.
        let fetching = tokio::spawn(async move {
            let outcome = inner.exchange.get(&target, asker).await.map(Arc::new);
            if !matches!(outcome, Err(Unreachable::Busy)) {
                inner.cache.remember(&url, &outcome, inner.clock.now());
            }
            drop(turn);
            outcome
        });
        fetching.await.unwrap_or(Err(Unreachable::Failed))
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbound")
    }
}

//! Why a URL could not be asked, in words for whoever named it.

use std::fmt;

/// Why there is no answer from a URL.
///
/// The texts are fit for an `error_description`, and tell nothing about networks that only this server can see: a private address,
/// and a name that does not exist, read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The URL is not one to ask.
    NotAllowed,
    /// The host has no address, or one that is not public.
    NoAddress,
    /// No connection, no trusted certificate, or no HTTP.
    Failed,
    /// It took too long.
    TimedOut,
    /// The answer was a redirect.
    Redirected,
    /// The answer to a GET had another status than 200.
    WrongStatus,
    /// The answer was larger than what is read.
    TooLarge,
    /// The answer was compressed.
    Encoded,
    /// Every place for requests is taken, here or for this host. Worth trying again.
    Busy,
}

impl Unreachable {
    /// The reason, as a part of a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => {
                "the URL has to be https, without a user name, on another port than 0, and no longer than 2048 characters"
            }
            Self::NoAddress => "the host of the URL has no address on the public internet",
            Self::Failed => "the host of the URL does not speak HTTP over TLS with a certificate that is trusted here",
            Self::TimedOut => "the URL does not answer in time",
            Self::Redirected => "the URL answers with a redirect, which is not followed: name the URL that it leads to",
            Self::WrongStatus => "the URL answers with another status than 200",
            Self::TooLarge => "what the URL answers is larger than 64 KiB",
            Self::Encoded => "what the URL answers is compressed, although it is asked not to be",
            Self::Busy => "too many requests to other servers are under way: try again in a moment",
        }
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for Unreachable {}

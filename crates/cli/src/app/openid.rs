//! The flags of `grantry app` for OpenID Connect.

use crate::failure::Failure;
use crate::key::algorithm_parser;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use grantry_protocol::client::SubjectType;
use grantry_protocol::jose::Algorithm;
use grantry_protocol::redirect_uri::RedirectUri;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// What can be said about an app for OpenID Connect. An empty address takes away the one there is.
#[derive(Debug, Args)]
pub(super) struct OpenidFlags {
    /// Where it may send people after they signed out, compared exactly; may be repeated
    #[arg(long = "post-logout-redirect-uri", value_name = "URI", value_parser = RedirectUri::register)]
    post_logout_redirect_uris: Vec<RedirectUri>,
    /// The algorithm that its ID tokens are signed by [default: RS256]
    #[arg(long, visible_alias = "id-token-signed-response-alg", value_name = "ALGORITHM", value_parser = algorithm_parser())]
    id_token_alg: Option<Algorithm>,
    /// Whether it knows users by the same `sub` as every other app, or by one of its own [default: public]
    #[arg(long, value_name = "TYPE", value_parser = subject_type_parser())]
    subject_type: Option<SubjectType>,
    /// Its public keys, a JSON Web Key Set in a file
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks_file: Option<PathBuf>,
    /// Where it publishes its public keys
    #[arg(long, value_name = "URI")]
    jwks_uri: Option<String>,
    /// What a browser loads in a frame when its user signs out
    #[arg(long, value_name = "URI")]
    frontchannel_logout_uri: Option<String>,
    /// Where it is told that a user signed out
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// Where a sign-in begins that somebody else starts
    #[arg(long, value_name = "URI")]
    initiate_login_uri: Option<String>,
    /// Any members of its OpenID Connect registration, a JSON object in a file; null takes one away, and flags count more
    #[arg(long, value_name = "FILE")]
    metadata_file: Option<PathBuf>,
}

impl OpenidFlags {
    /// The members that are to be different, by their wire names.
    pub(super) fn members(self) -> Result<Map<String, Value>, Failure> {
        let mut members = self.metadata_file.as_deref().map(object).transpose()?.unwrap_or_default();
        let mut set = |member: &str, value| drop(members.insert(member.to_owned(), value));
        if !self.post_logout_redirect_uris.is_empty() {
            set("post_logout_redirect_uris", json!(self.post_logout_redirect_uris));
        }
        if let Some(algorithm) = self.id_token_alg {
            set("id_token_signed_response_alg", json!(algorithm));
        }
        if let Some(subject_type) = self.subject_type {
            set("subject_type", json!(subject_type));
        }
        // RFC 7591 §2: of jwks and jwks_uri, one takes the place of the other.
        if let Some(file) = &self.jwks_file {
            set("jwks", Value::Object(object(file)?));
            set("jwks_uri", Value::Null);
        }
        if self.jwks_uri.as_ref().is_some_and(|uri| !uri.is_empty()) {
            set("jwks", Value::Null);
        }
        let addresses = [
            ("jwks_uri", self.jwks_uri),
            ("frontchannel_logout_uri", self.frontchannel_logout_uri),
            ("backchannel_logout_uri", self.backchannel_logout_uri),
            ("initiate_login_uri", self.initiate_login_uri),
        ];
        for (member, uri) in addresses {
            if let Some(uri) = uri {
                set(member, if uri.is_empty() { Value::Null } else { uri.into() });
            }
        }
        Ok(members)
    }
}

/// The JSON object in a file.
fn object(file: &Path) -> Result<Map<String, Value>, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::wrong(format!("{}: {why}", file.display()));
    let text = std::fs::read(file).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&text).map_err(|error| wrong(&format!("a JSON object is expected: {error}")))
}

fn subject_type_parser() -> impl clap::builder::TypedValueParser<Value = SubjectType> {
    PossibleValuesParser::new(SubjectType::ALL.map(SubjectType::as_str))
        .try_map(|text| SubjectType::parse(&text).ok_or("there is no such type"))
}

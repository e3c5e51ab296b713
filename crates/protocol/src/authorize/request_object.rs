//! RFC 9101, OpenID Connect Core §6: authorization requests whose parameters stand in a JWT that the client signed.
//!
//! It does not know how a `request_uri` is read.

use super::validate::names_openid;
use crate::client::{Client, OpenidRegistration};
use crate::client_jwt::{Unproven, check_times, is_of_another_kind};
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::jose::{Algorithm, Claims, ClientKeys, DecryptionKey, SignedJwt, decrypt};
use crate::params::{Params, is_known};
use crate::types::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use url::Url;

/// What an object may say in its header that it is (RFC 9101 §10.8); some say `JWT`, or nothing.
const TYP: &str = "oauth-authz-req+jwt";

/// The parameters by which a request refers to an object.
const REFERENCES: [&str; 2] = ["request", "request_uri"];

/// The parameters that are JSON objects, which in a request object need not be written as texts (OpenID Connect Core §6.1).
const OBJECTS: [&str; 2] = ["claims", "registration"];

/// How a request refers to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// It has the object with it.
    Value(&'a str),
    /// The object is at this address.
    Uri(&'a str),
}

/// What an object comes to that the client signed.
#[derive(Debug)]
pub struct Resolved {
    /// The parameters of the request. Where the object is refused, those by which the client can be told.
    pub params: Params,
    /// Whether the object is good.
    pub verdict: Result<(), OAuthError>,
}

impl<'a> Reference<'a> {
    /// Where the parameters of this request are, if elsewhere.
    pub fn of(params: &'a Params) -> Result<Option<Self>, OAuthError> {
        let reference = match REFERENCES.map(|name| params.get(name)) {
            [None, None] => return Ok(None),
            [Some(object), None] => Ok(Some(Self::Value(object))),
            [None, Some(uri)] => Ok(Some(Self::Uri(uri))),
            // RFC 9101 §5, OpenID Connect Core §6.2: one or the other.
            [Some(_), Some(_)] => Err(OAuthError::new(
                ErrorCode::InvalidRequest,
                Rule::rfc(9101, "5"),
                "request and request_uri are both there; send one of them",
            )),
        };
        // RFC 6749 §3.1: what is repeated outside is refused, whatever the object says.
        params.check_repeated().and(reference)
    }
}

/// OpenID Connect Core §6.2: the address of an object, if it is one that the client registered.
pub fn registered_uri(uri: &str, openid: &OpenidRegistration) -> Result<Url, OAuthError> {
    let without_fragment = uri.split('#').next().unwrap_or_default();
    // OpenID Connect Registration §2: a fragment that was not registered tells one version of the object from another.
    let is_registered = openid.request_uris.iter().any(|own| own == uri || own == without_fragment);
    let url = Url::parse(uri).ok().filter(|url| is_registered && url.scheme() == "https");
    url.ok_or(invalid_request_uri("request_uri is not one of the request_uris that are registered for this app"))
}

/// RFC 9101 §6.1: the signed object within one that was encrypted for us, and any other as it is. OpenID Connect Registration §2:
/// by whichever algorithm, for a registered `request_object_encryption_alg` says which one the client may use, and binds it to none.
pub fn decrypted<'o, 'k>(
    object: &'o str,
    keys: impl IntoIterator<Item = &'k DecryptionKey>,
) -> Result<Cow<'o, str>, OAuthError> {
    // RFC 7516 §9: what is encrypted has five parts.
    if object.matches('.').count() != 4 {
        return Ok(Cow::Borrowed(object));
    }
    let signed = decrypt(object, keys, object.len()).and_then(|signed| String::from_utf8(signed).ok());
    signed.map(Cow::Owned).ok_or(invalid_request_object(
        "the request object cannot be decrypted: encrypt it with a key of this workspace whose use is enc, by its alg",
    ))
}

/// The parameters of a request with this object, which one of these keys has to have signed.
pub fn resolve(
    outer: &Params,
    object: &str,
    (client, keys): (&Client, &ClientKeys),
    issuer: &str,
    now: Timestamp,
) -> Result<Resolved, Unproven> {
    // OpenID Connect Registration §2: the registered algorithm; and never none, by which anybody could have written it.
    let registered = client.registration.openid.request_object_signing_alg;
    let algorithms = registered.map_or(Algorithm::ALL.to_vec(), |registered| vec![registered]);
    let unproven = |error| Unproven::of(error, invalid_request_object);
    let jwt = SignedJwt::parse(object, object.len()).map_err(unproven)?;
    let claims = jwt.verify(keys, &algorithms).map_err(unproven)?;
    let (params, merged) = merge(outer, claims);
    let verdict = merged
        .and_then(|()| check_kind(&jwt, claims, &client.client_id))
        .and_then(|()| check_claims(claims, (&client.client_id, issuer), now))
        .and_then(|()| check_outer(outer, &params));
    Ok(Resolved { params, verdict })
}

/// The parameters that count, and whether all of them could be read.
fn merge(outer: &Params, claims: &Claims) -> (Params, Result<(), OAuthError>) {
    let mut merged = Params::default();
    // OpenID Connect Core §6.1: those outside fill in what the object leaves open; RFC 9101 §6.3: outside of OpenID they do
    // not, but for the client, whose object it is.
    let fills_in = |name: &str| !REFERENCES.contains(&name) && (names_openid(outer) || name == "client_id");
    let mut read =
        outer.iter().filter(|(name, _)| fills_in(name)).try_for_each(|(name, value)| merged.put(name, value));
    for (name, value) in claims.other.iter().filter(|(name, _)| is_known(name)) {
        let put = match text(name, value) {
            Some(text) => merged.put(name, &text),
            None => Err(invalid_request_object(
                "a parameter in the request object is no text; only numbers, and claims as an object, are allowed beside texts",
            )),
        };
        read = read.and(put);
    }
    (merged, read)
}

/// RFC 9101 §4: texts and numbers are what they are; and objects, where the parameter is one.
fn text(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(_) if OBJECTS.contains(&name) => Some(value.to_string()),
        _ => None,
    }
}

fn check_kind(jwt: &SignedJwt<'_>, claims: &Claims, client_id: &str) -> Result<(), OAuthError> {
    // RFC 9101 §10.8: neither another kind of JWT, nor an assertion, in which the client speaks about itself.
    if is_of_another_kind(jwt, TYP) || claims.sub.as_deref() == Some(client_id) {
        return Err(invalid_request_object(
            "the request object is another kind of JWT: its typ must be oauth-authz-req+jwt, JWT or absent, and sub must not \
             be the client_id",
        ));
    }
    // RFC 9101 §4: it does not refer to another.
    if REFERENCES.iter().any(|name| claims.other.contains_key(*name)) {
        return Err(invalid_request_object("request and request_uri must not stand within a request object"));
    }
    Ok(())
}

fn check_claims(claims: &Claims, (client_id, issuer): (&str, &str), now: Timestamp) -> Result<(), OAuthError> {
    // OpenID Connect Core §6.1, RFC 9101 §4: iss is the client.
    if claims.iss.as_ref().is_some_and(|iss| iss != client_id) {
        return Err(invalid_request_object("iss of the request object must be the client_id"));
    }
    // OpenID Connect Core §6.1, RFC 9101 §4: aud is us, or has us.
    if claims.aud.as_ref().is_some_and(|aud| !aud.contains(issuer)) {
        return Err(invalid_request_object("aud of the request object must be the issuer of this workspace"));
    }
    check_times(claims, now).map_err(invalid_request_object)
}

/// What stands outside, too, is the same.
fn check_outer(outer: &Params, params: &Params) -> Result<(), OAuthError> {
    // RFC 9101 §5, OpenID Connect Core §6.1: client_id and response_type.
    let differs = |name: &&str| outer.get(name).is_some_and(|value| params.get(name).is_some_and(|own| own != value));
    if ["client_id", "response_type"].iter().any(differs) {
        return Err(invalid_request_object(
            "client_id and response_type must be the same in the request object and outside of it",
        ));
    }
    Ok(())
}

/// OpenID Connect Core §3.1.2.6, RFC 9101 §6: an object that is not good, for this reason.
pub const fn invalid_request_object(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequestObject, Rule::rfc(9101, "6"), description)
}

/// OpenID Connect Core §3.1.2.6, RFC 9101 §7: an address that is not good, for this reason.
pub const fn invalid_request_uri(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequestUri, Rule::oidc_core("6.2"), description)
}

#[cfg(test)]
mod tests;

//! RFC 9101, OpenID Connect Core §6: finds the parameters of a request that stand in a request object.

use super::{LONGEST, client_of};
use crate::browser::Browser;
use crate::client_keys;
use crate::here::Here;
use crate::outbound::Unreachable;
use crate::reply::Failure;
use grantry_protocol::Params;
use grantry_protocol::authorize::refuse;
use grantry_protocol::authorize::request_object::{
    self, Reference, Resolved, decrypted, invalid_request_object, invalid_request_uri, registered_uri,
};
use grantry_protocol::client::Client;
use grantry_protocol::jose::ClientKeys;

/// The query that has all of the parameters, if this one had not. So an object is read once, and may expire while the person signs in.
pub(super) async fn resolve(here: &Here, browser: &Browser, outer: &Params) -> Result<Option<String>, Failure> {
    let client = client_of(here, outer).await?;
    let told = |failure, params: &Params| match failure {
        // RFC 9700 §4.11.2: nobody is signed in who could be redirected, nor is there a request yet that could wait for that. So the
        // person is told. OpenID Connect Core §3.1.2.6: but for prompt=none, wherever it stands that can be believed.
        Failure::Refused(error) if browser.person().is_none() && !is_silent(outer) && !is_silent(params) => {
            error.into()
        }
        // RFC 6749 §4.1.2.1: errors are for the client only where it and its redirect URI are known good.
        Failure::Refused(error) => refuse(params, client.clone(), here.issuer(), error).into(),
        other => other,
    };
    let reference = Reference::of(outer).map_err(|error| told(error.into(), outer))?;
    // An object of nobody is not looked at: such a request is refused for its client.
    let Some((reference, client)) = reference.zip(client.as_ref().filter(|client| client.disabled_at.is_none())) else {
        return Ok(None);
    };
    let resolved = read(here, client, outer, reference).await.map_err(|failure| told(failure, outer))?;
    let Resolved { params, verdict } = resolved;
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(params.iter()).finish();
    match verdict {
        Ok(()) if query.len() > LONGEST => {
            let error = invalid_request_object("the parameters in the request object are longer than 8 KiB");
            Err(told(error.into(), &params))
        }
        Ok(()) => Ok(Some(query)),
        Err(error) => Err(told(error.into(), &params)),
    }
}

fn is_silent(params: &Params) -> bool {
    params.get("prompt") == Some("none")
}

async fn read(here: &Here, client: &Client, outer: &Params, reference: Reference<'_>) -> Result<Resolved, Failure> {
    let fetched;
    let object = match reference {
        Reference::Value(object) => object,
        Reference::Uri(uri) => {
            fetched = fetch(here, client, uri).await?;
            fetched.trim_ascii()
        }
    };
    let openid = &client.registration.openid;
    let object = decrypted(object, here.workspace.decryption.iter())?;
    let check = |keys: &ClientKeys| request_object::resolve(outer, &object, (client, keys), here.issuer(), here.now);
    client_keys::prove(here, openid, check, invalid_request_object).await
}

/// The object at a `request_uri`.
async fn fetch(here: &Here, client: &Client, uri: &str) -> Result<String, Failure> {
    let uri = registered_uri(uri, &client.registration.openid)?;
    // OpenID Connect Core §6.2: the object may have changed since. A fragment would say whether it has, but anybody can make one up.
    match here
        .server
        .outbound()
        .get_fresh(&uri, here.asker())
        .await
        .map(|fetched| String::from_utf8(fetched.body.to_vec()))
    {
        Ok(Ok(object)) => Ok(object),
        Ok(Err(_)) => Err(invalid_request_object("what request_uri answers with is no JWT").into()),
        Err(Unreachable::Busy) => Err(Failure::Busy),
        Err(unreachable) => Err(invalid_request_uri(unreachable.as_str()).into()),
    }
}

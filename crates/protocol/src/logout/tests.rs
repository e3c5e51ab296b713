//! When a request ends a session, when a person is asked, and where the browser goes.

use super::*;
use crate::client::Client;
use crate::grant::{Grant, OpenidGrant};
use crate::id_token::{self, IdToken};
use crate::jose::{Algorithm, Schedule, ScheduledKey, SigningKey};
use crate::redirect_uri::RedirectUri;
use crate::sample::{self, NOW};
use std::sync::Arc;

const ISSUER: &str = "https://grantry.test/acme";
const URI: &str = "https://app.test/bye";

/// A workspace with one key, and a client that registered one URI.
struct Case {
    keys: SigningKeys,
    client: Client,
}

impl Case {
    fn new() -> Self {
        let mut client = sample::client();
        client.registration.openid.post_logout_redirect_uris = vec![
            RedirectUri::register(URI).unwrap(),
            RedirectUri::register("https://app.test/bye?to=us").unwrap(),
            RedirectUri::register("http://127.0.0.1/bye").unwrap(),
        ];
        Self { keys: keys(), client }
    }

    /// An ID Token of this client for `sub` in the session `sid`.
    fn hint(&self, sub: &str, sid: &str) -> String {
        self.signed_by(&self.keys, ("app", sub), sid)
    }

    fn signed_by(&self, keys: &SigningKeys, names: (&str, &str), sid: &str) -> String {
        let openid = OpenidGrant { sid: sid.to_owned(), ..OpenidGrant::default() };
        let grant = Grant { openid: Some(openid), ..sample::active().grant };
        let token = IdToken::of(&grant, ISSUER, names).unwrap();
        token.sign(keys.active(Algorithm::EdDSA, NOW).unwrap(), NOW).unwrap()
    }

    fn read(&self, parameters: &[(&str, &str)], now: Timestamp) -> Result<LogoutRequest, OAuthError> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        LogoutRequest::read(&Params::parse(form.as_bytes()).unwrap(), ISSUER, &self.keys, now)
    }

    /// What is decided with `bob` signed in in the session `sid`, or with nobody.
    fn decide(&self, parameters: &[(&str, &str)], change: impl Fn(&mut Known<'_>)) -> Result<Decision, OAuthError> {
        let mut known = Known {
            client: Some(&self.client),
            person: Some(Person { sid: "sid", subject: Some("bob") }),
            confirmed: false,
            now: NOW,
        };
        change(&mut known);
        self.read(parameters, known.now)?.decide(known)
    }
}

fn keys() -> SigningKeys {
    let material = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let key = Arc::new(SigningKey::from_pkcs8(Algorithm::EdDSA, &material).unwrap());
    SigningKeys::new(vec![ScheduledKey { number: 1, key, schedule: Schedule { active_at: NOW, retired_at: None } }])
}

fn to(uri: &str, state: Option<&str>) -> Option<PostLogoutRedirect> {
    Some(PostLogoutRedirect { uri: uri.to_owned(), state: state.map(str::to_owned) })
}

fn after_expiry(known: &mut Known<'_>) {
    known.now = NOW.plus(id_token::LIFETIME);
}

#[test]
fn s2_a_hint_about_the_session_or_the_user_ends_it_without_a_question() {
    let case = Case::new();
    for (sub, sid) in [("bob", "sid"), ("bob", "an earlier one"), ("another sub", "sid")] {
        let hint = case.hint(sub, sid);
        let request = [("id_token_hint", &*hint), ("post_logout_redirect_uri", URI), ("state", "a b&c")];
        let ends = Ok(Decision::End(to(URI, Some("a b&c"))));
        assert_eq!(case.decide(&request, |_| ()), ends);
        assert_eq!(case.decide(&request, after_expiry), ends, "the session is there, so an old ID Token will do");
        assert_eq!(case.decide(&request[..1], |_| ()), Ok(Decision::End(None)));
    }
}

#[test]
fn s2_whoever_is_not_meant_is_asked() {
    let case = Case::new();
    let hint = case.hint("alice", "her session");
    let request = [("id_token_hint", &*hint), ("post_logout_redirect_uri", URI)];
    assert_eq!(case.decide(&request, |_| ()), Ok(Decision::Ask(to(URI, None))));
    assert_eq!(case.decide(&request, |known| known.confirmed = true), Ok(Decision::End(to(URI, None))));
    // Nobody can be meant whom the client does not know.
    let nobody = |known: &mut Known<'_>| known.person = Some(Person { sid: "sid", subject: None });
    assert_eq!(case.decide(&request, nobody), Ok(Decision::Ask(to(URI, None))));
}

#[test]
fn s3_without_hint_the_person_confirms_and_the_client_is_named() {
    let case = Case::new();
    let request = [("client_id", "app"), ("post_logout_redirect_uri", URI), ("state", "1"), ("logout_hint", "bob")];
    assert_eq!(case.decide(&request, |_| ()), Ok(Decision::Ask(to(URI, Some("1")))));
    assert_eq!(case.decide(&request, |known| known.confirmed = true), Ok(Decision::End(to(URI, Some("1")))));
    // Without either nobody is redirected, whatever they confirm, and whatever else is sent.
    for request in [&request[1..], &request[2..], &[]] {
        let unnamed = |confirmed| move |known: &mut Known<'_>| (known.client, known.confirmed) = (None, confirmed);
        assert_eq!(case.decide(request, unnamed(false)), Ok(Decision::Ask(None)));
        assert_eq!(case.decide(request, unnamed(true)), Ok(Decision::End(None)));
    }
}

#[test]
fn s3_a_page_tells_of_a_redirect_that_was_asked_for_in_vain_and_of_no_other() {
    let case = Case::new();
    assert!(case.read(&[("post_logout_redirect_uri", URI)], NOW).unwrap().asks_for_redirect());
    assert!(!case.read(&[("state", "s")], NOW).unwrap().asks_for_redirect());
}

#[test]
fn s4_a_hint_that_is_not_ours_is_no_hint_and_leads_nowhere() {
    let case = Case::new();
    let good = case.hint("bob", "sid");
    let foreign = case.signed_by(&keys(), ("app", "bob"), "sid");
    let (_, rest) = good.split_once('.').unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", rest.split_once('.').unwrap().0);
    for hint in [&*foreign, &*unsigned, "nonsense", "a.b.c"] {
        for client_id in [&[][..], &[("client_id", "app")]] {
            let request = [&[("id_token_hint", hint), ("post_logout_redirect_uri", URI)][..], client_id].concat();
            assert_eq!(case.read(&request, NOW).unwrap().client_id(), None);
            assert_eq!(case.decide(&request, |_| ()), Ok(Decision::Ask(None)));
            assert_eq!(case.decide(&request, |known| known.confirmed = true), Ok(Decision::End(None)));
            assert_eq!(case.decide(&request, |known| known.person = None), Ok(Decision::End(None)));
        }
    }
}

#[test]
fn s2_client_id_has_to_be_the_one_of_the_hint() {
    let case = Case::new();
    let hint = case.hint("bob", "sid");
    assert!(case.read(&[("id_token_hint", &hint), ("client_id", "app")], NOW).is_ok());
    let error = case.read(&[("id_token_hint", &hint), ("client_id", "other")], NOW).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
}

#[test]
fn s3_a_uri_is_registered_exactly_or_nothing_happens() {
    let case = Case::new();
    let hint = case.hint("bob", "sid");
    for uri in [
        "https://app.test/bye/",
        "https://app.test/bye?foo=bar",
        "https://app.test/BYE",
        "https://app.test/cb",
        "https://evil.test/bye",
        // RFC 8252 §7.3 is about redirect URIs.
        "http://127.0.0.1:1234/bye",
    ] {
        for named in [("id_token_hint", &*hint), ("client_id", "app")] {
            let request = [named, ("post_logout_redirect_uri", uri)];
            assert!(case.decide(&request, |_| ()).is_err(), "{uri}");
            assert!(case.decide(&request, |known| known.person = None).is_err(), "{uri}");
        }
    }
    let request = [("id_token_hint", &*hint), ("post_logout_redirect_uri", URI)];
    assert!(case.decide(&request, |known| known.client = None).is_err(), "the client is gone");
    let mut disabled = Case::new();
    disabled.client.disabled_at = Some(NOW);
    assert!(disabled.decide(&[("client_id", "app"), ("post_logout_redirect_uri", URI)], |_| ()).is_err());
}

#[test]
fn s2_a_logout_that_was_done_before_ends_where_the_first_one_did() {
    let case = Case::new();
    let hint = case.hint("bob", "sid");
    let by_hint = [("id_token_hint", &*hint), ("post_logout_redirect_uri", URI)];
    let nobody = |known: &mut Known<'_>| known.person = None;
    assert_eq!(case.decide(&by_hint, nobody), Ok(Decision::End(to(URI, None))));
    assert_eq!(case.decide(&[], nobody), Ok(Decision::End(None)));
    // Where nothing vouches for the client, the person decides.
    let offers = Ok(Decision::Offer(to(URI, None).unwrap()));
    let by_name = [("client_id", "app"), ("post_logout_redirect_uri", URI)];
    assert_eq!(case.decide(&by_name, nobody), offers);
    let both = |known: &mut Known<'_>| {
        nobody(known);
        after_expiry(known);
    };
    assert_eq!(case.decide(&by_hint, both), offers);
    // They confirmed, and were signed out meanwhile.
    let confirmed = |known: &mut Known<'_>| (known.person, known.confirmed) = (None, true);
    assert_eq!(case.decide(&by_name, confirmed), Ok(Decision::End(to(URI, None))));
}

#[test]
fn s3_state_is_returned_and_nothing_else() {
    let location = |uri, state| to(uri, state).unwrap().location();
    assert_eq!(location(URI, None), URI);
    assert_eq!(location(URI, Some("a b&c=d\"")), "https://app.test/bye?state=a+b%26c%3Dd%22");
    assert_eq!(location("https://app.test/bye?to=us", Some("1")), "https://app.test/bye?to=us&state=1");
}

//! RFC 6749 §2.3: how a client proves itself at the token, introspection and revocation endpoints.

mod assertion;

pub use assertion::{ASSERTION_TYPE, AssertionCheck, ProvenOnce, assertion_algorithms, invalid_assertion};

use crate::client::{AuthMethod, Client, StoredSecret};
use crate::error::{ErrorCode, OAuthError, Rule};
use crate::params::{Params, form_decode};
use crate::types::{ClientRow, Secret, Timestamp};
use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::sync::Arc;

const RULE: Rule = Rule::rfc(6749, "2.3");

/// How a secret at rest begins that can be known again.
const SEALED: &str = "sealed:";

/// What a request presents to prove its client. One method, never two.
#[derive(Debug)]
pub struct Credentials {
    /// The client that it says it is.
    pub client_id: String,
    proof: Proof,
}

/// How it proves that.
#[derive(Debug)]
enum Proof {
    /// Not at all: a public client.
    None,
    /// By its secret, in the header.
    Basic(Secret<String>),
    /// By its secret, in the form.
    Post(Secret<String>),
    /// By a JWT.
    Assertion(Secret<String>),
}

impl Credentials {
    /// Reads the credentials of a request: its `Authorization` header, if it has one, and its form.
    pub fn read(authorization: Option<&str>, params: &Params) -> Result<Self, OAuthError> {
        let has_assertion = params.get("client_assertion").or(params.get("client_assertion_type")).is_some();
        // RFC 6749 §2.3: the client must not use more than one authentication method in each request.
        if [authorization.is_some(), params.get("client_secret").is_some(), has_assertion]
            .iter()
            .filter(|it| **it)
            .count()
            > 1
        {
            return Err(OAuthError::new(
                ErrorCode::InvalidRequest,
                RULE,
                "the client is authenticated twice; send the Authorization header, client_secret or client_assertion, and one only",
            ));
        }
        let credentials = match authorization {
            Some(header) => Self::from_basic(header)?,
            None if has_assertion => Self::from_assertion(params)?,
            None => Self::from_form(params)?,
        };
        // RFC 6749 §2.3.1, RFC 7521 §4.2: a client_id beside them names the same client.
        if params.get("client_id").is_some_and(|id| id != credentials.client_id) {
            return Err(OAuthError::new(
                ErrorCode::InvalidRequest,
                RULE,
                "client_id in the form differs from the client in the Authorization header or client_assertion",
            ));
        }
        Ok(credentials)
    }

    /// RFC 6749 §2.3.1: HTTP Basic, both parts form-encoded before they were joined.
    fn from_basic(header: &str) -> Result<Self, OAuthError> {
        let malformed = OAuthError::new(
            ErrorCode::InvalidClient,
            Rule::rfc(6749, "2.3.1"),
            "the Authorization header must be: Basic base64(form-encoded client_id : form-encoded client_secret)",
        );
        let (scheme, encoded) = header.split_once(' ').ok_or(malformed)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(malformed);
        }
        let decoded = STANDARD.decode(encoded.trim_start_matches(' ')).map_err(|_| malformed)?;
        let text = String::from_utf8(decoded).map_err(|_| malformed)?;
        let (id, secret) = text.split_once(':').ok_or(malformed)?;
        let decode = |part: &str| form_decode(part.as_bytes()).ok_or(malformed);
        let (id, secret) = (decode(id)?, decode(secret)?);
        if id.is_empty() || secret.is_empty() {
            return Err(malformed);
        }
        Ok(Self { client_id: id, proof: Proof::Basic(Secret::new(secret)) })
    }

    /// RFC 7521 §4.2: the assertion and its type; client_id may be left out.
    fn from_assertion(params: &Params) -> Result<Self, OAuthError> {
        let refuse = |description| OAuthError::new(ErrorCode::InvalidClient, Rule::rfc(7521, "4.2"), description);
        if params.get("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(refuse("client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
        }
        let assertion = params.get("client_assertion");
        let assertion = assertion.ok_or(refuse("client_assertion is missing: it is a JWT that the client signed"))?;
        let client_id = assertion::claimed_client(assertion)?;
        Ok(Self { client_id, proof: Proof::Assertion(Secret::new(assertion.to_owned())) })
    }

    fn from_form(params: &Params) -> Result<Self, OAuthError> {
        let Some(client_id) = params.get("client_id") else {
            return Err(OAuthError::new(
                ErrorCode::InvalidClient,
                RULE,
                "the client is not authenticated; send Authorization: Basic, or client_id and client_secret in the form",
            ));
        };
        let secret = params.get("client_secret").map(|secret| Secret::new(secret.to_owned()));
        Ok(Self { client_id: client_id.to_owned(), proof: secret.map_or(Proof::None, Proof::Post) })
    }

    /// Whether this is how a client with this method proves itself.
    const fn are_by(&self, method: AuthMethod) -> bool {
        match method {
            AuthMethod::ClientSecretBasic => matches!(self.proof, Proof::Basic(_)),
            AuthMethod::ClientSecretPost => matches!(self.proof, Proof::Post(_)),
            AuthMethod::PrivateKeyJwt | AuthMethod::ClientSecretJwt => matches!(self.proof, Proof::Assertion(_)),
            AuthMethod::None => matches!(self.proof, Proof::None),
        }
    }
}

/// A client that proved itself, or a public one that named itself. Made only by [`check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedClient(Arc<Client>);

impl VerifiedClient {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.0
    }
}

/// What the quick checks came to.
#[derive(Debug)]
pub enum Check {
    /// The client is who it says.
    Verified(VerifiedClient),
    /// Its secret rests as a password hash, which takes its time: compute, then conclude.
    Slow(SlowCheck),
    /// It presents an assertion: find its keys, verify, see that it is the first time, then conclude.
    Assertion(AssertionCheck),
}

/// A client whose secret rests as password hashes.
#[derive(Debug)]
pub struct SlowCheck {
    client: Arc<Client>,
    secret: Secret<String>,
    hashes: Vec<String>,
}

impl SlowCheck {
    /// Whose secret it is.
    pub fn client_row(&self) -> ClientRow {
        self.client.row
    }

    /// The presented secret and the PHC strings that it may match.
    pub fn work(&self) -> (Secret<String>, Vec<String>) {
        (self.secret.clone(), self.hashes.clone())
    }

    /// The verdict, given whether the secret matched one of the hashes.
    pub fn conclude(self, matched: bool) -> Result<VerifiedClient, OAuthError> {
        if matched { Ok(VerifiedClient(self.client)) } else { Err(wrong_secret()) }
    }
}

/// Checks presented credentials against the client that they name.
pub fn check(credentials: Credentials, client: Option<Arc<Client>>, now: Timestamp) -> Result<Check, OAuthError> {
    let refuse = |description| Err(OAuthError::new(ErrorCode::InvalidClient, Rule::rfc(6749, "5.2"), description));
    let client = client.ok_or(unknown_client())?;
    if client.disabled_at.is_some() {
        return refuse("this app is disabled");
    }
    // RFC 7591 §2: the registered token_endpoint_auth_method, and no other.
    if !credentials.are_by(client.registration.token_endpoint_auth_method) {
        return refuse(match client.registration.token_endpoint_auth_method {
            AuthMethod::ClientSecretBasic => "this app authenticates by client_secret_basic: Authorization: Basic",
            AuthMethod::ClientSecretPost => {
                "this app authenticates by client_secret_post: client_id and client_secret in the form"
            }
            AuthMethod::PrivateKeyJwt | AuthMethod::ClientSecretJwt => {
                "this app authenticates by an assertion: client_assertion and client_assertion_type in the form"
            }
            AuthMethod::None => "this app is public and has no secret: send only its client_id",
        });
    }
    let secret = match credentials.proof {
        Proof::None => return Ok(Check::Verified(VerifiedClient(client))),
        Proof::Assertion(assertion) => return Ok(Check::Assertion(AssertionCheck { client, assertion })),
        Proof::Basic(secret) | Proof::Post(secret) => secret,
    };
    let presented = SecretDigest::of_random(secret.expose());
    let is_presented = |stored: &StoredSecret| {
        constant_time::verify_slices_are_equal(stored.digest.as_bytes(), presented.as_str().as_bytes()).is_ok()
    };
    if good_secrets(&client, now).any(is_presented) {
        return Ok(Check::Verified(VerifiedClient(client)));
    }
    if good_secrets(&client, now).all(|stored| stored.digest.starts_with(SEALED)) {
        return refuse("the app has no secret for this method: rotate its secret, and send the new one");
    }
    let hashes = good_secrets(&client, now).map(|stored| &stored.digest).filter(|digest| digest.starts_with("$argon2"));
    let hashes: Vec<String> = hashes.cloned().collect();
    if hashes.is_empty() {
        return Err(wrong_secret());
    }
    Ok(Check::Slow(SlowCheck { client, secret, hashes }))
}

/// Whether this is a secret of the client that is good now: a random one, which the server made, by its digest, or one of `opened`,
/// which were [sealed](sealed_secrets).
pub fn is_secret_of(client: &Client, presented: &str, opened: &[impl AsRef<[u8]>], now: Timestamp) -> bool {
    let digest = SecretDigest::of_random(presented);
    let is = |own: &[u8], presented: &str| constant_time::verify_slices_are_equal(own, presented.as_bytes()).is_ok();
    opened.iter().any(|own| is(own.as_ref(), presented))
        || good_secrets(client, now).any(|stored| is(stored.digest.as_bytes(), digest.as_str()))
}

/// Whether a secret of the client that is good now rests as this method needs it.
pub fn has_secret_for(client: &Client, method: AuthMethod, now: Timestamp) -> bool {
    let signs = method == AuthMethod::ClientSecretJwt;
    good_secrets(client, now).any(|stored| stored.digest.starts_with(SEALED) == signs)
}

/// The secrets of a client that are good now and rest sealed.
pub fn sealed_secrets(client: &Client, now: Timestamp) -> Vec<Vec<u8>> {
    good_secrets(client, now).filter_map(|stored| SecretDigest::unsealable(&stored.digest)).collect()
}

fn good_secrets(client: &Client, now: Timestamp) -> impl Iterator<Item = &StoredSecret> {
    client.secrets.iter().filter(move |stored| stored.expires_at.is_none_or(|end| now < end))
}

/// What is answered about a client that is not there, or not any more.
pub const fn unknown_client() -> OAuthError {
    let description = "this workspace has no app with this client_id";
    OAuthError::new(ErrorCode::InvalidClient, Rule::rfc(6749, "5.2"), description)
}

const fn wrong_secret() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, Rule::rfc(6749, "5.2"), "the client secret is wrong or was retired")
}

/// How a client secret rests: `sha256:<base64url>` where it is random, an Argon2id PHC string where it may not be, and
/// `sealed:<base64url>` where it has to be known again, because the client signs with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretDigest(String);

impl SecretDigest {
    /// The digest of a secret with at least 128 random bits.
    pub fn of_random(secret: &str) -> Self {
        let mut text = "sha256:".to_owned();
        URL_SAFE_NO_PAD.encode_string(digest::digest(&digest::SHA256, secret.as_bytes()), &mut text);
        Self(text)
    }

    /// Of a secret that was sealed under the master key.
    pub fn of_sealed(sealed: &[u8]) -> Self {
        Self(format!("{SEALED}{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// What was sealed, if that is how a secret rests.
    fn unsealable(digest: &str) -> Option<Vec<u8>> {
        digest.strip_prefix(SEALED).and_then(|sealed| URL_SAFE_NO_PAD.decode(sealed).ok())
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether an imported secret has the form of at least 128 random bits: 32 hexadecimal digits, or 22 base64url characters.
/// A word would have the second form too, so it must mix letters and digits.
pub fn has_random_form(secret: &str) -> bool {
    let shortest = if secret.bytes().all(|b| b.is_ascii_hexdigit()) { 32 } else { 22 };
    let base64url = secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let mut seen: Vec<u8> = secret.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    let mixed = seen.iter().any(u8::is_ascii_digit) && seen.iter().any(u8::is_ascii_alphabetic) && seen.len() >= 8;
    secret.len() >= shortest && base64url && mixed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::StoredSecret;
    use crate::sample::{self, NOW};
    use crate::types::Seconds;

    /// The app with these secrets, and in how many seconds each ends.
    fn client(method: AuthMethod, secrets: &[(&str, Option<i64>)]) -> Client {
        let secrets = secrets.iter().enumerate().map(|(i, (secret, end))| StoredSecret {
            number: i as i64 + 1,
            digest: SecretDigest::of_random(secret).0,
            created_at: NOW,
            expires_at: end.map(|seconds| NOW.plus(Seconds(seconds))),
        });
        let mut client = Client { secrets: secrets.collect(), ..sample::client() };
        client.registration.token_endpoint_auth_method = method;
        client
    }

    fn authenticate(header: Option<&str>, form: &str, client: Option<Client>) -> Result<(), ErrorCode> {
        let params = Params::parse(form.as_bytes()).unwrap();
        let credentials = Credentials::read(header, &params).map_err(|e| e.code)?;
        match check(credentials, client.map(Arc::new), NOW).map_err(|e| e.code)? {
            Check::Verified(_) => Ok(()),
            Check::Slow(slow) => slow.conclude(false).map(|_| ()).map_err(|e| e.code),
            Check::Assertion(_) => panic!("no test here presents one"),
        }
    }

    fn basic(id: &str, secret: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
    }

    #[test]
    fn s2_3_1_basic_parts_are_form_decoded() {
        let it = || Some(client(AuthMethod::ClientSecretBasic, &[("s:e+c r%t&=", None)]));
        assert_eq!(authenticate(Some(&basic("app", "s%3Ae%2Bc+r%25t%26%3D")), "", it()), Ok(()));
        assert_eq!(authenticate(Some(&basic("%61pp", "s:e%2Bc+r%25t&=")), "", it()), Ok(()));
        assert_eq!(authenticate(Some(&basic("app", "wrong")), "", it()), Err(ErrorCode::InvalidClient));
    }

    #[test]
    fn s2_3_one_method_and_the_registered_one() {
        let basic_client = || Some(client(AuthMethod::ClientSecretBasic, &[("s", None)]));
        let post_client = || Some(client(AuthMethod::ClientSecretPost, &[("s", None)]));
        let public = || Some(client(AuthMethod::None, &[]));
        let header = basic("app", "s");
        assert_eq!(authenticate(Some(&header), "client_id=app", basic_client()), Ok(()));
        assert_eq!(authenticate(Some(&header), "client_id=b", basic_client()), Err(ErrorCode::InvalidRequest));
        assert_eq!(authenticate(Some(&header), "client_secret=s", basic_client()), Err(ErrorCode::InvalidRequest));
        assert_eq!(authenticate(None, "client_id=app&client_secret=s", post_client()), Ok(()));
        assert_eq!(authenticate(None, "client_id=app&client_secret=s", basic_client()), Err(ErrorCode::InvalidClient));
        assert_eq!(authenticate(Some(&header), "", post_client()), Err(ErrorCode::InvalidClient));
        assert_eq!(authenticate(None, "client_id=app", public()), Ok(()));
        assert_eq!(authenticate(None, "client_id=app", basic_client()), Err(ErrorCode::InvalidClient));
        assert_eq!(authenticate(None, "client_id=app&client_secret=s", public()), Err(ErrorCode::InvalidClient));
        assert_eq!(authenticate(None, "", basic_client()), Err(ErrorCode::InvalidClient));
        assert_eq!(authenticate(Some(&header), "", None), Err(ErrorCode::InvalidClient));
    }

    #[test]
    fn a_malformed_header_is_invalid_client() {
        let it = || Some(client(AuthMethod::ClientSecretBasic, &[("s", None)]));
        for bad in ["Basic", "Basic !!!", "Bearer YXBwOnM=", "Basic YXBw", "Basic OnM=", "Basic YXBwOg==", "YXBwOnM="] {
            assert_eq!(authenticate(Some(bad), "", it()), Err(ErrorCode::InvalidClient), "{bad}");
        }
        assert_eq!(authenticate(Some("bAsIc YXBwOnM="), "", it()), Ok(()));
    }

    #[test]
    fn two_secrets_live_while_one_is_rotated() {
        let it = || Some(client(AuthMethod::ClientSecretBasic, &[("new", None), ("old", Some(1)), ("gone", Some(0))]));
        assert_eq!(authenticate(Some(&basic("app", "new")), "", it()), Ok(()));
        assert_eq!(authenticate(Some(&basic("app", "old")), "", it()), Ok(()));
        assert_eq!(authenticate(Some(&basic("app", "gone")), "", it()), Err(ErrorCode::InvalidClient));
    }

    #[test]
    fn s2_3_1_what_no_text_can_be_is_malformed() {
        let it = || Some(client(AuthMethod::ClientSecretBasic, &[("s", None)]));
        for bad in ["a%00", "a%FF", ""] {
            for header in [basic(bad, "s"), basic("app", bad)] {
                let read = Credentials::read(Some(&header), &Params::default()).map(|_| ()).unwrap_err();
                assert_eq!((read.code, read.rule), (ErrorCode::InvalidClient, Rule::rfc(6749, "2.3.1")), "{bad}");
            }
        }
        assert_eq!(authenticate(Some(&basic("app", "s")), "", it()), Ok(()));
    }

    #[test]
    fn s5_2_a_disabled_app_proves_nothing() {
        let disabled = Client { disabled_at: Some(NOW), ..client(AuthMethod::ClientSecretBasic, &[("s", None)]) };
        assert_eq!(authenticate(Some(&basic("app", "s")), "", Some(disabled)), Err(ErrorCode::InvalidClient));
        let disabled = Client { disabled_at: Some(NOW), ..client(AuthMethod::None, &[]) };
        assert_eq!(authenticate(None, "client_id=app", Some(disabled)), Err(ErrorCode::InvalidClient));
    }

    #[test]
    fn s2_3_1_a_password_is_computed_only_where_one_rests_and_the_result_decides() {
        let checked = |digests: &[&str]| {
            let credentials = Credentials::read(Some(&basic("app", "s")), &Params::default()).unwrap();
            let secrets: Vec<_> = digests.iter().map(|digest| (*digest, None)).collect();
            let mut client = client(AuthMethod::ClientSecretBasic, &secrets);
            client.secrets.iter_mut().zip(digests).for_each(|(stored, digest)| stored.digest = (*digest).to_owned());
            check(credentials, Some(Arc::new(client)), NOW)
        };
        let slow = || match checked(&["sha256:x", "$argon2id$1", "sealed:eA"]) {
            Ok(Check::Slow(slow)) => slow,
            other => panic!("{other:?}"),
        };
        assert_eq!(slow().work().1, ["$argon2id$1"]);
        assert_eq!(slow().conclude(true).unwrap().client().client_id, "app");
        assert_eq!(slow().conclude(false).unwrap_err(), wrong_secret());
        assert_eq!(checked(&["sha256:x", "sealed:eA"]).unwrap_err(), wrong_secret());
        let told = |digests: &[&str]| checked(digests).unwrap_err().description;
        assert!(told(&["sealed:eA"]).contains("rotate its secret"), "a secret that only signs is not presented");
    }

    #[test]
    fn only_random_looking_secrets_are_digested_quickly() {
        for random in ["179ad45c6ce2cb97cf1029e212046e81", "h3Kd9_x-Qw7Zp2Lm5Vt8Rn", "abcdefg1abcdefg1abcdefg1"] {
            assert!(has_random_form(random), "{random}");
        }
        for weak in [
            "secret",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "correcthorsebatterystaple",
            "1111111111111111111111111111111a",
            "ghijkl1ghijkl1ghijkl1ghijkl1",
            "01234567890123456789012345678901",
            "h3Kd9_x-Qw7Zp2Lm5Vt8R",
            "179ad45c6ce2cb97cf1029e212046e8",
            "h3Kd9 x-Qw7Zp2Lm5Vt8Rn h3Kd9 x-Qw7Zp2Lm5Vt8Rn",
        ] {
            assert!(!has_random_form(weak), "{weak}");
        }
    }
}

//! RFC 6749 §2.3.1: the secrets of an app. Two are good while they are being exchanged.

use super::{Answer, Instance, OperatorError, Outcome, Seconds, Secret, Server, Shown, find_client, proceed, shown};
use crate::operator::find_workspace;
use grantry_protocol::client::{AuthMethod, Client, StoredSecret};
use grantry_protocol::client_auth::{SecretDigest, has_random_form};
use grantry_protocol::entropy;
use grantry_protocol::types::Timestamp;

/// Longest secret that can be brought along, in bytes.
const LONGEST: usize = 256;
/// Longest time that an old secret stays good.
const LONGEST_KEEP: Seconds = Seconds::days(90);

/// A secret on its way in.
pub(super) struct Incoming {
    /// How it will rest; none for a public client.
    pub(super) digest: Option<String>,
    /// The secret itself, if nobody knows it yet.
    pub(super) to_show: Option<Secret<String>>,
}

impl Incoming {
    /// The secret that was brought along, or a new one with 256 random bits.
    pub(super) async fn of(server: &Server, method: AuthMethod, brought: Option<Secret<String>>) -> Outcome<Self> {
        match (method, brought) {
            (AuthMethod::None, None) => Ok(Self { digest: None, to_show: None }),
            (AuthMethod::None, Some(_)) => Err(public()),
            (_, None) => {
                let secret = entropy::draw_text::<32>(&mut server.randomness());
                let digest = SecretDigest::of_random(&secret).as_str().to_owned();
                Ok(Self { digest: Some(digest), to_show: Some(Secret::new(secret)) })
            }
            (_, Some(secret)) => Ok(Self { digest: Some(digest(server, secret).await?), to_show: None }),
        }
    }
}

/// What can be guessed rests as a password does.
async fn digest(server: &Server, secret: Secret<String>) -> Outcome<String> {
    let text = secret.expose();
    // RFC 6749 appendix A.2: client_secret is printable ASCII.
    let printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if text.is_empty() || text.len() > LONGEST || !printable {
        return Err(OperatorError::refused(format!("a client secret is 1 to {LONGEST} characters of printable ASCII")));
    }
    if has_random_form(text) {
        return Ok(SecretDigest::of_random(text).as_str().to_owned());
    }
    Ok(server.passwords().hash(secret).await?)
}

pub(super) async fn rotate(
    server: &Server,
    (slug, client_id): (String, String),
    brought: Option<Secret<String>>,
    keep_old: Seconds,
) -> Outcome<Answer> {
    if !(Seconds(0)..=LONGEST_KEEP).contains(&keep_old) {
        let longest = LONGEST_KEEP.0;
        return Err(OperatorError::refused(format!("the old secret stays good for 0 to {longest} seconds")));
    }
    let incoming = Incoming::of(server, AuthMethod::ClientSecretBasic, brought).await?;
    let (digest, to_show) = (incoming.digest.unwrap_or_default(), incoming.to_show);
    let (within, now) = (server.clone(), server.clock().now());
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let client = proceed!(find_client(&mut tx, &slug, &client_id)?);
        proceed!(confidential(&client));
        if tx.rotate_secret(client.row, &digest, now, now.plus(keep_old))?.is_none() {
            return Ok(Err(OperatorError::refused(format!(
                "app `{client_id}` has two good secrets already; end one by `grantry app retire-secret \
                 --workspace {slug} {client_id}`, or wait until the old one expires"
            ))));
        }
        shown(&within, &mut tx, &slug, &client_id)
    };
    let shown: Shown = server.store().write_instance(work).await??;
    Ok(shown.with_secret(to_show))
}

pub(super) async fn retire(
    server: &Server,
    (slug, client_id): (String, String),
    number: Option<i64>,
) -> Outcome<Answer> {
    let (within, now) = (server.clone(), server.clock().now());
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let client = proceed!(find_client(&mut tx, &slug, &client_id)?);
        proceed!(confidential(&client));
        let oldest = client.secrets.iter().filter(|secret| is_good(secret, now)).map(|secret| secret.number).min();
        let number = number.or(oldest).unwrap_or_default();
        if !tx.retire_secret(client.row, number, now)? {
            return Ok(Err(OperatorError::refused(format!(
                "secret {number} of app `{client_id}` is its only good one, or not good any more; \
                 `grantry app rotate-secret --workspace {slug} {client_id}` makes a new one first"
            ))));
        }
        shown(&within, &mut tx, &slug, &client_id)
    };
    Ok(server.store().write_instance(work).await??.with_secret(None))
}

fn is_good(secret: &StoredSecret, now: Timestamp) -> bool {
    secret.expires_at.is_none_or(|end| now < end)
}

fn confidential(client: &Client) -> Result<(), OperatorError> {
    if client.is_public() { Err(public()) } else { Ok(()) }
}

fn public() -> OperatorError {
    OperatorError::refused("a public app (token_endpoint_auth_method none) has no secret (RFC 6749 section 2.1)")
}

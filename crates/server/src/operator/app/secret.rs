//! RFC 6749 §2.3.1: the secrets of an app. Two are good while they are being exchanged.

use super::{Answer, Instance, OperatorError, Outcome, Seconds, Secret, Server, Shown, find_client, proceed, shown};
use crate::operator::find_workspace;
use crate::secrets;
use grantry_protocol::WorkspaceId;
use grantry_protocol::client::{AuthMethod, Client, StoredSecret};
use grantry_protocol::client_auth::has_random_form;
use grantry_protocol::entropy;
use grantry_protocol::types::Timestamp;

/// Longest secret that can be brought along, in bytes.
const LONGEST: usize = 256;
/// Shortest secret that HS256 can be used with (RFC 7518 §3.2), in bytes.
const SHORTEST_TO_SIGN: usize = 32;
/// Longest time that an old secret stays good.
const LONGEST_KEEP: Seconds = Seconds::days(90);

/// A secret on its way in.
pub(super) struct Incoming {
    secret: Secret<String>,
    /// How it rests if it can be guessed: as a password does.
    hash: Option<String>,
    /// Whether nobody knows it yet.
    is_new: bool,
}

impl Incoming {
    /// The secret that was brought along, or a new one with 256 random bits.
    pub(super) async fn of(server: &Server, brought: Option<Secret<String>>) -> Outcome<Self> {
        let Some(secret) = brought else {
            let secret = Secret::new(entropy::draw_text::<32>(&mut server.randomness()));
            return Ok(Self { secret, hash: None, is_new: true });
        };
        let text = secret.expose();
        // RFC 6749 appendix A.2: client_secret is printable ASCII.
        let printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        if text.is_empty() || text.len() > LONGEST || !printable {
            return Err(OperatorError::refused(format!(
                "a client secret is 1 to {LONGEST} characters of printable ASCII"
            )));
        }
        let hash = if has_random_form(text) { None } else { Some(server.passwords().hash(secret.clone()).await?) };
        Ok(Self { secret, hash, is_new: false })
    }

    /// How it rests with an app that authenticates by `method`.
    pub(super) fn at_rest(&self, server: &Server, workspace: WorkspaceId, method: AuthMethod) -> Outcome<String> {
        if !method.has_secret() {
            return Err(without_secret());
        }
        let secret = self.secret.expose();
        // RFC 7518 §3.2: whoever sees a signature can try secrets on it.
        if method == AuthMethod::ClientSecretJwt && (self.hash.is_some() || secret.len() < SHORTEST_TO_SIGN) {
            return Err(OperatorError::refused(format!(
                "an app signs with a random secret of at least {SHORTEST_TO_SIGN} characters (RFC 7518 section 3.2)"
            )));
        }
        let digest = || secrets::at_rest(server, workspace, method, secret).as_str().to_owned();
        Ok(self.hash.clone().unwrap_or_else(digest))
    }

    /// The secret itself, if nobody knows it yet.
    pub(super) fn to_show(&self) -> Option<Secret<String>> {
        self.is_new.then(|| self.secret.clone())
    }
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
    let incoming = Incoming::of(server, brought).await?;
    let to_show = incoming.to_show();
    let (within, now) = (server.clone(), server.clock().now());
    let work = move |instance: &mut Instance<'_>| {
        let workspace = proceed!(find_workspace(instance, &slug)?);
        let mut tx = instance.within(workspace.id);
        let client = proceed!(find_client(&mut tx, &slug, &client_id)?);
        let method = client.registration.token_endpoint_auth_method;
        let digest = proceed!(incoming.at_rest(&within, workspace.id, method));
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
        proceed!(check_has_secret(&client));
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

fn check_has_secret(client: &Client) -> Outcome<()> {
    if client.registration.token_endpoint_auth_method.has_secret() { Ok(()) } else { Err(without_secret()) }
}

fn without_secret() -> OperatorError {
    OperatorError::refused(
        "a public app (token_endpoint_auth_method none) has no secret (RFC 6749 section 2.1), nor has one that signs with \
         keys of its own (private_key_jwt)",
    )
}

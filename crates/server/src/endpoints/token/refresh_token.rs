//! RFC 6749 §6: a refresh token buys access tokens; it rotates where the client cannot keep a secret.

use super::{Granted, Tokens};
use crate::here::Here;
use crate::reply::Failure;
use grantry_protocol::client_auth::VerifiedClient;
use grantry_protocol::grant::{Grant, OpenidGrant, Standing};
use grantry_protocol::sealed::RefreshToken;
use grantry_protocol::token::TokenAnswer;
use grantry_protocol::token::refresh_token::{Approved, Presented, Verdict, check, not_good, read_refresh_token};
use grantry_protocol::types::Seconds;
use grantry_protocol::{OAuthError, Params, Scope};
use grantry_storage::{StorageError, Tx};
use std::sync::Arc;

/// What the account page calls "last used" is true to the hour, so that a refresh seldom has to write.
const LAST_USE_PRECISION: Seconds = Seconds::hours(1);

/// Exchanges a refresh token for tokens.
pub(super) async fn exchange(here: &Here, client: &VerifiedClient, params: Params) -> Result<TokenAnswer, Failure> {
    let token: RefreshToken = here.open(read_refresh_token(&params)?).ok_or(not_good())?;
    let tokens = Tokens::of_grant(here, client.client(), token.grant).await?;
    let looking =
        Looking { workspace: Arc::clone(&here.workspace), client: client.clone(), params, now: here.now, token };
    let Refreshed { grant, subject, scope } = refresh(here, client, looking).await?;
    let subject = here.told(client.client(), &subject);
    // OpenID Connect Core §12.2: an ID Token of a refresh should not have a nonce, even where the first one had.
    let openid = grant.openid.map(|openid| OpenidGrant { nonce: None, ..openid });
    let grant = Grant { openid, ..grant };
    tokens.answer(Granted { grant: &grant, user: None, subject: &subject, scope: &scope })
}

/// What rotates has to be written: it is looked at inside the unit of work that writes, and nowhere before.
async fn refresh(here: &Here, client: &VerifiedClient, looking: Looking) -> Result<Refreshed, Failure> {
    if client.client().is_public() {
        return Ok(here.write(move |tx| looking.settle(tx)).await??);
    }
    let looking = Arc::new(looking);
    let first = Arc::clone(&looking);
    let (standing, verdict) = here.read(move |tx| first.look(tx)).await?;
    match (verdict, standing) {
        (Verdict::Refused(error), _) => Err(error.into()),
        (Verdict::Keep(approved), Some(standing)) => keep(here, client, standing, &approved).await,
        // Whatever writes looks again inside its unit of work.
        _ => Ok(here.write(move |tx| looking.settle(tx)).await??),
    }
}

/// A grant after its refresh.
struct Refreshed {
    grant: Grant,
    /// The public `sub` of its user.
    subject: String,
    scope: Scope,
}

/// A client that does not rotate: nothing has to be written before the answer, unless half of the idle time is over.
async fn keep(
    here: &Here,
    client: &VerifiedClient,
    standing: Standing,
    approved: &Approved,
) -> Result<Refreshed, Failure> {
    let Standing { grant, subject, .. } = standing;
    let (id, now, expires_at) = (grant.id, here.now, approved.expires_at());
    let left = grant.expires_at.since(now);
    let extends = expires_at.since(grant.expires_at);
    // The row has to outlive the access token that is issued now.
    let needed = client.client().lifetimes(&here.row().policy.lifetimes).access_token;
    if extends >= left || needed > left {
        here.write(move |tx| tx.touch_grant(id, now, expires_at)).await?;
    } else if grant.last_used_at.is_none_or(|last| now.since(last) >= LAST_USE_PRECISION) {
        here.server.store().write_later(here.row().id, move |tx| tx.touch_grant(id, now, expires_at));
    }
    Ok(Refreshed { grant: Grant { expires_at, ..grant }, subject, scope: approved.scope().clone() })
}

/// A refresh that is being looked at, possibly more than once.
struct Looking {
    workspace: Arc<crate::workspace::OpenWorkspace>,
    client: VerifiedClient,
    params: Params,
    now: grantry_protocol::Timestamp,
    token: RefreshToken,
}

impl Looking {
    fn look(&self, tx: &mut Tx<'_>) -> Result<(Option<Standing>, Verdict), StorageError> {
        let standing = tx.find_standing(self.token.grant)?;
        let presented =
            Presented { token: self.token, standing: standing.as_ref(), client: &self.client, params: &self.params };
        let verdict = check(presented, &self.workspace.row, self.now);
        Ok((standing, verdict))
    }

    /// Carries the verdict out. A refusal that changes rows is a value, so that the change is committed.
    fn settle(&self, tx: &mut Tx<'_>) -> Result<Result<Refreshed, OAuthError>, StorageError> {
        let (standing, verdict) = self.look(tx)?;
        if let (Verdict::Rotate(approved), Some(standing)) = (&verdict, &standing)
            && let Some(grant) = tx.rotate(approved)?
        {
            let subject = standing.subject.clone();
            return Ok(Ok(Refreshed { grant, subject, scope: approved.scope().clone() }));
        }
        // Another request rotated first: the second look says whether this one still gets the same successor.
        let (standing, verdict) =
            if matches!(verdict, Verdict::Rotate(_)) { self.look(tx)? } else { (standing, verdict) };
        match (verdict, standing) {
            (Verdict::Again(approved) | Verdict::Keep(approved), Some(standing)) => {
                let Standing { grant, subject, .. } = standing;
                Ok(Ok(Refreshed { grant, subject, scope: approved.scope().clone() }))
            }
            (Verdict::Replayed(error), _) => tx.revoke_grant(self.token.grant, self.now).map(|_| Err(error)),
            (Verdict::Refused(error), _) => Ok(Err(error)),
            (Verdict::Rotate(_) | Verdict::Again(_) | Verdict::Keep(_), _) => Ok(Err(not_good())),
        }
    }
}

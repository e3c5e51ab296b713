//! RFC 6749 §4.1.3: a code buys tokens, once. The only function that sees both the rules and the rows of it.

use super::{Granted, Tokens};
use crate::here::Here;
use crate::reply::Failure;
use grantry_protocol::account::User;
use grantry_protocol::claims::ClaimsRequest;
use grantry_protocol::client_auth::VerifiedClient;
use grantry_protocol::grant::Standing;
use grantry_protocol::sealed::AuthorizationCode;
use grantry_protocol::token::TokenAnswer;
use grantry_protocol::token::authorization_code::{Presented, Verdict, check, not_good, read_code};
use grantry_protocol::{GrantId, OAuthError, Params, Timestamp};
use grantry_storage::{Redeemed, StorageError, Tx};
use std::sync::Arc;

/// Exchanges a code for tokens.
pub(super) async fn exchange(here: &Here, client: &VerifiedClient, params: Params) -> Result<TokenAnswer, Failure> {
    let code: AuthorizationCode = here.open(read_code(&params)?).ok_or(not_good())?;
    let tokens = Tokens::of_grant(here, client.client(), code.grant).await?;
    let (workspace, known, now) = (Arc::clone(&here.workspace), client.clone(), here.now);
    let settled = here
        .write(move |tx| {
            let standing = tx.find_standing(code.grant)?;
            let presented = Presented { code, standing: standing.as_ref(), client: &known, params: &params };
            let settled = settle(tx, code.grant, check(presented, &workspace.row, now), now)?;
            let user = standing.as_ref().map(|standing| user_asked_for(tx, standing)).transpose()?.flatten();
            Ok(settled.map(|redeemed| (redeemed, user, standing.map(|it| it.subject))))
        })
        .await?;
    let (redeemed, user, subject) = settled?;
    let subject = here.told(client.client(), &subject.ok_or(Failure::Internal)?);
    let grant = redeemed.grant();
    // RFC 6749 §3.3: an app that may have less since the person agreed gets less.
    let scope = grant.scope.intersection(&client.client().registration.scope);
    tokens.answer(Granted { grant, user: user.as_ref(), subject: &subject, scope: &scope })
}

/// The user, where claims were asked for by name: some of them may be meant for the ID Token (OpenID Connect Core §5.5).
fn user_asked_for(tx: &mut Tx<'_>, standing: &Standing) -> Result<Option<User>, StorageError> {
    let grant = &standing.grant;
    let asks = grant.openid.as_ref().is_some_and(|openid| openid.claims != ClaimsRequest::default());
    if asks { tx.find_user(grant.user) } else { Ok(None) }
}

/// Carries a verdict out. A refusal that changes rows is a value, so that the change is committed.
fn settle(
    tx: &mut Tx<'_>,
    grant: GrantId,
    verdict: Verdict,
    now: Timestamp,
) -> Result<Result<Redeemed, OAuthError>, StorageError> {
    match verdict {
        Verdict::Approved(approved) => match tx.redeem(&approved)? {
            Some(redeemed) => Ok(Ok(redeemed)),
            // Another request of this client was faster, so this one is the code's second use.
            None => tx.revoke_grant(grant, now).map(|_| Err(not_good())),
        },
        Verdict::Refused(error) => Ok(Err(error)),
        Verdict::Burned(error) => tx.burn_code(grant).map(|_| Err(error)),
        Verdict::Replayed(error) => tx.revoke_grant(grant, now).map(|_| Err(error)),
    }
}

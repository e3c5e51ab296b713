//! What access tokens rest on. Those that are asked about again and again are answered from memory, on SQLite, for as long as no row
//! has changed that the answer was read from (docs/decisions/0025).

use crate::changes::{Changes, Moment, Source};
use crate::error::Result;
use crate::tx::Tx;
use crate::value::{FromRow, Row};
use grantry_protocol::grant::{GrantState, Vitals};
use grantry_protocol::sealed::{AccessSubject, AccessToken};
use grantry_protocol::types::Seconds;
use grantry_protocol::{ClientRow, GrantId, SessionId, Timestamp, UserId, WorkspaceId};
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, PoisonError, RwLock};

/// What an access token rests on that is not denied. Whether it is good is for the protocol to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backing {
    /// What a user granted.
    Grant(Arc<Held>),
    /// This client, which acts for itself.
    Client(ClientRow),
}

/// What a client holds by a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whether it is good.
    pub vitals: Vitals,
    /// The public `sub` of its user.
    pub subject: String,
    /// The user's name.
    pub username: String,
    grant: GrantId,
    user: UserId,
    session: Option<SessionId>,
}

impl FromRow for Held {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        let (grant, user, client, session) = (row.take()?, row.take()?, row.take()?, row.take()?);
        let outlives_session = Vitals::outlives_session(&row.take()?);
        let state = row.take_as(|text| Some(GrantState::parse(text)))?;
        let (expires_at, subject, username) = (row.take()?, row.take()?, row.take()?);
        let user_enabled = row.take::<Option<Timestamp>>()?.is_none();
        let session_ended = row.take::<Option<Timestamp>>()?.is_some();
        let vitals = Vitals { client, state, expires_at, outlives_session, user_enabled, session_ended };
        Ok(Self { vitals, subject, username, grant, user, session })
    }
}

/// What no change is noted of within this time is read again all the same, and let go of within twice the time by those who ask.
const LONGEST: Seconds = Seconds::minutes(1);
/// Most tokens of a generation, of which there are two.
const MOST: usize = 32_768;

impl Tx<'_> {
    /// What an access token rests on; none: it is denied, or its grant is gone.
    pub fn find_backing(&mut self, about: AccessSubject, token_id: &[u8; 16]) -> Result<Option<Backing>> {
        match about {
            AccessSubject::Grant(id) => Ok(self.find_held_by(id, token_id)?.map(|held| Backing::Grant(held.into()))),
            AccessSubject::Client(row) => Ok((!self.is_denied(token_id)?).then_some(Backing::Client(row))),
        }
    }
}

/// A token, wherever it is from.
type Token = (WorkspaceId, [u8; 16]);

/// What was read lately. The old generation is let go of when the young one is full or has had its time; what was asked for meanwhile
/// is young again.
#[derive(Debug)]
pub(crate) struct Backings {
    most: usize,
    generations: RwLock<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    began: Option<Timestamp>,
    young: HashMap<Token, Kept>,
    old: HashMap<Token, Kept>,
}

impl Default for Backings {
    fn default() -> Self {
        Self::with_room_for(MOST)
    }
}

#[derive(Clone, Debug)]
struct Kept {
    about: AccessSubject,
    backing: Backing,
    /// Before it was read. So a change that it may lack is noted after that moment, and before the change is answered.
    moment: Moment,
    read_at: Timestamp,
}

impl Kept {
    /// Whether it would be read like this again.
    fn is_still(&self, token: &AccessToken, changes: &Changes, now: Timestamp) -> bool {
        let unchanged = |source| changes.is_unchanged(source, self.moment);
        self.read_at.is_within(LONGEST, now)
            && self.about == token.about
            && unchanged(Source::Token(token.token_id))
            && match &self.backing {
                Backing::Client(_) => true,
                Backing::Grant(held) => {
                    unchanged(Source::Row(held.grant.0))
                        && unchanged(Source::Row(held.user.0))
                        && held.session.is_none_or(|session| unchanged(Source::Row(session.0)))
                }
            }
    }
}

impl Backings {
    fn with_room_for(most: usize) -> Self {
        Self { most, generations: RwLock::default() }
    }

    /// What is kept of a token, if it would be read like this again.
    pub(crate) fn find(
        &self,
        (workspace, token): (WorkspaceId, &AccessToken),
        changes: &Changes,
        now: Timestamp,
    ) -> Option<Backing> {
        let key = (workspace, token.token_id);
        let all = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        let is_still = |kept: &&Kept| kept.is_still(token, changes, now);
        if let Some(young) = all.young.get(&key) {
            return Some(young).filter(is_still).map(|kept| kept.backing.clone());
        }
        let kept = all.old.get(&key).filter(is_still)?.clone();
        drop(all);
        self.insert(key, kept.clone(), now);
        Some(kept.backing)
    }

    /// Keeps what was read of a token after `moment`.
    pub(crate) fn keep(
        &self,
        (workspace, token): (WorkspaceId, &AccessToken),
        backing: Backing,
        (moment, read_at): (Moment, Timestamp),
    ) {
        let kept = Kept { about: token.about, backing, moment, read_at };
        self.insert((workspace, token.token_id), kept, read_at);
    }

    fn insert(&self, key: Token, kept: Kept, now: Timestamp) {
        let mut all = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        let mut over = HashMap::new();
        if all.young.len() >= self.most || !all.began.is_some_and(|began| began.is_within(LONGEST, now)) {
            over = mem::take(&mut all.young);
            mem::swap(&mut all.old, &mut over);
            all.began = Some(now);
        }
        all.young.insert(key, kept);
        // To let go of so many takes its time, in which others find theirs.
        drop(all);
        drop(over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grantry_protocol::Scope;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
    const HERE: WorkspaceId = WorkspaceId(1);
    const APP: ClientRow = ClientRow(2);

    fn token(id: u8) -> AccessToken {
        AccessToken {
            token_id: [id; 16],
            about: AccessSubject::Client(APP),
            scope: Scope::parse("read").unwrap(),
            audience: Vec::new(),
            issued_at: NOW,
            expires_at: NOW.plus(Seconds::hours(1)),
        }
    }

    /// Keeps what was read of these tokens.
    fn keep(kept: &Backings, changes: &Changes, ids: impl IntoIterator<Item = u8>, read_at: Timestamp) {
        ids.into_iter().for_each(|id| kept.keep((HERE, &token(id)), Backing::Client(APP), (changes.now(), read_at)));
    }

    /// Which of these tokens are known.
    fn known(kept: &Backings, changes: &Changes, ids: impl IntoIterator<Item = u8>, now: Timestamp) -> Vec<u8> {
        ids.into_iter().filter(|id| kept.find((HERE, &token(*id)), changes, now).is_some()).collect()
    }

    #[test]
    fn what_is_asked_for_stays_and_there_are_never_more_than_two_generations() {
        let (kept, changes) = (Backings::with_room_for(3), Changes::default());
        keep(&kept, &changes, 1..=3, NOW);
        keep(&kept, &changes, [4], NOW);
        assert_eq!(known(&kept, &changes, [1, 4], NOW), [1, 4], "1 is old, and young again now");
        keep(&kept, &changes, [5, 6], NOW);
        // 4, 1 and 5 are the old ones now; 2 and 3 were not asked for.
        assert_eq!(known(&kept, &changes, 2..=6, NOW), [4, 5, 6]);
        let generations = kept.generations.read().unwrap();
        assert!(generations.young.len() <= 3 && generations.old.len() <= 3);
    }

    #[test]
    fn what_is_known_is_read_again_after_its_time_and_when_the_clock_was_set_back() {
        let (kept, changes) = (Backings::default(), Changes::default());
        keep(&kept, &changes, [1], NOW);
        let last = NOW.plus(Seconds(LONGEST.0 - 1));
        assert_eq!(known(&kept, &changes, [1], last), [1]);
        assert!(known(&kept, &changes, [1], NOW.plus(LONGEST)).is_empty());
        assert!(known(&kept, &changes, [1], NOW.plus(Seconds(-1))).is_empty());
        // Two later generations, and nothing is left of it.
        keep(&kept, &changes, [2], NOW.plus(LONGEST));
        keep(&kept, &changes, [3], NOW.plus(Seconds(2 * LONGEST.0)));
        let generations = kept.generations.read().unwrap();
        assert_eq!((generations.young.len(), generations.old.len()), (1, 1));
    }

    #[test]
    fn a_denied_token_is_looked_for_again() {
        let (kept, changes) = (Backings::default(), Changes::default());
        keep(&kept, &changes, [1, 2], NOW);
        changes.note(Source::Token([1; 16]));
        assert_eq!(known(&kept, &changes, [1, 2], NOW), [2]);
    }
}

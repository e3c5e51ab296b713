//! Thirty days of load, by a clock that is moved: what people and apps write is written through the store, hour by hour, and
//! cleaned up as the server does it. How much stays, and how long a batch holds the only writer.

use super::figures::{Figure, Figures, percentile};
use crate::Outcome;
use crate::seed::{self, client};
use crate::servers::{Place, fresh};
use crate::world::{REDIRECT_URI, Randomness, SLUG};
use grantry_protocol::authorize::SignedIn;
use grantry_protocol::client::DynamicRegistration;
use grantry_protocol::entropy;
use grantry_protocol::grant::{GrantState, NewGrant};
use grantry_protocol::types::{GrantType, Seconds, SessionId};
use grantry_protocol::{ClientRow, GrantId, Scope, Timestamp, UserId, WorkspaceId};
use grantry_storage::{Clock, Instance, NewSession, NewUser, PassedBy, StorageError, Store, Tx};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

const DAYS: i64 = 30;
/// From this day on nothing grows any more but with the load, which does not: the longest that anything lives has passed.
const SETTLED: i64 = 15;
const USERS: usize = 5_000;
const APPS: usize = 20;
/// Sign-ins in an hour.
const LOGINS: usize = 400;
/// When a grant is over that nobody refreshes.
const GRANT: Seconds = Seconds::days(7);
/// The longest that a batch may hold the writer, in milliseconds.
const HELD: f64 = 20.0;
/// Between two batches. The server pauses ten times as long, for which there is no time here.
const BREATH: Duration = Duration::from_millis(5);
/// How much rows may differ from their usual share of what lives, in percent.
const APART: f64 = 5.0;

/// Every table that grows with time, and which of its rows live.
const TABLES: [(&str, &str); 7] = [
    ("grants", "expires_at >= ?1 AND state <> 'revoked'"),
    (
        "sessions",
        "expires_at >= ?1 AND ended_at IS NULL
         OR id IN (SELECT session_id FROM grants WHERE expires_at >= ?1 AND state <> 'revoked')",
    ),
    ("session_clients", "expires_at >= ?1"),
    ("revoked_tokens", "expires_at >= ?1"),
    ("used_assertions", "expires_at >= ?1"),
    ("logout_deliveries", "expires_at >= ?1"),
    ("clients", "unused_until IS NULL OR unused_until >= ?1"),
];

/// Measures all of it.
pub(crate) fn measure(scratch: &Path, figures: &mut Figures) -> Outcome<()> {
    figures.begin("30 days on SQLite, by a clock that is moved");
    let directory = fresh(&scratch.join("days"))?;
    let place = Place::embedded(&directory);
    place.create_workspace()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut days = runtime.block_on(Days::open(&place))?;
    let file = Connection::open_with_flags(directory.join("grantry.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let (mut batches, mut shares) = (Vec::new(), vec![Vec::new(); TABLES.len()]);
    for day in 1..=DAYS {
        for _ in 0..24 {
            runtime.block_on(days.hour())?;
            batches.extend(runtime.block_on(days.clean_up())?);
        }
        for ((table, lives), shares) in TABLES.iter().zip(&mut shares) {
            let (all, live) = count(&file, table, lives, days.now())?;
            if day > SETTLED {
                shares.push((all as f64, live.max(1) as f64));
            }
        }
        if day % 5 == 0 {
            figures.progress(&format!("  day {day}"));
        }
    }
    let logins = DAYS * 24 * i64::try_from(LOGINS)?;
    figures.add(Figure::new("sign-ins, each with a session, a grant and what follows", logins as f64, ""));
    for ((table, _), shares) in TABLES.iter().zip(shares) {
        tell(table, &shares, figures);
    }
    held("a batch of the clean-up, every hour", batches, figures);
    // A server that was off for so long finds everything over at once.
    days.pass(Seconds::days(90));
    let batches = runtime.block_on(days.clean_up())?;
    held("a batch after 90 days without any", batches, figures);
    days.store.close();
    Ok(())
}

fn held(what: &str, batches: Vec<Duration>, figures: &mut Figures) {
    figures.add(Figure::new(format!("{what}: how many"), batches.len() as f64, ""));
    figures.add(Figure::millis("  half of them held the writer for at most", percentile(batches.clone(), 50)));
    figures.add(Figure::millis("  99 of 100 for at most", percentile(batches.clone(), 99)));
    figures.add(Figure::millis("  the slowest for", percentile(batches, 100)).at_most(HELD));
}

/// All rows of a table, and those that live.
fn count(file: &Connection, table: &str, lives: &str, now: Timestamp) -> Outcome<(i64, i64)> {
    let sql = format!("SELECT COUNT(*), COUNT(*) FILTER (WHERE {lives}) FROM {table} WHERE ?1 = ?1");
    Ok(file.query_row(&sql, [now.as_unix()], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// How many rows there are for one that lives, and how far that went up and down.
fn tell(table: &str, counts: &[(f64, f64)], figures: &mut Figures) {
    let shares: Vec<f64> = counts.iter().map(|(all, live)| all / live).collect();
    let usual = shares.iter().sum::<f64>() / shares.len() as f64;
    let apart = shares.iter().map(|share| (share / usual - 1.0).abs()).fold(0.0, f64::max);
    let (rows, _) = counts.last().copied().unwrap_or_default();
    figures.add(Figure::new(format!("{table}: rows after {DAYS} days"), rows, ""));
    figures.add(Figure::new("  for each that lives", usual, ""));
    let name = format!("  most that this differed from day {} on", SETTLED + 1);
    figures.add(Figure::new(name, apart * 100.0, "%").at_most(APART));
}

/// A workspace, the people and apps in it, and its time.
struct Days {
    store: Store,
    workspace: WorkspaceId,
    millis: Arc<AtomicI64>,
    users: Arc<Vec<UserId>>,
    apps: Arc<Vec<ClientRow>>,
    /// Hours so far.
    hours: usize,
    /// Grants of the last two days, which are refreshed now and then.
    grants: Vec<GrantId>,
}

impl Days {
    async fn open(place: &Place) -> Outcome<Self> {
        let millis = Arc::new(AtomicI64::new(seed::clock().millis()));
        let moved = Arc::clone(&millis);
        let store = seed::open(place, Clock::new(move || moved.load(Ordering::Relaxed)))?;
        let workspace = store.read_instance(|instance| instance.find_workspace(SLUG)).await?;
        let workspace = workspace.ok_or("there is no workspace")?.id;
        let now = Timestamp::from_unix(millis.load(Ordering::Relaxed) / 1_000);
        let scope = Scope::parse("read").map_err(|error| error.description)?;
        let mut apps = (0..APPS).map(|n| client(format!("app-{n}"), true, &scope)).collect::<Outcome<Vec<_>>>()?;
        for app in &mut apps {
            app.registration.openid.backchannel_logout_uri = Some("https://app.example/logout".to_owned());
        }
        let write = move |tx: &mut Tx<'_>| {
            let apps = apps.iter().map(|app| tx.insert_client(app, now)).collect::<Result<Vec<_>, _>>()?;
            let users = (0..USERS).map(|n| tx.insert_user(&person(n), now)).collect::<Result<Vec<_>, _>>()?;
            Ok((users, apps))
        };
        let (users, apps) = store.write(workspace, write).await?;
        Ok(Self { store, workspace, millis, users: users.into(), apps: apps.into(), hours: 0, grants: Vec::new() })
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.millis.load(Ordering::Relaxed) / 1_000)
    }

    fn pass(&self, time: Seconds) {
        self.millis.fetch_add(time.0 * 1_000, Ordering::Relaxed);
    }
}

impl Days {
    /// An hour of sign-ins, and of what apps do with what they were given.
    async fn hour(&mut self) -> Outcome<()> {
        let (users, apps) = (Arc::clone(&self.users), Arc::clone(&self.apps));
        let (now, first) = (self.now(), self.hours * LOGINS);
        let sign_ins = move |tx: &mut Tx<'_>| {
            let one = |n: usize| SignIn { user: users[n * 7 % USERS], app: apps[n % APPS], now, number: n }.write(tx);
            (first..first + LOGINS).map(one).collect::<Result<Vec<_>, _>>()
        };
        let given = self.store.write(self.workspace, sign_ins).await?;
        // Every third grant of two days is refreshed once, by an app that does not rotate.
        let refreshed: Vec<GrantId> = self.grants.iter().skip(self.hours % 144).step_by(144).copied().collect();
        let until = now.plus(GRANT);
        let refresh = move |tx: &mut Tx<'_>| refreshed.iter().try_for_each(|grant| tx.touch_grant(*grant, now, until));
        self.store.write(self.workspace, refresh).await?;
        self.store.write_instance(move |instance| deliver(instance, now)).await?;
        self.grants.extend(given.into_iter().flatten());
        let old = self.grants.len().saturating_sub(48 * LOGINS);
        self.grants.drain(..old);
        self.hours += 1;
        self.pass(Seconds::hours(1));
        Ok(())
    }

    /// Batch after batch. How long each held the writer.
    async fn clean_up(&self) -> Outcome<Vec<Duration>> {
        let (mut times, mut more) = (Vec::new(), true);
        while more {
            let started = Instant::now();
            more = self.store.clean_up(self.now()).await?;
            times.push(started.elapsed());
            tokio::time::sleep(BREATH).await;
        }
        Ok(times)
    }
}

/// Every logout is taken by its app at once.
fn deliver(instance: &mut Instance<'_>, now: Timestamp) -> Result<(), StorageError> {
    for due in instance.list_due_deliveries(now, (None, &PassedBy::default()), i64::MAX)? {
        instance.within(due.workspace).finish_delivery(due.delivery.id, now)?;
    }
    Ok(())
}

/// Somebody signs in to an app.
struct SignIn {
    user: UserId,
    app: ClientRow,
    now: Timestamp,
    number: usize,
}

impl SignIn {
    /// Writes all of it. The grant, unless its code is never redeemed.
    fn write(&self, tx: &mut Tx<'_>) -> Result<Option<GrantId>, StorageError> {
        let Self { user, app, now, number } = *self;
        let sid = entropy::draw_text::<16>(&mut Randomness);
        let expires_at = now.plus(Seconds::hours(12));
        let new = NewSession {
            sid: sid.clone(),
            user,
            auth_time: now,
            expires_at,
            user_agent: "Mozilla/5.0".to_owned(),
            address: "127.0.0.1".to_owned(),
        };
        let session = tx.insert_session(&new, now)?;
        tx.note_session_client(&SignedIn { user, session, sid, auth_time: now }, app, expires_at)?;
        let redeemed = number % 20 > 0;
        let grant = tx.insert_grant(&self.grant(session, redeemed))?;
        tx.insert_used_assertion(app, &entropy::draw::<32>(&mut Randomness), now.plus(Seconds::minutes(5)))?;
        if number % 4 == 0 {
            tx.deny_token(&entropy::draw::<16>(&mut Randomness), now.plus(Seconds::hours(1)))?;
        }
        if number % 10 == 5 {
            tx.end_session(session, user, now)?;
        }
        if number % 80 == 0 {
            let scope = Scope::parse("read").map_err(|_| StorageError::Unavailable)?;
            let mut new = client(format!("dynamic-{number}"), true, &scope).map_err(|_| StorageError::Unavailable)?;
            new.dynamic = Some(DynamicRegistration { generation: 1, unused_until: Some(now.plus(Seconds::days(1))) });
            tx.insert_client(&new, now)?;
        }
        Ok(redeemed.then_some(grant))
    }

    /// One in fifty is for use while the person is away: it outlives the session.
    fn grant(&self, session: SessionId, redeemed: bool) -> NewGrant {
        let scope = if self.number % 50 == 15 { "openid offline_access" } else { "read" };
        NewGrant {
            user: self.user,
            client: self.app,
            session: Some(session),
            grant_type: GrantType::AuthorizationCode,
            scope: Scope::parse(scope).unwrap_or_default(),
            auth_time: self.now,
            redirect_uri: Some(REDIRECT_URI.to_owned()),
            code_challenge: None,
            openid: None,
            state: if redeemed { GrantState::Active } else { GrantState::Pending },
            created_at: self.now,
            refresh_until: redeemed.then(|| self.now.plus(Seconds::days(90))),
            expires_at: self.now.plus(if redeemed { GRANT } else { Seconds::minutes(1) }),
        }
    }
}

fn person(number: usize) -> NewUser {
    NewUser {
        username: format!("user{number:05}"),
        subject: format!("{number:016x}"),
        display_name: format!("User {number}"),
        admin: false,
        claims: "{}".to_owned(),
        password_digest: None,
    }
}

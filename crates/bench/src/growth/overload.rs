//! Three times as much as one server can do: what it still does then, and what it tells those for whom it has no place.

use super::callers::{Call, Callers};
use super::figures::{Figure, Figures, percentile};
use crate::Outcome;
use crate::ask;
use crate::load::{Load, Running, Said, write_requests};
use crate::process::{LOAD_CORE, Process, SERVER_CORE, all_cores, move_to, open_files};
use crate::rows::Kind;
use crate::seed::{self, Amount};
use crate::servers::{Place, fresh};
use crate::world::World;
use std::env;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// More codes than can be redeemed in a turn.
const CODES: usize = 160_000;
const AMOUNT: Amount = Amount { grants: 100_000, pending: (AT_BEST.len() + 1) * CODES };
/// How much more than it can do.
const TIMES: f64 = 3.0;
/// How much of what it can do it must still do.
const KEPT: f64 = 0.8;
/// Connections at which its best is looked for.
const AT_BEST: [usize; 3] = [64, 256, 1_024];
/// Connections of the load that is too much, where so many files may be open.
const TOO_MANY: usize = 6_000;
const SECONDS: u64 = 3;
/// Those who log in: one after the other, for the best; and in a throng.
const IN_TURN: usize = 4;
const THRONG: usize = 192;
/// Those who ask for what is to be answered before logins, and how often each.
const BESIDE: (usize, Duration) = (16, Duration::from_millis(20));
/// The longest that 99 of 100 of those may take, in milliseconds.
const BESIDE_P99: f64 = 20.0;
/// The longest that anyone is kept before they are put off, in milliseconds.
const AT_ONCE: f64 = 100.0;

/// Measures all of it.
pub(crate) fn measure(scratch: &Path, script: &Path, figures: &mut Figures) -> Outcome<()> {
    figures.begin("Three times too much, for a server on one core with SQLite");
    let place = Place::embedded(&fresh(&scratch.join("overload"))?);
    place.create_workspace()?;
    figures.progress("  writing users, apps and grants");
    let world = seed::seed(&place, false, AMOUNT)?;
    let server = place.start(SERVER_CORE)?;
    let token = (200, "\"access_token\":\"gry_at_");
    let exchanged = (200, "\"refresh_token\":\"gry_rt_");
    let cheap =
        Row { name: "tokens", kind: Kind::Again, right: token, requests: |world, _| world.client_credentials() };
    let dear = Row { name: "code exchange, durable", kind: Kind::Once, right: exchanged, requests: exchanges };
    for row in [cheap, dear] {
        row.measure(&world, &server, (scratch, script), figures)?;
    }
    // Those who call are to leave the server's core alone.
    move_to(LOAD_CORE)?;
    let done = logins(&world, &server, figures);
    move_to(&all_cores())?;
    done
}

/// Codes that no turn before had.
fn exchanges(world: &World, turn: usize) -> Vec<String> {
    (turn * CODES..(turn + 1) * CODES).map(|n| world.exchange_of(n)).collect()
}

struct Row {
    name: &'static str,
    kind: Kind,
    right: (u16, &'static str),
    requests: fn(&World, usize) -> Vec<String>,
}

impl Row {
    fn measure(
        &self,
        world: &World,
        server: &Process,
        (scratch, script): (&Path, &Path),
        figures: &mut Figures,
    ) -> Outcome<()> {
        let mut turn = 0;
        let mut load = |connections, pause| -> Outcome<Said> {
            let requests = write_requests(scratch, "requests", &(self.requests)(world, turn))?;
            turn += 1;
            let load = Load { kind: self.kind, connections, seconds: SECONDS, right: self.right, pause };
            let said = Running::start(server.address, script, &requests, load)?.finish()?;
            if said.failed > 0 {
                let Said { right, failed, example, .. } = &said;
                figures.progress(&format!(
                    "    {connections} connections: {right} right, {failed} not, such as {example}"
                ));
            }
            Ok(said)
        };
        let (best, said) = three_times_too_much(&mut load)?;
        figures.add(Figure::new(format!("{}: the most it can do", self.name), best, "/s"));
        let name = format!("  of that, with {} connections that ask for three times as much", too_many());
        figures.add(Figure::new(name, said.rate() / best, "").at_least(KEPT));
        figures.add(Figure::new("  p99 of all answers", said.p99 as f64 / 1e3, "ms"));
        figures.add(Figure::new("  put off by 503 with Retry-After", said.put_off as f64, ""));
        figures.add(Figure::new("  any other answer", said.failed as f64, "").at_most(0.0));

        // What the connections cost, whoever serves them. A request that no turn has come to is good once more.
        let requests = (self.requests)(world, AT_BEST.len());
        let size = ask::ask(server.address, requests.last().ok_or("no requests")?)?.size();
        let own = env::current_exe()?;
        let bare = Process::start(SERVER_CORE, &own.to_string_lossy(), &["bare", &size.to_string()])?;
        let requests = write_requests(scratch, "requests", &requests)?;
        let (best, said) = three_times_too_much(&mut |connections, pause| {
            let right = (200, "\"token\":");
            let load = Load { kind: Kind::Again, connections, seconds: SECONDS, right, pause };
            Running::start(bare.address, script, &requests, load)?.finish()
        })?;
        figures.add(Figure::new("  the same of the bare endpoint", said.rate() / best, ""));
        Ok(())
    }
}

/// The most that a server can do, and what it says of three times as much.
fn three_times_too_much(load: &mut dyn FnMut(usize, Option<u64>) -> Outcome<Said>) -> Outcome<(f64, Said)> {
    let best = AT_BEST.into_iter().map(|connections| Ok(load(connections, None)?.rate()));
    let best = best.collect::<Outcome<Vec<_>>>()?.into_iter().fold(0.0, f64::max);
    // Each waits so long that all together ask for three times as much.
    let pause = (too_many() as f64 * 1e3 / (TIMES * best)).max(1.0) as u64;
    Ok((best, load(too_many(), Some(pause))?))
}

fn too_many() -> usize {
    TOO_MANY.min(open_files().saturating_sub(100))
}

/// Logins at three times the rate of Argon2id, beside introspection and the key set.
fn logins(world: &World, server: &Process, figures: &mut Figures) -> Outcome<()> {
    let addresses = [server.address];
    let passwords = world.password_grant();
    let password = |number: usize| passwords[number % passwords.len()].clone();
    let key_set = world.key_set().remove(0);
    let read = |number: usize| match number % 2 {
        0 => world.introspection_of(world.grants[number % world.grants.len()]),
        _ => key_set.clone(),
    };
    let beside = Callers { addresses: &addresses, count: BESIDE.0, period: BESIDE.1, requests: &read };
    let in_turn = Callers { addresses: &addresses, count: IN_TURN, period: Duration::ZERO, requests: &password };

    let (_, alone) = beside.call_while(while_it_lasts);
    let (lasted, calls) = in_turn.call_while(while_it_lasts);
    let best = rate(&calls, lasted);
    figures.add(Figure::new("password logins: the most it can do", best, "/s"));

    let throng = Callers { count: THRONG, period: Duration::from_secs_f64(THRONG as f64 / (TIMES * best)), ..in_turn };
    let ((lasted, meanwhile), calls) = throng.call_while(|| beside.call_while(while_it_lasts));
    let kept = rate(&calls, lasted) / best;
    figures.add(Figure::new("  of that, at three times as many, beside other requests", kept, "").at_least(KEPT));
    let put_off: Vec<Duration> = calls.iter().filter(|call| call.was_put_off()).map(|call| call.took).collect();
    figures.add(Figure::new("  put off by 503 with Retry-After", put_off.len() as f64, "").at_least(1.0));
    figures.add(Figure::millis("  p99 of the time until they are", percentile(put_off.clone(), 99)).at_most(AT_ONCE));
    let other = calls.len() - right(&calls) - put_off.len();
    figures.add(Figure::new("  any other answer", other as f64, "").at_most(0.0));
    for (what, calls) in [("without logins", alone), ("beside all these logins", meanwhile)] {
        let p99 = percentile(calls.iter().map(|call| call.took).collect(), 99);
        figures.add(Figure::millis(format!("introspection and key set {what}: p99"), p99).at_most(BESIDE_P99));
        figures
            .add(Figure::new("  answers that were not right", (calls.len() - right(&calls)) as f64, "").at_most(0.0));
    }
    Ok(())
}

/// Waits while others call. From when to when they are looked at: not before all are at it.
fn while_it_lasts() -> (Instant, Instant) {
    sleep(Duration::from_secs(2));
    let begun = Instant::now();
    sleep(Duration::from_secs(3 * SECONDS));
    (begun, Instant::now())
}

/// Right answers per second within that time.
fn rate(calls: &[Call], (from, to): (Instant, Instant)) -> f64 {
    let within = calls.iter().filter(|call| call.status() == 200 && (from..to).contains(&call.ended()));
    within.count() as f64 / (to - from).as_secs_f64()
}

fn right(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.status() == 200).count()
}

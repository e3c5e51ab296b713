//! Workspaces: ten thousand of them, against one.

use super::figures::{Figure, Figures, percentile};
use super::tenants::Tenants;
use crate::Outcome;
use crate::ask::{Connection, get};
use crate::load::{Load, Measured, Target, write_requests};
use crate::process::{Process, SERVER_CORE};
use crate::rows::Kind;
use crate::servers::ready_after;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How many.
const MANY: usize = 10_000;
/// How often each load is measured; the middle counts.
const ROUNDS: usize = 5;
/// Connections, and what each waits between two requests, in milliseconds: a server at work, and not at its end.
const GENTLE: (usize, u64) = (32, 20);
const SECONDS: u64 = 3;
/// How often each command and page is asked for.
const LOOKS: usize = 10;
/// How long a server is left alone before its memory is looked at.
const SETTLED: Duration = Duration::from_secs(2);

/// What each kind of request is answered with: status, and a part of it.
const TOKEN: (u16, &str) = (200, "\"access_token\":\"gry_at_");
const CODE: (u16, &str) = (303, "code=gry_ac_");

/// Measures all of it.
pub(crate) fn measure(scratch: &Path, script: &Path, figures: &mut Figures) -> Outcome<()> {
    figures.begin("10,000 workspaces, on SQLite");
    let one = Tenants::make(&scratch.join("one"), 1, None)?;
    let many = Tenants::make(&scratch.join("many"), MANY, Some(figures))?;
    let disk = (many.size()? - one.size()?) as f64 / (MANY - 1) as f64;
    figures.add(Figure::new("disk for each, with app, user, session and consent", disk / 1e3, "kB").at_most(100.0));
    let [alone, together] = [ready_after(&one.place)?, ready_after(&many.place)?];
    figures.add(Figure::new("start-up with one", alone, "ms"));
    figures.add(Figure::new("start-up with all, compared with that", together / alone, "times").at_most(1.2));
    memory(&many, figures)?;
    load(&one, &many, (scratch, script), figures)?;
    looks(&many, figures)
}

/// Memory after one workspace was asked for, and after all were.
fn memory(many: &Tenants, figures: &mut Figures) -> Outcome<()> {
    let server = many.place.start(SERVER_CORE)?;
    let mut connection = Connection::open(server.address)?;
    let mut ask = |requests: &[String]| -> Outcome<f64> {
        for request in requests {
            let answer = connection.ask(request)?;
            if !matches!(answer.status, 200 | 303) {
                return Err(format!("{request} was answered {} {}", answer.status, answer.body).into());
            }
        }
        sleep(SETTLED);
        Ok(server.memory("VmRSS")? as f64)
    };
    let metadata = |n| get(&format!("/ws-{n:05}/.well-known/oauth-authorization-server"), None);
    let of = |n: usize| [many.tokens[n].clone(), many.authorizations[n].clone(), metadata(n)];
    // The first one as often as all together, so that what grows with requests is there before.
    let alone = ask(&(0..MANY).flat_map(|_| of(0)).collect::<Vec<_>>())?;
    let together = ask(&(0..MANY).flat_map(of).collect::<Vec<_>>())?;
    figures.add(Figure::new("memory after requests to one", alone / 1e3, "MB"));
    figures.add(Figure::new("memory after as many requests to all", together / 1e3, "MB"));
    let each = (together - alone) / (MANY - 1) as f64;
    figures.add(Figure::new("  for each that was asked for", each, "kB").at_most(20.0));
    Ok(())
}

/// The same load on one workspace, and spread over all.
fn load(one: &Tenants, many: &Tenants, (scratch, script): (&Path, &Path), figures: &mut Figures) -> Outcome<()> {
    let [alone, together] = [one.place.start(SERVER_CORE)?, many.place.start(SERVER_CORE)?];
    for (what, right, few, all) in [
        ("tokens", TOKEN, &one.tokens, &many.tokens),
        ("authorization", CODE, &one.authorizations, &many.authorizations),
    ] {
        // As many, and each another, so that the load generator has the same to do.
        let few = write_requests(scratch, "few", &numbered(few.iter().cycle().take(all.len())))?;
        let all = write_requests(scratch, "all", &numbered(all.iter()))?;
        let run = |server: &Process, requests: &Path, pause: Option<u64>| {
            let load = Load { kind: Kind::Again, connections: GENTLE.0, seconds: SECONDS, right, pause };
            Target { server, database: None }.measure(script, requests, load)
        };
        let mut runs = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            runs[0].push(run(&alone, &few, Some(GENTLE.1))?);
            runs[1].push(run(&together, &all, Some(GENTLE.1))?);
        }
        let [few_p99, all_p99] = runs.each_ref().map(|runs| middle(runs, |run| run.p99));
        figures.add(Figure::new(
            format!("{what}, {:.0}/s at one: p99", middle(&runs[0], |run| run.rate)),
            few_p99,
            "ms",
        ));
        let name = format!("{what}, {:.0}/s spread over all: p99", middle(&runs[1], |run| run.rate));
        figures.add(Figure::new(name, all_p99, "ms"));
        figures.add(Figure::new("  compared with one", all_p99 / few_p99, "times").at_most(1.2));
        let costs = runs.each_ref().map(|runs| middle(runs, |run| run.cpu));
        figures.add(Figure::new("  CPU per request, compared with one", costs[1] / costs[0], "times"));
        let failed: u64 = runs.iter().flatten().map(|run| run.failed).sum();
        figures.add(Figure::new("  answers that were not right", failed as f64, "").at_most(0.0));
    }
    Ok(())
}

/// Requests with a header that tells them apart.
fn numbered<'r>(requests: impl Iterator<Item = &'r String>) -> Vec<String> {
    let number = |(n, request): (usize, &String)| request.replacen("\r\n", &format!("\r\nX-Number: {n:05}\r\n"), 1);
    requests.enumerate().map(number).collect()
}

fn middle(runs: &[Measured], of: fn(&Measured) -> f64) -> f64 {
    let mut all: Vec<f64> = runs.iter().map(of).collect();
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Pages, and commands beside the running server, each from the start of its process to its end.
fn looks(many: &Tenants, figures: &mut Figures) -> Outcome<()> {
    let server = many.place.start(SERVER_CORE)?;
    let slowest = |look: &dyn Fn() -> Outcome<()>| -> Outcome<Duration> {
        let mut times = Vec::new();
        for _ in 0..LOOKS {
            let started = Instant::now();
            look()?;
            times.push(started.elapsed());
        }
        Ok(percentile(times, 100))
    };
    for path in ["/", "/ws-09999/login", "/ws-09999/oauth2", "/metrics", "/readyz"] {
        let look = || match crate::ask::ask(server.address, &get(path, None))?.status {
            200 => Ok(()),
            status => Err(format!("{path} is answered {status}").into()),
        };
        figures.add(Figure::millis(format!("GET {path}, the slowest of {LOOKS}"), slowest(&look)?).at_most(100.0));
    }
    for words in [
        "workspace list",
        "workspace list --limit 100 --offset 9900",
        "workspace list --search 9999",
        "workspace show ws-09999",
        "user list --workspace ws-09999",
        "app list --workspace ws-09999",
    ] {
        let look = || many.place.run(&words.split(' ').collect::<Vec<_>>()).map(drop);
        figures.add(Figure::millis(format!("grantry {words}, the slowest of {LOOKS}"), slowest(&look)?).at_most(100.0));
    }
    Ok(())
}

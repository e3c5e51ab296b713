//! A whole run: everything is started, each row takes turns with what it is compared with, and the figures are handed on.

use crate::load::{Load, Measured, Running, Target, write_requests};
use crate::peer::{self, Peer};
use crate::postgres::Postgres;
use crate::process::{Process, SERVER_CORE};
use crate::report::{Line, Report};
use crate::rows::{BESIDE, Bar, Kind, Row, Turn, rows};
use crate::seed::Amount;
use crate::servers::Place;
use crate::world::{GRANTS, PENDING, SLUG, World};
use crate::{Outcome, ask, machine, rates, seed, servers};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How much is measured.
pub(crate) struct Extent {
    rounds: usize,
    seconds: u64,
    /// Also the peer; and the figures are kept.
    everything: bool,
}

/// What the figures in `docs/bench` are made by.
pub(crate) const FULL: Extent = Extent { rounds: 3, seconds: 3, everything: true };
/// A look.
pub(crate) const QUICK: Extent = Extent { rounds: 1, seconds: 2, everything: false };

/// The turn whose requests are sent one by one; no other has them.
const TRIAL: usize = 3;
/// Connections and pause, in milliseconds, of those who get tokens beside passwords.
const BESIDE_PASSWORDS: (usize, u64) = (64, 200);
/// Codes and refresh tokens that the peer starts with, for each round.
const PEER_REQUESTS: usize = 10_000;

/// Measures the rows whose names contain these words.
pub(crate) fn run(extent: &Extent, words: &str) -> Outcome<()> {
    let started = Instant::now();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let scratch = env::current_exe()?.with_file_name("../bench");
    let full = servers::fresh(&scratch.join("full"))?;
    let mut report = Report::new(machine::describe());

    let place = Place::embedded(&full);
    place.create_workspace()?;
    let openid = speaks_openid(&place.start(SERVER_CORE)?)?;
    crate::say("writing 1,000,000 grants");
    let world = seed::seed(&place, openid, Amount { grants: GRANTS, pending: PENDING })?;
    crate::say(&format!("  after {} s", started.elapsed().as_secs()));
    let postgres = Postgres::start()?;
    let beside = postgres.as_ref().map(|postgres| start_beside(postgres, &full)).transpose()?;
    let (footprint, server) = servers::footprint(&scratch, &place)?;
    report.footprint = footprint;

    let mut run = Run {
        extent,
        world,
        script: root.join("crates/bench/load/requests.lua"),
        scratch,
        sqlite: server,
        postgres: postgres.zip(beside),
        bare: BTreeMap::new(),
        started,
    };
    run.rates(&mut report)?;
    let rows: Vec<Row> = rows(openid).into_iter().filter(|row| row.name.contains(words)).collect();
    for round in 0..extent.rounds {
        for row in &rows {
            run.row(row, round, &mut report)?;
        }
    }
    report.footprint["rss_under_load_mb"] = (report.peak("SQLite") as f64 / 1e3).into();
    if extent.everything {
        run.peers(&root.join("crates/bench/peer"), &mut report)?;
    }
    report.judge(&rows);
    crate::say(&report.table());
    crate::say(&format!("done after {} s", started.elapsed().as_secs()));
    if extent.everything { report.write(&root.join("docs/bench")) } else { Ok(()) }
}

/// Starts a server on PostgreSQL with the same rows.
fn start_beside(postgres: &Postgres, full: &Path) -> Outcome<Process> {
    crate::say("copying them to PostgreSQL");
    let place = Place::on_postgres(&postgres.url, full)?;
    place.run(&["migrate"])?;
    postgres.copy(&full.join("grantry.db"))?;
    place.start(SERVER_CORE)
}

/// Whether the workspace issues ID tokens.
fn speaks_openid(server: &Process) -> Outcome<bool> {
    let metadata = ask::ask(server.address, &ask::get(&format!("/{SLUG}/.well-known/openid-configuration"), None))?;
    Ok(metadata.status == 200 && metadata.body.contains("\"openid\""))
}

struct Run<'a> {
    extent: &'a Extent,
    world: World,
    script: PathBuf,
    scratch: PathBuf,
    sqlite: Process,
    postgres: Option<(Postgres, Process)>,
    /// Bare endpoints, by the size of their answers.
    bare: BTreeMap<usize, Process>,
    started: Instant,
}

impl Run<'_> {
    fn rates(&self, report: &mut Report) -> Outcome<()> {
        for algorithm in seed::ALGORITHMS {
            report.rates.insert(algorithm.to_string(), rates::rate(algorithm.as_str())?);
        }
        report.rates.insert("Argon2id".to_owned(), rates::rate("Argon2id")?);
        Ok(())
    }

    /// One turn of a row with each number of connections, each beside its reference.
    fn row(&mut self, row: &Row, round: usize, report: &mut Report) -> Outcome<()> {
        for (n, connections) in row.connections.iter().enumerate() {
            let number = round * row.connections.len() + n;
            let load = Load {
                kind: row.kind,
                connections: *connections,
                seconds: self.extent.seconds,
                right: row.right,
                pause: None,
            };
            let reference = match row.bar {
                Bar::Bare(_) | Bar::Signature(..) => Some(self.reference(row, load, number)?),
                Bar::Password(_) => None,
            };
            for name in ["SQLite", "PostgreSQL"] {
                let Some(target) = self.target(name)? else { continue };
                let turn = Turn { number, address: target.server.address };
                let requests = write_requests(&self.scratch, "requests", &(row.requests)(&self.world, turn)?)?;
                let measured = match row.bar {
                    Bar::Password(_) => self.with_tokens(&target, &requests, load, report)?,
                    Bar::Bare(_) | Bar::Signature(..) => target.measure(&self.script, &requests, load)?,
                };
                self.tell(round, (row.name, *connections, name), &measured, reference.as_ref());
                report.add((row.name, *connections, name), measured, reference.as_ref().map(|it| it.cpu));
            }
        }
        Ok(())
    }

    fn target(&self, name: &str) -> Outcome<Option<Target<'_>>> {
        Ok(match (name, &self.postgres) {
            ("SQLite", _) => Some(Target { server: &self.sqlite, database: None }),
            (_, Some((postgres, server))) => Some(Target { server, database: Some(postgres.first_process()?) }),
            (_, None) => None,
        })
    }

    /// The bare endpoint, asked the same and answering as much.
    fn reference(&mut self, row: &Row, load: Load<'_>, number: usize) -> Outcome<Measured> {
        let address = self.sqlite.address;
        let trial = (row.requests)(&self.world, Turn { number: TRIAL, address })?;
        let answer = ask::ask(address, trial.get(number).ok_or("too few requests")?)?;
        if answer.status != row.right.0 {
            return Err(format!("{}: {} {}", row.name, answer.status, answer.body).into());
        }
        let size = answer.size();
        let requests = (row.requests)(&self.world, Turn { number, address })?;
        let requests = write_requests(&self.scratch, "requests", &requests)?;
        let load = Load { kind: Kind::Again, right: (200, "\"token\":"), ..load };
        let bare = match self.bare.entry(size) {
            Entry::Occupied(running) => running.into_mut(),
            Entry::Vacant(place) => {
                let own = env::current_exe()?;
                place.insert(Process::start(SERVER_CORE, &own.to_string_lossy(), &["bare", &size.to_string()])?)
            }
        };
        Target { server: bare, database: None }.measure(&self.script, &requests, load)
    }

    /// Measures passwords while others get tokens, whose share of the CPU is not counted.
    fn with_tokens(
        &self,
        target: &Target<'_>,
        requests: &Path,
        load: Load<'_>,
        report: &mut Report,
    ) -> Outcome<Measured> {
        let turn = Turn { number: 0, address: target.server.address };
        let tokens = write_requests(&self.scratch, "tokens", &(BESIDE.requests)(&self.world, turn)?)?;
        let (connections, pause) = BESIDE_PASSWORDS;
        let gentle = Load { connections, pause: Some(pause), right: BESIDE.right, kind: BESIDE.kind, ..load };
        let beside = Running::start(target.server.address, &self.script, &tokens, gentle)?;
        let mut measured = target.measure(&self.script, requests, load)?;
        let said = beside.finish()?;
        let share =
            said.right as f64 * report.cost(BESIDE.name, load.connections.max(64)) / measured.right.max(1) as f64;
        measured.cpu -= share;
        measured.failed += said.failed;
        report.beside.push(said.p99 as f64 / 1e3);
        Ok(measured)
    }

    fn tell(
        &self,
        round: usize,
        (row, connections, name): (&str, usize, &str),
        it: &Measured,
        reference: Option<&Measured>,
    ) {
        let ratio = reference.map(|reference| format!(", {:.2} of bare", reference.cpu / it.cpu)).unwrap_or_default();
        crate::say(&format!(
            "{:4} s  round {} of {}  {row}, {connections} connections, {name}: {:.0}/s, {:.1} µs{ratio}",
            self.started.elapsed().as_secs(),
            round + 1,
            self.extent.rounds,
            it.rate,
            it.cpu
        ));
    }

    /// The peer, in memory and on SQLite.
    fn peers(&self, source: &Path, report: &mut Report) -> Outcome<()> {
        let script = peer::install(source)?;
        let rounds = self.extent.rounds;
        for kind in [("node-oidc-provider, SQLite", "sqlite"), ("node-oidc-provider, memory", "memory")] {
            let peer = Peer::start(&script, kind, &self.scratch, PEER_REQUESTS * rounds)?;
            for round in 0..rounds {
                for (row, kind) in Line::COMPARED {
                    let measured =
                        peer.measure(&self.script, &self.scratch, kind, (round, rounds, self.extent.seconds))?;
                    self.tell(round, (row, 256, peer.name), &measured, None);
                    report.add((row, 256, peer.name), measured, None);
                }
            }
        }
        Ok(())
    }
}

//! Nodes: one, two and three servers on one PostgreSQL. What they serve together, how soon what is changed at one of them
//! is seen at all, and what becomes of requests when one is killed.

use super::callers::{Call, Callers};
use super::cluster::{CALLERS, Cluster, NODES, PERIOD, Work};
use super::figures::{Figure, Figures, percentile};
use super::outage;
use crate::Outcome;
use crate::ask::Answer;
use crate::load::{Load, Running, write_requests};
use crate::postgres::Postgres;
use crate::process::{cpu, family_cpu, idle};
use crate::rows::Kind;
use crate::world::{CLIENTS, SLUG, client_credentials, client_id, username};
use std::path::Path;
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

/// Connections of all nodes together.
const CONNECTIONS: usize = 96;
const SECONDS: u64 = 3;
/// How often each kind of change is made.
const CHANGES: usize = 10;
/// How long a change is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest that a change may stay unseen, in milliseconds.
const SEEN: f64 = 1_000.0;

/// Measures all of it.
pub(crate) fn measure(scratch: &Path, script: &Path, figures: &mut Figures) -> Outcome<()> {
    figures.begin("Nodes on one PostgreSQL");
    let Some(postgres) = Postgres::start()? else {
        figures.progress("there is no PostgreSQL: this part is left out");
        return Ok(());
    };
    figures.progress("  writing users, apps and grants");
    let mut cluster = Cluster::start(postgres, scratch)?;
    throughput(&cluster, scratch, script, figures)?;
    kill(&mut cluster, figures)?;
    outage::measure(&cluster, figures)?;
    // Last, since those who are disabled cannot be asked about any more.
    changes(&cluster, figures)
}

/// Reads by so many connections, at one node, at two, and at three.
fn throughput(cluster: &Cluster, scratch: &Path, script: &Path, figures: &mut Figures) -> Outcome<()> {
    let rows = [
        ("introspection, a read of PostgreSQL", cluster.world.introspection(0), (200, "\"active\":true")),
        ("client credentials, from memory", cluster.world.client_credentials(), (200, "\"access_token\":\"gry_at_")),
    ];
    let cores = available_parallelism().map_or(1, usize::from);
    for (name, requests, right) in rows {
        let requests = write_requests(scratch, "requests", &requests)?;
        let mut costs = Vec::new();
        for nodes in 1..=NODES {
            let load =
                Load { kind: Kind::Again, connections: CONNECTIONS / nodes, seconds: SECONDS, right, pause: None };
            let (before, idle_before, started) = (cluster_cpu(cluster)?, idle()?, Instant::now());
            let running =
                cluster.addresses().into_iter().take(nodes).map(|at| Running::start(at, script, &requests, load));
            let mut said = Vec::new();
            for one in running.collect::<Outcome<Vec<_>>>()? {
                said.push(one.finish()?);
            }
            let right: u64 = said.iter().map(|one| one.right).sum();
            let rate: f64 = said.iter().map(|one| one.right as f64 * 1e6 / one.micros as f64).sum();
            let failed: u64 = said.iter().map(|one| one.failed).sum();
            costs.push((cluster_cpu(cluster)? - before) as f64 / right.max(1) as f64);
            let busy = 1.0 - (idle()? - idle_before) as f64 / (started.elapsed().as_micros() as f64 * cores as f64);
            figures.add(Figure::new(format!("{name}: {nodes} nodes"), rate, "/s"));
            figures.add(Figure::new(
                format!("  of the {cores} cores in use, load generator included"),
                busy * 100.0,
                "%",
            ));
            figures.add(Figure::new("  answers that were not right", failed as f64, "").at_most(0.0));
        }
        let more = costs[NODES - 1] / costs[0];
        figures.add(Figure::new(format!("{name}: CPU per request, {NODES} nodes ÷ one"), more, "times"));
    }
    Ok(())
}

/// What all nodes and PostgreSQL have used.
fn cluster_cpu(cluster: &Cluster) -> Outcome<u64> {
    let nodes = cluster.nodes.iter().map(|node| cpu(node.pid())).sum::<Outcome<u64>>()?;
    Ok(nodes + family_cpu(cluster.postgres.first_process()?)?)
}

/// Changes, each at one node or by a command, and how long the last node takes to see them.
fn changes(cluster: &Cluster, figures: &mut Figures) -> Outcome<()> {
    let world = &cluster.world;
    let inactive = |answer: &Answer| answer.body == "{\"active\":false}";
    let refused = |answer: &Answer| answer.status == 401 && answer.body.contains("invalid_client");
    let tell = |figures: &mut Figures, what: &str, times: Vec<Duration>| {
        figures.add(
            Figure::millis(
                format!("{what}, seen at every node after, at worst of {}", times.len()),
                percentile(times, 100),
            )
            .at_most(SEEN),
        );
    };

    // Grants 0 to 9 are of user 0 and the clients 0 to 9; those of users are looked for further on.
    let revoked = (0..CHANGES).map(|n| {
        let request = world.introspection_of(world.grants[n]);
        cluster.seen(&request, "\"active\":true", inactive, || cluster.tell(0, &world.revocation_of(n)))
    });
    tell(figures, "a grant revoked at one node", revoked.collect::<Outcome<_>>()?);

    let users = (1..=CHANGES).map(|n| {
        let request = world.introspection_of(world.grants[n * 2 * CLIENTS]);
        cluster.seen(&request, "\"active\":true", inactive, || {
            cluster.command(&["user", "update", &username(n), "--disable"])
        })
    });
    tell(figures, "a user disabled by command", users.collect::<Outcome<_>>()?);

    for (word, what) in [("update", "an app disabled by command"), ("delete", "an app deleted by command")] {
        let first = if word == "update" { 100 } else { 200 };
        let apps = (first..first + CHANGES).map(|n| {
            let client = client_id(n);
            let sure = if word == "update" { "--disable" } else { "--yes" };
            let change = || cluster.command(&["app", word, &client, sure]);
            cluster.seen(&client_credentials(SLUG, &client), "\"access_token\"", refused, change)
        });
        tell(figures, what, apps.collect::<Outcome<_>>()?);
    }
    Ok(())
}

impl Cluster {
    /// Makes a change once every node answers with `before`, and waits until all answers are as they must be.
    fn seen(
        &self,
        request: &str,
        before: &str,
        after: impl Fn(&Answer) -> bool,
        change: impl FnOnce() -> Outcome<()>,
    ) -> Outcome<Duration> {
        for node in 0..NODES {
            let answer = self.look(node, request)?;
            if !answer.body.contains(before) {
                return Err(format!("before a change node {node} answered {} {}", answer.status, answer.body).into());
            }
        }
        change()?;
        let changed = Instant::now();
        let mut unseen: Vec<usize> = (0..NODES).collect();
        while changed.elapsed() < PATIENCE {
            for node in std::mem::take(&mut unseen) {
                if !after(&self.look(node, request)?) {
                    unseen.push(node);
                }
            }
            if unseen.is_empty() {
                return Ok(changed.elapsed());
            }
            sleep(Duration::from_millis(2));
        }
        Err("a change is not seen at every node".into())
    }
}

/// One of the nodes is killed while all are asked, for reads and for writes.
fn kill(cluster: &mut Cluster, figures: &mut Figures) -> Outcome<()> {
    let addresses = cluster.addresses();
    let mut last = cluster.nodes.pop().ok_or("there is no node")?;
    let work = Work::new(cluster);
    let requests = |number| work.request(number);
    let callers = Callers { addresses: &addresses, count: CALLERS, period: PERIOD, requests: &requests };
    let (killed, calls) = callers.call_while(|| {
        sleep(Duration::from_secs(1));
        let killed = last.kill();
        sleep(Duration::from_secs(2));
        killed
    });
    killed?;
    let failed: Vec<&Call> = calls.iter().filter(|call| call.status() != 200).collect();
    let elsewhere = failed.iter().filter(|call| call.node + 1 < NODES).count();
    figures.add(Figure::new("requests while one of three nodes is killed", calls.len() as f64, ""));
    let most = (CALLERS / NODES) as f64;
    let here = failed.len() - elsewhere;
    figures.add(
        Figure::new("  failed at the killed node, each of 10 callers having one in flight", here as f64, "")
            .at_most(most),
    );
    figures.add(Figure::new("  failed at the other nodes", elsewhere as f64, "").at_most(0.0));
    let lost = work.lost(&calls)?;
    figures.add(Figure::new("  answered with success, and not in the database", lost as f64, "").at_most(0.0));
    let node = cluster.place.start(&crate::process::all_cores())?;
    cluster.nodes.push(node);
    Ok(())
}

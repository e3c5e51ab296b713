//! Three servers on one PostgreSQL, and a world to ask them about.

use super::callers::Call;
use crate::Outcome;
use crate::ask::{Answer, ask};
use crate::postgres::Postgres;
use crate::process::{Process, all_cores};
use crate::seed::{self, Amount};
use crate::servers::{Place, fresh};
use crate::world::{SLUG, World};
use ::postgres::{Client, NoTls};
use grantry_protocol::GrantId;
use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// How many servers there are at most.
pub(crate) const NODES: usize = 3;
/// Those who ask while something is killed or stopped, as many at each node.
pub(crate) const CALLERS: usize = 30;
/// Of each of them, from one request to the next.
pub(crate) const PERIOD: Duration = Duration::from_millis(10);
/// Enough to spread over.
const AMOUNT: Amount = Amount { grants: 20_000, pending: 80_000 };
/// From this grant on, nothing is changed on purpose.
const UNTOUCHED: usize = 12_000;
/// More codes than any work uses up.
const CODES: usize = 20_000;

/// The servers and their database.
pub(crate) struct Cluster {
    // Servers go before their database: fields are dropped in this order.
    pub(crate) nodes: Vec<Process>,
    pub(crate) world: World,
    pub(crate) place: Place,
    pub(crate) postgres: Postgres,
    /// The first code that no work was given.
    unused: Cell<usize>,
}

impl Cluster {
    /// Makes the database and starts every server, each on all cores.
    pub(crate) fn start(postgres: Postgres, scratch: &Path) -> Outcome<Self> {
        let place = Place::on_postgres(&postgres.url, &fresh(&scratch.join("nodes"))?)?;
        place.make_master_key()?;
        place.run(&["migrate"])?;
        place.create_workspace()?;
        let world = seed::seed(&place, false, AMOUNT)?;
        let nodes = (0..NODES).map(|_| place.start(&all_cores())).collect::<Outcome<_>>()?;
        Ok(Self { nodes, world, place, postgres, unused: Cell::new(0) })
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// What a node answers.
    pub(crate) fn look(&self, node: usize, request: &str) -> Outcome<Answer> {
        ask(self.nodes[node].address, request)
    }

    /// Has a node do something.
    pub(crate) fn tell(&self, node: usize, request: &str) -> Outcome<()> {
        let answer = self.look(node, request)?;
        if answer.status == 200 { Ok(()) } else { Err(format!("{} {}", answer.status, answer.body).into()) }
    }

    /// Has an operator do something in the workspace.
    pub(crate) fn command(&self, words: &[&str]) -> Outcome<()> {
        self.place.run(&[words, &["--workspace", SLUG]].concat()).map(drop)
    }
}

/// Reads and writes in turn: introspection, and exchanges of codes that nobody else has.
pub(crate) struct Work<'a> {
    world: &'a World,
    url: &'a str,
    first: usize,
}

impl<'a> Work<'a> {
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        let first = cluster.unused.replace(cluster.unused.get() + CODES);
        Self { world: &cluster.world, url: &cluster.postgres.url, first }
    }

    pub(crate) fn request(&self, number: usize) -> String {
        if is_write(number) {
            self.world.exchange_of(self.code(number))
        } else {
            let untouched = &self.world.grants[UNTOUCHED..];
            self.world.introspection_of(untouched[number / 2 % untouched.len()])
        }
    }

    fn code(&self, number: usize) -> usize {
        self.first + number / 2 % CODES
    }

    /// How many exchanges were answered with success, and are not in the database.
    pub(crate) fn lost(&self, calls: &[Call]) -> Outcome<usize> {
        let mut client = Client::connect(self.url, NoTls)?;
        let written = calls.iter().filter(|call| is_write(call.number) && call.status() == 200);
        let ids: Vec<i64> = written
            .map(|call| {
                let GrantId(id) = self.world.pending[self.code(call.number)];
                id
            })
            .collect();
        let sql = "SELECT COUNT(*) FROM grants WHERE id = ANY($1) AND state = 'active'";
        let there: i64 = client.query_one(sql, &[&ids])?.get(0);
        Ok(ids.len().saturating_sub(usize::try_from(there)?))
    }
}

fn is_write(number: usize) -> bool {
    number % 2 == 1
}

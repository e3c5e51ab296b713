//! PostgreSQL is stopped and started again while all nodes are asked.

use super::callers::{Call, Callers};
use super::cluster::{CALLERS, Cluster, PERIOD, Work};
use super::figures::{Figure, Figures};
use crate::Outcome;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long it is away: long enough for every pause between two attempts to grow as long as it gets.
const AWAY: Duration = Duration::from_secs(4);
/// How long all is watched before, and after.
const WATCHED: Duration = Duration::from_secs(3);

/// Once in order, and once as in a crash.
pub(super) fn measure(cluster: &Cluster, figures: &mut Figures) -> Outcome<()> {
    for (mode, what) in [("fast", "stopped in order"), ("immediate", "crashed")] {
        let addresses = cluster.addresses();
        let work = Work::new(cluster);
        let requests = |number| work.request(number);
        let callers = Callers { addresses: &addresses, count: CALLERS, period: PERIOD, requests: &requests };
        let (outage, calls) = callers.call_while(|| outage(cluster, mode));
        let (begun, over) = outage?;
        figures.add(Figure::new(
            format!("requests while PostgreSQL is {what}, away for 4 s and started again"),
            calls.len() as f64,
            "",
        ));
        let during = |call: &&Call| call.ended() >= begun && call.begun < over;
        let refused: Vec<&Call> = calls.iter().filter(during).filter(|call| call.was_put_off()).collect();
        let slowest = refused.iter().map(|call| call.took).max().unwrap_or_default();
        figures.add(Figure::new("  answered with 503 and Retry-After", refused.len() as f64, "").at_least(1.0));
        figures.add(Figure::millis("  of which the slowest took", slowest).at_most(2_000.0));
        let else_wise = calls.iter().filter(|call| call.status() != 200 && !call.was_put_off()).count();
        figures.add(Figure::new("  answered with neither success nor that", else_wise as f64, "").at_most(0.0));
        figures.add(
            Figure::new("  answered with success, and not in the database", work.lost(&calls)? as f64, "").at_most(0.0),
        );
        let last = calls.iter().filter(|call| call.status() != 200).map(Call::ended).max();
        let recovered = last.map(|last| last.saturating_duration_since(over)).unwrap_or_default();
        figures.add(
            Figure::millis("  from its return to the last answer that was no success", recovered).at_most(2_000.0),
        );
    }
    Ok(())
}

/// When it began, and when PostgreSQL took connections again.
fn outage(cluster: &Cluster, mode: &str) -> Outcome<(Instant, Instant)> {
    sleep(WATCHED);
    let begun = Instant::now();
    cluster.postgres.stop(mode)?;
    sleep(AWAY);
    cluster.postgres.start_again()?;
    let over = Instant::now();
    sleep(WATCHED);
    Ok((begun, over))
}

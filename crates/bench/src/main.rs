//! `grantry-bench`: what Grantry costs, measured against the limit of its HTTP stack, bare cryptography and a peer.
//! `cargo xtask bench` builds and runs it. It knows the server only by its binary, its wire and its store.

mod ask;
mod bare;
mod growth;
mod load;
mod machine;
mod peer;
mod plot;
mod postgres;
mod process;
mod rates;
mod report;
mod rows;
mod run;
mod seed;
mod servers;
mod world;

use std::env;
use std::error::Error;
use std::process::ExitCode;

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str =
    "usage: cargo xtask bench                 measure everything, in less than 15 minutes, and write docs/bench
       cargo xtask bench --quick [ROW]   a look in three minutes that writes nothing, at all rows or those with these words
       cargo xtask bench growth          what more workspaces, days, nodes and requests do, in less than 12 minutes
       cargo xtask bench growth PART     one of workspaces, days, nodes, overload; it writes nothing";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run::run(&run::FULL, ""),
        ["--quick"] => run::run(&run::QUICK, ""),
        ["--quick", row] => run::run(&run::QUICK, row),
        ["growth"] => growth::run(None),
        ["growth", part] => growth::run(Some(part)),
        // What it starts of itself.
        ["bare", size] => size.parse().map_err(Into::into).and_then(bare::serve),
        ["rate", name] => rates::measure(name).map(|cost| say(&cost.to_string())),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command line tool answers on standard output")]
fn say(line: &str) {
    println!("{line}");
}

//! The house's own chores: `cargo xtask tidy`, `cargo xtask spec-index` and `cargo xtask bench`.

mod rules;
mod rust_source;
mod spec_index;
mod tree;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs, io};
use tree::Tree;

const USAGE: &str = "usage: cargo xtask tidy         check the rules of the house
       cargo xtask spec-index   write docs/spec-index.md anew
       cargo xtask bench        measure in less than 15 minutes, and write docs/bench; --quick: a look in three;
                            growth: what more workspaces, days, nodes and requests do";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => tidy(),
        ["spec-index"] => write_spec_index(),
        ["bench", ref more @ ..] => bench(more),
        _ => Err(io::Error::other(USAGE)),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            say(&error.to_string());
            ExitCode::from(2)
        }
    }
}

fn tidy() -> io::Result<ExitCode> {
    let tree = Tree::read()?;
    let broken = rules::check(&tree);
    for one in &broken {
        say(&one.to_string());
    }
    if broken.is_empty() {
        say(&format!("tidy: {} files, every rule kept", tree.files.len()));
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("tidy: rules broken: {}", broken.len()));
    Ok(ExitCode::FAILURE)
}

fn write_spec_index() -> io::Result<ExitCode> {
    let tree = Tree::read()?;
    fs::write(tree.root.join(spec_index::PATH), spec_index::render(&tree))?;
    say(&format!("wrote {}", spec_index::PATH));
    Ok(ExitCode::SUCCESS)
}

/// Builds what is measured as it is delivered, and runs the benchmark.
fn bench(more: &[&str]) -> io::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let build = ["build", "--release", "--locked", "--package=grantry", "--package=grantry-bench"];
    if !Command::new("cargo").args(build).current_dir(&root).status()?.success() {
        return Ok(ExitCode::FAILURE);
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let ended = Command::new(target.join("release/grantry-bench")).args(more).current_dir(&root).status()?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stdout, reason = "a command line tool answers on standard output")]
fn say(line: &str) {
    println!("{line}");
}

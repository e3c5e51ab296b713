//! The house's own chores: `cargo xtask tidy` and `cargo xtask spec-index`.

mod rules;
mod rust_source;
mod spec_index;
mod tree;

use std::{env, fs, io, process::ExitCode};
use tree::Tree;

const USAGE: &str = "usage: cargo xtask tidy         check the rules of the house
       cargo xtask spec-index   write docs/spec-index.md anew";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => tidy(),
        ["spec-index"] => write_spec_index(),
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

#[expect(clippy::print_stdout, reason = "a command line tool answers on standard output")]
fn say(line: &str) {
    println!("{line}");
}

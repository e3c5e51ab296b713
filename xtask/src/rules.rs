//! The rules of the house that a program can check: one file per rule, one list here.

mod arrows;
mod citations;
mod left_overs;
mod migrations;
mod sizes;

use crate::{spec_index, tree::Tree};
use std::fmt;

/// A broken rule, and where.
#[derive(Debug, PartialEq)]
pub(crate) struct Broken {
    path: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

/// Everything that is not as the house wants it.
pub(crate) fn check(tree: &Tree) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut report = |path: &str, line: usize, rule: String| {
        broken.push(Broken { path: path.to_owned(), line, rule });
    };
    for file in &tree.files {
        let mut report = |line: usize, rule: String| report(&file.path, line, rule);
        arrows::check(file, &mut report);
        citations::check(file, &mut report);
        left_overs::check(file, &mut report);
        migrations::check(file, &mut report);
        sizes::check(file, &mut report);
    }
    if !spec_index::is_fresh(tree) {
        report(spec_index::PATH, 1, "out of date: run `cargo xtask spec-index`".to_owned());
    }
    broken
}

/// Runs one rule over one file, as `line: rule`.
#[cfg(test)]
fn broken_by(check: impl Fn(&crate::tree::File, &mut dyn FnMut(usize, String)), path: &str, text: &str) -> Vec<String> {
    let file = crate::tree::File { path: path.to_owned(), text: text.to_owned() };
    let mut broken = Vec::new();
    check(&file, &mut |line, rule| broken.push(format!("{line}: {rule}")));
    broken
}

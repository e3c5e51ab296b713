//! Which room may know which: cli → server → storage → protocol, and only the programs touch the outside world.

use crate::tree::File;

/// Rooms that are programs: the product, and its benchmark.
const PROGRAMS: [&str; 2] = ["cli", "bench"];

/// (room, grantry crates it must not know)
const ARROWS: [(&str, &[&str]); 3] = [
    ("protocol", &["grantry-storage", "grantry-server", "grantry"]),
    ("storage", &["grantry-server", "grantry"]),
    ("server", &["grantry"]),
];

/// Crates that would let the protocol do input or output, with the families named after them.
const OUTSIDE_PROTOCOL: [&str; 6] = ["tokio", "axum", "hyper", "rusqlite", "postgres", "rand"];

/// The clock, the environment and the arguments; values of these come in from `cli`.
const OUTSIDE_WORLD: [&str; 5] = ["std::env", "env::", "SystemTime::now", "Timestamp::now", "Zoned::now"];

pub(super) fn check(file: &File, report: &mut dyn FnMut(usize, String)) {
    for (room, unknown) in ARROWS {
        if file.path == format!("crates/{room}/Cargo.toml") {
            check_manifest(file, room, unknown, report);
        }
    }
    if file.room().is_some_and(|room| !PROGRAMS.contains(&room)) {
        check_source(file, report);
    }
}

fn check_manifest(file: &File, room: &str, unknown: &[&str], report: &mut dyn FnMut(usize, String)) {
    for (line, name) in dependencies(&file.text) {
        let outside = room == "protocol" && OUTSIDE_PROTOCOL.iter().any(|family| is_of_family(name, family));
        if outside || unknown.contains(&name) {
            report(line, format!("{room} must not depend on {name}"));
        }
    }
}

fn check_source(file: &File, report: &mut dyn FnMut(usize, String)) {
    for (number, line) in file.rust_lines() {
        let ambient = OUTSIDE_WORLD.iter().find(|name| !line.is_test && line.mentions(name));
        if let Some(name) = ambient {
            report(
                number,
                format!("only crates/cli may use {}: take the value as a parameter", name.trim_end_matches(':')),
            );
        }
    }
}

/// The numbered names under every `[…dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut listed = false;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(manifest.lines()) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            listed = section.ends_with("dependencies");
            found.extend(section.split_once("dependencies.").map(|(_, name)| (number, name)));
        } else if listed && line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            found.push((number, line.split(['.', '=', ' ']).next().unwrap_or(line)));
        }
    }
    found
}

fn is_of_family(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::broken_by;

    #[test]
    fn protocol_knows_no_other_room_and_no_runtime() {
        let manifest = "[package]\nname = \"grantry\"\n[dependencies]\nserde.workspace = true\ngrantry-storage = { path = \"x\" }\n\
                        [dev-dependencies]\ntokio-util = \"1\"\n[dependencies.rusqlite]\nversion = \"1\"";
        assert_eq!(
            broken_by(check, "crates/protocol/Cargo.toml", manifest),
            [
                "5: protocol must not depend on grantry-storage",
                "7: protocol must not depend on tokio-util",
                "8: protocol must not depend on rusqlite"
            ]
        );
    }

    #[test]
    fn the_server_may_know_storage_but_not_cli() {
        let manifest = "[dependencies]\ngrantry-storage.workspace = true\ngrantry.workspace = true";
        assert_eq!(broken_by(check, "crates/server/Cargo.toml", manifest), ["3: server must not depend on grantry"]);
    }

    #[test]
    fn only_cli_reads_clock_and_environment() {
        let source =
            "fn f() { std::env::var(\"X\"); }\n// SystemTime::now()\n#[cfg(test)]\nmod tests {\n env::args();\n}";
        let broken = ["1: only crates/cli may use std::env: take the value as a parameter"];
        assert_eq!(broken_by(check, "crates/server/src/a.rs", source), broken);
        assert!(broken_by(check, "crates/cli/src/a.rs", source).is_empty());
        assert!(broken_by(check, "crates/server/tests/it/a.rs", source).is_empty());
    }
}

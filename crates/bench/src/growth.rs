//! What happens as Grantry grows: more workspaces, more days, more nodes, more requests than it can serve.

mod callers;
mod cluster;
mod days;
mod figures;
mod nodes;
mod outage;
mod overload;
mod tenants;
mod workspaces;

use crate::{Outcome, machine};
use figures::Figures;
use std::path::Path;
use std::{env, fs};

/// The parts, by their names.
const PARTS: [&str; 4] = ["workspaces", "days", "nodes", "overload"];

/// Measures one part, or all of them; only all of them are written down.
pub(crate) fn run(part: Option<&str>) -> Outcome<()> {
    if let Some(part) = part.filter(|part| !PARTS.contains(part)) {
        return Err(format!("there is no part `{part}` of growth; there are {}", PARTS.join(", ")).into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let scratch = env::current_exe()?.with_file_name("../bench");
    fs::create_dir_all(&scratch)?;
    let script = root.join("crates/bench/load/requests.lua");
    let machine = machine::describe();
    let mut figures = Figures::new();
    for name in PARTS.into_iter().filter(|name| part.is_none_or(|part| part == *name)) {
        match name {
            "workspaces" => workspaces::measure(&scratch, &script, &mut figures)?,
            "days" => days::measure(&scratch, &mut figures)?,
            "nodes" => nodes::measure(&scratch, &script, &mut figures)?,
            _ => overload::measure(&scratch, &script, &mut figures)?,
        }
    }
    crate::say(&figures.table());
    figures.progress("done");
    if part.is_none() { figures.write(&root.join("docs/bench/growth.json"), &machine) } else { Ok(()) }
}

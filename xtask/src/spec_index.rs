//! `docs/spec-index.md`: for each section of each RFC, the file that keeps it and the test that shows it. It names no lines,
//! so that moving one makes nothing stale.

use crate::rust_source::Line;
use crate::tree::Tree;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(crate) const PATH: &str = "docs/spec-index.md";

const HEAD: &str = "# Where each section of the specifications is kept

Written by `cargo xtask spec-index` from the comments and the names of the tests; `cargo xtask tidy` fails when it is out of date.
";

/// Numbers above this in a test's name count things (`s10_5_64_at_once`); no RFC of ours has such a section.
const HIGHEST_SECTION: u32 = 30;

/// Where a section is kept or shown.
#[derive(Debug, PartialEq)]
struct Place {
    path: String,
    what: String,
}

/// A section's number, ordered as a reader expects: 4.2 before 4.10, appendices last.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Section(Vec<Result<u32, String>>);

type Index = BTreeMap<u32, BTreeMap<Section, Vec<Place>>>;

impl Section {
    fn parse(text: &str) -> Option<Self> {
        let is_section = text.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase());
        is_section.then(|| Self(text.split('.').map(|part| part.parse().map_err(|_| part.to_owned())).collect()))
    }

    fn text(&self) -> String {
        let part = |part: &Result<u32, String>| part.as_ref().map_or_else(Clone::clone, u32::to_string);
        self.0.iter().map(part).collect::<Vec<_>>().join(".")
    }

    fn anchor(&self) -> String {
        let kind = if matches!(self.0.first(), Some(Ok(_))) { "section" } else { "appendix" };
        format!("{kind}-{}", self.text())
    }
}

/// Whether the index on disk says what the source says.
pub(crate) fn is_fresh(tree: &Tree) -> bool {
    tree.file(PATH).is_some_and(|file| file.text == render(tree))
}

/// The index as Markdown.
pub(crate) fn render(tree: &Tree) -> String {
    let mut page = HEAD.to_owned();
    for (rfc, sections) in index(tree) {
        let address = format!("https://www.rfc-editor.org/rfc/rfc{rfc}");
        let _ = write!(page, "\n## [RFC {rfc}]({address})\n\n| section | what | where |\n|---|---|---|\n");
        for (section, places) in sections {
            let (text, anchor) = (section.text(), section.anchor());
            for Place { path, what } in places {
                let _ = writeln!(page, "| [§{text}]({address}#{anchor}) | {what} | [{path}](../{path}) |");
            }
        }
    }
    page
}

fn index(tree: &Tree) -> Index {
    let mut index = Index::new();
    for file in tree.files.iter().filter(|file| file.path.starts_with("crates/")) {
        let lines = file.rust_lines();
        let subject = lines.iter().find_map(|(_, line)| subject_of(&line.comment));
        for (_, line) in &lines {
            let cited = if file.room().is_some() { citations(&line.comment) } else { Vec::new() };
            let shown = shown_by(line, subject);
            for (rfc, section, what) in cited.into_iter().chain(shown) {
                let place = Place { path: file.path.clone(), what };
                let places = index.entry(rfc).or_default().entry(section).or_default();
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
    }
    index
}

/// The RFC that a module's own documentation names first.
fn subject_of(comment: &str) -> Option<u32> {
    comment.starts_with("//!").then(|| rfcs(comment).next().map(|(rfc, _)| rfc))?
}

/// Each `RFC NNNN` in a text, with what follows it.
fn rfcs(text: &str) -> impl Iterator<Item = (u32, &str)> {
    text.match_indices("RFC ").filter_map(|(at, marker)| {
        let rest = &text[at + marker.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((rest[..end].parse().ok()?, &rest[end..]))
    })
}

/// Every section a comment cites, with what the comment says of it: `RFC 6749 §4.1.3, §5.2: what`.
fn citations(comment: &str) -> Vec<(u32, Section, String)> {
    let text = comment.trim_start_matches(['/', '!', '*', ' ']).trim_end();
    let what = match text.split_once(": ") {
        Some((citation, what)) if citation.starts_with("RFC ") => what,
        _ => text,
    };
    let what = what.replace('|', "\\|");
    let cited = rfcs(text).flat_map(|(rfc, rest)| sections(rest).into_iter().map(move |section| (rfc, section)));
    cited.map(|(rfc, section)| (rfc, section, what.clone())).collect()
}

/// The sections listed right after an RFC's number: ` §4.1.3, §5.2 and §6`.
fn sections(mut rest: &str) -> Vec<Section> {
    let mut found = Vec::new();
    while let Some(after) = rest.trim_start_matches([' ', ',', '/']).trim_start_matches("and ").strip_prefix('§') {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(after.len());
        found.extend(Section::parse(after[..end].trim_end_matches('.')));
        rest = &after[end..];
    }
    found
}

/// The section a test is named after: `fn s4_1_3_a_code_buys_tokens_once`, of the module's subject; or with the RFC's number
/// in front.
fn shown_by(line: &Line, subject: Option<u32>) -> Option<(u32, Section, String)> {
    let name = line.code.split_once("fn ")?.1.split('(').next()?;
    let own = name.strip_prefix("rfc").and_then(|rest| rest.split_once("_s"));
    let (rfc, rest) = match own {
        Some((number, rest)) => (number.parse().ok()?, rest),
        None => (subject?, name.strip_prefix('s')?),
    };
    let is_section = |part: &&str| part.parse::<u32>().is_ok_and(|number| number <= HIGHEST_SECTION);
    let numbers: Vec<&str> = rest.split('_').take_while(is_section).collect();
    let section = Section::parse(&numbers.join("."))?;
    Some((rfc, section, format!("test `{name}`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;
    use std::path::PathBuf;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Tree { root: PathBuf::new(), files: files.iter().map(file).collect() }
    }

    #[test]
    fn sections_come_in_a_readers_order() {
        let source = "// RFC 6749 §4.10: c\n// RFC 6749 §B: d\n// RFC 6749 §4.2: b\n// RFC 6749 §4: a";
        let index = index(&tree(&[("crates/protocol/src/a.rs", source)]));
        let order: Vec<String> = index[&6749].keys().map(Section::text).collect();
        assert_eq!(order, ["4", "4.2", "4.10", "B"]);
    }

    #[test]
    fn a_comment_may_cite_several() {
        let cited = citations("/// RFC 6749 §4.1.3, §5.2 and §6: one | rule (RFC 9700 §2.1.1).");
        let read: Vec<_> = cited.iter().map(|(rfc, section, what)| (*rfc, section.text(), what.as_str())).collect();
        let what = "one \\| rule (RFC 9700 §2.1.1).";
        let expected = [(6749, "4.1.3"), (6749, "5.2"), (6749, "6"), (9700, "2.1.1")];
        assert_eq!(read, expected.map(|(rfc, section)| (rfc, section.to_owned(), what)));
    }

    #[test]
    fn a_test_shows_the_section_in_its_name() {
        let source = "//! Refreshing, RFC 6749.\nfn s6_64_at_once() {}\nasync fn s5_2_wrong() {}\nfn sealed() {}\nfn rfc9700_s4_14_2_b() {}";
        let page = render(&tree(&[("crates/server/tests/it/a.rs", source)]));
        assert!(page.contains("| [§6](https://www.rfc-editor.org/rfc/rfc6749#section-6) | test `s6_64_at_once` | [crates/server/tests/it/a.rs](../crates/server/tests/it/a.rs) |"), "{page}");
        assert!(page.contains("rfc9700#section-4.14.2) | test `rfc9700_s4_14_2_b`"), "{page}");
        assert!(page.contains("test `s5_2_wrong`") && !page.contains("sealed"), "{page}");
    }

    #[test]
    fn an_index_of_yesterday_is_not_fresh() {
        let source = ("crates/protocol/src/a.rs", "// RFC 6749 §6: a");
        let page = render(&tree(&[source]));
        assert!(is_fresh(&tree(&[source, (PATH, &page)])));
        assert!(
            is_fresh(&tree(&[("crates/protocol/src/a.rs", "\n// RFC 6749 §6: a"), (PATH, &page)])),
            "it only moved"
        );
        assert!(!is_fresh(&tree(&[("crates/protocol/src/a.rs", "// RFC 6749 §6: b"), (PATH, &page)])));
    }
}

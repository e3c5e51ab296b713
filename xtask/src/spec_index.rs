//! `docs/spec-index.md`: for each section of each RFC and OpenID specification, the file that keeps it and the test that shows it. It names no lines,
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

type Index = BTreeMap<Specification, BTreeMap<Section, Vec<Place>>>;

/// What a section belongs to: an RFC by its number, or a row of [`OPENID`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Specification {
    Rfc(u32),
    OpenId(usize),
}

/// What comments call a specification of the OpenID Foundation, what tests do, and where it is published.
const OPENID: [(&str, &str, &str); 10] = [
    ("OpenID Connect Core", "core", "openid-connect-core-1_0"),
    ("OpenID Connect Discovery", "discovery", "openid-connect-discovery-1_0"),
    ("OpenID Connect Registration", "registration", "openid-connect-registration-1_0"),
    ("RP-Initiated Logout", "rp_initiated_logout", "openid-connect-rpinitiated-1_0"),
    ("Front-Channel Logout", "front_channel_logout", "openid-connect-frontchannel-1_0"),
    ("Back-Channel Logout", "back_channel_logout", "openid-connect-backchannel-1_0"),
    ("Session Management", "session_management", "openid-connect-session-1_0"),
    ("Initiating User Registration", "prompt_create", "openid-connect-prompt-create-1_0"),
    ("Form Post Response Mode", "form_post", "oauth-v2-form-post-response-mode-1_0"),
    ("Multiple Response Types", "multiple_response_types", "oauth-v2-multiple-response-types-1_0"),
];

impl Specification {
    fn title(self) -> String {
        match self {
            Self::Rfc(number) => format!("RFC {number}"),
            Self::OpenId(row) => OPENID[row].0.to_owned(),
        }
    }

    fn address(self) -> String {
        match self {
            Self::Rfc(number) => format!("https://www.rfc-editor.org/rfc/rfc{number}"),
            Self::OpenId(row) => format!("https://openid.net/specs/{}.html", OPENID[row].2),
        }
    }

    fn anchor(self, section: &Section) -> String {
        match self {
            Self::Rfc(_) => section.anchor(),
            Self::OpenId(_) => format!("rfc.section.{}", section.text()),
        }
    }
}

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
    for (specification, sections) in index(tree) {
        let (title, address) = (specification.title(), specification.address());
        let _ = write!(page, "\n## [{title}]({address})\n\n| section | what | where |\n|---|---|---|\n");
        for (section, places) in sections {
            let (text, anchor) = (section.text(), specification.anchor(&section));
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
            for (specification, section, what) in cited.into_iter().chain(shown) {
                let place = Place { path: file.path.clone(), what };
                let places = index.entry(specification).or_default().entry(section).or_default();
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
    }
    index
}

/// The specification that a module's own documentation names first.
fn subject_of(comment: &str) -> Option<Specification> {
    comment.starts_with("//!").then(|| named(comment).first().map(|(_, specification, _)| *specification))?
}

/// Each specification that a text names, in order, with where it stands and what follows it.
fn named(text: &str) -> Vec<(usize, Specification, &str)> {
    let rfcs = text.match_indices("RFC ").filter_map(|(at, marker)| {
        let rest = &text[at + marker.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((at, Specification::Rfc(rest[..end].parse().ok()?), &rest[end..]))
    });
    let openid = OPENID.iter().enumerate().flat_map(|(row, (name, ..))| {
        text.match_indices(name).map(move |(at, name)| (at, Specification::OpenId(row), &text[at + name.len()..]))
    });
    let mut all: Vec<_> = rfcs.chain(openid).collect();
    all.sort_by_key(|(at, ..)| *at);
    all
}

/// Every section a comment cites, with what the comment says of it: `RFC 6749 §4.1.3, §5.2: what`.
fn citations(comment: &str) -> Vec<(Specification, Section, String)> {
    let text = comment.trim_start_matches(['/', '!', '*', ' ']).trim_end();
    let what = match text.split_once(": ") {
        Some((citation, what)) if named(citation).first().is_some_and(|(at, ..)| *at == 0) => what,
        _ => text,
    };
    let what = what.replace('|', "\\|");
    let cited = named(text).into_iter();
    let cited = cited.flat_map(|(_, it, rest)| sections(rest).into_iter().map(move |section| (it, section)));
    cited.map(|(specification, section)| (specification, section, what.clone())).collect()
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

/// The section a test is named after: `fn s4_1_3_a_code_buys_tokens_once`, of the module's subject; or with the specification
/// in front, as `rfc7636_s4_6_…` or `core_s3_1_2_1_…`.
fn shown_by(line: &Line, subject: Option<Specification>) -> Option<(Specification, Section, String)> {
    let name = line.code.split_once("fn ")?.1.split('(').next()?;
    let own = name.split_once("_s").and_then(|(front, rest)| Some((in_front(front)?, rest)));
    let (specification, rest) = match own {
        Some(own) => own,
        None => (subject?, name.strip_prefix('s')?),
    };
    let is_section = |part: &&str| part.parse::<u32>().is_ok_and(|number| number <= HIGHEST_SECTION);
    let numbers: Vec<&str> = rest.split('_').take_while(is_section).collect();
    let section = Section::parse(&numbers.join("."))?;
    Some((specification, section, format!("test `{name}`")))
}

fn in_front(front: &str) -> Option<Specification> {
    let openid = OPENID.iter().position(|(_, short, _)| *short == front).map(Specification::OpenId);
    openid.or_else(|| front.strip_prefix("rfc")?.parse().ok().map(Specification::Rfc))
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
        let order: Vec<String> = index[&Specification::Rfc(6749)].keys().map(Section::text).collect();
        assert_eq!(order, ["4", "4.2", "4.10", "B"]);
    }

    #[test]
    fn a_comment_may_cite_several() {
        let cited = citations("/// RFC 6749 §4.1.3, §5.2 and §6: one | rule (RFC 9700 §2.1.1).");
        let read: Vec<_> = cited.iter().map(|(it, section, what)| (*it, section.text(), what.as_str())).collect();
        let what = "one \\| rule (RFC 9700 §2.1.1).";
        let expected = [(6749, "4.1.3"), (6749, "5.2"), (6749, "6"), (9700, "2.1.1")];
        assert_eq!(read, expected.map(|(rfc, section)| (Specification::Rfc(rfc), section.to_owned(), what)));
        let both = citations("//! OpenID Connect Core §3.1.2.1, RFC 9207 §2: a page");
        let read: Vec<_> = both.iter().map(|(it, section, what)| (it.title(), section.text(), what.as_str())).collect();
        let expected = [("OpenID Connect Core", "3.1.2.1"), ("RFC 9207", "2")];
        assert_eq!(read, expected.map(|(title, section)| (title.to_owned(), section.to_owned(), "a page")));
    }

    #[test]
    fn a_test_shows_the_section_in_its_name() {
        let source = "//! Refreshing, RFC 6749.\nfn s6_64_at_once() {}\nasync fn s5_2_wrong() {}\nfn sealed() {}\nfn rfc9700_s4_14_2_b() {}\nfn core_s5_4_c() {}";
        let page = render(&tree(&[("crates/server/tests/it/a.rs", source)]));
        assert!(page.contains("| [§6](https://www.rfc-editor.org/rfc/rfc6749#section-6) | test `s6_64_at_once` | [crates/server/tests/it/a.rs](../crates/server/tests/it/a.rs) |"), "{page}");
        assert!(page.contains("rfc9700#section-4.14.2) | test `rfc9700_s4_14_2_b`"), "{page}");
        assert!(page.contains("openid-connect-core-1_0.html#rfc.section.5.4) | test `core_s5_4_c`"), "{page}");
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

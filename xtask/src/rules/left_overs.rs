//! What must not stay behind: unfinished code, silenced lints, notes to self, paths of one machine.

use crate::rust_source::is_name_char;
use crate::tree::File;

/// (code, why not)
const CODE: [(&str, &str); 6] = [
    ("#[ignore", "a test runs or goes"),
    ("todo!", "unfinished"),
    ("unimplemented!", "unfinished"),
    ("dbg!", "left over from debugging"),
    ("#[allow(", "use #[expect(…, reason = …)]"),
    ("#![allow(", "use #![expect(…, reason = …)]"),
];

/// Written in two halves, so that this file keeps its own rule.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk"), concat!("/ro", "ot"), concat!("/ho", "me")];

pub(super) fn check(file: &File, report: &mut dyn FnMut(usize, String)) {
    for (number, line) in file.rust_lines() {
        for (code, why) in CODE.iter().filter(|(code, _)| line.mentions(code)) {
            report(number, format!("{code}: {why}"));
        }
    }
    if is_lock_file(&file.path) {
        return;
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        for note in NOTES.iter().filter(|note| has_word(line, note)) {
            report(number, format!("{note}: do it, or file an issue"));
        }
        for path in MACHINE_PATHS.iter().filter(|path| has_path(line, path)) {
            report(number, format!("{path} is a path of one machine"));
        }
    }
}

/// Lock files are full of checksums, which may spell anything.
fn is_lock_file(path: &str) -> bool {
    path.ends_with("Cargo.lock") || path.ends_with("package-lock.json")
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_name_char) && !line[at + word.len()..].starts_with(is_name_char))
}

/// An absolute path: `/…/x` at the start of a word, not a part of a URL or of a longer name.
fn has_path(line: &str, path: &str) -> bool {
    let continues = |c: char| is_name_char(c) || c == '-';
    let is_inner = |c: char| is_name_char(c) || ".-}~$*".contains(c);
    line.match_indices(path)
        .any(|(at, _)| !line[..at].ends_with(is_inner) && !line[at + path.len()..].starts_with(continues))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::broken_by;

    #[test]
    fn unfinished_code_is_found_in_code_only() {
        let source = "// todo!()\nfn f() { todo!() }\nlet s = \"dbg!\";\n#[allow(unused)]";
        assert_eq!(
            broken_by(check, "crates/server/src/a.rs", source),
            ["2: todo!: unfinished", "4: #[allow(: use #[expect(…, reason = …)]"]
        );
    }

    #[test]
    fn notes_to_self_are_found_in_any_file() {
        let [note, ..] = NOTES;
        assert_eq!(broken_by(check, "a.md", &format!("x\n{note}: later\n{note}S")).len(), 1);
        assert!(broken_by(check, "Cargo.lock", note).is_empty());
    }

    #[test]
    fn paths_of_one_machine_are_found_but_urls_are_not() {
        let [path, ..] = MACHINE_PATHS;
        for line in [format!("cd {path}/main"), format!("\"{path}\"")] {
            assert_eq!(broken_by(check, "a.md", &line).len(), 1, "{line}");
        }
        for line in
            [format!("{path}flow/oauth2"), format!("https://app.example{path}"), format!("{{public_url}}{path}/x")]
        {
            assert!(broken_by(check, "a.md", &line).is_empty(), "{line}");
        }
    }
}

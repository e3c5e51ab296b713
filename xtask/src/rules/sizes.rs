//! A file fits into a head: Rust files and what the browser gets have a length limit.

use crate::tree::File;

const RUST_LINES: usize = 300;
const RUST_TEST_LINES: usize = 600;
const PAGE_LINES: usize = 600;

/// Flat tables that are longer than they are complicated: (path, what it lists). None so far.
const FLAT_TABLES: [(&str, &str); 0] = [];

pub(super) fn check(file: &File, report: &mut dyn FnMut(usize, String)) {
    let (lines, limit) = if file.has_extension(&["rs"]) {
        (source_lines(file), if is_test(&file.path) { RUST_TEST_LINES } else { RUST_LINES })
    } else if file.has_extension(&["html", "css", "js", "mjs", "txt"]) {
        (file.text.lines().count(), PAGE_LINES)
    } else {
        return;
    };
    let is_flat_table = FLAT_TABLES.iter().any(|(path, _)| *path == file.path);
    if lines > limit && !is_flat_table {
        report(lines, format!("{lines} lines, the limit is {limit}: split by concern"));
    }
}

/// Lines with code on them, outside the tests at the end of the file.
fn source_lines(file: &File) -> usize {
    file.rust_lines().iter().filter(|(_, line)| !line.is_test && !line.code.trim().is_empty()).count()
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::broken_by;

    #[test]
    fn comments_blank_lines_and_tests_do_not_count() {
        let source = format!(
            "{}{}#[cfg(test)]\nmod tests {{\n{}}}",
            "f();\n".repeat(300),
            "// c\n\n".repeat(99),
            "g();\n".repeat(99)
        );
        assert!(broken_by(check, "crates/server/src/a.rs", &source).is_empty());
        let longer = format!("f();\n{source}");
        assert_eq!(
            broken_by(check, "crates/server/src/a.rs", &longer),
            ["301: 301 lines, the limit is 300: split by concern"]
        );
        assert!(broken_by(check, "crates/server/tests/it/a.rs", &longer).is_empty());
    }

    #[test]
    fn pages_have_a_limit_too() {
        assert_eq!(broken_by(check, "crates/server/assets/a.css", &"a {}\n".repeat(601)).len(), 1);
    }
}

//! A specification is always cited the same way, `RFC 6749`, so that searching for it finds everything.

use crate::tree::File;

pub(super) fn check(file: &File, report: &mut dyn FnMut(usize, String)) {
    for (number, line) in file.rust_lines() {
        if let Some(written) = miswritten(&line.comment) {
            report(
                number,
                format!("cite as `RFC {}`, not `{written}`", written.trim_start_matches(|c: char| !c.is_ascii_digit())),
            );
        }
    }
}

/// The first citation in another form: `rfc6749`, `RFC-6749`. Addresses and names in code are not citations.
fn miswritten(comment: &str) -> Option<&str> {
    let lower = comment.to_ascii_lowercase();
    lower.match_indices("rfc").find_map(|(at, _)| {
        let rest = &comment[at + 3..];
        let number = rest.trim_start_matches([' ', '-', '_']);
        let digits = number.len() - number.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let gap = rest.len() - number.len();
        let is_name = comment[..at].ends_with(|c: char| c.is_alphanumeric() || "/`_.".contains(c));
        let is_right = comment[at..].starts_with("RFC ") && gap == 1;
        (digits > 0 && !is_name && !is_right).then(|| &comment[at..at + 3 + gap + digits])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::broken_by;

    #[test]
    fn a_citation_has_one_form() {
        let source = "// RFC 6749 §4.1.3: fine\n// see rfc7636 and `rfc7636.rs`\n//! RFC-9207\n// https://e.org/rfc/rfc6749\n// RFCs differ";
        assert_eq!(
            broken_by(check, "crates/protocol/src/a.rs", source),
            ["2: cite as `RFC 7636`, not `rfc7636`", "3: cite as `RFC 9207`, not `RFC-9207`"]
        );
    }
}

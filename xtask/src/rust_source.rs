//! Splits Rust source into code and comments, so that no rule trips over words in a comment or a string.

/// One line of source. Text inside strings appears in neither part.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Line {
    pub(crate) code: String,
    /// With its marker: `// why`, `//! what`.
    pub(crate) comment: String,
    /// Belongs to the `#[cfg(test)] mod … {` at the end of a file.
    pub(crate) is_test: bool,
}

impl Line {
    /// Whether the code mentions this path or macro, and not merely a longer name that ends like it.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.code.match_indices(name).any(|(at, _)| !self.code[..at].ends_with(is_name_char))
    }
}

/// Whether this character can be part of a Rust name.
pub(crate) fn is_name_char(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

enum Inside {
    Code,
    LineComment,
    BlockComment { depth: usize },
    Text,
    RawText { hashes: usize },
}

/// The lines of a Rust source file, in order.
pub(crate) fn lines(source: &str) -> Vec<Line> {
    let mut splitter = Splitter { rest: source, inside: Inside::Code, line: Line::default(), lines: Vec::new() };
    while let Some(next) = splitter.rest.chars().next() {
        splitter.step(next);
    }
    splitter.end_line();
    mark_test_tail(&mut splitter.lines);
    splitter.lines
}

struct Splitter<'a> {
    rest: &'a str,
    inside: Inside,
    line: Line,
    lines: Vec<Line>,
}

impl<'a> Splitter<'a> {
    fn step(&mut self, next: char) {
        if next == '\n' {
            self.skip(1);
            return self.end_line();
        }
        match self.inside {
            Inside::Code => self.step_in_code(next),
            Inside::LineComment => self.take_comment(1),
            Inside::BlockComment { depth } => self.step_in_block_comment(depth),
            Inside::Text if next == '\\' && !self.rest.starts_with("\\\n") => self.skip(2),
            Inside::Text if next == '"' => self.close_text(1),
            Inside::RawText { hashes } if next == '"' && leading_hashes(&self.rest[1..]) >= hashes => {
                self.close_text(1 + hashes);
            }
            Inside::Text | Inside::RawText { .. } => self.skip(1),
        }
    }

    fn step_in_code(&mut self, next: char) {
        if self.rest.starts_with("//") {
            self.inside = Inside::LineComment;
            self.take_comment(2);
        } else if self.rest.starts_with("/*") {
            self.inside = Inside::BlockComment { depth: 1 };
            self.take_comment(2);
        } else if next == '"' {
            self.inside = text_opened_after(&self.line.code);
            self.take_code(1);
        } else if let Some(length) = character_literal(self.rest) {
            self.skip(length);
        } else {
            self.take_code(1);
        }
    }

    fn step_in_block_comment(&mut self, depth: usize) {
        if self.rest.starts_with("*/") {
            self.inside = if depth == 1 { Inside::Code } else { Inside::BlockComment { depth: depth - 1 } };
            self.take_comment(2);
        } else if self.rest.starts_with("/*") {
            self.inside = Inside::BlockComment { depth: depth + 1 };
            self.take_comment(2);
        } else {
            self.take_comment(1);
        }
    }

    fn end_line(&mut self) {
        match self.inside {
            Inside::LineComment => self.inside = Inside::Code,
            // A line that is all text is still a line of source.
            Inside::Text | Inside::RawText { .. } => self.line.code.push('"'),
            Inside::Code | Inside::BlockComment { .. } => {}
        }
        self.lines.push(std::mem::take(&mut self.line));
    }

    fn close_text(&mut self, length: usize) {
        self.inside = Inside::Code;
        self.take_code(length);
    }

    fn take_code(&mut self, characters: usize) {
        let code = self.take(characters);
        self.line.code.push_str(code);
    }

    fn take_comment(&mut self, characters: usize) {
        let comment = self.take(characters);
        self.line.comment.push_str(comment);
    }

    fn skip(&mut self, characters: usize) {
        self.take(characters);
    }

    /// Moves on by so many characters and returns them.
    fn take(&mut self, characters: usize) -> &'a str {
        let bytes = self.rest.chars().take(characters).map(char::len_utf8).sum();
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }
}

/// What a `"` opens, seen from the code before it: `r##` begins raw text.
fn text_opened_after(code: &str) -> Inside {
    let prefix = code.trim_end_matches('#');
    if prefix.ends_with('r') { Inside::RawText { hashes: code.len() - prefix.len() } } else { Inside::Text }
}

fn leading_hashes(text: &str) -> usize {
    text.len() - text.trim_start_matches('#').len()
}

/// Length in characters of the literal that starts here; `None` for anything else, a lifetime included.
fn character_literal(rest: &str) -> Option<usize> {
    let mut characters = rest.chars();
    match (characters.next()?, characters.next()?, characters.next()?) {
        ('\'', '\\', _) => Some(4 + rest.chars().skip(3).position(|c| c == '\'')?),
        ('\'', _, '\'') => Some(3),
        _ => None,
    }
}

fn mark_test_tail(lines: &mut [Line]) {
    let opens_tests = |pair: &[Line]| {
        pair[0].code == "#[cfg(test)]" && pair[1].code.starts_with("mod ") && pair[1].code.ends_with('{')
    };
    if let Some(start) = lines.windows(2).position(opens_tests) {
        lines[start..].iter_mut().for_each(|line| line.is_test = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> Vec<String> {
        lines(source).into_iter().map(|line| line.code).collect()
    }

    #[test]
    fn comments_and_code_are_told_apart() {
        let line = &lines("let a = 1; // why: é")[0];
        assert_eq!((line.code.as_str(), line.comment.as_str()), ("let a = 1; ", "// why: é"));
    }

    #[test]
    fn block_comments_nest_and_span_lines() {
        assert_eq!(code("a /* x /* y */\n z */ b"), ["a ", " b"]);
    }

    #[test]
    fn text_is_left_out() {
        assert_eq!(code(r##"f("// no", "a\"b", r#"dbg!("x")"#, b"\\") // c"##), [r##"f("", "", r#""#, b"") "##]);
    }

    #[test]
    fn text_over_several_lines_counts_as_source() {
        assert_eq!(code("let s = \"one\n  two \\\n  three\";"), ["let s = \"\"", "\"", "\";"]);
    }

    #[test]
    fn character_literals_are_not_lifetimes() {
        assert_eq!(code(r#"f::<'a>('"', '\'', '\u{22}', 'é', b'"')"#), ["f::<'a>(, , , , b)"]);
    }

    #[test]
    fn the_test_tail_begins_at_its_attribute() {
        let lines = lines("fn a() {}\n#[cfg(test)]\nmod tests {\n}");
        assert_eq!(lines.iter().map(|line| line.is_test).collect::<Vec<_>>(), [false, true, true, true]);
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_is_no_tail() {
        assert!(lines("#[cfg(test)]\nmod tests;\nfn a() {}").iter().all(|line| !line.is_test));
    }

    #[test]
    fn a_mention_is_a_whole_name() {
        let line = Line { code: "my_env::var(); std::env::args()".to_owned(), ..Line::default() };
        assert!(line.mentions("env::args") && !line.mentions("env::var"));
    }
}

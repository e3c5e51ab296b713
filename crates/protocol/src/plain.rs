//! Texts that strangers choose and others read: names, above all.

/// Whether people read a text as it is written: one line that shows something, where no mark that nobody sees hides, or turns the
/// others around.
pub(crate) fn is_plain(text: &str) -> bool {
    text.trim() == text && !text.chars().any(|c| c.is_control() || is_unseen(c)) && text.chars().any(|c| !is_joiner(c))
}

/// Marks that show nothing, or change how what stands around them is shown.
pub(crate) const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// What joins letters, or tells in which direction they go: needed in some languages, but nothing by itself.
pub(crate) const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        for good in ["Ann", "Zoë O’Hara", "李小龍", "می\u{200c}خواهم", "👩\u{200d}🚀", "☕️"] {
            assert!(is_plain(good), "{good}");
        }
        let hidden = ["Ann\u{202e}gpj.exe", "\u{200b}", "\u{3164}", "a\u{2800}", "a\u{ad}b", "\u{feff}a", "a\u{e0041}"];
        for bad in hidden.into_iter().chain(["\u{200d}", "", " a", "a ", "a\nb", "a\u{7}"]) {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }
}

//! Searching and paging, the same for every list.

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many rows at most.
    pub limit: i64,
    /// How many rows come before.
    pub offset: i64,
}

/// Longer ones find nothing more, and cost.
const LONGEST_SEARCH: usize = 200;

/// The LIKE pattern of everything that contains `search`, to be used with `ESCAPE '\'`. What is empty is in everything.
pub(crate) fn containing(search: &str) -> String {
    let mut pattern = String::from("%");
    for character in search.chars().take(LONGEST_SEARCH) {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_search_mean_themselves() {
        assert_eq!(containing(""), "%%");
        assert_eq!(containing("50%_\\"), r"%50\%\_\\%");
        assert_eq!(containing(&"é".repeat(999)).chars().count(), LONGEST_SEARCH + 2);
    }
}

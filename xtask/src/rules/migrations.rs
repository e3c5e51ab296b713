//! One SQL for two engines: what only one of them has stays out of the migrations.

use crate::rust_source::is_name_char;
use crate::tree::File;

/// (word, what to use)
const ONE_ENGINE_ONLY: [(&str, &str); 4] = [
    ("BOOLEAN", "a flag is a nullable time"),
    ("NOW", "time is an integer that comes in as a parameter"),
    ("SERIAL", "ids are BIGINT and given by the store"),
    ("BIGSERIAL", "ids are BIGINT and given by the store"),
];

pub(super) fn check(file: &File, report: &mut dyn FnMut(usize, String)) {
    if !file.path.contains("/migrations/") || !file.has_extension(&["sql"]) {
        return;
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        let statement = line.split("--").next().unwrap_or_default().to_uppercase();
        for word in statement.split(|c| !is_name_char(c)) {
            if let Some((word, instead)) = ONE_ENGINE_ONLY.iter().find(|(banned, _)| *banned == word) {
                report(number, format!("{word} in a migration: {instead}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::broken_by;

    #[test]
    fn words_of_one_engine_are_found_in_statements() {
        let sql = "CREATE TABLE a (id bigserial, -- no BOOLEAN\n known BIGINT, at BIGINT DEFAULT now())";
        assert_eq!(
            broken_by(check, "crates/storage/migrations/0001.sql", sql),
            [
                "1: BIGSERIAL in a migration: ids are BIGINT and given by the store",
                "2: NOW in a migration: time is an integer that comes in as a parameter"
            ]
        );
    }
}

//! How SQLite is to find rows. Left to itself it takes a workspace for ten rows, and reads all of it rather than go by a user, say
//! (docs/decisions/0022).

/// Tells the planner, in its own table, of a database as it is when it matters: many rows in each workspace, few of each user. These
/// figures stay as they are, so that plans never change with the data.
pub(super) const FIGURES: &str = r#"
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat)
SELECT tbl, idx, '1000000' || group_concat(' ' || rows_each, '') FROM (
    SELECT t.name AS tbl, CASE i.origin WHEN 'pk' THEN t.name ELSE i.name END AS idx,
        CASE
            WHEN i."unique" AND c.seqno = (SELECT MAX(seqno) FROM pragma_index_info(i.name)) THEN 1
            WHEN c.name = 'workspace_id' THEN 10000
            WHEN c.seqno = 0 THEN 100
            ELSE 10
        END AS rows_each
    FROM sqlite_schema AS t, pragma_index_list(t.name) AS i, pragma_index_info(i.name) AS c
    WHERE t.type = 'table' ORDER BY 1, 2, c.seqno
) GROUP BY tbl, idx;
ANALYZE sqlite_schema;
"#;

#[cfg(test)]
mod tests {
    use crate::clock::Clock;
    use crate::database::Database;
    use crate::store::{Options, Store};
    use rusqlite::Connection;

    /// Everything that changes rows, as it is written in the sources.
    const SOURCES: [&str; 9] = [
        include_str!("../../cleanup.rs"),
        include_str!("../../client_secret.rs"),
        include_str!("../../consent.rs"),
        include_str!("../../grant.rs"),
        include_str!("../../logout_delivery.rs"),
        include_str!("../../session.rs"),
        include_str!("../../session_client.rs"),
        include_str!("../../signing_key.rs"),
        include_str!("../../user.rs"),
    ];

    fn statements() -> Vec<String> {
        let texts = SOURCES.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
        let changes = texts.filter(|text| text.starts_with("UPDATE ") || text.starts_with("DELETE "));
        // Where the text ends so, the sources go on with the names of columns.
        let whole = |text: &str| if text.ends_with("RETURNING ") { format!("{text}*") } else { text.to_owned() };
        changes.map(|text| whole(&text.replace("\\\\", "\\"))).collect()
    }

    #[test]
    fn no_change_reads_a_whole_workspace() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("grantry.db");
        let options = Options { migrate: true, create: true, postgres_connections: 1, node_seed: 1, queue: 1 };
        Store::open(&Database::Sqlite(file.clone()), options, Clock::new(|| 0)).unwrap().close();
        let connection = Connection::open(file).unwrap();
        let statements = statements();
        assert!(statements.len() > 40, "{statements:#?}");
        for sql in statements {
            let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let mut steps = explained.raw_query();
            while let Some(step) = steps.next().unwrap() {
                let step: String = step.get(3).unwrap();
                let all = step.starts_with("SCAN") || step.ends_with("(workspace_id=?)");
                assert!(!all, "{step}: {sql}");
            }
        }
    }
}

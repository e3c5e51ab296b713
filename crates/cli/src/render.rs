//! Answers for people: one thing as a list of its properties, many as a table.

use serde_json::{Map, Value};

/// Lists, and the columns that their tables have.
const TABLES: [(&str, &[&str]); 5] = [
    ("workspaces", &["workspace", "name", "issuer", "disabled_at"]),
    ("users", &["username", "name", "admin", "sub", "disabled_at"]),
    ("apps", &["client_id", "client_name", "application_type", "owner", "disabled_at"]),
    ("keys", &["number", "purpose", "algorithm", "state", "kid", "created_at", "active_at", "retired_at"]),
    ("checks", &["result", "check", "message"]),
];

/// What something is comes before what else there is to say about it.
const FIRST: [&str; 8] =
    ["workspace", "issuer", "client_id", "client_secret", "client_name", "username", "sub", "name"];

/// The answer as text, without a line break at the end.
pub(crate) fn answer(answer: &Value) -> String {
    let Value::Object(object) = answer else { return cell("", answer) };
    for (list, columns) in TABLES {
        if let Some(Value::Array(rows)) = object.get(list) {
            return table(list, rows, columns, object.get("total").and_then(Value::as_u64));
        }
    }
    properties(object)
}

fn properties(object: &Map<String, Value>) -> String {
    let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    let mut members: Vec<(&String, &Value)> = object.iter().collect();
    members.sort_by_key(|(name, _)| rank(name));
    let width = object.keys().map(String::len).max().unwrap_or_default();
    let mut lines = Vec::new();
    for (name, value) in members {
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                lines.push(name.clone());
                lines.extend(items.iter().map(|item| format!("  {}", cell("", item))));
            }
            Value::Object(inner) if !inner.is_empty() => {
                lines.push(name.clone());
                lines.extend(properties(inner).lines().map(|line| format!("  {line}")));
            }
            _ => lines.push(format!("{name:width$}  {}", cell(name, value))),
        }
    }
    lines.join("\n")
}

fn table(list: &str, rows: &[Value], columns: &[&str], total: Option<u64>) -> String {
    if rows.is_empty() {
        return format!("no {list}");
    }
    let shown = |column: &&&str| rows.iter().any(|row| row.get(**column).is_some_and(|value| !value.is_null()));
    let columns: Vec<&str> = columns.iter().filter(shown).copied().collect();
    let row_cells = |row: &Value| columns.iter().map(|name| cell(name, &row[*name])).collect::<Vec<_>>();
    let mut lines = vec![columns.iter().map(ToString::to_string).collect::<Vec<_>>()];
    lines.extend(rows.iter().map(row_cells));
    let widths: Vec<usize> =
        (0..columns.len()).map(|i| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0)).collect();
    let mut text: Vec<String> = lines.iter().map(|line| padded(line, &widths)).collect();
    let count = rows.len() as u64;
    if let Some(total) = total.filter(|total| *total > count) {
        text.push(format!("{count} of {total} {list}; --offset and --search show others"));
    }
    text.join("\n")
}

fn padded(cells: &[String], widths: &[usize]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}

/// A value in one line. Nothing that was stored can reach the terminal as a control character.
fn cell(name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Number(number) if name.ends_with("_at") => moment(number.as_i64().unwrap_or_default()),
        Value::String(text) => text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect(),
        Value::Array(items) => items.iter().map(|item| cell("", item)).collect::<Vec<_>>().join(" "),
        Value::Object(object) => {
            object.iter().map(|(name, value)| format!("{name}={}", cell(name, value))).collect::<Vec<_>>().join("  ")
        }
        other => other.to_string(),
    }
}

fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_thing_is_a_list_of_properties() {
        let one = json!({"name": "W\u{1b}[2J", "created_at": 0, "scope": ["a", "b"], "all": [{"number": 1}], "life": {"code": 60}});
        assert_eq!(
            answer(&one),
            "name        W\u{FFFD}[2J\nall\n  number=1\ncreated_at  1970-01-01T00:00:00Z\nlife\n  code  60\nscope       a b"
        );
    }

    #[test]
    fn many_are_a_table() {
        let many = json!({"users": [{"username": "bob", "name": "Bob Baker", "admin": true}], "total": 7});
        assert_eq!(
            answer(&many),
            "username  name       admin\nbob       Bob Baker  true\n1 of 7 users; --offset and --search show others"
        );
        assert_eq!(answer(&json!({"users": [], "total": 0})), "no users");
    }
}

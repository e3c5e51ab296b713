//! The configuration file: TOML, one level deep, and every mistake with its line.

use super::layers::{Layer, Source};
use super::{Text, keys};
use crate::failure::Failure;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Layer, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::wrong(format!("the configuration file {} cannot be read: {error}", path.display()))
    })?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Layer, Failure> {
    let source = |position: usize| Source::File(path.to_owned(), line_of(text, position));
    let table = DeTable::parse(text).map_err(|error| {
        let position = error.span().map_or(0, |span| span.start);
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        Failure::wrong(format!("{}: this is not TOML: {message}", source(position)))
    })?;
    let mut layer = Layer::new();
    for (name, value) in table.into_inner() {
        let source = source(name.span().start);
        let Some(key) = keys::find(name.get_ref()) else {
            let name: String = name.get_ref().chars().take(100).flat_map(char::escape_debug).collect();
            return Err(Failure::wrong(format!(
                "{source}: there is no key `{name}`; those there are: {}",
                keys::names()
            )));
        };
        let value = as_text(key.name, value.get_ref())
            .ok_or_else(|| Failure::wrong(format!("{source}: {} must be {}", key.name, key.accepts)))?;
        layer.insert(key.name, (source, Text::new(value)));
    }
    Ok(layer)
}

/// The value as a variable would say it.
fn as_text(key: &str, value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Array(items) if keys::LISTS.contains(&key) => {
            items.iter().map(|item| item.get_ref().as_str()).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        _ => None,
    }
}

fn line_of(text: &str, position: usize) -> usize {
    1 + text.bytes().take(position).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<String>, String> {
        let layer = parse(Path::new("g.toml"), text).map_err(|failure| failure.message)?;
        Ok(layer.iter().map(|(key, (source, value))| format!("{source} {key}={}", value.expose())).collect())
    }

    #[test]
    fn a_file_is_read_with_its_lines() {
        let text = "# servers\nlisten = \"[::]:80\"\n\nworkers = 4\ntrusted_proxies = [\"10.0.0.0/8\",\n \"::1\"]\n\
                    outbound_allow_private = [\"127.0.0.1\"]\n";
        assert_eq!(
            parsed(text).unwrap(),
            [
                "g.toml:2 listen=[::]:80",
                "g.toml:7 outbound_allow_private=127.0.0.1",
                "g.toml:5 trusted_proxies=10.0.0.0/8,::1",
                "g.toml:4 workers=4"
            ]
        );
    }

    #[test]
    fn a_mistake_is_one_line_with_its_place() {
        for (text, begin) in [
            ("listen = 1\nlistne = 2", "g.toml:2: there is no key `listne`; those there are: listen, "),
            ("\n[server]\nlisten = 1", "g.toml:2: there is no key `server`"),
            ("listen = [\"a\"]", "g.toml:1: listen must be an address and a port"),
            ("\nlisten = ", "g.toml:2: this is not TOML: "),
            ("listen = \"a\"\nlisten = \"b\"", "g.toml:2: this is not TOML: duplicate key"),
        ] {
            let message = parsed(text).unwrap_err();
            assert!(message.starts_with(begin), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}

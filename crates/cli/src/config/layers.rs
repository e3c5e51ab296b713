//! What was said, where it was said, and which of it counts.

use super::{Text, file, keys, may_be_shown};
use crate::failure::Failure;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// On the command line.
    Flag(&'static str),
    /// In the environment.
    Variable(String),
    /// In a line of the file.
    File(PathBuf, usize),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(name) => f.write_str(name),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// What one source says: values by their keys.
pub(crate) type Layer = BTreeMap<&'static str, (Source, Text)>;

/// What counts: for each key the value of the highest source that sets it.
#[derive(Debug, Default)]
pub(crate) struct Layers(Layer);

/// Variables that begin like ours and are not: those of the tests, and those that Kubernetes sets for a service of our name.
const NOT_OURS: [&str; 4] = ["GRANTRY_TEST_", "GRANTRY_BIN", "GRANTRY_SERVICE_", "GRANTRY_PORT"];

impl Layers {
    /// Reads the file if there is one, then the variables, then the flags, each over what came before.
    pub(crate) fn gather(file: Option<&Path>, flags: Layer) -> Result<Self, Failure> {
        let mut variables = Layer::new();
        let mut named = None;
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(keys::PREFIX)) else { continue };
            if name == keys::FILE_VARIABLE {
                named = Some(PathBuf::from(value));
            } else if !NOT_OURS.iter().any(|other| name.starts_with(other)) {
                let (key, value) = variable(name, value)?;
                variables.insert(key, (Source::Variable(name.to_owned()), value));
            }
        }
        let mut layers = Self::default();
        if let Some(path) = file.map(Path::to_owned).or(named) {
            layers.put(file::read(&path)?)?;
        }
        layers.put(variables)?;
        layers.put(flags)?;
        Ok(layers)
    }

    fn put(&mut self, layer: Layer) -> Result<(), Failure> {
        // Two ways to say one thing: the higher source counts, and one source says it once.
        let both = ["database", "database_file"];
        if let [Some((one, _)), Some((other, _))] = both.map(|key| layer.get(key)) {
            return Err(Failure::wrong(format!(
                "{one} and {other} both say where the database is: set only one of them"
            )));
        }
        if both.iter().any(|key| layer.contains_key(key)) {
            self.0.retain(|key, _| !both.contains(key));
        }
        self.0.extend(layer);
        Ok(())
    }

    /// The same without these keys.
    pub(crate) fn only(mut self, keys: &[&str]) -> Self {
        self.0.retain(|key, _| keys.contains(key));
        self
    }

    /// That the value of this key is wrong, where it was set, and what would be right.
    pub(crate) fn wrong(&self, key: &str, accepted: &str) -> Failure {
        match self.0.get(key) {
            Some((source, value)) if may_be_shown(key) => {
                let value: String = value.expose().chars().take(100).flat_map(char::escape_debug).collect();
                Failure::wrong(format!("{source}: {key} cannot be `{value}`: {accepted}"))
            }
            Some((source, _)) => Failure::wrong(format!("{source}: {key}: {accepted}")),
            None => Failure::wrong(format!("{key}: {accepted}")),
        }
    }

    /// The value of this key in its final type; `parse` answers nothing when it cannot be one.
    pub(crate) fn parse<T>(&self, key: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Failure> {
        let accepts = keys::find(key).map_or("", |key| key.accepts);
        self.parse_or_say(key, |text| parse(text).ok_or_else(|| format!("it must be {accepts}")))
    }

    /// The same, where the parser itself says what is accepted.
    pub(crate) fn parse_or_say<T, E: fmt::Display>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Failure> {
        let Some((_, value)) = self.0.get(key) else { return Ok(None) };
        parse(value.expose()).map(Some).map_err(|accepted| self.wrong(key, &accepted.to_string()))
    }

    /// A path, which is not empty.
    pub(crate) fn path(&self, key: &str) -> Result<Option<PathBuf>, Failure> {
        self.parse(key, |text| Some(PathBuf::from(text)).filter(|path| !path.as_os_str().is_empty()))
    }

    /// A number within limits.
    pub(crate) fn number(&self, key: &str, limits: RangeInclusive<usize>) -> Result<Option<usize>, Failure> {
        self.parse(key, |text| text.parse().ok().filter(|number| limits.contains(number)))
    }
}

fn variable(name: &str, value: OsString) -> Result<(&'static str, Text), Failure> {
    let Some(key) = keys::KEYS.iter().find(|key| key.variable() == name) else {
        let known: Vec<String> = keys::KEYS.iter().map(keys::Key::variable).collect();
        return Err(Failure::wrong(format!(
            "{name}: there is no such variable; those there are: {}, {}",
            keys::FILE_VARIABLE,
            known.join(", ")
        )));
    };
    let value = value.into_string().map_err(|_| Failure::wrong(format!("{name}: its value is not UTF-8 text")))?;
    Ok((key.name, Text::new(value)))
}

//! Settings: defaults, then a TOML file, then the environment, then flags; the later wins.
//!
//! A settings struct documents itself: the doc comment, type and default of each field make the row in
//! `docs/configuration.md`, and an unknown key is an error that suggests the nearest known one.

mod period;
mod schema;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::InvalidField;

pub use period::Period;
pub use schema::{Setting, settings_of};

/// A struct of settings. Use `#[serde(default, deny_unknown_fields)]` and a doc comment on every field.
pub trait Settings: Serialize + DeserializeOwned + JsonSchema + Default {
    /// Refuses what the types cannot: names the key and says what would be right.
    fn check(&self) -> Result<(), InvalidField> {
        Ok(())
    }
}

/// Where settings come from.
#[derive(Debug, Default)]
pub struct Sources {
    /// A TOML file; it must exist if named.
    pub file: Option<PathBuf>,
    /// What the names of environment variables begin with, without the last underscore: `AFTERWORD_AUTH`.
    pub env_prefix: &'static str,
    /// The environment, as `std::env::vars()` gives it.
    pub env: Vec<(String, String)>,
    /// `key = value` pairs from the command line, keys as in the file: `queue.depth`.
    pub flags: Vec<(String, String)>,
}

/// Why settings cannot be used. The process should end with exit code 78 (`EX_CONFIG`, sysexits.h).
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the config file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {problem}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line and what was expected.
        problem: String,
    },
    /// Nobody knows this key.
    #[error("{origin}: unknown key `{key}`{}", suggestion(nearest))]
    UnknownKey {
        /// The file, "environment" or "command line".
        origin: String,
        /// The key as written.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// The value does not fit.
    #[error("setting `{key}`: {problem}")]
    Invalid {
        /// The key.
        key: String,
        /// What would be right.
        problem: String,
    },
}

impl From<InvalidField> for ConfigError {
    fn from(wrong: InvalidField) -> Self {
        Self::Invalid { key: wrong.field, problem: wrong.problem }
    }
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |key| format!("; did you mean `{key}`?"))
}

/// Reads, merges and checks the settings.
pub fn load<T: Settings>(sources: &Sources) -> Result<T, ConfigError> {
    let known = settings_of::<T>(sources.env_prefix);
    let mut merged = Map::new();
    if let Some(path) = &sources.file {
        merge_file(path, &known, &mut merged)?;
    }
    merge_environment(sources, &known, &mut merged)?;
    for (key, text) in &sources.flags {
        let setting = find(&known, "command line", key, |s| &s.key)?;
        insert(&mut merged, &setting.key, setting.parse(text)?);
    }
    let settings: T = serde_path_to_error::deserialize(Value::Object(merged)).map_err(|error| {
        let key = error.path().to_string();
        // What serde says quotes the value.
        let of_setting = key.split('[').next();
        let hidden = known.iter().find(|setting| setting.is_secret() && of_setting == Some(&setting.key));
        let problem = hidden.map_or_else(|| error.inner().to_string(), |secret| format!("must be a {}", secret.kind));
        ConfigError::Invalid { key, problem }
    })?;
    settings.check()?;
    Ok(settings)
}

/// The settings in force as one line of JSON, secrets masked: for the log at start.
pub fn in_force<T: Settings>(settings: &T) -> String {
    serde_json::to_string(settings).unwrap_or_else(|error| format!("(cannot be shown: {error})"))
}

fn merge_file(path: &PathBuf, known: &[Setting], merged: &mut Map<String, Value>) -> Result<(), ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
    let table: toml::Table = text
        .parse()
        .map_err(|error| ConfigError::NotToml { path: path.clone(), problem: toml_problem(&text, &error) })?;
    let value = serde_json::to_value(table)
        .map_err(|error| ConfigError::NotToml { path: path.clone(), problem: error.to_string() })?;
    let mut leaves = Vec::new();
    collect_leaves("", value, known, &mut leaves);
    for (key, value) in leaves {
        let setting = find(known, &path.display().to_string(), &key, |s| &s.key)?;
        insert(merged, &setting.key, value);
    }
    Ok(())
}

/// Where and what, without the line itself: it may hold a secret.
fn toml_problem(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or(text);
    format!("line {}: {}", before.matches('\n').count() + 1, error.message())
}

/// Flattens nested tables to dotted keys; a table that is itself a setting stays whole.
fn collect_leaves(prefix: &str, value: Value, known: &[Setting], leaves: &mut Vec<(String, Value)>) {
    let is_setting = known.iter().any(|s| s.key == prefix);
    match value {
        Value::Object(table) if !is_setting && (prefix.is_empty() || !table.is_empty()) => {
            for (name, value) in table {
                let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
                collect_leaves(&key, value, known, leaves);
            }
        }
        value => leaves.push((prefix.to_owned(), value)),
    }
}

fn merge_environment(sources: &Sources, known: &[Setting], merged: &mut Map<String, Value>) -> Result<(), ConfigError> {
    let prefix = format!("{}_", sources.env_prefix);
    for (name, text) in sources.env.iter().filter(|(name, _)| name.starts_with(&prefix)) {
        if is_foreign(name, &prefix) && !known.iter().any(|s| s.env == *name) {
            continue;
        }
        let setting = find(known, "environment", name, |s| &s.env)?;
        insert(merged, &setting.key, setting.parse(text)?);
    }
    Ok(())
}

/// Variables that share our prefix and are none of our settings: what tests read, and the service links that Kubernetes injects
/// for a Service of our name (`…_SERVICE_HOST`, `…_PORT_8080_TCP`).
fn is_foreign(name: &str, prefix: &str) -> bool {
    let rest = &name[prefix.len()..];
    rest.starts_with("TEST_")
        || rest.ends_with("_SERVICE_HOST")
        || rest.contains("_SERVICE_PORT")
        || rest.ends_with("_PORT")
        || rest.contains("_TCP")
        || rest.contains("_UDP")
}

fn find<'a>(
    known: &'a [Setting],
    origin: &str,
    key: &str,
    name_of: impl Fn(&Setting) -> &String,
) -> Result<&'a Setting, ConfigError> {
    if let Some(setting) = known.iter().find(|s| name_of(s) == key) {
        return Ok(setting);
    }
    let likeness = |setting: &&Setting| strsim::jaro_winkler(name_of(setting), key);
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|s| likeness(s) > 0.7);
    Err(ConfigError::UnknownKey {
        origin: origin.to_owned(),
        key: key.to_owned(),
        nearest: nearest.map(|s| name_of(s).clone()),
    })
}

fn insert(into: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            into.insert(key.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = into.entry(head).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! What settings there are, read off the JSON schema that their structs derive.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::{ConfigError, Settings};

/// One setting, as documentation and parser see it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The key in the file and for `--set`: `queue.depth`.
    pub key: String,
    /// The environment variable: `AFTERWORD_CONTEXT_QUEUE_DEPTH`.
    pub env: String,
    /// `text`, `number`, `yes or no`, `period`, `list`, `secret`, or the words that are allowed.
    pub kind: String,
    /// The default as JSON; `null` where there is none.
    pub default: Value,
    /// The doc comment of the field, on one line.
    pub doc: String,
}

impl Setting {
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.kind.as_str(), "secret" | "list of secrets")
    }

    /// The value of this setting written as text, in an environment variable or a flag.
    pub(super) fn parse(&self, text: &str) -> Result<Value, ConfigError> {
        let wrong =
            |problem: &str| ConfigError::Invalid { key: self.key.clone(), problem: format!("`{text}` {problem}") };
        match self.kind.as_str() {
            "number" => text.parse::<serde_json::Number>().map(Value::Number).map_err(|_| wrong("is not a number")),
            "yes or no" => text.parse().map(Value::Bool).map_err(|_| wrong("is neither true nor false")),
            "list" | "list of secrets" => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Ok(parts.map(|part| Value::String(part.to_owned())).collect())
            }
            _ => Ok(Value::String(text.to_owned())),
        }
    }
}

/// Every setting of `T`, in the order of declaration.
pub fn settings_of<T: Settings>(env_prefix: &str) -> Vec<Setting> {
    let generator = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true).into_generator();
    let schema = generator.into_root_schema_for::<T>().to_value();
    let defaults = serde_json::to_value(T::default()).unwrap_or(Value::Null);
    let mut settings = Vec::new();
    walk("", env_prefix, &schema, &defaults, &mut settings);
    settings
}

fn walk(prefix: &str, env_prefix: &str, schema: &Value, defaults: &Value, settings: &mut Vec<Setting>) {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    for (name, schema) in properties {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let default = defaults.get(name).cloned().unwrap_or(Value::Null);
        if schema.get("properties").is_some() {
            walk(&key, env_prefix, schema, &default, settings);
            continue;
        }
        let env = format!("{env_prefix}_{}", key.to_uppercase().replace('.', "_"));
        let doc = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let doc = doc.split_whitespace().collect::<Vec<_>>().join(" ");
        settings.push(Setting { key, env, kind: kind_of(schema), default, doc });
    }
}

fn kind_of(schema: &Value) -> String {
    if schema.get("writeOnly") == Some(&Value::Bool(true)) {
        return "secret".into();
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(options) = schema.get(choice).and_then(Value::as_array) {
            let words: Vec<_> = options.iter().filter_map(|o| o.get("const").and_then(Value::as_str)).collect();
            if !words.is_empty() {
                return words.join(" | ");
            }
            let present = options.iter().find(|o| o.get("type") != Some(&Value::String("null".into())));
            return present.map_or_else(|| "text".into(), kind_of);
        }
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ");
    }
    let declared = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|t| *t != "null"),
        Some(Value::String(one)) => Some(one.as_str()),
        _ => None,
    };
    match declared {
        Some("integer" | "number") => "number".into(),
        Some("boolean") => "yes or no".into(),
        Some("array") if schema.pointer("/items/writeOnly").is_some() => "list of secrets".into(),
        Some("array") => "list".into(),
        Some("object") => "table".into(),
        _ if schema.get("format") == Some(&Value::String("period".into())) => "period".into(),
        _ => "text".into(),
    }
}

//! Where settings come from: a file, the environment, flags.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use figment::{
    Profile,
    util::nest,
    value::{Dict, Map, Value},
};
use toml::{Spanned, de::DeTable};

use super::{ConfigError, Flags};

/// Read when `--config` names no other.
const DEFAULT_FILE: &str = "causerie.toml";
const PREFIX: &str = "CAUSERIE_";
/// Environment names with our prefix that are no settings: `CAUSERIE_CONFIG` is a flag's, `CAUSERIE_TOKEN` an operator's who
/// types `causerie admin` in the same shell, `CAUSERIE_TEST_*` are the tests'.
const NOT_SETTINGS: [&str; 3] = ["CAUSERIE_CONFIG", "CAUSERIE_TOKEN", "CAUSERIE_TEST_"];

/// One source of settings, named for the error that may come of it.
pub(super) struct Layer {
    name: String,
    dict: Dict,
}

impl Layer {
    pub(super) fn one(name: &str, key: &str, value: Value) -> Self {
        let dict = nest(key, value).into_dict().unwrap_or_default();
        Self { name: name.to_owned(), dict }
    }
}

impl figment::Provider for Layer {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}

/// The configuration file.
pub(super) struct File {
    pub(super) name: String,
    text: String,
}

impl File {
    /// The one that the flags name, or the one that is here.
    pub(super) fn read(flags: &Flags) -> Result<Option<Self>, ConfigError> {
        let path = match &flags.config {
            Some(path) if path.exists() => path.clone(),
            Some(path) => return Err(ConfigError::NoFile(path.clone())),
            None if Path::new(DEFAULT_FILE).exists() => PathBuf::from(DEFAULT_FILE),
            None => return Ok(None),
        };
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
        Ok(Some(Self { name: path.display().to_string(), text }))
    }

    pub(super) fn layer(&self) -> Result<Layer, ConfigError> {
        let wrong = |problem: String| ConfigError::Syntax(format!("{}: {problem}", self.name));
        let table: toml::Table = toml::from_str(&self.text).map_err(|error| wrong(error.to_string()))?;
        let value = Value::serialize(table).map_err(|error| wrong(error.to_string()))?;
        Ok(Layer { name: self.name.clone(), dict: value.into_dict().unwrap_or_default() })
    }

    /// The line that sets a key, counted from 1.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        let table = DeTable::parse(&self.text).ok()?.into_inner();
        let start = start_of(&table, &mut key.split('.'))?;
        Some(self.text.get(..start)?.matches('\n').count() + 1)
    }
}

/// Where the last part of the key that the file holds begins.
fn start_of<'a>(table: &DeTable<'_>, path: &mut impl Iterator<Item = &'a str>) -> Option<usize> {
    let part = path.next()?;
    let (key, value): (&Spanned<_>, _) = table.iter().find(|(key, _)| key.get_ref().as_ref() == part)?;
    let within = value.get_ref().as_table().and_then(|table| start_of(table, path));
    Some(within.unwrap_or(key.span().start))
}

/// A setting that came as text: an environment's, or a flag's.
pub(super) struct Given {
    /// What it is called where it came from.
    pub(super) name: String,
    pub(super) key: String,
    pub(super) text: String,
    /// A file's content is a text, whatever it looks like.
    is_text: bool,
}

impl Given {
    pub(super) fn layer(&self) -> Layer {
        let value = if self.is_text { Value::from(&*self.text) } else { value_of(&self.text) };
        Layer::one(&self.name, &self.key, value)
    }
}

/// `CAUSERIE_USERS__LISTEN=…` sets `users.listen`; `CAUSERIE_USERS__DATABASE_FILE=/run/x` sets `users.database` to the file's content.
pub(super) fn of_env(env: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Given>, ConfigError> {
    let ours =
        |name: &str| name.starts_with(PREFIX) && !NOT_SETTINGS.iter().any(|other| name.starts_with(other));
    let env: BTreeMap<String, String> = env.into_iter().filter(|(name, _)| ours(name)).collect();
    env.iter().map(|(name, value)| one_of_env(name, value, &env)).collect()
}

fn one_of_env(name: &str, value: &str, env: &BTreeMap<String, String>) -> Result<Given, ConfigError> {
    let key_of = |name: &str| name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
    let Some(plain) = name.strip_suffix("_FILE") else {
        return Ok(Given {
            name: name.to_owned(),
            key: key_of(name),
            text: value.to_owned(),
            is_text: false,
        });
    };
    if env.contains_key(plain) {
        return Err(ConfigError::Syntax(format!("{plain} and {name} are both set: keep one of them")));
    }
    let key = key_of(plain);
    let text = std::fs::read_to_string(value).map_err(|source| ConfigError::KeyFile {
        key: key.clone(),
        path: value.into(),
        name: name.to_owned(),
        source,
    })?;
    Ok(Given {
        name: name.to_owned(),
        key,
        text: text.trim_end_matches(['\r', '\n']).to_owned(),
        is_text: true,
    })
}

/// `--set users.listen=…`
pub(super) fn of_flag(set: &str) -> Result<Given, ConfigError> {
    let Some((key, text)) = set.split_once('=') else {
        return Err(ConfigError::Syntax(format!("--set {set}: expected section.key=value")));
    };
    Ok(Given { name: "--set".into(), key: key.trim().into(), text: text.to_owned(), is_text: false })
}

/// Text outside a file has no types: `8` is a number, `true` a flag, `[a, b]` a list, anything else a string.
fn value_of(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}

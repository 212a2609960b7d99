//! The layers, and what is said about a wrong key.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Profile,
    error::Kind,
    providers::{Format, Serialized, Toml},
    util::nest,
    value::{Dict, Map, Value},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{Common, Flags, SECTIONS};

/// Read when `--config` names no other.
const DEFAULT_FILE: &str = "causerie.toml";
const PREFIX: &str = "CAUSERIE_";
/// Environment names with our prefix that are no settings: `CAUSERIE_CONFIG` is a flag's, `CAUSERIE_TOKEN` an operator's who
/// types `causerie admin` in the same shell, `CAUSERIE_TEST_*` are the tests'.
const NOT_SETTINGS: [&str; 3] = ["CAUSERIE_CONFIG", "CAUSERIE_TOKEN", "CAUSERIE_TEST_"];

/// One process's settings: what all share, and its own section.
#[derive(Debug, Clone)]
pub struct Settings<S> {
    pub common: Common,
    pub service: S,
}

/// A setting that cannot be used, by its full name.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{key}: {problem}{place}")]
    Key { key: String, problem: String, place: Place },
    #[error("no configuration file at {0}")]
    NoFile(PathBuf),
    #[error("could not read {path}")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{0}")]
    Syntax(String),
}

/// Where a setting came from, if that is known.
#[derive(Debug, Default)]
pub struct Place(Option<String>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(place) => write!(f, " (from {place})"),
            None => Ok(()),
        }
    }
}

/// The settings of one process, own section `section`.
pub fn load<S: DeserializeOwned>(section: &'static str, flags: &Flags) -> Result<Settings<S>, ConfigError> {
    Loader::new(flags)?.own(section, flags)
}

/// All layers read once; hands out sections.
pub struct Loader {
    layers: Figment,
}

impl Loader {
    /// Reads the file, this process's environment and the flags (all but `--listen`, which belongs to one section).
    pub fn new(flags: &Flags) -> Result<Self, ConfigError> {
        Self::with_env(
            flags,
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))),
        )
    }

    /// As [`new`](Self::new), with the environment passed in.
    pub fn with_env(
        flags: &Flags,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Figment::new();
        if let Some(file) = file(flags)? {
            let text = std::fs::read_to_string(&file)
                .map_err(|source| ConfigError::Unreadable { path: file.clone(), source })?;
            layers = layers.merge(Layer { name: file.display().to_string(), dict: parse(&file, &text)? });
        }
        for (name, value) in env {
            if let Some(layer) = from_env(name, value)? {
                layers = layers.merge(layer);
            }
        }
        if let Some(data) = &flags.data {
            layers = layers.merge(Layer::one("--data", "data", data.display().to_string().into()));
        }
        for set in &flags.set {
            let Some((key, value)) = set.split_once('=') else {
                return Err(ConfigError::Syntax(format!("--set {set}: expected section.key=value")));
            };
            layers = layers.merge(Layer::one("--set", key.trim(), value_of(value)));
        }
        Ok(Self { layers })
    }

    /// What all processes share.
    pub fn common(&self) -> Result<Common, ConfigError> {
        let mut own = self.dict("", &self.layers)?;
        own.retain(|key, _| !SECTIONS.contains(&key.as_str()));
        let mut common: Common = self.extract(own, "")?;
        common.data = expand(common.data);
        Ok(common)
    }

    /// The shared keys and one section.
    pub fn section<S: DeserializeOwned>(&self, section: &'static str) -> Result<Settings<S>, ConfigError> {
        let own = self.dict(section, &self.layers.focus(section))?;
        Ok(Settings { common: self.common()?, service: self.extract(own, section)? })
    }

    /// As [`section`](Self::section), with `--listen` meant for it.
    pub fn own<S: DeserializeOwned>(
        mut self,
        section: &'static str,
        flags: &Flags,
    ) -> Result<Settings<S>, ConfigError> {
        if let Some(listen) = flags.listen {
            let key = format!("{section}.listen");
            self.layers = self.layers.merge(Layer::one("--listen", &key, listen.to_string().into()));
        }
        self.section(section)
    }

    fn dict(&self, section: &str, layers: &Figment) -> Result<Dict, ConfigError> {
        let missing = |error: &figment::Error| matches!(error.kind, Kind::MissingField(_));
        match layers.extract::<Dict>() {
            Ok(dict) => Ok(dict),
            Err(error) if missing(&error) => Ok(Dict::new()),
            Err(error) => Err(self.explain(error, section)),
        }
    }

    fn extract<T: DeserializeOwned>(&self, dict: Dict, section: &str) -> Result<T, ConfigError> {
        Figment::from(Serialized::defaults(dict)).extract().map_err(|error| self.explain(error, section))
    }

    fn explain(&self, error: figment::Error, section: &str) -> ConfigError {
        let mut path: Vec<&str> = error.path.iter().map(String::as_str).collect();
        if !section.is_empty() {
            path.insert(0, section);
        }
        let problem = match &error.kind {
            Kind::UnknownField(found, allowed) => {
                if path.last() != Some(&found.as_str()) {
                    path.push(found);
                }
                format!("there is no such key; expected one of {}", allowed.join(", "))
            }
            kind => kind.to_string(),
        };
        let key = path.join(".");
        let place = self.layers.find_metadata(&key).map(|layer| layer.name.to_string());
        let key = if key.is_empty() { "configuration".into() } else { key };
        ConfigError::Key { key, problem, place: Place(place) }
    }
}

impl<S: Serialize> Settings<S> {
    /// The effective configuration as TOML, secrets hidden.
    pub fn to_toml(&self, section: &str) -> Result<String, toml::ser::Error> {
        let mut table = toml::Table::try_from(&self.common)?;
        table.insert(section.to_owned(), toml::Value::try_from(&self.service)?);
        toml::to_string_pretty(&table)
    }
}

fn file(flags: &Flags) -> Result<Option<PathBuf>, ConfigError> {
    match &flags.config {
        Some(file) if file.exists() => Ok(Some(file.clone())),
        Some(file) => Err(ConfigError::NoFile(file.clone())),
        None => Ok(Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists())),
    }
}

fn parse(file: &Path, text: &str) -> Result<Dict, ConfigError> {
    let wrong = |problem: String| ConfigError::Syntax(format!("{}: {problem}", file.display()));
    // figment's error names no line; toml's does.
    toml::from_str::<toml::Table>(text).map_err(|error| wrong(error.to_string()))?;
    Figment::from(Toml::string(text)).extract().map_err(|error| wrong(error.to_string()))
}

/// `CAUSERIE_USERS__LISTEN=…` sets `users.listen`; `CAUSERIE_USERS__DATABASE_FILE=/run/x` sets `users.database` to the file's content.
fn from_env(name: String, value: String) -> Result<Option<Layer>, ConfigError> {
    if NOT_SETTINGS.iter().any(|other| name.starts_with(other)) {
        return Ok(None);
    }
    let Some(key) = name.strip_prefix(PREFIX) else { return Ok(None) };
    let key = key.to_ascii_lowercase().replace("__", ".");
    Ok(Some(match key.strip_suffix("_file") {
        Some(key) => {
            let text = std::fs::read_to_string(&value)
                .map_err(|source| ConfigError::Unreadable { path: value.into(), source })?;
            Layer::one(&name, key, text.trim_end_matches(['\r', '\n']).to_owned().into())
        }
        None => Layer::one(&name, &key, value_of(&value)),
    }))
}

/// Text outside a file has no types: `8` is a number, `true` a flag, `[a, b]` a list, anything else a string.
fn value_of(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}

/// `~/x` as a shell would read it.
fn expand(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path,
    }
}

/// One source of settings, named for the error that may come of it.
struct Layer {
    name: String,
    dict: Dict,
}

impl Layer {
    fn one(name: &str, key: &str, value: Value) -> Self {
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

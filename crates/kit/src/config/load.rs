//! The layers, and what is said about a wrong key.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    error::{Actual, Kind},
    providers::Serialized,
    value::{Dict, Value},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Common, Flags, SECTIONS,
    sources::{self, File, Layer},
    words,
};

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
    #[error("{key}: could not read {path} (from {name})")]
    KeyFile {
        key: String,
        path: PathBuf,
        name: String,
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
    file: Option<File>,
    /// What was given as text, by key: a text may look like something else.
    texts: BTreeMap<String, String>,
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
        let (mut layers, mut texts) = (Figment::new(), BTreeMap::new());
        let file = File::read(flags)?;
        if let Some(file) = &file {
            layers = layers.merge(file.layer()?);
        }
        let env = sources::of_env(env)?;
        let set = flags.set.iter().map(|set| sources::of_flag(set)).collect::<Result<Vec<_>, _>>()?;
        for given in env {
            layers = layers.merge(given.layer());
            texts.insert(given.key, given.text);
        }
        if let Some(data) = &flags.data {
            layers = layers.merge(Layer::one("--data", "data", data.display().to_string().into()));
        }
        for given in set {
            layers = layers.merge(given.layer());
            texts.insert(given.key, given.text);
        }
        Ok(Self { layers, file, texts })
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

    fn extract<T: DeserializeOwned>(&self, mut dict: Dict, section: &str) -> Result<T, ConfigError> {
        loop {
            let error = match Figment::from(Serialized::defaults(dict.clone())).extract() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            // Ends: what is put in its place is of the kind that was missed.
            if !self.take_as_meant(&mut dict, &error, section) {
                return Err(self.explain(error, section));
            }
        }
    }

    /// `network=42` is a text where a text is wanted, `http.cors_origins=https://a` a list of one. False if neither helps.
    fn take_as_meant(&self, dict: &mut Dict, error: &figment::Error, section: &str) -> bool {
        let Kind::InvalidType(found, expected) = &error.kind else { return false };
        let Some(text) = self.texts.get(&full_key(section, &error.path)) else { return false };
        let Some(value) = at(dict, &error.path) else { return false };
        if expected == "a sequence" && !matches!(found, Actual::Seq) {
            *value = vec![value.clone()].into();
        } else if expected.contains("string") && !matches!(found, Actual::Str(_)) {
            *value = Value::from(text.as_str());
        } else {
            return false;
        }
        true
    }

    fn explain(&self, error: figment::Error, section: &str) -> ConfigError {
        let mut path = error.path;
        let problem = match &error.kind {
            Kind::UnknownField(found, allowed) => {
                if path.last() != Some(found) {
                    path.push(found.clone());
                }
                let mut allowed = allowed.to_vec();
                if section.is_empty() && path.len() == 1 {
                    allowed.extend(SECTIONS);
                }
                format!("there is no such key; expected one of {}", allowed.join(", "))
            }
            kind => words::problem(kind),
        };
        let key = full_key(section, &path);
        let place = self.place(&key);
        let key = if key.is_empty() { "configuration".into() } else { key };
        ConfigError::Key { key, problem, place }
    }

    /// Which source set a key, and on which line if it is the file.
    fn place(&self, key: &str) -> Place {
        // figment knows no part of a list: then the whole list's place is the next best.
        let parents = std::iter::successors(Some(key), |key| key.rsplit_once('.').map(|(parent, _)| parent));
        let mut layers = parents.filter_map(|key| self.layers.find_metadata(key));
        let Some(layer) = layers.next() else { return Place(None) };
        let file = self.file.as_ref().filter(|file| file.name == layer.name);
        let line = file.and_then(|file| file.line_of(key));
        Place(Some(
            line.map_or_else(|| layer.name.to_string(), |line| format!("{}, line {line}", layer.name)),
        ))
    }
}

/// As people write it: `users.listen`.
fn full_key(section: &str, path: &[String]) -> String {
    let section = Some(section).filter(|section| !section.is_empty());
    section.into_iter().chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(".")
}

fn at<'a>(dict: &'a mut Dict, path: &[String]) -> Option<&'a mut Value> {
    match path {
        [] => None,
        [last] => dict.get_mut(last),
        [first, rest @ ..] => match dict.get_mut(first)? {
            Value::Dict(_, inner) => at(inner, rest),
            _ => None,
        },
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

/// `~/x` as a shell would read it.
fn expand(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path,
    }
}

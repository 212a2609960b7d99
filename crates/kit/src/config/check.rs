//! Values that could be read but not work, refused where they are read: `#[serde(deserialize_with = "above_zero")]`.

use serde::{Deserialize, Deserializer, de::Error};

use super::SecretUrl;

/// For limits and lengths of time that nothing can work with when they are 0.
pub fn above_zero<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default + PartialEq,
{
    let value = T::deserialize(deserializer)?;
    if value == T::default() { Err(D::Error::custom("expected more than 0")) } else { Ok(value) }
}

/// For the URL of a database.
pub fn database<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretUrl>, D::Error> {
    let url = SecretUrl::deserialize(deserializer)?;
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if known.iter().any(|scheme| url.expose().starts_with(scheme)) {
        Ok(Some(url))
    } else {
        Err(D::Error::custom("expected sqlite:PATH or postgres://user@host/name"))
    }
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// For a filter of logs. A mistyped level would otherwise be taken for the name of a module, and nothing be logged.
pub(super) fn filter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let filter = String::deserialize(deserializer)?;
    for directive in filter.split(',') {
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level).trim();
        if !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
            return Err(D::Error::custom(format!(
                "there is no level {level:?}; expected one of {}, or a filter such as info,kit=debug",
                LEVELS.join(", ")
            )));
        }
    }
    Ok(filter)
}

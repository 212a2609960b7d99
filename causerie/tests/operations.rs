//! docs/operations.md lists every setting with its default: this fails when the two differ.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use std::{collections::BTreeMap, fs};

use clap::Parser;
use kit::config::Flags;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
}

fn settings() -> BTreeMap<String, String> {
    let empty = tempfile::tempdir().unwrap();
    let file = empty.path().join("causerie.toml");
    fs::write(&file, "").unwrap();
    let Cli { flags } = Cli::parse_from(["causerie", "--config", file.to_str().unwrap()]);
    let table: toml::Table = causerie::Config::load(&flags).unwrap().to_toml().unwrap().parse().unwrap();
    let mut flat = BTreeMap::new();
    flatten("", &toml::Value::Table(table), &mut flat);
    flat
}

fn flatten(prefix: &str, value: &toml::Value, flat: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, value, flat);
            }
        }
        value => {
            flat.insert(prefix.to_owned(), value.to_string().trim_matches('"').to_owned());
        }
    }
}

#[test]
fn one_half_of_a_rate_is_set_alone() {
    let empty = tempfile::tempdir().unwrap();
    let file = empty.path().join("causerie.toml");
    fs::write(&file, "").unwrap();
    let load = |set: &str| {
        let Cli { flags } = Cli::parse_from(["causerie", "--config", file.to_str().unwrap(), "--set", set]);
        causerie::Config::load(&flags).map(|config| config.users.service)
    };
    let by_default = user_service::Config::default().newcomers_from_address;
    let burst = load("users.newcomers_from_address.burst=5").unwrap().newcomers_from_address;
    assert_eq!((burst.burst, burst.every), (5, by_default.every));
    let every = load("users.newcomers_from_address.every=9s").unwrap().newcomers_from_address;
    assert_eq!((every.burst, every.every.get()), (by_default.burst, std::time::Duration::from_secs(9)));
    let wrong = load("users.newcomers_from_address.bursts=5").err().unwrap().to_string();
    assert!(wrong.contains("users.newcomers_from_address.bursts"), "{wrong}");
}

/// Rows of the form ``| `key` | `default` | …``.
fn documented() -> BTreeMap<String, String> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md")).unwrap();
    page.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let key = cells.next()?.trim().trim_matches('`').to_owned();
            let default = cells.next()?.trim().trim_matches('`').to_owned();
            // Tables of paths and of metrics stand on the page, too.
            let is_setting = !key.starts_with('/') && (key.contains('.') || !key.contains('_'));
            is_setting.then_some((key, default))
        })
        .collect()
}

#[test]
fn every_setting_is_documented_with_its_default_and_nothing_else_is() {
    let (settings, documented) = (settings(), documented());
    let mut wrong: Vec<String> = Vec::new();
    for (key, default) in &settings {
        match documented.get(key) {
            None => wrong.push(format!("| `{key}` | `{default}` | is missing")),
            Some(other) if other != default => wrong.push(format!("| `{key}` | `{other}` | is `{default}`")),
            Some(_) => {}
        }
    }
    wrong.extend(
        documented
            .keys()
            .filter(|key| !settings.contains_key(*key))
            .map(|key| format!("`{key}` is no setting")),
    );
    assert!(wrong.is_empty(), "docs/operations.md:\n{}", wrong.join("\n"));
}

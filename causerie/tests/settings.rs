//! Values that cannot work are refused at the start, by the key's name, and those that can are not.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use std::collections::BTreeMap;

use kit::config::Flags;

/// Of these 0 means something: none allowed, at once, or no wait.
const MAY_BE_ZERO: [&str; 19] = [
    "channels.late_sends",
    "channels.max_invitations",
    "channels.max_list_entries",
    "channels.max_registered_each",
    "channels.writes_of_person.every",
    "gateway.irc_sts",
    "gateway.limits.login_pause",
    "http.concurrency_of_services",
    "http.connections_per_address",
    "messages.writes_of_person.every",
    "users.api_tokens_of_account",
    "users.certificates_of_account",
    "users.former_nicks_kept",
    "users.hashes_waiting",
    "users.logins_from_address.every",
    "users.logins_of_account.every",
    "users.network_bans",
    "users.newcomers_from_address.every",
    "users.takeover",
];

fn with(set: &[&str]) -> Result<toml::Table, String> {
    let empty = tempfile::tempdir().unwrap();
    let file = empty.path().join("causerie.toml");
    std::fs::write(&file, "").unwrap();
    let set = set.iter().map(|&set| set.to_owned()).collect();
    let flags = Flags { config: Some(file), set, ..Flags::default() };
    let config = causerie::Config::load(&flags).map_err(|error| error.to_string())?;
    Ok(config.to_toml().unwrap().parse().unwrap())
}

/// Every number and every length of time.
fn amounts(prefix: &str, table: &toml::Table, found: &mut BTreeMap<String, &'static str>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(table) => amounts(&key, table, found),
            toml::Value::Integer(_) => drop(found.insert(key, "0")),
            toml::Value::String(text) if text.parse::<kit::config::Period>().is_ok() => {
                found.insert(key, "0s");
            }
            _ => {}
        }
    }
}

#[test]
fn a_limit_of_zero_is_refused_unless_it_means_something() {
    let mut found = BTreeMap::new();
    amounts("", &with(&[]).unwrap(), &mut found);
    assert!(found.len() > 50, "{found:?}");
    for (key, zero) in &found {
        let loaded = with(&[&format!("{key}={zero}")]);
        match loaded {
            Ok(_) => assert!(MAY_BE_ZERO.contains(&key.as_str()), "{key}={zero} is taken"),
            Err(error) => {
                assert!(!MAY_BE_ZERO.contains(&key.as_str()), "{error}");
                assert!(error.starts_with(&format!("{key}: ")) && error.contains(" (from --set)"), "{error}");
            }
        }
    }
    assert!(MAY_BE_ZERO.iter().all(|key| found.contains_key(*key)));
}

#[test]
fn half_a_rate_leaves_the_other_half_as_it_is() {
    for rate in ["logins_of_account", "logins_from_address", "newcomers_from_address"] {
        let of = |set: &[&str]| with(set).unwrap()["users"][rate].clone();
        let default = of(&[]);
        let burst = of(&[&format!("users.{rate}.burst=7")]);
        assert_eq!((burst["burst"].as_integer(), &burst["every"]), (Some(7), &default["every"]));
        let every = of(&[&format!("users.{rate}.every=1h")]);
        assert_eq!((every["every"].as_str(), &every["burst"]), (Some("1h"), &default["burst"]));
        let wrong = with(&[&format!("users.{rate}.brust=7")]).unwrap_err();
        assert!(wrong.contains("brust") && wrong.contains("burst, every"), "{wrong}");
    }
}

#[test]
fn another_database_than_the_two_is_refused_where_it_is_set() {
    for section in ["users", "channels", "messages", "logs"] {
        let wrong = with(&[&format!("{section}.database=mysql://x")]).unwrap_err();
        assert!(
            wrong.starts_with(&format!("{section}.database: ")) && wrong.contains("postgres://"),
            "{wrong}"
        );
        with(&[&format!("{section}.database=postgres://u@h/d")]).unwrap();
    }
}

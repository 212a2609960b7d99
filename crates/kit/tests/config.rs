//! Layers of settings, and what is said about wrong ones.

#![allow(clippy::unwrap_used)] // helpers of tests, whose panic is the message

use std::net::SocketAddr;

use kit::config::{Flags, Loader, Period, Secret, SecretUrl, Settings};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Users {
    listen: SocketAddr,
    #[serde(deserialize_with = "kit::config::database", skip_serializing_if = "Option::is_none")]
    database: Option<SecretUrl>,
    pepper: Secret<String>,
    lease: Period,
    tls: Tls,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tls {
    ports: Vec<u16>,
}

impl Default for Users {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8101).into(),
            database: None,
            pepper: Secret::new("hunter2".into()),
            lease: Period::seconds(15),
            tls: Tls::default(),
        }
    }
}

/// The settings that this file, environment and these flags give, or what is said about them.
fn load(toml: &str, env: &[(&str, &str)], flags: Flags) -> Result<Settings<Users>, String> {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("causerie.toml");
    std::fs::write(&file, toml).unwrap();
    let flags = Flags { config: Some(file), ..flags };
    let env = env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let loader = Loader::with_env(&flags, env).map_err(|error| error.to_string())?;
    loader.own("users", &flags).map_err(|error| error.to_string())
}

fn refused(toml: &str, env: &[(&str, &str)], words: &[&str]) {
    let error = load(toml, env, Flags::default()).unwrap_err();
    for word in words {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn later_layers_win() {
    let toml = "network = 'File'\ndata = '/file'\n[users]\nlease = '1m'\nlisten = '127.0.0.1:1'\n[gateway]\nfree = 1";
    let env = [("CAUSERIE_USERS__LISTEN", "127.0.0.1:2"), ("CAUSERIE_NETWORK", "Env"), ("HOME", "/")];
    let settings = load(toml, &env, Flags::default()).unwrap();
    assert_eq!((settings.service.lease, settings.service.listen.port()), (Period::seconds(60), 2));
    assert_eq!((settings.common.network.as_str(), settings.common.data.to_str()), ("Env", Some("/file")));

    let flags = Flags {
        listen: Some("127.0.0.1:3".parse().unwrap()),
        data: Some("/flag".into()),
        set: vec!["users.lease=90".into(), "users.tls.ports=[1, 2]".into(), "network=Flag".into()],
        ..Flags::default()
    };
    let settings = load(toml, &env, flags).unwrap();
    assert_eq!((settings.service.lease, settings.service.listen.port()), (Period::seconds(90), 3));
    assert_eq!(settings.service.tls.ports, [1, 2]);
    assert_eq!((settings.common.network.as_str(), settings.common.data.to_str()), ("Flag", Some("/flag")));
}

#[test]
fn without_any_layer_there_are_defaults() {
    let settings = load("", &[], Flags::default()).unwrap();
    assert_eq!(settings.service.listen.port(), 8101);
    assert_eq!(settings.common.urls.logs.as_str(), "http://127.0.0.1:8104/");
    let database = settings.common.database(settings.service.database.as_ref(), "users");
    assert_eq!(database.expose(), "sqlite:data/users.db");
}

#[test]
fn a_wrong_key_or_value_is_named_in_full() {
    refused("[users]\nlisen = 'x'", &[], &["users.lisen", "no such key", "listen"]);
    refused("[users]\nlisten = 'x'", &[], &["users.listen"]);
    refused("[users]\nlease = '10 apples'", &[], &["users.lease", "15m"]);
    refused("[users.tls]\nports = [70000]", &[], &["users.tls.ports"]);
    refused("nettwork = 'x'", &[], &["nettwork", "network"]);
    refused("[bus]\nkind = 'pigeon'", &[], &["bus.kind", "http", "nats"]);
    refused("", &[("CAUSERIE_LOG__FORMAT", "xml")], &["log.format", "text", "json", "CAUSERIE_LOG__FORMAT"]);
    refused("", &[("CAUSERIE_USERS__LISEN", "x")], &["users.lisen", "CAUSERIE_USERS__LISEN"]);
    refused("network = ", &[], &["causerie.toml", "line 1"]);
}

#[test]
fn a_value_can_come_from_a_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("secret");
    std::fs::write(&path, "12345\n").unwrap();
    let env = [
        ("CAUSERIE_USERS__PEPPER_FILE", path.to_str().unwrap()),
        ("CAUSERIE_TEST_NATS", "x"),
        ("CAUSERIE_TOKEN", "x"),
    ];
    let settings = load("", &env, Flags::default()).unwrap();
    assert_eq!(settings.service.pepper.expose(), "12345");
    refused("", &[("CAUSERIE_USERS__PEPPER_FILE", "/nowhere")], &["users.pepper", "/nowhere"]);
    let both = [("CAUSERIE_NETWORK", "a"), ("CAUSERIE_NETWORK_FILE", path.to_str().unwrap())];
    refused("", &both, &["CAUSERIE_NETWORK ", "CAUSERIE_NETWORK_FILE", "keep one"]);
}

#[test]
fn a_wrong_line_of_the_file_is_found() {
    refused("\nnetwork = 'x'\nnettwork = 'y'", &[], &["nettwork", "causerie.toml, line 3"]);
    refused("[users]\n# here\nlease = '10 apples'", &[], &["users.lease", "causerie.toml, line 3"]);
    refused("[users]\n[users.tls]\nports = [1,\n70000]", &[], &["causerie.toml, line 3"]);
    // Another layer says worse.
    let env = [("CAUSERIE_USERS__LEASE", "soon")];
    let error = load("[users]\nlease = '1s'", &env, Flags::default()).unwrap_err();
    assert!(error.contains("CAUSERIE_USERS__LEASE") && !error.contains("line"), "{error}");
}

#[test]
fn a_wrong_value_is_answered_with_what_would_be_right() {
    refused("", &[("CAUSERIE_HTTP__CONCURRENCY", "many")], &["expected a whole number"]);
    refused("", &[("CAUSERIE_LOG__SHIP", "often")], &["true or false"]);
    refused("[bus]\nkind = 'pigeon'", &[], &["there is no pigeon; expected one of http, nats"]);
    refused("[users]\nlisten = 'x'", &[], &["address with a port"]);
    refused("", &[("CAUSERIE_FOO", "1")], &["foo", "network", "users", "gateway"]);
    refused("[http]\nbody_limit = 0\n", &[], &["http.body_limit", "more than 0", "line 2"]);
    refused(
        "[users]\ndatabase = 'mysql://u:hunter5@h/d'",
        &[],
        &["users.database", "sqlite:PATH", "postgres://"],
    );
    let error = load("[users]\ndatabase = 'mysql://u:hunter5@h/d'", &[], Flags::default()).unwrap_err();
    assert!(!error.contains("hunter"), "{error}");
}

#[test]
fn a_level_of_logs_is_one_of_six_words() {
    for right in ["info", "WARN", "off", "info,kit=debug", "warn, hyper=error,sqlx::query=trace"] {
        assert!(load(&format!("[log]\nlevel = '{right}'"), &[], Flags::default()).is_ok(), "{right}");
    }
    for wrong in ["noisy", "loud=foo", "info,kit", "", "info,"] {
        refused(&format!("[log]\nlevel = '{wrong}'"), &[], &["log.level", "error, warn, info", "line 2"]);
    }
}

#[test]
fn a_text_may_look_like_something_else() {
    for text in ["42", "007", "true", "[x]", "1.50", "-1"] {
        let env = [("CAUSERIE_NETWORK", text), ("CAUSERIE_USERS__PEPPER", text)];
        let settings = load("", &env, Flags::default()).unwrap();
        assert_eq!(
            (settings.common.network.as_str(), settings.service.pepper.expose().as_str()),
            (text, text)
        );
    }
    let set = vec!["data=2026".into(), "http.cors_origins=https://a".into(), "users.tls.ports=8".into()];
    let settings = load("", &[], Flags { set, ..Flags::default() }).unwrap();
    assert_eq!(
        (settings.common.data.to_str(), settings.common.http.cors_origins),
        (Some("2026"), vec!["https://a".into()])
    );
    assert_eq!(settings.service.tls.ports, [8]);
    // A file says of what kind a value is.
    refused("network = 42", &[], &["network", "a text"]);
}

#[test]
fn what_is_printed_holds_no_secrets_and_can_be_read_again() {
    let toml = "[users]\ndatabase = 'postgres://u:hunter3@h/db'\n[bus]\nnats_url = 'nats://u:hunter4@h'";
    let settings = load(toml, &[], Flags::default()).unwrap();
    let printed = settings.to_toml("users").unwrap();
    assert!(!printed.contains("hunter"), "{printed}");
    assert!(!format!("{settings:?}").contains("hunter"));
    assert!(printed.contains("postgres://u:redacted@h/db") && printed.contains("[users]"), "{printed}");
    load(&printed, &[], Flags::default()).unwrap();
}

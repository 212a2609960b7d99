//! Arrows between crates. Tests may depend on anything: only what is built into a crate counts.

use std::fs;

use anyhow::{Context, Result};
use cargo_metadata::DependencyKind;

use super::Violation;
use crate::root;

pub(super) struct Rule {
    pub(super) package: &'static str,
    /// The crates of this workspace it may depend on.
    ours: &'static [&'static str],
    /// What its tree of dependencies must not hold, however deep; a name stands for its family (`axum-core` too).
    pub(super) never: &'static [&'static str],
    text: &'static str,
}

const SERVICES_MAY: &[&str] = &["causerie-api", "causerie-kit", "causerie-client"];
const SERVICE: &str = "services ▶ kit, api, client; never another service";
/// They stand at the end of every arrow: nothing depends on them, and they may start anything.
const OUTSIDE: &str = "e2e and bench ▶ anything; xtask ▶ nothing of ours";
const ALL: &[&str] = &[
    "causerie-api",
    "causerie-kit",
    "causerie-client",
    "causerie-proto",
    "causerie-gateway",
    "causerie-user-service",
    "causerie-channel-service",
    "causerie-message-service",
    "causerie-log-service",
    "causerie",
];

#[rustfmt::skip] // a table: one crate a line
pub(super) const RULES: &[Rule] = &[
    Rule { package: "causerie-api", ours: &[], never: &["axum", "sqlx", "reqwest", "tokio"], text: "api ▶ nothing of ours, no axum, sqlx, reqwest, tokio" },
    Rule { package: "causerie-proto", ours: &[], never: &["tokio"], text: "proto ▶ nothing of ours, no tokio" },
    Rule { package: "causerie-kit", ours: &["causerie-api"], never: &[], text: "kit ▶ api" },
    Rule { package: "causerie-client", ours: &["causerie-api", "causerie-kit"], never: &["sqlx"], text: "client ▶ api, kit; no sqlx" },
    Rule { package: "causerie-gateway", ours: &["causerie-api", "causerie-kit", "causerie-client", "causerie-proto"], never: &["sqlx"], text: "gateway ▶ proto, client, kit, api; no sqlx" },
    Rule { package: "causerie-user-service", ours: SERVICES_MAY, never: &[], text: SERVICE },
    Rule { package: "causerie-channel-service", ours: SERVICES_MAY, never: &[], text: SERVICE },
    Rule { package: "causerie-message-service", ours: SERVICES_MAY, never: &[], text: SERVICE },
    Rule { package: "causerie-log-service", ours: SERVICES_MAY, never: &[], text: SERVICE },
    Rule { package: "causerie", ours: ALL, never: &[], text: "causerie ▶ all five, and what they share" },
    Rule { package: "causerie-e2e", ours: ALL, never: &[], text: OUTSIDE },
    Rule { package: "causerie-bench", ours: ALL, never: &[], text: OUTSIDE },
    Rule { package: "xtask", ours: &[], never: &[], text: OUTSIDE },
];

/// The database is a feature: who does not ask for it must not carry it.
const KIT: &str = "causerie-kit";
const KIT_DB: &str = "kit's sqlx only behind its feature `db`, which is not a default";

/// What of a manifest the rules look at.
pub(super) struct Package {
    name: String,
    /// Its path in the repository, and its text to find lines in.
    manifest: String,
    text: String,
    /// Without those of tests.
    dependencies: Vec<Dependency>,
    features: Vec<(String, Vec<String>)>,
}

struct Dependency {
    package: String,
    /// Its name in the manifest.
    key: String,
    optional: bool,
}

impl Package {
    pub(super) fn read(package: &cargo_metadata::Package) -> Result<Self> {
        let path = package.manifest_path.as_std_path();
        let built =
            package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        Ok(Self {
            name: package.name.to_string(),
            manifest: path.strip_prefix(root())?.to_string_lossy().replace('\\', "/"),
            text: fs::read_to_string(path).with_context(|| path.display().to_string())?,
            dependencies: built
                .map(|dependency| Dependency {
                    package: dependency.name.clone(),
                    key: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
                    optional: dependency.optional,
                })
                .collect(),
            features: package.features.clone().into_iter().collect(),
        })
    }

    fn violation(&self, key: &str, what: String, rule: &'static str) -> Violation {
        let is_key = |line: &str| {
            let rest =
                line.strip_prefix(key).or_else(|| line.strip_prefix("[dependencies.")?.strip_prefix(key));
            rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=', ']']))
        };
        let line = self.text.lines().position(is_key).map_or(1, |index| index + 1);
        Violation { file: self.manifest.clone(), line, what, rule }
    }
}

/// The manifests' own words.
pub(super) fn check(packages: &[Package]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in packages {
        let Some(rule) = RULES.iter().find(|rule| rule.package == package.name) else {
            let what = format!("{} has no rule: give it one in xtask/src/arrows/crates.rs", package.name);
            violations.push(package.violation("name", what, "every crate has its arrows"));
            continue;
        };
        for dependency in &package.dependencies {
            let ours = packages.iter().any(|package| package.name == dependency.package);
            let forbidden = ours && !rule.ours.contains(&dependency.package.as_str())
                || rule.never.iter().any(|never| is_of_family(&dependency.package, never));
            if forbidden {
                let what = format!("{} depends on {}", package.name, dependency.package);
                violations.push(package.violation(&dependency.key, what, rule.text));
            }
        }
        if package.name == KIT {
            violations.extend(check_kit_db(package));
        }
    }
    for rule in RULES.iter().filter(|rule| !packages.iter().any(|package| package.name == rule.package)) {
        violations.push(Violation {
            file: "Cargo.toml".into(),
            line: 1,
            what: format!("there is no crate {}", rule.package),
            rule: "every rule has its crate",
        });
    }
    violations
}

fn check_kit_db(kit: &Package) -> Vec<Violation> {
    let mut violations = Vec::new();
    for dependency in kit.dependencies.iter().filter(|dependency| is_of_family(&dependency.package, "sqlx")) {
        if !dependency.optional {
            let what = format!("{} is not optional", dependency.package);
            violations.push(kit.violation(&dependency.key, what, KIT_DB));
        }
    }
    for (feature, turns_on) in &kit.features {
        let brings_sqlx = turns_on.iter().any(|on| is_of_family(on.trim_start_matches("dep:"), "sqlx"));
        let is_default = feature == "default" && turns_on.iter().any(|on| on == "db");
        if brings_sqlx && feature != "db" || is_default {
            let what = format!("the feature `{feature}` brings sqlx");
            violations.push(kit.violation(feature, what, KIT_DB));
        }
    }
    violations
}

/// `tree` is what `cargo tree --prefix none` prints: a package and its version on each line.
pub(super) fn check_tree(rule: &Rule, tree: &str) -> Vec<Violation> {
    let mut found: Vec<_> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|package| rule.never.iter().any(|never| is_of_family(package, never)))
        .collect();
    found.sort_unstable();
    found.dedup();
    let violation = |package| Violation {
        file: "Cargo.lock".into(),
        line: 1,
        what: format!("{0} carries {package}: cargo tree -e normal -p {0} -i {package}", rule.package),
        rule: rule.text,
    };
    found.into_iter().map(violation).collect()
}

fn is_of_family(package: &str, family: &str) -> bool {
    package.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '/', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace where every crate is there and depends on nothing, with one crate replaced.
    fn workspace_with(package: Package) -> Vec<Package> {
        let others = RULES.iter().map(|rule| crate_of(rule.package, "", &[]));
        let mut packages: Vec<_> = others.filter(|other| other.name != package.name).collect();
        packages.push(package);
        packages
    }

    fn crate_of(name: &str, text: &str, dependencies: &[(&str, &str)]) -> Package {
        let dependency = |(package, key): &(&str, &str)| Dependency {
            package: (*package).into(),
            key: (*key).into(),
            optional: false,
        };
        Package {
            name: name.into(),
            manifest: "some/Cargo.toml".into(),
            text: text.into(),
            dependencies: dependencies.iter().map(dependency).collect(),
            features: vec![],
        }
    }

    fn rule(package: &str) -> &'static Rule {
        RULES.iter().find(|rule| rule.package == package).unwrap()
    }

    #[test]
    fn arrows_as_drawn_are_fine() {
        let gateway = crate_of(
            "causerie-gateway",
            "",
            &[("causerie-proto", "proto"), ("causerie-client", "client"), ("axum", "axum")],
        );
        assert_eq!(check(&workspace_with(gateway)), []);
    }

    #[test]
    fn a_service_that_depends_on_a_service_is_shown_with_its_line() {
        let manifest = "[dependencies]\napi.workspace = true\nuser-service.workspace = true\n";
        let channels =
            crate_of("causerie-channel-service", manifest, &[("causerie-user-service", "user-service")]);
        let violations = check(&workspace_with(channels));
        assert_eq!(violations.len(), 1);
        assert_eq!(
            violations[0].to_string(),
            "some/Cargo.toml:3: causerie-channel-service depends on causerie-user-service \
             (rule: services ▶ kit, api, client; never another service)"
        );
    }

    #[test]
    fn each_forbidden_arrow_is_found() {
        let forbidden = [
            ("causerie-gateway", "sqlx"),
            ("causerie-gateway", "causerie-user-service"),
            ("causerie-gateway", "causerie"),
            ("causerie-client", "causerie-proto"),
            ("causerie-kit", "causerie-client"),
            ("causerie-kit", "causerie-log-service"),
            ("causerie-proto", "causerie-api"),
            ("causerie-proto", "tokio-util"),
            ("causerie-api", "causerie-kit"),
            ("causerie-api", "axum"),
            ("causerie-api", "sqlx"),
            ("causerie-api", "reqwest"),
            ("causerie-api", "tokio"),
            ("causerie-message-service", "causerie-gateway"),
            ("causerie", "causerie-e2e"),
            ("xtask", "causerie-api"),
        ];
        for (package, dependency) in forbidden {
            let found = check(&workspace_with(crate_of(package, "", &[(dependency, dependency)])));
            let what = format!("{package} depends on {dependency}");
            assert!(found.iter().any(|violation| violation.what == what), "{what}");
        }
    }

    #[test]
    fn a_new_crate_needs_a_rule_and_a_rule_needs_its_crate() {
        let mut packages = workspace_with(crate_of("causerie-extra", "", &[]));
        packages.retain(|package| package.name != "causerie-proto");
        let found: Vec<_> = check(&packages).into_iter().map(|violation| violation.rule).collect();
        assert_eq!(found, ["every crate has its arrows", "every rule has its crate"]);
    }

    #[test]
    fn kit_may_have_sqlx_behind_db_alone() {
        let kit = |optional, features: &[(&str, &[&str])]| {
            let mut kit = crate_of(KIT, "", &[("sqlx", "sqlx")]);
            kit.dependencies[0].optional = optional;
            kit.features = features
                .iter()
                .map(|(name, on)| ((*name).into(), on.iter().map(|on| (*on).into()).collect()))
                .collect();
            check(&workspace_with(kit)).into_iter().map(|violation| violation.what).collect::<Vec<_>>()
        };
        assert_eq!(kit(true, &[("db", &["dep:sqlx"])]), [""; 0]);
        assert_eq!(kit(false, &[]), ["sqlx is not optional"]);
        assert_eq!(kit(true, &[("sqlx", &["dep:sqlx"])]), ["the feature `sqlx` brings sqlx"]);
        assert_eq!(
            kit(true, &[("db", &["dep:sqlx"]), ("default", &["db"])]),
            ["the feature `default` brings sqlx"]
        );
    }

    #[test]
    fn what_a_tree_carries_is_found_however_deep() {
        let tree = "causerie-gateway v0.1.0 (/src/gateway)\ncauserie-kit v0.1.0 (/src/crates/kit)\nsqlx v0.9.0\n\
                    sqlx-core v0.9.0\nsqlx v0.9.0 (*)\ntokio v1.54.0\n";
        let found: Vec<_> =
            check_tree(rule("causerie-gateway"), tree).into_iter().map(|violation| violation.what).collect();
        assert_eq!(
            found,
            [
                "causerie-gateway carries sqlx: cargo tree -e normal -p causerie-gateway -i sqlx",
                "causerie-gateway carries sqlx-core: cargo tree -e normal -p causerie-gateway -i sqlx-core",
            ]
        );
        assert_eq!(check_tree(rule("causerie-gateway"), "axum v0.8.9\nsqlxmq v0.1.0\n"), []);
    }
}

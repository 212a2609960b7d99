//! Every number that is counted anywhere is in the catalogue that gives `/metrics` its words, and the other way round.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const MACROS: [&str; 3] = ["counter!(", "gauge!(", "histogram!("];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !name.starts_with('.') && !["target", "tests"].contains(&name) {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// The names that a source counts under; a name that is not written there as a literal is shown as what is.
fn counted(source: &str) -> impl Iterator<Item = &str> {
    let after =
        MACROS.iter().flat_map(|name| source.match_indices(name).map(|(at, _)| &source[at + name.len()..]));
    after.map(|rest| {
        let rest = rest.trim_start();
        rest.strip_prefix('"')
            .and_then(|name| name.split('"').next())
            .unwrap_or_else(|| rest.lines().next().unwrap())
    })
}

#[test]
fn every_number_is_in_the_catalogue() {
    let mut files = Vec::new();
    sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")), &mut files);
    // The catalogue itself describes by name.
    let texts = files
        .iter()
        .filter(|path| !path.ends_with("telemetry/numbers.rs"))
        .map(|path| fs::read_to_string(path).unwrap());
    let counted: BTreeSet<String> =
        texts.flat_map(|text| counted(&text).map(str::to_owned).collect::<Vec<_>>()).collect();
    let known: BTreeSet<String> =
        kit::telemetry::NUMBERS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert!(counted.len() > 20, "the sources were not found: {counted:?}");
    assert_eq!(counted, known);
}

#[test]
fn operators_read_of_every_number() {
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md")).unwrap();
    for (name, .., help) in kit::telemetry::NUMBERS {
        assert!(
            docs.contains(&format!("| `{name}` | {help} |")),
            "{name} is not in docs/operations.md as the catalogue has it"
        );
    }
}

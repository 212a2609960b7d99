//! docs/irc.md says what is spoken here: all of it, and no more.

use std::collections::BTreeSet;

use super::{caps, verbs};

const DOCUMENT: &str = include_str!("../../../../docs/irc.md");

/// What stands in code in the first column of the table under a heading.
fn rows(heading: &str) -> BTreeSet<&'static str> {
    let section = DOCUMENT.split("\n## ").find_map(|section| section.strip_prefix(heading)).unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    cells.flat_map(|cell| cell.split('`').map(str::trim).filter(|word| !word.is_empty())).collect()
}

#[test]
fn the_documented_commands_are_those_that_there_are() {
    assert_eq!(rows("Commands"), verbs::names().collect());
}

#[test]
fn the_documented_capabilities_are_those_that_are_offered() {
    assert_eq!(rows("Capabilities"), caps::names().collect());
}

#[test]
fn what_is_said_not_to_be_there_is_not() {
    let (_, missing) = DOCUMENT.split_once("\n## What is not there").unwrap();
    let missing: Vec<_> = missing.split('`').skip(1).step_by(2).collect();
    assert!(missing.len() > 3, "{missing:?}");
    for verb in missing {
        assert!(verbs::find(verb).is_none(), "{verb} is there");
    }
}

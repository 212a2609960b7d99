//! docs/irc.md says what is spoken here: all of it, and no more. And what one line may hold.

use std::collections::BTreeSet;

use super::{Caps, caps, decode, events::MAX_MODES, verbs};
use crate::{
    command::Command,
    dialect::{Commands, Request},
};

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
    assert!(!missing.is_empty());
    for verb in missing {
        assert!(verbs::find(verb).is_none(), "{verb} is there");
    }
}

fn commands(line: &str) -> Commands {
    decode(Caps::NONE, line).unwrap().commands
}

fn list(count: usize) -> String {
    (0..count).map(|n| format!("#{n}")).collect::<Vec<_>>().join(",")
}

#[test]
fn a_line_has_so_many_targets_and_no_more() {
    for (verb, most, after) in
        [("JOIN", 20, ""), ("PART", 20, ""), ("PRIVMSG", 10, " :x"), ("NOTICE", 10, " :x"), ("LIST", 10, "")]
    {
        let line = |count| format!("{verb} {}{after}", list(count));
        assert!(commands(&line(most)).len() >= most, "{verb}");
        let is_refusal = |command: &Result<_, _>| matches!(command, Ok(Command::Misused(_)) | Err(_));
        let too_many = commands(&line(most + 1));
        assert!(is_refusal(&too_many[0]) && too_many.len() <= 2, "{verb}");
        assert!(!commands(&line(most)).iter().any(is_refusal), "{verb}");
    }
}

#[test]
fn a_line_changes_so_many_modes_and_no_more() {
    for (given, taken) in [(MAX_MODES, MAX_MODES), (MAX_MODES + 1, MAX_MODES)] {
        let masks: Vec<_> = (0..given).map(|n| format!("a{n}!*@*")).collect();
        let line = format!("MODE #x +{} {}", "b".repeat(given), masks.join(" "));
        assert_eq!(commands(&line).len(), taken, "{line}");
    }
}

#[test]
fn a_line_asks_about_so_many_people_and_no_more() {
    for (verb, most) in [("ISON", 15), ("USERHOST", 5)] {
        let asked = |count: usize| {
            let nicks: Vec<_> = (0..count).map(|n| format!("a{n}")).collect();
            match &commands(&format!("{verb} :{}", nicks.join(" ")))[..] {
                [Ok(Command::People { nicks })] => nicks.len(),
                other => panic!("{verb}: {} commands", other.len()),
            }
        };
        assert_eq!((asked(most), asked(most + 1)), (most, most), "{verb}");
    }
}

#[test]
fn a_label_is_as_long_as_its_limit_and_no_longer() {
    let labels = Caps::LABELED_RESPONSE.or(Caps::BATCH);
    let label = |count: usize| {
        let line = format!("@label={} PING x", "a".repeat(count));
        let Request { ask, .. } = decode(labels, &line).unwrap();
        ask.label.map(|label| label.len())
    };
    assert_eq!((label(128), label(129)), (Some(128), None));
}

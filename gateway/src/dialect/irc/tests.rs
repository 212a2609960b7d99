//! docs/irc.md says what is spoken here: all of it, and no more. And what one line may hold.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{Caps, caps, decode, events::MAX_MODES, isupport, verbs};
use api::users::UserModes;
use proto::irc::mode::Letters;

use crate::{
    command::Command,
    dialect::{Commands, Request},
};

const DOCUMENT: &str = include_str!("../../../../docs/irc.md");

fn section(heading: &str) -> &'static str {
    DOCUMENT.split("\n## ").find_map(|section| section.strip_prefix(heading)?.strip_prefix('\n')).unwrap()
}

/// What stands in code in the first column of the table under a heading.
fn rows(heading: &str) -> BTreeSet<&'static str> {
    let cells = section(heading).lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
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
fn the_documented_modes_are_those_that_there_are() {
    let letters = |heading| -> BTreeSet<char> {
        rows(heading).iter().map(|mode| mode.chars().next().unwrap()).collect()
    };
    let Letters { list, setting, setting_when_set, flag, member } = isupport::MODES;
    let known = [list, setting, setting_when_set, flag, member].concat();
    assert_eq!(letters("Modes of channels"), known.chars().collect());
    assert_eq!(letters("Modes of people"), UserModes::LETTERS.into_iter().chain(['o']).collect());
}

/// Every number of three digits in this dialect's code is one, but for these.
const NO_NUMERICS: [&str; 2] = ["128", "500"];

#[test]
fn the_documented_numerics_are_those_that_are_sent() {
    let mut sent: BTreeSet<_> = (1..=5).map(|code| format!("{code:03}")).collect();
    for path in sources(&root().join("gateway/src/dialect/irc")) {
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines() {
            let words = line.split("//").next().unwrap().split('"').step_by(2).flat_map(|outside_of_texts| {
                outside_of_texts.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            });
            let numbers = words.filter(|word| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()));
            sent.extend(numbers.filter(|number| !NO_NUMERICS.contains(number)).map(str::to_owned));
        }
    }
    let documented: BTreeSet<_> = rows("Numerics").into_iter().map(str::to_owned).collect();
    assert_eq!(documented, sent);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What is shipped in a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.file_name().is_some_and(|name| name != "tests.rs"))
        .collect()
}

#[test]
fn every_row_points_at_a_test_that_there_is() {
    let mut seen = 0;
    for heading in ["Commands", "Capabilities", "Modes of channels", "Modes of people", "Numerics"] {
        for row in section(heading).lines().filter(|line| line.starts_with("| `")) {
            let links: Vec<_> =
                row.trim_end_matches(" |").rsplit(" | ").next().unwrap().split(") ").collect();
            for link in links {
                let (name, path) = link.split_once("](../").unwrap_or_else(|| panic!("no test: {row}"));
                let (name, path) = (name.trim_start_matches('['), path.split(')').next().unwrap());
                let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("no {path}"));
                let (before, _) =
                    text.split_once(&format!("fn {name}(")).unwrap_or_else(|| panic!("{path}: no {name}"));
                let attribute = before.rsplit("\n#[").next().unwrap();
                assert!(attribute.contains("test"), "{path}: {name} is no test");
                seen += 1;
            }
        }
    }
    assert!(seen > 80, "{seen} links are read");
}

#[test]
fn what_is_said_not_to_be_there_is_not() {
    let missing = rows("What is not there");
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

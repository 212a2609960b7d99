//! The cases that other implementations are checked with, too: ../irc_vectors.

use std::collections::BTreeMap;

use proto::irc::{Head, Message, Source};
use serde_json::Value;

use crate::written;

fn cases(file: &str) -> Vec<Value> {
    let cases: Vec<Value> = serde_json::from_str(file).expect("JSON");
    assert!(cases.len() > 5);
    cases
}

fn word<'a>(atoms: &'a Value, key: &str) -> Option<&'a str> {
    atoms.get(key).map(|word| word.as_str().expect("a text"))
}

fn params(atoms: &Value) -> Vec<&str> {
    let params = atoms.get("params").and_then(Value::as_array);
    params.into_iter().flatten().map(|param| param.as_str().expect("a text")).collect()
}

fn tags(atoms: &Value) -> BTreeMap<String, String> {
    let tags = atoms.get("tags").and_then(Value::as_object);
    let tags = tags.into_iter().flatten();
    tags.map(|(key, value)| (key.clone(), value.as_str().expect("a text").to_owned())).collect()
}

#[test]
fn lines_are_split_as_elsewhere() {
    for case in cases(include_str!("../irc_vectors/msg-split.json")) {
        let message = Message::from_server(case["input"].as_str().unwrap()).unwrap();
        let atoms = &case["atoms"];
        assert_eq!(Some(message.verb), word(atoms, "verb"), "{case}");
        assert_eq!(message.source, word(atoms, "source"), "{case}");
        assert_eq!(*message.params, params(atoms), "{case}");
        let read: BTreeMap<_, _> =
            message.tags.iter().map(|tag| (tag.key.to_owned(), tag.value().into_owned())).collect();
        assert_eq!(read, tags(atoms), "{case}");
    }
}

#[test]
fn sources_are_split_as_elsewhere() {
    for case in cases(include_str!("../irc_vectors/userhost-split.json")) {
        let written = case["source"].as_str().unwrap();
        let source = Source::parse(written);
        let atoms = &case["atoms"];
        assert_eq!(Some(source.nick), word(atoms, "nick"), "{case}");
        assert_eq!(source.user, word(atoms, "user"), "{case}");
        assert_eq!(source.host, word(atoms, "host"), "{case}");
        assert_eq!(source.to_string(), written);
    }
}

#[test]
fn lines_are_joined_as_elsewhere() {
    for case in cases(include_str!("../irc_vectors/msg-join.json")) {
        let atoms = &case["atoms"];
        let params = params(atoms);
        let line = written(|out| {
            let head = tags(atoms).iter().fold(Head::new(out), |head, (key, value)| head.tag(key, value));
            let line = head.command(word(atoms, "source"), word(atoms, "verb").expect("a verb"));
            match params.split_last() {
                Some((last, middle)) => {
                    line.params(middle.iter().copied()).trailing(last);
                }
                None => line.end(),
            }
        });
        let line = line.strip_suffix("\r\n").expect("an end");
        let matches = case["matches"].as_array().expect("a list");
        assert!(matches.iter().any(|allowed| allowed == line), "{line} for {case}");
    }
}

//! Whatever is written is one line of the grammar and not too long.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proto::irc::{Head, MAX_BODY, MAX_TAGS, Message, ctcp};

type Input<'a> = (Vec<(&'a str, &'a str)>, Option<&'a str>, &'a str, Vec<&'a str>, u64, Option<&'a str>, bool);

fuzz_target!(|input: Input<'_>| {
    let (tags, source, verb, params, number, trailing, is_action) = input;
    let mut out = Vec::new();
    let head = tags.iter().fold(Head::new(&mut out), |head, (key, value)| head.tag(key, value));
    let line = head.command(source, verb).params(params.iter().copied()).number(number);
    match trailing {
        Some(text) if is_action => assert!(text.ends_with(ctcp::write(line, "ACTION", text))),
        Some(text) => assert!(text.ends_with(line.trailing(text))),
        None => line.end(),
    }
    let line = std::str::from_utf8(&out).expect("UTF-8").strip_suffix("\r\n").expect("ends");
    assert!(!line.contains(['\0', '\r', '\n']) && line.len() <= MAX_TAGS + MAX_BODY);
    let message = Message::from_server(line).expect("a message");
    assert!(message.params.len() <= params.len() + 1 + usize::from(trailing.is_some()));
    // The body alone, for readers without tags, is a line too.
    let mut copy = Vec::new();
    Head::new(&mut copy).copy(&out);
    assert!(out.ends_with(&copy) && copy.ends_with(b"\r\n"));
});

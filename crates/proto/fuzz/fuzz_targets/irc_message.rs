//! Any line is read or refused, and what was read is the same when written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proto::irc::{Head, Message, is_tag_key};

/// What the writer says as `*`.
fn is_unsayable(source: &str) -> bool {
    source.starts_with(':') || source.len() > 300
}

fuzz_target!(|line: &str| {
    let Ok(read) = Message::from_server(line) else { return };
    // What is for terminals only is written otherwise.
    if line.chars().any(char::is_control) {
        return;
    }
    let mut out = Vec::new();
    let mut head = Head::new(&mut out);
    for tag in read.tags.iter() {
        head = head.tag(tag.key, &tag.value());
    }
    let line = head.command(read.source, read.verb);
    if line.is_cut() || read.verb.starts_with([':', '@']) || read.source.is_some_and(is_unsayable) {
        return;
    }
    match read.params.split_last() {
        Some((last, middle)) => {
            // The `:` that every last parameter gets may have been missing before.
            if !line.params(middle.iter().copied()).trailing(last).is_empty() {
                return;
            }
        }
        None => line.end(),
    }
    let line = std::str::from_utf8(&out).expect("UTF-8").strip_suffix("\r\n").expect("ends");
    let again = Message::from_server(line).expect("a message");
    assert_eq!((again.source, again.verb), (read.source, read.verb));
    assert_eq!(*again.params, *read.params);
    // Escaped in the shortest way a tag is never longer than it was.
    let known = read.tags.iter().filter(|tag| is_tag_key(tag.key));
    assert!(known.map(|tag| (tag.key, tag.value())).eq(again.tags.iter().map(|tag| (tag.key, tag.value()))));
});

//! The round trip a million times each way: what is written is read again as it was, and what is read is the same when it is written and
//! read again. What the cases are made of is drawn from tables: a pattern for every word would take ten times as long.

use std::{collections::BTreeMap, thread};

use proptest::{
    collection::{SizeRange, vec},
    option,
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use proto::irc::{Head, Message, is_tag_key};

use crate::written;

const CASES: u32 = 1_000_000;

/// Shared out among the cores.
fn holds_a_million_times<S: Strategy>(
    cases: impl Fn() -> S + Sync,
    law: impl Fn(S::Value) -> TestCaseResult + Sync,
) {
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    let config = Config { cases: CASES.div_ceil(threads), failure_persistence: None, ..Config::default() };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let outcome = TestRunner::new(config.clone()).run(&cases(), &law);
                outcome.unwrap_or_else(|error| panic!("{error}"));
            });
        }
    });
}

/// Begins a word wherever it stands.
const FIRST: &[&str] = &["a", "Z", "7", "é", "🦀", "#", "+", "-", "/", "=", "\\", "PRIVMSG", "*", "!"];
const WORD: &[&str] = &["a", "b", "é", ":", "@", ";", "=", "\\", "+", ".", "!", "~", "\t", "-"];
const TEXT: &[&str] = &["a", "é", "🦀", " ", "  ", ":", " :", "@", ";", "\\", "\u{1}", "\u{2}", "\t", "#x"];
const VALUE: &[&str] = &["a", "é", " ", ";", "\\", "\r", "\n", "=", ",", ":", "s", "n", "r", "\\s"];
const TAGS: &[&str] =
    &["a", "+a", "a=1", ";", ";", ";", "=", "\\", "\\s", "\\:", "v.x/b", "=é", "+/", "time="];
const LINE: &[&str] =
    &["a", "é", "🦀", "#x", "=", ";", "\\", " ", " ", " ", "  ", ":", " :", "@", "!", "NICK"];
const KEYS: &[&str] =
    &["a", "+a", "msgid", "+draft/reply", "v.x/b", "+v.x/b-c", "time", "draft/multiline-concat"];

fn made_of(pieces: &'static [&'static str], size: impl Into<SizeRange>) -> impl Strategy<Value = String> {
    vec(0..pieces.len(), size).prop_map(|drawn| drawn.into_iter().map(|at| pieces[at]).collect())
}

fn word() -> impl Strategy<Value = String> {
    (0..FIRST.len(), made_of(WORD, 0..6)).prop_map(|(first, rest)| FIRST[first].to_owned() + &rest)
}

#[test]
fn what_is_written_is_read_again() {
    let cases = || {
        let tags = vec((0..KEYS.len(), made_of(VALUE, 0..6)), 0..4);
        (tags, option::of(word()), word(), vec(word(), 0..14), made_of(TEXT, 0..8))
    };
    holds_a_million_times(cases, |(tags, source, verb, params, text)| {
        let tags: BTreeMap<_, _> =
            tags.into_iter().map(|(key, value)| (KEYS[key].to_owned(), value)).collect();
        let line = written(|out| {
            let head = tags.iter().fold(Head::new(out), |head, (key, value)| head.tag(key, value));
            let line = head.command(source.as_deref(), &verb).params(params.iter().map(String::as_str));
            assert_eq!(line.trailing(&text), "");
        });
        let message = Message::from_client(line.strip_suffix("\r\n").expect("an end")).expect("a message");
        prop_assert_eq!((message.source, message.verb), (source.as_deref(), &*verb));
        let (last, middle) = message.params.split_last().expect("a text");
        prop_assert!(middle.iter().eq(&params) && *last == text, "{:?}", message.params);
        let read: BTreeMap<_, _> =
            message.tags.iter().map(|tag| (tag.key.to_owned(), tag.value().into_owned())).collect();
        prop_assert_eq!(read, tags);
        Ok(())
    });
}

#[test]
fn what_is_read_is_the_same_when_it_is_written_and_read_again() {
    let cases = || (option::of(made_of(TAGS, 0..10)), option::of(word()), made_of(LINE, 0..24));
    holds_a_million_times(cases, |(tags, source, rest)| {
        let mut line = String::new();
        for (sign, word) in [('@', tags), (':', source)] {
            if let Some(word) = word {
                line.extend([sign]);
                line.extend([&*word, " "]);
            }
        }
        line.push_str(&rest);
        let Ok(read) = Message::from_client(&line) else { return Ok(()) };
        // A word that would be read as what stands before it is written as none.
        if read.verb.starts_with([':', '@'])
            || read.source.is_some_and(|source| source.starts_with(':') || source.is_empty())
        {
            return Ok(());
        }
        let known = || read.tags.iter().filter(|tag| is_tag_key(tag.key));
        let again = written(|out| {
            let head = known().fold(Head::new(out), |head, tag| head.tag(tag.key, &tag.value()));
            let line = head.command(read.source, read.verb);
            match read.params.split_last() {
                Some((last, middle)) => assert_eq!(line.params(middle.iter().copied()).trailing(last), ""),
                None => line.end(),
            }
        });
        let again = Message::from_client(again.strip_suffix("\r\n").expect("an end")).expect("a message");
        prop_assert_eq!((again.source, again.verb), (read.source, read.verb));
        prop_assert_eq!(&*again.params, &*read.params);
        let pair = |tag: proto::irc::Tag<'_>| (tag.key.to_owned(), tag.value().into_owned());
        prop_assert!(known().map(pair).eq(again.tags.iter().map(pair)), "{line:?}");
        Ok(())
    });
}

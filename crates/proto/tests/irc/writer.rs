use proptest::prelude::*;
use proto::irc::{Head, Line, MAX_BODY, MAX_TAGS, Message, ctcp};
use proto::plain::At;

use crate::written;

const SEEN: At = At(1_783_080_245_678_000);

#[test]
fn lines_look_as_documented() {
    let line = written(|out| {
        let head = Head::new(out).optional_tag("label", Some("7")).optional_tag("batch", None).time(SEEN);
        let line = head.tag("bot", "").tag("+draft/reply", "a b;c\\\r\n").command(Some("a!~u@h"), "PRIVMSG");
        line.param("#c").trailing("hi :)");
    });
    let tags = "@label=7;time=2026-07-03T12:04:05.678Z;bot;+draft/reply=a\\sb\\:c\\\\\\r\\n";
    assert_eq!(line, format!("{tags} :a!~u@h PRIVMSG #c :hi :)\r\n"));
    let topic =
        written(|out| Line::numeric(out, "srv", 333, "me").param("#c").number(0).number(u64::MAX).end());
    assert_eq!(topic, ":srv 333 me #c 0 18446744073709551615\r\n");
    let marker = written(|out| Line::command(out, None, "MARKREAD").timestamp("timestamp=", SEEN).end());
    assert_eq!(marker, "MARKREAD timestamp=2026-07-03T12:04:05.678Z\r\n");
    let welcome = written(|out| Line::numeric(out, "srv", 1, "").trailing(""));
    assert_eq!(welcome, ":srv 001 * :\r\n");
}

#[test]
fn no_text_becomes_another_line() {
    let line = written(|out| {
        let head = Head::new(out).tag("a b", "c").tag("n", "\0x\r\n").tag("", "x");
        let line = head.command(Some("s p"), "QUIT\r\nX").param("").param(":x").param("a\nb");
        line.trailing("hi\r\nQUIT\0:x");
    });
    assert_eq!(line, "@n=x\\r\\n :* * * * * :hi  QUIT :x\r\n");
    assert_eq!(written(|out| Line::command(out, None, "@a").trailing("PING")), "* :PING\r\n");
    // Bold, colours and CTCP are for clients; the rest is for terminals.
    let looks = written(|out| {
        Head::new(out)
            .tag("n", "a\u{1b}b\u{7f}")
            .command(None, "X")
            .param("a\u{7}")
            .trailing("\u{1}\u{2}b\u{3}04\t\u{1b}[31m\u{85}\u{9b}é\u{7f}")
    });
    assert_eq!(looks, "@n=ab X * :\u{1}\u{2}b\u{3}04\t [31m\u{a0}\u{a0}é \r\n");
}

#[test]
fn a_body_takes_510_bytes_and_says_what_it_does_not() {
    let begin = ":srv PRIVMSG #c :";
    for (text, rest) in [(510, 0), (511, 1), (2000, 1490)] {
        let text = "x".repeat(text - begin.len());
        let line = written(|out| {
            let line = Line::command(out, Some("srv"), "PRIVMSG").param("#c");
            assert_eq!(line.room(), MAX_BODY - begin.len());
            assert_eq!(line.trailing(&text).len(), rest);
        });
        assert_eq!(line.len(), MAX_BODY + "\r\n".len());
    }
}

#[test]
fn a_cut_is_never_within_a_character() {
    let text = "é".repeat(300);
    let line = written(|out| {
        assert_eq!(Line::command(out, None, "TOPIC").trailing(&text).len(), 2 * (300 - 251));
    });
    assert_eq!(line, format!("TOPIC :{}\r\n", "é".repeat(251)));
    let long = "é".repeat(400);
    let line = written(|out| {
        let line = Line::command(out, None, "X").param(&long);
        assert!(line.is_cut() && line.left() == 0);
        let line = line.param("more").number(7).timestamp("", SEEN);
        assert_eq!(line.trailing("text"), "text");
    });
    assert_eq!(line, format!("X {}\r\n", "é".repeat(254)));
}

#[test]
fn no_source_leaves_a_line_without_room_for_its_verb() {
    for (bytes, is_said) in [(300, true), (301, false)] {
        let source = "x".repeat(bytes);
        let line = written(|out| Line::command(out, Some(&source), "X").param("y").end());
        assert_eq!(line, format!(":{} X y\r\n", if is_said { &source } else { "*" }));
    }
}

#[test]
fn a_number_is_whole_or_not_there() {
    let line = written(|out| Line::command(out, None, "X").param(&"x".repeat(500)).number(123_456_789).end());
    assert_eq!(line.len(), "X \r\n".len() + 500);
}

#[test]
fn tags_are_whole_or_not_there() {
    let value = "x".repeat(MAX_TAGS - "@a= ".len());
    let fits = written(|out| Head::new(out).tag("a", &value).tag("b", "").command(None, "X").end());
    assert_eq!(fits, format!("@a={value} X\r\n"));
    let over = written(|out| {
        Head::new(out).tag("a", &format!("{value}x")).tag("b", "").command(None, "X").end();
    });
    assert_eq!(over, "@b X\r\n");
}

#[test]
fn tags_without_a_verb_are_no_line() {
    assert_eq!(written(|out| drop(Head::new(out).tag("a", "b"))), "");
}

#[test]
fn one_body_serves_readers_with_other_tags() {
    let whole = written(|out| {
        Head::new(out).tag("a", "1").command(Some("n"), "PRIVMSG").param("#c").trailing("hi");
    });
    for (tagged, expected) in [(true, "@msgid=7 :n PRIVMSG #c :hi\r\n"), (false, ":n PRIVMSG #c :hi\r\n")] {
        let msgid = tagged.then_some("7");
        let copied = written(|out| Head::new(out).optional_tag("msgid", msgid).copy(whole.as_bytes()));
        assert_eq!(copied, expected);
    }
    assert_eq!(written(|out| Head::new(out).tag("a", "b").copy(b"@only")), "");
    assert_eq!(written(|out| Head::new(out).copy(b"A\r\nB\r\n")), "A\r\n");
}

#[test]
fn a_list_goes_on_in_the_next_line() {
    let nicks: Vec<String> = (0..150).map(|nth| format!("nick{nth}")).collect();
    let lines = written(|out| {
        let mut rest = &nicks[..];
        while !rest.is_empty() {
            let mut text = Line::numeric(out, "srv", 353, "me").param("=").param("#c").text();
            let fits = rest.iter().take_while(|nick| text.word(&["@", nick])).count();
            rest = &rest[fits..];
        }
    });
    let mut seen = Vec::new();
    for line in lines.lines() {
        assert!(line.len() <= MAX_BODY);
        seen.extend(
            Message::from_server(line).unwrap().params[3].split(' ').map(|nick| nick[1..].to_owned()),
        );
    }
    assert_eq!(lines.lines().count(), 3);
    assert_eq!(seen, nicks);
}

#[derive(Debug, Clone)]
enum Put {
    Param(String),
    Number(u64),
    Timestamp(String),
}

fn put() -> impl Strategy<Value = Put> {
    prop_oneof![
        4 => text().prop_map(Put::Param),
        1 => any::<u64>().prop_map(Put::Number),
        1 => text().prop_map(Put::Timestamp),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zé#]{1,8}",
        2 => "[ :@;\\\\=\r\n\0\x01\x07\x1b\x7fa]{0,8}",
        1 => any::<String>(),
        1 => "[xé ]{400,600}",
        1 => "[:@][a-z]{0,3}",
    ]
}

/// A word that can stand anywhere.
fn word() -> impl Strategy<Value = String> {
    "[^ :@\\x00-\\x1f\\x7f][^ \\x00-\\x08\\x0a-\\x1f\\x7f]{0,8}"
}

proptest! {
    #[test]
    fn whatever_is_written_is_one_line_of_the_grammar(
        tags in prop::collection::vec(("[a+/-]{0,4}", text()), 0..4),
        source in prop::option::of(text()),
        verb in text(),
        puts in prop::collection::vec(put(), 0..20),
        trailing in prop::option::of((any::<bool>(), text())),
    ) {
        let line = written(|out| {
            let head = tags.iter().fold(Head::new(out), |head, (key, value)| head.tag(key, value));
            let line = puts.iter().fold(head.command(source.as_deref(), &verb), |line, put| match put {
                Put::Param(param) => line.param(param),
                Put::Number(number) => line.number(*number),
                Put::Timestamp(prefix) => line.timestamp(prefix, SEEN),
            });
            match &trailing {
                Some((false, text)) => assert!(text.ends_with(line.trailing(text))),
                Some((true, text)) => assert!(text.ends_with(ctcp::write(line, "ACTION", text))),
                None => line.end(),
            }
        });
        let body = line.strip_suffix("\r\n").expect("an end");
        let is_raw = body.contains(['\0', '\r', '\n', '\x07', '\x1b', '\x7f']);
        prop_assert!(!is_raw);
        let message = Message::from_server(body).expect("a message");
        prop_assert_eq!(message.source.is_some(), source.is_some());
        let written = puts.len() + usize::from(trailing.is_some());
        prop_assert!(message.params.len() <= written);
        if let Some((true, _)) = trailing && message.params.len() == written && written < 15 {
            let text = message.params[written - 1];
            let whole = ctcp::action(text).is_some() && text.ends_with('\u{1}');
            prop_assert!(whole);
        }
    }

    #[test]
    fn what_is_written_is_read_again(
        tags in prop::collection::btree_map("\\+?([a-z.]{1,5}/)?[a-z-]{1,5}", "[\r\n[^\\x00-\\x1f\\x7f]]{0,20}", 0..4),
        source in prop::option::of(word()),
        verb in word(),
        params in prop::collection::vec(word(), 0..14),
        trailing in "[\u{1}\u{2}\t[^\\x00-\\x1f\\x7f-\\x{9f}]]{0,20}",
    ) {
        let line = written(|out| {
            let head = tags.iter().fold(Head::new(out), |head, (key, value)| head.tag(key, value));
            let line = head.command(source.as_deref(), &verb).params(params.iter().map(String::as_str));
            assert_eq!(line.trailing(&trailing), "");
        });
        let message = Message::from_client(line.trim_end_matches(['\r', '\n'])).expect("a message");
        prop_assert_eq!(message.source, source.as_deref());
        prop_assert_eq!(message.verb, verb);
        let (last, middle) = message.params.split_last().expect("a trailing one");
        prop_assert_eq!(middle, &params[..]);
        prop_assert_eq!(*last, trailing);
        let read = message.tags.iter().map(|tag| (tag.key.to_owned(), tag.value().into_owned())).collect();
        prop_assert_eq!(tags, read);
    }
}

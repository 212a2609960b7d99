//! The grammar of the line protocol, from both sides.

use proptest::prelude::*;
use proto::plain::{At, Body, Event, Frame, MessageKind, Params, Reason, Request, ServerLine, Tags, decode};

const SEEN: At = At(1_783_080_245_678_000);

fn request(line: &str) -> Request {
    decode(line).expect("well formed").expect("not blank")
}

fn refusal(line: &str) -> (Option<String>, Reason) {
    let error = decode(line).expect_err("must be refused");
    (error.id, error.reason)
}

fn text(text: &str) -> Body {
    Body::Text(text.to_owned())
}

fn verb(verb: &str, rest: &str) -> Body {
    Body::Verb { verb: verb.to_owned(), rest: rest.to_owned() }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn what_has_no_slash_is_said() {
    assert_eq!(request("salut").body, text("salut"));
    assert_eq!(request("  indented ").body, text("  indented "));
    assert_eq!(request("//shrug").body, text("/shrug"));
    assert_eq!(request("/say /shrug").body, text("/shrug"));
    assert_eq!(request("/SAY  two spaces").body, text(" two spaces"));
}

#[test]
fn blank_lines_are_nothing() {
    assert_eq!(decode(""), Ok(None));
    assert_eq!(decode(" \t "), Ok(None));
}

#[test]
fn verbs_are_read_in_any_case() {
    assert_eq!(request("/Join #general").body, verb("join", "#general"));
    assert_eq!(request("/ping").body, verb("ping", ""));
    assert_eq!(request("/").body, verb("", ""));
}

#[test]
fn only_id_and_key_make_tags() {
    for line in
        ["@bob hi", "@", "@id", "@id hi", "@ID=7 hi", "@foo=1;id=7 hi", "@everyone id=7 hi", "@ id=7 hi"]
    {
        assert_eq!(request(line), Request { id: None, key: None, body: text(line) });
    }
    let key = "0123456789abcdef";
    let both = request(&format!("@id=7;key={key} /msg #general hi"));
    assert_eq!(both.id.as_deref(), Some("7"));
    assert_eq!(both.key.as_deref(), Some(key));
    assert_eq!(both.body, verb("msg", "#general hi"));
    assert_eq!(request(&format!("@key={key};id=7 @bob hi")).body, text("@bob hi"));
}

#[test]
fn tags_that_are_wrong_are_never_said_aloud() {
    let invalid = |tag: &str| Reason::InvalidTag { tag: tag.to_owned() };
    let long = format!("@id={} hi", "x".repeat(65));
    for line in ["@id= hi", "@id=é hi", "@id=a,b hi", &long, "@id="] {
        assert_eq!(refusal(line), (None, invalid("id")));
    }
    assert_eq!(refusal("@id=7;foo=1 hi"), (Some("7".to_owned()), invalid("foo")));
    assert_eq!(refusal("@id=7;id=8 hi"), (Some("7".to_owned()), invalid("id")));
    assert_eq!(refusal("@id=7; hi"), (Some("7".to_owned()), invalid("")));
    assert_eq!(refusal("@key=short;id=7 /msg #a hi"), (Some("7".to_owned()), Reason::InvalidKey));
}

#[test]
fn tags_without_a_body_still_get_an_answer() {
    assert_eq!(refusal("@id=7"), (Some("7".to_owned()), Reason::MissingParameter("text")));
    assert_eq!(refusal("@id=7  "), (Some("7".to_owned()), Reason::MissingParameter("text")));
    assert_eq!(refusal("@id=7 /say"), (Some("7".to_owned()), Reason::MissingParameter("text")));
}

#[test]
fn parameters_come_off_one_by_one() {
    let mut params = Params::new("  #general  bob  for  noise ");
    assert_eq!(params.channel(), Some("#general"));
    assert_eq!(params.channel(), None);
    assert_eq!(params.required("nick"), Ok("bob"));
    assert_eq!(params.text(), Some(" for  noise "));
    assert_eq!(Params::new(" ").word(), None);
    assert_eq!(Params::new(" ").required_text("text"), Err(Reason::MissingParameter("text")));
}

#[test]
fn what_was_typed_is_not_in_debug_output() {
    let shown = format!("{:?}", request("/login alice hunter2hunter2"));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn replies_look_as_documented() {
    let tags = Tags { id: Some("7"), dup: true };
    let sent =
        written(|out| Frame::last(out, tags, 201, "sent").param("#general").number(43).param("3f9-43").end());
    assert_eq!(sent, "@id=7;dup=1 201 sent #general 43 3f9-43\n");
    let channel = written(|out| {
        Frame::more(out, Tags::id(None), 200, "channel").param("#général").number(0).text("");
    });
    assert_eq!(channel, "200-channel #général 0 :\n");
    let odd = written(|out| {
        Frame::last(out, Tags { id: None, dup: true }, 404, "unknown-command")
            .param(":a b\u{1}")
            .optional(None)
            .end();
    });
    assert_eq!(odd, "@dup=1 404 unknown-command \\u{3a}a\\u{20}b\\u{1} -\n");
}

#[test]
fn a_message_of_several_lines_repeats_its_head() {
    let (kind, target, nick) = (MessageKind::Msg, "#general", "bob");
    let event = Event::Message { kind, target, seq: 43, at: SEEN, nick, text: "one\n\nthree" };
    assert_eq!(
        written(|out| event.wire(out)),
        "100-msg #general 43 2026-07-03T12:04:05.678Z bob :one\n\
         100-msg #general 43 2026-07-03T12:04:05.678Z bob :\n\
         100 msg #general 43 2026-07-03T12:04:05.678Z bob :three\n"
    );
    assert_eq!(
        written(|out| event.human(SEEN, out)),
        "12:04 #general <bob> one\n12:04 #general <bob> \n12:04 #general <bob> three\n"
    );
    let history =
        written(|out| Frame::more(out, Tags::id(Some("7")), 200, "msg").param(target).lines("a\nb"));
    assert_eq!(history, "@id=7 200-msg #general :a\n@id=7 200-msg #general :b\n");
}

#[test]
fn every_event_has_both_forms() {
    let (channel, target, nick, by) = ("#general", "#general", "bob", "alice");
    let message = |kind| Event::Message { kind, target, seq: 43, at: SEEN, nick, text: "salut" };
    let events = [
        (
            message(MessageKind::Action),
            "100 action #general 43 2026-07-03T12:04:05.678Z bob :salut",
            "12:04 #general * bob salut",
        ),
        (
            message(MessageKind::Notice),
            "100 notice #general 43 2026-07-03T12:04:05.678Z bob :salut",
            "12:04 #general -bob- salut",
        ),
        (
            Event::Redact { target, seq: 44, at: SEEN, nick, redacted: 43 },
            "100 redact #general 44 2026-07-03T12:04:05.678Z bob 43",
            "12:04 #general * bob redacted 43",
        ),
        (
            Event::Edit { target, seq: 44, at: SEEN, nick, edited: 43, text: "salut!" },
            "100 edit #general 44 2026-07-03T12:04:05.678Z bob 43 :salut!",
            "12:04 #general * bob edited 43: salut!",
        ),
        (
            Event::React { target, seq: 45, at: SEEN, nick, of: 43, emoji: "👍", back: false },
            "100 react #general 45 2026-07-03T12:04:05.678Z bob 43 :👍",
            "12:04 #general * bob reacted to 43: 👍",
        ),
        (
            Event::React { target, seq: 46, at: SEEN, nick, of: 43, emoji: "👍", back: true },
            "100 unreact #general 46 2026-07-03T12:04:05.678Z bob 43 :👍",
            "12:04 #general * bob unreacted to 43: 👍",
        ),
        (Event::Join { channel, nick }, "100 join #general bob", "12:04 #general * bob joined"),
        (Event::Part { channel, nick, reason: "" }, "100 part #general bob :", "12:04 #general * bob left"),
        (Event::Quit { nick, reason: "tired" }, "100 quit bob :tired", "12:04 * bob quit (tired)"),
        (Event::Nick { old: "bob", new: "rob" }, "100 nick bob rob", "12:04 * bob is now rob"),
        (
            Event::Renamed { old: channel, new: "#new", nick, reason: "a b" },
            "100 renamed #general #new bob :a b",
            "12:04 #general * bob named the channel #new (a b)",
        ),
        (
            Event::Topic { channel, nick, text: "a b" },
            "100 topic #general bob :a b",
            "12:04 #general * bob set the topic: a b",
        ),
        (
            Event::Kick { channel, by, nick, reason: "spam" },
            "100 kick #general alice bob :spam",
            "12:04 #general * alice removed bob (spam)",
        ),
        (
            Event::Mode { channel, by, change: "+o bob" },
            "100 mode #general alice +o bob",
            "12:04 #general * alice set +o bob",
        ),
        (Event::Invite { channel, by }, "100 invite #general alice", "12:04 * alice invites you to #general"),
        (Event::Closing { reason: "restart" }, "100 closing :restart", "12:04 * closing (restart)"),
    ];
    for (event, wire, human) in events {
        assert_eq!(written(|out| event.wire(out)), format!("{wire}\n"));
        assert_eq!(written(|out| event.human(SEEN, out)), format!("{human}\n"));
    }
}

#[test]
fn texts_are_written_as_they_are_but_for_what_controls() {
    let line = |text: &str| written(|out| Frame::event(out, "closing").text(text));
    assert_eq!(line("tab\tC:\\users 日本 é :)"), "100 closing :tab\tC:\\users 日本 é :)\n");
    assert_eq!(line("a\u{1b}[31m\r\u{7f}\u{85}"), "100 closing :a\\u{1b}[31m\\u{d}\\u{7f}\\u{85}\n");
    assert_eq!(line("\u{202e}\u{2066}\u{61c}\u{2028}"), "100 closing :\\u{202e}\\u{2066}\\u{61c}\\u{2028}\n");
    // So that what a person typed is never read back as something else.
    assert_eq!(line("\\u{41}"), "100 closing :\\u{5c}u{41}\n");
}

#[test]
fn lines_of_a_server_are_read() {
    let line = ServerLine::parse("@id=7;new=1 200-name #x \\u{20} :\\u{202e} \\u{zz}").unwrap();
    assert_eq!(line.tag("id"), Some("7"));
    assert_eq!((line.code, line.last, line.word()), (200, false, "name"));
    assert_eq!((line.param(0), line.param(1), line.param(2)), (Some("#x"), Some(" "), None));
    assert_eq!(line.text.as_deref(), Some("\u{202e} \\u{zz}"));
    for wrong in
        ["", "2", "200", "20x hi", "200_hi", "200 ", "200 a  b", "200 :a", "@id=7", "@id 200 a", "200 a\n"]
    {
        assert!(ServerLine::parse(wrong).is_err(), "{wrong:?}");
    }
}

/// Characters that a careless encoder would trip over, more often than chance would give them.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => any::<char>().prop_map(String::from),
        3 => "[a-z:@ ]{0,6}",
        3 => prop::sample::select(vec![
            "\n", "\r", "\0", "\u{1b}", " :", "\\", "\\u{", "\\u{41}", "}", "\u{202e}", "\u{2028}", "\u{85}", "100 msg", "\t", "-",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn label() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[A-Za-z0-9_-]{1,64}")
}

fn assert_harmless(line: &str) {
    for c in line.chars() {
        let controls = c.is_control() && c != '\t';
        let bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!controls && !bidi && !matches!(c, '\u{2028}' | '\u{2029}'), "{c:?} in {line:?}");
    }
}

fn or_dash(word: &str) -> String {
    if word.is_empty() { "-".to_owned() } else { word.to_owned() }
}

proptest! {
    #[test]
    fn a_reply_reads_back_as_it_was(
        id in label(), dup: bool, code in 100u16..600, last: bool, number: u64,
        words in prop::collection::vec(nasty(), 1..5), text in prop::option::of(nasty()),
    ) {
        let tags = Tags { id: id.as_deref(), dup };
        let out = written(|out| {
            let mut frame = match last {
                true => Frame::last(out, tags, code, &words[0]),
                false => Frame::more(out, tags, code, &words[0]),
            };
            for word in &words[1..] {
                frame = frame.param(word);
            }
            frame = frame.number(number);
            match &text {
                Some(text) => frame.text(text),
                None => frame.end(),
            }
        });
        let line = out.strip_suffix('\n').expect("ends");
        assert_harmless(line);
        let read = ServerLine::parse(line).unwrap();
        prop_assert_eq!(read.tag("id"), id.as_deref());
        prop_assert_eq!(read.tag("dup").is_some(), dup);
        prop_assert_eq!((read.code, read.last), (code, last));
        let mut expected: Vec<String> = words.iter().map(|word| or_dash(word)).collect();
        expected.push(number.to_string());
        prop_assert_eq!(read.words, expected);
        prop_assert_eq!(read.text, text);
    }

    #[test]
    fn a_message_reads_back_as_it_was(target in nasty(), nick in nasty(), text in nasty(), seq: u64, micros: i64) {
        let event = Event::Message { kind: MessageKind::Msg, target: &target, seq, at: At(micros), nick: &nick, text: &text };
        let out = written(|out| event.wire(out));
        let lines: Vec<_> = out.split_terminator('\n').map(|line| ServerLine::parse(line).unwrap()).collect();
        prop_assert_eq!(lines.len(), text.split('\n').count());
        for (index, line) in lines.iter().enumerate() {
            assert_harmless(line.param(2).unwrap());
            prop_assert_eq!(line.last, index + 1 == lines.len());
            prop_assert_eq!(&line.words[..3], &["msg".to_owned(), or_dash(&target), seq.to_string()]);
            prop_assert_eq!(&line.words[4..], &[or_dash(&nick)]);
        }
        let read: Vec<_> = lines.into_iter().filter_map(|line| line.text).collect();
        prop_assert_eq!(read.join("\n"), text);
    }

    #[test]
    fn no_event_makes_another_line_or_a_raw_control_character(a in nasty(), b in nasty(), text in nasty(), micros: i64) {
        let at = At(micros);
        let message = Event::Message { kind: MessageKind::Action, target: &a, seq: 1, at, nick: &b, text: &text };
        let rows = text.split('\n').count();
        let events = [
            (message, rows),
            (Event::Redact { target: &a, seq: 2, at, nick: &b, redacted: 1 }, 1),
            (Event::Edit { target: &a, seq: 2, at, nick: &b, edited: 1, text: &text }, rows),
            (Event::React { target: &a, seq: 3, at, nick: &b, of: 1, emoji: &text, back: false }, 1),
            (Event::Join { channel: &a, nick: &b }, 1),
            (Event::Part { channel: &a, nick: &b, reason: &text }, 1),
            (Event::Quit { nick: &b, reason: &text }, 1),
            (Event::Nick { old: &a, new: &b }, 1),
            (Event::Renamed { old: &a, new: &a, nick: &b, reason: &text }, 1),
            (Event::Topic { channel: &a, nick: &b, text: &text }, 1),
            (Event::Kick { channel: &a, by: &b, nick: &b, reason: &text }, 1),
            (Event::Mode { channel: &a, by: &b, change: &text }, 1),
            (Event::Invite { channel: &a, by: &b }, 1),
            (Event::Closing { reason: &text }, 1),
        ];
        for (event, rows) in events {
            for out in [written(|out| event.wire(out)), written(|out| event.human(at, out))] {
                prop_assert!(out.ends_with('\n'));
                let lines: Vec<_> = out.split_terminator('\n').collect();
                prop_assert_eq!(lines.len(), rows);
                lines.into_iter().for_each(assert_harmless);
            }
            for line in written(|out| event.wire(out)).lines() {
                prop_assert!(ServerLine::parse(line).is_ok(), "{}", line);
            }
        }
    }

    #[test]
    fn a_request_reads_as_it_was_typed(
        id in label(), key in prop::option::of("[A-Za-z0-9_-]{16,64}"), name in "[a-z]{1,8}", rest in "[^\n]{0,30}",
    ) {
        prop_assume!(name != "say");
        let tags: Vec<_> = [id.as_ref().map(|id| format!("id={id}")), key.as_ref().map(|key| format!("key={key}"))]
            .into_iter().flatten().collect();
        let prefix = if tags.is_empty() { String::new() } else { format!("@{} ", tags.join(";")) };
        let read = request(&format!("{prefix}/{name} {rest}"));
        prop_assert_eq!(read, Request { id: id.clone(), key: key.clone(), body: verb(&name, &rest) });
        let said = request(&format!("{prefix}//{rest}"));
        prop_assert_eq!(said, Request { id, key, body: text(&format!("/{rest}")) });
    }

    #[test]
    fn nothing_that_is_typed_or_sent_panics(line in nasty(), start in "(@id=|@key=|@|/|100 |200-)?") {
        let line = start + &line;
        if let Ok(Some(Request { body: Body::Verb { rest, .. }, .. })) = decode(&line) {
            let mut params = Params::new(&rest);
            while params.channel().or_else(|| params.word()).is_some() {}
            prop_assert_eq!(params.text(), None);
        }
        let _ = ServerLine::parse(&line);
    }
}

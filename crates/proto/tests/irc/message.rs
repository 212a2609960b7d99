use proptest::prelude::*;
use proto::irc::{
    MAX_BODY, MAX_CLIENT_TAG_DATA, MAX_PARAMS, MAX_TAGS, Message, Part, Reason, Source, Tags, is_tag_key,
};
use proto::lines::{LineBuffer, MAX_IRC_LINE};

fn read(line: &str) -> Message<'_> {
    Message::from_client(line).expect("a message")
}

fn refusal(line: &str) -> (Reason, Option<&str>) {
    let error = Message::from_client(line).expect_err("must be refused");
    (error.reason, error.verb)
}

#[test]
fn spaces_are_tolerated_wherever_they_stand() {
    let message = read("  @a=1   :nick   PRIVMSG   #c   :two  spaces ");
    assert_eq!(message.tags.as_str(), "a=1");
    assert_eq!(message.source, Some("nick"));
    assert_eq!(message.verb, "PRIVMSG");
    assert_eq!(*message.params, ["#c", "two  spaces "]);
    assert_eq!(*read("NICK bob  ").params, ["bob"]);
    assert_eq!(*read("TOPIC #c :").params, ["#c", ""]);
}

#[test]
fn verbs_know_no_case() {
    let message = read("PrivMsg #c :hi");
    assert!(message.is("PRIVMSG") && message.is("privmsg") && !message.is("NOTICE"));
    assert_eq!(message.upper_verb(), "PRIVMSG");
    assert_eq!(message.verb, "PrivMsg");
}

#[test]
fn the_fifteenth_parameter_is_all_that_is_left() {
    let fifteen = "V 1 2 3 4 5 6 7 8 9 10 11 12 13 14";
    for (end, last) in
        [(" 15 ", "15"), (" 15 16  17", "15 16  17"), (" :15 16 ", "15 16 "), (" 15 :16", "15 :16")]
    {
        let line = format!("{fifteen}{end}");
        let message = read(&line);
        assert_eq!(message.params.len(), MAX_PARAMS);
        assert_eq!(message.params[13..], ["14", last]);
    }
}

#[test]
fn what_is_no_message_says_why() {
    assert_eq!(refusal(""), (Reason::Empty, None));
    assert_eq!(refusal("   "), (Reason::Empty, None));
    for line in ["@label=1", "@label=1 ", ":source", ":", "@a :b "] {
        assert_eq!(refusal(line), (Reason::NoVerb, None), "{line}");
    }
    for line in ["PRIVMSG #c :a\0", "PRIVMSG #c :a\rb", "PRIVMSG #c :a\nQUIT"] {
        assert_eq!(refusal(line), (Reason::ControlCharacter, Some("PRIVMSG")));
    }
}

#[test]
fn each_part_has_a_limit_of_its_own() {
    let body = |bytes: usize| format!("PRIVMSG #c :{}", "x".repeat(bytes - "PRIVMSG #c :".len()));
    let line = |tags: usize, rest: usize| format!("@label={} {}", "t".repeat(tags - 6), body(rest));
    assert!(Message::from_client(&body(MAX_BODY)).is_ok());
    assert!(Message::from_client(&line(MAX_CLIENT_TAG_DATA, MAX_BODY)).is_ok());
    let too_long = |part| (Reason::TooLong(part), Some("PRIVMSG"));
    assert_eq!(refusal(&body(MAX_BODY + 1)), too_long(Part::Body));
    assert_eq!(refusal(&line(MAX_CLIENT_TAG_DATA, MAX_BODY + 1)), too_long(Part::Body));
    assert_eq!(refusal(&line(MAX_CLIENT_TAG_DATA + 1, MAX_BODY)), too_long(Part::ClientTags));
    assert!(Message::from_server(&line(MAX_TAGS - 2, MAX_BODY)).is_ok());
    let over = line(MAX_TAGS - 1, MAX_BODY);
    assert_eq!(Message::from_server(&over).unwrap_err().reason, Reason::TooLong(Part::Tags));
}

#[test]
fn the_label_of_a_line_that_is_too_long_can_be_answered() {
    let line = format!("@label=7;+typing=active PRIVMSG #c :{}", "x".repeat(MAX_BODY));
    let error = Message::from_client(&line).unwrap_err();
    assert_eq!(error.tags.get("label").as_deref(), Some("7"));
    assert_eq!(error.to_string(), "a line without its tags is at most 510 bytes");
}

#[test]
fn the_last_of_equal_tags_counts_where_it_stands() {
    let tags = Tags::new("a=1;;b;a=2;=lost;+a=3;a=\\s\\:\\q\\");
    let all: Vec<_> = tags.iter().map(|tag| (tag.key, tag.value().into_owned())).collect();
    let expected = [("b", ""), ("+a", "3"), ("a", " ;q")];
    assert_eq!(all, expected.map(|(key, value)| (key, value.to_owned())));
    assert_eq!(tags.get("a").as_deref(), Some(" ;q"));
    assert_eq!(tags.get("c"), None);
}

#[test]
fn tags_know_where_they_come_from() {
    let tags: Vec<_> = Tags::new("+example.org/b=1;draft/reply;+typing").iter().collect();
    assert_eq!(tags.iter().map(|tag| tag.is_client_only()).collect::<Vec<_>>(), [true, false, true]);
    let vendors: Vec<_> = tags.iter().map(|tag| tag.vendor()).collect();
    assert_eq!(vendors, [Some("example.org"), Some("draft"), None]);
}

#[test]
fn keys_are_judged_only_when_we_write_them() {
    for key in ["a", "+a", "msgid", "draft/multiline-concat", "+example.org/a-1"] {
        assert!(is_tag_key(key), "{key}");
    }
    for key in ["", "+", "/", "a/", "/a", "+/a", "a b", "a/b/c", "a.b", "é", "a=b", "++a"] {
        assert!(!is_tag_key(key), "{key}");
    }
    assert_eq!(read("@ä/ö=1 PING").tags.get("ä/ö").as_deref(), Some("1"));
}

#[test]
fn passwords_are_not_in_debug_output() {
    let shown = format!("{:?}", read("@label=s3cret OPER bob s3cret"));
    assert!(shown.contains("OPER") && !shown.contains("s3cret"), "{shown}");
}

fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zé]{1,6}",
        4 => "[ :@;=]{1,3}",
        1 => prop::sample::select(vec!["\\", "+", "#", "\r", "\0", "\n", "\r\n", "/"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

type Seen = (String, Option<String>, String, Vec<String>);

fn seen(line: &str) -> Result<Seen, Reason> {
    let owned = |message: Message<'_>| {
        let params = message.params.iter().map(|&param| param.to_owned()).collect();
        let source = message.source.map(str::to_owned);
        (message.tags.as_str().to_owned(), source, message.verb.to_owned(), params)
    };
    Message::from_client(line).map(owned).map_err(|error| error.reason)
}

fn seen_in(chunks: &[&[u8]]) -> Vec<Option<Result<Seen, Reason>>> {
    let mut buffer = LineBuffer::new(MAX_IRC_LINE);
    let mut all = Vec::new();
    for chunk in chunks {
        buffer.feed(chunk);
        while let Some(line) = buffer.next_line() {
            all.push(line.ok().map(seen));
        }
    }
    all
}

proptest! {
    #[test]
    fn what_is_read_keeps_to_the_grammar(line in line()) {
        match Message::from_client(&line) {
            Ok(message) => {
                let words = message.params.iter().rev().skip(1).chain([&message.verb]).chain(&message.source);
                for word in words {
                    prop_assert!(!word.is_empty() && !word.contains(' '));
                }
                prop_assert!(message.params.len() <= MAX_PARAMS);
                for tag in message.tags.iter() {
                    prop_assert_eq!(message.tags.get(tag.key), Some(tag.value()));
                }
                let _ = (message.upper_verb(), message.sender());
            }
            Err(error) => prop_assert!(error.verb.is_none_or(|verb| !verb.is_empty())),
        }
    }

    #[test]
    fn any_source_comes_back(source in any::<String>()) {
        prop_assert_eq!(Source::parse(&source).to_string(), source);
    }

    #[test]
    fn any_chunking_gives_the_same_messages(lines in prop::collection::vec(line(), 0..6), size in 1usize..9) {
        let bytes = lines.join("\r\n").into_bytes();
        let chunks: Vec<_> = bytes.chunks(size).collect();
        prop_assert_eq!(seen_in(&chunks), seen_in(&[&bytes]));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        seen_in(&[&bytes]);
        let _ = Message::from_server(&String::from_utf8_lossy(&bytes));
    }
}

//! What stands in the parameters: long texts, CTCP, moments.

use proptest::prelude::*;
use proto::irc::split::{Piece, lines, pieces};
use proto::irc::{Line, MAX_BODY, ctcp, parse_timestamp};
use proto::plain::At;

use crate::written;

fn split(text: &str, max: usize) -> Vec<&str> {
    pieces(text, max).collect()
}

#[test]
fn long_texts_break_after_a_space_if_one_is_near() {
    assert_eq!(split("hello big world", 11), ["hello big ", "world"]);
    assert_eq!(split("a bcdefghijklmnop", 8), ["a bcdefg", "hijklmno", "p"]);
    assert_eq!(split("exactly", 7), ["exactly"]);
    assert_eq!(split("", 7), [""]);
    assert_eq!(split("ééé", 5), ["éé", "é"]);
    assert_eq!(split("🦀🦀", 0), ["🦀", "🦀"]);
}

#[test]
fn a_piece_knows_whether_its_line_began_before() {
    let piece = |text, joins| Piece { text, joins };
    let found: Vec<_> = lines("one\n\ntwo three four", 10).collect();
    let expected = [piece("one", false), piece("", false), piece("two three ", false), piece("four", true)];
    assert_eq!(found, expected);
}

#[test]
fn actions_are_told_from_other_queries() {
    assert_eq!(ctcp::action("\u{1}ACTION waves\u{1}"), Some("waves"));
    assert_eq!(ctcp::action("\u{1}action  waves"), Some(" waves"));
    assert_eq!(ctcp::action("\u{1}ACTION\u{1}"), Some(""));
    assert_eq!(ctcp::parse("\u{1}PING 1 2\u{1} rest"), Some(ctcp::Ctcp { command: "PING", params: "1 2" }));
    for text in ["ACTION waves", "", "\u{1}", "\u{1}\u{1}", "\u{1} x\u{1}", "say \u{1}ACTION x\u{1}"] {
        assert_eq!(ctcp::action(text), None);
        assert_eq!(ctcp::parse(text), None);
    }
    assert_eq!(ctcp::action("\u{1}VERSION\u{1}"), None);
}

#[test]
fn an_action_that_is_cut_still_ends() {
    let say = |text: &str| {
        let mut left = 0;
        let line = written(|out| {
            left = ctcp::write(Line::command(out, Some("a"), "PRIVMSG").param("#c"), "ACTION", text).len();
        });
        (line, left)
    };
    assert_eq!(say("waves"), (":a PRIVMSG #c :\u{1}ACTION waves\u{1}\r\n".to_owned(), 0));
    assert_eq!(say(""), (":a PRIVMSG #c :\u{1}ACTION\u{1}\r\n".to_owned(), 0));
    assert_eq!(say("a\u{1}b\nc").0, ":a PRIVMSG #c :\u{1}ACTION a b c\u{1}\r\n");
    let room = MAX_BODY - ":a PRIVMSG #c :\u{1}ACTION \u{1}".len();
    assert_eq!(say(&"x".repeat(room)).1, 0);
    let (line, left) = say(&"x".repeat(room + 3));
    assert!(line.ends_with("x\u{1}\r\n") && line.len() == MAX_BODY + 2 && left == 3);
}

fn micros(text: &str) -> Option<i64> {
    parse_timestamp(text).map(|At(micros)| micros)
}

#[test]
fn known_moments_are_read() {
    assert_eq!(micros("1970-01-01T00:00:00.000Z"), Some(0));
    assert_eq!(micros("2000-02-29T12:34:56.678901999Z"), Some(951_827_696_678_901));
    assert_eq!(micros("2100-03-01T00:00:00Z"), Some(4_107_542_400_000_000));
    assert_eq!(micros("1969-12-31T23:59:59.5Z"), Some(-500_000));
    // The leap second that the page on server-time shows.
    assert_eq!(micros("2012-06-30T23:59:60.419Z"), micros("2012-07-01T00:00:00.419Z"));
}

#[test]
fn what_is_no_moment_is_refused() {
    for text in [
        "",
        "Z",
        "T",
        "*",
        "2026-07-03",
        "2026-07-03T12:04:05.678",
        "2026-07-03T12:04:05.Z",
        "2026-7-03T12:04:05Z",
        "2026-02-29T12:04:05Z",
        "2100-02-29T12:04:05Z",
        "2026-13-01T12:04:05Z",
        "2026-00-01T12:04:05Z",
        "2026-01-00T12:04:05Z",
        "2026-01-01T24:04:05Z",
        "2026-01-01T12:60:05Z",
        "2026-01-01T12:04:61Z",
        "2026-01-01T12:04:05.1.2Z",
        "2026-01-01-01T12:04:05Z",
        "+026-01-01T12:04:05Z",
        "2026-01-01t12:04:05Z",
    ] {
        assert_eq!(micros(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn pieces_are_the_text_again(text in "[a-zé🦀 ]{0,200}", max in 0usize..60) {
        let found = split(&text, max);
        prop_assert_eq!(found.concat(), &text[..]);
        let max = max.max(4);
        prop_assert!(found.iter().all(|piece| piece.len() <= max));
        // No more of them than twice what is needed.
        prop_assert!(found[..found.len() - 1].iter().all(|piece| piece.len() + 3 > max / 2));
    }

    #[test]
    fn lines_are_the_text_again(text in "[aé \n]{0,100}", max in 4usize..20) {
        let mut again = String::new();
        for (nth, piece) in lines(&text, max).enumerate() {
            prop_assert!(piece.text.len() <= max && !piece.text.contains('\n'));
            prop_assert!(!piece.joins || !piece.text.is_empty());
            if nth > 0 && !piece.joins {
                again.push('\n');
            }
            again.push_str(piece.text);
        }
        prop_assert_eq!(again, text);
    }

    #[test]
    fn every_moment_that_is_written_is_read_again(ms in 0i64..253_402_300_800_000) {
        let at = At(ms * 1000);
        let line = written(|out| Line::command(out, None, "X").timestamp("", at).end());
        prop_assert_eq!(parse_timestamp(line[2..].trim_end()), Some(at));
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = (ctcp::parse(&text), parse_timestamp(&text));
    }
}

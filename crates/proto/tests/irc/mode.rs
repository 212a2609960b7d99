use proptest::prelude::*;
use proto::irc::mode::{Change, Class, Letters, ModeError, fitting, write};
use proto::irc::{Line, MAX_BODY, Message};

use crate::written;

const LETTERS: Letters<'static> =
    Letters { list: "beI", setting: "k", setting_when_set: "lw", flag: "Cimnrst", member: "qaohv" };

type Read<'a> = Vec<Result<Change<'a>, ModeError>>;

fn read<'a>(modes: &'a str, args: &'a [&'a str]) -> Read<'a> {
    LETTERS.changes(modes, args).collect()
}

fn change<'a>(add: bool, letter: char, arg: Option<&'a str>) -> Change<'a> {
    Change { add, class: LETTERS.class(letter).expect("a mode"), letter, arg }
}

fn line(changes: &[Change<'_>]) -> String {
    written(|out| write(Line::command(out, None, "MODE").param("#c"), changes).end())
}

#[test]
fn letters_take_their_arguments_in_turn() {
    let expected = [
        change(true, 'o', Some("alice")),
        change(true, 'n', None),
        change(true, 'k', Some("key")),
        change(false, 'l', None),
        change(false, 'b', Some("eve!*@*")),
        change(true, 'l', Some("5")),
    ];
    let args = ["alice", "key", "eve!*@*", "5", "left over"];
    assert_eq!(read("onk-lb+l", &args), expected.map(Ok));
}

#[test]
fn a_list_without_an_argument_is_a_question() {
    assert_eq!(read("b", &[]), [Ok(change(true, 'b', None))]);
    assert_eq!(read("-e", &[]), [Ok(change(false, 'e', None))]);
    // Clients do not know the key that they take away.
    assert_eq!(read("-k", &[]), [Ok(change(false, 'k', None))]);
}

#[test]
fn one_bad_letter_does_not_spoil_the_others() {
    let found = read("+xo-vs", &["alice"]);
    let missing = change(false, 'v', None);
    let expected = [
        Err(ModeError::Unknown('x')),
        Ok(change(true, 'o', Some("alice"))),
        Err(ModeError::MissingArg(missing)),
        Ok(change(false, 's', None)),
    ];
    assert_eq!(found, expected);
    assert_eq!(ModeError::MissingArg(missing).to_string(), "v needs an argument");
    assert_eq!(read("é+-", &[]), [Err(ModeError::Unknown('é'))]);
    assert_eq!(LETTERS.class('l'), Some(Class::SettingWhenSet));
}

#[test]
fn changes_are_written_with_no_sign_too_many() {
    let changes = [
        change(true, 'o', Some("a")),
        change(true, 'n', None),
        change(false, 'v', Some("b")),
        change(false, 't', None),
    ];
    assert_eq!(line(&changes), "MODE #c +on-vt a b\r\n");
    assert_eq!(line(&[]), "MODE #c +\r\n");
    assert_eq!(line(&[change(true, 'k', Some("a b"))]), "MODE #c +k *\r\n");
}

#[test]
fn what_does_not_fit_goes_on_in_the_next_line() {
    let mask = "x".repeat(200);
    let changes = [change(true, 'b', Some(&mask)); 5];
    let left = Line::command(&mut Vec::new(), None, "MODE").param("#c").left();
    assert_eq!(fitting(&changes, left, 12), 2);
    assert_eq!(fitting(&changes, left, 1), 1);
    assert_eq!(fitting(&changes, 3, 12), 1);
    assert_eq!(fitting(&[], left, 12), 0);
}

fn changes() -> impl Strategy<Value = Vec<(bool, char, String)>> {
    let letters: Vec<char> = "beIklwCimnrstqaohv".chars().collect();
    prop::collection::vec((any::<bool>(), prop::sample::select(letters), "[a-zé!*]{1,60}"), 0..13)
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(typed in changes()) {
        let given: Vec<_> = typed
            .iter()
            .map(|(add, letter, arg)| {
                let class = LETTERS.class(*letter).expect("a mode");
                let bare = class == Class::Flag || (class == Class::SettingWhenSet && !add);
                change(*add, *letter, (!bare).then_some(arg.as_str()))
            })
            .collect();
        let mut rest = &given[..];
        while !rest.is_empty() {
            let left = Line::command(&mut Vec::new(), None, "MODE").param("#c").left();
            let (now, after) = rest.split_at(fitting(rest, left, 12));
            let line = line(now);
            prop_assert!(line.len() <= MAX_BODY + 2);
            let message = Message::from_server(line.trim_end()).expect("a message");
            let (modes, args) = message.params[1..].split_first().expect("letters");
            prop_assert_eq!(read(modes, args), now.iter().copied().map(Ok).collect::<Read<'_>>());
            // Not one more would have fitted.
            if let Some(next) = after.first() && now.len() < 12 {
                let needed = 3 + next.arg.map_or(0, |arg| 1 + arg.len());
                prop_assert!(line.len() - 2 + needed > MAX_BODY);
            }
            rest = after;
        }
    }

    #[test]
    fn any_text_is_read(modes in any::<String>(), args in prop::collection::vec(any::<String>(), 0..4)) {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        prop_assert!(read(&modes, &args).len() <= modes.len());
    }
}

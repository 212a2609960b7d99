//! Names, texts and ids hold what they promise, whatever is typed.

use api::{
    AccountName, ChannelName, NameError, Nick, Timestamp,
    auth::{Scope, Scopes},
    id::{MessageId, UserId},
    mode::{Role, Roles},
    text::{LineText, MessageText},
};
use proptest::prelude::*;

#[test]
fn names_of_any_script_are_ordinary() {
    for name in ["alice", "Éloïse", "Ольга", "小明", "[bot]", "a-b_c", "`x", "अंजलि"] {
        assert!(Nick::try_from(name).is_ok(), "{name}: {:?}", Nick::try_from(name));
    }
    for name in ["#general", "#général", "##rust", "#日本語", "#a/b", "#😀", "#❤\u{fe0f}"] {
        assert!(ChannelName::try_from(name).is_ok(), "{name}");
    }
}

#[test]
fn what_is_not_a_name_says_why() {
    for (name, why) in [
        ("", NameError::Empty),
        ("1abc", NameError::Start),
        ("-abc", NameError::Start),
        ("a b", NameError::Character),
        ("a:b", NameError::Character),
        ("a\u{202e}b", NameError::Character),
        ("me", NameError::Reserved),
        ("ME", NameError::Reserved),
        ("pаypal", NameError::MixedScripts),
        ("abcdefghijklmnopqrstuvwxyzabcdefg", NameError::TooLong),
    ] {
        assert_eq!(AccountName::try_from(name).unwrap_err(), why, "{name}");
    }
    for (name, why) in [
        ("general", NameError::NoHash),
        ("#", NameError::Empty),
        ("#.", NameError::Reserved),
        ("#me", NameError::Reserved),
        ("#1a", NameError::Reserved),
        ("#a,b", NameError::ChannelCharacter),
        ("#\u{3164}", NameError::ChannelCharacter),
        ("#a\u{115f}", NameError::ChannelCharacter),
        ("#\u{fe0f}", NameError::ChannelCharacter),
        ("#\u{2800}", NameError::ChannelCharacter),
        ("#a\u{200b}b", NameError::ChannelCharacter),
        ("#a b", NameError::ChannelCharacter),
        ("#a\u{7}", NameError::ChannelCharacter),
    ] {
        assert_eq!(ChannelName::try_from(name).unwrap_err(), why, "{name}");
    }
}

#[test]
fn case_spelling_and_look_are_compared_and_ascii_stands_for_itself() {
    let nick = |name: &str| Nick::try_from(name).unwrap();
    assert_eq!(nick("Éloïse"), nick("e\u{301}LOI\u{308}SE"));
    assert_eq!(nick("STRASSE"), nick("straße"));
    assert_ne!(nick("user1").skeleton(), nick("userl").skeleton());
    // All of it Cyrillic, so allowed; it looks like Latin "copa".
    assert_eq!(nick("сора").skeleton(), nick("copa").skeleton());
    // What ASCII stands for itself does so beside other scripts, too.
    for (cyrillic, latin) in
        [("сахо1", "caxo1"), ("рор0", "pop0"), ("о|о", "o|o"), ("сахо`", "caxo`"), ("хх_1", "xx_1")]
    {
        assert_eq!(nick(cyrillic).skeleton(), nick(latin).skeleton(), "{cyrillic}");
    }
}

#[test]
fn a_message_has_one_spelling() {
    assert!("3f9-43".parse::<MessageId>().is_ok());
    for wrong in ["3f9-043", "3f9-+4", "3f9-0", "3f9", "a-1", "3f9-", "3f9--1"] {
        assert!(wrong.parse::<MessageId>().is_err(), "{wrong}");
    }
}

#[test]
fn times_are_written_with_milliseconds() {
    let time: Timestamp = "2026-01-31T12:04:05.678901Z".parse().unwrap();
    assert_eq!(time.to_string(), "2026-01-31T12:04:05.678Z");
    assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
}

#[test]
fn sets_keep_what_is_in_them() {
    let scopes: Scopes = [Scope::Read, Scope::Operator].into_iter().collect();
    assert_eq!(serde_json::to_string(&scopes).unwrap(), r#""read operator""#);
    assert_eq!(serde_json::from_str::<Scopes>(r#""operator future read""#).unwrap(), scopes);
    let roles: Roles = [Role::Voice, Role::Op].into_iter().collect();
    assert_eq!(serde_json::to_string(&roles).unwrap(), r#"["op","voice"]"#);
    assert_eq!(Roles::from_bits(roles.bits()), roles);
    assert!(roles.at_least(Role::HalfOp) && !roles.at_least(Role::Admin));
}

proptest! {
    #[test]
    fn a_nick_survives_its_own_spelling(text in "\\PC{0,40}") {
        if let Ok(nick) = Nick::try_from(&*text) {
            let again = Nick::try_from(nick.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), nick.as_str());
            prop_assert!(!nick.as_str().contains([' ', ':', ',', '\n', '@', '!', '#', '/']));
            prop_assert!(UserId::try_from(nick.as_str()).is_err(), "a nick that is an id");
        }
    }

    #[test]
    fn a_channel_name_is_one_word(text in "#?[\\x00-\\u{10ffff}]{0,30}") {
        if let Ok(name) = ChannelName::try_from(&*text) {
            prop_assert!(!name.as_str().chars().any(|c| c.is_whitespace() || c.is_control() || c == ','));
            prop_assert!(UserId::try_from(name.path_segment()).is_err(), "a name that is an id");
            prop_assert_eq!(ChannelName::from_path(name.path_segment()).unwrap(), name);
        }
    }

    #[test]
    fn stored_text_never_holds_what_would_end_a_line_early(text in any::<String>()) {
        if let Ok(text) = MessageText::try_from(text.clone()) {
            prop_assert!(!text.as_str().contains(['\0', '\r']));
        }
        if let Ok(text) = LineText::try_from(text) {
            prop_assert!(!text.as_str().contains(['\0', '\r', '\n']));
        }
    }

    #[test]
    fn times_survive_the_wire(micros in -60_000_000_000_000_000i64..250_000_000_000_000_000) {
        let time = Timestamp(micros).to_millis();
        prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
    }
}

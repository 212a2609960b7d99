//! What happened in a channel among what was said there.

mod town;

use self::town::{
    Person, Town,
    irc::{SERVER, tag},
};

const CAPS: &str = "batch draft/chathistory draft/event-playback echo-message message-tags server-time";

/// The lines of a history without the tags, and the ids of what they say.
async fn looks_back(person: &mut Person, line: &str) -> (Vec<String>, Vec<String>) {
    person.says(line).await;
    let heard = person.hears().await;
    let [begin, inside @ .., end] = &heard[..] else { panic!("{line}: {heard:?}") };
    assert!(begin.contains(" BATCH +") && end.contains(" BATCH -"), "{heard:?}");
    let bare = |line: &String| line.split_once(' ').expect("tags").1.to_owned();
    let verb_on = |line: String| line.split_once(' ').expect("a source").1.to_owned();
    let id = |line: &String| tag(line, "msgid").expect("it has a name").to_owned();
    (inside.iter().map(|line| verb_on(bare(line))).collect(), inside.iter().map(id).collect())
}

#[tokio::test]
async fn who_looks_back_sees_what_happened_among_what_was_said() {
    let town = Town::new().await;
    let mut alice = town.enters_with("alice", CAPS).await;
    let mut bob = town.enters_with("bob", "batch draft/chathistory message-tags server-time").await;
    alice.joins("#x").await;
    bob.joins("#x").await;
    let said = async |person: &mut Person, line: &str, seen: &str| {
        person.says(line).await;
        let heard = person.hears().await;
        let line = heard.iter().find(|line| line.ends_with(seen)).unwrap_or_else(|| panic!("{heard:?}"));
        tag(line, "msgid").unwrap_or_else(|| panic!("{line}")).to_owned()
    };
    let topic = said(&mut alice, "TOPIC #x :one", "TOPIC #x :one").await;
    let hi = said(&mut alice, "PRIVMSG #x :hi", "PRIVMSG #x :hi").await;
    let mode = said(&mut alice, "MODE #x +m", "MODE #x +m").await;
    let again = said(&mut alice, "PRIVMSG #x :again", "PRIVMSG #x :again").await;

    let (lines, ids) = looks_back(&mut alice, "CHATHISTORY LATEST #x * 4").await;
    assert_eq!(lines, ["TOPIC #x :one", "PRIVMSG #x :hi", "MODE #x +m", "PRIVMSG #x :again"]);
    assert_eq!(ids, [&*topic, &*hi, &*mode, &*again]);
    let all = ["JOIN #x", "MODE #x +o alice", "JOIN #x", "TOPIC #x :one", "PRIVMSG #x :hi"];
    let before = looks_back(&mut alice, &format!("CHATHISTORY BEFORE #x msgid={mode} 50")).await.0;
    assert_eq!(before.last().map(String::as_str), Some("PRIVMSG #x :hi"), "{before:?}");
    assert!(before.iter().all(|line| all.contains(&line.as_str())), "{before:?}");
    for (asked, found) in [
        (format!("AFTER #x msgid={topic} 2"), vec!["PRIVMSG #x :hi", "MODE #x +m"]),
        (format!("AFTER #x msgid={hi} 1"), vec!["MODE #x +m"]),
        (format!("BEFORE #x msgid={again} 2"), vec!["PRIVMSG #x :hi", "MODE #x +m"]),
        (format!("BETWEEN #x msgid={topic} msgid={again} 9"), vec!["PRIVMSG #x :hi", "MODE #x +m"]),
        (format!("BETWEEN #x msgid={again} msgid={topic} 1"), vec!["MODE #x +m"]),
        (format!("AROUND #x msgid={mode} 3"), vec!["PRIVMSG #x :hi", "MODE #x +m", "PRIVMSG #x :again"]),
        (format!("AROUND #x msgid={hi} 3"), vec!["TOPIC #x :one", "PRIVMSG #x :hi", "MODE #x +m"]),
        (format!("LATEST #x msgid={hi} 9"), vec!["MODE #x +m", "PRIVMSG #x :again"]),
    ] {
        assert_eq!(looks_back(&mut alice, &format!("CHATHISTORY {asked}")).await.0, found, "{asked}");
    }
    alice.says("CHATHISTORY AFTER #x msgid=1nowhere-v7 5").await;
    alice.sees_next(&format!("{SERVER} FAIL CHATHISTORY MESSAGE_ERROR AFTER #x :")).await;

    // Live it had the same names; who does not ask for it is shown what was said only.
    bob.hears().await;
    let (lines, ids) = looks_back(&mut bob, "CHATHISTORY LATEST #x * 9").await;
    assert_eq!((lines, ids), (vec!["PRIVMSG #x :hi".into(), "PRIVMSG #x :again".into()], vec![hi, again]));
    // Nobody is shown what happened before they came.
    let mut carol = town.enters_with("carol", CAPS).await;
    carol.joins("#x").await;
    let lines = looks_back(&mut carol, "CHATHISTORY LATEST #x * 9").await.0;
    assert_eq!(lines, ["PRIVMSG #x :hi", "PRIVMSG #x :again", "JOIN #x"]);
}

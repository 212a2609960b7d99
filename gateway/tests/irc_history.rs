//! What was said before, and how far it was read, over IRC: two connections, and the same by REST.

mod town;

use self::town::{
    Person, Town,
    irc::{SERVER, tag},
};

const CAPS: &str = "batch draft/chathistory echo-message labeled-response message-tags server-time";

/// Says something in a millisecond of its own; gives its id and time.
async fn says(person: &mut Person, to: &str, text: &str) -> (String, String) {
    let now = api::Timestamp::now().to_millis();
    while api::Timestamp::now().to_millis() <= now {
        tokio::task::yield_now().await;
    }
    let echo = person.asks(&format!("PRIVMSG {to} :{text}"), "@").await;
    let tag = |key| tag(&echo, key).unwrap_or_else(|| panic!("{key}: {echo}")).to_owned();
    (tag("msgid"), tag("time"))
}

/// The texts of a history.
async fn history(person: &mut Person, asked: &str, target: &str) -> Vec<String> {
    person.says(&format!("CHATHISTORY {asked}")).await;
    person.sees_next(&format!("{SERVER} BATCH +history chathistory {target}")).await;
    let mut texts = Vec::new();
    loop {
        let line = person.line().await.expect("the connection lives");
        if line.starts_with(&format!("{SERVER} BATCH -history")) {
            return texts;
        }
        assert_eq!(tag(&line, "batch"), Some("history"), "{line}");
        texts.push(line.trim_end_matches('\r').rsplit(" :").next().expect("a text").to_owned());
    }
}

#[tokio::test]
async fn a_channels_history_is_asked_for_by_ids_and_by_moments() {
    let town = Town::new().await;
    let mut alice = town.enters_with("alice", CAPS).await;
    alice.joins("#x").await;
    let mut ids = vec![(String::new(), String::new())];
    for text in ["1", "2", "3", "4", "5"] {
        ids.push(says(&mut alice, "#x", text).await);
    }
    for by in ["msgid", "timestamp"] {
        let at = |n: usize| format!("{by}={}", if by == "msgid" { &ids[n].0 } else { &ids[n].1 });
        for (asked, texts) in [
            ("LATEST #x * 2".to_owned(), vec!["4", "5"]),
            (format!("LATEST #x {} 9", at(3)), vec!["4", "5"]),
            (format!("LATEST #x {} 1", at(3)), vec!["5"]),
            (format!("BEFORE #x {} 2", at(4)), vec!["2", "3"]),
            (format!("AFTER #x {} 2", at(1)), vec!["2", "3"]),
            (format!("AROUND #x {} 3", at(3)), vec!["2", "3", "4"]),
            (format!("BETWEEN #x {} {} 2", at(1), at(5)), vec!["2", "3"]),
            (format!("BETWEEN #x {} {} 2", at(5), at(1)), vec!["3", "4"]),
            (format!("between #x msgid={} timestamp={} 9", ids[1].0, ids[4].1), vec!["2", "3"]),
            (format!("BETWEEN #x timestamp={} msgid={} 1", ids[4].1, ids[1].0), vec!["3"]),
        ] {
            assert_eq!(history(&mut alice, &asked, "#x").await, texts, "{asked}");
        }
    }
    alice.says("@label=7 CHATHISTORY LATEST #x * 1").await;
    alice.sees_next(&format!("@label=7 {SERVER} BATCH +history chathistory #x")).await;
    alice.sees(&format!("{SERVER} BATCH -history")).await;
    let mut bob = town.enters_with("bob", CAPS).await;
    for (asked, fail) in [
        ("LATEST #x * 9", "INVALID_TARGET LATEST #x :"),
        ("LATEST #nowhere * 9", "INVALID_TARGET LATEST #nowhere :"),
        ("LATEST nobody * 9", "INVALID_TARGET LATEST nobody :"),
        ("LATEST #x *", "NEED_MORE_PARAMS LATEST :"),
        ("LATEST #x * 0", "INVALID_PARAMS LATEST :"),
        ("AFTER #x id=1 9", "INVALID_MSGREFTYPE AFTER id=1 :"),
        ("SINCE #x * 9", "UNKNOWN_COMMAND SINCE :"),
    ] {
        bob.asks(&format!("CHATHISTORY {asked}"), &format!("{SERVER} FAIL CHATHISTORY {fail}")).await;
    }
    bob.joins("#x").await;
    assert_eq!(history(&mut bob, "LATEST #X * 9", "#X").await, ["1", "2", "3", "4", "5"]);
    let unknown = format!("{SERVER} FAIL CHATHISTORY MESSAGE_ERROR AFTER #x :");
    bob.asks("CHATHISTORY AFTER #x msgid=9nowhere-1 9", &unknown).await;
}

#[tokio::test]
async fn reactions_are_passed_over_and_what_was_taken_back_is_gone() {
    let town = Town::new().await;
    let rest = town.guest("rest").await;
    let mut alice = town.enters_with("alice", CAPS).await;
    alice.joins("#x").await;
    town.rules(&rest, "PUT", "/v1/channels/x/members/me", "{}").await;
    alice.sees("@time=").await;
    let (first, _) = says(&mut alice, "#x", "one").await;
    let (gone, _) = says(&mut alice, "#x", "oops").await;
    town.messages(&rest, "PUT", &format!("/v1/messages/{first}/reactions/%F0%9F%91%8D"), "").await;
    town.messages(&rest, "POST", "/v1/channels/x/messages", r#"{"text":"two\nlines"}"#).await;
    alice.asks(&format!("REDACT #x {gone}"), "").await;
    alice.hears().await;
    assert_eq!(history(&mut alice, "LATEST #x * 2", "#x").await, ["two", "lines"]);
    assert_eq!(history(&mut alice, "LATEST #x * 9", "#x").await, ["one", "two", "lines"]);
}

#[tokio::test]
async fn direct_conversations_have_their_history_and_are_listed_with_channels() {
    let town = Town::new().await;
    let (mut alice, mut bob) = (town.enters_with("alice", CAPS).await, town.enters_with("bob", CAPS).await);
    alice.joins("#x").await;
    let (_, in_channel) = says(&mut alice, "#x", "hello").await;
    let (first, _) = says(&mut alice, "bob", "psst").await;
    bob.hears().await;
    let (_, last) = says(&mut bob, "alice", "yes?").await;
    alice.hears().await;
    for (person, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
        assert_eq!(history(person, &format!("LATEST {other} * 9"), other).await, ["psst", "yes?"]);
        assert_eq!(history(person, &format!("AFTER {other} msgid={first} 9"), other).await, ["yes?"]);
    }
    says(&mut alice, "alice", "to me").await;
    alice.hears().await;
    assert_eq!(history(&mut alice, "LATEST alice * 9", "alice").await, ["to me"]);
    let from = "timestamp=2020-01-01T00:00:00.000Z";
    alice.says(&format!("CHATHISTORY TARGETS {from} timestamp=2262-01-01T00:00:00.000Z 2")).await;
    alice.sees_next(&format!("{SERVER} BATCH +history draft/chathistory-targets")).await;
    for (target, at) in [("#x", &in_channel), ("bob", &last)] {
        let line = format!("@batch=history {SERVER} CHATHISTORY TARGETS {target} {at}\r");
        assert_eq!(alice.line().await.expect("a line"), line);
    }
    alice.sees_next(&format!("{SERVER} BATCH -history")).await;
    alice.says(&format!("CHATHISTORY TARGETS {from} timestamp={last} 9")).await;
    let heard = alice.hears().await;
    assert_eq!(heard.len(), 3, "{heard:#?}");
}

#[tokio::test]
async fn who_cannot_ask_is_shown_the_latest_lines_where_the_channel_wants_that() {
    let town = Town::new().await;
    let founder = town.registers("founder").await;
    town.rules(&founder, "POST", "/v1/channels", r##"{"name":"#x"}"##).await;
    town.rules(&founder, "PATCH", "/v1/channels/x", r#"{"history":{"lines_on_join":2}}"#).await;
    town.rules(&founder, "PUT", "/v1/channels/x/members/me", "{}").await;
    for text in ["one", "two", "three"] {
        town.messages(&founder, "POST", "/v1/channels/x/messages", &format!(r#"{{"text":"{text}"}}"#)).await;
    }
    let mut old = town.enters_with("old", "server-time").await;
    old.joins("#x").await;
    for text in ["two", "three"] {
        let line = old.sees_next("@time=").await;
        assert!(line.ends_with(&format!(" PRIVMSG #x :{text}\r")), "{line}");
    }
    let mut new = town.enters_with("new", CAPS).await;
    new.joins("#x").await;
    assert_eq!(new.hears().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_marker_goes_on_everywhere_and_never_back() {
    let town = Town::new().await;
    let rest = town.registers("alice").await;
    let mut one = town.enters_as("alice", "draft/read-marker").await;
    let mut two = town.enters_as("alice", "draft/read-marker").await;
    let mut three = town.enters_as("alice", "").await;
    one.says("JOIN #x").await;
    one.sees(&format!("{SERVER} MARKREAD #x *")).await;
    one.sees(&format!("{SERVER} 366 alice #x :")).await;
    let (early, late) = ("timestamp=2019-01-04T14:33:26.123Z", "timestamp=2020-01-04T14:33:26.123Z");
    one.asks(&format!("MARKREAD #x {late}"), &format!("{SERVER} MARKREAD #x {late}")).await;
    two.sees(&format!("MARKREAD #x {late}")).await;
    assert!(!three.hears().await.iter().any(|line| line.contains("MARKREAD")));
    two.asks(&format!("MARKREAD #x {early}"), &format!("{SERVER} MARKREAD #x {late}")).await;
    two.asks("MARKREAD #nowhere", &format!("{SERVER} MARKREAD #nowhere *")).await;
    let marker = town.messages(&rest, "GET", "/v1/channels/x/read-marker", "").await;
    assert!(marker.contains("2020-01-04T14:33:26.123Z"), "{marker}");
    one.says("PART #x").await;
    one.asks("JOIN #x", &format!("{SERVER} MARKREAD #x {late}")).await;
    let _bob = town.enters("bob").await;
    one.asks(&format!("MARKREAD bob {early}"), &format!("{SERVER} MARKREAD bob {early}")).await;
    one.asks("MARKREAD", &format!("{SERVER} FAIL MARKREAD NEED_MORE_PARAMS :")).await;
    for wrong in ["*", "timestamp=now", "2020-01-04T14:33:26.123Z"] {
        let fail = format!("{SERVER} FAIL MARKREAD INVALID_PARAMS #x :");
        one.asks(&format!("MARKREAD #x {wrong}"), &fail).await;
    }
}

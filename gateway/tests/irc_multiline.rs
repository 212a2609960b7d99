//! Messages of several lines, over IRC and by REST.

mod town;

use self::town::{
    Person, Town,
    irc::{SERVER, tag},
};

const CAPS: &str = "batch draft/chathistory echo-message labeled-response message-tags";

/// Somebody who knows of several lines: their limits are told to those who read values only.
async fn enters(town: &Town, nick: &str) -> Person {
    let mut person = Person::connect(town.irc).await;
    person.asks("CAP LS 302", &format!("{SERVER} CAP * LS :")).await;
    person.asks(&format!("CAP REQ :{CAPS} draft/multiline"), &format!("{SERVER} CAP * ACK :")).await;
    person.raw(format!("NICK {nick}\r\nUSER {nick} 0 * :{nick} L\r\nCAP END\r\n").as_bytes()).await;
    person.sees(&format!("{SERVER} 422 {nick} :")).await;
    person
}

/// Lines of a batch of several lines, after its first.
async fn lines(person: &mut Person) -> Vec<(String, bool)> {
    let mut lines = Vec::new();
    loop {
        let line = person.line().await.expect("the connection lives");
        if line.ends_with(" BATCH -lines\r") {
            return lines;
        }
        assert_eq!((tag(&line, "batch"), tag(&line, "msgid")), (Some("lines"), None), "{line}");
        let text = line.trim_end_matches('\r').split_once(" PRIVMSG #x :").expect("a text").1;
        lines.push((text.to_owned(), tag(&line, "draft/multiline-concat").is_some()));
    }
}

#[tokio::test]
async fn several_lines_are_one_message_for_those_who_know_and_lines_for_others() {
    let town = Town::new().await;
    let (mut alice, mut bob) = (enters(&town, "alice").await, enters(&town, "bob").await);
    let mut carol = town.enters_with("carol", CAPS).await;
    for person in [&mut alice, &mut bob, &mut carol] {
        person.joins("#x").await;
    }
    for person in [&mut alice, &mut bob, &mut carol] {
        person.hears().await;
    }
    alice.says("@label=7;+a BATCH +1 draft/multiline #x").await;
    alice.says("@batch=1 PRIVMSG #x :").await;
    alice.says("@batch=1 PRIVMSG #x :how is ").await;
    alice.says("@batch=1;draft/multiline-concat PRIVMSG #x :everyone?").await;
    assert_eq!(bob.hears().await, Vec::<String>::new());
    alice.says("BATCH -1").await;
    let echo = alice.sees_next("@label=7;msgid=").await;
    let begin = bob.sees_next("@msgid=").await;
    for line in [&echo, &begin] {
        assert!(line.ends_with(" BATCH +lines draft/multiline #x\r"), "{line}");
        assert_eq!((tag(line, "+a"), tag(line, "msgid")), (Some(""), tag(&echo, "msgid")), "{line}");
    }
    let said =
        [("", false), ("how is ", false), ("everyone?", true)].map(|(text, joins)| (text.to_owned(), joins));
    for person in [&mut alice, &mut bob] {
        assert_eq!(lines(person).await, said);
    }
    let first = carol.sees_next("@msgid=").await;
    assert_eq!(tag(&first, "msgid"), tag(&echo, "msgid"));
    assert!(first.ends_with(" PRIVMSG #x :how is \r"), "{first}");
    let second = carol.sees_next("@+a ").await;
    assert!(second.ends_with(" PRIVMSG #x :everyone?\r"), "{second}");
    // It is one message by REST, and one of REST is several lines here.
    let rest = town.guest("rest").await;
    town.rules(&rest, "PUT", "/v1/channels/x/members/me", "{}").await;
    let read = town.messages(&rest, "GET", "/v1/channels/x/messages", "").await;
    assert!(read.contains(r#""text":"\nhow is everyone?""#), "{read}");
    town.messages(&rest, "POST", "/v1/channels/x/messages", r#"{"text":"one\ntwo"}"#).await;
    assert!(bob.sees("@msgid=").await.ends_with(" JOIN #x\r"));
    bob.sees("@msgid=").await;
    assert_eq!(lines(&mut bob).await, [("one".to_owned(), false), ("two".to_owned(), false)]);
    // In a history it is a batch within the batch.
    bob.says("CHATHISTORY LATEST #x * 1").await;
    bob.sees_next(&format!("{SERVER} BATCH +history chathistory #x")).await;
    assert_eq!(tag(&bob.sees_next("@").await, "batch"), Some("history"));
    for text in ["one", "two"] {
        assert!(bob.sees_next("@batch=lines ").await.ends_with(&format!(" PRIVMSG #x :{text}\r")));
    }
    assert!(bob.sees_next("@batch=history ").await.ends_with(" BATCH -lines\r"));
    bob.sees_next(&format!("{SERVER} BATCH -history")).await;
}

#[tokio::test]
async fn what_is_wrong_with_several_lines_is_told_once() {
    let town = Town::new().await;
    let mut alice = enters(&town, "alice").await;
    alice.joins("#x").await;
    let fail = |code: &str| format!("{SERVER} FAIL BATCH {code} ");
    for (wrong, code) in [
        ("@batch=1;draft/multiline-concat PRIVMSG #x :", "MULTILINE_INVALID"),
        ("@batch=1 NOTICE #x :x", "MULTILINE_INVALID"),
        ("@batch=1 PRIVMSG #y :x", "MULTILINE_INVALID_TARGET #x #y"),
    ] {
        alice.says("@label=7 BATCH +1 draft/multiline #x").await;
        alice.says("@batch=1 PRIVMSG #x :hi").await;
        alice.says(wrong).await;
        alice.sees_next(&format!("@label=7 {}", fail(code))).await;
        alice.says("@batch=1 PRIVMSG #x :more").await;
        alice.says("BATCH -1").await;
        assert_eq!(alice.hears().await, Vec::<String>::new(), "{wrong}");
    }
    alice.says("BATCH +1 draft/multiline #x").await;
    for _ in 0..11 {
        alice.says(&format!("@batch=1 PRIVMSG #x :{}", "x".repeat(400))).await;
    }
    alice.sees_next(&fail("MULTILINE_MAX_BYTES 4096")).await;
    alice.says("BATCH -1").await;
    for (wrong, code) in [
        ("@batch=9 PRIVMSG #x :x", "MULTILINE_INVALID"),
        ("BATCH -9", "MULTILINE_INVALID"),
        ("BATCH +9 netsplit a b", "MULTILINE_INVALID"),
    ] {
        alice.says(wrong).await;
        alice.sees_next(&fail(code)).await;
    }
    // What is wrong with what is said is told as ever.
    alice.says("@label=8 BATCH +1 draft/multiline #nowhere").await;
    alice.says("@batch=1 PRIVMSG #nowhere :hi").await;
    alice.says("BATCH -1").await;
    alice.sees_next(&format!("@label=8 {SERVER} 403 alice #nowhere :")).await;
}

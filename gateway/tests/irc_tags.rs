//! What clients say to clients, over IRC: tags, TAGMSG, reactions and texts to those who have a role.

mod town;

use self::town::{
    Person, Town,
    irc::{SERVER, tag},
};

const CAPS: &str = "batch draft/chathistory echo-message labeled-response message-tags";

async fn two(town: &Town, caps: &str) -> (Person, Person) {
    let (mut alice, mut bob) = (town.enters_with("alice", CAPS).await, town.enters_with("bob", caps).await);
    alice.joins("#x").await;
    bob.joins("#x").await;
    alice.hears().await;
    (alice, bob)
}

/// The third knows no capabilities.
async fn two_and_an_old_one(town: &Town) -> (Person, Person, Person) {
    let (mut alice, mut bob) = two(town, CAPS).await;
    let mut old = town.enters("old").await;
    old.joins("#x").await;
    for person in [&mut alice, &mut bob] {
        person.hears().await;
    }
    (alice, bob, old)
}

#[tokio::test]
async fn what_clients_say_to_clients_is_passed_on_and_kept_with_its_message() {
    let town = Town::new().await;
    let (mut alice, mut bob, mut old) = two_and_an_old_one(&town).await;
    alice.says("@label=1;+a=x\\sy;+example.org/b;msgid=mine;+1=2=3 PRIVMSG #x :hi").await;
    let echo = alice.sees_next("@label=1;msgid=").await;
    let said = bob.sees_next("@msgid=").await;
    for line in [&echo, &said] {
        assert_eq!(tag(line, "+a"), Some("x\\sy"), "{line}");
        assert_eq!(tag(line, "+example.org/b"), Some(""), "{line}");
        assert_eq!(tag(line, "msgid"), tag(&echo, "msgid"), "{line}");
        assert!(line.ends_with(" PRIVMSG #x :hi\r"), "{line}");
    }
    old.sees_next(":alice!").await;
    bob.says("CHATHISTORY LATEST #x * 1").await;
    bob.sees_next(&format!("{SERVER} BATCH +history")).await;
    let kept = bob.sees_next("@").await;
    assert_eq!(tag(&kept, "+a"), Some("x\\sy"), "{kept}");
    // By REST they are what they mean.
    let rest = town.guest("rest").await;
    town.rules(&rest, "PUT", "/v1/channels/x/members/me", "{}").await;
    let read = town.messages(&rest, "GET", "/v1/channels/x/messages", "").await;
    assert!(read.contains(r#""+a":"x y""#), "{read}");
}

#[tokio::test]
async fn tags_alone_reach_those_who_can_read_them_and_are_not_kept() {
    let town = Town::new().await;
    let (mut alice, mut bob, mut old) = two_and_an_old_one(&town).await;
    alice.says("@label=7;+typing=active TAGMSG #x").await;
    let echo = alice.sees_next("@label=7;msgid=").await;
    let told = bob.sees_next("@msgid=").await;
    assert_eq!((tag(&told, "+typing"), tag(&told, "msgid")), (Some("active"), tag(&echo, "msgid")));
    assert!(told.ends_with(" TAGMSG #x\r"), "{told}");
    alice.says("@+typing=done TAGMSG bob").await;
    alice.sees_next("@msgid=").await;
    assert!(bob.sees_next("@msgid=").await.ends_with(" TAGMSG bob\r"));
    alice.asks("@label=8 TAGMSG #x", &format!("@label=8 {SERVER} ACK")).await;
    alice.asks("@+typing=done TAGMSG #nowhere", &format!("{SERVER} 403 alice #nowhere :")).await;
    alice.asks("TAGMSG", &format!("{SERVER} 461 alice TAGMSG :")).await;
    assert_eq!(old.hears().await, Vec::<String>::new());
    bob.says("CHATHISTORY LATEST #x * 9").await;
    assert_eq!(bob.hears().await.len(), 2, "an empty batch");
    // A program types, too.
    let rest = town.guest("rest").await;
    town.rules(&rest, "PUT", "/v1/channels/x/members/me", "{}").await;
    assert!(bob.sees("@msgid=").await.ends_with(" JOIN #x\r"));
    town.messages(&rest, "POST", "/v1/channels/x/signals", r#"{"tags":{"+typing":"paused"}}"#).await;
    let told = bob.sees_next("@msgid=").await;
    assert_eq!(tag(&told, "+typing"), Some("paused"));
}

#[tokio::test]
async fn a_reaction_is_the_same_as_everybodys() {
    let town = Town::new().await;
    let (mut alice, mut bob) = two(&town, CAPS).await;
    let rest = town.guest("rest").await;
    town.rules(&rest, "PUT", "/v1/channels/x/members/me", "{}").await;
    for person in [&mut alice, &mut bob] {
        assert!(person.sees("@msgid=").await.ends_with(" JOIN #x\r"));
    }
    alice.says("PRIVMSG #x :tea?").await;
    let id = tag(&alice.sees_next("@").await, "msgid").expect("an id").to_owned();
    bob.sees_next("@").await;
    bob.says(&format!("@+draft/reply={id};+draft/react=👍 TAGMSG #x")).await;
    for person in [&mut alice, &mut bob] {
        let told = person.sees_next("@").await;
        assert_eq!((tag(&told, "+draft/react"), tag(&told, "+draft/reply")), (Some("👍"), Some(&*id)));
        assert!(told.ends_with(" TAGMSG #x\r"), "{told}");
    }
    let path = format!("/v1/messages/{id}/reactions");
    let given = town.messages(&rest, "GET", &path, "").await;
    assert!(given.contains(r#""emoji":"👍","count":1"#), "{given}");
    bob.says(&format!("@+draft/reply={id};+draft/unreact=👍 TAGMSG #x")).await;
    assert_eq!(tag(&alice.sees_next("@").await, "+draft/unreact"), Some("👍"));
    let given = town.messages(&rest, "GET", &path, "").await;
    assert!(given.contains(r#""items":[]"#), "{given}");
    // A word is no reaction there: clients alone are told it.
    bob.says(&format!("@+draft/reply={id};+draft/react=lol TAGMSG #x")).await;
    assert_eq!(tag(&alice.sees_next("@").await, "+draft/react"), Some("lol"));
    // An answer by tag is an answer everywhere, and one by REST is a tag.
    bob.says(&format!("@+draft/reply={id} PRIVMSG #x :please")).await;
    alice.sees_next("@").await;
    let body = format!(r#"{{"text":"me too","reply_to":"{id}"}}"#);
    town.messages(&rest, "POST", "/v1/channels/x/messages", &body).await;
    assert_eq!(tag(&alice.sees_next("@").await, "+draft/reply"), Some(&*id));
    let read = town.messages(&rest, "GET", "/v1/channels/x/messages?limit=2", "").await;
    assert_eq!(read.matches(&format!(r#""reply_to":"{id}""#)).count(), 2, "{read}");
}

#[tokio::test]
async fn a_text_to_a_role_is_for_those_who_have_it() {
    let town = Town::new().await;
    let (mut alice, mut bob) = two(&town, "").await;
    let mut carol = town.enters("carol").await;
    carol.joins("#x").await;
    alice.asks("MODE #x +v carol", "@msgid=").await;
    for person in [&mut alice, &mut bob, &mut carol] {
        person.hears().await;
    }
    bob.says("PRIVMSG @#x :help").await;
    let told = alice.sees("@msgid=").await;
    assert!(told.ends_with(" PRIVMSG @#x :help\r"), "{told}");
    bob.says("@+typing=active TAGMSG @#x").await;
    let told = alice.sees_next("@").await;
    assert!(told.ends_with(" TAGMSG @#x\r") && tag(&told, "+typing") == Some("active"), "{told}");
    alice.says("NOTICE +#x :\u{1}ACTION nods\u{1}").await;
    let told = carol.sees_next(":alice!").await;
    assert!(told.ends_with(" NOTICE +#x :\u{1}ACTION nods\u{1}\r"), "{told}");
    for person in [&mut bob, &mut carol] {
        assert_eq!(person.hears().await, Vec::<String>::new());
    }
    bob.asks("PRIVMSG @#nowhere :x", &format!("{SERVER} 403 bob #nowhere :")).await;
}

#[tokio::test]
async fn tags_that_ask_to_be_kept_are_among_what_happened() {
    let town = Town::new().await;
    let (mut alice, mut bob) = two(&town, CAPS).await;
    let mut carol = town.enters_with("carol", &format!("{CAPS} draft/event-playback")).await;
    carol.joins("#x").await;
    for person in [&mut alice, &mut bob] {
        person.hears().await;
    }
    for target in ["#x", "carol"] {
        alice.says(&format!("@+a=1;+draft/persist TAGMSG {target}")).await;
        let echo = alice.sees_next("@msgid=").await;
        assert!(echo.ends_with(&format!(" TAGMSG {target}\r")) && tag(&echo, "+a") == Some("1"), "{echo}");
        assert_eq!(carol.sees_next("@msgid=").await, echo);
        let asked = if target == "#x" { target } else { "alice" };
        carol.says(&format!("CHATHISTORY LATEST {asked} * 1")).await;
        carol.sees_next(&format!("{SERVER} BATCH +history")).await;
        let kept = carol.sees_next("@batch=history;msgid=").await;
        assert_eq!(tag(&kept, "msgid"), tag(&echo, "msgid"), "{kept}");
        carol.sees_next(&format!("{SERVER} BATCH -history")).await;
    }
    bob.hears().await;
    bob.says("CHATHISTORY LATEST #x * 9").await;
    bob.sees_next(&format!("{SERVER} BATCH +history")).await;
    bob.sees_next(&format!("{SERVER} BATCH -history")).await;
}

//! A channel is called otherwise, as each door says it.

mod town;

use self::town::{Town, irc::SERVER};

#[tokio::test]
async fn everybody_in_a_channel_goes_on_in_it_under_its_new_name() {
    let town = Town::new().await;
    let mut alice = town.enters_with("alice", "draft/channel-rename").await;
    let mut old = town.enters("old").await;
    let mut bob = town.person("bob").await;
    alice.joins("#x").await;
    old.joins("#x").await;
    bob.asks("/join #x", "200 joined #x").await;
    alice.says("PRIVMSG #x :hi").await;
    bob.sees("100 msg #x 1 ").await;
    alice.says("TOPIC #x :what for").await;
    alice.hears().await;
    old.hears().await;

    alice.says("RENAME #x #y :shorter").await;
    let renamed = alice.sees_next(":alice!").await;
    assert!(renamed.ends_with(" RENAME #x #y :shorter\r"), "{renamed}");
    bob.sees("100 renamed #x #y alice :shorter").await;
    let heard = old.hears().await;
    let verbs: Vec<_> = heard.iter().map(|line| line.split_once(' ').expect("a source").1).collect();
    let [part, join, topic, _, names, end] = &verbs[..] else { panic!("{heard:?}") };
    assert!(heard[0].starts_with(":old!") && heard[1].starts_with(":old!"), "{heard:?}");
    assert_eq!((*part, *join, *topic), ("PART #x :shorter", "JOIN #y", "332 old #y :what for"));
    assert!(names.starts_with("353 old = #y :") && end.starts_with("366 old #y "), "{heard:?}");

    // What was the current target still is, and what was said is found under the new name.
    bob.asks("salut", "201 sent #y 2").await;
    old.sees(":bob!").await;
    bob.asks("/history #y 9", "200-msg #y 1 ").await;
    bob.asks("/topic #x", "404 no-such-channel #x").await;
    alice.says("RENAME #x #z").await;
    alice.sees(&format!("{SERVER} 403 alice #x :")).await;
    old.says("RENAME #y #z").await;
    old.sees(&format!("{SERVER} 482 old #y :")).await;
    bob.asks("/join #x", "200 joined #x 1 0").await;
    alice.says("RENAME #y #x").await;
    alice.sees(&format!("{SERVER} FAIL RENAME CHANNEL_NAME_IN_USE #y #x :")).await;
    alice.says("RENAME #y y").await;
    alice.sees(&format!("{SERVER} FAIL RENAME CANNOT_RENAME #y y :")).await;
    bob.asks("/rename #x #z", "200 renamed #x #z").await;
    bob.asks("/rename #z", "400 missing-parameter name").await;
    let token = town.guest("carol").await;
    town.rules(&token, "PUT", "/v1/channels/y/members/me", "{}").await;
    let found = town.messages(&token, "GET", "/v1/channels/y/messages", "").await;
    assert!(found.contains(r##""target":"#y""##) && !found.contains(r##""target":"#x""##), "{found}");
}

#[tokio::test]
async fn whoever_has_no_word_for_it_can_rename_a_channel_too() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    alice.joins("#x").await;
    alice.says("RENAME #x #y").await;
    alice.sees_next(":alice!").await;
    alice.sees(":alice!").await;
    alice.asks("TOPIC #y", &format!("{SERVER} 331 alice #y :")).await;
}

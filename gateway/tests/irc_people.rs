//! People over IRC: who is there, what they call themselves, and what they have set; seen from the other doors as well.

mod town;

use api::users::{PatchUser, PatchUserModes};
use client::Caller;

use self::town::{Person, Town};

const SERVER: &str = ":irc.causerie.localhost";

async fn sees_nothing(person: &mut Person) {
    person.says("PING nothing").await;
    person.sees_next(&format!("{SERVER} PONG ")).await;
}

#[tokio::test]
async fn whoever_is_watched_is_told_of_as_they_come_and_go() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    let _carol = town.enters("carol").await;
    alice.says("MONITOR + bob,carol,*!*@host").await;
    let online = alice.sees_next(&format!("{SERVER} 730 alice :carol!~carol@")).await;
    assert!(!online.contains(','), "{online}");
    alice.sees_next(&format!("{SERVER} 731 alice :bob\r")).await;
    // By whatever door.
    let mut bob = town.person("Bob").await;
    alice.sees_next(&format!("{SERVER} 730 alice :Bob!~u@")).await;
    bob.asks("/nick BOB", "200 nick BOB").await;
    sees_nothing(&mut alice).await;
    bob.asks("/nick robert", "200 nick robert").await;
    alice.sees_next(&format!("{SERVER} 731 alice :BOB\r")).await;
    bob.asks("/nick bob", "200 nick bob").await;
    alice.sees_next(&format!("{SERVER} 730 alice :bob!~u@")).await;
    bob.asks("/quit", "200 bye").await;
    alice.sees_next(&format!("{SERVER} 731 alice :bob\r")).await;
    alice.says("MONITOR L").await;
    alice.sees_next(&format!("{SERVER} 732 alice :bob,carol\r")).await;
    alice.sees_next(&format!("{SERVER} 733 alice :")).await;
    alice.says("MONITOR - carol").await;
    alice.says("MONITOR S").await;
    alice.sees_next(&format!("{SERVER} 731 alice :bob\r")).await;
    alice.says("MONITOR C").await;
    let _bob = town.enters("bob").await;
    sees_nothing(&mut alice).await;
}

#[tokio::test]
async fn a_connection_watches_a_hundred_nicks_and_no_more() {
    let town = Town::new().await;
    let mut alice = town.enters("alice").await;
    let nicks = |range: std::ops::Range<usize>| range.map(|n| format!("n{n}")).collect::<Vec<_>>().join(",");
    for part in [0..50, 50..100] {
        alice.says(&format!("MONITOR + {}", nicks(part))).await;
        alice.sees_next(&format!("{SERVER} 731 alice :n")).await;
    }
    alice.says("MONITOR + n7,one-more,another").await;
    alice.sees_next(&format!("{SERVER} 731 alice :n7\r")).await;
    alice.sees_next(&format!("{SERVER} 734 alice 100 one-more,another :")).await;
    alice.says("MONITOR ?").await;
    alice.sees_next(&format!("{SERVER} 400 alice MONITOR :")).await;
}

#[tokio::test]
async fn who_watches_closely_hears_what_neighbours_hear() {
    let town = Town::new().await;
    let mut bob = town.person("robert").await;
    bob.asks("/register robert correct-horse", "201 registered").await;
    bob.asks("/quit", "200 bye").await;
    let caps = "extended-monitor away-notify account-notify setname";
    let mut alice = town.enters_with("alice", caps).await;
    let mut dave = town.enters_with("dave", "extended-monitor").await;
    for watcher in [&mut alice, &mut dave] {
        watcher.asks("MONITOR + bob", &format!("{SERVER} 731 ")).await;
    }
    let mut bob = town.enters("bob").await;
    for watcher in [&mut alice, &mut dave] {
        watcher.sees_next(&format!("{SERVER} 730 ")).await;
    }
    bob.asks("AWAY :tea", &format!("{SERVER} 306 bob :")).await;
    let away = alice.sees_next(":bob!~bob@").await;
    assert!(away.ends_with(" AWAY :tea\r"), "{away}");
    bob.says("SETNAME :Robert B.").await;
    let setname = alice.sees_next(":bob!~bob@").await;
    assert!(setname.ends_with(" SETNAME :Robert B.\r"), "{setname}");
    // Nobody else has a connection of that account, so that the guest's nick goes with them.
    bob.asks("AUTHENTICATE PLAIN", "AUTHENTICATE +").await;
    // \0robert\0correct-horse
    bob.says("AUTHENTICATE AHJvYmVydABjb3JyZWN0LWhvcnNl").await;
    bob.sees_next(&format!("{SERVER} 900 bob bob!~bob@")).await;
    bob.sees_next(&format!("{SERVER} 903 bob :")).await;
    let account = alice.sees_next(":bob!~bob@").await;
    assert!(account.ends_with(" ACCOUNT robert\r"), "{account}");
    sees_nothing(&mut alice).await;
    sees_nothing(&mut dave).await;
    bob.asks("QUIT", "ERROR ").await;
    alice.sees_next(&format!("{SERVER} 731 alice :bob\r")).await;
}

#[tokio::test]
async fn a_real_name_is_shown_to_those_who_know_the_word() {
    let town = Town::new().await;
    let mut alice = town.enters_with("alice", "setname standard-replies").await;
    let mut bob = town.enters("bob").await;
    for person in [&mut alice, &mut bob] {
        person.asks("JOIN #x", &format!("{SERVER} 366 ")).await;
    }
    alice.sees_next(":bob!").await;
    bob.says("SETNAME :Bobby Tables").await;
    let setname = alice.sees_next(":bob!~bob@").await;
    assert!(setname.ends_with(" SETNAME :Bobby Tables\r"), "{setname}");
    sees_nothing(&mut bob).await;
    let whois = alice.asks("WHOIS bob", &format!("{SERVER} 311 alice bob ~bob ")).await;
    assert!(whois.ends_with(" * :Bobby Tables\r"), "{whois}");
    alice.sees(&format!("{SERVER} 318 ")).await;
    let user = town.users().by_nick(Caller::Service, &"bob".try_into().expect("a nick")).await;
    assert_eq!(user.expect("it is there").realname.as_deref(), Some("Bobby Tables"));
    alice.says(&format!("SETNAME :{}", "x".repeat(129))).await;
    alice.sees_next(&format!("{SERVER} FAIL SETNAME INVALID_REALNAME :")).await;
    alice.says(&format!("SETNAME :{}", "x".repeat(128))).await;
    let setname = alice.sees_next(":alice!~alice@").await;
    assert!(setname.ends_with(&format!(" SETNAME :{}\r", "x".repeat(128))), "{setname}");
    bob.asks("QUIT", "ERROR ").await;
    let was = alice.asks("WHOWAS bob", &format!("{SERVER} 314 alice bob ~bob ")).await;
    assert!(was.ends_with(" * :Bobby Tables\r"), "{was}");
}

#[tokio::test]
async fn modes_of_oneself_are_kept_where_people_are() {
    let town = Town::new().await;
    let mut bot = town.enters_with("bot", "echo-message message-tags").await;
    let mut alice = town.enters_with("alice", "message-tags").await;
    bot.says("MODE bot").await;
    bot.sees_next(&format!("{SERVER} 221 bot +\r")).await;
    bot.says("MODE bot +Bo-w").await;
    let mode = bot.sees_next(":bot!~bot@").await;
    assert!(mode.ends_with(" MODE bot +B\r"), "{mode}");
    bot.says("MODE BOT +iZ").await;
    let mode = bot.sees_next(":bot!~bot@").await;
    assert!(mode.ends_with(" MODE bot +i\r"), "{mode}");
    bot.sees_next(&format!("{SERVER} 501 bot :")).await;
    bot.asks("MODE bot", &format!("{SERVER} 221 bot +Bi\r")).await;
    bot.asks("MODE alice +i", &format!("{SERVER} 502 bot :")).await;
    bot.says("PRIVMSG alice :beep").await;
    for person in [&mut bot, &mut alice] {
        let said = person.sees_next("@msgid=").await;
        assert!(said.contains(";bot :bot!~bot@") && said.ends_with(" PRIVMSG alice :beep\r"), "{said}");
    }
    alice.asks("WHOIS bot", &format!("{SERVER} 335 alice bot :")).await;
    alice.sees(&format!("{SERVER} 318 ")).await;

    // By REST, and seen here.
    let users = town.users();
    let found =
        users.by_nick(Caller::Service, &"bot".try_into().expect("a nick")).await.expect("it is there");
    assert_eq!(found.modes.letters(), "Bi");
    let mut patch = PatchUserModes::default();
    patch.set('w', true);
    let actor = api::auth::Actor {
        person: found.person,
        account: None,
        session: None,
        scopes: api::auth::Scopes::ordinary(),
        username: "~u".to_owned(),
        host: found.host,
        since: api::Timestamp::now().as_micros(),
    };
    users
        .change(&actor, &PatchUser { modes: Some(patch), ..PatchUser::default() })
        .await
        .expect("it is allowed");
    loop {
        bot.says("MODE bot").await;
        if bot.sees(&format!("{SERVER} 221 bot ")).await.contains("+Biw") {
            break;
        }
    }
}

#[tokio::test]
async fn who_is_invisible_is_found_by_name_and_by_neighbours_only() {
    let town = Town::new().await;
    let mut eve = town.enters("eve").await;
    eve.asks("MODE eve +i", ":eve!").await;
    let mut alice = town.enters("alice").await;
    let end = format!("{SERVER} 315 ");
    alice.says("WHO ev*").await;
    alice.sees_next(&end).await;
    alice.says("WHO eve").await;
    alice.sees_next(&format!("{SERVER} 352 alice * ~eve ")).await;
    alice.sees_next(&end).await;
    alice.asks("LUSERS", &format!("{SERVER} 251 alice :There are 1 users and 1 invisible ")).await;
    alice.sees(&format!("{SERVER} 266 ")).await;
    for person in [&mut eve, &mut alice] {
        person.asks("JOIN #x", &format!("{SERVER} 366 ")).await;
    }
    alice.says("WHO ev*").await;
    alice.sees_next(&format!("{SERVER} 352 alice * ~eve ")).await;
    alice.sees_next(&end).await;
}

#[tokio::test]
async fn who_minds_strangers_is_written_to_by_people_with_an_account_only() {
    let town = Town::new().await;
    for name in ["alice", "carol"] {
        town.registers(name).await;
    }
    let mut alice = town.enters_as("alice", "").await;
    let mut carol = town.enters_as("carol", "").await;
    let (mut bob, mut eve) = (town.enters("bob").await, town.person("eve").await);
    assert!(alice.asks("MODE alice +R", ":alice!~alice@").await.ends_with(" MODE alice +R\r"));
    bob.asks("PRIVMSG alice :hi", &format!("{SERVER} 477 bob alice :")).await;
    eve.asks("/msg alice hi", "403 registered-only alice :").await;
    // Nothing answers a notice, and nobody hears it.
    bob.says("NOTICE alice :hi").await;
    sees_nothing(&mut bob).await;
    carol.says("PRIVMSG alice :hello").await;
    assert!(alice.sees_next(":carol!~carol@").await.ends_with(" PRIVMSG alice :hello\r"));
}

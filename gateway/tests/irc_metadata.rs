//! What people and channels say of themselves, over IRC and from the other doors.

mod town;

use self::town::{Person, Town, irc::SERVER};

const CAPS: &str = "draft/metadata-3 batch";

/// Somebody who reads metadata, and has read their own.
async fn enters(town: &Town, nick: &str) -> Person {
    let mut person = town.enters_with(nick, CAPS).await;
    person.sees_next(&format!("{SERVER} BATCH +")).await;
    person.sees_next(&format!("{SERVER} BATCH -")).await;
    person
}

async fn sees_nothing(person: &mut Person) {
    assert_eq!(person.hears().await, [""; 0]);
}

#[tokio::test]
async fn whoever_hears_of_a_key_is_told_whatever_door_it_is_set_by() {
    let town = Town::new().await;
    let mut alice = enters(&town, "alice").await;
    let mut dave = enters(&town, "dave").await;
    alice.says("METADATA * SUB avatar Display-Name $no").await;
    alice.sees_next(&format!("{SERVER} 770 alice avatar display-name\r")).await;
    alice.sees_next(&format!("{SERVER} FAIL METADATA INVALID_KEY $no :")).await;
    alice.joins("#x").await;
    dave.joins("#x").await;
    let bob = town.guest("bob").await;
    town.people(&bob, "PUT", "/v1/users/me/metadata/avatar", r#"{"value":"b.png"}"#).await;
    town.rules(&bob, "PUT", "/v1/channels/x/members/me", "{}").await;
    alice.sees(":bob!").await;
    alice.sees_next(&format!("{SERVER} 761 alice bob avatar * :b.png\r")).await;
    town.people(&bob, "PUT", "/v1/users/me/metadata/avatar", r#"{"value":"c.png"}"#).await;
    // What came by the bus meanwhile may have said the same.
    alice.sees(&format!("{SERVER} 761 alice bob avatar * :c.png\r")).await;
    town.people(&bob, "PUT", "/v1/users/me/metadata/url", r#"{"value":"unheard"}"#).await;
    town.people(&bob, "DELETE", "/v1/users/me/metadata", "").await;
    alice.sees_next(&format!("{SERVER} 766 alice bob avatar :")).await;
    sees_nothing(&mut alice).await;
    alice.says("METADATA #x SET avatar :x.png").await;
    alice.sees_next(&format!("{SERVER} 761 alice #x avatar * :x.png\r")).await;
    sees_nothing(&mut alice).await;
    dave.sees(":bob!").await;
    sees_nothing(&mut dave).await;
    alice.says("METADATA * UNSUB avatar").await;
    alice.sees_next(&format!("{SERVER} 771 alice avatar\r")).await;
    alice.says("METADATA * SUBS").await;
    alice.sees_next(&format!("{SERVER} 772 alice display-name\r")).await;
}

#[tokio::test]
async fn what_is_set_is_found_when_one_comes_and_asks() {
    let town = Town::new().await;
    let mut alice = enters(&town, "alice").await;
    alice.joins("#x").await;
    alice.asks("METADATA * SET url :https://a.example", &format!("{SERVER} 761 alice alice url * :")).await;
    alice.asks("METADATA #x SET url :https://x.example", &format!("{SERVER} 761 alice #x url * :")).await;
    let mut bob = enters(&town, "bob").await;
    bob.asks("METADATA * SUB url", &format!("{SERVER} 770 bob url\r")).await;
    bob.says("JOIN #x").await;
    bob.sees(&format!("{SERVER} 366 ")).await;
    let batch = |line: String| line.split(' ').nth(2).expect("its name")[1..].to_owned();
    let name = batch(bob.sees_next(&format!("{SERVER} BATCH +")).await);
    bob.sees_next(&format!("@batch={name} {SERVER} 761 bob #x url * :https://x.example\r")).await;
    bob.sees_next(&format!("@batch={name} {SERVER} 761 bob alice url * :https://a.example\r")).await;
    bob.sees_next(&format!("{SERVER} BATCH -{name}\r")).await;
    bob.says("METADATA alice GET url avatar $no").await;
    bob.sees_next(&format!("{SERVER} BATCH +")).await;
    bob.sees_next(&format!("@batch={name} {SERVER} 761 bob alice url * :")).await;
    bob.sees_next(&format!("@batch={name} {SERVER} 766 bob alice avatar :")).await;
    bob.sees_next(&format!("@batch={name} {SERVER} FAIL METADATA INVALID_KEY $no :")).await;
    bob.sees_next(&format!("{SERVER} BATCH -")).await;
    bob.says("METADATA #x SYNC").await;
    assert_eq!(bob.hears().await.len(), 4);
    bob.says("WHOIS alice").await;
    bob.sees(&format!("{SERVER} 760 bob alice url * :https://a.example\r")).await;
    bob.sees(&format!("{SERVER} 318 ")).await;
    // Clients that do not know of it are shown nothing of it.
    let mut carol = town.enters("carol").await;
    carol.says("WHOIS alice").await;
    assert!(carol.hears().await.iter().all(|line| !line.contains(" 760 ")));

    bob.says("METADATA alice SET url :mine").await;
    bob.sees_next(&format!("{SERVER} FAIL METADATA KEY_NO_PERMISSION alice url :")).await;
    bob.says("METADATA #x CLEAR").await;
    bob.sees_next(&format!("{SERVER} FAIL METADATA KEY_NO_PERMISSION #x * :")).await;
    bob.says("METADATA nobody LIST").await;
    bob.sees_next(&format!("{SERVER} FAIL METADATA INVALID_TARGET nobody :")).await;
    bob.says("METADATA * DANCE").await;
    bob.sees_next(&format!("{SERVER} FAIL METADATA INVALID_SUBCOMMAND DANCE :")).await;
    alice.says("METADATA #x CLEAR").await;
    assert_eq!(alice.hears().await.len(), 4, "JOIN, and a batch of one");
    bob.sees_next(&format!("{SERVER} 766 bob #x url :")).await;
}

#[tokio::test]
async fn a_connection_hears_of_fifty_keys_and_no_more() {
    let town = Town::new().await;
    let mut alice = enters(&town, "alice").await;
    for n in 0..50 {
        alice.asks(&format!("METADATA * SUB k{n}"), &format!("{SERVER} 770 alice k{n}\r")).await;
    }
    alice.says("METADATA * SUB k7 one-more another").await;
    alice.sees_next(&format!("{SERVER} 770 alice k7\r")).await;
    alice.sees_next(&format!("{SERVER} FAIL METADATA TOO_MANY_SUBS one-more :")).await;
}

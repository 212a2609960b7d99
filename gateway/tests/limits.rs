//! Each limit of the gateway at what it allows, and at one more.

mod town;

use std::time::{Duration, Instant};

use kit::config::Period;

use self::town::{Person, Town, WITHIN};

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let town = Town::with(|config| config.limits.connections_per_address = 2).await;
    let _first = town.connect().await;
    let mut second = town.connect().await;
    let mut third = Person::connect(town.lines).await;
    third.sees_next("429 too-many-connections :there are too many connections from your address").await;
    assert_eq!(third.sees_the_end().await, [""; 0]);
    second.asks("/quit", "200 bye").await;
    second.sees_the_end().await;
    // Its place is given back a moment after its end was seen.
    town::within("a place", async {
        loop {
            let mut next = Person::connect(town.lines).await;
            if next.line().await.is_some_and(|line| line.starts_with("200 welcome")) {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn all_together_have_so_many_connections() {
    let town = Town::with(|config| config.limits.connections = 1).await;
    let _first = town.connect().await;
    let mut second = Person::connect(town.lines).await;
    second.sees_next("429 too-many-connections :the server is full").await;
}

#[tokio::test]
async fn who_says_nothing_is_sent_away_who_has_a_nick_stays() {
    let town = Town::with(|config| config.limits.registration_time = Period::millis(700)).await;
    let mut alice = town.person("alice").await;
    let mut silent = town.connect().await;
    silent.sees_next("100 closing :").await;
    assert_eq!(silent.sees_the_end().await, [""; 0]);
    alice.asks("/ping", "200 pong :").await;
}

#[tokio::test]
async fn a_burst_is_answered_and_what_is_more_is_too_fast() {
    let town = Town::with(|config| {
        config.limits.commands_per_second = 1;
        config.limits.command_burst = 4;
    })
    .await;
    let mut hasty = town.connect().await;
    hasty.raw(b"/ping 1\n/ping 2\n/ping 3\n/ping 4\n@id=x /ping 5\n").await;
    for number in 1..=4 {
        hasty.sees_next(&format!("200 pong :{number}")).await;
    }
    hasty.sees_next("@id=x 429 too-fast 1 :").await;
    // Who is too fast may leave, as fast as they like.
    hasty.raw(b"/ping 6\n/quit enough\n").await;
    hasty.sees("200 bye").await;
    assert_eq!(hasty.sees_the_end().await, [""; 0]);
}

#[tokio::test]
async fn a_line_has_8192_bytes() {
    let town = Town::new().await;
    let mut alice = town.connect().await;
    let fits = format!("/ping {}", "x".repeat(8192 - 6));
    let reply = alice.asks(&fits, "200 pong :").await;
    assert_eq!(reply.len(), "200 pong :".len() + 8192 - 6);
    alice.asks(&format!("{fits}x"), "413 line-too-long 8192 :").await;
    alice.asks("/ping", "200 pong :").await;
}

#[tokio::test]
async fn failed_logins_have_an_end() {
    let town = Town::with(|config| config.limits.login_attempts = 2).await;
    let mut guesser = town.connect().await;
    guesser.asks("/login alice password1", "401 bad-credentials").await;
    guesser.asks("/login alice password2", "401 bad-credentials").await;
    guesser.asks("/login alice password3", "429 too-fast ").await;
    guesser.asks("/nick guesser", "200 nick guesser").await;
}

#[tokio::test]
async fn who_failed_to_log_in_tries_again_after_the_pause_and_not_before() {
    const PAUSE: Duration = Duration::from_secs(1);
    let town = Town::with(|config| {
        config.limits.login_attempts = 1;
        config.limits.login_pause = Period::millis(1000);
        config.limits.commands_per_second = 100_000;
        config.limits.command_burst = 100_000;
    })
    .await;
    let mut guesser = town.connect().await;
    let began = Instant::now();
    guesser.raw(b"/login alice password1\n/login alice password2\n").await;
    guesser.sees_next("401 bad-credentials").await;
    guesser.sees_next("429 too-fast 1 :too many failed logins").await;
    town::within("the end of the pause", async {
        loop {
            guesser.raw(b"/login alice password3\n").await;
            match guesser.line().await.expect("the connection stays") {
                line if line.starts_with("429 too-fast 1 :too many failed logins") => {}
                line if line.starts_with("401 bad-credentials") => return,
                line => panic!("{line}"),
            }
        }
    })
    .await;
    assert!(began.elapsed() >= PAUSE, "after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_connection_is_in_so_many_channels() {
    let town = Town::with(|config| config.limits.channels = 2).await;
    let mut alice = town.person("alice").await;
    alice.asks("/join #a", "200 joined #a 1 0").await;
    alice.asks("/join #b", "200 joined #b 1 0").await;
    alice.asks("/join #c", "422 too-many-channels #c :").await;
    alice.asks("/join #b", "200 joined #b 1 0").await;
    alice.asks("/part #a", "200 parted #a").await;
    alice.asks("/join #c", "200 joined #c 1 0").await;
}

/// The system keeps some megabytes for a socket by itself; then the gateway's own queue fills.
#[tokio::test]
async fn who_does_not_read_is_closed_and_the_others_are_not() {
    const AT_ONCE: usize = 32;
    let town = Town::with(|config| {
        config.limits.send_queue = 256 * 1024;
        config.limits.commands_per_second = 100_000;
        config.limits.command_burst = 100_000;
    })
    .await;
    let mut alice = town.person("alice").await;
    alice.asks("/join #x", "200 joined #x 1 0").await;
    let mut deaf = Person::connect_narrowly(town.lines).await;
    deaf.asks("/nick deaf", "200 nick deaf").await;
    deaf.asks("/join #x", "200 joined #x 2 0").await;
    let texts = format!("{}\n", "x".repeat(4000)).repeat(AT_ONCE);
    for _ in 0..2000 / AT_ONCE {
        alice.raw(texts.as_bytes()).await;
        for _ in 0..AT_ONCE {
            alice.sees("201 sent #x").await;
        }
        if alice.has_seen("100 quit deaf :send queue exceeded") {
            break;
        }
    }
    alice.asks("/names #x", "200 names #x 1").await;
}

#[tokio::test]
async fn so_many_sends_wait_and_one_more_is_told_to_come_back() {
    let town = Town::with(|config| config.limits.waiting_sends = 2).await;
    let mut alice = town.person("alice").await;
    alice.asks("/join #x", "200 joined #x 1 0").await;
    town.slows_the_next("/v1/messages:batch").await;
    alice.raw(b"@id=1 one\n@id=2 two\n@id=3 three\n").await;
    alice.sees_next("@id=1 201 sent #x 1 ").await;
    alice.sees_next("@id=2 201 sent #x 2 ").await;
    alice.sees_next("@id=3 503 overloaded").await;
    alice.asks("four", "201 sent #x 3 ").await;
}

#[tokio::test]
async fn who_was_turned_away_is_not_read_from_for_a_moment_and_hears_the_others() {
    /// `gateway/src/connection.rs`, AFTER_OVERLOADED.
    const PAUSE: Duration = Duration::from_millis(50);
    let town = Town::with(|config| config.limits.waiting_sends = 0).await;
    let mut alice = town.person("alice").await;
    alice.asks("/join #x", "200 joined #x 1 0").await;
    let begun = Instant::now();
    for _ in 0..5 {
        alice.asks("one", "503 overloaded").await;
    }
    assert!(begun.elapsed() >= 4 * PAUSE, "{:?}", begun.elapsed());
    // What came meanwhile is answered, each line.
    alice.raw(b"@id=1 one\n@id=2 two\n@id=3 /nick anna\n").await;
    alice.sees_next("@id=1 503 overloaded").await;
    alice.sees_next("@id=2 503 overloaded").await;
    alice.sees_next("@id=3 200 nick anna").await;
    let mut bob = town.person("bob").await;
    alice.raw(b"one\n").await;
    bob.asks("/join #x", "200 joined #x 2 0").await;
    alice.sees("100 join #x bob").await;
}

#[tokio::test]
async fn what_comes_too_fast_for_too_long_is_told_to_come_back_and_overload_ends() {
    /// Some 130 of these fill a batch.
    const BYTES: usize = 4000;
    /// What a batch takes, at least: one later, a queue has stood for too long to be a burst.
    const TAKES: Duration = Duration::from_millis(300);
    /// Of each person: together they wait for several batches.
    const EACH: usize = 120;
    let town = Town::with(|config| {
        config.limits.send_wait = Period::millis(50);
        config.limits.command_burst = 100_000;
    })
    .await;
    let mut people = Vec::new();
    for nick in ["alice", "bob", "carol", "dave", "erin", "frank"] {
        let mut person = town.person(nick).await;
        person.asks(&format!("/join #{nick}"), "200 joined").await;
        people.push(person);
    }
    town.slows("/v1/messages:batch", TAKES, u32::MAX).await;
    let lines = format!("{}\n", "x".repeat(BYTES)).repeat(EACH);

    let until = Instant::now() + WITHIN;
    let (mut stored, mut refused) = (0, 0);
    while refused == 0 {
        assert!(Instant::now() < until, "nobody is turned away, {stored} are stored");
        for person in &mut people {
            person.raw(lines.as_bytes()).await;
        }
        for person in &mut people {
            let mut replies = 0;
            while replies < EACH {
                replies += 1;
                match &person.line().await.expect("the connection lives")[..15] {
                    reply if reply.starts_with("201 sent #") => stored += 1,
                    "503 overloaded " => refused += 1,
                    // Where everything is slow, a batch is not answered in time, and shown when it was stored after all.
                    "503 unavailable" => {}
                    event if event.starts_with("100 msg #") => replies -= 1,
                    other => panic!("{other}"),
                }
            }
        }
    }
    // It ends by itself.
    people[0].says("and again").await;
    while !people[0].line().await.expect("the connection lives").starts_with("201 sent") {
        assert!(Instant::now() < until + WITHIN, "overload has no end");
        people[0].says("and again").await;
    }
}

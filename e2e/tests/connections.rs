//! Connections that break, hang or flood, and services that go away: whoever is hit is told, and nobody else notices.

use std::time::{Duration, Instant};

use e2e::{
    Channels, Fault, Gateway, Line, Messages, Plan, ServiceName, Shape, Town, Users, WITHIN, fresh,
    fresh_channel, in_every_town, until,
};
use tokio::net::TcpSocket;

/// A person is told within this that a service is away.
const TOLD_WITHIN: Duration = Duration::from_secs(3);
/// And within this after its return everything works.
const BACK_WITHIN: Duration = Duration::from_secs(5);

in_every_town! {
    async fn a_reset_is_seen_by_the_others_within_a_second(town: &Town) {
        let (channel, bob, carol) = (fresh_channel("gone"), fresh("bob"), fresh("carol"));
        let mut a = town.person(&fresh("alice")).await;
        a.does(&format!("/join {channel}")).await;
        let (mut b, mut c) = (town.person(&bob).await, town.person(&carol).await);
        b.does(&format!("/join {channel}")).await;
        c.does(&format!("/join {channel}")).await;
        a.settles().await;

        b.resets().await;
        a.sees_within(&format!("100 quit {bob} :*"), Duration::from_secs(1)).await;
        drop(c);
        a.sees_within(&format!("100 quit {carol} :*"), Duration::from_secs(1)).await;
        a.asks("/names").await.is(&format!("200 names {channel} 1"));
        // The nicks are free.
        town.person(&bob).await;
        town.person(&carol).await;
    }

    async fn a_reset_in_the_middle_of_a_line_hurts_nobody(town: &Town) {
        let (channel, bob) = (fresh_channel("half"), fresh("bob"));
        let mut a = town.person(&fresh("alice")).await;
        a.does(&format!("/join {channel}")).await;
        let mut b = town.person(&bob).await;
        b.does(&format!("/join {channel}")).await;
        b.raw(b"not a whole li").await;
        b.resets().await;
        a.sees(&format!("100 quit {bob} :*")).await;
        a.has_not_seen("100 msg *");
        a.asks("/history").await.is(&format!("200 history {channel} 0"));
    }
}

/// Far below what the system keeps for a socket by itself: a client that does not read shall be noticed soon.
const RECEIVE_BUFFER: u32 = 8 * 1024;

/// A connection with hardly any buffer at this end.
async fn narrow(town: &Town) -> Line {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(RECEIVE_BUFFER).expect("a socket takes a buffer size");
    Line::over(socket.connect(town.chat_address()).await.expect("the gateway listens"))
}

async fn a_client_that_never_reads_is_closed(shape: Shape) {
    let town = shape.plan().set("gateway.limits.send_queue=65536").start().await;
    let mut deaf = narrow(&town).await.called("deaf");
    deaf.sees("200 welcome *").await;
    deaf.does("/nick deaf").await;
    deaf.does("/join #flood").await;
    let (mut a, mut b) = (town.person("alice").await, town.person("bob").await);
    a.does("/join #flood").await;
    b.does("/join #flood").await;
    a.settles().await.everything();
    deaf.stops_reading().await;

    let text = "x".repeat(4000);
    let mut sent = 0_u64;
    let mut slowest = Duration::ZERO;
    let closed = async {
        // What the system takes in its own buffers on the way is some MiB; nobody waits for that.
        while sent < 10_000 {
            let at = Instant::now();
            a.asks(&text).await.is("201 sent #flood <seq> <id>");
            slowest = slowest.max(at.elapsed());
            sent += 1;
            if a.events().iter().any(|heard| heard.raw.starts_with("100 quit deaf :")) {
                return;
            }
        }
        panic!("it is still there after {sent} messages");
    };
    closed.await;
    assert!(slowest < Duration::from_secs(2), "somebody else waited for {slowest:?}");
    // The other one missed nothing.
    let mut expected = 1;
    while expected <= sent {
        b.sees(&format!("100 msg #flood {expected} <time> alice :x*")).await;
        expected += 1;
    }
    // And the deaf one is told why, if it ever listens.
    deaf.reads_again();
    deaf.sees_the_end().await;
    town.person("deaf").await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed_by_one_process() {
    a_client_that_never_reads_is_closed(Shape::OneProcess).await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed_by_five_processes() {
    a_client_that_never_reads_is_closed(Shape::FiveProcesses).await;
}

/// What a person types, and which service that needs.
const NEEDS: [(ServiceName, &str); 3] =
    [(Messages, "hello"), (Channels, "/topic #general the weather"), (Users, "/whois alice")];

#[tokio::test]
async fn a_service_that_is_down_is_named_and_works_again_soon_after_its_return() {
    let town = Town::five_processes().await;
    let mut a = town.person("alice").await;
    a.does("/join #general").await;
    for (service, line) in NEEDS {
        a.does(line).await;
        town.kill9(service);
        let at = Instant::now();
        a.asks(line).await.is(&format!("503 unavailable {service} :*"));
        assert!(at.elapsed() < TOLD_WITHIN, "{service}: told after {:?}", at.elapsed());
        a.asks("/ping alive").await.is("200 pong :alive");
        town.start(service).await;
        let at = Instant::now();
        until(&format!("{line} works again"), BACK_WITHIN, async || {
            (a.asks(line).await.code() < 300).then_some(())
        })
        .await;
        assert!(at.elapsed() < BACK_WITHIN);
    }
    let mut b = town.person("bob").await;
    b.does("/join #general").await;
    a.sees("100 join #general bob").await;
}

#[tokio::test]
async fn a_service_that_hangs_is_named_as_well() {
    let town = Town::five_processes().await;
    let mut a = town.person("alice").await;
    a.does("/join #general").await;
    for (service, line) in NEEDS {
        town.freeze(service);
        let at = Instant::now();
        a.asks(line).await.is(&format!("503 * {service} :*"));
        assert!(at.elapsed() < TOLD_WITHIN, "{service}: told after {:?}", at.elapsed());
        a.asks("/ping alive").await.is("200 pong :alive");
        town.thaw(service);
        until(&format!("{line} works again"), BACK_WITHIN, async || {
            (a.asks(line).await.code() < 300).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_gateway_that_starts_before_everything_else_says_what_it_waits_for() {
    let town = Town::five_processes().await;
    for service in ServiceName::ALL {
        town.kill9(service);
    }
    town.start_without_waiting(Gateway);
    let rest = town.rest();
    let ask = || rest.request(reqwest::Method::GET, Gateway, "/readyz");
    let refused = until("the gateway listens", WITHIN, async || rest.try_send(ask()).await.ok()).await;
    assert_eq!((refused.status, refused.code()), (503, "unavailable"), "{}", refused.text);
    for service in [Messages, Channels, Users] {
        town.start_without_waiting(service);
    }
    town.ready().await;
    let mut a = town.person("alice").await;
    a.does("/join #general").await;
    a.does("hello").await;
}

/// `503` is "not known to be stored": the gateway tries the same key again, so that what was stored is acknowledged after all.
#[tokio::test]
async fn an_answer_that_got_lost_is_asked_for_again() {
    let town = Plan::five_processes().with_faults().start().await;
    let (mut a, mut b) = (town.person("alice").await, town.person("bob").await);
    a.does("/join #general").await;
    b.does("/join #general").await;
    // message-service has the channel from now on, so that the next answer is not that it has to ask first.
    a.asks("zero").await.is("201 sent #general 1 <id>");
    town.arms(Messages, "/v1/messages:batch", Fault::LoseAnswer).await;
    a.says("@key=0123456789abcdef once").await;
    a.says("@key=fedcba9876543210 second").await;
    let (first, second) = (a.reply().await, a.reply().await);
    // Whichever way: it is known in the end, and everybody sees it once and in order.
    if first.code() == 503 {
        a.sees("100 msg #general 2 <time> alice :once").await;
    } else {
        first.is("201 sent #general 2 <id>");
    }
    b.sees("100 msg #general 2 <time> alice :once").await;
    // What was said behind it was on its way as well or waited. Either it was stored, or it can be said again.
    if second.code() == 503 {
        a.asks("@key=fedcba9876543210 second").await.is("*201 sent #general 3 <id>");
    } else {
        second.is("201 sent #general 3 <id>");
    }
    b.sees("100 msg #general 3 <time> alice :second").await;
    a.asks("@key=0123456789abcdef once").await.is("@dup=1 201 sent #general 2 <id>");
    b.asks("/history").await.is("200 history #general 3");
    b.sees("100 msg #general 1 <time> alice :zero").await;
    b.settles().await.has_not_seen("100 msg *");
}

//! Three gateways without a bus between them: chat goes on, slower.

use std::time::{Duration, Instant};

use e2e::{Line, Machine, Plan};

/// A round of heads every five seconds, and then what is missing is asked for.
const WITHIN: Duration = Duration::from_secs(6);

async fn in_time(line: &mut Line, pattern: &str) -> Duration {
    let began = Instant::now();
    tokio::time::timeout(WITHIN, line.sees(pattern))
        .await
        .unwrap_or_else(|_| panic!("no {pattern:?} within {WITHIN:?}"));
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_and_comings_arrive_within_six_seconds() {
    let town = Plan::scaled().with_own_servers().start().await;
    let (mut alice, mut bob) = (town.person("alice").await, town.person("bob").await);
    alice.asks("/join #x").await.is("200 joined #x 1 0");
    bob.asks("/join #x").await.is("200 joined #x 2 0");
    alice.sees("100 join #x bob").await;
    alice.asks("with the bus").await.is("201 sent #x 1 <id>");
    bob.sees("100 msg #x 1 <time> alice :with the bus").await;

    town.breaks(Machine::Bus);
    for (n, text) in ["one", "two", "three"].iter().enumerate() {
        let seq = n + 2;
        alice.asks(text).await.is(&format!("201 sent #x {seq} <id>"));
        in_time(&mut bob, &format!("100 msg #x {seq} <time> alice :{text}")).await;
    }
    let mut carol = town.person("carol").await;
    carol.asks("/join #x").await.is("200 joined #x 3 4");
    in_time(&mut alice, "100 join #x carol").await;
    in_time(&mut bob, "100 join #x carol").await;
    carol.asks("/msg alice direct").await.is("201 sent alice 1 <id>");
    in_time(&mut alice, "100 msg alice 1 <time> carol :direct").await;

    town.mends(Machine::Bus);
    // As soon as everybody has found it again, at once.
    for seq in 5.. {
        alice.asks("again").await.is(&format!("201 sent #x {seq} <id>"));
        let took = in_time(&mut bob, &format!("100 msg #x {seq} <time> alice :again")).await;
        in_time(&mut carol, &format!("100 msg #x {seq} <time> alice :again")).await;
        if took < Duration::from_secs(1) {
            return;
        }
    }
}

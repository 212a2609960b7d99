//! Clients whose packets are lost from some moment on, both ways: no FIN, no reset, no word. This needs a network in which packets can be
//! lost at will, so the test runs itself again in a network namespace of its own.
#![cfg(target_os = "linux")]

use std::{
    net::SocketAddr,
    process::Command,
    time::{Duration, Instant},
};

use e2e::{Line, Town, fresh, fresh_channel};
use tokio::net::TcpSocket;

/// Everybody else must have seen a client leave by then.
const GONE_WITHIN: Duration = Duration::from_secs(30);
const INSIDE: &str = "CAUSERIE_TEST_INSIDE_A_NETWORK_OF_ITS_OWN";
/// Where those live who will vanish.
const FAR: &str = "10.99.0.2";

#[test]
fn who_vanishes_without_a_word_is_gone_for_the_others_within_30_seconds() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        return runtime.expect("a runtime").block_on(inside());
    }
    let this = std::env::current_exe().expect("a test knows where it is");
    let done = Command::new("unshare")
        .args(["--map-root-user", "--net"])
        .arg(this)
        .args([
            "--exact",
            "who_vanishes_without_a_word_is_gone_for_the_others_within_30_seconds",
            "--nocapture",
        ])
        .env(INSIDE, "1")
        .status();
    let done = done.expect("unshare runs (util-linux)");
    assert!(
        done.success(),
        "in a network of its own: {done} (user namespaces must be allowed, or this run by root)"
    );
}

async fn inside() {
    ip("link set lo up");
    ip(&format!("address add {FAR}/32 dev lo"));
    let town = Town::one_process().await;
    let (channel, bob, carol, dora) = (fresh_channel("gone"), fresh("bob"), fresh("carol"), fresh("dora"));
    let quiet = fresh_channel("quiet");
    let mut alice = town.person(&fresh("alice")).await;
    alice.does(&format!("/join {quiet}")).await;
    alice.does(&format!("/join {channel}")).await;
    // Nothing is said to Bob: only probes can find out. Carol misses what is said. Dora lives.
    let mut b = far(&town, &bob).await;
    b.does(&format!("/join {quiet}")).await;
    let mut c = far(&town, &carol).await;
    c.does(&format!("/join {channel}")).await;
    let mut d = town.person(&dora).await;
    d.does(&format!("/join {channel}")).await;
    alice.settles().await;

    let cut = Instant::now();
    ip(&format!("address delete {FAR}/32 dev lo"));
    ip(&format!("route add blackhole {FAR}/32"));
    alice.does("do you hear me?").await;
    for who in [&bob, &carol] {
        let rest = GONE_WITHIN.saturating_sub(cut.elapsed());
        alice.sees_within(&format!("100 quit {who} :*"), rest).await;
        println!("{who} was gone after {:?}", cut.elapsed());
    }
    alice.asks(&format!("/names {channel}")).await.is(&format!("200 names {channel} 2"));
    d.does("I hear you").await;
}

/// Somebody with a nick, at the far end.
async fn far(town: &Town, nick: &str) -> Line {
    let socket = TcpSocket::new_v4().expect("a socket");
    let here = SocketAddr::new(FAR.parse().expect("an address"), 0);
    socket.bind(here).expect("the address is ours");
    let mut line = Line::over(socket.connect(town.chat_address()).await.expect("the gateway listens"));
    line.sees("200 welcome causerie/1 *").await;
    line.asks(&format!("/nick {nick}")).await.is(&format!("200 nick {nick}"));
    line
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).status();
    assert!(done.expect("ip runs (iproute2)").success(), "ip {arguments}");
}

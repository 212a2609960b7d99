//! Who stands between us and a client: load balancers (PROXY), web gateways (WEBIRC), and a browser that was led astray.

mod town;

use kit::config::Secret;

use self::town::{Person, Town};

const BALANCER: &str = "127.0.0.2";
const GATEWAY: &str = "127.0.0.3";

fn network(address: &str) -> ipnet::IpNet {
    address.parse::<std::net::IpAddr>().expect("an address").into()
}

/// Whether passwords may be said: not in clear from beyond this machine.
async fn is_offered_sasl(person: &mut Person) -> bool {
    person.says("CAP LS").await;
    person.sees_next(":irc.causerie.localhost CAP * LS :").await.contains(" sasl ")
}

async fn host(person: &mut Person, nick: &str) -> String {
    person.raw(format!("NICK {nick}\r\nUSER {nick} 0 * :x\r\nCAP END\r\n").as_bytes()).await;
    let whois = person.asks(&format!("WHOIS {nick}"), &format!(":irc.causerie.localhost 311 {nick} ")).await;
    whois.split(' ').nth(5).expect("a host").to_owned()
}

#[tokio::test]
async fn a_load_balancer_says_who_connects_and_nobody_else_does() {
    let town = Town::behind(&[network(BALANCER)], |config| config.limits.connections_per_address = 2).await;
    let mut near = Person::connect(town.irc).await;
    assert!(is_offered_sasl(&mut near).await);
    let mut far = Person::connect_from(BALANCER, town.irc).await;
    far.raw(b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 6667\r\n").await;
    assert!(!is_offered_sasl(&mut far).await, "their address is what counts");
    let host_of_far = host(&mut far, "far").await;
    assert_ne!(host_of_far, host(&mut near, "near").await);

    // They are counted, and the balancer is not.
    let mut second = Person::connect_from(BALANCER, town.lines).await;
    second.raw(b"PROXY TCP4 192.0.2.7 192.0.2.1 40001 7667\r\n").await;
    second.sees_next("200 welcome").await;
    let mut third = Person::connect_from(BALANCER, town.lines).await;
    third.raw(b"PROXY TCP4 192.0.2.7 192.0.2.1 40002 7667\r\n").await;
    third.sees_next("429 too-many-connections").await;

    let mut web = Person::connect_from(BALANCER, town.web).await;
    web.raw(b"PROXY TCP4 192.0.2.7 192.0.2.1 40003 8080\r\nGET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    web.sees_next("HTTP/1.1 200 OK").await;

    let mut silent = Person::connect_from(BALANCER, town.irc).await;
    silent.raw(b"NICK mallory\r\nUSER m 0 * :m\r\n").await;
    assert_eq!(silent.sees_the_end().await, Vec::<String>::new(), "the balancer has to say for whom");
    let mut liar = Person::connect(town.irc).await;
    liar.raw(b"PROXY TCP4 192.0.2.9 192.0.2.1 40000 6667\r\n").await;
    liar.sees_next(":irc.causerie.localhost 421 * PROXY :").await;
}

/// <https://ircv3.net/specs/extensions/webirc>
#[tokio::test]
async fn a_web_gateway_says_first_for_whom_it_connects_and_nobody_else_is_believed() {
    let town = Town::with(|config| {
        config.webirc = vec![network(GATEWAY)];
        config.webirc_password = Some(Secret::new("secret".to_owned()));
    })
    .await;
    for (line, closing) in [
        ("CAP LS", "say with WEBIRC for whom you connect"),
        ("WEBIRC wrong kiwi host.example 192.0.2.7", "you are not believed for whom you connect"),
        ("WEBIRC secret kiwi host.example nowhere", "this is no address"),
    ] {
        let mut person = Person::connect_from(GATEWAY, town.irc).await;
        person.asks(line, &format!("ERROR :Closing link: {closing}")).await;
        assert_eq!(person.line().await, None, "after {line}");
    }
}

#[tokio::test]
async fn who_comes_by_a_web_gateway_has_their_own_address() {
    let town = Town::with(|config| {
        config.webirc = vec![network(GATEWAY)];
        config.webirc_password = Some(Secret::new("secret".to_owned()));
    })
    .await;
    let mut clear = Person::connect_from(GATEWAY, town.irc).await;
    clear.says("WEBIRC secret kiwi host.example 192.0.2.7").await;
    assert!(!is_offered_sasl(&mut clear).await, "they spoke to the gateway in clear");
    let mut secure = Person::connect_from(GATEWAY, town.irc).await;
    secure.says("WEBIRC secret kiwi host.example 192.0.2.7 :local-port=443 secure").await;
    assert!(is_offered_sasl(&mut secure).await);
    let host_of_clear = host(&mut clear, "clear").await;
    assert_eq!(host_of_clear, host(&mut secure, "secure").await);
    let mut other = Person::connect_from(GATEWAY, town.irc).await;
    other.says("WEBIRC secret kiwi host.example 2001:db8::7").await;
    assert!(!is_offered_sasl(&mut other).await);
    assert_ne!(host_of_clear, host(&mut other, "other").await);
    let mut liar = Person::connect(town.irc).await;
    liar.asks("WEBIRC secret kiwi host.example 192.0.2.8", "ERROR :Closing link: you are not believed").await;
}

/// A page in somebody's browser can write to our port what it likes, behind the head of a request.
#[tokio::test]
async fn a_request_of_http_ends_the_connection() {
    let town = Town::new().await;
    for verb in ["GET", "POST", "OPTIONS"] {
        let mut browser = Person::connect(town.irc).await;
        let request = format!("{verb} / HTTP/1.1\r\nHost: x\r\n\r\nNICK mallory\r\nUSER m 0 * :m\r\n");
        browser.raw(request.as_bytes()).await;
        let seen = browser.sees_the_end().await;
        assert!(seen[0].starts_with("ERROR :Closing link: this is no web server"), "{seen:?}");
        assert!(seen.iter().all(|line| !line.contains(" 001 ")), "{seen:?}");
    }
    let mut alice = town.enters("alice").await;
    alice.asks("GET / HTTP/1.1", ":irc.causerie.localhost 421 alice GET :").await;
}

//! The page and its socket, as a browser uses them.

mod town;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

use self::town::{Person, Town, within};

struct Browser(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Browser {
    async fn connect(town: &Town) -> Self {
        Self::ask_for(town, "socket", "").await.0
    }

    /// Asks for subprotocols, and gives the one that it got.
    async fn ask_for(town: &Town, path: &str, subprotocols: &str) -> (Self, String) {
        let mut request = format!("ws://{}/{path}", town.web).into_client_request().expect("a request");
        if !subprotocols.is_empty() {
            let names = subprotocols.parse().expect("a header");
            request.headers_mut().insert("sec-websocket-protocol", names);
        }
        let connected = within("a web socket", tokio_tungstenite::connect_async(request)).await;
        let (socket, answer) = connected.expect("the gateway upgrades");
        let given = answer.headers().get("sec-websocket-protocol");
        (Self(socket), given.map_or("", |name| name.to_str().expect("a name")).to_owned())
    }

    async fn says(&mut self, line: impl Into<Message>) {
        within("a write", self.0.send(line.into())).await.expect("the socket takes it");
    }

    /// The next line; none at the end.
    async fn line(&mut self) -> Option<String> {
        loop {
            match within("a line", self.0.next()).await? {
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Binary(bytes)) => {
                    return Some(format!(
                        "binary {}",
                        str::from_utf8(&bytes).expect("all our lines are UTF-8")
                    ));
                }
                Ok(Message::Close(_)) | Err(Error::Protocol(_) | Error::ConnectionClosed) => return None,
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn sees(&mut self, start: &str) -> String {
        loop {
            let line = self.line().await.unwrap_or_else(|| panic!("the socket ended without {start:?}"));
            if line.starts_with(start) {
                assert!(!line.contains('\n'), "one message, one line: {line:?}");
                return line;
            }
        }
    }

    async fn asks(&mut self, line: &str, reply: &str) -> String {
        self.says(line).await;
        self.sees(reply).await
    }
}

#[tokio::test]
async fn a_browser_and_a_socket_chat() {
    let town = Town::new().await;
    let mut alice = Browser::connect(&town).await;
    let mut bob = town.person("bob").await;
    alice.sees("200 welcome causerie/1 Causerie :").await;
    alice.asks("/nick alice", "200 nick alice").await;
    alice.asks("/join #x", "200 joined #x 1 0").await;
    bob.asks("/join #x", "200 joined #x 2 0").await;
    alice.asks("salut", "201 sent #x 1 ").await;
    bob.sees("100 msg #x 1 ").await;
    // Twenty at once, and twenty back.
    for number in 0..20 {
        bob.says(&format!("{number} {}", "x".repeat(4000))).await;
    }
    for number in 0..20 {
        assert!(alice.sees("100 msg #x ").await.contains(&format!(" bob :{number} x")));
    }
    alice.0.close(None).await.expect("it closes");
    bob.sees("100 quit alice").await;
}

#[tokio::test]
async fn what_is_no_line_gets_its_error_and_the_next_line_works() {
    let town = Town::new().await;
    let mut browser = Browser::connect(&town).await;
    browser.asks(&"x".repeat(8193), "413 line-too-long 8192").await;
    browser.says(vec![0xff, 0xfe, b'a']).await;
    browser.asks("/ping ", "200 pong").await;
    browser.says(Message::Ping(Vec::new().into())).await;
    browser.asks("/ping\r\n/ping", "200 pong").await;
    browser.sees("200 pong").await;
}

/// <https://ircv3.net/specs/extensions/websocket>
#[tokio::test]
async fn who_asks_for_it_speaks_irc_on_a_web_socket() {
    let town = Town::new().await;
    let mut bob = town.person("bob").await;
    bob.asks("/join #x", "200 joined #x 1 0").await;
    for (path, nick, asked, given, mark) in [
        ("socket", "alice", "text.ircv3.net", "text.ircv3.net", ""),
        ("", "carol", "binary.ircv3.net, text.ircv3.net", "binary.ircv3.net", "binary "),
        ("", "dave", "text.ircv3.net, binary.ircv3.net", "text.ircv3.net", ""),
        ("socket", "erin", "chat, binary.ircv3.net", "binary.ircv3.net", "binary "),
    ] {
        let (mut browser, got) = Browser::ask_for(&town, path, asked).await;
        assert_eq!(got, given);
        browser.says(format!("NICK {nick}")).await;
        browser.says(format!("USER {nick} 0 * :{nick}").into_bytes()).await;
        browser.sees(&format!("{mark}:irc.causerie.localhost 001 {nick} ")).await;
        browser.says("JOIN #x").await;
        browser.sees(&format!("{mark}:irc.causerie.localhost 366 {nick} #x ")).await;
        browser.says(format!("PRIVMSG #x :caf\u{e9} {nick}")).await;
        assert!(bob.sees("100 msg #x ").await.ends_with(&format!(" {nick} :caf\u{e9} {nick}")));
        bob.says(&format!("salut {nick}")).await;
        browser.sees(&format!("{mark}:bob!")).await;
        browser.says(b"PRIVMSG #x :caf\xe9".to_vec()).await;
        browser.sees(&format!("{mark}:irc.causerie.localhost FAIL PRIVMSG INVALID_UTF8 ")).await;
        browser.says("PING still").await;
        browser.sees(&format!("{mark}:irc.causerie.localhost PONG ")).await;
    }
}

#[tokio::test]
async fn a_message_past_all_bounds_ends_one_socket() {
    let town = Town::new().await;
    let (mut mallory, mut alice) = (Browser::connect(&town).await, Browser::connect(&town).await);
    // The gateway may close before it has all.
    let _ = mallory.0.send(Message::text("x".repeat(64 * 1024 + 1))).await;
    while let Ok(Some(Ok(_))) =
        tokio::time::timeout(std::time::Duration::from_secs(15), mallory.0.next()).await
    {}
    alice.asks("/nick alice", "200 nick alice").await;
}

#[tokio::test]
async fn web_sockets_count_as_connections_and_end_with_the_gateway() {
    let mut town = Town::with(|config| config.limits.connections = 1).await;
    let mut alice = Browser::connect(&town).await;
    alice.sees("200 welcome").await;
    let mut second = Browser::connect(&town).await;
    second.sees("429 too-many-connections").await;
    assert_eq!(second.line().await, None);
    let (stopped, closing) = tokio::join!(town.stops(), alice.sees("100 closing "));
    assert!(stopped, "in time");
    assert_eq!(closing, "100 closing :the server is going down");
}

#[tokio::test]
async fn the_page_is_served_and_loads_nothing_from_elsewhere() {
    let town = Town::new().await;
    let mut http = Person::connect(town.web).await;
    http.raw(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    let answer = http.sees_the_end().await.join("\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("content-security-policy: default-src 'none'"), "{answer}");
    assert!(
        answer.contains("new URL(\"socket\", location.href)") && !answer.contains("https://"),
        "{answer}"
    );
    let mut plain = Person::connect(town.web).await;
    plain.raw(b"GET /socket HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    let answer = plain.sees_the_end().await.join("\n");
    assert!(answer.starts_with("HTTP/1.1 4") && answer.contains("application/problem+json"), "{answer}");
}

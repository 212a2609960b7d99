//! Real clients: irssi and WeeChat in terminals, IRC in a browser's web socket, netcat and a program, in one channel.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

use e2e::{Channels, Gateway, Line, Plan, Terminal, Town, Users, WITHIN};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};

const PASSWORD: &str = "correct-horse-battery";

/// The last that the server says to whoever comes in; a client that is asked for more before that is not ready for it.
const WELCOMED: &str = "There is no message of the day";

/// What differs between them.
struct Words {
    /// What it says when SASL is done.
    logged_in: &'static str,
    /// Show what the server says, or what is said in the channel.
    server: &'static str,
    channel: &'static str,
}

const IRSSI: Words = Words {
    logged_in: "SASL authentication succeeded",
    server: "/window goto 1",
    channel: "/window goto #general",
};

const WEECHAT: Words = Words {
    logged_in: "SASL authentication was successful",
    server: "/buffer server.town",
    channel: "/buffer #general",
};

#[tokio::test]
async fn irssi_chats_with_everybody_and_comes_back() {
    let town = Plan::one_process().start().await;
    let alice = Terminal::run(["irssi"]).await;
    alice.sees("[(status)]").await;
    alice.types(&format!("/network add -nick alice -sasl_mechanism PLAIN -sasl_username alice -sasl_password {PASSWORD} town")).await;
    alice.types(&format!("/server add -network town 127.0.0.1 {}", town.irc_address().port())).await;
    chats(&town, &alice, &IRSSI).await;
}

#[tokio::test]
async fn weechat_chats_with_everybody_and_comes_back() {
    let town = Plan::one_process().start().await;
    let alice = Terminal::run(["weechat", "-r", "/set weechat.look.paste_max_lines -1"]).await;
    alice.sees("WeeChat").await;
    alice
        .types(&format!("/server add town 127.0.0.1/{} -notls -nicks=alice", town.irc_address().port()))
        .await;
    for (option, value) in [("mechanism", "plain"), ("username", "alice"), ("password", PASSWORD)] {
        alice.types(&format!("/set irc.server.town.sasl_{option} {value}")).await;
    }
    chats(&town, &alice, &WEECHAT).await;
}

/// What each of them does on an evening.
async fn chats(town: &Town, alice: &Terminal, words: &Words) {
    let account = town.rest().account("alice", PASSWORD).await.login("alice", PASSWORD).await;
    account.post(Channels, "/v1/channels", &json!({"name": "#general"})).await.is(201);
    account.patch(Channels, "/v1/channels/general", &json!({"history": {"lines_on_join": 2}})).await.ok();
    let program = town.rest().guest("carol").await;
    alice.types("/connect town").await;
    alice.sees(words.logged_in).await;
    alice.sees(WELCOMED).await;
    alice.types("/join #general").await;
    let mut bob = town.person("bob").await;
    bob.does("/join #general").await;
    alice.sees("bob").await;
    program.joins("#general").await.ok();
    let mut dave = Browser::enters(town, "dave").await;
    dave.says("JOIN #general").await;
    dave.sees(" 366 dave #general ").await;
    alice.sees("dave").await;

    bob.does("hello from netcat").await;
    program.sends("#general", "hello from a program").await.is(201);
    dave.says("PRIVMSG #general :hello from a browser").await;
    for text in ["hello from netcat", "hello from a program", "hello from a browser"] {
        alice.sees(text).await;
    }
    alice.types("hello from a terminal").await;
    bob.sees("100 msg #general 4 <time> alice :hello from a terminal").await;
    dave.sees(" PRIVMSG #general :hello from a terminal").await;
    let history = program.history("#general").await;
    let me = account.get(Users, "/v1/users/me").await;
    assert_eq!(history.items()[3]["author"]["id"], me.ok().body["id"], "the program knows who it is");

    alice.types("/kick dave enough of that").await;
    dave.sees(" KICK #general dave :enough of that").await;
    bob.sees("100 kick #general alice dave :enough of that").await;
    alice.types("/msg bob only for you").await;
    bob.sees("100 msg bob 1 <time> alice :only for you").await;

    comes_back(town, alice, words, bob).await;
}

async fn comes_back(town: &Town, alice: &Terminal, words: &Words, mut bob: Line) {
    alice.types("/disconnect").await;
    bob.sees("100 quit alice :<text>").await;
    bob.does("the first while you were away").await;
    bob.does("the second while you were away").await;
    bob.does("the third while you were away").await;
    town.kill9(Gateway);
    town.start(Gateway).await;
    let mut bob = town.person("robert").await;
    bob.does("/join #general").await;
    alice.types(words.server).await;
    alice.types("/clear").await;
    alice.types("/connect town").await;
    alice.sees(words.logged_in).await;
    alice.sees(WELCOMED).await;
    alice.types("/join #general").await;
    bob.sees("100 join #general alice").await;
    alice.types(words.channel).await;
    alice.sees("the third while you were away").await;
    let screen = alice.screen().await;
    assert!(screen.contains("the second while you were away"), "{screen}");
    assert!(!screen.contains("the first while you were away"), "two lines are enough:\n{screen}");
    alice.types("here I am again").await;
    bob.sees("100 msg #general <seq> <time> alice :here I am again").await;
}

/// IRC in a web page.
struct Browser(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Browser {
    async fn enters(town: &Town, nick: &str) -> Self {
        let url = town.url(Gateway).replace("http://", "ws://");
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "text.ircv3.net".parse().unwrap());
        let (socket, _) = timeout(WITHIN, tokio_tungstenite::connect_async(request)).await.unwrap().unwrap();
        let mut browser = Self(socket);
        browser.says(&format!("NICK {nick}")).await;
        browser.says(&format!("USER {nick} 0 * :{nick}")).await;
        browser.sees(&format!(" 001 {nick} ")).await;
        browser
    }

    async fn says(&mut self, line: &str) {
        timeout(WITHIN, self.0.send(line.into())).await.unwrap().unwrap();
    }

    async fn sees(&mut self, text: &str) {
        let mut passed = Vec::new();
        loop {
            let next = timeout(WITHIN, self.0.next()).await;
            let Ok(Some(Ok(Message::Text(line)))) = next else {
                panic!("no {text:?}, but {passed:?} and {next:?}")
            };
            if line.contains(text) {
                return;
            }
            passed.push(line);
        }
    }
}

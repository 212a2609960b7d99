use std::net::SocketAddr;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::clock::WITHIN;

/// Somebody in an IRC client that asks one thing after the other.
pub struct Irc {
    stream: BufReader<TcpStream>,
    /// Questions asked: each has an end of its own.
    asked: u64,
}

impl Irc {
    pub(crate) async fn enter(address: SocketAddr, nick: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        let mut irc = Self { stream: BufReader::new(stream), asked: 0 };
        let caps = "CAP REQ :draft/message-redaction draft/chathistory batch message-tags echo-message";
        irc.types(&format!("{caps}\r\nNICK {nick}\r\nUSER {nick} 0 * :{nick}\r\nCAP END")).await;
        while !irc.line().await.contains(&format!(" 422 {nick} ")) {}
        irc
    }

    /// All that came until the line was answered. Answers come in order, so that the PONG is behind them.
    ///
    /// # Panics
    /// If it is not answered, or the connection ends.
    pub async fn asks(&mut self, line: &str) -> Vec<String> {
        self.asked += 1;
        let end = format!("end-{}", self.asked);
        self.types(&format!("{line}\r\nPING {end}")).await;
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            if line.contains(" PONG ") && line.ends_with(&end) {
                return lines;
            }
            lines.push(line);
        }
    }

    async fn types(&mut self, lines: &str) {
        self.stream.write_all(format!("{lines}\r\n").as_bytes()).await.expect("the gateway reads");
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = timeout(WITHIN, self.stream.read_line(&mut line)).await.expect("an answer in time");
        assert!(read.expect("the connection lives") > 0, "the gateway has closed the connection");
        line.trim_end().to_owned()
    }
}

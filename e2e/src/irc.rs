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
    /// What was asked last.
    last: String,
}

impl Irc {
    /// Somebody who has not said yet who they are.
    ///
    /// # Panics
    /// If nobody listens there.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        Self { stream: BufReader::new(stream), asked: 0, last: String::new() }
    }

    pub(crate) async fn enter(address: SocketAddr, nick: &str) -> Self {
        let mut irc = Self::connect(address).await;
        let caps = "CAP REQ :draft/message-redaction draft/chathistory batch message-tags echo-message standard-replies";
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
        line.clone_into(&mut self.last);
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

    /// How the line was refused: a numeric, or the word after `FAIL`; none if it was not.
    ///
    /// # Panics
    /// As [`asks`](Self::asks).
    pub async fn refusal(&mut self, line: &str) -> Option<String> {
        self.asks(line).await.iter().find_map(|line| refusal(line))
    }

    async fn types(&mut self, lines: &str) {
        self.raw(format!("{lines}\r\n").as_bytes()).await;
    }

    /// # Panics
    /// If the connection is gone.
    pub async fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the gateway reads");
    }

    /// The next line.
    ///
    /// # Panics
    /// If there is none in time.
    pub async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = timeout(WITHIN, self.stream.read_line(&mut line)).await.expect("an answer in time");
        let (read, asked) = (read.expect("the connection lives"), &self.last);
        assert!(read > 0, "the gateway has closed the connection, after {asked:?}");
        line.trim_end().to_owned()
    }
}

fn refusal(line: &str) -> Option<String> {
    let mut words = line.split(' ').skip_while(|word| word.starts_with(['@', ':']));
    match words.next()? {
        "FAIL" => words.nth(1).map(str::to_owned),
        // RPL_TRYAGAIN and ERR_INVALIDMODEPARAM lie elsewhere.
        numeric @ ("263" | "696") => Some(numeric.to_owned()),
        numeric if numeric.len() == 3 && numeric.starts_with(['4', '5']) => Some(numeric.to_owned()),
        _ => None,
    }
}

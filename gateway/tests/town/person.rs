use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// What everything may take: debug builds on a busy machine.
pub(crate) const WITHIN: Duration = Duration::from_secs(15);

/// Waits for a condition, with a deadline.
pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(WITHIN, work).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// A client with a socket.
pub(crate) struct Person {
    reader: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    passed: Vec<String>,
}

impl Person {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = within("a connection", TcpStream::connect(address)).await.expect("the gateway listens");
        Self::on(stream)
    }

    /// With hardly any buffer at this end: who does not read is noticed soon.
    pub(crate) async fn connect_narrowly(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(8 * 1024).expect("a socket takes a buffer size");
        Self::on(within("a connection", socket.connect(address)).await.expect("the gateway listens"))
    }

    /// From another address of this machine.
    pub(crate) async fn connect_from(from: &str, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(from.parse().expect("an address"), 0)).expect("it is ours");
        Self::on(within("a connection", socket.connect(address)).await.expect("the gateway listens"))
    }

    fn on(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self::over(reader, writer)
    }

    /// With a connection of any kind.
    pub(crate) fn over(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self { reader: BufReader::new(Box::new(reader)), writer: Box::new(writer), passed: Vec::new() }
    }

    pub(crate) async fn says(&mut self, line: &str) {
        self.raw(format!("{line}\n").as_bytes()).await;
    }

    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        within("a write", self.writer.write_all(bytes)).await.expect("the connection takes it");
    }

    /// The next line; none at the end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = within("a line", self.reader.read_line(&mut line)).await;
        (read.unwrap_or(0) > 0).then(|| line.trim_end_matches('\n').to_owned())
    }

    /// Whether a line that begins so was among those that were passed over.
    pub(crate) fn has_seen(&self, start: &str) -> bool {
        self.passed.iter().any(|line| line.starts_with(start))
    }

    /// The next line that begins so; those before it are passed over.
    pub(crate) async fn sees(&mut self, start: &str) -> String {
        let mut others = Vec::new();
        while let Some(line) = self.line().await {
            if line.starts_with(start) {
                self.passed.extend(others);
                return line;
            }
            others.push(line);
        }
        panic!("the connection ended without {start:?}, after {others:#?}");
    }

    /// The next line is this one.
    pub(crate) async fn sees_next(&mut self, start: &str) -> String {
        let line = self.line().await.unwrap_or_else(|| panic!("the connection ended without {start:?}"));
        assert!(line.starts_with(start), "{line:?} instead of {start:?}");
        line
    }

    pub(crate) async fn asks(&mut self, line: &str, reply: &str) -> String {
        self.says(line).await;
        self.sees(reply).await
    }

    /// Everything until the end.
    pub(crate) async fn sees_the_end(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
        }
        lines
    }

    /// All bytes until the end.
    pub(crate) async fn ends_with_bytes(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset is an end, too.
        let _ = within("the end", self.reader.read_to_end(&mut bytes)).await;
        bytes
    }

    pub(crate) async fn closes_its_half(&mut self) {
        within("a shutdown", self.writer.shutdown()).await.expect("the connection lives");
    }
}

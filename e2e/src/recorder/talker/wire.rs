use std::{io, net::SocketAddr, time::Duration};

use proto::plain::ServerLine;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

/// Whoever listens accepts in less; a machine that is cut off does not.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// A socket that speaks lines. Reading can be given up at any moment and loses nothing.
pub(super) struct Wire {
    socket: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    /// Tries one after the other every so often until there is somebody, at most for `within`.
    pub(super) async fn connect(
        mut addresses: impl Iterator<Item = SocketAddr>,
        every: Duration,
        within: Duration,
    ) -> Option<Self> {
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            let connecting = TcpStream::connect(addresses.next()?);
            if let Ok(Ok(socket)) = timeout(CONNECT_WITHIN, connecting).await {
                // Small writes at once, as netcat does.
                let _ = socket.set_nodelay(true);
                return Some(Self { socket, read: Vec::new() });
            }
            sleep(every).await;
        }
        None
    }

    pub(super) async fn types(&mut self, lines: &str) -> io::Result<()> {
        self.socket.write_all(lines.as_bytes()).await
    }

    /// # Errors
    /// `InvalidData` for a line that is none of the protocol; anything else is the end of the connection.
    pub(super) async fn line(&mut self) -> io::Result<ServerLine> {
        let line = self.any_line().await?;
        ServerLine::parse(&line)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{line:?}: {error}")))
    }

    /// A line of whatever protocol.
    pub(super) async fn any_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.read.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).trim_end_matches('\r').to_owned());
            }
            if self.socket.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

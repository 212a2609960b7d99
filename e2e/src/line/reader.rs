use std::{io, sync::Arc, time::Instant};

use tokio::{net::TcpStream, sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::heard::Heard;

pub(super) enum News {
    Line(Heard),
    Bytes(Vec<u8>),
    Closed,
}

/// Reads all the time.
pub(super) struct Reader {
    /// Ends with what it has of a line that is not whole.
    pub(super) task: JoinHandle<Vec<u8>>,
    stop: CancellationToken,
    /// There once it has stopped.
    pub(super) begun: Option<Vec<u8>>,
}

impl Reader {
    pub(super) fn start(stream: Arc<TcpStream>, news: mpsc::UnboundedSender<News>, begun: Vec<u8>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(read_on(stream, news, begun, stop.clone()));
        Self { task, stop, begun: None }
    }

    pub(super) async fn stop(&mut self) {
        if self.begun.is_none() {
            self.stop.cancel();
            self.begun = Some((&mut self.task).await.unwrap_or_default());
        }
    }
}

async fn read_on(
    stream: Arc<TcpStream>,
    news: mpsc::UnboundedSender<News>,
    mut begun: Vec<u8>,
    stop: CancellationToken,
) -> Vec<u8> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            _ = stream.readable() => {}
            () = stop.cancelled() => return begun,
        }
        let count = match stream.try_read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            // A reset is an end as well.
            read => read.unwrap_or(0),
        };
        let at = Instant::now();
        // Nobody listens any more once the connection is dropped.
        let _ = news.send(News::Bytes(chunk[..count].to_vec()));
        begun.extend_from_slice(&chunk[..count]);
        while let Some(end) = begun.iter().position(|&b| b == b'\n') {
            let line: Vec<u8> = begun.drain(..=end).collect();
            let raw = String::from_utf8_lossy(&line[..end]).into_owned();
            let _ = news.send(News::Line(Heard { raw, at }));
        }
        if count == 0 {
            if !begun.is_empty() {
                let raw = String::from_utf8_lossy(&begun).into_owned();
                let _ = news.send(News::Line(Heard { raw: format!("(without LF) {raw}"), at }));
            }
            let _ = news.send(News::Closed);
            return Vec::new();
        }
    }
}

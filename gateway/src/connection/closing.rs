//! A connection's last moments: the client is told why, what it typed meanwhile is answered, and nothing is cut off on its way.

use std::{io, sync::Arc, time::Duration};

use api::ErrorCode;
use proto::lines::LineBuffer;

use super::{read, writer::Writer};
use crate::{command::Refusal, event::Event, hub::Client, reply::Reply, stream::Stream};

/// What a client may take to read what is left, when we close its connection.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);
/// The same when it has closed its half or quits: `nc -N` on a slow line gets its whole history.
const READ_ON_WITHIN: Duration = Duration::from_secs(60);
/// Lines that were on their way when the connection was closed are still answered: so each command has its reply.
const ANSWER_FOR: Duration = Duration::from_millis(500);
/// What is still on its way then is read and dropped, or the system would reset the connection and with it our last words.
const DISCARD_FOR: Duration = Duration::from_secs(1);
const DISCARD_BYTES: usize = 4096;

pub(super) enum Goodbye {
    /// Everything is said.
    Nothing,
    Told(String),
    /// What was typed is answered, and nobody is shown it any more.
    Last(String),
    /// Nobody hears it.
    Broken,
}

pub(super) struct Closing {
    pub(super) stream: Stream,
    pub(super) lines: LineBuffer,
    pub(super) writer: Writer,
    pub(super) client: Arc<Client>,
}

impl Closing {
    pub(super) async fn say(mut self, goodbye: Goodbye) {
        match goodbye {
            Goodbye::Broken => return,
            Goodbye::Nothing => self.flush(READ_ON_WITHIN).await,
            Goodbye::Last(reason) => {
                self.tell(&reason);
                self.flush(READ_ON_WITHIN).await;
            }
            Goodbye::Told(reason) => {
                self.tell(&reason);
                self.flush(FLUSH_WITHIN).await;
                let _ = tokio::time::timeout(ANSWER_FOR, self.answer(&reason)).await;
            }
        }
        self.stream.finish();
        let _ = tokio::time::timeout(DISCARD_FOR, self.discard()).await;
    }

    fn tell(&self, reason: &str) {
        let event = Event::Closing { reason };
        self.client.queue.last_event(|dialect| dialect.one_event(&event, api::Timestamp::now()));
    }

    async fn flush(&mut self, within: Duration) {
        let _ = tokio::time::timeout(within, self.writer.flush(&self.stream, &self.client.queue)).await;
    }

    /// Answers what comes until they have closed their half.
    async fn answer(&mut self, reason: &str) -> io::Result<()> {
        loop {
            while let Some(line) = self.lines.next_line() {
                let dialect = self.client.queue.dialect();
                let request = match line {
                    Ok(line) => dialect.decode(line),
                    Err(error) => Some(dialect.unreadable(error, &self.lines)),
                };
                if let Some(request) = request {
                    let refusal =
                        Refusal::new(ErrorCode::NotAuthenticated).detail(format!("closed: {reason}"));
                    Reply::begin(&self.client, request.ask, "too-late").give(&Err(refusal));
                }
            }
            self.writer.flush(&self.stream, &self.client.queue).await?;
            self.stream.readable().await?;
            match read(&self.stream, &mut self.lines) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn discard(&self) -> io::Result<()> {
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut [0; DISCARD_BYTES]) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }
}

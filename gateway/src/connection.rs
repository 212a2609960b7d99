//! One client's connection: bytes in, lines to commands, one command after the other; what its queue holds, out. One task, which
//! holds no buffer while nothing happens.

mod closing;
mod writer;

use std::{io, net::IpAddr, panic::AssertUnwindSafe, sync::Arc};

use api::ErrorCode;
use futures_util::FutureExt;
use proto::lines::{LineBuffer, LineError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::{
    closing::{Closing, Goodbye},
    writer::Writer,
};
use crate::{
    command::{Command, Refusal},
    commands,
    dialect::{Dialect, Label, Request},
    gateway::Gateway,
    hub::Client,
    reply::Reply,
    sendq::Closed,
    session::Session,
    stream::Stream,
};

/// Bytes read at once: on the stack, as most connections are idle.
const READ_BYTES: usize = 8192;
/// Sends of one client on their way at once; then it is not read from.
const OPEN_SENDS: usize = 256;
/// Bytes of replies that may wait while further commands are read.
const UNREAD_REPLIES: usize = 64 * 1024;

pub(crate) struct Connection {
    stream: Stream,
    lines: LineBuffer,
    writer: Writer,
    session: Session,
}

/// Why a connection ends.
enum End {
    /// They closed their half, and everything is answered.
    Finished,
    /// `/quit`.
    Quit(String),
    /// We close it.
    Closed(Closed),
    Broken(io::Error),
    /// The gateway goes.
    Draining,
}

impl Connection {
    pub(crate) fn new(stream: Stream, address: IpAddr, gateway: Arc<Gateway>, dialect: Dialect) -> Self {
        let client = Client::new(gateway.config.limits.send_queue, dialect);
        client.queue.partial(dialect.greeting(&gateway.network));
        let session = Session::new(gateway, client, address, stream.is_private());
        Self { stream, lines: LineBuffer::new(dialect.max_line()), writer: Writer::default(), session }
    }

    pub(crate) async fn run(mut self, draining: CancellationToken) {
        // Whatever happens, the session ends with its connection.
        let end = match AssertUnwindSafe(self.serve(&draining)).catch_unwind().await {
            Ok(Ok(end)) => end,
            Ok(Err(Stop::Closed(closed))) => End::Closed(closed),
            Ok(Err(Stop::Broken(error))) => End::Broken(error),
            Err(_) => End::Closed(Closed::Told("something went wrong inside".to_owned())),
        };
        Box::pin(self.end(end)).await;
    }

    async fn serve(&mut self, draining: &CancellationToken) -> Result<End, Stop> {
        let register_by = Instant::now() + self.session.gateway.config.limits.registration_time.get();
        loop {
            if let Some(end) = self.answer_lines(draining).await? {
                return Ok(end);
            }
            let queue = &self.session.client.queue;
            let registered = self.session.is_somebody();
            tokio::select! {
                stop = self.writer.write(&self.stream, queue) => return Err(stop),
                ready = self.stream.readable() => ready?,
                () = draining.cancelled() => continue,
                () = tokio::time::sleep_until(register_by), if !registered => {
                    if !self.session.is_somebody() {
                        queue.close("no nick was taken in time");
                    }
                }
            }
            match read(&self.stream, &mut self.lines) {
                Ok(true) => {}
                Ok(false) => {
                    self.lines.finish();
                    let end = self.answer_lines(draining).await?;
                    self.all_replies().await?;
                    return Ok(end.unwrap_or(End::Finished));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Carries out the lines that are there.
    async fn answer_lines(&mut self, draining: &CancellationToken) -> Result<Option<End>, Stop> {
        loop {
            if draining.is_cancelled() {
                self.all_replies().await?;
                return Ok(Some(End::Draining));
            }
            if let Some(closed) = self.session.client.queue.closed() {
                self.all_replies().await?;
                return Ok(Some(End::Closed(closed)));
            }
            let dialect = self.session.client.queue.dialect();
            let request = match self.lines.next_line() {
                None => return Ok(None),
                Some(Ok(line)) => match dialect.decode(line) {
                    Some(request) => request,
                    None => continue,
                },
                Some(Err(error)) => Request { label: Label::default(), command: Err(unreadable(error)) },
            };
            self.room_for_replies(OPEN_SENDS, UNREAD_REPLIES).await?;
            if let Some(reason) = self.carry_out(request).await? {
                return Ok(Some(End::Quit(reason)));
            }
        }
    }

    /// Gives the reason if the client quits.
    async fn carry_out(&mut self, request: Request) -> Result<Option<String>, Stop> {
        let Request { label, command } = request;
        let name = command.as_ref().map_or("unreadable", Command::name);
        let reply = Reply::begin(&self.session.client, label, name);
        let admitted = match command {
            // Whoever floods may leave, and should.
            Ok(Command::Quit { .. }) => Ok(()),
            _ => self.session.admit(),
        };
        let command = match admitted.and(command) {
            Ok(command) => command,
            Err(refusal) => {
                reply.give(&Err(refusal));
                return Ok(None);
            }
        };
        // Sends to where the client is already go on their way without waiting for each other's replies.
        let Some((command, reply)) = self.session.send_at_once(command, reply) else { return Ok(None) };
        // Everything else comes after what was typed before it, and before what was typed after it.
        if self.session.client.queue.open_replies() > 1 {
            self.room_for_replies(2, UNREAD_REPLIES).await?;
        }
        let client = self.session.client.clone();
        let session = &mut self.session;
        let work = Box::pin(async {
            // A panic has answered 500 by dropping the reply; the connection goes on.
            let _ = AssertUnwindSafe(commands::run(session, command, reply)).catch_unwind().await;
            client.queue.room_for_replies(1, usize::MAX).await;
            client.change_ends();
        });
        tokio::select! {
            () = work => {}
            stop = self.writer.write(&self.stream, &client.queue) => return Err(stop),
        }
        Ok(self.session.leaving.take())
    }

    async fn all_replies(&mut self) -> Result<(), Stop> {
        self.room_for_replies(1, usize::MAX).await
    }

    /// Waits until fewer than `open` replies are owed, and at most `unread` bytes of those given are still to be written.
    async fn room_for_replies(&mut self, open: usize, unread: usize) -> Result<(), Stop> {
        let queue = &self.session.client.queue;
        tokio::select! {
            biased;
            () = queue.room_for_replies(open, unread) => Ok(()),
            stop = self.writer.write(&self.stream, queue) => Err(stop),
        }
    }

    /// Says goodbye to the client, and tells the owners.
    async fn end(self, end: End) {
        metrics::counter!("gateway_connections_closed_total").increment(1);
        let going = "the server is going down";
        let (reason, goodbye) = match end {
            End::Finished => ("connection closed".to_owned(), Goodbye::Nothing),
            End::Quit(reason) => (reason, Goodbye::Nothing),
            End::Draining => (going.to_owned(), Goodbye::Told(going.to_owned())),
            End::Broken(error) => {
                tracing::debug!(cause = %error, "a connection broke");
                ("connection lost".to_owned(), Goodbye::Broken)
            }
            End::Closed(closed) => {
                let reason = closed.reason().to_owned();
                // By id only, so that an erasure finds it; an address would stay.
                let user = self.session.client.actor().map(|actor| actor.id().to_string());
                tracing::info!(user, reason, "closed a connection: {reason}");
                let told = matches!(closed, Closed::Told(_));
                (reason.clone(), if told { Goodbye::Told(reason) } else { Goodbye::Broken })
            }
        };
        let client = self.session.client.clone();
        let ending = self.session.end(reason);
        let closing = Closing { stream: self.stream, lines: self.lines, writer: self.writer, client };
        tokio::join!(ending, closing.say(goodbye));
    }
}

/// Reads once; false: they have closed their half.
pub(crate) fn read(stream: &Stream, lines: &mut LineBuffer) -> io::Result<bool> {
    let mut chunk = [0; READ_BYTES];
    let count = stream.try_read(&mut chunk)?;
    lines.feed(&chunk[..count]);
    Ok(count > 0)
}

fn unreadable(error: LineError) -> Refusal {
    match error {
        LineError::TooLong { limit } => Refusal::new(ErrorCode::LineTooLong).what(limit.to_string()),
        LineError::InvalidUtf8 => Refusal::new(ErrorCode::InvalidUtf8),
    }
    .detail(error.to_string())
}

/// Why a connection cannot be served any more.
enum Stop {
    Closed(Closed),
    Broken(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

#[cfg(test)]
mod tests {
    use api::auth::ServiceName;
    use kit::Kit;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::{config::Config, dialect::plain::Format};

    /// Most connections are idle most of the time: what one costs then is its task, and nothing else.
    #[tokio::test]
    async fn an_idle_connection_is_a_small_task() {
        let (common, _home) = kit::testing::common();
        let kit = Kit::open(ServiceName::Gateway, &common).await.unwrap();
        let gateway = Gateway::new(&kit, Config::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let address = stream.local_addr().unwrap().ip();
        let connection = Connection::new(Stream::Tcp(stream), address, gateway, Dialect::Plain(Format::Wire));
        let size = size_of_val(&connection.run(CancellationToken::new()));
        assert!(size <= 2048, "{size} bytes");
    }
}

//! One client's connection: bytes in, lines to commands, one command after the other; what its queue holds, out. One task, which
//! holds no buffer while nothing happens.

mod closing;
mod pace;
mod writer;

use std::{io, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use proto::lines::LineBuffer;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::{
    closing::{Closing, Goodbye},
    pace::Heard,
    writer::Writer,
};
use crate::{
    command::{Command, Refusal},
    commands,
    dialect::{Ask, Commands, Dialect, Pace, Request},
    gateway::Gateway,
    hub::Client,
    reception::Place,
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

/// Who was told `503 overloaded` is not read from for so long: what it sends on gathers, and refusing it costs one read and one write
/// instead of many. In overload that is most of the work.
const AFTER_OVERLOADED: Duration = Duration::from_millis(50);

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
    Leaving,
}

impl Connection {
    pub(crate) fn new(stream: Stream, place: Place, gateway: Arc<Gateway>, dialect: Dialect) -> Self {
        let client = Client::new(gateway.config.limits.send_queue, dialect, gateway.server.clone());
        client.queue.partial(dialect.greeting(&gateway.server));
        let session = Session::new(gateway, client, place, stream.is_private(), dialect);
        Self { stream, lines: dialect.lines(), writer: Writer::default(), session }
    }

    pub(crate) async fn run(mut self, leaving: CancellationToken) {
        // Whatever happens, the session ends with its connection.
        let end = match AssertUnwindSafe(self.serve(&leaving)).catch_unwind().await {
            Ok(Ok(end)) => end,
            Ok(Err(Stop::Closed(closed))) => End::Closed(closed),
            Ok(Err(Stop::Broken(error))) => End::Broken(error),
            Err(_) => End::Closed(Closed::Told("something went wrong inside".to_owned())),
        };
        Box::pin(self.end(end)).await;
    }

    async fn serve(&mut self, leaving: &CancellationToken) -> Result<End, Stop> {
        let register_by = Instant::now() + self.session.gateway.config.limits.registration_time.get();
        let silence = self.session.gateway.config.limits.irc_silence.get();
        let mut heard = Heard { at: Instant::now(), asked: false };
        loop {
            if let Some(end) = self.answer_lines(leaving).await? {
                return Ok(end);
            }
            if std::mem::take(&mut self.session.turned_away) {
                Box::pin(self.pause(AFTER_OVERLOADED)).await?;
            }
            let queue = &self.session.client.queue;
            let registered = self.session.is_somebody();
            let (by, has_end) = match registered {
                true => (heard.at + silence, queue.dialect().pings()),
                false => (register_by, true),
            };
            tokio::select! {
                stop = self.writer.write(&self.stream, queue) => return Err(stop),
                ready = self.stream.readable() => ready?,
                () = leaving.cancelled() => continue,
                () = tokio::time::sleep_until(by), if has_end => {
                    if !self.session.is_somebody() {
                        queue.close("no nick was taken in time");
                    } else if registered {
                        heard.nothing(&self.session.client);
                    }
                }
            }
            match read(&self.stream, &mut self.lines) {
                Ok(true) => {
                    heard = Heard { at: Instant::now(), asked: false };
                    // What they log in with comes before they are anybody.
                    if !registered {
                        self.session.shows(self.stream.certificate());
                    }
                }
                Ok(false) => {
                    self.lines.finish();
                    let end = self.answer_lines(leaving).await?;
                    self.all_replies().await?;
                    return Ok(end.unwrap_or(End::Finished));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Carries out the lines that are there.
    async fn answer_lines(&mut self, leaving: &CancellationToken) -> Result<Option<End>, Stop> {
        loop {
            if leaving.is_cancelled() {
                self.all_replies().await?;
                return Ok(Some(End::Leaving));
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
                Some(Err(error)) => dialect.unreadable(error, &self.lines),
            };
            self.room_for_replies(OPEN_SENDS, UNREAD_REPLIES).await?;
            if let Some(reason) = self.carry_out(request).await? {
                return Ok(Some(End::Quit(reason)));
            }
        }
    }

    /// Gives the reason if the client quits.
    async fn carry_out(&mut self, request: Request) -> Result<Option<String>, Stop> {
        let Request { ask, mut commands } = request;
        if commands.len() == 1
            && let Some(command) = commands.pop()
        {
            let reply = Reply::begin(&self.session.client, ask, name(&command));
            return self.carry_out_one(command, reply, true).await;
        }
        Box::pin(self.carry_out_all(ask, commands)).await
    }

    /// The commands of one line, one after the other. Without a label each has a reply of its own.
    async fn carry_out_all(&mut self, ask: Ask, commands: Commands) -> Result<Option<String>, Stop> {
        let client = self.session.client.clone();
        let mut parts = match &ask.label {
            Some(_) => Reply::begin_parts(&client, ask.clone(), commands.iter().map(name)),
            None => Vec::new(),
        }
        .into_iter();
        let alone = parts.len() == 0;
        for command in commands {
            let begin = || Reply::begin(&client, ask.clone(), name(&command));
            let reply = parts.next().unwrap_or_else(begin);
            if let Some(reason) = self.carry_out_one(command, reply, alone).await? {
                return Ok(Some(reason));
            }
        }
        if !alone {
            self.all_replies().await?;
            client.change_ends();
        }
        Ok(None)
    }

    /// `alone`: its reply depends on no other command's.
    async fn carry_out_one(
        &mut self,
        command: Result<Command, Refusal>,
        reply: Reply,
        alone: bool,
    ) -> Result<Option<String>, Stop> {
        let admitted = match (&command, reply.dialect().pace()) {
            // Whoever floods may leave, and should.
            (Ok(Command::Quit { .. }), _) => Ok(()),
            (_, Pace::Refused) => self.session.admit(),
            (_, Pace::Slowed) => {
                if let Err(wait) = self.session.take_turn() {
                    Box::pin(self.wait(wait)).await?;
                }
                Ok(())
            }
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
        Box::pin(self.in_its_turn(command, reply, alone)).await
    }

    /// After what was typed before it, and before what was typed after it.
    async fn in_its_turn(
        &mut self,
        command: Command,
        reply: Reply,
        alone: bool,
    ) -> Result<Option<String>, Stop> {
        if self.session.client.queue.open_replies() > 1 {
            self.room_for_replies(2, UNREAD_REPLIES).await?;
        }
        let client = self.session.client.clone();
        let session = &mut self.session;
        let work = Box::pin(async {
            // A panic has answered 500 by dropping the reply; the connection goes on.
            let _ = AssertUnwindSafe(commands::run(session, command, reply)).catch_unwind().await;
            if alone {
                client.queue.room_for_replies(1, usize::MAX).await;
                client.change_ends();
            }
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
        let going = match self.session.gateway.has_neighbours {
            true => "the server is going down, connect again",
            false => "the server is going down",
        };
        let stays_open = matches!(end, End::Leaving) && self.session.can_come_back();
        let (reason, goodbye) = match end {
            End::Finished => ("connection closed".to_owned(), Goodbye::Nothing),
            End::Quit(reason) => (reason, Goodbye::Nothing),
            End::Leaving => (going.to_owned(), Goodbye::Told(going.to_owned())),
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
        let leaves_first = client.queue.dialect().leaves_first();
        let ending = async {
            match stays_open {
                true => self.session.stays_open(),
                false => self.session.end(reason.clone()).await,
            }
        };
        let closing = Closing { stream: self.stream, lines: self.lines, writer: self.writer, client };
        if leaves_first {
            ending.await;
            let goodbye = if matches!(goodbye, Goodbye::Broken) { goodbye } else { Goodbye::Last(reason) };
            closing.say(goodbye).await;
        } else {
            tokio::join!(ending, closing.say(goodbye));
        }
    }
}

/// Reads once; false: they have closed their half.
pub(crate) fn read(stream: &Stream, lines: &mut LineBuffer) -> io::Result<bool> {
    let mut chunk = [0; READ_BYTES];
    let count = stream.try_read(&mut chunk)?;
    lines.feed(&chunk[..count]);
    Ok(count > 0)
}

fn name(command: &Result<Command, Refusal>) -> &'static str {
    command.as_ref().map_or("unreadable", Command::name)
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
    use crate::{certificate::Certificate, config::Config, dialect::plain::Format, reception::Counts};

    /// Most connections are idle most of the time: what one costs then is its task, and nothing else.
    #[tokio::test]
    async fn an_idle_connection_is_a_small_task() {
        let (common, _home) = kit::testing::common();
        let kit = Kit::open(ServiceName::Gateway, &common).await.unwrap();
        let certificate = Certificate::open(&Config::default(), &common).unwrap();
        let gateway = Gateway::new(&kit, Config::default(), certificate).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let place = Arc::new(Counts::default()).enter(stream.local_addr().unwrap(), 1, 1).ok().unwrap();
        let connection = Connection::new(Stream::Tcp(stream), place, gateway, Dialect::Plain(Format::Wire));
        let size = size_of_val(&connection.run(CancellationToken::new()));
        assert!(size <= 2048, "{size} bytes");
    }
}

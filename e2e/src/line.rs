mod plug;
mod reader;

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{net::TcpStream, sync::mpsc};

use self::reader::{News, Reader};
use crate::{
    clock::WITHIN,
    heard::{Heard, Reply},
    pattern::Pattern,
};

/// Somebody at a terminal: types lines, sees lines. Reads all the time, as a terminal does, unless told to stop.
///
/// What it was not asked about stays, in order, until it is.
pub struct Line {
    name: String,
    /// Shared with the reader: halves of tokio's would say goodbye by themselves when they are dropped.
    stream: Arc<TcpStream>,
    reader: Reader,
    incoming: mpsc::UnboundedReceiver<News>,
    pending: VecDeque<Heard>,
    /// Everything typed and seen, for whoever has to find out why a story failed.
    transcript: Vec<String>,
    /// Every byte that came.
    bytes: Vec<u8>,
    closed: bool,
}

static CONNECTIONS: AtomicUsize = AtomicUsize::new(1);

impl Line {
    /// # Panics
    /// If nobody listens there.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut line = Self::connect_raw(address).await;
        line.sees("200 welcome causerie/1 *").await;
        line
    }

    /// Without waiting for the greeting.
    ///
    /// # Panics
    /// If nobody listens there.
    pub async fn connect_raw(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        Self::over(stream)
    }

    /// Over a connection that is there already.
    ///
    /// # Panics
    /// If the connection cannot be set up.
    pub fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a connected socket takes options");
        let stream = Arc::new(stream);
        let (news, incoming) = mpsc::unbounded_channel();
        let reader = Reader::start(stream.clone(), news, Vec::new());
        Self {
            name: format!("connection {}", CONNECTIONS.fetch_add(1, Ordering::Relaxed)),
            stream,
            reader,
            incoming,
            pending: VecDeque::new(),
            transcript: Vec::new(),
            bytes: Vec::new(),
            closed: false,
        }
    }

    /// As it is called in messages of failure.
    #[must_use]
    pub fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Types a line.
    ///
    /// # Panics
    /// If the connection is closed.
    pub async fn says(&mut self, line: &str) {
        self.transcript.push(format!("> {line}"));
        self.try_raw(format!("{line}\n").as_bytes())
            .await
            .unwrap_or_else(|error| panic!("{} says {line:?}: {error}\n{}", self.name, self.transcript()));
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn try_raw(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// # Panics
    /// If the connection is closed.
    pub async fn raw(&mut self, bytes: &[u8]) {
        self.transcript.push(format!("> (raw) {:?}", String::from_utf8_lossy(bytes)));
        self.try_raw(bytes)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", self.name, self.transcript()));
    }

    /// Types a line and waits for its reply. Events that come before it stay.
    ///
    /// # Panics
    /// If there is no reply.
    pub async fn asks(&mut self, line: &str) -> Reply {
        self.says(line).await;
        let mut reply = self.reply().await;
        line.clone_into(&mut reply.to);
        reply
    }

    /// Types a line that must succeed.
    ///
    /// # Panics
    /// If it does not.
    pub async fn does(&mut self, line: &str) -> Reply {
        let reply = self.asks(line).await;
        assert!(
            reply.code() < 300,
            "{} types {line:?}: {:?}\n{}",
            self.name,
            reply.last().raw,
            self.transcript()
        );
        reply
    }

    /// The next reply in order, whole.
    ///
    /// # Panics
    /// If none comes.
    pub async fn reply(&mut self) -> Reply {
        let mut lines = Vec::new();
        loop {
            let heard = self.take(&|heard| !heard.is_event(), "a reply", WITHIN).await;
            let last = heard.is_last();
            lines.push(heard);
            if last {
                return Reply { lines, to: "the line".into() };
            }
        }
    }

    /// Waits for a line of this kind; those before it stay.
    ///
    /// # Panics
    /// If none comes in [`WITHIN`].
    pub async fn sees(&mut self, pattern: &str) -> Heard {
        self.sees_within(pattern, WITHIN).await
    }

    /// As [`sees`](Self::sees), in less or more time.
    ///
    /// # Panics
    /// If none comes.
    pub async fn sees_within(&mut self, pattern: &str, within: Duration) -> Heard {
        let wanted = Pattern::new(pattern);
        self.take(&|heard| wanted.matches(&heard.raw), pattern, within).await
    }

    /// The very next line, whatever it is.
    ///
    /// # Panics
    /// If none comes.
    pub async fn next_line(&mut self, what: &str) -> Heard {
        self.take(&|_| true, what, WITHIN).await
    }

    /// The very next line, or `None` if the connection ends.
    pub async fn next_or_end(&mut self) -> Option<Heard> {
        loop {
            if let Some(heard) = self.pending.pop_front() {
                return Some(heard);
            }
            if self.closed {
                return None;
            }
            let news = self.incoming.recv().await.unwrap_or(News::Closed);
            self.note(news);
        }
    }

    /// Not known to be closed. A server that closes after its last reply does so at once: it is given a moment for that.
    pub async fn is_open(&mut self) -> bool {
        const MOMENT: Duration = Duration::from_millis(100);
        let said_bye = self.transcript.last().is_some_and(|line| line.starts_with("< 200 bye"));
        if said_bye && let Ok(Some(news)) = tokio::time::timeout(MOMENT, self.incoming.recv()).await {
            self.note(news);
        }
        self.gather();
        !self.closed
    }

    /// Everything that is there by now and was not asked about yet, events only; they are taken out.
    pub fn events(&mut self) -> Vec<Heard> {
        self.gather();
        let (events, others) = std::mem::take(&mut self.pending).into_iter().partition(Heard::is_event);
        self.pending = others;
        Vec::from_iter::<VecDeque<Heard>>(events)
    }

    /// Everything that the server had queued for us when it read this is here afterwards.
    ///
    /// # Panics
    /// If the server does not answer.
    pub async fn settles(&mut self) -> &mut Self {
        let word = crate::names::fresh("settled");
        self.says(&format!("/ping {word}")).await;
        self.sees(&format!("200 pong :{word}")).await;
        self
    }

    /// No such line has come, among all that has come by now and was not asked about.
    ///
    /// # Panics
    /// If one has.
    pub fn has_not_seen(&mut self, pattern: &str) {
        self.gather();
        let unwanted = Pattern::new(pattern);
        let seen = self.pending.iter().find(|heard| unwanted.matches(&heard.raw));
        assert!(seen.is_none(), "{} has seen {:?}\n{}", self.name, seen, self.transcript());
    }

    /// All lines that came and were not asked about, taken out.
    pub fn everything(&mut self) -> Vec<Heard> {
        self.gather();
        std::mem::take(&mut self.pending).into()
    }

    /// Every byte that came so far.
    pub fn bytes(&mut self) -> &[u8] {
        self.gather();
        &self.bytes
    }

    /// The server closes the connection; what it said before can be asked about afterwards.
    ///
    /// # Panics
    /// If it does not.
    pub async fn sees_the_end(&mut self) {
        self.sees_the_end_within(WITHIN).await;
    }

    /// # Panics
    /// If it does not in this time.
    pub async fn sees_the_end_within(&mut self, within: Duration) {
        let deadline = Instant::now() + within;
        while !self.closed {
            self.wait(deadline, "the end of the connection").await;
        }
    }

    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

    /// Everything typed and seen so far.
    pub fn transcript(&self) -> String {
        /// The end is what tells.
        const LINES: usize = 60;
        self.last_of_transcript(LINES)
    }

    /// The end of [`transcript`](Self::transcript), longer or shorter.
    pub fn last_of_transcript(&self, lines: usize) -> String {
        let from = self.transcript.len().saturating_sub(lines);
        let shown: Vec<_> = self.transcript[from..].iter().map(|line| format!("    {line}")).collect();
        format!("what {} typed (>) and saw (<):\n{}", self.name, shown.join("\n"))
    }

    async fn take(
        &mut self,
        wanted: &(dyn Fn(&Heard) -> bool + Sync),
        what: &str,
        within: Duration,
    ) -> Heard {
        let deadline = Instant::now() + within;
        let mut looked_at = 0;
        loop {
            while looked_at < self.pending.len() {
                if wanted(&self.pending[looked_at]) {
                    return self.pending.remove(looked_at).expect("it has just been looked at");
                }
                looked_at += 1;
            }
            if self.closed {
                panic!("{}: the connection is closed without {what:?}\n{}", self.name, self.transcript());
            }
            self.wait(deadline, what).await;
        }
    }

    async fn wait(&mut self, deadline: Instant, what: &str) {
        match tokio::time::timeout_at(deadline.into(), self.incoming.recv()).await {
            Ok(news) => self.note(news.unwrap_or(News::Closed)),
            Err(_) => panic!("{}: no {what:?}\n{}", self.name, self.transcript()),
        }
    }

    fn gather(&mut self) {
        while let Ok(news) = self.incoming.try_recv() {
            self.note(news);
        }
    }

    fn note(&mut self, news: News) {
        match news {
            News::Line(heard) => {
                self.transcript.push(format!("< {}", heard.raw));
                self.pending.push_back(heard);
            }
            News::Bytes(bytes) => self.bytes.extend_from_slice(&bytes),
            News::Closed => {
                self.transcript.push("< (closed)".into());
                self.closed = true;
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.reader.task.abort();
    }
}

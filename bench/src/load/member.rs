use std::{cell::RefCell, io, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, tcp::OwnedReadHalf},
};

use super::{Phase, Shared, view::View};
use crate::wire::{self, Heard, Lines};

/// Bytes read at once, shared by all members of a thread: thousands of idle ones hold no buffer.
const READ: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// Somebody who is in a channel.
pub(super) struct Member {
    pub(super) socket: TcpStream,
    pub(super) lines: Lines,
    pub(super) channel: usize,
    /// In the channel; the first ones send.
    pub(super) place: usize,
    /// The first seq that it will see.
    pub(super) next_seq: u64,
}

impl Member {
    pub(super) async fn arrives(
        address: SocketAddr,
        nick: &str,
        name: &str,
        (channel, place): (usize, usize),
    ) -> anyhow::Result<Self> {
        let mut socket =
            TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        socket.set_nodelay(true)?;
        socket.write_all(format!("/nick {nick}\n/join {name}\n").as_bytes()).await?;
        let mut lines = Lines::default();
        let mut chunk = [0; 2048];
        loop {
            let read = socket.read(&mut chunk).await?;
            anyhow::ensure!(read > 0, "the server hung up on {nick}");
            let (mut joined, mut refused) = (None, None);
            lines.feed(&chunk[..read], |line| match wire::parse(line) {
                Some(Heard::Reply(line)) if line.starts_with(b"200 joined ") => {
                    let last = line.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
                    joined = Some(wire::number(last));
                }
                Some(Heard::Refusal) | None => refused = Some(String::from_utf8_lossy(line).into_owned()),
                Some(_) => {}
            });
            if let Some(refused) = refused {
                anyhow::bail!("{nick} was answered: {refused}");
            }
            if let Some(last) = joined {
                return Ok(Self { socket, lines, channel, place, next_seq: last + 1 });
            }
        }
    }
}

/// Reads what a member is sent.
pub(super) struct Reader {
    pub(super) shared: Arc<Shared>,
    pub(super) channel: usize,
    pub(super) place: usize,
    pub(super) lines: Lines,
    pub(super) view: Arc<Mutex<View>>,
}

impl Reader {
    pub(super) async fn read(mut self, socket: OwnedReadHalf) {
        loop {
            if socket.readable().await.is_err() {
                return;
            }
            let read = BUFFER.with_borrow_mut(|buffer| {
                let read = socket.try_read(buffer)?;
                self.hears(&buffer[..read]);
                io::Result::Ok(read)
            });
            match read {
                Ok(0) => return self.is_cut_off("the server hung up"),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return self.is_cut_off(&error.to_string()),
            }
        }
    }

    /// What it misses from now on is counted as lost.
    fn is_cut_off(&self, why: &str) {
        if !self.shared.is(Phase::Drained) {
            eprintln!("member {} of channel {}: {why}", self.place, self.channel);
        }
    }

    fn hears(&mut self, read: &[u8]) {
        let Self { shared, channel, place, lines, view } = self;
        let scenario = shared.scenario;
        let flows = &shared.flows[*channel * scenario.senders..(*channel + 1) * scenario.senders];
        let (measured, now) = (shared.is(Phase::Measured), shared.nanos());
        let (mut tally, mut view) = (shared.tally().lock(), view.lock());
        // Whose next member this is sees their messages for all.
        let witnessed = (*place + scenario.members - 1) % scenario.members;
        let mut seen = 0;
        lines.feed(read, |line| match wire::parse(line) {
            Some(Heard::Message { seq, sender, sent }) => {
                if sender == *place {
                    view.sees_its_own(seq);
                    return;
                }
                view.sees(seq);
                seen += u64::from(sender == witnessed);
                if measured {
                    tally.delivered += 1;
                    tally.deliveries.add(now.saturating_sub(sent));
                }
            }
            Some(Heard::Ack { seq }) => {
                view.sees(seq);
                let sent = flows.get(*place).and_then(|flow| flow.is_acknowledged(seq));
                if measured && let Some(sent) = sent {
                    tally.acknowledged += 1;
                    tally.acknowledgements.add(now.saturating_sub(sent));
                }
            }
            Some(Heard::Refusal) => {
                tally.refused += 1;
                if tally.refused == 1 {
                    eprintln!("refused: {}", String::from_utf8_lossy(line));
                }
                if let Some(flow) = flows.get(*place) {
                    flow.is_refused();
                }
            }
            Some(Heard::Event) if line.starts_with(b"100 closing") => {
                eprintln!("{}", String::from_utf8_lossy(line))
            }
            Some(Heard::Reply(_) | Heard::Event) => {}
            None => eprintln!("no line of the protocol: {}", String::from_utf8_lossy(line)),
        });
        if seen > 0
            && let Some(flow) = flows.get(witnessed)
        {
            flow.is_seen(seen);
        }
    }
}

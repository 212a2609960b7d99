use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
};

use proto::plain::ServerLine;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{AGAIN_AFTER, CONNECT_EVERY, End, Habits, Message, Phase, SILENCE, Thoughts, wire::Wire};
use crate::recorder::{Connection, Recorder, Target, What};

pub(super) struct Client {
    addresses: Vec<SocketAddr>,
    habits: Habits,
    recorder: Recorder,
    thoughts: Thoughts,
    connection: Connection,
    /// For each target as this client names it: the highest seq it has dealt with.
    cursors: BTreeMap<String, u64>,
    /// To be typed, in this order: refused, cut off, or new.
    waiting: BTreeMap<u64, Message>,
    /// Nothing is typed before: the pause between windows, or after a refusal.
    pause_until: Instant,
    opened: watch::Sender<usize>,
}

impl Client {
    pub(super) fn new(
        addresses: Vec<SocketAddr>,
        habits: Habits,
        recorder: Recorder,
        opened: watch::Sender<usize>,
    ) -> Self {
        Self {
            addresses,
            thoughts: Thoughts::new(&habits),
            connection: Connection { client: habits.name.as_str().into(), number: 0 },
            cursors: habits.targets.iter().map(|target| (target.clone(), 0)).collect(),
            habits,
            recorder,
            waiting: BTreeMap::new(),
            pause_until: Instant::now(),
            opened,
        }
    }

    pub(super) async fn live(mut self, mut phase: watch::Receiver<Phase>) -> Result<(), String> {
        loop {
            let gateways = self.addresses.iter().copied().cycle().skip(self.connection.number as usize);
            let Some(mut wire) = Wire::connect(gateways, CONNECT_EVERY, SILENCE).await else {
                return Err(format!("no gateway within {SILENCE:?}"));
            };
            self.connection.number += 1;
            let mut in_flight = BTreeMap::new();
            let end = match self.gets_in(&mut wire).await {
                Ok(()) => self.talks(&mut wire, &mut in_flight, &mut phase).await,
                Err(end) => end,
            };
            self.waiting.append(&mut in_flight);
            match end {
                End::Broke => {}
                End::Settled => {
                    self.recorder.note(&self.connection, What::Settled);
                    return Ok(());
                }
                End::Wrong(what) => return Err(what),
            }
        }
    }

    /// Greeting, login, and every target resumed.
    async fn gets_in(&mut self, wire: &mut Wire) -> Result<(), End> {
        let greeting = self.next(wire).await?;
        if greeting.code != 200 {
            return Err(End::Wrong(format!("the greeting was {greeting:?}")));
        }
        loop {
            wire.types(&format!("/login token {}\n", self.habits.token)).await?;
            let answer = self.reply(wire).await?;
            match answer.code {
                200 => break,
                503 => sleep_until(Instant::now() + AGAIN_AFTER).await,
                _ => return Err(End::Wrong(format!("the login was answered {answer:?}"))),
            }
        }
        let mut targets: Vec<String> = self.cursors.keys().cloned().collect();
        while !targets.is_empty() {
            targets = self.resumes(wire, targets).await?;
            if !targets.is_empty() {
                sleep_until(Instant::now() + AGAIN_AFTER).await;
            }
        }
        Ok(())
    }

    /// Those that a service was not there for.
    async fn resumes(&mut self, wire: &mut Wire, targets: Vec<String>) -> Result<Vec<String>, End> {
        let mut line = "/resume".to_owned();
        for name in &targets {
            let after = self.cursors[name];
            line += &format!(" {name}={after}");
            let target = Target::new(&self.habits.name, name);
            let again = target.is_direct();
            self.recorder.note(&self.connection, What::Follows { target, after, again });
        }
        line += "\n";
        wire.types(&line).await?;
        let mut failed = Vec::new();
        let mut answered = 0;
        loop {
            let answer = self.reply(wire).await?;
            match (answer.code, answer.param(0)) {
                (200, Some(target)) if answer.word() == "resumed" => {
                    // What retention has taken away is not sent; the cursor stands behind it all the same.
                    let reached = answer.param(1).and_then(|seq| seq.parse().ok());
                    let Some(reached) = reached else { return Err(End::Wrong(format!("{answer:?}"))) };
                    let conversation = Target::new(&self.habits.name, target);
                    self.recorder.note(&self.connection, What::Resumed { target: conversation });
                    self.dealt_with(target, reached);
                }
                (503, _) if answer.last && answered == 0 => return Ok(targets),
                (503, _) => failed.push(targets.get(answered).cloned()),
                _ => return Err(End::Wrong(format!("{line:?} was answered {answer:?}"))),
            }
            answered += 1;
            if answer.last {
                return Ok(failed.into_iter().flatten().collect());
            }
        }
    }

    async fn talks(
        &mut self,
        wire: &mut Wire,
        in_flight: &mut BTreeMap<u64, Message>,
        phase: &mut watch::Receiver<Phase>,
    ) -> End {
        let mut labels: HashMap<String, u64> = HashMap::new();
        loop {
            let now = phase.borrow_and_update().clone();
            if in_flight.is_empty() && Instant::now() >= self.pause_until {
                if now == Phase::Talk {
                    self.thinks();
                }
                if !self.waiting.is_empty() {
                    self.pause_until = Instant::now() + self.habits.pause;
                }
                if let Err(end) = self.types(wire, in_flight, &mut labels).await {
                    return end;
                }
            }
            self.opened.send_replace(in_flight.len() + self.waiting.len());
            if let Phase::Settle(ends) = &now
                && self.has_seen(ends)
            {
                return End::Settled;
            }
            let silent = Instant::now() + self.habits.patience();
            tokio::select! {
                line = wire.line() => {
                    let line = match line {
                        Ok(line) => line,
                        Err(error) => return error.into(),
                    };
                    if let Err(end) = self.hears(&line, in_flight, &mut labels) {
                        return end;
                    }
                }
                changed = phase.changed() => if changed.is_err() {
                    return End::Wrong("nobody waits for it any more".into());
                },
                () = sleep_until(self.pause_until),
                    if in_flight.is_empty() && (now == Phase::Talk || !self.waiting.is_empty()) => {}
                () = sleep_until(silent), if !in_flight.is_empty() => {
                    return self.habits.waited(format!("nothing was heard with {} in flight", in_flight.len()));
                }
            }
        }
    }

    /// Fills the window with new messages, behind those that still have to be typed again.
    fn thinks(&mut self) {
        while self.waiting.len() < self.habits.window {
            let (number, message) = self.thoughts.next(&self.habits);
            self.waiting.insert(number, message);
        }
    }

    async fn types(
        &mut self,
        wire: &mut Wire,
        in_flight: &mut BTreeMap<u64, Message>,
        labels: &mut HashMap<String, u64>,
    ) -> Result<(), End> {
        let mut lines = String::new();
        for (number, message) in std::mem::take(&mut self.waiting) {
            let Message { to, key, text } = &message;
            lines += &format!("@id={number};key={key} /msg {to} {text}\n");
            let target = Target::new(&self.habits.name, to);
            self.recorder.note(&self.connection, What::Sent { target, key: key.clone(), text: text.clone() });
            labels.insert(number.to_string(), number);
            in_flight.insert(number, message);
        }
        if lines.is_empty() {
            return Ok(());
        }
        Ok(wire.types(&lines).await?)
    }

    fn hears(
        &mut self,
        line: &ServerLine,
        in_flight: &mut BTreeMap<u64, Message>,
        labels: &mut HashMap<String, u64>,
    ) -> Result<(), End> {
        if line.is_event() {
            return self.is_shown(line);
        }
        let message = line.tag("id").and_then(|label| labels.remove(label)).and_then(|number| {
            let message = in_flight.remove(&number)?;
            Some((number, message))
        });
        let Some((number, message)) = message else {
            return Err(End::Wrong(format!("an answer to nothing: {line:?}")));
        };
        let key = message.key.clone();
        match line.code {
            201 => {
                let (Some(seq), Some(id)) = (line.param(1).and_then(|seq| seq.parse().ok()), line.param(2))
                else {
                    return Err(End::Wrong(format!("{line:?}")));
                };
                let repeat = line.tag("dup").is_some();
                self.recorder.note(&self.connection, What::Acked { key, seq, id: id.into(), repeat });
                self.dealt_with(&message.to, seq);
                Ok(())
            }
            // 401: typed after the server said that it closes the connection.
            401 | 429 | 500 | 503 => {
                self.recorder.note(&self.connection, What::Refused { key, code: line.code });
                self.waiting.insert(number, message);
                self.pause_until = Instant::now() + AGAIN_AFTER.max(self.habits.pause);
                Ok(())
            }
            _ => Err(End::Wrong(format!("{message:?} was answered {line:?}"))),
        }
    }

    fn is_shown(&mut self, line: &ServerLine) -> Result<(), End> {
        match line.word() {
            "msg" | "action" | "notice" => {
                let wrong = || End::Wrong(format!("no message: {line:?}"));
                let (Some(target), Some(author)) = (line.param(0), line.param(3)) else {
                    return Err(wrong());
                };
                let seq = line.param(1).and_then(|seq| seq.parse().ok()).ok_or_else(wrong)?;
                let named = if target == self.habits.name { author } else { target };
                let noted = What::Seen {
                    target: Target::new(&self.habits.name, named),
                    seq,
                    kind: line.word().into(),
                    author: author.into(),
                    text: line.text.as_deref().unwrap_or_default().into(),
                };
                self.recorder.note(&self.connection, noted);
                let named = named.to_owned();
                self.dealt_with(&named, seq);
                Ok(())
            }
            // People come and go; that is for other tests.
            _ => Ok(()),
        }
    }

    fn dealt_with(&mut self, target: &str, seq: u64) {
        let cursor = self.cursors.entry(target.to_owned()).or_default();
        *cursor = seq.max(*cursor);
    }

    fn has_seen(&self, ends: &BTreeMap<Target, u64>) -> bool {
        self.cursors.iter().all(|(name, cursor)| {
            let target = Target::new(&self.habits.name, name);
            ends.get(&target).is_none_or(|end| cursor >= end)
        })
    }

    /// The next line, whatever it is.
    async fn next(&mut self, wire: &mut Wire) -> Result<ServerLine, End> {
        match timeout(self.habits.patience(), wire.line()).await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(self.habits.waited("no answer")),
        }
    }

    /// The next line that is no event.
    async fn reply(&mut self, wire: &mut Wire) -> Result<ServerLine, End> {
        loop {
            let line = self.next(wire).await?;
            if !line.is_event() {
                return Ok(line);
            }
            self.is_shown(&line)?;
        }
    }
}

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use proto::irc;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{AGAIN_AFTER, CONNECT_EVERY, End, Habits, Message, Phase, SILENCE, Thoughts, wire::Wire};
use crate::recorder::{Connection, Recorder, Target, What};

const CAPS: &str =
    "sasl batch draft/chathistory echo-message labeled-response message-tags server-time standard-replies";
/// Lines of a history asked for at once.
const PAGE: usize = 1000;

/// How far a client has come with a channel or a person on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A channel to be joined.
    Outside,
    /// Something is missing between the last connection and this one.
    Behind,
    /// It was asked for, and so many lines have come.
    Asked(usize),
    Here,
}

#[derive(Debug)]
struct Place {
    stage: Stage,
    /// The last that it has dealt with, with nothing missing below: by its seq and its id.
    cursor: (u64, String),
    /// The last that came by itself while something was missing.
    ahead: (u64, String),
}

impl Place {
    fn dealt_with(&mut self, seq: u64, id: &str) {
        let cursor = if self.stage == Stage::Here { &mut self.cursor } else { &mut self.ahead };
        if seq > cursor.0 {
            *cursor = (seq, id.to_owned());
        }
    }
}

pub(super) struct Client {
    addresses: Vec<SocketAddr>,
    habits: Habits,
    recorder: Recorder,
    thoughts: Thoughts,
    connection: Connection,
    places: BTreeMap<String, Place>,
    /// Typed, and neither echoed nor refused.
    in_flight: HashMap<u64, Message>,
    /// Batches that are open, by their names, with the labels that they carry.
    batches: HashMap<String, String>,
    /// Nothing is said before: the pause between windows, or after a refusal.
    pause_until: Instant,
    /// No step of getting in that was refused is tried again before.
    again_at: Instant,
    opened: watch::Sender<usize>,
}

impl Client {
    pub(super) fn new(
        addresses: Vec<SocketAddr>,
        habits: Habits,
        recorder: Recorder,
        opened: watch::Sender<usize>,
    ) -> Self {
        let place = || Place { stage: Stage::Outside, cursor: (0, String::new()), ahead: (0, String::new()) };
        Self {
            addresses,
            thoughts: Thoughts::new(&habits),
            connection: Connection { client: habits.name.as_str().into(), number: 0 },
            places: habits.targets.iter().map(|target| (target.clone(), place())).collect(),
            habits,
            recorder,
            in_flight: HashMap::new(),
            batches: HashMap::new(),
            pause_until: Instant::now(),
            again_at: Instant::now(),
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
            let end = match self.gets_in(&mut wire).await {
                Ok(()) => self.talks(&mut wire, &mut phase).await,
                Err(end) => end,
            };
            for (_, Message { key, .. }) in self.in_flight.drain() {
                self.recorder.note(&self.connection, What::Abandoned { key });
            }
            self.opened.send_replace(0);
            match end {
                // Refused at the door it comes again like one that broke.
                End::Broke => sleep_until(Instant::now() + AGAIN_AFTER).await,
                End::Settled => {
                    self.recorder.note(&self.connection, What::Settled);
                    return Ok(());
                }
                End::Wrong(what) => return Err(what),
            }
        }
    }

    /// Logs in and is welcomed. A service that is not there now may be there for the next connection.
    async fn gets_in(&mut self, wire: &mut Wire) -> Result<(), End> {
        self.batches.clear();
        for (name, place) in &mut self.places {
            place.stage = if name.starts_with('#') { Stage::Outside } else { Stage::Behind };
            place.ahead = (0, String::new());
            let (target, after) = (Target::new(&self.habits.name, name), place.cursor.0);
            self.recorder.note(&self.connection, What::Follows { target, after, again: false });
        }
        let (name, token) = (&self.habits.name, &self.habits.token);
        let said = BASE64_STANDARD.encode(format!("n,,\u{1}auth=Bearer {token}\u{1}\u{1}"));
        let entry = format!("NICK {name}\r\nUSER {name} 0 * :{name}\r\nCAP END\r\n");
        wire.types(&format!("CAP REQ :{CAPS}\r\nAUTHENTICATE OAUTHBEARER\r\nAUTHENTICATE {said}\r\n"))
            .await?;
        self.hears_until(wire, "903").await?;
        wire.types(&entry).await?;
        self.hears_until(wire, "001").await
    }

    async fn hears_until(&mut self, wire: &mut Wire, numeric: &str) -> Result<(), End> {
        loop {
            let line = match timeout(self.habits.patience(), wire.any_line()).await {
                Ok(line) => line?,
                Err(_) => return Err(self.habits.waited(format!("no {numeric}"))),
            };
            let message = read(&line)?;
            match message.verb {
                verb if verb == numeric => return Ok(()),
                "FAIL" | "ERROR" | "400" | "433" | "904" => return Err(End::Broke),
                verb if verb.starts_with(['4', '5']) && verb != "422" => {
                    return Err(End::Wrong(format!("getting in was answered {line:?}")));
                }
                _ => {}
            }
        }
    }

    async fn talks(&mut self, wire: &mut Wire, phase: &mut watch::Receiver<Phase>) -> End {
        loop {
            let now = phase.borrow_and_update().clone();
            if let Err(end) = self.acts(wire, &now).await {
                return end;
            }
            self.opened.send_replace(self.in_flight.len());
            let is_here = self.is_here();
            if let Phase::Settle(ends) = &now
                && is_here
                && self.has_seen(ends)
            {
                return End::Settled;
            }
            let waits = !self.in_flight.is_empty() || self.has_asked();
            let silent = Instant::now() + self.habits.patience();
            let next = if is_here { self.pause_until } else { self.again_at };
            tokio::select! {
                line = wire.any_line() => {
                    let heard = match line {
                        Ok(line) => self.hears(wire, &line).await,
                        Err(error) => return error.into(),
                    };
                    if let Err(end) = heard {
                        return end;
                    }
                }
                changed = phase.changed() => if changed.is_err() {
                    return End::Wrong("nobody waits for it any more".into());
                },
                () = sleep_until(next), if !waits && (!is_here || now == Phase::Talk) => {}
                () = sleep_until(silent), if waits => {
                    let open = self.in_flight.len();
                    return self.habits.waited(format!("nothing was heard with {open} in flight"));
                }
            }
        }
    }

    fn is_here(&self) -> bool {
        self.places.values().all(|place| place.stage == Stage::Here)
    }

    fn has_asked(&self) -> bool {
        self.places.values().any(|place| matches!(place.stage, Stage::Asked(_)))
    }

    /// Takes the next step of getting into all places; or, once it is in, says something.
    async fn acts(&mut self, wire: &mut Wire, now: &Phase) -> Result<(), End> {
        let mut lines = String::new();
        if Instant::now() >= self.again_at {
            for (name, place) in &mut self.places {
                match place.stage {
                    Stage::Outside => lines += &format!("@label=j{name} JOIN {name}\r\n"),
                    Stage::Behind => {
                        let after = match &place.cursor.1 {
                            id if id.is_empty() => "timestamp=1970-01-01T00:00:00.000Z".to_owned(),
                            id => format!("msgid={id}"),
                        };
                        lines += &format!("@label=h{name} CHATHISTORY AFTER {name} {after} {PAGE}\r\n");
                    }
                    Stage::Asked(_) | Stage::Here => continue,
                }
                place.stage = Stage::Asked(0);
            }
        }
        let may_talk = self.is_here() && self.in_flight.is_empty() && Instant::now() >= self.pause_until;
        if may_talk && *now == Phase::Talk {
            for _ in 0..self.habits.window {
                let (number, message) = self.thoughts.next(&self.habits);
                let Message { to, key, text } = message.clone();
                lines += &format!("@label=s{number} PRIVMSG {to} :{text}\r\n");
                let target = Target::new(&self.habits.name, &to);
                self.recorder.note(&self.connection, What::Sent { target, key, text });
                self.in_flight.insert(number, message);
            }
            self.pause_until = Instant::now() + self.habits.pause;
        }
        if !lines.is_empty() {
            wire.types(&lines).await?;
        }
        Ok(())
    }

    async fn hears(&mut self, wire: &mut Wire, line: &str) -> Result<(), End> {
        let message = read(line)?;
        let batch = message.tags.get("batch").and_then(|name| self.batches.get(&*name).cloned());
        let label = message.tags.get("label").map(|label| label.into_owned()).or(batch);
        match (message.verb, message.params.first()) {
            ("PING", Some(token)) => return Ok(wire.types(&format!("PONG :{token}\r\n")).await?),
            ("ERROR", _) => return Err(End::Broke),
            ("BATCH", Some(name)) if name.starts_with('+') => {
                self.batches.insert(name[1..].to_owned(), label.unwrap_or_default());
                return Ok(());
            }
            ("BATCH", Some(name)) => {
                let label = self.batches.remove(&name[1..]).unwrap_or_default();
                if let Some(target) = label.strip_prefix('h') {
                    self.has_read(target);
                }
                return Ok(());
            }
            _ => {}
        }
        let Some(label) = label.filter(|label| !label.is_empty()) else {
            return self.is_shown(&message, line);
        };
        let Some((kind, name)) = label.split_at_checked(1) else { return Ok(()) };
        let is_refusal = message.verb == "FAIL" || message.verb == "400";
        match kind {
            "s" => self.is_answered(name, &message, line),
            "j" if message.verb == "JOIN" || message.verb == "ACK" => self.comes_to(name, Stage::Behind),
            "j" | "h" if is_refusal => {
                self.again_at = Instant::now() + AGAIN_AFTER;
                self.comes_to(name, if kind == "j" { Stage::Outside } else { Stage::Behind })
            }
            "h" if message.verb == "PRIVMSG" => self.reads(name, &message, line),
            "j" => Ok(()),
            _ => Err(End::Wrong(format!("the answer to {label} was {line:?}"))),
        }
    }

    fn comes_to(&mut self, name: &str, stage: Stage) -> Result<(), End> {
        if let Some(place) = self.places.get_mut(name) {
            place.stage = stage;
        }
        Ok(())
    }

    /// A page has come whole; a full one is not the last.
    fn has_read(&mut self, name: &str) {
        let Some(place) = self.places.get_mut(name) else { return };
        // One that failed on the way is to be asked for again.
        let Stage::Asked(lines) = place.stage else { return };
        place.stage = if lines < PAGE { Stage::Here } else { Stage::Behind };
        if place.stage == Stage::Here {
            let (seq, id) = std::mem::take(&mut place.ahead);
            place.dealt_with(seq, &id);
            let target = Target::new(&self.habits.name, name);
            self.recorder.note(&self.connection, What::Resumed { target });
        }
    }

    fn reads(&mut self, name: &str, message: &irc::Message<'_>, line: &str) -> Result<(), End> {
        let said = Said::of(message).ok_or_else(|| End::Wrong(format!("no message: {line:?}")))?;
        if let Some(place) = self.places.get_mut(name) {
            if let Stage::Asked(lines) = &mut place.stage {
                *lines += 1;
            }
            place.cursor = (said.seq, said.id.clone());
        }
        let target = Target::new(&self.habits.name, name);
        let (author, text) = (said.author.as_str().into(), said.text.as_str().into());
        self.recorder.note(&self.connection, What::Read { target, seq: said.seq, author, text });
        Ok(())
    }

    /// The echo of what it has said, or that it was refused.
    fn is_answered(&mut self, number: &str, message: &irc::Message<'_>, line: &str) -> Result<(), End> {
        let wrong = || End::Wrong(format!("an answer to nothing: {line:?}"));
        let number = number.parse().map_err(|_| wrong())?;
        let Message { to, key, text } = self.in_flight.remove(&number).ok_or_else(wrong)?;
        if message.verb == "FAIL" {
            // It may be stored all the same: it is not said again.
            self.recorder.note(&self.connection, What::Refused { key, code: 503 });
            self.pause_until = Instant::now() + AGAIN_AFTER.max(self.habits.pause);
            return Ok(());
        }
        let said = Said::of(message).filter(|said| message.verb == "PRIVMSG" && *said.text == *text);
        let said = said.ok_or_else(|| End::Wrong(format!("{text:?} was answered {line:?}")))?;
        let id = said.id.as_str().into();
        self.recorder.note(&self.connection, What::Acked { key, seq: said.seq, id, repeat: false });
        if let Some(place) = self.places.get_mut(&to) {
            place.dealt_with(said.seq, &said.id);
        }
        Ok(())
    }

    fn is_shown(&mut self, message: &irc::Message<'_>, line: &str) -> Result<(), End> {
        if message.verb != "PRIVMSG" {
            // People come and go; that is for other tests.
            return Ok(());
        }
        let said = Said::of(message).ok_or_else(|| End::Wrong(format!("no message: {line:?}")))?;
        let named = if said.to == self.habits.name { &said.author } else { &said.to };
        let noted = What::Seen {
            target: Target::new(&self.habits.name, named),
            seq: said.seq,
            kind: "msg".into(),
            author: said.author.as_str().into(),
            text: said.text.as_str().into(),
        };
        self.recorder.note(&self.connection, noted);
        if let Some(place) = self.places.get_mut(named) {
            place.dealt_with(said.seq, &said.id);
        }
        Ok(())
    }

    fn has_seen(&self, ends: &BTreeMap<Target, u64>) -> bool {
        self.places.iter().all(|(name, place)| {
            let target = Target::new(&self.habits.name, name);
            ends.get(&target).is_none_or(|end| place.cursor.0 >= *end)
        })
    }
}

fn read(line: &str) -> Result<irc::Message<'_>, End> {
    irc::Message::from_server(line).map_err(|error| End::Wrong(format!("{line:?}: {error}")))
}

/// A message as a line of IRC has it.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    id: String,
    seq: u64,
    author: String,
    to: String,
    text: String,
}

impl Said {
    fn of(message: &irc::Message<'_>) -> Option<Self> {
        let id = message.tags.get("msgid")?.into_owned();
        let seq = id.rsplit_once('-')?.1.parse().ok()?;
        let author = irc::Source::parse(message.source?).nick.to_owned();
        let (to, text) = ((*message.params.first()?).to_owned(), (*message.params.get(1)?).to_owned());
        Some(Self { id, seq, author, to, text })
    }
}

#[test]
fn a_message_is_known_by_its_id() {
    let line = "@batch=history;time=2026-07-03T12:04:05.678Z;msgid=9x-42 :bob!~u@x.cloak PRIVMSG #all :a b";
    let said = Said::of(&irc::Message::from_server(line).expect("a message"));
    let text = |text: &str| text.to_owned();
    let expected =
        Said { id: text("9x-42"), seq: 42, author: text("bob"), to: text("#all"), text: text("a b") };
    assert_eq!(said, Some(expected));
    let without = irc::Message::from_server(":bob!~u@x.cloak PRIVMSG #all :a").expect("a message");
    assert_eq!(Said::of(&without), None);
}

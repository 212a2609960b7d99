//! A correct chat, simulated: random people, refusals, broken connections, resumes and, for those who speak IRC, histories that they ask
//! for; and the record of it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use rand::{Rng, RngExt as _, rngs::StdRng};

use crate::recorder::{Connection, Key, Noted, Record, Stored, Target, What};

const PEOPLE: usize = 4;
const CHANNELS: usize = 2;
const STEPS: usize = 400;

/// A message that has no acknowledgement yet.
#[derive(Clone)]
struct Open {
    target: Target,
    key: Key,
    text: Arc<str>,
}

struct Person {
    connection: Connection,
    /// They fill a hole by a history, and type nothing again.
    in_irc: bool,
    /// What the server has written to this connection and the client has not read.
    wire: VecDeque<(What, Option<u64>)>,
    /// Histories that they have asked for, and how many things come before the answer.
    asked: Vec<(Target, usize)>,
    cursors: BTreeMap<Target, u64>,
    open: Vec<Open>,
    /// Refused: to be typed again.
    again: Vec<Open>,
}

struct Chat {
    record: Record,
    people: Vec<Person>,
    history: BTreeMap<Target, Vec<Stored>>,
    sent: usize,
}

pub(super) fn record(rng: &mut StdRng) -> Record {
    let mut chat = Chat::new();
    for _ in 0..STEPS {
        let who = rng.random_range(0..PEOPLE);
        match rng.random_range(0..100) {
            0..2 => chat.breaks(who),
            2..30 => chat.says(who, rng),
            _ => chat.reads(who),
        }
    }
    for who in 0..PEOPLE {
        while chat.people[who].is_busy() {
            chat.reads(who);
            if let Some(again) = chat.people[who].again.pop() {
                chat.sends(who, again, Fate::Stored);
            }
        }
    }
    // What the last person's messages made the others see.
    for who in 0..PEOPLE {
        while chat.people[who].is_busy() {
            chat.reads(who);
        }
        chat.note(who, What::Settled);
    }
    chat.record.history = chat.history;
    chat.record
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Stored,
    Refused,
    /// A 503 that was stored all the same: shown to its author as an event.
    StoredAndRefused,
}

impl Person {
    fn is_busy(&self) -> bool {
        !self.wire.is_empty() || !self.again.is_empty() || !self.asked.is_empty()
    }
}

impl Chat {
    fn new() -> Self {
        let channels: Vec<Target> =
            (0..CHANNELS).map(|n| Target::new("", &format!("#channel-{n}"))).collect();
        let people = (0..PEOPLE).map(|n| Person {
            connection: Connection { client: format!("person-{n}").into(), number: 1 },
            in_irc: n % 2 == 1,
            wire: VecDeque::new(),
            asked: Vec::new(),
            cursors: channels.iter().map(|channel| (channel.clone(), 0)).collect(),
            open: Vec::new(),
            again: Vec::new(),
        });
        let mut chat = Self {
            record: Record::default(),
            people: people.collect(),
            history: channels.iter().map(|channel| (channel.clone(), Vec::new())).collect(),
            sent: 0,
        };
        for who in 0..PEOPLE {
            chat.follows(who);
        }
        chat
    }

    fn note(&mut self, who: usize, what: What) {
        let at = Duration::from_micros(self.record.noted.len() as u64);
        self.record.noted.push(Noted { at, by: self.people[who].connection.clone(), what });
    }

    fn follows(&mut self, who: usize) {
        for (target, after) in self.people[who].cursors.clone() {
            self.note(who, What::Follows { target, after, again: false });
        }
    }

    fn says(&mut self, who: usize, rng: &mut impl Rng) {
        self.sent += 1;
        let channels: Vec<&Target> = self.history.keys().collect();
        let open = Open {
            target: channels[rng.random_range(0..CHANNELS)].clone(),
            key: format!("key-{}", self.sent).into(),
            text: format!("text {}", self.sent).into(),
        };
        let fate = match rng.random_range(0..20) {
            0 => Fate::Refused,
            1 => Fate::StoredAndRefused,
            _ => Fate::Stored,
        };
        self.sends(who, open, fate);
    }

    fn sends(&mut self, who: usize, open: Open, fate: Fate) {
        let Open { target, key, text } = open.clone();
        self.note(who, What::Sent { target: target.clone(), key: key.clone(), text: text.clone() });
        self.people[who].open.push(open);
        if let Some(stored) = self.history[&target].iter().find(|stored| stored.text == text).cloned() {
            let answer = What::Acked { key, seq: stored.seq, id: stored.id, repeat: true };
            self.people[who].wire.push_back((answer, None));
            return;
        }
        let refusal = What::Refused { key: key.clone(), code: 503 };
        if fate == Fate::Refused {
            self.people[who].wire.push_back((refusal, None));
            return;
        }
        let entries = self.history.get_mut(&target).expect("a known channel");
        let seq = entries.len() as u64 + 1;
        let (id, author) = (format!("{target}-{seq}").into(), self.people[who].connection.client.clone());
        let stored = Stored { seq, id, author, text };
        entries.push(stored.clone());
        let event = seen(&target, &stored);
        for (n, person) in self.people.iter_mut().enumerate() {
            match fate {
                Fate::Stored if n == who => {
                    let id = stored.id.clone();
                    let answer = What::Acked { key: key.clone(), seq, id, repeat: false };
                    person.wire.push_back((answer, Some(seq)));
                }
                Fate::StoredAndRefused if n == who => {
                    person.wire.push_back((refusal.clone(), None));
                    person.wire.push_back((event.clone(), Some(seq)));
                }
                _ => person.wire.push_back((event.clone(), Some(seq))),
            }
        }
    }

    /// The client reads one thing from its connection.
    fn reads(&mut self, who: usize) {
        if let Some((target, before)) = self.people[who].asked.first_mut() {
            if *before == 0 {
                let target = target.clone();
                self.people[who].asked.remove(0);
                return self.reads_history(who, &target);
            }
            *before -= 1;
        }
        let person = &mut self.people[who];
        let Some((what, seq)) = person.wire.pop_front() else {
            if let Some(again) = person.again.pop() {
                self.sends(who, again, Fate::Stored);
            }
            return;
        };
        let mut target = None;
        if let What::Acked { key, .. } | What::Refused { key, .. } = &what {
            let place = person.open.iter().position(|open| open.key == *key).expect("it was open");
            let open = person.open.remove(place);
            target = Some(open.target.clone());
            if matches!(what, What::Refused { .. }) && !person.in_irc {
                person.again.push(open);
            }
        }
        if let What::Seen { target: of, .. } = &what {
            target = Some(of.clone());
        }
        if let (Some(target), Some(seq)) = (target, seq)
            && !person.asked.iter().any(|(asked, _)| *asked == target)
        {
            let cursor = person.cursors.entry(target).or_default();
            *cursor = seq.max(*cursor);
        }
        self.note(who, what);
    }

    /// All that is stored now: what has come by itself since the connection was made, and what is still on its way, too.
    fn reads_history(&mut self, who: usize, target: &Target) {
        let after = self.people[who].cursors[target];
        let missed = self.history[target][after as usize..].to_vec();
        for Stored { seq, author, text, .. } in missed {
            self.note(who, What::Read { target: target.clone(), seq, author, text });
            self.people[who].cursors.insert(target.clone(), seq);
        }
        self.note(who, What::Resumed { target: target.clone() });
    }

    /// The connection is gone with all that was on its way; the next one resumes and sends again what is open.
    fn breaks(&mut self, who: usize) {
        let person = &mut self.people[who];
        person.wire.clear();
        person.connection.number += 1;
        let cursors = person.cursors.clone();
        let open = std::mem::take(&mut person.open);
        let in_irc = person.in_irc;
        person.asked.clear();
        if in_irc {
            for Open { key, .. } in open {
                self.note(who, What::Abandoned { key });
            }
            self.follows(who);
            // The answer comes behind one more thing for each.
            self.people[who].asked = cursors.into_keys().map(|target| (target, 1)).collect();
            return;
        }
        self.follows(who);
        for (target, after) in cursors {
            for stored in &self.history[&target][after as usize..] {
                self.people[who].wire.push_back((seen(&target, stored), Some(stored.seq)));
            }
        }
        for open in open {
            self.sends(who, open, Fate::Stored);
        }
    }
}

fn seen(target: &Target, stored: &Stored) -> What {
    let Stored { seq, author, text, .. } = stored.clone();
    What::Seen { target: target.clone(), seq, kind: "msg".into(), author, text }
}

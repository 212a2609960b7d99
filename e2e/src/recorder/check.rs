mod view;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use self::view::View;
use super::{Connection, Fault, Key, Record, Stored, Target, What};

/// One message, however often it was typed.
struct Send<'a> {
    author: &'a str,
    target: &'a Target,
    key: &'a Key,
    /// Where in the record it was typed first.
    first: usize,
    /// Where it was typed last. Typed again it may stand behind what was said since: it may have been refused, and
    /// the refusal lost with its connection.
    last: usize,
    refused: bool,
    /// Whether it is stored was left to chance, and when.
    abandoned: bool,
    acks: Vec<(u64, &'a str)>,
}

/// What the record says, sorted by what it is about.
struct Facts<'a> {
    record: &'a Record,
    sends: HashMap<&'a Key, Send<'a>>,
    /// Texts are unique, so they tell which message a stored entry is.
    by_text: HashMap<&'a str, &'a Key>,
    stored: HashMap<(&'a Target, u64), &'a Stored>,
    seqs: HashMap<&'a Key, BTreeSet<u64>>,
    /// The history's last seq.
    last: HashMap<&'a Target, u64>,
}

impl Record {
    /// All that is wrong; empty for a correct server.
    pub fn check(&self) -> Vec<Fault> {
        let facts = Facts::gather(self);
        let mut faults = Vec::new();
        facts.history(&mut faults);
        facts.acknowledgements(&mut faults);
        facts.authors(&mut faults);
        facts.answers(&mut faults);
        facts.views(&mut faults);
        faults
    }
}

impl<'a> Facts<'a> {
    fn gather(record: &'a Record) -> Self {
        let mut sends: HashMap<&Key, Send<'_>> = HashMap::new();
        let mut by_text = HashMap::new();
        for (place, noted) in record.noted.iter().enumerate() {
            match &noted.what {
                What::Sent { target, key, text } => {
                    by_text.insert(&**text, key);
                    let send = sends.entry(key).or_insert(Send {
                        author: &noted.by.client,
                        target,
                        key,
                        first: place,
                        last: place,
                        refused: false,
                        abandoned: false,
                        acks: Vec::new(),
                    });
                    send.last = place;
                }
                What::Acked { key, seq, id, .. } => {
                    if let Some(send) = sends.get_mut(key) {
                        send.acks.push((*seq, id));
                    }
                }
                What::Refused { key, .. } => {
                    if let Some(send) = sends.get_mut(key) {
                        send.refused = true;
                    }
                }
                What::Abandoned { key } => {
                    if let Some(send) = sends.get_mut(key) {
                        send.abandoned = true;
                    }
                }
                What::Follows { .. }
                | What::Resumed { .. }
                | What::Seen { .. }
                | What::Read { .. }
                | What::Settled => {}
            }
        }
        let mut stored = HashMap::new();
        let mut seqs: HashMap<&Key, BTreeSet<u64>> = HashMap::new();
        let mut last = HashMap::new();
        for (target, entries) in &record.history {
            for entry in entries {
                stored.insert((target, entry.seq), entry);
                let end = last.entry(target).or_insert(0);
                *end = entry.seq.max(*end);
                if let Some(key) = by_text.get(&*entry.text) {
                    seqs.entry(key).or_default().insert(entry.seq);
                }
            }
        }
        Self { record, sends, by_text, stored, seqs, last }
    }

    fn history(&self, faults: &mut Vec<Fault>) {
        let acked: HashSet<(&Target, u64)> = self
            .sends
            .values()
            .flat_map(|send| send.acks.iter().map(|(seq, _)| (send.target, *seq)))
            .collect();
        for (target, entries) in &self.record.history {
            let mut before = 0;
            for entry in entries {
                if entry.seq <= before {
                    let fault =
                        Fault::HistoryDisorder { target: target.clone(), seq: entry.seq, after: before };
                    faults.push(fault);
                }
                before = entry.seq;
                let send = self.by_text.get(&*entry.text).and_then(|key| self.sends.get(key));
                if !send.is_some_and(|send| send.author == &*entry.author && send.target == target) {
                    faults.push(Fault::Unsent { target: target.clone(), seq: entry.seq });
                }
            }
            for seq in 1..self.last.get(target).copied().unwrap_or(0) {
                // One that was acknowledged is reported as lost.
                if !self.stored.contains_key(&(target, seq)) && !acked.contains(&(target, seq)) {
                    faults.push(Fault::Hole { target: target.clone(), seq });
                }
            }
        }
        for (key, seqs) in &self.seqs {
            if seqs.len() > 1 {
                let (target, seqs) = (self.sends[key].target.clone(), seqs.iter().copied().collect());
                faults.push(Fault::StoredTwice { target, key: (*key).clone(), seqs });
            }
        }
    }

    fn acknowledgements(&self, faults: &mut Vec<Fault>) {
        for send in self.sends.values() {
            let Some(&(seq, _)) = send.acks.first() else { continue };
            let (target, key) = (send.target.clone(), send.key.clone());
            let named: BTreeSet<u64> = send.acks.iter().map(|(seq, _)| *seq).collect();
            if named.len() > 1 {
                faults.push(Fault::TwoSeqs { key, seqs: named.into_iter().collect() });
                continue;
            }
            let Some(stored) = self.seqs.get(&send.key) else {
                faults.push(Fault::Lost { target, key, seq });
                continue;
            };
            let wrong_id = |stored: &Stored| send.acks.iter().any(|(_, id)| *id != &*stored.id);
            if !stored.contains(&seq) || self.stored.get(&(send.target, seq)).is_some_and(|it| wrong_id(it)) {
                let stored = stored.first().copied().unwrap_or_default();
                faults.push(Fault::WrongAck { key, seq, stored });
            }
        }
    }

    /// One author's messages to one target stand in the order they were said in.
    fn authors(&self, faults: &mut Vec<Fault>) {
        let mut said: BTreeMap<(&str, &Target), Vec<(u64, &Send<'_>)>> = BTreeMap::new();
        for (key, seqs) in &self.seqs {
            let (send, Some(seq)) = (&self.sends[key], seqs.first()) else { continue };
            said.entry((send.author, send.target)).or_default().push((*seq, send));
        }
        for mut messages in said.into_values() {
            messages.sort_by_key(|(seq, _)| *seq);
            let mut latest: Option<&Send<'_>> = None;
            for (_, send) in messages {
                match latest {
                    // A machine that stood still may store it when it goes on.
                    _ if send.abandoned => {}
                    Some(later) if send.last < later.first => faults.push(Fault::AuthorSwapped {
                        target: send.target.clone(),
                        earlier: send.key.clone(),
                        later: later.key.clone(),
                    }),
                    Some(later) if later.first > send.first => {}
                    _ => latest = Some(send),
                }
            }
        }
    }

    /// Answers come in the order of what they answer.
    fn answers(&self, faults: &mut Vec<Fault>) {
        let mut waiting: HashMap<&Connection, VecDeque<&Key>> = HashMap::new();
        for noted in &self.record.noted {
            let waiting = waiting.entry(&noted.by).or_default();
            match &noted.what {
                What::Sent { key, .. } => waiting.push_back(key),
                What::Acked { key, .. } | What::Refused { key, .. } => {
                    let place = waiting.iter().position(|waits| *waits == key);
                    if place != Some(0) {
                        faults.push(Fault::AnswersSwapped { by: noted.by.clone(), key: key.clone() });
                    }
                    if let Some(place) = place {
                        waiting.remove(place);
                    }
                }
                What::Abandoned { .. }
                | What::Follows { .. }
                | What::Resumed { .. }
                | What::Seen { .. }
                | What::Read { .. }
                | What::Settled => {}
            }
        }
    }

    /// What each logical client was shown, over all its connections.
    fn views(&self, faults: &mut Vec<Fault>) {
        let mut views: BTreeMap<(&Arc<str>, &Target), View> = BTreeMap::new();
        let mut settled: HashSet<&Arc<str>> = HashSet::new();
        for noted in &self.record.noted {
            let client = &noted.by.client;
            match &noted.what {
                What::Settled => {
                    settled.insert(client);
                }
                What::Follows { target, after, again } => {
                    views.entry((client, target)).or_default().follows(*after, *again);
                }
                What::Resumed { target } => {
                    views.entry((client, target)).or_default().resuming = None;
                }
                What::Seen { target, seq, author, text, .. } => {
                    let view = views.entry((client, target)).or_default();
                    // Told `503`, its author is shown it when it turns out to be stored: others may stand above it by then.
                    let send = self.by_text.get(&**text).and_then(|key| self.sends.get(key));
                    let may_be_late = send.is_some_and(|send| send.refused && *send.author == **client);
                    view.event((*seq, may_be_late), &noted.by, target, faults);
                    self.as_stored((&noted.by, target, *seq), author, text, faults);
                }
                What::Read { target, seq, author, text } => {
                    let view = views.entry((client, target)).or_default();
                    view.read(*seq, &noted.by, target, faults);
                    self.as_stored((&noted.by, target, *seq), author, text, faults);
                }
                What::Acked { key, seq, repeat, .. } => {
                    let Some(send) = self.sends.get(key) else { continue };
                    // The one true seq, so that a wrong acknowledgement is not a missed message too.
                    let true_seq = self.seqs.get(key).and_then(BTreeSet::first).unwrap_or(seq);
                    let view = views.entry((client, send.target)).or_default();
                    view.own(*true_seq, *repeat, &noted.by, send.target, faults);
                }
                What::Sent { .. } | What::Refused { .. } | What::Abandoned { .. } => {}
            }
        }
        for ((client, target), view) in views {
            let Some(&first) = view.seen.first().or(view.from.as_ref()) else { continue };
            let from = view.from.unwrap_or(first - 1);
            let last = view.last_known().unwrap_or(from);
            let to =
                if settled.contains(client) { self.last.get(target).copied().unwrap_or(last) } else { last };
            let missed: Vec<u64> = (from + 1..=to)
                .filter(|seq| !view.knows(*seq) && self.stored.contains_key(&(target, *seq)))
                .collect();
            if !missed.is_empty() {
                faults.push(Fault::Missed { client: client.clone(), target: target.clone(), seqs: missed });
            }
        }
    }

    fn as_stored(
        &self,
        (by, target, seq): (&Connection, &Target, u64),
        author: &str,
        text: &str,
        faults: &mut Vec<Fault>,
    ) {
        let (by, target_name) = (by.clone(), target.clone());
        match self.stored.get(&(target, seq)) {
            Some(stored) if &*stored.author != author || &*stored.text != text => {
                faults.push(Fault::Altered { by, target: target_name, seq });
            }
            Some(_) => {}
            None => {
                let lost = self.by_text.get(text).is_some_and(|key| !self.sends[key].acks.is_empty());
                if !lost {
                    faults.push(Fault::Unstored { by, target: target_name, seq });
                }
            }
        }
    }
}

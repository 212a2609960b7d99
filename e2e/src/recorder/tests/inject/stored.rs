//! What the history and the answers can have wrong.

use rand::{rngs::StdRng, seq::IndexedRandom as _};

use super::{acked, entries, neighbours, swap, target_of, times_sent, typed_before};
use crate::recorder::{Fault, Record, Stored, Target, What};

pub(in crate::recorder::tests) fn lost(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (_, key, target, seq) = acked(record).choose(rng)?.clone();
    entries(record, &target).retain(|stored| stored.seq != seq);
    Some(Fault::Lost { target, key, seq })
}

pub(in crate::recorder::tests) fn stored_twice(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (_, key, target, seq) = acked(record).choose(rng)?.clone();
    // Where everyone still is when the record ends, an entry at the end would be missed by all too.
    record.noted.retain(|noted| !matches!(noted.what, What::Settled));
    let entries = entries(record, &target);
    let again = entries.len() as u64 + 1;
    let stored = entries.iter().find(|stored| stored.seq == seq)?.clone();
    entries.push(Stored { seq: again, id: format!("{target}-{again}").into(), ..stored });
    Some(Fault::StoredTwice { target, key, seqs: vec![seq, again] })
}

pub(in crate::recorder::tests) fn unsent(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    record.noted.retain(|noted| !matches!(noted.what, What::Settled));
    let (_, _, target, _) = acked(record).choose(rng)?.clone();
    let entries = entries(record, &target);
    let seq = entries.len() as u64 + 1;
    let (author, text) = (entries.first()?.author.clone(), "never typed".into());
    entries.push(Stored { seq, id: "x".into(), author, text });
    Some(Fault::Unsent { target, seq })
}

pub(in crate::recorder::tests) fn history_disorder(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (_, _, target, seq) = acked(record).choose(rng)?.clone();
    let entries = entries(record, &target);
    let place = usize::try_from(seq).ok()?;
    if place >= entries.len() {
        return None;
    }
    entries.swap(place - 1, place);
    Some(Fault::HistoryDisorder { target, seq, after: seq + 1 })
}

/// All that comes after a seq moves up by one, everywhere.
pub(in crate::recorder::tests) fn hole(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (_, _, target, hole) = acked(record).choose(rng)?.clone();
    for stored in entries(record, &target).iter_mut().filter(|stored| stored.seq >= hole) {
        stored.seq += 1;
        stored.id = format!("{target}-{}", stored.seq).into();
    }
    let targets: Vec<Option<Target>> = record
        .noted
        .iter()
        .map(|noted| match &noted.what {
            What::Acked { key, .. } => Some(target_of(record, key)),
            What::Seen { target, .. } | What::Read { target, .. } | What::Follows { target, .. } => {
                Some(target.clone())
            }
            _ => None,
        })
        .collect();
    for (noted, about) in record.noted.iter_mut().zip(targets) {
        if about.as_ref() != Some(&target) {
            continue;
        }
        match &mut noted.what {
            What::Acked { seq, id, .. } if *seq >= hole => {
                *seq += 1;
                *id = format!("{target}-{seq}").into();
            }
            What::Seen { seq, .. } | What::Read { seq, .. } if *seq >= hole => *seq += 1,
            What::Follows { after, .. } if *after >= hole => *after += 1,
            _ => {}
        }
    }
    Some(Fault::Hole { target, seq: hole })
}

/// It was sent again, and the second acknowledgement is another one.
pub(in crate::recorder::tests) fn two_seqs(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    record.noted.retain(|noted| !matches!(noted.what, What::Settled));
    let (place, key, target, seq) = acked(record).choose(rng)?.clone();
    let of_connection = || record.noted.iter().filter(|noted| noted.by == record.noted[place].by);
    let open: i64 = of_connection()
        .map(|noted| match noted.what {
            What::Sent { .. } => 1,
            What::Acked { .. } | What::Refused { .. } => -1,
            _ => 0,
        })
        .sum();
    if open != 0 {
        // Its answer would overtake those that a broken connection never gave.
        return None;
    }
    let sent = of_connection()
        .find(|noted| matches!(&noted.what, What::Sent { key: it, .. } if *it == key))?
        .clone();
    let other = if seq > 1 { seq - 1 } else { seq + 1 };
    let id = format!("{target}-{other}").into();
    let mut answer = sent.clone();
    answer.what = What::Acked { key: key.clone(), seq: other, id, repeat: true };
    record.noted.extend([sent, answer]);
    let seqs = vec![seq.min(other), seq.max(other)];
    Some(Fault::TwoSeqs { key, seqs })
}

pub(in crate::recorder::tests) fn wrong_seq(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (place, key, _, stored) = acked(record).choose(rng)?.clone();
    let What::Acked { seq, .. } = &mut record.noted[place].what else { return None };
    *seq += 1;
    Some(Fault::WrongAck { key, seq: stored + 1, stored })
}

pub(in crate::recorder::tests) fn wrong_id(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (place, key, _, stored) = acked(record).choose(rng)?.clone();
    let What::Acked { id, .. } = &mut record.noted[place].what else { return None };
    *id = "something-else".into();
    Some(Fault::WrongAck { key, seq: stored, stored })
}

pub(in crate::recorder::tests) fn answers_swapped(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let mut places = neighbours(record, |what| matches!(what, What::Acked { repeat: false, .. }));
    places.retain(|&(first, second)| typed_before(record, first, second));
    let &(first, second) = places.choose(rng)?;
    swap(record, (first, second));
    let What::Acked { key, .. } = &record.noted[first].what else { return None };
    Some(Fault::AnswersSwapped { by: record.noted[first].by.clone(), key: key.clone() })
}

/// Two messages that one person said one after the other, with nobody else's between: stored the other way round.
pub(in crate::recorder::tests) fn author_swapped(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let places = neighbours(record, |what| matches!(what, What::Acked { repeat: false, .. }));
    let fitting: Vec<_> = places
        .into_iter()
        .filter_map(|(one, other)| match (&record.noted[one].what, &record.noted[other].what) {
            (What::Acked { key: earlier, seq, .. }, What::Acked { key: later, seq: next, .. }) => {
                let target = target_of(record, earlier);
                let fits = target == target_of(record, later)
                    && *next == seq + 1
                    && times_sent(record, earlier) == 1
                    && times_sent(record, later) == 1;
                fits.then(|| (one, other, earlier.clone(), later.clone(), target, *seq))
            }
            _ => None,
        })
        .collect();
    let (one, other, earlier, later, target, first) = fitting.choose(rng)?.clone();
    let stored = entries(record, &target);
    let place = usize::try_from(first).ok()?;
    let text = stored[place].text.clone();
    stored[place].text = std::mem::replace(&mut stored[place - 1].text, text);
    let (low, high) = (stored[place - 1].text.clone(), stored[place].text.clone());
    for noted in &mut record.noted {
        match &mut noted.what {
            What::Seen { target: of, seq, text, .. } | What::Read { target: of, seq, text, .. }
                if *of == target && *seq == first =>
            {
                *text = low.clone();
            }
            What::Seen { target: of, seq, text, .. } | What::Read { target: of, seq, text, .. }
                if *of == target && *seq == first + 1 =>
            {
                *text = high.clone();
            }
            _ => {}
        }
    }
    for (place, key) in [(one, later.clone()), (other, earlier.clone())] {
        let What::Acked { key: acked, .. } = &mut record.noted[place].what else { return None };
        *acked = key;
    }
    // The answers keep the order of the commands, so it is the seqs in them that are swapped.
    swap(record, (one, other));
    Some(Fault::AuthorSwapped { target, earlier, later })
}

//! One function for each fault: spoils a good record, and says what must be reported. `None`: no place for it here.

use rand::{rngs::StdRng, seq::IndexedRandom as _};

use crate::recorder::{Fault, Key, Record, Stored, Target, What};

/// Where something stands in the record, with what it is about.
struct Seen {
    place: usize,
    target: Target,
    seq: u64,
}

fn seen(record: &Record) -> Vec<Seen> {
    let noted = record.noted.iter().enumerate();
    noted
        .filter_map(|(place, noted)| match &noted.what {
            What::Seen { target, seq, .. } => Some(Seen { place, target: target.clone(), seq: *seq }),
            _ => None,
        })
        .collect()
}

/// Messages acknowledged once, afresh: where, and as what.
fn acked(record: &Record) -> Vec<(usize, Key, Target, u64)> {
    let noted = record.noted.iter().enumerate();
    noted
        .filter_map(|(place, noted)| match &noted.what {
            What::Acked { key, seq, repeat: false, .. } => {
                Some((place, key.clone(), target_of(record, key), *seq))
            }
            _ => None,
        })
        .collect()
}

fn target_of(record: &Record, key: &Key) -> Target {
    let sent = record.noted.iter().find_map(|noted| match &noted.what {
        What::Sent { key: sent, target, .. } if sent == key => Some(target.clone()),
        _ => None,
    });
    sent.expect("only what was sent is acknowledged")
}

fn times_sent(record: &Record, key: &Key) -> usize {
    record
        .noted
        .iter()
        .filter(|noted| matches!(&noted.what, What::Sent { key: sent, .. } if sent == key))
        .count()
}

fn entries<'a>(record: &'a mut Record, target: &Target) -> &'a mut Vec<Stored> {
    record.history.get_mut(target).expect("every target has a history")
}

/// Places of two notes of one connection with nothing of that connection between them, both of the wanted sort.
fn neighbours(record: &Record, wanted: impl Fn(&What) -> bool) -> Vec<(usize, usize)> {
    let mut last: std::collections::HashMap<_, usize> = std::collections::HashMap::new();
    let mut found = Vec::new();
    for (place, noted) in record.noted.iter().enumerate() {
        // What is typed is not on the wire that is read.
        if matches!(noted.what, What::Sent { .. }) {
            continue;
        }
        if let Some(&before) = last.get(&noted.by)
            && wanted(&record.noted[before].what)
            && wanted(&noted.what)
        {
            found.push((before, place));
        }
        last.insert(&noted.by, place);
    }
    found
}

/// What is acknowledged at `answer` had been typed before `place`, so that its answer may stand there.
fn typed_before(record: &Record, place: usize, answer: usize) -> bool {
    let What::Acked { key, .. } = &record.noted[answer].what else { return false };
    let by = &record.noted[answer].by;
    let typed = |what: &What| matches!(what, What::Sent { key: it, .. } if it == key);
    record.noted[..place].iter().any(|noted| noted.by == *by && typed(&noted.what))
}

fn swap(record: &mut Record, (one, other): (usize, usize)) {
    let what = record.noted[one].what.clone();
    record.noted[one].what = std::mem::replace(&mut record.noted[other].what, what);
}

pub(super) fn lost(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (_, key, target, seq) = acked(record).choose(rng)?.clone();
    entries(record, &target).retain(|stored| stored.seq != seq);
    Some(Fault::Lost { target, key, seq })
}

pub(super) fn stored_twice(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (_, key, target, seq) = acked(record).choose(rng)?.clone();
    // Where everyone still is when the record ends, an entry at the end would be missed by all too.
    record.noted.retain(|noted| !matches!(noted.what, What::Settled));
    let entries = entries(record, &target);
    let again = entries.len() as u64 + 1;
    let stored = entries.iter().find(|stored| stored.seq == seq)?.clone();
    entries.push(Stored { seq: again, id: format!("{target}-{again}").into(), ..stored });
    Some(Fault::StoredTwice { target, key, seqs: vec![seq, again] })
}

pub(super) fn unsent(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    record.noted.retain(|noted| !matches!(noted.what, What::Settled));
    let (_, _, target, _) = acked(record).choose(rng)?.clone();
    let entries = entries(record, &target);
    let seq = entries.len() as u64 + 1;
    let (author, text) = (entries.first()?.author.clone(), "never typed".into());
    entries.push(Stored { seq, id: "x".into(), author, text });
    Some(Fault::Unsent { target, seq })
}

pub(super) fn history_disorder(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
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
pub(super) fn hole(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
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
            What::Seen { target, .. } | What::Follows { target, .. } => Some(target.clone()),
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
            What::Seen { seq, .. } if *seq >= hole => *seq += 1,
            What::Follows { after, .. } if *after >= hole => *after += 1,
            _ => {}
        }
    }
    Some(Fault::Hole { target, seq: hole })
}

/// It was sent again, and the second acknowledgement is another one.
pub(super) fn two_seqs(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
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

pub(super) fn wrong_seq(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (place, key, _, stored) = acked(record).choose(rng)?.clone();
    let What::Acked { seq, .. } = &mut record.noted[place].what else { return None };
    *seq += 1;
    Some(Fault::WrongAck { key, seq: stored + 1, stored })
}

pub(super) fn wrong_id(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let (place, key, _, stored) = acked(record).choose(rng)?.clone();
    let What::Acked { id, .. } = &mut record.noted[place].what else { return None };
    *id = "something-else".into();
    Some(Fault::WrongAck { key, seq: stored, stored })
}

pub(super) fn answers_swapped(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let mut places = neighbours(record, |what| matches!(what, What::Acked { repeat: false, .. }));
    places.retain(|&(first, second)| typed_before(record, first, second));
    let &(first, second) = places.choose(rng)?;
    swap(record, (first, second));
    let What::Acked { key, .. } = &record.noted[first].what else { return None };
    Some(Fault::AnswersSwapped { by: record.noted[first].by.clone(), key: key.clone() })
}

/// Two messages that one person said one after the other, with nobody else's between: stored the other way round.
pub(super) fn author_swapped(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
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
            What::Seen { target: of, seq, text, .. } if *of == target && *seq == first => *text = low.clone(),
            What::Seen { target: of, seq, text, .. } if *of == target && *seq == first + 1 => {
                *text = high.clone()
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

pub(super) fn seen_twice(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = seen(record);
    let Seen { place, target, seq } = all.choose(rng)?;
    let again = record.noted[*place].clone();
    let by = again.by.clone();
    record.noted.insert(place + 1, again);
    Some(Fault::SeenTwice { by, target: target.clone(), seq: *seq })
}

pub(super) fn seen_again_after_a_resume(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let resumes: Vec<_> = record
        .noted
        .iter()
        .enumerate()
        .filter_map(|(place, noted)| match &noted.what {
            What::Follows { target, after } if *after > 0 && noted.by.number > 1 => {
                let seen = record.noted[..place].iter().find(|seen| {
                    seen.by.client == noted.by.client
                        && matches!(&seen.what, What::Seen { target: of, seq, .. } if of == target && seq == after)
                })?;
                Some((place, noted.by.clone(), seen.what.clone(), target.clone(), *after))
            }
            _ => None,
        })
        .collect();
    let (place, by, what, target, seq) = resumes.choose(rng)?.clone();
    let mut again = record.noted[place].clone();
    again.what = what;
    record.noted.insert(place + 1, again);
    Some(Fault::SeenTwice { by, target, seq })
}

pub(super) fn repeat_without_its_tag(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let repeats: Vec<usize> = (0..record.noted.len())
        .filter(|place| matches!(record.noted[*place].what, What::Acked { repeat: true, .. }))
        .collect();
    let place = *repeats.choose(rng)?;
    let by = record.noted[place].by.clone();
    let What::Acked { key, seq, repeat, .. } = &mut record.noted[place].what else { return None };
    *repeat = false;
    let (key, seq) = (key.clone(), *seq);
    Some(Fault::SeenTwice { by, target: target_of(record, &key), seq })
}

pub(super) fn seen_late(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let places = neighbours(record, |what| matches!(what, What::Seen { .. }));
    let same = |(one, other): &&(usize, usize)| match (&record.noted[*one].what, &record.noted[*other].what) {
        // One's own may be late after a 503.
        (What::Seen { target: first, author, .. }, What::Seen { target: second, .. }) => {
            first == second && *author != record.noted[*one].by.client
        }
        _ => false,
    };
    let fitting: Vec<_> = places.iter().filter(same).copied().collect();
    let &(one, other) = fitting.choose(rng)?;
    swap(record, (one, other));
    let What::Seen { target, seq, .. } = &record.noted[other].what else { return None };
    Some(Fault::SeenLate {
        by: record.noted[other].by.clone(),
        target: target.clone(),
        seq: *seq,
        after: seq + 1,
    })
}

pub(super) fn ack_overtakes_event(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let wanted = |what: &What| matches!(what, What::Seen { .. } | What::Acked { repeat: false, .. });
    let places = neighbours(record, wanted);
    let fits = |(one, other): &&(usize, usize)| match (&record.noted[*one].what, &record.noted[*other].what) {
        (What::Seen { target, .. }, What::Acked { key, .. }) => {
            typed_before(record, *one, *other) && *target == target_of(record, key)
        }
        _ => false,
    };
    let fitting: Vec<_> = places.iter().filter(fits).copied().collect();
    let &(one, other) = fitting.choose(rng)?;
    swap(record, (one, other));
    let What::Seen { target, seq, .. } = &record.noted[other].what else { return None };
    Some(Fault::SeenLate {
        by: record.noted[other].by.clone(),
        target: target.clone(),
        seq: *seq,
        after: seq + 1,
    })
}

pub(super) fn unstored(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = seen(record);
    let Seen { place, target, .. } = all.choose(rng)?;
    let end = record.noted.len();
    let mut ghost = record.noted[*place].clone();
    let last = entries(record, target).len() as u64 + 1;
    let What::Seen { seq, text, .. } = &mut ghost.what else { return None };
    (*seq, *text) = (last, "a ghost".into());
    let by = ghost.by.clone();
    record.noted.insert(end, ghost);
    Some(Fault::Unstored { by, target: target.clone(), seq: last })
}

pub(super) fn altered(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = seen(record);
    let Seen { place, target, seq } = all.choose(rng)?;
    let What::Seen { text, .. } = &mut record.noted[*place].what else { return None };
    *text = "something else".into();
    Some(Fault::Altered { by: record.noted[*place].by.clone(), target: target.clone(), seq: *seq })
}

pub(super) fn wrong_author(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = seen(record);
    let Seen { place, target, seq } = all.choose(rng)?;
    let What::Seen { author, .. } = &mut record.noted[*place].what else { return None };
    *author = "somebody-else".into();
    Some(Fault::Altered { by: record.noted[*place].by.clone(), target: target.clone(), seq: *seq })
}

/// Left out in the middle.
pub(super) fn missed(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    record.noted.retain(|noted| !matches!(noted.what, What::Settled));
    let all = seen(record);
    let fitting: Vec<_> = all
        .iter()
        .filter(|it| {
            let client = &record.noted[it.place].by.client;
            let later = all.iter().any(|other| {
                record.noted[other.place].by.client == *client
                    && other.target == it.target
                    && other.seq > it.seq
            });
            later && !acked_by(record, client, it)
        })
        .collect();
    let it = fitting.choose(rng)?;
    let client = record.noted[it.place].by.client.clone();
    record.noted.remove(it.place);
    Some(Fault::Missed { client, target: it.target.clone(), seqs: vec![it.seq] })
}

/// Left out at the end, where only being settled tells.
pub(super) fn missed_the_end(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = seen(record);
    let fitting: Vec<_> = all
        .iter()
        .filter(|it| {
            let client = &record.noted[it.place].by.client;
            it.seq == record.history[&it.target].len() as u64 && !acked_by(record, client, it)
        })
        .collect();
    let it = fitting.choose(rng)?;
    let client = record.noted[it.place].by.client.clone();
    record.noted.remove(it.place);
    Some(Fault::Missed { client, target: it.target.clone(), seqs: vec![it.seq] })
}

/// Seen as an event and acknowledged as well: after a resume or a 503.
fn acked_by(record: &Record, client: &str, it: &Seen) -> bool {
    record.noted.iter().any(|noted| {
        &*noted.by.client == client
            && matches!(&noted.what, What::Acked { key, seq, .. } if *seq == it.seq && target_of(record, key) == it.target)
    })
}

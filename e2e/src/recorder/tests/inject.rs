//! One function for each fault: spoils a good record, and says what must be reported. `None`: no place for it here.

pub(super) mod read;
pub(super) mod shown;
pub(super) mod stored;

use crate::recorder::{Key, Record, Stored, Target, What};

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

/// The same of what stood in histories.
fn read(record: &Record) -> Vec<Seen> {
    let noted = record.noted.iter().enumerate();
    noted
        .filter_map(|(place, noted)| match &noted.what {
            What::Read { target, seq, .. } => Some(Seen { place, target: target.clone(), seq: *seq }),
            _ => None,
        })
        .collect()
}

/// Whether a client knows an entry otherwise than by what stands in this place: an event, an acknowledgement or a history.
fn known_otherwise(record: &Record, it: &Seen) -> bool {
    let client = &record.noted[it.place].by.client;
    record.noted.iter().enumerate().any(|(place, noted)| {
        place != it.place
            && noted.by.client == *client
            && match &noted.what {
                What::Seen { target, seq, .. } | What::Read { target, seq, .. } => {
                    *seq == it.seq && *target == it.target
                }
                What::Acked { key, seq, .. } => *seq == it.seq && target_of(record, key) == it.target,
                _ => false,
            }
    })
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

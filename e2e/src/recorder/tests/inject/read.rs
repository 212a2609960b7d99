//! What a history can have wrong that a client asks for to fill its hole.

use rand::{rngs::StdRng, seq::IndexedRandom as _};

use super::{Seen, entries, known_otherwise, neighbours, read, swap};
use crate::recorder::{Fault, Record, What};

pub(in crate::recorder::tests) fn read_twice(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = read(record);
    let Seen { place, target, seq } = all.choose(rng)?;
    let again = record.noted[*place].clone();
    let by = again.by.clone();
    record.noted.insert(place + 1, again);
    Some(Fault::SeenTwice { by, target: target.clone(), seq: *seq })
}

/// What it had dealt with on the connection before.
pub(in crate::recorder::tests) fn read_again_after_a_break(
    record: &mut Record,
    rng: &mut StdRng,
) -> Option<Fault> {
    let all = read(record);
    let follows: Vec<_> = record
        .noted
        .iter()
        .enumerate()
        .filter_map(|(place, noted)| match &noted.what {
            What::Follows { target, after, .. } => {
                let is_it = |it: &&Seen| {
                    let known = &record.noted[it.place];
                    it.place < place
                        && known.by.client == noted.by.client
                        && it.target == *target
                        && it.seq == *after
                };
                Some((place, all.iter().find(is_it)?.place))
            }
            _ => None,
        })
        .collect();
    let &(place, known) = follows.choose(rng)?;
    let mut again = record.noted[known].clone();
    again.by = record.noted[place].by.clone();
    let (What::Read { target, seq, .. }, by) = (again.what.clone(), again.by.clone()) else { return None };
    record.noted.insert(place + 1, again);
    Some(Fault::SeenTwice { by, target, seq })
}

pub(in crate::recorder::tests) fn read_late(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let places = neighbours(record, |what| matches!(what, What::Read { .. }));
    let fits = |&&(one, other): &&(usize, usize)| match (&record.noted[one].what, &record.noted[other].what) {
        // What came as an event, too, would be a second showing instead.
        (What::Read { target, seq, .. }, What::Read { target: second, .. }) => {
            let it = Seen { place: one, target: target.clone(), seq: *seq };
            target == second && !known_otherwise(record, &it)
        }
        _ => false,
    };
    let fitting: Vec<_> = places.iter().filter(fits).copied().collect();
    let &(one, other) = fitting.choose(rng)?;
    swap(record, (one, other));
    let What::Read { target, seq, .. } = &record.noted[other].what else { return None };
    let by = record.noted[other].by.clone();
    Some(Fault::SeenLate { by, target: target.clone(), seq: *seq, after: seq + 1 })
}

/// Neither in the history nor as an event.
pub(in crate::recorder::tests) fn missed(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = read(record);
    let fitting: Vec<_> = all.iter().filter(|it| !known_otherwise(record, it)).collect();
    let it = fitting.choose(rng)?;
    let client = record.noted[it.place].by.client.clone();
    record.noted.remove(it.place);
    Some(Fault::Missed { client, target: it.target.clone(), seqs: vec![it.seq] })
}

pub(in crate::recorder::tests) fn altered(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = read(record);
    let Seen { place, target, seq } = all.choose(rng)?;
    let What::Read { text, .. } = &mut record.noted[*place].what else { return None };
    *text = "something else".into();
    Some(Fault::Altered { by: record.noted[*place].by.clone(), target: target.clone(), seq: *seq })
}

pub(in crate::recorder::tests) fn unstored(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = read(record);
    let Seen { place, target, .. } = all.choose(rng)?;
    let end = record.noted.len();
    let mut ghost = record.noted[*place].clone();
    let last = entries(record, target).len() as u64 + 1;
    let What::Read { seq, text, .. } = &mut ghost.what else { return None };
    (*seq, *text) = (last, "a ghost".into());
    let by = ghost.by.clone();
    record.noted.insert(end, ghost);
    Some(Fault::Unstored { by, target: target.clone(), seq: last })
}

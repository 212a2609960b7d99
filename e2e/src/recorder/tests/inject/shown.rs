//! What a connection can be shown wrong.

use rand::{rngs::StdRng, seq::IndexedRandom as _};

use super::{Seen, entries, known_otherwise, neighbours, seen, swap, target_of, typed_before};
use crate::recorder::{Fault, Record, What};

pub(in crate::recorder::tests) fn seen_twice(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = seen(record);
    let Seen { place, target, seq } = all.choose(rng)?;
    let again = record.noted[*place].clone();
    let by = again.by.clone();
    record.noted.insert(place + 1, again);
    Some(Fault::SeenTwice { by, target: target.clone(), seq: *seq })
}

pub(in crate::recorder::tests) fn seen_again_after_a_resume(
    record: &mut Record,
    rng: &mut StdRng,
) -> Option<Fault> {
    let resumes: Vec<_> = record
        .noted
        .iter()
        .enumerate()
        .filter_map(|(place, noted)| match &noted.what {
            What::Follows { target, after, .. } if *after > 0 && noted.by.number > 1 => {
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

pub(in crate::recorder::tests) fn repeat_without_its_tag(
    record: &mut Record,
    rng: &mut StdRng,
) -> Option<Fault> {
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

pub(in crate::recorder::tests) fn seen_late(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
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

pub(in crate::recorder::tests) fn ack_overtakes_event(
    record: &mut Record,
    rng: &mut StdRng,
) -> Option<Fault> {
    let wanted = |what: &What| matches!(what, What::Seen { .. } | What::Acked { repeat: false, .. });
    let places = neighbours(record, wanted);
    let fits = |(one, other): &&(usize, usize)| match (&record.noted[*one].what, &record.noted[*other].what) {
        // One's own may be late after a 503.
        (What::Seen { target, author, .. }, What::Acked { key, .. }) => {
            typed_before(record, *one, *other)
                && *target == target_of(record, key)
                && *author != record.noted[*one].by.client
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

pub(in crate::recorder::tests) fn unstored(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
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

pub(in crate::recorder::tests) fn altered(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = seen(record);
    let Seen { place, target, seq } = all.choose(rng)?;
    let What::Seen { text, .. } = &mut record.noted[*place].what else { return None };
    *text = "something else".into();
    Some(Fault::Altered { by: record.noted[*place].by.clone(), target: target.clone(), seq: *seq })
}

pub(in crate::recorder::tests) fn wrong_author(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = seen(record);
    let Seen { place, target, seq } = all.choose(rng)?;
    let What::Seen { author, .. } = &mut record.noted[*place].what else { return None };
    *author = "somebody-else".into();
    Some(Fault::Altered { by: record.noted[*place].by.clone(), target: target.clone(), seq: *seq })
}

/// Left out in the middle.
pub(in crate::recorder::tests) fn missed(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
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
            later && !known_otherwise(record, it)
        })
        .collect();
    let it = fitting.choose(rng)?;
    let client = record.noted[it.place].by.client.clone();
    record.noted.remove(it.place);
    Some(Fault::Missed { client, target: it.target.clone(), seqs: vec![it.seq] })
}

/// Left out at the end, where only being settled tells.
pub(in crate::recorder::tests) fn missed_the_end(record: &mut Record, rng: &mut StdRng) -> Option<Fault> {
    let all = seen(record);
    let fitting: Vec<_> = all
        .iter()
        .filter(|it| it.seq == record.history[&it.target].len() as u64 && !known_otherwise(record, it))
        .collect();
    let it = fitting.choose(rng)?;
    let client = record.noted[it.place].by.client.clone();
    record.noted.remove(it.place);
    Some(Fault::Missed { client, target: it.target.clone(), seqs: vec![it.seq] })
}

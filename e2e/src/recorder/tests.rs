//! The recorder is believed only because each fault, put into a good record, is reported: that one and no other.

mod chat;
mod inject;

use rand::{SeedableRng, rngs::StdRng};

use super::{Connection, Fault, Noted, Record, Stored, Target, What};

const SEEDS: std::ops::Range<u64> = 0..60;

#[test]
fn a_good_record_has_no_fault() {
    for seed in SEEDS {
        let record = chat::record(&mut StdRng::seed_from_u64(seed));
        assert_eq!(record.check(), [], "seed {seed}");
    }
}

/// Injects into many records and wants exactly the fault that the injection says.
fn exactly(inject: impl Fn(&mut Record, &mut StdRng) -> Option<Fault>) {
    let mut injected = 0;
    for seed in SEEDS {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut record = chat::record(&mut rng);
        // Not every record has a place for every fault.
        let Some(fault) = inject(&mut record, &mut rng) else { continue };
        injected += 1;
        assert_eq!(record.check(), [fault], "seed {seed}");
    }
    assert!(injected >= 10, "only {injected} records had a place for it");
}

#[test]
fn an_acknowledged_message_that_is_not_in_the_history_is_lost() {
    exactly(inject::stored::lost);
}

#[test]
fn a_message_that_is_in_the_history_twice_is_a_duplicate() {
    exactly(inject::stored::stored_twice);
}

#[test]
fn what_nobody_sent_does_not_belong_in_the_history() {
    exactly(inject::stored::unsent);
}

#[test]
fn a_history_goes_up() {
    exactly(inject::stored::history_disorder);
}

#[test]
fn a_history_has_no_holes() {
    exactly(inject::stored::hole);
}

#[test]
fn one_key_has_one_seq() {
    exactly(inject::stored::two_seqs);
}

#[test]
fn an_acknowledgement_names_the_seq_in_the_history() {
    exactly(inject::stored::wrong_seq);
}

#[test]
fn an_acknowledgement_names_the_id_in_the_history() {
    exactly(inject::stored::wrong_id);
}

#[test]
fn answers_come_in_the_order_of_the_commands() {
    exactly(inject::stored::answers_swapped);
}

#[test]
fn an_authors_messages_stay_in_order() {
    exactly(inject::stored::author_swapped);
}

#[test]
fn a_connection_is_shown_an_entry_once() {
    exactly(inject::shown::seen_twice);
}

#[test]
fn a_resumed_connection_is_not_shown_again_what_the_last_one_was() {
    exactly(inject::shown::seen_again_after_a_resume);
}

#[test]
fn a_fresh_acknowledgement_of_what_was_shown_already_is_a_second_showing() {
    exactly(inject::shown::repeat_without_its_tag);
}

#[test]
fn a_connection_is_shown_entries_in_order() {
    exactly(inject::shown::seen_late);
}

#[test]
fn an_acknowledgement_waits_for_the_events_below_it() {
    exactly(inject::shown::ack_overtakes_event);
}

#[test]
fn only_what_is_stored_is_shown() {
    exactly(inject::shown::unstored);
}

#[test]
fn what_is_shown_is_what_is_stored() {
    exactly(inject::shown::altered);
    exactly(inject::shown::wrong_author);
}

#[test]
fn nothing_is_left_out() {
    exactly(inject::shown::missed);
    exactly(inject::shown::missed_the_end);
    exactly(inject::read::missed);
}

#[test]
fn a_history_that_fills_a_hole_has_each_entry_once() {
    exactly(inject::read::read_twice);
    exactly(inject::read::read_again_after_a_break);
}

#[test]
fn a_history_that_fills_a_hole_goes_up() {
    exactly(inject::read::read_late);
}

#[test]
fn what_is_read_is_what_is_stored() {
    exactly(inject::read::altered);
    exactly(inject::read::unstored);
}

/// Bob is shown these seqs of what alice writes to him, on a new connection; then his resume is through (`None`).
fn shown(seqs: &[Option<u64>]) -> Vec<Fault> {
    let (bob, alice) =
        (Connection { client: "bob".into(), number: 2 }, Connection { client: "alice".into(), number: 1 });
    let target = Target::new("alice", "bob");
    let mut record = Record::default();
    let mut note =
        |by: &Connection, what| record.noted.push(Noted { at: Default::default(), by: by.clone(), what });
    let text = |seq: u64| -> std::sync::Arc<str> { format!("text {seq}").into() };
    for seq in 1..=6 {
        let key: std::sync::Arc<str> = format!("key-{seq}").into();
        note(&alice, What::Sent { target: target.clone(), key: key.clone(), text: text(seq) });
        note(&alice, What::Acked { key, seq, id: "id".into(), repeat: false });
    }
    note(&bob, What::Follows { target: target.clone(), after: 2, again: true });
    for seq in seqs {
        let (target, kind, author) = (target.clone(), "msg".into(), "alice".into());
        note(
            &bob,
            match *seq {
                Some(seq) => What::Seen { target, seq, kind, author, text: text(seq) },
                None => What::Resumed { target },
            },
        );
    }
    let stored = |seq| Stored { seq, id: "id".into(), author: "alice".into(), text: text(seq) };
    record.history.insert(target.clone(), (1..=6).map(stored).collect());
    record.check()
}

#[test]
fn what_comes_from_one_person_before_the_resume_comes_again_with_it() {
    let (target, by) = (Target::new("alice", "bob"), Connection { client: "bob".into(), number: 2 });
    let twice = |seq| vec![Fault::SeenTwice { by: by.clone(), target: target.clone(), seq }];
    assert_eq!(shown(&[Some(5), Some(3), Some(4), Some(5), None, Some(6)]), []);
    assert_eq!(shown(&[Some(5), Some(3), Some(4), Some(5), Some(5), None, Some(6)]), twice(5));
    assert_eq!(shown(&[Some(3), Some(4), Some(5), None, Some(5), Some(6)]), twice(5));
    let late = Fault::SeenLate { by: by.clone(), target: target.clone(), seq: 5, after: 6 };
    assert_eq!(shown(&[Some(3), Some(4), None, Some(6), Some(5)]), [late]);
}

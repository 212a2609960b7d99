//! The recorder is believed only because each fault, put into a good record, is reported: that one and no other.

mod chat;
mod inject;

use rand::{SeedableRng, rngs::StdRng};

use super::{Fault, Record};

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
    exactly(inject::lost);
}

#[test]
fn a_message_that_is_in_the_history_twice_is_a_duplicate() {
    exactly(inject::stored_twice);
}

#[test]
fn what_nobody_sent_does_not_belong_in_the_history() {
    exactly(inject::unsent);
}

#[test]
fn a_history_goes_up() {
    exactly(inject::history_disorder);
}

#[test]
fn a_history_has_no_holes() {
    exactly(inject::hole);
}

#[test]
fn one_key_has_one_seq() {
    exactly(inject::two_seqs);
}

#[test]
fn an_acknowledgement_names_the_seq_in_the_history() {
    exactly(inject::wrong_seq);
}

#[test]
fn an_acknowledgement_names_the_id_in_the_history() {
    exactly(inject::wrong_id);
}

#[test]
fn answers_come_in_the_order_of_the_commands() {
    exactly(inject::answers_swapped);
}

#[test]
fn an_authors_messages_stay_in_order() {
    exactly(inject::author_swapped);
}

#[test]
fn a_connection_is_shown_an_entry_once() {
    exactly(inject::seen_twice);
}

#[test]
fn a_resumed_connection_is_not_shown_again_what_the_last_one_was() {
    exactly(inject::seen_again_after_a_resume);
}

#[test]
fn a_fresh_acknowledgement_of_what_was_shown_already_is_a_second_showing() {
    exactly(inject::repeat_without_its_tag);
}

#[test]
fn a_connection_is_shown_entries_in_order() {
    exactly(inject::seen_late);
}

#[test]
fn an_acknowledgement_waits_for_the_events_below_it() {
    exactly(inject::ack_overtakes_event);
}

#[test]
fn only_what_is_stored_is_shown() {
    exactly(inject::unstored);
}

#[test]
fn what_is_shown_is_what_is_stored() {
    exactly(inject::altered);
    exactly(inject::wrong_author);
}

#[test]
fn nothing_is_left_out() {
    exactly(inject::missed);
    exactly(inject::missed_the_end);
}

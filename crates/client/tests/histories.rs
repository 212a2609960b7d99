//! The consistency contract under a seeded scheduler: an owner that commits changes and messages, a bus that loses, repeats,
//! reorders and delays, readers and an owner that crash. Every history must end with every reader at the owner's state, having
//! shown everything once and in order. A failing seed is printed; `CAUSERIE_SEED=n` runs that history alone.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its message")]

mod world;

use world::{Faults, World};

/// Histories in an ordinary run; `CAUSERIE_HISTORIES` asks for more.
const HISTORIES: u64 = 10_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn every_reader_shows_everything_once_and_in_order() {
    let seeds = match number("CAUSERIE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CAUSERIE_HISTORIES").unwrap_or(HISTORIES),
    };
    let mut totals = world::Totals::default();
    for seed in seeds.clone() {
        let outcome = std::panic::catch_unwind(|| World::new(seed, Faults::any(seed)).run());
        match outcome {
            Ok(history) => totals.add(&history),
            Err(_) => panic!("history {seed} broke the contract: CAUSERIE_SEED={seed} runs it alone"),
        }
    }
    // A run in which nothing went wrong would show nothing.
    if seeds.end - seeds.start > 100 {
        println!("{} histories: {totals:?}", seeds.end - seeds.start);
        assert!(totals.all_happened(), "a kind of fault never happened: {totals:?}");
    }
}

#[test]
fn with_the_bus_gone_everything_comes_within_six_seconds() {
    for seed in 0..200 {
        let history = World::new(seed, Faults::no_bus()).run();
        assert!(history.slowest.as_millis() <= 6000, "seed {seed}: {:?}", history.slowest);
        assert!(history.shown > 0);
    }
}

#[test]
fn a_lost_event_is_healed_in_some_hundredths_of_a_second_when_another_follows() {
    let history = World::new(7, Faults::loses_one()).run();
    assert!(history.asked > 0 && history.slowest.as_millis() <= 200, "{:?}", history.slowest);
}

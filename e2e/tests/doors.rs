//! Every error of the catalogue comes out at every door that it names, through a real socket. A code without a provocation in the
//! table fails the test, so a new one needs a line there.

#![allow(unreachable_pub)] // modules of a test are seen by it alone

mod doors {
    pub mod irc;
    pub mod line;
    pub mod rest;
    pub mod stage;
    pub mod table;
}

use api::{Door, ErrorCode};
use doors::{stage::Stage, table::Provocation};
use futures_util::{StreamExt, stream};

/// Provoked at once: many wait for something.
const AT_ONCE: usize = 8;

#[tokio::test]
async fn every_error_comes_out_at_every_door_that_it_names() {
    let mut table = doors::line::table();
    table.extend(doors::irc::table());
    table.extend(doors::rest::table());
    let find =
        |code: ErrorCode, door: Door| table.iter().find(|entry| entry.code == code && entry.door == door);

    let pairs: Vec<_> =
        ErrorCode::ALL.iter().flat_map(|&code| code.doors().iter().map(move |&door| (code, door))).collect();
    let missing: Vec<_> = pairs.iter().filter(|(code, door)| find(*code, *door).is_none()).collect();
    assert!(missing.is_empty(), "nobody provokes {missing:?}: add it to tests/doors/{{line,irc,rest}}.rs");
    let idle: Vec<_> = table
        .iter()
        .filter(|entry| !entry.code.doors().contains(&entry.door))
        .map(Provocation::name)
        .collect();
    assert!(idle.is_empty(), "the catalogue knows no such door for {idle:?}");

    let stage = Stage::default();
    let wrong: Vec<String> = stream::iter(&table)
        .map(async |entry| {
            let verdict = (entry.provoke)(&stage).await;
            let expected = entry.expected();
            (verdict != expected).then(|| format!("{}: {verdict:?} instead of {expected:?}", entry.name()))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(async |wrong| wrong)
        .collect()
        .await;
    assert!(
        wrong.is_empty(),
        "{} of {}:\n  {}\n{}",
        wrong.len(),
        table.len(),
        wrong.join("\n  "),
        stage.printed()
    );
}

//! One table, action × role × mode × ban × membership, made by code: what the line protocol answers is what REST answers and what
//! IRC says in its words, in every cell.
//!
//! Each row of the table (role, mode, ban) gets three channels that are set up alike. The actor does every action in one at the
//! terminal and in the other by REST, with the same token, and somebody like them does it in the third over IRC, in the same order,
//! so that all channels go through the same states.

#![allow(unreachable_pub)] // modules of a test are seen by it alone

mod matrix {
    pub mod action;
    pub mod row;
}

use std::collections::{BTreeMap, BTreeSet};

use e2e::{Scene, Shape, shared};
use matrix::row::{Cell, Row};

/// Rows at work at once: enough to keep two cores busy.
const AT_ONCE: usize = 8;
/// Less would mean that the table is not made as it should be.
const CELLS: usize = 2_000;

#[tokio::test]
async fn all_doors_answer_alike_in_every_cell() {
    let scene = Scene(shared(Shape::OneProcess).await);
    let rows = Row::all();
    let mut cells: Vec<Cell> = Vec::new();
    for some in rows.chunks(AT_ONCE) {
        let played = futures_util::future::join_all(some.iter().map(|row| row.play(&scene))).await;
        cells.extend(played.into_iter().flatten());
    }
    assert!(cells.len() >= CELLS, "only {} cells", cells.len());

    let differing: Vec<_> = cells.iter().filter(|cell| !cell.agrees()).collect();
    // Grouped, since one cause shows in many cells.
    let mut causes: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for cell in &differing {
        let irc = cell.irc.as_deref().unwrap_or("nothing");
        let cause = format!("{}: line {}, REST {}, IRC {irc}", cell.action.name, cell.line, cell.rest);
        causes.entry(cause).or_default().push(cell.row.to_string());
    }
    let report: Vec<_> = causes
        .iter()
        .map(|(cause, rows)| {
            format!("{cause}\n      in {} rows: {}", rows.len(), rows[..rows.len().min(3)].join(" | "))
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {} cells differ:\n  {}",
        differing.len(),
        cells.len(),
        report.join("\n  ")
    );

    // Doors that always refuse agree too: the table must have seen every verdict that a policy can give.
    let seen: BTreeSet<_> = cells.iter().map(|cell| cell.line.as_str()).collect();
    for verdict in [
        "ok",
        "banned",
        "invite-only",
        "bad-key",
        "channel-full",
        "registered-only",
        "moderated",
        "not-a-member",
        "not-an-operator",
        "no-such-channel",
        "not-in-channel",
        "no-such-message",
    ] {
        assert!(seen.contains(verdict), "no cell says {verdict}: {seen:?}");
    }
}

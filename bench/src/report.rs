use std::{fmt::Write as _, path::Path};

use anyhow::Context as _;

use crate::{
    Options,
    disk::Fsync,
    load::{self, Outcome},
    machine,
    scenario::Scenario,
    server::RAISED,
};

const BEGIN: &str = "<!-- measured -->";
const END: &str = "<!-- /measured -->";

/// What was measured, as Markdown: of each scenario the run in the middle.
pub(crate) fn table(options: &Options, disk: &Fsync, rows: &[(&'static Scenario, Vec<Outcome>)]) -> String {
    let mut text =
        format!("- Machine: {}, shared by the server and the load.\n- Disk: {disk}.\n", machine::processor());
    let server = match (options.addr, options.five) {
        (Some(address), _) => format!("the one at {address}"),
        (None, true) => "five processes on SQLite, a fresh folder for every run".to_owned(),
        (None, false) => "one process on SQLite, a fresh folder for every run".to_owned(),
    };
    let _ = writeln!(text, "- Server: {server}.");
    if options.addr.is_none() {
        let raised = RAISED.iter().copied().chain(options.set.iter().map(String::as_str));
        let raised: Vec<String> = raised.map(|setting| format!("`{setting}`")).collect();
        let _ = writeln!(text, "- Settings other than the defaults: {}.", raised.join(", "));
    }
    let Options { size, seconds, warmup, runs, .. } = options;
    let _ = writeln!(
        text,
        "- Messages of {size} bytes, {seconds} s after {warmup} s of load, the middle one of {runs} runs.\n"
    );
    text += "| scenario | durable sends/s | send p50 / p99 ms | deliveries/s | delivery p50 / p99 ms | server CPU s per million | server MiB | refused | lost, duplicated, disordered |\n";
    text += "|---|---|---|---|---|---|---|---|---|\n";
    for (scenario, outcomes) in rows {
        text += &row(scenario, load::middle(outcomes));
    }
    text
}

fn row(scenario: &Scenario, outcome: &Outcome) -> String {
    let ms = |times: &crate::load::Times, percent| times.percentile(percent).as_secs_f64() * 1e3;
    let tally = &outcome.tally;
    let delivered = match tally.delivered {
        0 => "- | -".to_owned(),
        _ => {
            let (p50, p99) = (ms(&tally.deliveries, 50.0), ms(&tally.deliveries, 99.0));
            format!("{:.0} | {p50:.1} / {p99:.1}", outcome.deliveries_per_second())
        }
    };
    let cpu = outcome.cpu_per_million().map_or("-".to_owned(), |cpu| format!("{cpu:.2}"));
    let memory = outcome.memory.map_or("-".to_owned(), |bytes| (bytes / 1024 / 1024).to_string());
    let faults = outcome.faults;
    format!(
        "| {} ({}) | {:.0} | {:.1} / {:.1} | {delivered} | {cpu} | {memory} | {} | {}, {}, {} |\n",
        scenario.name,
        scenario.what(),
        outcome.sends_per_second(),
        ms(&tally.acknowledgements, 50.0),
        ms(&tally.acknowledgements, 99.0),
        tally.refused,
        faults.lost,
        faults.duplicated,
        faults.disordered,
    )
}

/// Puts a table where an older one is.
pub(crate) fn replace(file: &Path, table: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let place = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = place.with_context(|| format!("{} has no {BEGIN} … {END}", file.display()))?;
    std::fs::write(file, format!("{before}{BEGIN}\n{table}{END}{after}"))
        .with_context(|| format!("cannot write {}", file.display()))
}

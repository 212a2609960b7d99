//! The pages that users read are true: every transcript of docs/line-protocol.md is played, every command of docs/api.md is run.

use std::process::Stdio;

use e2e::{Channels, Gateway, Logs, Messages, Plan, Script, Shape, Town, Users};
use tokio::process::Command;

const LINE_PROTOCOL: &str = include_str!("../../docs/line-protocol.md");
const API: &str = include_str!("../../docs/api.md");

/// The fenced blocks of a language, with the line that each begins at.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<(usize, &'a str)> {
    let fence = format!("```{language}\n");
    let mut found = Vec::new();
    for (at, _) in page.match_indices(&fence) {
        let begin = at + fence.len();
        let end = begin + page[begin..].find("```").expect("a block has an end");
        found.push((page[..begin].lines().count() + 1, &page[begin..end]));
    }
    found
}

async fn every_transcript_is_what_happens(shape: Shape) {
    let blocks = blocks(LINE_PROTOCOL, "transcript");
    assert!(blocks.len() >= 5, "where are the transcripts?");
    for (line, text) in blocks {
        eprintln!("docs/line-protocol.md:{line}");
        let town = shape.plan().start().await;
        Script::of_a_page(text).play(&town).await;
    }
}

#[tokio::test]
async fn every_transcript_is_what_happens_in_one_process() {
    every_transcript_is_what_happens(Shape::OneProcess).await;
}

#[tokio::test]
async fn every_transcript_is_what_happens_in_five_processes() {
    every_transcript_is_what_happens(Shape::FiveProcesses).await;
}

/// The ports of a page are those of a fresh start; this town has others.
fn with_ports_of(town: &Town, text: &str) -> String {
    [(Users, "8101"), (Channels, "8102"), (Messages, "8103"), (Logs, "8104"), (Gateway, "8080")]
        .iter()
        .fold(text.to_owned(), |text, (name, port)| {
            ["localhost", "127.0.0.1"]
                .iter()
                .fold(text, |text, host| text.replace(&format!("http://{host}:{port}"), &town.url(*name)))
        })
        .replace("127.0.0.1 7667", &format!("127.0.0.1 {}", town.chat_address().port()))
}

/// All blocks of the page in order in one shell, as a reader would paste them. A line that prints says in the comment behind it
/// what is printed (`# => …`, where `…` stands for anything).
#[tokio::test]
async fn every_command_of_the_api_page_works_from_a_fresh_start() {
    let town = Plan::one_process().start().await;
    let mut script = String::from("set -euo pipefail\n");
    // The program is called by its name on the page.
    let program = e2e::binary();
    script += &format!("causerie() {{ {:?} --data {:?} \"$@\"; }}\n", program, town.data());
    let mut expected = Vec::new();
    let blocks = blocks(API, "bash");
    assert!(blocks.len() >= 10, "where are the examples?");
    for (number, text) in blocks {
        for (offset, line) in text.lines().enumerate() {
            let at = number + offset;
            if let Some(result) = line.trim_start().strip_prefix("# => ") {
                expected.push((at, result.to_owned()));
                script += &format!("printf '\\n== {at}\\n'\n");
            } else {
                script += line;
                script.push('\n');
            }
        }
    }
    let script = with_ports_of(&town, &script);
    let output = Command::new("bash")
        .arg("-c")
        .arg(&script)
        .stdin(Stdio::null())
        .current_dir(town.home())
        .output()
        .await
        .expect("there is a bash");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}\n{script}");
    let mut rest = &*printed;
    for (at, result) in &expected {
        let (seen, after) = rest.split_once(&format!("\n== {at}\n")).expect("each mark is printed");
        rest = after;
        // A result is one line on the page.
        let (seen, wanted) = (seen.trim().replace('\n', " "), format!("{}*", result.replace('…', "*")));
        assert!(
            e2e::Pattern::new(&wanted).matches(&seen),
            "docs/api.md:{at} promises\n    {result}\nbut there is\n    {seen}\n{errors}"
        );
    }
}

//! The transcripts in docs/line-protocol.md keep to the grammar that stands above them.

use proto::plain::{ServerLine, decode};

const DOCUMENT: &str = include_str!("../../../docs/line-protocol.md");

#[test]
fn every_line_of_a_transcript_is_one_of_the_grammar() {
    let blocks = DOCUMENT.split("```transcript\n").skip(1);
    let lines: Vec<&str> =
        blocks.filter_map(|block| block.split("```").next()).flat_map(str::lines).collect();
    assert!(lines.len() > 50, "where are the transcripts?");
    for line in lines {
        if let Some((_, typed)) = line.split_once("> ").filter(|(name, _)| !name.contains(' ')) {
            // Those that are refused are answered so in the next line.
            assert!(!matches!(decode(typed), Ok(None)), "a blank line is typed");
        } else {
            let (_, sent) = line.split_once("< ").expect("name> or name<");
            let human = sent.starts_with("<clock>");
            assert!(human || ServerLine::parse(sent).is_ok(), "{line}");
        }
    }
}

//! What was said before, and how far it was read.

use api::{ErrorCode, Timestamp, page::MAX_LIMIT};
use proto::irc::{Params, parse_timestamp};

use super::{missing, one, refused};
use crate::{
    command::{Command, Refusal},
    dialect::{
        Commands,
        irc::{HistoryAsked, HistoryPart, Selector, Word},
    },
};

/// <https://ircv3.net/specs/extensions/chathistory#chathistory-command>
pub(crate) fn chathistory(params: &Params<'_>) -> Commands {
    let Some(word) = params.first() else { return refused(missing("subcommand")) };
    let word = word.to_ascii_uppercase();
    match asked(&word, &params[1..]) {
        Ok(asked) => one(Command::Irc(Word::History(Box::new(asked)))),
        Err(refusal) => refused(refusal.what(word)),
    }
}

fn asked(word: &str, params: &[&str]) -> Result<HistoryAsked, Refusal> {
    let (target, part, most) = match (word, params) {
        ("LATEST", [target, "*", most, ..]) => (*target, HistoryPart::Latest(None), most),
        ("LATEST", [target, after, most, ..]) => (*target, HistoryPart::Latest(Some(selector(after)?)), most),
        ("BEFORE", [target, point, most, ..]) => (*target, HistoryPart::Before(selector(point)?), most),
        ("AFTER", [target, point, most, ..]) => (*target, HistoryPart::After(selector(point)?), most),
        ("AROUND", [target, point, most, ..]) => (*target, HistoryPart::Around(selector(point)?), most),
        ("BETWEEN", [target, first, second, most, ..]) => {
            (*target, HistoryPart::Between(selector(first)?, selector(second)?), most)
        }
        ("TARGETS", [first, second, most, ..]) => {
            ("*", HistoryPart::Targets(moment(first)?, moment(second)?), most)
        }
        ("LATEST" | "BEFORE" | "AFTER" | "AROUND" | "BETWEEN" | "TARGETS", _) => {
            return Err(missing("parameter"));
        }
        _ => return Err(Refusal::new(ErrorCode::UnknownCommand).detail("there is no such subcommand")),
    };
    // "If the limit is over the maximum, the server MAY return fewer."
    match most.parse::<u32>() {
        Ok(most @ 1..) => Ok(HistoryAsked { target: target.to_owned(), part, most: most.min(MAX_LIMIT) }),
        _ => Err(invalid("the limit is a number above 0")),
    }
}

fn selector(text: &str) -> Result<Selector, Refusal> {
    match text.split_once('=') {
        Some(("msgid", id)) => Ok(Selector::Id(id.to_owned())),
        Some(("timestamp", _)) => moment(text).map(Selector::At),
        _ => Err(invalid("a message is named by msgid= or timestamp=").value(text)),
    }
}

fn moment(text: &str) -> Result<Timestamp, Refusal> {
    let at = text.strip_prefix("timestamp=").and_then(parse_timestamp);
    at.map(|at| Timestamp(at.0))
        .ok_or_else(|| invalid("timestamp= is a time such as 2026-01-31T12:04:05.678Z"))
}

fn invalid(detail: &str) -> Refusal {
    Refusal::new(ErrorCode::InvalidParameter).detail(detail)
}

pub(crate) fn markread(params: &Params<'_>) -> Commands {
    let Some(target) = params.first().filter(|target| !target.is_empty()) else {
        return refused(missing("target"));
    };
    let until = match params.get(1).map(|until| moment(until)).transpose() {
        Ok(until) => until,
        Err(refusal) => return refused(refusal.what(*target)),
    };
    one(Command::Irc(Word::Marker { target: (*target).to_owned(), until }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> (ErrorCode, Option<String>, Option<String>) {
        let params: Vec<_> = line.split(' ').collect();
        let error = asked(params[0], &params[1..]).err().unwrap_or_else(|| panic!("{line} is understood"));
        (error.code(), error.about.what, error.about.value)
    }

    #[test]
    fn every_way_to_ask_is_understood() {
        for line in [
            "LATEST #x * 10",
            "LATEST #x msgid=1a-3 10",
            "BEFORE #x timestamp=2026-01-31T12:04:05.678Z 10",
            "AFTER bob msgid=1a-3 1",
            "AROUND bob msgid=1a-3 1",
            "BETWEEN bob msgid=1a-3 timestamp=2026-01-31T12:04:05Z 1",
            "TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2262-01-01T00:00:00.000Z 100",
        ] {
            let params: Vec<_> = line.split(' ').collect();
            let asked = asked(params[0], &params[1..]).unwrap_or_else(|_| panic!("{line}"));
            assert_eq!(asked.part.word(), params[0]);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(refusal("SINCE #x * 10").0, ErrorCode::UnknownCommand);
        assert_eq!(refusal("LATEST #x *").0, ErrorCode::MissingParameter);
        for line in ["LATEST #x * 0", "LATEST #x * -1", "LATEST #x * ten", "AFTER #x timestamp=now 1"] {
            assert_eq!(refusal(line), (ErrorCode::InvalidParameter, None, None), "{line}");
        }
        for line in ["BEFORE #x * 1", "AFTER #x id=7 1"] {
            assert!(refusal(line).2.is_some(), "{line}");
        }
    }

    #[test]
    fn no_more_is_asked_for_than_a_page_holds() {
        for (typed, most) in [("1000", 1000), ("1001", 1000), ("4294967295", 1000)] {
            assert_eq!(asked("LATEST", &["#x", "*", typed]).map(|asked| asked.most).ok(), Some(most));
        }
    }
}

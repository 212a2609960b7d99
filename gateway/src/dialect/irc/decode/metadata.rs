//! What people and channels say of themselves (<https://ircv3.net/specs/extensions/metadata#metadata-client-command>).

use api::ErrorCode;
use proto::irc::Params;

use super::{missing, one, refused};
use crate::{
    command::{Command, Refusal},
    dialect::{
        Commands,
        irc::{MetadataAsked, Word},
    },
};

pub(crate) fn metadata(params: &Params<'_>) -> Commands {
    let (target, word) = (params[0], params[1].to_ascii_uppercase());
    match asked(&word, &params[2..]) {
        Ok(asked) => one(Command::Irc(Word::Metadata { target: target.to_owned(), asked })),
        Err(refusal) => refused(refusal),
    }
}

fn asked(word: &str, params: &[&str]) -> Result<MetadataAsked, Refusal> {
    let all = || params.iter().map(|key| (*key).to_owned()).collect();
    Ok(match (word, params) {
        ("GET", [_, ..]) => MetadataAsked::Get(all()),
        ("SET", [key]) => MetadataAsked::Set((*key).to_owned(), None),
        ("SET", [key, value, ..]) => MetadataAsked::Set((*key).to_owned(), Some((*value).to_owned())),
        ("SUB", [_, ..]) => MetadataAsked::Sub(all()),
        ("UNSUB", [_, ..]) => MetadataAsked::Unsub(all()),
        ("GET" | "SET" | "SUB" | "UNSUB", []) => return Err(missing("key")),
        ("LIST", _) => MetadataAsked::List,
        ("CLEAR", _) => MetadataAsked::Clear,
        ("SUBS", _) => MetadataAsked::Subs,
        ("SYNC", _) => MetadataAsked::Sync,
        _ => {
            let refusal = Refusal::new(ErrorCode::UnknownCommand).what(word);
            return Err(refusal.detail("there is no such subcommand"));
        }
    })
}

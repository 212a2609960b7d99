//! Channels.

use proto::irc::Params;

pub(crate) use super::mode::mode;
use super::{missing, one, refused, targets};
use crate::{
    command::{Ages, Command, ListFilter},
    dialect::{
        Commands,
        irc::{End, Word},
    },
};

pub(crate) fn join(params: &Params<'_>) -> Commands {
    // RFC 2812 §3.2.1: leave all.
    if params[0] == "0" {
        return one(Command::Irc(Word::PartAll));
    }
    let mut keys = params.get(1).copied().unwrap_or_default().split(',');
    let channels = match targets("JOIN", params[0]) {
        Ok(channels) => channels,
        Err(refusal) => return refused(refusal),
    };
    let join = |channel: &str| {
        let key = keys.next().filter(|key| !key.is_empty()).map(str::to_owned);
        Ok(Command::Join { channel: channel.to_owned(), key })
    };
    channels.into_iter().map(join).collect()
}

pub(crate) fn part(params: &Params<'_>) -> Commands {
    let reason = params.get(1).filter(|reason| !reason.is_empty());
    each("PART", params[0], |channel| Command::Part {
        channel: Some(channel),
        reason: reason.map(|reason| (*reason).to_owned()),
    })
}

pub(crate) fn topic(params: &Params<'_>) -> Commands {
    let text = params.get(1).map(|text| (*text).to_owned());
    one(Command::Topic { channel: Some(params[0].to_owned()), text })
}

pub(crate) fn names(params: &Params<'_>) -> Commands {
    let list = params.first().copied().filter(|list| !list.is_empty());
    let mut commands = match list {
        Some(list) => each("NAMES", list, |channel| Command::Names { channel: Some(channel) }),
        None => Commands::new(),
    };
    let of = list.unwrap_or("*").to_owned();
    commands.push(Ok(Command::Irc(Word::End(End::Names(of)))));
    commands
}

/// Of some channels, or of all; under conditions that hold for each (<https://modern.ircdocs.horse/#elist-parameter>).
pub(crate) fn list(params: &Params<'_>) -> Commands {
    let parts = match targets("LIST", params.first().copied().unwrap_or_default()) {
        Ok(parts) => parts,
        Err(refusal) => return refused(refusal),
    };
    let mut filter = ListFilter::default();
    let mut masks: Vec<&str> = parts.into_iter().filter(|part| !condition(&mut filter, part)).collect();
    if masks.is_empty() {
        masks.push("*");
    }
    let list = |mask: &str| {
        let matching = (mask != "*").then(|| mask.to_owned());
        Ok(Command::List { matching, filter: filter.clone() })
    };
    let mut commands: Commands = masks.into_iter().map(list).collect();
    commands.push(Ok(Command::Irc(Word::End(End::List))));
    commands
}

/// Reads `>5`, `<5`, `C>5`, `C<5`, `T>5`, `T<5` or `!mask`; false if it is none of these.
fn condition(filter: &mut ListFilter, part: &str) -> bool {
    if let Some(mask) = part.strip_prefix('!') {
        filter.not.push(mask.to_owned());
        return true;
    }
    let of = |ages: &mut Ages, rest: &str| match rest.split_at_checked(1) {
        Some((">", minutes)) => minutes.parse().map(|minutes| ages.older = Some(minutes)).is_ok(),
        Some(("<", minutes)) => minutes.parse().map(|minutes| ages.younger = Some(minutes)).is_ok(),
        _ => false,
    };
    match part.split_at_checked(1) {
        Some((">", count)) => count.parse().map(|count| filter.more_than = Some(count)).is_ok(),
        Some(("<", count)) => count.parse().map(|count| filter.fewer_than = Some(count)).is_ok(),
        Some(("C" | "c", rest)) => of(&mut filter.created, rest),
        Some(("T" | "t", rest)) => of(&mut filter.topic, rest),
        _ => false,
    }
}

/// RFC 2812 §3.2.8: people of one channel, or as many channels as people.
pub(crate) fn kick(params: &Params<'_>) -> Commands {
    let channels: Vec<&str> = params[0].split(',').filter(|name| !name.is_empty()).collect();
    let nicks = match targets("KICK", params[1]) {
        Ok(nicks) => nicks,
        Err(refusal) => return refused(refusal),
    };
    let reason = params.get(2).filter(|reason| !reason.is_empty());
    let last = channels.last().copied().unwrap_or(params[0]);
    let channels = channels.iter().copied().chain(std::iter::repeat(last));
    let kick = |(channel, nick): (&str, &str)| {
        Ok(Command::Kick {
            channel: channel.to_owned(),
            nick: nick.to_owned(),
            reason: reason.map(|reason| (*reason).to_owned()),
        })
    };
    channels.zip(nicks).map(kick).collect()
}

pub(crate) fn invite(params: &Params<'_>) -> Commands {
    match params[..] {
        // <https://modern.ircdocs.horse/#invite-message>: the channels that one is invited to.
        [] => one(Command::Irc(Word::Invitations)),
        [_] => refused(missing("parameter")),
        [nick, channel, ..] => one(Command::Invite { channel: channel.to_owned(), nick: nick.to_owned() }),
    }
}

pub(crate) fn rename(params: &Params<'_>) -> Commands {
    let reason = params.get(2).filter(|reason| !reason.is_empty()).map(|reason| (*reason).to_owned());
    one(Command::Rename { channel: params[0].to_owned(), name: params[1].to_owned(), reason })
}

fn each(verb: &str, list: &str, command: impl Fn(String) -> Command) -> Commands {
    match targets(verb, list) {
        Ok(targets) => targets.into_iter().map(|target| Ok(command(target.to_owned()))).collect(),
        Err(refusal) => refused(refusal),
    }
}

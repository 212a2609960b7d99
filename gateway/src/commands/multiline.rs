//! Messages of several lines, as IRC sends them: line by line, and said when the last has come.

use super::{say, signal};
use crate::{
    command::{Along, Answer, Command, Outcome},
    dialect::irc::{
        Told, Word,
        multiline::{Broken, Gathering, Part, Said},
        say_to,
    },
    reply::Reply,
    session::Session,
};

pub(super) async fn part(session: &mut Session, part: Part, mut reply: Reply) {
    let Some(irc) = &mut session.irc else { return reply.give(&Ok(Outcome::Irc(Told::Nothing))) };
    let broken = match part {
        Part::Opens { name, to, label, tags } => match irc.gathering.take() {
            None => {
                irc.gathering = Some(Box::new(Gathering::new(name, to, label, tags)));
                return reply.give(&Ok(Outcome::Irc(Told::Nothing)));
            }
            Some(_) => Broken::Invalid("one batch at a time"),
        },
        Part::Piece { batch, to, kind, text, joins } => {
            match irc.gathering.as_mut().filter(|gathering| gathering.is(&batch)) {
                Some(gathering) => match gathering.add(&to, kind, &text, joins) {
                    Ok(()) => return reply.give(&Ok(Outcome::Irc(Told::Nothing))),
                    Err(broken) => {
                        reply.labels(gathering.label.take());
                        broken
                    }
                },
                None => Broken::Invalid("there is no such batch"),
            }
        }
        Part::Ends { name } => match irc.gathering.take_if(|gathering| gathering.is(&name)) {
            Some(mut gathering) => {
                reply.labels(gathering.label.take());
                let (to, tags) = (std::mem::take(&mut gathering.to), std::mem::take(&mut gathering.tags));
                match gathering.end() {
                    Ok(Some(Said { kind, text, splits })) => {
                        let with = Along { tags, splits, key: None };
                        reply.answers(if kind == api::EntryKind::Notice { "NOTICE" } else { "PRIVMSG" });
                        return said(session, say_to(&to, kind, text), with, reply).await;
                    }
                    Ok(None) => return reply.give(&Ok(Outcome::Irc(Told::Nothing))),
                    Err(broken) => broken,
                }
            }
            None => Broken::Invalid("there is no such batch"),
        },
    };
    reply.give(&Ok(Outcome::Irc(Told::Broken(broken))));
}

async fn said(session: &mut Session, command: Command, with: Along, reply: Reply) {
    let answer: Answer = match command {
        Command::Say { to, kind, text, .. } => return say::say(session, to, kind, text, with, reply).await,
        Command::Irc(Word::ToRole { channel, role, kind, text, .. }) => {
            signal::to_role(session, &channel, role, (kind, text), with.tags).await
        }
        _ => Ok(Outcome::Irc(Told::Nothing)),
    };
    reply.give(&answer);
}

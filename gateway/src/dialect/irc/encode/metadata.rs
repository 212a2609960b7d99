//! What people and channels say of themselves (<https://ircv3.net/specs/extensions/metadata>).

use api::metadata::Metadatum;
use proto::irc::Line;

use super::Reply;
use crate::dialect::irc::{Datum, DatumRow, MetadataTold, Subscribed};

/// Everybody who may see a target sees all that it says.
const EVERYBODY: &str = "*";

/// 761, or 766 where nothing is said.
pub(super) fn write(
    out: &mut Vec<u8>,
    server: &str,
    nick: &str,
    target: &str,
    (key, value): (&str, Option<&str>),
) {
    match value {
        Some(value) => {
            let line = Line::numeric(out, server, 761, nick).param(target).param(key).param(EVERYBODY);
            line.trailing(value);
        }
        None => {
            Line::numeric(out, server, 766, nick).param(target).param(key).trailing("nothing is set");
        }
    }
}

impl Reply<'_> {
    pub(super) fn metadata(&mut self, told: &MetadataTold) {
        match told {
            MetadataTold::One(row) => self.datum(row),
            MetadataTold::Batch(target, rows) => self.data(target, rows),
            MetadataTold::Later(target, seconds) => self.later(target, *seconds),
            MetadataTold::Subscribed(Subscribed { keys, invalid, too_many, later }) => {
                self.keys(770, keys);
                self.no_keys(invalid);
                if let Some(key) = too_many {
                    let line = self.line("FAIL").param("METADATA").param("TOO_MANY_SUBS").param(key);
                    line.trailing("there is no room for more keys");
                }
                for (target, seconds) in later {
                    self.later(target, *seconds);
                }
            }
            MetadataTold::Unsubscribed(keys, invalid) => {
                self.keys(771, keys);
                self.no_keys(invalid);
            }
            MetadataTold::Subs(keys) => self.keys(772, keys),
        }
    }

    pub(super) fn whois_metadata(&mut self, nick: &str, said: &[Metadatum]) {
        for Metadatum { key, value } in said {
            let line = self.numeric(760).param(nick).param(key.as_str()).param(EVERYBODY);
            line.trailing(value);
        }
    }

    fn data(&mut self, target: &str, rows: &[DatumRow]) {
        self.batch("metadata", Some(target), |reply| {
            let before = std::mem::take(reply.out);
            rows.iter().for_each(|row| reply.datum(row));
            let lines = std::mem::replace(reply.out, before);
            reply.batched(&lines);
        });
    }

    fn datum(&mut self, DatumRow { target, key, datum }: &DatumRow) {
        let value = match datum {
            Datum::Value(value) => Some(value.as_str()),
            Datum::NotSet => None,
            Datum::NoKey => return self.no_keys(std::slice::from_ref(key)),
        };
        let nick = self.me.as_ref().map_or(super::NOBODY, |me| me.person.nick.as_str());
        write(self.out, self.server, nick, target, (key, value));
    }

    fn later(&mut self, target: &str, seconds: u64) {
        self.numeric(774).param(target).number(seconds).end();
    }

    fn no_keys(&mut self, keys: &[String]) {
        for key in keys {
            let line = self.line("FAIL").param("METADATA").param("INVALID_KEY").param(key);
            line.trailing("that is no key");
        }
    }

    /// As many lines as it takes.
    fn keys(&mut self, code: u16, keys: &[String]) {
        let mut keys = keys.iter().peekable();
        while keys.peek().is_some() {
            let mut line = self.numeric(code);
            // 15 parameters make a line, and the nick is one of them.
            for _ in 0..13 {
                match keys.next_if(|key| key.len() < line.room()) {
                    Some(key) => line = line.param(key),
                    None => break,
                }
            }
            line.end();
        }
    }
}

//! What was said before (<https://ircv3.net/specs/extensions/chathistory>), and how far it was read.

use api::{Entry, Timestamp};
use proto::irc::{At, Line};

use super::Reply;
use crate::{
    dialect::irc::{Caps, Past, entry, events, frame},
    event::{Moment, Shown},
};

/// Names the batch of a history. It is written as a whole, so that one name is enough.
const BATCH: &str = "history";

impl Reply<'_> {
    pub(super) fn history(&mut self, target: &str, items: &[Past]) {
        self.batch("chathistory", Some(target), |reply| {
            let mut lines = Vec::new();
            for item in items {
                match item {
                    Past::Said(said) => entry::write(reply.caps, &said.0, said.1.who(), &mut lines),
                    Past::Happened(happened) => {
                        if let Some(event) = happened.event() {
                            events::event(reply.caps, &event, Moment::of(&happened.event), &mut lines);
                        }
                    }
                }
            }
            reply.batched(&lines);
        });
    }

    /// The latest lines for somebody who has come in and does not ask for them.
    pub(super) fn playback(&mut self, entries: &[(Entry, Shown)]) {
        for (entry, author) in entries {
            entry::write(self.caps, entry, author.who(), self.out);
        }
    }

    pub(super) fn targets(&mut self, targets: &[(String, Timestamp)]) {
        self.batch("draft/chathistory-targets", None, |reply| {
            let mut lines = Vec::new();
            for (target, at) in targets {
                let line = Line::command(&mut lines, Some(reply.server), "CHATHISTORY").param("TARGETS");
                line.param(target).timestamp("", At(at.as_micros())).end();
            }
            reply.batched(&lines);
        });
    }

    pub(super) fn marker(&mut self, target: &str, at: Option<Timestamp>) {
        let line = self.line("MARKREAD").param(target);
        match at {
            Some(at) => line.timestamp("timestamp=", At(at.as_micros())).end(),
            None => line.param("*").end(),
        }
    }

    pub(super) fn batch(&mut self, kind: &str, of: Option<&str>, inside: impl FnOnce(&mut Self)) {
        let is_batch = self.caps.has(Caps::BATCH);
        if is_batch {
            self.line("BATCH").param(&format!("+{BATCH}")).param(kind).params(of).end();
        }
        inside(self);
        if is_batch {
            self.line("BATCH").param(&format!("-{BATCH}")).end();
        }
    }

    /// Lines of the batch that is being written.
    pub(super) fn batched(&mut self, lines: &[u8]) {
        if !self.caps.has(Caps::BATCH) {
            return self.out.extend_from_slice(lines);
        }
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            frame::in_batch(self.out, BATCH, line);
        }
    }
}

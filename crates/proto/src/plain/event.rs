use super::{At, Frame, escape};

/// What happened, as the line protocol says it. Borrowed names and texts: made to be written at once, not to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// `target` is what the author wrote to: a channel, or the nick of the other party.
    Message {
        kind: MessageKind,
        target: &'a str,
        seq: u64,
        at: At,
        nick: &'a str,
        text: &'a str,
    },
    Redact {
        target: &'a str,
        seq: u64,
        at: At,
        nick: &'a str,
        redacted: u64,
    },
    /// `text` is all of the new one.
    Edit {
        target: &'a str,
        seq: u64,
        at: At,
        nick: &'a str,
        edited: u64,
        text: &'a str,
    },
    /// `emoji` is put on message `of`, or taken back.
    React {
        target: &'a str,
        seq: u64,
        at: At,
        nick: &'a str,
        of: u64,
        emoji: &'a str,
        back: bool,
    },
    Join {
        channel: &'a str,
        nick: &'a str,
    },
    Part {
        channel: &'a str,
        nick: &'a str,
        reason: &'a str,
    },
    Quit {
        nick: &'a str,
        reason: &'a str,
    },
    Nick {
        old: &'a str,
        new: &'a str,
    },
    /// A channel.
    Renamed {
        old: &'a str,
        new: &'a str,
        nick: &'a str,
        reason: &'a str,
    },
    Topic {
        channel: &'a str,
        nick: &'a str,
        text: &'a str,
    },
    Kick {
        channel: &'a str,
        by: &'a str,
        nick: &'a str,
        reason: &'a str,
    },
    /// `change` in words: `+o bob`.
    Mode {
        channel: &'a str,
        by: &'a str,
        change: &'a str,
    },
    Invite {
        channel: &'a str,
        by: &'a str,
    },
    Closing {
        reason: &'a str,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    Msg,
    Action,
    Notice,
}

impl MessageKind {
    pub fn as_str(self) -> &'static str {
        match self {
            MessageKind::Msg => "msg",
            MessageKind::Action => "action",
            MessageKind::Notice => "notice",
        }
    }
}

impl Event<'_> {
    /// For programs: `100 …` lines, more than one only for a text of several lines.
    pub fn wire(&self, out: &mut Vec<u8>) {
        match *self {
            Event::Message { kind, target, seq, at, nick, text } => {
                Frame::event(out, kind.as_str()).param(target).number(seq).at(at).param(nick).lines(text);
            }
            Event::Redact { target, seq, at, nick, redacted } => {
                Frame::event(out, "redact")
                    .param(target)
                    .number(seq)
                    .at(at)
                    .param(nick)
                    .number(redacted)
                    .end();
            }
            Event::Edit { target, seq, at, nick, edited, text } => {
                Frame::event(out, "edit")
                    .param(target)
                    .number(seq)
                    .at(at)
                    .param(nick)
                    .number(edited)
                    .lines(text);
            }
            Event::React { target, seq, at, nick, of, emoji, back } => {
                let word = if back { "unreact" } else { "react" };
                Frame::event(out, word).param(target).number(seq).at(at).param(nick).number(of).text(emoji);
            }
            Event::Join { channel, nick } => Frame::event(out, "join").param(channel).param(nick).end(),
            Event::Part { channel, nick, reason } => {
                Frame::event(out, "part").param(channel).param(nick).text(reason);
            }
            Event::Quit { nick, reason } => Frame::event(out, "quit").param(nick).text(reason),
            Event::Nick { old, new } => Frame::event(out, "nick").param(old).param(new).end(),
            Event::Renamed { old, new, nick, reason } => {
                Frame::event(out, "renamed").param(old).param(new).param(nick).text(reason);
            }
            Event::Topic { channel, nick, text } => {
                Frame::event(out, "topic").param(channel).param(nick).text(text);
            }
            Event::Kick { channel, by, nick, reason } => {
                Frame::event(out, "kick").param(channel).param(by).param(nick).text(reason);
            }
            Event::Mode { channel, by, change } => {
                Frame::event(out, "mode").param(channel).param(by).params(change).end();
            }
            Event::Invite { channel, by } => Frame::event(out, "invite").param(channel).param(by).end(),
            Event::Closing { reason } => Frame::event(out, "closing").text(reason),
        }
    }

    /// For people: `12:04 #general <bob> salut`. Messages show their own time, the rest `now`. No line of it can be
    /// taken for a reply: replies have no `:` in third place.
    pub fn human(&self, now: At, out: &mut Vec<u8>) {
        match *self {
            Event::Message { kind, target, at, nick, text, .. } => {
                let (before, after) = match kind {
                    MessageKind::Msg => ("<", "> "),
                    MessageKind::Action => ("* ", " "),
                    MessageKind::Notice => ("-", "- "),
                };
                for line in text.split('\n') {
                    Sentence::new(at, out)
                        .word(target)
                        .plain(" ")
                        .plain(before)
                        .name(nick)
                        .plain(after)
                        .text(line);
                }
            }
            Event::Redact { target, at, nick, redacted, .. } => {
                let number = redacted.to_string();
                Sentence::new(at, out)
                    .word(target)
                    .plain(" *")
                    .word(nick)
                    .plain(" redacted")
                    .word(&number)
                    .end();
            }
            Event::Edit { target, at, nick, edited, text, .. } => {
                let number = edited.to_string();
                for line in text.split('\n') {
                    let head = Sentence::new(at, out).word(target).plain(" *").word(nick).plain(" edited");
                    head.word(&number).plain(": ").text(line);
                }
            }
            Event::React { target, at, nick, of, emoji, back, .. } => {
                let number = of.to_string();
                let head = Sentence::new(at, out).word(target).plain(" *").word(nick);
                let head = head.plain(if back { " unreacted to" } else { " reacted to" });
                head.word(&number).plain(": ").text(emoji);
            }
            Event::Join { channel, nick } => {
                Sentence::new(now, out).word(channel).plain(" *").word(nick).plain(" joined").end();
            }
            Event::Part { channel, nick, reason } => {
                Sentence::new(now, out).word(channel).plain(" *").word(nick).plain(" left").because(reason);
            }
            Event::Quit { nick, reason } => {
                Sentence::new(now, out).plain(" *").word(nick).plain(" quit").because(reason);
            }
            Event::Nick { old, new } => {
                Sentence::new(now, out).plain(" *").word(old).plain(" is now").word(new).end();
            }
            Event::Renamed { old, new, nick, reason } => {
                let line = Sentence::new(now, out).word(old).plain(" *").word(nick);
                line.plain(" named the channel").word(new).because(reason);
            }
            Event::Topic { channel, nick, text } => {
                Sentence::new(now, out)
                    .word(channel)
                    .plain(" *")
                    .word(nick)
                    .plain(" set the topic: ")
                    .text(text);
            }
            Event::Kick { channel, by, nick, reason } => {
                let line = Sentence::new(now, out).word(channel).plain(" *").word(by);
                line.plain(" removed").word(nick).because(reason);
            }
            Event::Mode { channel, by, change } => {
                Sentence::new(now, out).word(channel).plain(" *").word(by).plain(" set ").text(change);
            }
            Event::Invite { channel, by } => {
                Sentence::new(now, out).plain(" *").word(by).plain(" invites you to").word(channel).end();
            }
            Event::Closing { reason } => Sentence::new(now, out).plain(" * closing").because(reason),
        }
    }
}

/// One line for reading, being written; ends when dropped, as a [`Frame`] does.
struct Sentence<'a>(&'a mut Vec<u8>);

impl<'a> Sentence<'a> {
    fn new(at: At, out: &'a mut Vec<u8>) -> Sentence<'a> {
        at.write_clock(out);
        Sentence(out)
    }

    fn plain(self, words: &'static str) -> Sentence<'a> {
        self.0.extend_from_slice(words.as_bytes());
        self
    }

    fn word(self, word: &str) -> Sentence<'a> {
        self.plain(" ").name(word)
    }

    fn name(self, name: &str) -> Sentence<'a> {
        escape::word(name, self.0);
        self
    }

    fn text(self, text: &str) {
        escape::text(text, self.0);
    }

    fn because(self, reason: &str) {
        if !reason.is_empty() {
            self.0.extend_from_slice(b" (");
            escape::text(reason, self.0);
            self.0.push(b')');
        }
    }

    fn end(self) {}
}

impl Drop for Sentence<'_> {
    fn drop(&mut self) {
        self.0.push(b'\n');
    }
}

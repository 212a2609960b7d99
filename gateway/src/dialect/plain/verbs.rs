//! The table of verbs: what `/help` shows, and what counts as a verb at all.

pub(crate) struct Verb {
    pub(crate) name: &'static str,
    /// Its parameters, as docs/line-protocol.md writes them.
    pub(crate) usage: &'static str,
    pub(crate) does: &'static str,
}

const fn verb(name: &'static str, usage: &'static str, does: &'static str) -> Verb {
    Verb { name, usage, does }
}

#[rustfmt::skip] // a table
pub(crate) const VERBS: &[Verb] = &[
    verb("nick", "<nick>", "be called that; first thing to do"),
    verb("join", "<#channel> [key]", "join a channel, or make it"),
    verb("say", "<text>", "say it to the current target; a line without a slash does the same"),
    verb("msg", "<#channel|nick> <text>", "say something to a channel or a person"),
    verb("me", "<action>", "do something: /me waves"),
    verb("notice", "<#channel|nick> <text>", "as /msg, never answered by programs"),
    verb("to", "<#channel|nick>", "set the current target"),
    verb("history", "[target] [count | after=<seq> | before=<seq>]", "show what was said"),
    verb("redact", "<#channel|nick> <seq>", "take a message's text away"),
    verb("part", "[#channel] [reason]", "leave a channel"),
    verb("names", "[#channel]", "who is in a channel"),
    verb("list", "[glob]", "channels"),
    verb("rename", "<#channel> <#new> [reason]", "give a channel another name"),
    verb("topic", "[#channel] [text]", "show or set the topic; - takes it away"),
    verb("mode", "[#channel] [changes]", "show or change modes: /mode #general +ml 10"),
    verb("op", "<#channel> <nick>", "make somebody an operator"),
    verb("deop", "<#channel> <nick>", "and not any more"),
    verb("voice", "<#channel> <nick>", "let somebody speak in a moderated channel"),
    verb("devoice", "<#channel> <nick>", "and not any more"),
    verb("kick", "<#channel> <nick> [reason]", "remove somebody from a channel"),
    verb("ban", "<#channel> <mask>", "keep nick!user@host or ~account:name out"),
    verb("unban", "<#channel> <mask>", "let them in again"),
    verb("bans", "<#channel>", "who is kept out"),
    verb("invite", "<#channel> <nick>", "invite somebody to a channel"),
    verb("whois", "<nick>", "who somebody is"),
    verb("whoami", "", "who you are"),
    verb("away", "[text]", "say that you are away; without a text, back"),
    verb("register", "<name> <password>", "make an account"),
    verb("login", "<name> <password> | token <token>", "log in to an account"),
    verb("token", "[label]", "a token for REST; with a label one that lasts"),
    verb("resume", "<target>=<seq> ...", "join, and get what was missed since then"),
    verb("format", "human | wire", "events for reading, or for programs"),
    verb("hello", "causerie/1", "ask whether this version is spoken"),
    verb("ping", "[text]", "is the server there?"),
    verb("help", "[verb]", "this"),
    verb("quit", "[reason]", "leave"),
];

pub(crate) fn find(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

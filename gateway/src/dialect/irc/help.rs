//! What HELP says of each command.

/// Verb, parameters, what it does.
#[rustfmt::skip] // a table
const TEXTS: &[(&str, &str, &str)] = &[
    ("ADMIN", "", "who runs this server"),
    ("AUTHENTICATE", "<mechanism or data>", "log in by SASL"),
    ("AWAY", "[text]", "say that you are away; without a text, back"),
    ("CAP", "LS | LIST | REQ <capabilities> | END", "choose how you are spoken to"),
    ("CHANSERV", "<command>", "about channels: CHANSERV HELP"),
    ("CS", "<command>", "the same"),
    ("DLINE", "[minutes] <address or range> [reason]", "operators: keep an address out of the network"),
    ("HELP", "[command]", "this"),
    ("HELPOP", "[command]", "this"),
    ("INFO", "", "what runs here"),
    ("INVITE", "[<nick> <channel>]", "ask somebody in"),
    ("ISON", "<nick>…", "which of them are here"),
    ("ISUPPORT", "", "what is supported here"),
    ("JOIN", "<channel>[,…] [key[,…]] | 0", "come into channels; 0 leaves all"),
    ("KICK", "<channel> <nick>[,…] [comment]", "put somebody out of a channel"),
    ("KILL", "<nick> [comment]", "operators: end somebody's connections"),
    ("KLINE", "[minutes] <mask> [reason]", "operators: keep nick!user@host or ~account:name out of the network"),
    ("LINKS", "", "the servers: this one"),
    ("LIST", "[<channel> or condition[,…]]", "which channels there are: #a*, !#b*, >10, <10, C<60, T>60"),
    ("LUSERS", "", "how many people are here"),
    ("METADATA", "<target> GET | LIST | SET | CLEAR | SUB | UNSUB | SUBS | SYNC …", "what people and channels say of themselves, for programs"),
    ("MODE", "<channel or nick> [changes]", "show and change modes"),
    ("MONITOR", "+ | - <nick>[,…] | C | L | S", "be told when somebody comes and goes"),
    ("MOTD", "", "the message of the day"),
    ("NAMES", "<channel>[,…]", "who is in a channel"),
    ("NICK", "<nick>", "call yourself otherwise"),
    ("NICKSERV", "<command>", "about accounts: NICKSERV HELP"),
    ("NOTICE", "<channel or nick>[,…] <text>", "say something that nothing answers"),
    ("NS", "<command>", "as NICKSERV"),
    ("OPER", "<name> <password>", "operate the network"),
    ("PART", "<channel>[,…] [reason]", "leave channels"),
    ("PASS", "<password>", "the server's password"),
    ("PING", "<token>", "ask whether the server is there"),
    ("PONG", "<token>", "say that you are there"),
    ("PRIVMSG", "<channel or nick>[,…] <text>", "say something"),
    ("QUIT", "[reason]", "go"),
    ("REDACT", "<channel or nick> <msgid> [reason]", "take a text back"),
    ("REHASH", "", "operators: read the TLS certificate again"),
    ("RENAME", "<channel> <new name> [reason]", "give a channel another name"),
    ("SETNAME", "<real name>", "another real name"),
    ("STATS", "[letter]", "u: since when it runs; operators: k and d, who is banned from the network"),
    ("TIME", "", "what time it is here"),
    ("TOPIC", "<channel> [text]", "show or set what a channel is about"),
    ("UNDLINE", "<address or range>", "operators: let an address in again"),
    ("UNKLINE", "<mask>", "operators: let somebody in again"),
    ("USER", "<user> 0 * <real name>", "say who you are"),
    ("USERHOST", "<nick>…", "where they are"),
    ("VERSION", "", "which version runs here"),
    ("WALLOPS", "<text>", "operators: tell everybody who has the mode w"),
    ("WEBIRC", "<password> <gateway> <host> <address> [:options]", "gateways: say for whom you connect"),
    ("WHO", "<channel or mask> [%fields]", "who is there"),
    ("WHOIS", "<nick>", "about somebody"),
    ("WHOWAS", "<nick> [count]", "who had that nick"),
];

/// How a command is used, and what for.
pub(super) fn text(verb: &str) -> Option<(&'static str, &'static str)> {
    TEXTS.iter().find(|(name, ..)| *name == verb).map(|(_, usage, does)| (*usage, *does))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_of_commands_that_there_are() {
        for (name, ..) in TEXTS {
            assert!(crate::dialect::irc::verbs::find(name).is_some(), "{name}");
        }
    }
}

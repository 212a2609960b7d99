//! The law that dialects keep: the same scenario, typed in either, comes to equal outcomes. Only the lines differ. It is played in two
//! fresh towns, by everybody in the line protocol in one and by everybody in IRC in the other, and what came of each line is compared.

#[path = "../../tests/town/person.rs"]
#[allow(dead_code, reason = "those without use all of it")]
mod person;
#[path = "../../tests/town/services.rs"]
#[allow(dead_code, reason = "those without use all of it")]
mod services;

use std::{cell::RefCell, collections::BTreeSet};

use kit::config::Settings;

use self::{person::Person, services::Services};
use super::irc::{MetadataTold, Past, Told};
use crate::{
    Config, Started,
    command::{Answer, Command, Named, Outcome},
    dialect::{Dialect, irc::Caps, plain::Format},
    hub::Client,
};

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Noted {
    who: String,
    command: &'static str,
    came_of_it: String,
    /// The message that was stored.
    message: Option<String>,
}

thread_local! {
    /// A town of a test runs on the test's own thread.
    static NOTED: RefCell<Vec<Noted>> = const { RefCell::new(Vec::new()) };
}

/// Called with every answer that a command is given.
pub(crate) fn note(client: &Client, command: &'static str, answer: &Answer) {
    let who = client.actor().map_or_else(String::new, |actor| actor.person.nick.to_string());
    let message = match answer {
        Ok(Outcome::Sent { id, .. }) => Some(id.to_string()),
        _ => None,
    };
    let came_of_it = match answer {
        Ok(outcome) => described(outcome),
        Err(refusal) => Some(format!("refused: {} by {:?}", refusal.code(), refusal.about.service)),
    };
    if let Some(came_of_it) = came_of_it {
        NOTED.with_borrow_mut(|noted| noted.push(Noted { who, command, came_of_it, message }));
    }
}

/// All that is to be equal: not ids, moments and hosts, which differ from town to town, nor what is there for one dialect to show. None:
/// the end of a reply in several parts.
fn described(outcome: &Outcome) -> Option<String> {
    let names = |members: &[Named]| {
        let mut names: Vec<_> =
            members.iter().map(|Named { nick, roles, mask: _ }| format!("{nick} {roles:?}")).collect();
        names.sort();
        names
    };
    let texts = |entries: &mut dyn Iterator<Item = &api::Entry>| -> Vec<String> {
        entries
            .map(|entry| format!("{} {} {:?} {}", entry.seq, entry.author.nick, entry.kind, entry.text))
            .collect()
    };
    Some(match outcome {
        Outcome::Hello => "hello".to_owned(),
        Outcome::Nick { nick } => format!("nick {nick}"),
        Outcome::Registered { name } => format!("registered {name}"),
        Outcome::LoggedIn { name } => format!("logged in as {name}"),
        Outcome::Token { token: _ } => "token".to_owned(),
        Outcome::Joined { channel, members, last_seq, scene } => {
            // Where all of the channel is shown, that is the same as what is counted.
            let shown = scene.as_ref().map(|scene| scene.names.len() as u64);
            assert!(shown.is_none_or(|shown| shown == *members));
            format!("joined {channel}, {members} members, up to {last_seq}")
        }
        Outcome::Parted { channel, reason } => format!("parted {channel}: {reason}"),
        Outcome::Sent { target, id, dup, entry: _, away: _ } => format!("sent {target} {} {dup}", id.seq),
        Outcome::Names { channel, members, secret } => {
            format!("names {channel} {:?} {secret}", names(members))
        }
        Outcome::List(channels) => {
            let mut all: Vec<_> =
                channels.iter().map(|is| format!("{} {} {}", is.name, is.member_count, is.topic)).collect();
            all.sort();
            format!("list {all:?}")
        }
        Outcome::Renamed { old, channel } => format!("renamed {old} {channel}"),
        Outcome::Topic { channel, topic, set } => {
            let topic = topic.as_ref().map(|topic| (&topic.text, topic.by.nick.to_string()));
            format!("topic {channel} {topic:?} {set}")
        }
        Outcome::History { target, entries } => format!("history {target} {:?}", texts(&mut entries.iter())),
        Outcome::Redacted { target, seq, entry: _ } => format!("redacted {target} {seq}"),
        Outcome::Whois { user, seen: _ } => {
            let (nick, account) = (&user.person.nick, &user.account);
            format!("whois {nick} {account:?} {} {:?} {}", user.online, user.away, user.operator)
        }
        Outcome::Who { mask, .. } => format!("who {mask}"),
        Outcome::Whowas { nick, items } => format!("whowas {nick} {}", items.len()),
        Outcome::People(people) => format!("{} people", people.len()),
        Outcome::Kicked { channel, nick } => format!("kicked {channel} {nick}"),
        Outcome::Banned { channel, mask } => format!("banned {channel} {mask}"),
        Outcome::Unbanned { channel, mask } => format!("unbanned {channel} {mask}"),
        Outcome::Bans { channel, list, entries } => {
            let masks: Vec<_> =
                entries.iter().map(|entry| (&entry.mask, &entry.reason, &entry.by.nick)).collect();
            format!("bans {channel} {list:?} {masks:?}")
        }
        Outcome::Invited { channel, nick, inside } => format!("invited {channel} {nick} {inside}"),
        Outcome::Role { channel, nick, role } => format!("role {channel} {nick} {role:?}"),
        Outcome::Mode { channel, modes, created_at: _, set } => format!("mode {channel} {modes:?} {set}"),
        Outcome::Away => "away".to_owned(),
        Outcome::Back => "back".to_owned(),
        Outcome::Whoami { nick, account, gateway: _ } => format!("whoami {nick} {account:?}"),
        Outcome::Pong { text } => format!("pong {text}"),
        Outcome::Help { verb: _ } => "help".to_owned(),
        Outcome::To { target } => format!("to {target}"),
        Outcome::Resumed { target, seq } => format!("resumed {target} {seq}"),
        Outcome::Format(word) => format!("format {word}"),
        Outcome::Bye => "bye".to_owned(),
        // What both have, though IRC asks for it otherwise.
        Outcome::Irc(Told::Registered { account, .. }) => format!("registered {account}"),
        Outcome::Irc(Told::LoggedIn(logged_in)) => format!("logged in as {}", logged_in.account),
        Outcome::Irc(Told::Help(_)) => "help".to_owned(),
        Outcome::Irc(Told::History { target, items }) => {
            let mut entries = items.iter().filter_map(|item| match item {
                Past::Said(said) => Some(&said.0),
                Past::Happened(_) => None,
            });
            format!("history {target} {:?}", texts(&mut entries))
        }
        Outcome::Irc(
            Told::Nothing | Told::End(_) | Told::Listens | Told::Metadata(MetadataTold::Subs(_)),
        ) => return None,
        Outcome::Irc(_) => "something that only IRC knows".to_owned(),
    })
}

/// Whether a command can be typed in either dialect.
fn is_in_both(command: &Command) -> bool {
    match command {
        Command::Nick { .. }
        | Command::Join { .. }
        | Command::Part { .. }
        | Command::Say { .. }
        | Command::Names { .. }
        | Command::List { .. }
        | Command::Rename { .. }
        | Command::Topic { .. }
        | Command::Redact { .. }
        | Command::Whois { .. }
        | Command::Kick { .. }
        | Command::Ban { .. }
        | Command::Unban { .. }
        | Command::Bans { .. }
        | Command::Invite { .. }
        | Command::Role { .. }
        | Command::Mode { .. }
        | Command::Away { .. }
        | Command::Ping { .. }
        | Command::Quit { .. }
        | Command::Misused(_) => true,
        // The line protocol's.
        Command::Hello { .. }
        | Command::Register { .. }
        | Command::Login(_)
        | Command::Token { .. }
        | Command::History { .. }
        | Command::Whoami
        | Command::Help { .. }
        | Command::To { .. }
        | Command::Resume { .. }
        | Command::Format(..) => false,
        // IRC's.
        Command::Who { .. } | Command::Whowas { .. } | Command::People { .. } | Command::Irc(_) => false,
    }
}

/// Those for which it says so; [`SCENARIO`] has each of them.
const IN_BOTH: usize = 21;

/// Who types what, in the line protocol and in IRC. `{seq}` and `{id}` are of the message stored last, `{conversation}` its channel.
#[rustfmt::skip] // a table
const SCENARIO: &[(&str, &str, &str)] = &[
    ("dora", "/register dora correct horse battery", "REGISTER dora * :correct horse battery"),
    ("cleo", "/register dora correct horse battery", "REGISTER dora * :correct horse battery"),
    ("cleo", "/register other short", "REGISTER other * :short"),
    ("anna", "/join #x", "JOIN #x"),
    ("ben", "/join #x", "JOIN #x"),
    ("ben", "/join #x", "JOIN #x"),
    ("ben", "/join x", "JOIN x"),
    ("anna", "/msg #x hello", "PRIVMSG #x :hello"),
    ("anna", "/notice #x the build is green", "NOTICE #x :the build is green"),
    ("anna", "/me waves", "PRIVMSG #x :\u{1}ACTION waves\u{1}"),
    ("anna", "/msg ben psst", "PRIVMSG ben :psst"),
    ("ben", "/msg anna yes?", "PRIVMSG anna :yes?"),
    ("ben", "/msg nobody hello", "PRIVMSG nobody :hello"),
    ("ben", "/msg #nowhere hello", "PRIVMSG #nowhere :hello"),
    ("ben", "/msg #x", "PRIVMSG #x"),
    ("ben", "/history #x 2", "CHATHISTORY LATEST #x * 2"),
    ("ben", "/history #x", "CHATHISTORY LATEST #x * 50"),
    ("ben", "/history anna", "CHATHISTORY LATEST anna * 50"),
    ("ben", "/history #nowhere", "CHATHISTORY LATEST #nowhere * 50"),
    ("ben", "/away tea", "AWAY :tea"),
    ("anna", "/whois ben", "WHOIS ben"),
    ("anna", "/msg ben there?", "PRIVMSG ben :there?"),
    ("ben", "/away", "AWAY"),
    ("anna", "/whois ben", "WHOIS ben"),
    ("anna", "/whois nobody", "WHOIS nobody"),
    ("anna", "/whois", "WHOIS"),
    ("ben", "/names #x", "NAMES #x"),
    ("cleo", "/names #nowhere", "NAMES #nowhere"),
    ("cleo", "/list", "LIST"),
    ("cleo", "/list #x*", "LIST #x*"),
    ("cleo", "/list #z*", "LIST #z*"),
    ("ben", "/topic #x", "TOPIC #x"),
    ("anna", "/topic #x the weather", "TOPIC #x :the weather"),
    ("ben", "/topic #x", "TOPIC #x"),
    ("ben", "/topic #x mine", "TOPIC #x :mine"),
    ("anna", "/topic #x -", "TOPIC #x :"),
    ("ben", "/mode #x", "MODE #x"),
    ("ben", "/mode #x +m", "MODE #x +m"),
    ("anna", "/mode #x +ml 10", "MODE #x +ml 10"),
    ("ben", "/msg #x may I?", "PRIVMSG #x :may I?"),
    ("anna", "/voice #x ben", "MODE #x +v ben"),
    ("ben", "/msg #x now I may", "PRIVMSG #x :now I may"),
    ("anna", "/redact #x {seq}", "REDACT #x {id}"),
    ("anna", "/redact #x 99", "REDACT #x {conversation}-99"),
    ("ben", "/redact #x 1", "REDACT #x {conversation}-1"),
    ("anna", "/devoice #x ben", "MODE #x -v ben"),
    ("anna", "/op #x ben", "MODE #x +o ben"),
    ("ben", "/deop #x ben", "MODE #x -o ben"),
    ("ben", "/op #x ben", "MODE #x +o ben"),
    ("anna", "/op #x nobody", "MODE #x +o nobody"),
    ("anna", "/voice #x cleo", "MODE #x +v cleo"),
    ("anna", "/mode #x -ml", "MODE #x -ml"),
    ("anna", "/mode #x +k key", "MODE #x +k key"),
    ("cleo", "/join #x", "JOIN #x"),
    ("cleo", "/join #x key", "JOIN #x key"),
    ("cleo", "/part #x off", "PART #x :off"),
    ("cleo", "/part #x", "PART #x"),
    ("anna", "/mode #x -k key", "MODE #x -k key"),
    ("anna", "/mode #x", "MODE #x"),
    ("anna", "/ban #x cleo!*@*", "MODE #x +b cleo!*@*"),
    ("anna", "/ban #x ~what:x", "MODE #x +b ~what:x"),
    ("ben", "/bans #x", "MODE #x +b"),
    ("cleo", "/join #x", "JOIN #x"),
    ("cleo", "/bans #x", "MODE #x +b"),
    ("anna", "/unban #x cleo!*@*", "MODE #x -b cleo!*@*"),
    ("anna", "/unban #x cleo!*@*", "MODE #x -b cleo!*@*"),
    ("anna", "/mode #x +i", "MODE #x +i"),
    ("cleo", "/join #x", "JOIN #x"),
    ("anna", "/invite #x cleo", "INVITE cleo #x"),
    ("anna", "/invite #x ben", "INVITE ben #x"),
    ("anna", "/invite #x nobody", "INVITE nobody #x"),
    ("cleo", "/join #x", "JOIN #x"),
    ("cleo", "/kick #x ben out", "KICK #x ben :out"),
    ("anna", "/kick #x cleo out", "KICK #x cleo :out"),
    ("anna", "/kick #x cleo", "KICK #x cleo"),
    ("cleo", "/join #taken", "JOIN #taken"),
    ("anna", "/rename #x #taken", "RENAME #x #taken"),
    ("anna", "/rename #x #y shorter", "RENAME #x #y :shorter"),
    ("ben", "/rename #y #z", "RENAME #y #z"),
    ("ben", "/nick benny", "NICK benny"),
    ("benny", "/nick anna", "NICK anna"),
    ("benny", "/nick 4you", "NICK 4you"),
    ("benny", "/ping are you there", "PING :are you there"),
    ("benny", "/dance", "DANCE"),
    ("benny", "/help", "HELP"),
    ("benny", "/part #y bye", "PART #y :bye"),
    ("benny", "/quit good night", "QUIT :good night"),
];

/// What they are called when they come in, and whose connection each is.
const PEOPLE: [&str; 4] = ["anna", "ben", "cleo", "dora"];

const SERVER: &str = ":irc.causerie.localhost";

async fn played(irc: bool) -> Vec<(String, Vec<Noted>)> {
    let services = Services::up().await;
    let mut config = Config::default();
    for listener in
        [&mut config.lines, &mut config.lines_tls, &mut config.irc, &mut config.irc_tls, &mut config.listen]
    {
        listener.set_port(0);
    }
    let settings = Settings { common: services.common.clone(), service: config };
    let gateway: Started = crate::start(settings).await.expect("the gateway is up");
    let mut people: Vec<(&str, Person)> = Vec::new();
    for nick in PEOPLE {
        let mut person = Person::connect(if irc { gateway.irc } else { gateway.lines }).await;
        if irc {
            person
                .asks(&format!("NICK {nick}\r\nUSER u 0 * :{nick}\r"), &format!("{SERVER} 422 {nick} "))
                .await;
        } else {
            person.asks(&format!("/nick {nick}"), &format!("200 nick {nick}")).await;
        }
        people.push((nick, person));
    }
    let (mut all, mut last) = (Vec::new(), String::new());
    for (nth, (who, plain, typed)) in SCENARIO.iter().enumerate() {
        let at = people.iter().position(|(nick, _)| who.starts_with(nick)).expect("they are there");
        let conversation = last.rsplit_once('-').map_or("", |(conversation, _)| conversation);
        let seq = last.rsplit_once('-').map_or("", |(_, seq)| seq);
        let line = if irc { typed } else { plain };
        let line = line.replace("{conversation}", conversation).replace("{seq}", seq).replace("{id}", &last);
        NOTED.take();
        let person = &mut people[at].1;
        if line.to_uppercase().contains("QUIT ") {
            person.says(&line).await;
            person.sees_the_end().await;
        } else {
            let (ask, end) = match irc {
                true => (
                    format!("{line}\r\nPING end-{nth}\r"),
                    format!("{SERVER} PONG {} :end-{nth}", &SERVER[1..]),
                ),
                false => (format!("{line}\n/ping end-{nth}"), format!("200 pong :end-{nth}")),
            };
            person.asks(&ask, &end).await;
        }
        let mut noted = NOTED.take();
        noted.retain(|noted| !noted.came_of_it.starts_with("pong end-"));
        if let Some(message) = noted.iter_mut().find_map(|noted| noted.message.take()) {
            last = message;
        }
        all.push((line, noted));
    }
    drop(services);
    all
}

#[tokio::test]
async fn the_same_scenario_comes_to_equal_outcomes_in_either_dialect() {
    let in_lines = played(false).await;
    let in_irc = played(true).await;
    let mut seen = BTreeSet::new();
    let mut differing = Vec::new();
    for ((plain, one), (irc, other)) in in_lines.iter().zip(&in_irc) {
        let outcomes = |noted: &[Noted]| {
            noted.iter().map(|noted| (noted.who.clone(), noted.came_of_it.clone())).collect::<Vec<_>>()
        };
        assert!(!one.is_empty(), "nothing came of {plain}");
        if outcomes(one) != outcomes(other) {
            differing.push(format!("{plain}: {:?}\n  {irc}: {:?}", outcomes(one), outcomes(other)));
        }
        let decoded = [Dialect::Plain(Format::Wire).decode(plain), Dialect::Irc(Caps::NONE).decode(irc)];
        let [by_line, by_irc] = decoded.map(|request| -> BTreeSet<&'static str> {
            let commands = request.expect("a request").commands;
            commands.into_iter().flatten().filter(is_in_both).map(|command| command.name()).collect()
        });
        seen.extend(by_line.intersection(&by_irc).copied());
    }
    assert!(differing.is_empty(), "{} of {}:\n{}", differing.len(), SCENARIO.len(), differing.join("\n"));
    assert_eq!(seen.len(), IN_BOTH, "the scenario has only {seen:?}");
}
